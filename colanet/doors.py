"""Registries that a description is checked against: they name modules as text, imported when they are needed."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colanet.registry import Registry

_READOUT = ("needs", "begin", "wants", "cuts", "seen", "snapshot", "restore", "evidence", "answers", "results")


def files_of(package: str) -> dict[str, str]:
    """What the files of a package of colanet hold, by the file's name: ``first_spike.py`` has ``FirstSpike``."""
    folder = Path(__file__).parent.joinpath(*package.split(".")[1:])
    names = sorted(module.name for module in pkgutil.iter_modules([str(folder)]))
    return {name: f"{package}.{name}:{''.join(word.title() for word in name.split('_'))}" for name in names}


def _check_readout(thing: Any) -> str | None:
    fit = isinstance(thing, type) and all(hasattr(thing, name) for name in _READOUT)
    return None if fit else "expected a class derived from colanet.readout.Readout"


READOUTS: Registry[Any] = Registry(
    "readout", "colanet.readouts", files_of("colanet.readout.rules"), check=_check_readout
)
"""Rules that turn spikes into answers."""


INPUTS: Registry[Any] = Registry(
    "plug-in input", "colanet.inputs", {}, check=lambda thing: None if callable(thing) else "expected a function"
)
"""Makers of spikes; `colanet.encoding.plugins.Maker` says what one is."""


def wrong_options(thing: Any, given: Mapping[str, object]) -> str | None:
    """What is wrong with options for a thing of a registry, which takes them as keywords; None if nothing."""
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):  # written in C, say
        return "what it takes cannot be told"
    known = {p.name: p for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
    listed = f"known: {', '.join(known) or 'none'}"
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    for name in given:
        if name not in known and not takes_any:
            return f"there is no option {name}; {listed}"
    for name, parameter in known.items():
        if parameter.default is parameter.empty and name not in given:
            return f"the option {name} is missing; {listed}"
    return None
