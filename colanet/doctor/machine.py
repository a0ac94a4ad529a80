"""What is installed, and where data and compiled kernels lie."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from colanet import compiled, datasets
from colanet.continual.results import processor
from colanet.datasets.download import cache_dir
from colanet.datasets.registry import REGISTRY
from colanet.datasets.stored import PACKAGED, Stored
from colanet.errors import ColanetError
from colanet.plan import memory
from colanet.version import __version__

FOR_DEVELOPERS = {"test", "dev"}
"""Extras that say nothing of what works."""


def machine() -> Iterator[tuple[str, str]]:
    """Versions of colanet, Python and system, cores and memory."""
    place = Path(compiled.__file__).parent
    yield "colanet", f"{__version__}{_commit(place)} in {place}"
    yield "Python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "cores", f"{os.cpu_count() or 'unknown'}, {processor()}"
    free = memory.available()
    yield "free memory", "unknown" if free is None else memory.size(free)


def _commit(place: Path) -> str:
    """The commit of a clone, in brackets; empty elsewhere, and where there is no git."""
    if not (place.parent / ".git").exists():
        return ""
    try:
        words = ["git", "-C", str(place), "rev-parse", "--short", "HEAD"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return f" ({done.stdout.strip()})" if done.returncode == 0 else ""


def libraries() -> Iterator[tuple[str, str]]:
    """Versions of the libraries that colanet always needs."""
    for name in sorted(_named()[0], key=str.lower):
        yield name, _version(name) or "not installed"


def extras() -> Iterator[tuple[str, str]]:
    """Every extra with the versions of its libraries, or what it lacks."""
    for extra, names in sorted(_named()[1].items()):
        lacks = [name for name in names if _version(name) is None]
        if lacks:
            yield extra, f"lacks {', '.join(lacks)}"
        else:
            yield extra, ", ".join(f"{name} {_version(name)}" for name in names)


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _named() -> tuple[list[str], dict[str, list[str]]]:
    """Libraries that the installed package always names, and those of each extra for this machine's Python."""
    try:
        lines = metadata.requires("colanet") or []
    except metadata.PackageNotFoundError:  # a folder on the path that was never installed
        lines = []
    always: list[str] = []
    found: dict[str, list[str]] = {}
    for line in lines:
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        extra = re.search(r"extra == ['\"]([\w-]+)", line)
        names = found.setdefault(extra.group(1), []) if extra else always
        if name not in names and name != "colanet" and not _elsewhere(line):
            names.append(name)
    return always, {extra: names for extra, names in found.items() if names and extra not in FOR_DEVELOPERS}


def _elsewhere(line: str) -> bool:
    """Whether a requirement is for another system."""
    systems = re.findall(r"sys_platform == ['\"](\w+)", line)
    return bool(systems) and sys.platform not in systems


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
    places = [*(reader.places(folder) if folder else ()), PACKAGED / reader.name, reader.cache]
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
