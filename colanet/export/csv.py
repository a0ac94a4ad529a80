"""The format `csv`: one copy of a network as four tables of whole numbers, for programs that read nothing else."""

from __future__ import annotations

import csv as writing
import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import atomic_path
from colanet.export.inference import one_copy, weights_of
from colanet.inspection import thresholds
from colanet.plan import Plan
from colanet.plan.variables import NEURONS, State, key_of
from colanet.units import BASE_THRESHOLD, MAX_DELAY, MEMORY_KICK
from colanet.version import __version__

ROWS = 1 << 16
"""Rows made at a time."""

POTENTIAL, RESOURCE, STEPS, BOOL, COUNT = "1/1000", "2^-20", "steps", "0 or 1", "1"
UNITS = {
    POTENTIAL: (
        "floor", "kick", "bias", "ramp_increment", "w_min", "w_max", "weight_base", "weight_step", "weight_top",
        "potential_limit", "potential_step",
    ),
    RESOURCE: (
        "alpha", "hebbian", "stability_rate", "presynaptic", "resource_grain", "resource_limit",
    ),
    STEPS: (
        "ramp_period", "reset_period", "reset_phase", "memory_period", "hebbian_window", "isi_max",
        "dopamine_window", "presynaptic_period", "stability_lifetime",
    ),
    BOOL: (
        "winner_take_all", "subtract", "gated", "three_factor", "stability_three_factor", "from_input",
        "stochastic", "jenkins",
    ),
    COUNT: ("index", "start", "size", "column_size", "virtual_synapses", "source", "source_size", "target",
            "target_size"),
    "1/1024": ("leak",),
}  # fmt: skip
"""Unit of every number of a plan."""
UNIT_OF = {name: unit for unit, names in UNITS.items() for name in names}
_OF_KIND = {"fixed": POTENTIAL, "plastic": POTENTIAL, "gating": STEPS, "reward": RESOURCE}


def csv(plan: Plan, state: State, folder: Path, *, copy: int = 0, step: int) -> list[Path]:
    """Tables of one copy: neurons.csv, synapses.csv, spikes.csv, constants.csv; whole numbers with their units.

    Parameters
    ----------
    plan : Plan
    state : State
    folder : Path
    copy : int
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        If there is no such copy.
    """
    one_copy(plan, copy)
    tables = {
        "neurons.csv": _neurons(plan, state, copy),
        "synapses.csv": _synapses(plan, state, copy),
        "spikes.csv": _spikes(plan, state, copy, step),
        "constants.csv": _constants(plan, copy, step),
    }
    for name, rows in tables.items():
        with atomic_path(folder / name) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
            writing.writer(file, lineterminator="\n").writerows(rows)
    return [folder / name for name in tables]


def _blocks(length: int, columns: list[Any]) -> Iterator[Iterable[Any]]:
    """Rows out of columns: arrays of that length, or one value for all of it."""
    for first in range(0, length, ROWS):
        last = min(first + ROWS, length)
        parts = [c[first:last].tolist() if isinstance(c, np.ndarray) else [c] * (last - first) for c in columns]
        yield from zip(*parts, strict=True)


def _neurons(plan: Plan, state: State, copy: int) -> Iterator[Iterable[Any]]:
    variables = [v for v in NEURONS if v.per == "neuron"]
    head = ["population", "index", "column", f"threshold [{POTENTIAL}]", f"memory [{STEPS}]"]
    yield head + [f"{v.key} [{v.unit}]" for v in variables]
    for p in plan.populations:
        index = np.arange(p.size)
        column = index // p.column_size if p.column_size else ""
        memory = plan.memory(p, copy) if p.memory_period else ""
        state_of = [state[key_of(p, v, copy)] if v.exists(p) else "" for v in variables]
        threshold = thresholds(plan, state, p.name, copy)
        yield from _blocks(p.size, [p.name, index, column, threshold, memory, *state_of])


def _synapses(plan: Plan, state: State, copy: int) -> Iterator[Iterable[Any]]:
    yield ["projection", "pre", "post", "weight [see constants.csv]", f"delay [{STEPS}]", f"resource [{RESOURCE}]"]
    for p in plan.projections:
        synapses, weight = plan.synapses(p.index, copy), weights_of(plan, state, copy, p)
        resource = state[f"{copy}/{p.name}/resource"] if p.kind == "plastic" else ""
        yield from _blocks(synapses.count, [p.name, synapses.pre, synapses.post, weight, synapses.delay, resource])


def _spikes(plan: Plan, state: State, copy: int, step: int) -> Iterator[Iterable[Any]]:
    """Spikes that may still be on their way."""
    yield ["population", "index", "step"]
    for p in plan.populations:
        ring = state[f"{copy}/{p.name}/spikes"]
        for t in range(max(step - MAX_DELAY, 0), step):
            yield from ((p.name, int(i), t) for i in np.flatnonzero(ring[t % plan.history]))


def _constants(plan: Plan, copy: int, step: int) -> Iterator[Iterable[Any]]:
    yield ["of", "name", "constant", "value", "unit"]
    network = {
        "colanet": (__version__, ""), "seed": (plan.seed, COUNT), "copy": (copy, COUNT), "step": (step, STEPS),
        "base_threshold": (BASE_THRESHOLD, POTENTIAL), "memory_kick": (MEMORY_KICK, POTENTIAL),
    }  # fmt: skip
    for name, (value, unit) in network.items():
        yield ["network", "", name, value, unit]
    for number, (name, size) in enumerate(plan.inputs):
        yield ["input", name, "index", number, COUNT]
        yield ["input", name, "size", size, COUNT]
    for population, key in zip(plan.populations, plan.kick_keys(copy), strict=True):
        yield from _fields("population", population.name, population)
        yield ["population", population.name, "kick_key", int(key), COUNT]
        if population.plasticity:
            yield from _fields("population", population.name, population.plasticity)
    for projection in plan.projections:
        yield ["projection", projection.name, "kind", projection.kind, ""]
        yield ["projection", projection.name, "weight_unit", _OF_KIND[projection.kind], ""]
        yield from _fields("projection", projection.name, projection)


def _fields(of: str, name: str, owner: Any) -> Iterator[Iterable[Any]]:
    """The numbers among the fields of a plan's object."""
    for field in dataclasses.fields(owner):
        value = getattr(owner, field.name)
        if isinstance(value, int) and field.name in UNIT_OF:
            yield [of, name, field.name, int(value), UNIT_OF[field.name]]
