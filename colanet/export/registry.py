"""Export formats by name, and the function that writes one."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from colanet.errors import ColanetError, ConfigError, OutputError, one_line
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.registry import Registry


class Exporter(Protocol):
    """A format: a function, the first line of whose docstring says what it writes.

    Its keyword-only parameters are the options of the format. The default of each says its type: bool, int, str, or
    None for a text that may be missing. The parameter `step` is no option: it gets the step that comes next.
    """

    def __call__(self, plan: Plan, state: State, folder: Path, **options: Any) -> Sequence[Path]:
        """Write a network's state into a folder.

        Parameters
        ----------
        plan : Plan
            Populations, projections, synapses (`Plan.synapses`) and all constants as integers.
        state : State
            The canonical arrays, see `colanet.plan.variables.initial_state`; not to be changed.
        folder : Path
            Is there; files of it that have the same names may be replaced, others stay.
        **options
            Those that it has.

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
    {
        "arrays": "colanet.export.arrays:arrays",
        "c": "colanet.export.c:c",
        "csv": "colanet.export.csv:csv",
        "nir": "colanet.export.nir:nir",
        "sanafe": "colanet.export.sanafe:sanafe",
        "vectors": "colanet.export.vectors:vectors",
        "verilog": "colanet.export.verilog:verilog",
    },
    check=lambda thing: None if callable(thing) else "expected a function of plan, state and folder",
)


def about(name: str) -> str:
    """One line about a format: the first of its docstring, or what is wrong with it."""
    try:
        text = (getattr(EXPORTS.get(name), "__doc__", None) or "").strip()
    except ColanetError as error:
        return str(error)
    return next(iter(text.splitlines()), "")


def options_of(name: str) -> dict[str, Any]:
    """Options of a format with their defaults.

    Raises
    ------
    ConfigError
        If there is no such format.
    """
    parameters = inspect.signature(EXPORTS.get(name)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "step"}


def _takes_step(exporter: Exporter) -> bool:
    parameter = inspect.signature(exporter).parameters.get("step")
    return parameter is not None and parameter.kind is parameter.KEYWORD_ONLY


def _value(where: str, default: Any, given: Any) -> Any:
    """A given option as the type of its default."""
    value: bool | int | None
    if isinstance(default, bool):
        words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
        value = words.get(str(given).lower())
        expected = "yes or no"
    elif isinstance(default, int):
        text = str(given)
        digits = len(text) < 40 and text.removeprefix("-").isdecimal()
        value = int(text) if digits and not isinstance(given, bool) else None
        expected = "a whole number"
    else:
        return None if given is None else str(given)
    if value is None:
        raise ConfigError(f"{where}: expected {expected}, not {given!r:.60}")
    return value


def checked_options(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a format as it takes them.

    Parameters
    ----------
    name : str
        Of the format.
    given : mapping of str to str, bool or int
        Texts as on a command line, or values.

    Raises
    ------
    ConfigError
        If the format has no such option, or a value is of another type.
    """
    known = options_of(name)
    for option in given:
        if option not in known:
            has = ", ".join(known) or "none"
            raise ConfigError(f"export format {name} has no option {option}; it has {has}")
    return {key: _value(f"export format {name}: option {key}", known[key], value) for key, value in given.items()}


def _make(place: Path, overwrite: bool) -> bool:
    """Make a folder; whether it was not there. OutputError if it holds something, or cannot be made."""
    try:
        if place.exists() and not place.is_dir():
            raise OutputError(f"{place}: is a file, expected a folder")
        if place.is_dir() and any(place.iterdir()) and not overwrite:
            raise OutputError(f"{place}: holds files already; --overwrite replaces those of the same names")
        made = not place.exists()
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place}: cannot be made a folder: {error.strerror or error}") from error
    return made


def export(
    name: str,
    plan: Plan,
    state: State,
    folder: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    options: Mapping[str, Any] | None = None,
    step: int = 0,
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
    options : mapping
        Of the format, see `checked_options`.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ConfigError
        If there is no such format, it has no such option, or it cannot hold this network.
    OutputError
        If the folder holds something already, or cannot be written.
    """
    exporter, place = EXPORTS.get(name), Path(folder)
    chosen = checked_options(name, options or {})
    if _takes_step(exporter):
        chosen["step"] = step
    made = _make(place, overwrite)
    try:
        written = [Path(path) for path in exporter(plan, state, place, **chosen)]
    except (ColanetError, MemoryError):
        if made and not any(place.iterdir()):
            place.rmdir()
        raise
    except Exception as error:  # whatever a format of another package raises
        raise OutputError(f"{place}: export format {name} failed ({one_line(error)})") from error
    return written
