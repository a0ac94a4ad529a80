"""Plug-ins of a configuration: which of them are installed, and stand-ins put in the place of the others."""

from __future__ import annotations

from collections.abc import Iterator

from colanet.config.draft import Draft, Path
from colanet.config.model import PluginInput
from colanet.config.stand_ins import StandIn
from colanet.config.view import Finding, Rule, View
from colanet.doors import INPUTS
from colanet.errors import ConfigError, Problem


def put_in(draft: Draft) -> Draft:
    """Put the draft's stand-ins into what `assemble` understood.

    Raises
    ------
    ConfigError
        If a stand-in stands for nothing, or its size is another than the file's.
    """
    network = draft.network
    if network is None or not draft.stand_ins:
        return draft
    inputs = list(network.inputs)
    for stand_in in draft.stand_ins:
        found = [(i, item) for i, item in enumerate(inputs) if isinstance(item, PluginInput)]
        places = [(i, item) for i, item in found if stand_in.name in (item.name, item.lib)]
        if not places and stand_in.name not in draft.left_out and not draft.broken:
            raise ConfigError(Problem(_nothing(stand_in, found), file=draft.place(()).file))
        for i, item in places:
            path: Path = ("inputs", draft.kept["inputs"][i])
            if stand_in.size is not None and item.size not in (None, stand_in.size):
                draft.add((*path, "size"), f"{item.size} nodes, but --stand-in {stand_in.name} has {stand_in.size}")
            size = item.size or stand_in.size
            inputs[i] = item.model_copy(update={"stand_in": stand_in.rate, "size": size})
            draft.add(path, f"noise of rate {stand_in.rate:g} stands in for {item.lib:.60}", warning=True)
    draft.network = network.model_copy(update={"inputs": tuple(inputs)})
    return draft


def _nothing(stand_in: StandIn, found: list[tuple[int, PluginInput]]) -> str:
    there = [f"{item.name} (lib {item.lib:.60})" for _, item in found]
    known = f"there are {', '.join(there)}" if there else "there is none"
    return f"--stand-in {stand_in.name:.60}: no input of a plug-in, nor its lib, is called so; {known}"


def _plugins(view: View) -> Iterator[Finding]:
    for index, item in enumerate(view.network.inputs):
        if not isinstance(item, PluginInput):
            continue
        path: Path = ("inputs", index)
        if item.stand_in is not None:
            if item.size is None:
                message = f"is needed for the noise in its place: --stand-in {item.name}=noise:SIZE"
                yield Finding((*path, "size"), message)
        elif item.lib not in INPUTS:
            yield Finding(
                (*path, "lib"),
                f"{item.lib!r:.60} is no library of colanet, and no installed package has it (entry points "
                f"{INPUTS.group}); --stand-in {item.name}=noise puts noise in its place",
            )


RULES: tuple[Rule, ...] = (_plugins,)
