"""Where compiled kernels are kept: a cache that never goes stale, and that needs no writable place.

numba does not notice that a constant or a helper of another file has changed. So the cache lies in a folder whose
name is a hash over everything that is compiled in. The folder is made in the first of these places that can be
written to:

1. `NUMBA_CACHE_DIR`, where it is set;
2. the user's cache directory;
3. a private folder in the directory for temporary files;
4. nowhere: the kernels are compiled by every process anew.

The last two are said in one line.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba

from colanet.compiling import part_options

PACKAGE = Path(__file__).parent

KERNELS = (
    "compiled.py", "compiling.py", "units.py", "hashing.py", "hash_kernels.py", "encoding/kernels.py",
    "encoding/feature_kernels.py", "engine/cpu/*.py", "engine/flat.py", "engine/layout.py",
    "plan/plan.py", "plan/variables.py",
)  # fmt: skip
"""Every file whose text or constants are compiled into kernels, as patterns in the package."""

KEPT, KEPT_DAYS = 3, 30
"""The newest folders are kept, and all that were used in so many days."""

ROOM = 64 << 20
"""Bytes that must be free where kernels have yet to be compiled; they take a few MB."""

PROFILE_VARIABLE = "COLANET_PROFILE"
"""Environment variable; 1: kernels count the time of their parts."""
PROFILING = os.environ.get(PROFILE_VARIABLE) == "1"
"""Whether kernels count the time of their parts; these are others, kept in a folder of their own."""

_MARK = "compiled"
_numba: Any = numba.config


class CacheWarning(UserWarning):
    """Compiled kernels are kept in an unusual place, or not at all."""


def sources(package: Path = PACKAGE) -> list[Path]:
    """The files of `KERNELS`, in a fixed order."""
    return [path for pattern in KERNELS for path in sorted(package.glob(pattern))]


def key(package: Path = PACKAGE) -> str:
    """Hash over everything that is compiled in, and over what compiles it.

    Parameters
    ----------
    package : Path
        Folder of the package whose kernels are meant.

    Returns
    -------
    str
        16 hexadecimal digits.

    Raises
    ------
    OSError
        If a source cannot be read.
    """
    versions = f"{sys.implementation.cache_tag} numba {numba.__version__} {package} {PROFILING}"
    total = hashlib.sha256(versions.encode())
    for path in sources(package):
        name, text = path.relative_to(package).as_posix(), path.read_bytes()
        total.update(f"{name} {len(text)}\n".encode())
        total.update(text)
    return total.hexdigest()[:16]


# ---------------------------------------------------------------------- places


def _users() -> Iterator[Path]:
    """Places that belong to the user, best first."""
    if _numba.CACHE_DIR:
        yield Path(_numba.CACHE_DIR, "colanet-kernels")
    import platformdirs

    yield Path(platformdirs.user_cache_dir("colanet"), "kernels")


def _temporary() -> Path | None:
    """A folder in the directory for temporary files that only this user can write to; None if there is none."""
    if not hasattr(os, "getuid"):
        return None
    try:
        folder = Path(tempfile.gettempdir(), f"colanet-kernels-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if private else None


def _usable(folder: Path) -> bool:
    """Whether files can be written to a folder, which is made if need be."""
    try:
        new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        if not (folder / _MARK).exists() and shutil.disk_usage(folder).free < ROOM:
            return False
        os.utime(folder)
    except OSError:
        return False
    if new:
        _prune(folder)
    return True


def _prune(folder: Path) -> None:
    """Remove neighbours of a new folder that have not been used for long."""

    def used(path: Path) -> float:
        try:
            return path.stat().st_mtime
        except OSError:
            return time.time()

    siblings = sorted((p for p in folder.parent.iterdir() if _is_ours(p)), key=used, reverse=True)
    for old in siblings[KEPT:]:
        if old != folder and used(old) < time.time() - KEPT_DAYS * 86400:
            shutil.rmtree(old, ignore_errors=True)


def _is_ours(path: Path) -> bool:
    return len(path.name) == 16 and set(path.name) <= set("0123456789abcdef") and path.is_dir()


@cache
def folder() -> Path | None:
    """Where this process keeps compiled kernels; None if nowhere. Says so once if the place is unusual."""
    try:
        name = key()
    except OSError:
        name = None
    if name is not None:
        for place in _users():
            if _usable(place / name):
                return place / name
        private = _temporary()
        if private is not None and _usable(private / name):
            _say(f"compiled kernels are kept in {private}: the user's cache directory cannot be written to")
            return private / name
    _say("compiled kernels cannot be kept: there is no place to write to, so every run compiles them anew")
    return None


def _say(text: str) -> None:
    # The workers of a search need not repeat what their parent has said.
    if multiprocessing.parent_process() is None:
        warnings.warn(f"{text}; NUMBA_CACHE_DIR names another place", CacheWarning, stacklevel=2)


# -------------------------------------------------------------------- compiling


def compiled(**options: Any) -> Callable[[Any], Any]:
    """`numba.njit` with these options, its results kept in `folder`.

    Parameters
    ----------
    options
        Those of `numba.njit`, without `cache`.
    """

    def decorate(function: Any) -> Any:
        place = folder()
        if place is None:
            return numba.njit(**options)(function)
        before = _numba.CACHE_DIR
        _numba.CACHE_DIR = str(place)
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # numba finds no place it could use
            return numba.njit(**options)(function)
        finally:
            _numba.CACHE_DIR = before

    return decorate


# Without reference counting (_nrt), which would touch every array that is cut out of another: nothing is allocated
# inside. Without checks of divisors (error_model): where there may be a zero, the kernels look themselves.
_ENGINE: dict[str, Any] = {"nogil": True, "boundscheck": False, "_nrt": False, "error_model": "numpy"}

_PART: dict[str, Any] = {**_ENGINE, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **part_options()}
kernel: Any = numba.njit(**_PART)
"""Decorator of the engine's functions; they become part of the entry points that call them.

Python cannot call them (the process would end): they have no wrappers, which would take long to compile.
"""
# Inlined by LLVM, not by numba, which would type and translate the function anew wherever it is called.
inlined: Any = numba.njit(forceinline=True, **_PART)
"""`kernel` for what is written out where it is called."""
once: Any = numba.njit(inline="always", **_PART)
"""`kernel` for what is called in one or two places: numba writes it out there, and compiles no function."""
entry: Any = compiled(no_cfunc_wrapper=True, **_ENGINE)
"""Decorator of what Python calls; only these are kept."""


def is_compiled() -> bool:
    """Whether some process has already compiled and kept the engine's kernels."""
    place = folder()
    return place is not None and (place / _MARK).exists()


@cache
def note_compiled() -> None:
    """The engine's kernels have been compiled; to be called once they have run."""
    place = folder()
    if place is None:
        return
    try:
        (place / _MARK).touch()
    except OSError:
        return  # only the announcement of the next compilation hangs on it
