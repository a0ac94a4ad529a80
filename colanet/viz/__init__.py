"""Pictures of networks and experiments, for papers. Each function takes arrays and returns a matplotlib `Figure`.

Figures have no window: they work without a display, in threads and in notebooks. matplotlib is imported when the
first one is drawn.
"""

from colanet.viz.cores import core_diagram
from colanet.viz.curves import alpha_curves, capacity_curve, comparison_bars, learning_curve, level_curves
from colanet.viz.fields import receptive_fields
from colanet.viz.figure import check_suffix, save
from colanet.viz.matrices import confusion, degradation_matrix
from colanet.viz.spikes import raster

__all__ = [
    "alpha_curves",
    "capacity_curve",
    "check_suffix",
    "comparison_bars",
    "confusion",
    "core_diagram",
    "degradation_matrix",
    "learning_curve",
    "level_curves",
    "raster",
    "receptive_fields",
    "save",
]
