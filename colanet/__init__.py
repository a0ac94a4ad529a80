"""colanet: an open, bit-exact simulator for spiking column networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colanet.version import __version__

if TYPE_CHECKING:
    from colanet.config import load
    from colanet.estimator.classifier import CoLaNETClassifier as CoLaNETClassifier
    from colanet.session import Recording, Result, Session

_EXPORTS = {
    "CoLaNETClassifier": "colanet.estimator.classifier",
    "load": "colanet.config",
    "Recording": "colanet.session",
    "Result": "colanet.session",
    "Session": "colanet.session",
}

# Without CoLaNETClassifier, which needs scikit-learn: `from colanet import *` must not.
__all__ = ["Recording", "Result", "Session", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `import colanet` and the command line's help stay instant.
    if name in _EXPORTS:
        import importlib

        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'colanet' has no attribute {name!r}")
