"""The example beside a network in C: objects as spikes, and what the simulator makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet.config.model import TargetInput
from colanet.encoding import Presentation, build_sources
from colanet.encoding.sources import Labels, Source, SpikeSource
from colanet.engine import make_engine
from colanet.engine.base import Engine, rest
from colanet.errors import ConfigError
from colanet.export.c.model import Model
from colanet.export.c.text import integer_type
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.units import FOREVER

FNV_BASIS, FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


@dataclass(frozen=True, eq=False)
class Spiking:
    """Spikes of an input: those of step t are ``nodes[first[t] : first[t + 1]]``."""

    id: str
    first: np.ndarray
    nodes: np.ndarray


@dataclass(frozen=True, eq=False)
class Shown:
    """What images.h holds.

    Attributes
    ----------
    images, period, rest : int
        Objects, steps of each, and steps before the first.
    labels : ndarray of int, shape (images,)
        Class of each object, -1 for none.
    inputs : list of Spiking
    digest : int
        What the simulator gives for these steps.
    """

    images: int
    period: int
    rest: int
    labels: np.ndarray
    inputs: list[Spiking]
    digest: int

    @property
    def label_type(self) -> str:
        """Type of a class."""
        return integer_type(-1, int(self.labels.max()))


def shown_to(plan: Plan, state: State, net: Model, copy: int, images: int, data: str | None) -> Shown:
    """The first test objects of a network's data, taught if it learns, and what becomes of it.

    Raises
    ------
    ConfigError
        If the configuration shows no objects with labels, or fewer.
    DataError
        If its data are missing or damaged.
    """
    where = "option images"
    if not any(isinstance(i, TargetInput) for i in plan.description.inputs):
        raise ConfigError(f"{where}: the network has no labels (no input of kind object_target)")
    seen = build_sources(plan.description.inputs, seed=plan.seed, data_dir=data, n_train=0, n_test=images)
    assert seen.labels is not None
    assert seen.period
    sizes = [(source.name, source.size) for source in seen.sources]
    if sizes != list(plan.inputs):
        raise ConfigError(f"{where}: the data give inputs (name, nodes) {sizes}, expected {list(plan.inputs)}")
    sources = _taught(seen) if net.learn else seen.sources
    steps = images * seen.period
    spiking = []
    for source, made in zip(sources, net.inputs, strict=True):
        first, nodes = source.spikes(0, steps)
        spiking.append(Spiking(made.id, first, nodes if len(nodes) else np.zeros(1, dtype=np.int32)))
    begin = net.step + -net.step % seen.period
    engine = make_engine("numba", plan, 1)
    engine.load(state)
    rest(engine, net.step, begin)
    digest = fnv(_numbers(engine, sources, net, copy, begin, images, seen.period))
    return Shown(images, seen.period, begin - net.step, seen.labels, spiking, digest)


def _taught(seen: Presentation) -> tuple[SpikeSource, ...]:
    """The sources of a presentation, with label spikes for all its objects."""
    sources: list[SpikeSource] = []
    for source in seen.sources:
        part = source.parts[0] if isinstance(source, Source) and source.parts else None
        if isinstance(part, Labels) and seen.labels is not None:
            labels = Labels(seen.labels, part.period, part.offsets)
            source = Source(source.name, source.size, source.n_steps, [labels])
        sources.append(source)
    return tuple(sources)


def _numbers(
    engine: Engine, sources: Any, net: Model, copy: int, origin: int, images: int, period: int
) -> Iterable[np.ndarray]:
    """The numbers of the digest, in its order (templates/example.c.j2)."""
    everyone = range(len(engine.plan.populations))
    freeze = FOREVER if net.learn else 0
    for image in range(images):
        first, last = image * period, (image + 1) * period
        inputs = engine.encode(sources, origin, first, last)
        spikes = engine.run(inputs, origin + first, origin + last, freeze=freeze, record=everyone).records[copy]
        for step in range(origin + first, origin + last):
            fired = spikes[spikes[:, 0] == step, 1]
            yield np.array([len(fired), *fired])
        state = engine.state()
        yield from (state[f"{copy}/{p.name}/potential"] for p in engine.plan.populations)
    state = engine.state()
    for q in net.plastic:
        resource = state[f"{copy}/{q.p.name}/resource"]
        rule = engine.plan.populations[q.p.target].rule
        yield from ([resource] if net.learn else []) + [rule.weights(resource)]


def fnv(numbers: Iterable[np.ndarray]) -> int:
    """FNV-1a of 64 bits over integers as 32 bits, the lowest byte first."""
    digest = FNV_BASIS
    for array in numbers:
        for byte in array.astype("<i4").tobytes():
            digest = (digest ^ byte) * FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return digest
