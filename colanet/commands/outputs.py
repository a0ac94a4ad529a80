"""The files of a run's folder: which ones it writes itself, and which an earlier run left there."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from colanet.errors import CheckpointError, ConfigError
from colanet.storage import read_h5

_BEGINNINGS = ("spikes.", "receptor_spikes.", "monitoring.", ".")
_NAMES = ("checkpoint.h5", "results.h5", "recording.spool")


def is_own(name: str) -> bool:
    """Whether a run writes a file of this name into its folder itself."""
    return name.startswith(_BEGINNINGS) or name in _NAMES


def check_apart(files: Iterable[Path], out: Path | None) -> None:
    """Refuse files that are the same, or that the run itself writes into `out`.

    Raises
    ------
    ConfigError
    """
    seen: set[str] = set()
    for path in files:
        real = os.path.realpath(path)
        inside = out is not None and os.path.dirname(real) == os.path.realpath(out)
        if real in seen or (inside and is_own(os.path.basename(real))):
            raise ConfigError(f"{path}: another output of this run has this name, expected names that differ")
        seen.add(real)


def listed(results: Path) -> set[str]:
    """Names of the files that the run of a results file wrote beside it; empty if that cannot be known."""
    with contextlib.suppress(CheckpointError, ValueError):
        names = json.loads(str(read_h5(results)[1].get("files", "[]")))
        return {name for name in names if isinstance(name, str) and name == os.path.basename(name) and is_own(name)}
    return set()


def remove_stale(folder: Path, names: Iterable[str]) -> None:
    """Remove files of an earlier run that the present one has not replaced."""
    for name in names:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
