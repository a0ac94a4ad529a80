"""The format `vectors`: golden vectors for the test bench of a device, as memory files for `$readmemh` and JSON."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import write_text
from colanet.encoding import Presentation, build_sources
from colanet.engine import make_engine
from colanet.engine.base import Engine, InputSpikes, joined, rest
from colanet.errors import ConfigError
from colanet.export.mem import Mem
from colanet.inspection import thresholds
from colanet.plan import Plan, PopulationPlan, ProjectionPlan, memory
from colanet.plan.fixed import scale_table
from colanet.plan.precision import bits_of, kicks
from colanet.plan.variables import State, Variable, key_of, owned
from colanet.units import (
    AWAKE,
    BASE_THRESHOLD,
    DRAW_BITS,
    FOREVER,
    LEAK_Q,
    MEMORY_KICK,
    NEVER,
    RAMP_LIMIT,
    SCALE_Q,
    STABILITY_LIMIT,
    STEP_LIMIT,
    Q,
)
from colanet.version import __version__

FORMAT, MANIFEST = "colanet vectors 1", "manifest.json"
POTENTIAL, STEPS = "1/1000", "steps"
_WEIGHT_UNITS = {"fixed": POTENTIAL, "gating": STEPS, "reward": "2^-20"}
_CONSTANTS = {
    "base_threshold": BASE_THRESHOLD, "leak_bits": LEAK_Q, "draw_bits": DRAW_BITS, "fraction_bits": Q,
    "scale_bits": SCALE_Q, "awake": AWAKE, "never": NEVER, "memory_kick": MEMORY_KICK, "ramp_limit": RAMP_LIMIT,
    "stability_limit": STABILITY_LIMIT,
}  # fmt: skip


def vectors(
    plan: Plan,
    state: State,
    folder: Path,
    *,
    images: int = 10,
    steps: int = 0,
    first: int = 0,
    part: str | None = None,
    copy: int = 0,
    learn: bool = False,
    data: str | None = None,
    base: str | None = None,
    step: int = 0,
) -> list[Path]:
    """Golden vectors for RTL test benches: inputs, spikes, potentials of each step, state before and after (.mem).

    Parameters
    ----------
    plan, state, folder
        As for every format.
    images, steps : int
        How many images are shown, or how many steps instead (0: as many as the images take).
    first : int
        Image of the part, or step of data without images, that is shown first.
    part : {'train', 'test'} or None
        Which images; None: those for the test, those for training with `learn`.
    copy : int
    learn : bool
    data, base : str or None
        Folder to look for data sets first; folder that file names of the configuration are relative to.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path
        The manifest is the last.

    Raises
    ------
    ConfigError, DataError
        If there are no such data, or they do not belong to this network.
    """
    if not 0 <= copy < plan.copies:
        raise ConfigError(f"option copy: there is no copy {copy}, expected 0..{plan.copies - 1}")
    shown = _shown(plan, data, base)
    start, stop = _range(shown, images, steps, first, part, learn)
    now = step + -step % (shown.period or 1)
    if now + stop - start >= STEP_LIMIT:
        raise ConfigError(f"the state stands at step {step}, so late that nothing can follow")
    engine = _engine(plan, state, step, now)
    made = [source.spikes(start, stop) for source in shown.sources]
    inputs = joined(made, now - start, start - plan.history, start, stop)
    writer = _Writer(plan, copy, folder)
    fired = writer.run(engine, inputs, now, now + stop - start, learn)
    told = _head(plan, shown, copy, (start, stop), now, learn)
    told |= {"spikes_of_neurons": fired, "files": [mem.described() for mem in writer.files]}
    write_text(folder / MANIFEST, json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return [*(mem.path for mem in writer.files), folder / MANIFEST]


def _shown(plan: Plan, data: str | None, base: str | None) -> Presentation:
    """The data of the configuration. ConfigError, DataError."""
    shown = build_sources(plan.description.inputs, base_dir=base or ".", seed=plan.seed, data_dir=data)
    sizes = [(source.name, source.size) for source in shown.sources]
    if sizes != list(plan.inputs):
        raise ConfigError(f"the data have inputs (name, nodes) {sizes}, the network has {list(plan.inputs)}")
    return shown


def _engine(plan: Plan, state: State, step: int, now: int) -> Engine:
    """An engine with the state, rested until step `now`: no input, no plasticity. ConfigError without memory."""
    memory.check(plan)
    engine = make_engine("numba", plan)
    engine.load(state)
    rest(engine, step, now)
    return engine


def _range(
    shown: Presentation, images: int, steps: int, first: int, part: str | None, learn: bool
) -> tuple[int, int]:
    """First step of the data, and the step after the last. ConfigError."""
    part = part or ("train" if learn else "test")
    for name, value in (("images", images), ("steps", steps), ("first", first)):
        if value < 0 or (name == "images" and value == 0 and not steps):
            raise ConfigError(f"option {name}: {value}, expected a whole number of {int(name == 'images')} or more")
    if part not in ("train", "test"):
        raise ConfigError(f"option part: {part!r:.40}, expected train or test")
    if shown.labels is None or not shown.period:
        if not steps:
            raise ConfigError("option steps: is needed, because the data have no images with labels")
        there, begin, what = shown.n_steps, 0, "steps of data"
        start, stop = first, first + steps
    else:
        begin = shown.learning_time if part == "test" else 0
        there = begin + (shown.n_test if part == "test" else shown.n_train) * shown.period
        start = begin + first * shown.period
        stop = start + (steps or images * shown.period)
        what = f"steps of the {part} images"
    if there is not None and stop > there:
        asked = f"steps {start - begin}..{stop - begin - 1} were asked for"
        raise ConfigError(f"{asked}, there are {there - begin} {what}")
    return start, stop


@dataclass(eq=False)
class _Writer:
    """Runs one copy step by step, and writes what it sees."""

    plan: Plan
    copy: int
    folder: Path
    files: list[Mem] = field(default_factory=list)

    def mem(self, stack: ExitStack, what: str, of: str, when: str, **told: Any) -> Mem:
        """A new file, named after what it holds."""
        stem = f"{plain(of)}.{what}" if of else what
        end = "" if when in ("step", "constant") else f".{when}"
        path = self.folder / f"{stem}{end}.mem"
        if any(path.name.casefold() == mem.path.name.casefold() for mem in self.files):
            path = self.folder / f"{stem}.{len(self.files)}{end}.mem"
        made = Mem(stack, path, **{"what": what, "of": of, "when": when, **told})
        self.files.append(made)
        return made

    def put(self, array: np.ndarray, what: str, of: str, when: str, **told: Any) -> None:
        """A whole file: rows of truth values as one word each, all else entry by entry."""
        with ExitStack() as stack:
            made = self.mem(stack, what, of, when, **told)
            (made.bits if array.ndim == 2 else made.words)(array)

    def run(self, engine: Engine, inputs: InputSpikes, start: int, stop: int, learn: bool) -> dict[str, list[int]]:
        """Everything before, of each step, and after; spikes of every neuron by population."""
        plan = self.plan
        self.connections()
        if learn:  # 2^-f for the fractions f of a stability
            told = {"width": SCALE_Q + 1, "unit": f"2^-{SCALE_Q}", "order": "fraction of 1/1024"}
            self.put(scale_table(), "scale", "", "constant", **told)
        self.whole(engine.state(), "before")
        for number, (name, size) in enumerate(plan.inputs):
            rows = np.zeros((stop - start, size), dtype=bool)
            for t in range(start, stop):
                rows[t - start, inputs.at(number, t)] = True
            self.put(rows, "spikes", name, "step", width=size, unit="bit", order="step")
        with ExitStack() as stack:
            traces = [_Trace(self, stack, population) for population in plan.populations]
            for t in range(start, stop):
                engine.run(_window(inputs, t, plan.history), t, t + 1, freeze=FOREVER if learn else 0)
                state = engine.state()
                for trace in traces:
                    trace.step(state, t)
        self.whole(engine.state(), "after")
        return {trace.population.name: trace.fired.tolist() for trace in traces}

    def connections(self) -> None:
        """Source, target and delay of every synapse, of each projection."""
        for projection in self.plan.projections:
            synapses = self.plan.synapses(projection.index, self.copy)
            for what, array, width in (
                ("pre", synapses.pre, 24), ("post", synapses.post, 24), ("delay", synapses.delay, 5),
            ):  # fmt: skip
                unit = STEPS if what == "delay" else "index"
                self.put(array, what, projection.name, "constant", width=width, unit=unit, order="synapse")

    def whole(self, state: State, when: str) -> None:
        """Every variable of the copy, and what follows from it: weights, their codes, thresholds."""
        plan, copy = self.plan, self.copy
        for owner, variable in owned(plan):
            array = state[key_of(owner, variable, copy)]
            told = _format(plan, owner, variable) | {"order": variable.per}
            if variable.per == "step":
                told |= {"width": array.shape[1], "order": "step mod history"}
            self.put(array, variable.key, owner.name, when, **told)
        for projection in plan.projections:
            if projection.kind == "plastic":
                rule = plan.populations[projection.target].rule
                weight = rule.weights(state[f"{copy}/{projection.name}/resource"]).astype(np.int64)
                bits = plan.description.populations[projection.target].weight_bits
                told = {"unit": POTENTIAL, "order": "synapse"}
                self.put(weight, "weight", projection.name, when, width=16, signed=True, **told)
                told |= {"width": bits, "scale": rule.weight_step}
                self.put(weight - rule.weight_base, "code", projection.name, when, **told)
        for p in plan.populations:
            told = {"width": 64, "signed": True, "unit": POTENTIAL, "order": "neuron"}
            self.put(thresholds(plan, state, p.name, copy), "threshold", p.name, when, **told)


class _Trace:
    """What is written of one population after every step."""

    def __init__(self, writer: _Writer, stack: ExitStack, population: PopulationPlan) -> None:
        self.plan, self.copy, self.population = writer.plan, writer.copy, population
        self.fired = np.zeros(population.size, dtype=np.int64)
        name, size = population.name, population.size
        self.spikes = writer.mem(stack, "spikes", name, "step", width=size, unit="bit", order="step")
        traced = ("potential", "gate") if population.gated else ("potential",)
        self.words: dict[str, Mem] = {}
        for owner, variable in owned(writer.plan):
            if owner is population and variable.key in traced:
                told = _format(writer.plan, population, variable) | {"order": "step, neuron"}
                self.words[variable.key] = writer.mem(stack, variable.key, name, "step", **told)
        told = {"width": 32, "signed": True, "unit": POTENTIAL, "order": "step, neuron"}
        self.kick = writer.mem(stack, "kick", name, "step", **told) if population.kick else None
        self.key = int(writer.plan.kick_keys(writer.copy)[population.index])

    def step(self, state: State, t: int) -> None:
        """Append what step t has left."""
        start = f"{self.copy}/{self.population.name}"
        row = state[f"{start}/spikes"][t % self.plan.history]
        self.fired += row
        self.spikes.bits(row)
        for key, mem in self.words.items():
            mem.words(state[f"{start}/{key}"])
        if self.kick:
            self.kick.words(kicks(self.population, self.key, t))


def plain(name: str) -> str:
    """A name of letters, digits and underscores, which every tool takes in a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "x"


def _window(inputs: InputSpikes, t: int, history: int) -> InputSpikes:
    """Input of step t alone, with the history that it needs."""
    first, stop = t - history - inputs.base, t + 1 - inputs.base
    ptr = tuple(each[first : stop + 1] - each[first] for each in inputs.ptr)
    index = tuple(index[each[first] : each[stop]] for each, index in zip(inputs.ptr, inputs.index, strict=True))
    return InputSpikes(t - history, t + 1, ptr, index)


def _format(plan: Plan, owner: PopulationPlan | ProjectionPlan, variable: Variable) -> dict[str, Any]:
    """Width, sign, unit and scale of a variable's words: the bits that the configuration says, or its type's."""
    target = plan.populations[owner.target] if isinstance(owner, ProjectionPlan) else owner
    width = bits_of(plan, owner, variable)
    if variable.truth:
        return {"width": width, "unit": "bit"}
    return {"width": width, "signed": True, "unit": variable.unit, "scale": variable.grain(target)}


def _head(
    plan: Plan, shown: Presentation, copy: int, data: tuple[int, int], first: int, learn: bool
) -> dict[str, Any]:
    """The manifest without its files."""
    labels: list[int] = []
    if shown.labels is not None and shown.period:
        labels = shown.labels[data[0] // shown.period : -(-data[1] // shown.period)].tolist()
    return {
        "format": FORMAT,
        "colanet": __version__,
        "seed": plan.seed,
        "copy": copy,
        "learn": learn,
        "steps": data[1] - data[0],
        "first_step": first,
        "first_step_of_data": data[0],
        "period": shown.period,
        "labels": labels,
        "history": plan.history,
        "data": [dict(vars(used)) for used in shown.data],
        "constants": _CONSTANTS,
        "inputs": [{"name": name, "size": size} for name, size in plan.inputs],
        "populations": list(_populations(plan, copy)),
        "projections": [_projection(plan, p) for p in plan.projections],
        "configuration": plan.description.model_dump(mode="json"),
    }


def _populations(plan: Plan, copy: int) -> Iterator[dict[str, Any]]:
    kicks, roundings = plan.kick_keys(copy), plan.rounding_keys(copy)
    for p in plan.populations:
        keys = {"kick_key": f"{int(kicks[p.index]):016x}", "rounding_key": f"{int(roundings[p.index]):016x}"}
        yield dataclasses.asdict(p) | keys | {"memory_times": plan.memory(p, copy).tolist()}


def _projection(plan: Plan, p: ProjectionPlan) -> dict[str, Any]:
    constant = {"weight": p.weight, "unit": _WEIGHT_UNITS[p.kind]} if p.kind != "plastic" else {}
    return {
        "name": p.name,
        "kind": p.kind,
        "from_input": p.from_input,
        "source": plan.source_name(p),
        "source_size": p.source_size,
        "target": plan.populations[p.target].name,
        "target_size": p.target_size,
        "synapses": plan.count(p.index),
        **constant,
    }
