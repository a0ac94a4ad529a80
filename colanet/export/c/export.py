"""The format `c`."""

from __future__ import annotations

from pathlib import Path

from colanet.atomic import write_text
from colanet.export.c.build import model_of
from colanet.export.c.render import render
from colanet.plan import Plan
from colanet.plan.variables import State


def c(
    plan: Plan,
    state: State,
    folder: Path,
    *,
    learn: bool = False,
    copy: int = 0,
    name: str = "network",
    step: int = 0,
) -> list[Path]:
    """C99 source and header of one network copy, in integers, for microcontrollers; with learn it goes on learning.

    Parameters
    ----------
    plan : Plan
    state : State
    folder : Path
    learn : bool
        With the learning rules.
    copy : int
        Which network copy.
    name : str
        Of the files, and prefix of what they declare.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        If there is no such copy, or the name is none of C.
    """
    net = model_of(plan, state, copy=copy, learn=learn, name=name, step=step)
    texts = {f"{name}.h": render("network.h.j2", net=net), f"{name}.c": render("network.c.j2", net=net)}
    for file, text in texts.items():
        write_text(folder / file, text)
    return [folder / file for file in texts]
