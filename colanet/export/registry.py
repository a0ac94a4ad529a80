"""Export formats by name, and the function that writes one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from colanet.errors import ColanetError, OutputError, one_line
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.registry import Registry


class Exporter(Protocol):
    """A format: a function, the first line of whose docstring says what it writes."""

    def __call__(self, plan: Plan, state: State, folder: Path) -> Sequence[Path]:
        """Write a network's state into a folder.

        Parameters
        ----------
        plan : Plan
            Populations, projections, synapses (`Plan.synapses`) and all constants as integers.
        state : State
            The canonical arrays, see `colanet.plan.variables.initial_state`; not to be changed.
        folder : Path
            Is there; files of it that have the same names may be replaced, others stay.

        Returns
        -------
        sequence of Path
            What was written, whole (`colanet.atomic`).

        Raises
        ------
        ConfigError
            If the format cannot hold the network.
        """
        ...


EXPORTS: Registry[Exporter] = Registry(
    "export format",
    "colanet.exports",
    {"arrays": "colanet.export.arrays:arrays"},
    check=lambda thing: None if callable(thing) else "expected a function of plan, state and folder",
)


def about(name: str) -> str:
    """One line about a format: the first of its docstring, or what is wrong with it."""
    try:
        text = (getattr(EXPORTS.get(name), "__doc__", None) or "").strip()
    except ColanetError as error:
        return str(error)
    return next(iter(text.splitlines()), "")


def export(
    name: str, plan: Plan, state: State, folder: str | os.PathLike[str], *, overwrite: bool = False
) -> list[Path]:
    """Write a state in a format.

    Parameters
    ----------
    name : str
        Of the format, see `EXPORTS.names()`.
    plan, state
        For example of `colanet.checkpoints.saved_state`.
    folder : path
        Made if it is not there.
    overwrite : bool
        Write into a folder that holds something already.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ConfigError
        If there is no such format, or it cannot hold this network.
    OutputError
        If the folder holds something already, or cannot be written.
    """
    exporter, place = EXPORTS.get(name), Path(folder)
    try:
        if place.exists() and not place.is_dir():
            raise OutputError(f"{place}: is a file, expected a folder")
        if place.is_dir() and any(place.iterdir()) and not overwrite:
            raise OutputError(f"{place}: holds files already; --overwrite replaces those of the same names")
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place}: cannot be made a folder: {error.strerror or error}") from error
    try:
        written = [Path(path) for path in exporter(plan, state, place)]
    except (ColanetError, MemoryError):
        raise
    except Exception as error:  # whatever a format of another package raises
        raise OutputError(f"{place}: export format {name} failed ({one_line(error)})") from error
    return written
