"""Data sets by name: found on disk, in the package, in the user's cache, downloaded, or a package's own."""

from typing import TYPE_CHECKING

from colanet.datasets.dataset import Dataset, from_arrays
from colanet.datasets.registry import REGISTRY, known_classes, load, names, register, unregister

__all__ = ["REGISTRY", "Dataset", "from_arrays", "known_classes", "load", "names", "register", "unregister"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> tuple[str, ...]:
        """`NAMES` as it was before data sets could be added: those there are at this moment."""
        if name == "NAMES":
            return names()
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
