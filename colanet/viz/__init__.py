"""Pictures. Every function takes arrays and returns a `matplotlib.figure.Figure`; `save` writes it.

matplotlib is the extra `plot`; without it every function says how to install it.
"""

from colanet.viz.curves import capacity_curve, comparison_bars, learning_curve, tuning_curves
from colanet.viz.fields import receptive_fields
from colanet.viz.figure import save
from colanet.viz.matrices import confusion, degradation_matrix

__all__ = [
    "capacity_curve",
    "comparison_bars",
    "confusion",
    "degradation_matrix",
    "learning_curve",
    "receptive_fields",
    "save",
    "tuning_curves",
]
