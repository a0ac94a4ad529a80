"""What no single object can know: whether a network's objects fit together and fit the engines' integers.

Each rule is a small generator over a `View`; `check` runs them all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import PureWindowsPath
from typing import Any

from colanet.config import plugins, ranges, suspicions
from colanet.config.draft import OURS, Draft, Path, assemble
from colanet.config.model import (
    ImageInput,
    Network,
    NoiseInput,
    PluginInput,
    Readout,
    TargetInput,
)
from colanet.config.view import Finding, Rule, View
from colanet.connections import CONNECTIONS, rule_named
from colanet.doors import READOUTS, wrong_options
from colanet.errors import ConfigError, Problem

SYNAPSE_LIMIT = 2**31 - 1

_OWN_BEGINNINGS = (".", "spikes.", "receptor_spikes.", "monitoring.", "general")
_OWN_ENDINGS = (".h5", ".spool")
"""How the files begin and end that a run writes into its folder itself."""


def check(network: Network, *, warnings: bool = False) -> list[Problem]:
    """Problems between the objects of a network; an empty list if there are none.

    Parameters
    ----------
    network : Network
    warnings : bool
        Return the warnings instead of the errors.

    Returns
    -------
    list of Problem
        Without file and line: those are known to `colanet.config.load` only.
    """
    draft = _draft_of(network)
    check_draft(draft)
    return draft.warnings if warnings else draft.problems


def require(network: Network) -> None:
    """Refuse a network, made in Python perhaps, that cannot be built.

    Raises
    ------
    ConfigError
        With every problem of `check` but a missing end of noise: a run may be told where to stop.
    """
    draft = _draft_of(network)
    draft.data["copies"] = network.copies
    if network.readout is not None:
        draft.data["readout"] = network.readout.model_dump(warnings=False)
    # A network may be made or changed without pydantic's checks (model_copy).
    assemble(draft)
    check_draft(draft, tuple(rule for rule in _ALL_RULES if rule is not _noise_length))
    if draft.problems:
        raise ConfigError(draft.problems)


def _draft_of(network: Network) -> Draft:
    data = {"inputs": network.inputs, "populations": network.populations, "projections": network.projections}
    draft = Draft(vocabulary=OURS, network=network)
    draft.data = {name: [item.model_dump(warnings=False) for item in items] for name, items in data.items()}
    return draft


def check_draft(draft: Draft, rules: tuple[Rule, ...] | None = None) -> None:
    """Check what `assemble` could understand of a draft, and add problems and warnings with their places."""
    network = draft.network
    if network is None:
        return
    view = View.of(network, draft.broken)
    for rule in _ALL_RULES if rules is None else rules:
        for finding in rule(view):
            draft.add(_original(draft, finding.path), finding.message, warning=finding.warning)


def _original(draft: Draft, path: Path) -> Path:
    """The path in the file: objects that were not understood are missing in the network."""
    kept = draft.kept.get(str(path[0])) if len(path) > 1 else None
    return (path[0], kept[int(path[1])], *path[2:]) if kept else path


# ----------------------------------------------------------------------- names


def _names(view: View) -> Iterator[Finding]:
    seen: set[str] = set()
    alike: dict[str, str] = {}
    network = view.network
    for section, items in (("inputs", network.inputs), ("populations", network.populations)):
        for index, item in enumerate(items):
            if item.name in seen:
                yield Finding((section, index, "name"), f"the name {item.name} is given twice")
            seen.add(item.name)
            yield from _look_alike((section, index, "name"), item.name, alike)


def _look_alike(path: Path, name: str, alike: dict[str, str]) -> Iterator[Finding]:
    """Some file systems take names for one that differ only in case, or in how letters are composed."""
    other = alike.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
    if other != name:
        message = f"{name} and {other} are one name on some file systems, where their files replace each other"
        yield Finding(path, message, warning=True)


def _ends(view: View) -> Iterator[Finding]:
    known = view.known()
    for index, projection in enumerate(view.network.projections):
        path: Path = ("projections", index)
        for end in ("source", "target"):
            name = getattr(projection, end)
            if name not in view.inputs and name not in view.populations and not view.is_broken(name):
                yield Finding((*path, end), f"there is no input or population {name}; known: {known}")
        if projection.target in view.inputs:
            yield Finding((*path, "target"), f"{projection.target} is an input; nothing can project into it")


# --------------------------------------------------------------------- columns


def _columns(view: View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        source, target = view.columns(projection.source), view.columns(projection.target)
        if source is None or target is None:
            continue
        path = ("projections", index, "connection")
        if CONNECTIONS.get(projection.connection).columns and source != target:
            yield Finding(
                path,
                f"{projection.source} has {source} columns and {projection.target} has {target}; "
                f"{projection.connection} needs equal numbers",
            )


def _teachers(view: View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        teacher = view.inputs.get(projection.source)
        pupil = view.populations.get(projection.target)
        if projection.connection != "one_to_one" or not isinstance(teacher, TargetInput) or pupil is None:
            continue
        if pupil.columns and pupil.columns != teacher.size:
            message = f"{teacher.size} classes of {teacher.name}, but {pupil.columns} columns of {pupil.name}"
            yield Finding(("projections", index, "connection"), message)


def _synapse_count(view: View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        ends = view.ends(projection)
        if ends is None:
            continue
        rule = rule_named(projection.connection)
        try:
            expected = rule.count(ends)
            rule.random(ends)
            rule.fan_in(ends)
        except ConfigError as error:
            yield Finding(("projections", index, "connection"), str(error))
            continue
        if expected > SYNAPSE_LIMIT:
            yield Finding(("projections", index), f"{expected:.3g} synapses; at most {SYNAPSE_LIMIT}")


# ------------------------------------------------------------- objects and time


def _image_sizes(view: View) -> Iterator[Finding]:
    for index, source in view.shown():
        if not isinstance(source, ImageInput) or source.shape is None:
            continue
        if source.size not in (None, source.nodes):
            what = "" if source.features is None else " features"
            shape = "x".join(map(str, source.shape))
            message = f"{source.size} nodes, but the shape {shape} has {source.nodes}{what}"
            yield Finding(("inputs", index, "size"), message)


def _periods(view: View) -> Iterator[Finding]:
    timed = [*view.shown(), *view.targets()]
    if not timed:
        return
    _, first = timed[0]
    for index, item in timed[1:]:
        if item.period != first.period:
            message = (
                f"{item.period} steps, but {first.name} has {first.period}; objects and labels go together"
            )
            yield Finding(("inputs", index, "period"), message)


def _label_steps(view: View) -> Iterator[Finding]:
    shown = [source for _, source in view.shown()]
    for index, target in view.targets():
        path: Path = ("inputs", index)
        if target.spike_period is not None:
            if target.label_step is not None:
                yield Finding((*path, "label_step"), "spike_period is given too; only one of them can hold")
            elif target.spike_period > target.period:
                message = f"{target.spike_period} exceeds the period of {target.period} steps"
                yield Finding((*path, "spike_period"), message)
        elif target.label_step is None and target.kind == "object_target":
            yield from _default_label_step(path, target, shown)


def _default_label_step(path: Path, target: TargetInput, shown: list[Any]) -> Iterator[Finding]:
    if not shown:
        yield Finding((*path, "label_step"), "is needed: no input has a presentation time to derive it from")
        return
    step = max(source.presentation or source.period for source in shown) + 1
    if step >= target.period:
        message = f"the label would come at step {step} (presentation + 1) of {target.period}"
        yield Finding((*path, "label_step"), message + "; shorten the presentation or give the step")


def _noise_length(view: View) -> Iterator[Finding]:
    sources = [item for item in view.network.inputs if not isinstance(item, TargetInput)]
    if view.broken or not sources or any(getattr(item, "steps", None) for item in sources):
        return
    if all(isinstance(item, NoiseInput) for item in sources):
        index = view.network.inputs.index(sources[0])
        yield Finding(("inputs", index, "steps"), "is needed: noise alone has no end")


def _predictions(view: View) -> Iterator[Finding]:
    for index, target in view.targets():
        if target.prediction_file is None:
            continue
        name = PureWindowsPath(target.prediction_file).name.lower()
        if name in ("", "..") or name.startswith(_OWN_BEGINNINGS) or name.endswith(_OWN_ENDINGS):
            message = f"{target.prediction_file!r:.60} is no name of a CSV file, or that of a file that runs write"
            yield Finding(("inputs", index, "prediction_file"), message)


def _readout(view: View) -> Iterator[Finding]:
    readout, targets = view.network.readout, view.targets()
    for index, _ in targets[1:]:
        yield Finding(("inputs", index), f"a second target beside {targets[0][1].name}; one is possible")
    if readout is None:
        return
    yield from _rule(readout)
    name = readout.population
    if name not in view.populations:
        if not view.is_broken(name):
            message = f"there is no population {name}; known: {view.known()}"
            yield Finding(("readout", "population"), message)
        return
    if not targets:
        if not view.broken and not any(isinstance(s, PluginInput) for _, s in view.shown()):
            yield Finding(("readout",), "needs a target input to compare with, or a plug-in input with a period")
        return
    target = targets[0][1]
    if not target.kind.startswith(readout.kind):
        yield Finding(
            ("readout", "kind"), f"{readout.kind} does not fit the target {target.name} ({target.kind})"
        )
    columns = view.columns(name)
    if columns != target.size:
        what = "columns" if view.populations[name].columns else "neurons"
        message = f"{name} has {columns} {what}, but {target.name} has {target.size} classes"
        yield Finding(("readout", "population"), message)


def _rule(readout: Readout) -> Iterator[Finding]:
    """A rule that is there, can be loaded and takes these options."""
    try:
        wrong = wrong_options(READOUTS.get(readout.rule), readout.options)
    except ConfigError as error:
        yield Finding(("readout", "rule"), str(error))
    else:
        if wrong:
            yield Finding(("readout", "options"), wrong)


_RULES: tuple[Rule, ...] = (
    _names,
    _ends,
    _columns,
    _teachers,
    _synapse_count,
    _image_sizes,
    _periods,
    _label_steps,
    _noise_length,
    _predictions,
    _readout,
)
_ALL_RULES: tuple[Rule, ...] = (*_RULES, *plugins.RULES, *ranges.RULES, *suspicions.RULES)
