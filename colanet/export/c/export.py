"""The format `c`."""

from __future__ import annotations

from pathlib import Path

from colanet.atomic import write_text
from colanet.errors import ConfigError
from colanet.export.c.build import model_of
from colanet.export.c.example import shown_to
from colanet.export.c.render import TEMPLATES, render
from colanet.plan import Plan
from colanet.plan.variables import State


def c(
    plan: Plan,
    state: State,
    folder: Path,
    *,
    learn: bool = False,
    copy: int = 0,
    images: int = 0,
    name: str = "network",
    data: str | None = None,
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
    images : int
        Objects that an example shows the network; 0: no example.
    name : str
        Of the files, and prefix of what they declare.
    data : str or None
        Where the example looks for data sets first.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        If there is no such copy, the name is none of C, or there are not so many objects.
    DataError
        If the data of the example are missing.
    """
    if images < 0:
        raise ConfigError(f"option images: expected 0 or more, not {images}")
    net = model_of(plan, state, copy=copy, learn=learn, name=name, step=step)
    texts = {f"{name}.h": render("network.h.j2", net=net), f"{name}.c": render("network.c.j2", net=net)}
    if images:
        shown = shown_to(plan, state, net, copy, images, data)
        texts |= {file: render(f"{file}.j2", net=net, shown=shown) for file in ("images.h", "example.c")}
        (folder / "boards").mkdir(exist_ok=True)
        texts |= {f"boards/{file.name}": file.read_text() for file in sorted((TEMPLATES / "boards").iterdir())}
    for file, text in texts.items():
        write_text(folder / file, text)
    return [folder / file for file in texts]
