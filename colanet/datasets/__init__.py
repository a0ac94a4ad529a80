"""Data sets by name: found on disk, in the package, in the user's cache, or downloaded and checked."""

from colanet.datasets.catalogue import NAMES, Dataset
from colanet.datasets.registry import load

__all__ = ["NAMES", "Dataset", "load"]
