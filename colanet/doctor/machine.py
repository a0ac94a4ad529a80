"""What is installed, and where data and compiled kernels lie."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from colanet import compiled, datasets
from colanet.datasets.download import cache_dir
from colanet.datasets.registry import REGISTRY
from colanet.datasets.stored import PACKAGED, Stored
from colanet.errors import ColanetError
from colanet.version import __version__


def machine() -> Iterator[tuple[str, str]]:
    """Versions of colanet, Python and system, and the number of cores."""
    yield "colanet", f"{__version__} in {Path(compiled.__file__).parent}"
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "cores", str(os.cpu_count() or "unknown")


def libraries() -> Iterator[tuple[str, str]]:
    """Versions of the libraries that colanet names; of those that only extras bring, what is installed."""
    for name, extra in sorted(_named().items(), key=lambda item: (item[1], item[0].lower())):
        version = _version(name)
        if version or not extra:
            yield name, version or "not installed"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _named() -> dict[str, bool]:
    """Libraries that the installed package names, and whether only extras bring them."""
    try:
        lines = metadata.requires("colanet") or []
    except metadata.PackageNotFoundError:  # a folder on the path that was never installed
        lines = []
    found: dict[str, bool] = {}
    for line in lines:
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        if name != "colanet":
            found[name] = found.get(name, True) and "extra ==" in line
    return found


def data(folder: Path | None) -> Iterator[tuple[str, str]]:
    """Where every data set lies; nothing is read or downloaded.

    Parameters
    ----------
    folder : path or None
        What `--data` or COLANET_DATA names.
    """
    for name in datasets.names():
        try:
            reader = REGISTRY.get(name)
        except ColanetError as error:
            yield name, str(error)
            continue
        yield name, _place(reader, folder) if isinstance(reader, Stored) else "made by its reader"


def _place(reader: Stored, folder: Path | None) -> str:
    places = [*(reader.places(folder) if folder else ()), PACKAGED / reader.name, cache_dir() / reader.name]
    return next((str(place) for place in places if reader.begins(place)), f"not here; goes to {places[-1]}")


def caches() -> Iterator[tuple[str, str]]:
    """Where downloads and compiled kernels are kept."""
    place = compiled.folder()
    yield "downloads", str(cache_dir())
    yield "kernels", "cannot be kept" if place is None else f"{place}, {_kept(place)}"
    for name in ("COLANET_DATA", "NUMBA_CACHE_DIR", "NUMBA_NUM_THREADS"):
        if name in os.environ:
            yield name, os.environ[name]


def _kept(place: Path) -> str:
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file())
    return f"{size / 1e6:.1f} MB" if compiled.is_compiled() else "none compiled yet"
