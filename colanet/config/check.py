"""What no single object can know: whether a network's objects fit together and fit the engines' integers.

Each rule is a small generator over a `_View`; `check` runs them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from colanet.config import suspicions
from colanet.config.draft import OURS, Draft, Path
from colanet.config.model import (
    MAX_DELAY,
    ImageInput,
    LogNormal,
    LogUniform,
    Network,
    NoiseInput,
    Population,
    Projection,
    TargetInput,
    Uniform,
    ValuesInput,
)
from colanet.config.suspicions import Finding
from colanet.errors import Problem

WEIGHT_LIMIT = 2_000_000
"""In 1/1000 this fits int32 with room for sums."""
PLASTIC_LIMIT = 32.767
"""Plastic weights are int16 in 1/1000."""
RATE_LIMIT = 1000
RESOURCE_LIMIT = 2046
"""Resources are int32 in 2^-20."""
KICK_LIMIT = 65.535
"""The random kick is (k S) >> 16 with k and S of 16 bits."""
HISTORY_LIMIT = 4096
"""Longest look back of a plasticity rule in steps."""
SYNAPSE_LIMIT = 2**31 - 1

COLUMN_CONNECTIONS = ("within_columns", "other_columns", "within_columns_except_same")


@dataclass(frozen=True)
class _View:
    """A network with its objects by name; `broken` are names that exist but could not be understood."""

    network: Network
    broken: frozenset[str] = frozenset()
    inputs: dict[str, Any] = field(default_factory=dict)
    populations: dict[str, Population] = field(default_factory=dict)

    @classmethod
    def of(cls, network: Network, broken: set[str]) -> _View:
        inputs = {item.name: item for item in network.inputs}
        return cls(network, frozenset(broken), inputs, {p.name: p for p in network.populations})

    def size(self, name: str) -> int | None:
        found = self.populations.get(name) or self.inputs.get(name)
        if isinstance(found, ImageInput) and found.size is None and found.shape is not None:
            return math.prod(found.shape)
        return found.size if found else None

    def columns(self, name: str) -> int | None:
        """Columns; without columns each neuron is its own."""
        population = self.populations.get(name)
        return population.columns if population and population.columns else self.size(name)

    def into(self, name: str, kind: str) -> list[Projection]:
        return [p for p in self.network.projections if p.target == name and p.kind == kind]

    def shown(self) -> list[tuple[int, ImageInput | ValuesInput]]:
        """The inputs that show objects one after another."""
        return [(i, s) for i, s in enumerate(self.network.inputs) if isinstance(s, ImageInput | ValuesInput)]

    def targets(self) -> list[tuple[int, TargetInput]]:
        return [(i, s) for i, s in enumerate(self.network.inputs) if isinstance(s, TargetInput)]


Rule = Callable[[_View], Iterator[Finding]]


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
    data = {"inputs": network.inputs, "populations": network.populations, "projections": network.projections}
    draft = Draft(vocabulary=OURS, network=network)
    draft.data = {name: [item.model_dump() for item in items] for name, items in data.items()}
    check_draft(draft)
    return draft.warnings if warnings else draft.problems


def check_draft(draft: Draft) -> None:
    """Check what `assemble` could understand of a draft, and add problems and warnings with their places."""
    network = draft.network
    if network is None:
        return
    view = _View.of(network, draft.broken)
    for rule in (*_RULES, *suspicions.RULES):
        for finding in rule(view):
            draft.add(_original(draft, finding.path), finding.message, warning=finding.warning)


def _original(draft: Draft, path: Path) -> Path:
    """The path in the file: objects that were not understood are missing in the network."""
    kept = draft.kept.get(str(path[0])) if len(path) > 1 else None
    return (path[0], kept[int(path[1])], *path[2:]) if kept else path


# ----------------------------------------------------------------------- names


def _names(view: _View) -> Iterator[Finding]:
    seen: set[str] = set()
    network = view.network
    for section, items in (("inputs", network.inputs), ("populations", network.populations)):
        for index, item in enumerate(items):
            if item.name in seen:
                yield Finding((section, index, "name"), f"the name {item.name} is given twice")
            seen.add(item.name)


def _ends(view: _View) -> Iterator[Finding]:
    known = ", ".join([*view.inputs, *view.populations])
    for index, projection in enumerate(view.network.projections):
        path: Path = ("projections", index)
        for end in ("source", "target"):
            name = getattr(projection, end)
            if name not in view.inputs and name not in view.populations and name not in view.broken:
                yield Finding((*path, end), f"there is no input or population {name}; known: {known}")
        if projection.target in view.inputs:
            yield Finding((*path, "target"), f"{projection.target} is an input; nothing can project into it")


# --------------------------------------------------------------------- columns


def _columns(view: _View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        source, target = view.columns(projection.source), view.columns(projection.target)
        if source is None or target is None:
            continue
        path = ("projections", index, "connection")
        if projection.connection in COLUMN_CONNECTIONS and source != target:
            yield Finding(
                path,
                f"{projection.source} has {source} columns and {projection.target} has {target}; "
                f"{projection.connection} needs equal numbers",
            )


def _teachers(view: _View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        teacher = view.inputs.get(projection.source)
        pupil = view.populations.get(projection.target)
        if projection.connection != "one_to_one" or not isinstance(teacher, TargetInput) or pupil is None:
            continue
        if pupil.columns and pupil.columns != teacher.size:
            message = f"{teacher.size} classes of {teacher.name}, but {pupil.columns} columns of {pupil.name}"
            yield Finding(("projections", index, "connection"), message)


def _synapse_count(view: _View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        source, target = view.size(projection.source), view.size(projection.target)
        if source and target and projection.connection not in ("one_to_one", *COLUMN_CONNECTIONS):
            expected = source * target * projection.probability
            if projection.max_inputs is not None:
                expected = min(expected, target * projection.max_inputs)
            if expected > SYNAPSE_LIMIT:
                yield Finding(("projections", index), f"{expected:.3g} synapses; at most {SYNAPSE_LIMIT}")


# ------------------------------------------------------------- sizes of numbers


def _size_of(path: Path, value: float, limit: float, what: str) -> Iterator[Finding]:
    if abs(value) > limit:
        yield Finding(path, f"{value:g} is out of range: {what} are at most {limit:g} in size")


def _projection_numbers(view: _View) -> Iterator[Finding]:
    limits = {
        "fixed": (WEIGHT_LIMIT, "weights"),
        "gating": (WEIGHT_LIMIT, "gating weights"),
        "reward": (RATE_LIMIT, "rewards"),
    }
    for index, projection in enumerate(view.network.projections):
        path: Path = ("projections", index)
        if projection.weight is not None and projection.kind in limits:
            yield from _size_of((*path, "weight"), projection.weight, *limits[projection.kind])
        resource = projection.initial_resource
        if isinstance(resource, Uniform):
            values = list(resource.uniform)
        elif isinstance(resource, int | float):
            values = [resource]
        else:
            values = [resource.default, *(value for value, _ in resource.values)]
        largest = max(values, key=abs)
        yield from _size_of((*path, "initial_resource"), largest, RESOURCE_LIMIT, "resources")
        yield from _delay((*path, "delay"), projection.delay)


def _delay(path: Path, delay: Any) -> Iterator[Finding]:
    if isinstance(delay, Uniform):
        low, high = delay.uniform
        if low < 1 or high > MAX_DELAY or not low.is_integer() or not high.is_integer():
            yield Finding(
                path, f"uniform from {low:g} to {high:g}: bounds are whole numbers from 1 to {MAX_DELAY}"
            )
    elif isinstance(delay, LogNormal) and not 1 <= delay.log_normal[0] <= MAX_DELAY:
        yield Finding(path, f"a mean of {delay.log_normal[0]:g} steps: delays are 1 to {MAX_DELAY}")


def _population_numbers(view: _View) -> Iterator[Finding]:
    for index, population in enumerate(view.network.populations):
        path: Path = ("populations", index)
        for name in ("hebbian_rate", "presynaptic_rate", "stability_rate", "threshold_weight_factor"):
            yield from _size_of((*path, name), getattr(population, name), RATE_LIMIT, "rates")
        yield from _size_of((*path, "noise_amplitude"), population.noise_amplitude, KICK_LIMIT, "kicks")
        for name in ("min_potential", "threshold_increment"):
            yield from _size_of((*path, name), getattr(population, name) or 0, WEIGHT_LIMIT, "potentials")
        memory = population.memory
        if isinstance(memory, Uniform | LogUniform):
            bounds = memory.uniform if isinstance(memory, Uniform) else memory.log_uniform
            if bounds[0] < 1 or bounds[1] > 2**30:
                yield Finding((*path, "memory"), "the bounds are steps from 1 to 1073741824")
            if isinstance(memory, Uniform) and not all(bound.is_integer() for bound in bounds):
                yield Finding((*path, "memory"), "the bounds of a uniform memory are whole numbers of steps")


# ------------------------------------------------------------------ plasticity


def _plastic_targets(view: _View) -> Iterator[Finding]:
    for index, population in enumerate(view.network.populations):
        plastic = view.into(population.name, "plastic")
        if not plastic:
            continue
        path: Path = ("populations", index)
        if population.w_max is None:
            sources = ", ".join(projection.source for projection in plastic)
            yield Finding((*path, "w_max"), f"is needed: the projection from {sources} is plastic")
        else:
            yield from _size_of((*path, "w_max"), population.w_max, PLASTIC_LIMIT, "plastic weights")
        yield from _size_of((*path, "w_min"), population.w_min, PLASTIC_LIMIT, "plastic weights")
        yield from _windows(path, population)
        rule = population.stability_rule or population.dopamine_rule
        rewarded = view.into(population.name, "reward")
        if rewarded and rule == "two_factor" and population.stability_rate and not population.isi_max:
            message = "must be at least 1: the two-factor rule of stability divides by it"
            yield Finding((*path, "isi_max"), message)


def _windows(path: Path, population: Population) -> Iterator[Finding]:
    if math.isinf(population.tau_m):
        yield Finding((*path, "tau_m"), "must be finite: plastic synapses look back a multiple of it")
    elif population.hebbian_window * population.tau_m > HISTORY_LIMIT:
        steps = population.hebbian_window * population.tau_m
        yield Finding((*path, "hebbian_window"), f"reaches back {steps:g} steps; at most {HISTORY_LIMIT}")


# ------------------------------------------------------------- objects and time


def _image_sizes(view: _View) -> Iterator[Finding]:
    for index, source in view.shown():
        shape = getattr(source, "shape", None)
        if shape and source.size is not None and source.size != math.prod(shape):
            message = f"{source.size} nodes, but the shape {'x'.join(map(str, shape))} has {math.prod(shape)}"
            yield Finding(("inputs", index, "size"), message)


def _periods(view: _View) -> Iterator[Finding]:
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


def _label_steps(view: _View) -> Iterator[Finding]:
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
        message = f"the label would come at step {step} (presentation + 1), outside the {target.period} of the period"
        yield Finding((*path, "label_step"), message + "; shorten the presentation or give the step")


def _noise_length(view: _View) -> Iterator[Finding]:
    sources = [item for item in view.network.inputs if not isinstance(item, TargetInput)]
    if view.broken or not sources or any(item.steps for item in sources):
        return
    if all(isinstance(item, NoiseInput) for item in sources):
        index = view.network.inputs.index(sources[0])
        yield Finding(("inputs", index, "steps"), "is needed: noise alone has no end")


def _readout(view: _View) -> Iterator[Finding]:
    readout, targets = view.network.readout, view.targets()
    for index, _ in targets[1:]:
        yield Finding(("inputs", index), f"a second target beside {targets[0][1].name}; one is possible")
    if readout is None:
        return
    name = readout.population
    if name not in view.populations:
        if name not in view.broken:
            known = ", ".join(view.populations)
            yield Finding(("readout", "population"), f"there is no population {name}; known: {known}")
        return
    if not targets:
        if not view.broken:
            yield Finding(("readout",), "needs a target input to compare with")
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


_RULES: tuple[Rule, ...] = (
    _names,
    _ends,
    _columns,
    _teachers,
    _synapse_count,
    _projection_numbers,
    _population_numbers,
    _plastic_targets,
    _image_sizes,
    _periods,
    _label_steps,
    _noise_length,
    _readout,
)
