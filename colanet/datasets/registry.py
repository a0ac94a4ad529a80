"""Data sets by name: ours, registered ones, and those of installed packages (group ``colanet.datasets``).

A data set is a reader: a callable that takes the folder the user names (or None) and returns a `Dataset`, or four
arrays: training samples, training labels, test samples, test labels.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from colanet.datasets.dataset import Dataset, from_arrays
from colanet.errors import ColanetError, DataError, one_line
from colanet.registry import Registry

Reader = Callable[[Path | None], Any]
"""Takes a folder or None; returns a `Dataset` or (train_x, train_y, test_x, test_y)."""

BUILT_IN = {
    "mnist": "colanet.datasets.mnist:MNIST",
    "fashion-mnist": "colanet.datasets.fashion_mnist:FASHION",
    "emnist-letters": "colanet.datasets.emnist_letters:EMNIST",
    "emnist-letters-all": "colanet.datasets.emnist:LETTERS",
    "emnist-balanced": "colanet.datasets.emnist:BALANCED",
    "kmnist": "colanet.datasets.kmnist:KMNIST",
    "digits": "colanet.datasets.digits:DIGITS",
}
REGISTRY: Registry[Reader] = Registry(
    "data set",
    "colanet.datasets",
    BUILT_IN,
    check=lambda thing: None if callable(thing) else "expected a function of a folder that reads it",
    error=DataError,
)


@dataclass(frozen=True)
class Told:
    """A reader of four arrays, with what `register` was told about them."""

    read: Reader
    classes: tuple[str, ...] | None
    low: float | None
    high: float | None
    citation: str
    licence: str

    def __call__(self, folder: Path | None) -> Any:
        """A `Dataset`, its source not said."""
        found = self.read(folder)
        if isinstance(found, Dataset):
            raise DataError("its reader returns a Dataset, so it cannot be told classes or bounds as well")
        return from_arrays(
            "data set", *_four(found), classes=self.classes, low=self.low, high=self.high, citation=self.citation,
            licence=self.licence,
        )  # fmt: skip


def _four(found: Any) -> tuple[Any, Any, Any, Any]:
    if isinstance(found, tuple | list) and len(found) == 4:
        return found[0], found[1], found[2], found[3]
    raise DataError(
        f"its reader returns {type(found).__name__}, expected a Dataset or training samples, training labels, "
        "test samples, test labels"
    )


def register(
    name: str,
    reader: Reader,
    *,
    classes: Sequence[str] | None = None,
    low: float | None = None,
    high: float | None = None,
    citation: str = "",
    licence: str = "",
    replace: bool = False,
) -> None:
    """Add a data set for this process; then configurations, commands and `load` know its name.

    Parameters
    ----------
    name : str
    reader : callable
        ``reader(folder)``, with the folder that the user gives for data or None; returns a `Dataset` or the four
        arrays training samples, training labels, test samples, test labels.
    classes, low, high, citation, licence
        As for `from_arrays`, which is given the four arrays.
    replace : bool
        Take the place of one that was registered under this name.

    Raises
    ------
    ConfigError
        If there is one of this name already.
    """
    told = Told(reader, None if classes is None else tuple(map(str, classes)), low, high, citation, licence)
    plain = classes is None and low is None and high is None and not citation and not licence
    REGISTRY.register(name, reader if plain or not callable(reader) else told, replace=replace)
    _load.cache_clear()


def unregister(name: str) -> None:
    """Take away what `register` added; nothing happens if there is none."""
    REGISTRY.unregister(name)
    _load.cache_clear()


def names() -> tuple[str, ...]:
    """Names of all data sets there are."""
    return REGISTRY.names()


def known_classes(name: str) -> tuple[str, ...] | None:
    """Classes of a data set, if its reader says them without reading; else None."""
    try:
        classes = getattr(REGISTRY.get(name), "classes", None) if name in REGISTRY else None
    except ColanetError:
        return None
    return classes if isinstance(classes, tuple) else None


def load(name: str, data_dir: str | os.PathLike[str] | None = None) -> Dataset:
    """A data set by name.

    Parameters
    ----------
    name : str
        For example mnist, fashion-mnist or emnist-letters; see `names`.
    data_dir : path or None
        Looked at first; None: the environment variable COLANET_DATA.

    Raises
    ------
    DataError
        If there is no such data set or folder, the folder holds none, it cannot be found or fetched, or its files
        are damaged.
    """
    reader = REGISTRY.get(name)
    folder = data_dir or os.environ.get("COLANET_DATA") or None
    if folder is not None and not os.path.isdir(folder):
        raise DataError(f"{folder if data_dir else f'COLANET_DATA={folder}'}: no such folder of data")
    return _load(reader, name, os.path.abspath(folder) if folder else None)


@lru_cache(maxsize=8)
def _load(reader: Reader, name: str, folder: str | None) -> Dataset:
    try:
        found = reader(Path(folder) if folder else None)
        made = found if isinstance(found, Dataset) else from_arrays(name, *_four(found))
    except ColanetError as error:
        if name in BUILT_IN:
            raise
        raise DataError(f"data set {name}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:  # whatever a reader of another package raises
        raise DataError(f"data set {name}: its reader failed ({one_line(error)})") from error
    where = getattr(reader, "read", reader)
    source = made.source or f"{where.__module__}:{getattr(where, '__qualname__', type(where).__name__)}"
    return replace(made, name=name, source=source)
