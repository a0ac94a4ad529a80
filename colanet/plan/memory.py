"""How much memory a network takes, estimated without building it, and how much there is.

The estimate is an upper bound for the numba engine. It counts neither the program itself (about 200 MiB) nor the
data of the inputs nor recorded spikes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from colanet.config.model import NoiseInput
from colanet.errors import ConfigError, Problem
from colanet.plan import connect
from colanet.plan.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.variables import NEURONS
from colanet.plan.variables import PLASTIC as PLASTIC_VARIABLES
from colanet.units import MAX_DELAY

VARIABLE = "COLANET_MEMORY"
"""Environment variable with the bytes that a network may take, instead of what is free."""

SYNAPSE, PLASTIC, DENSE, LISTED = 40, 80, 4, 36
"""Bytes of wiring a synapse while it is laid out; copies share it unless synapses or delays are drawn at random.
DENSE: plastic, every source to every target, one delay; LISTED: what more an engine takes that lists them."""
DRAWN, PADDED = 48, 64
"""Bytes of a synapse whose start value is drawn or whose weight is computed, of a block of them; and of a row of
dense weights that may be filled up."""
SOURCE = 80
"""Bytes a source neuron of a projection whose synapses are not stored."""
WEIGHT, NEURON, LINE, RING = 5, 66, 4, 32 * 5
"""Bytes of a copy beside those of its state: a plastic synapse's weight, a neuron's working arrays, its place in
the list of the spikes of a past step, and its future arrivals, where projections have several delays."""
COPY = 32 << 10
"""Bytes a copy, however small."""
CHUNK_STEPS, CHUNK_NODES = 15_000, 100_000_000
"""Most steps, and nodes times steps, of input that are made at a time; the next stretch is made meanwhile."""
PROGRAM = 400 << 20
"""Bytes of a worker process beside its network, with the images of MNIST (measured in docs/continual.md)."""
RATE = 0.25
"""Part of an input's nodes that spike in a step, where only the data decide it."""


def count(plan: Plan, projection: ProjectionPlan) -> int:
    """Most synapses of one projection in one copy; those of `random` are the expected ones and some more.

    The engines keep room for those of source neurons that a copy does not see.
    """
    rule, ends = connect.rule_of(projection.description), plan.ends(projection)
    if projection.kind == "plastic" and plan.has_parts(projection.index):
        ends = replace(ends, source_fraction=1.0)
    expected = rule.count(ends)
    if not rule.random(ends):
        return int(expected)
    pairs = ends.source.size * ends.target.size
    return min(pairs, int(expected + 6 * expected**0.5) + 1, ends.target.size * rule.fan_in(ends))


def parts(plan: Plan) -> dict[str, int]:
    """Bytes of wiring, state and input of a whole network."""
    wiring = once = state = ring = drawn = 0
    for projection in plan.projections:
        synapses, plastic = count(plan, projection), projection.kind == "plastic"
        span = 1 if isinstance(projection.description.delay, int) else MAX_DELAY
        rows = 8 * projection.source_size * span
        if plastic and plan.has_parts(projection.index):  # copies differ, but are laid out one after the other
            once += synapses * DENSE + rows
        elif not connect.has_spans(projection.description, plan.ends(projection)):
            wiring += synapses * (PLASTIC if plastic else SYNAPSE) + rows
            ring = RING if span > 1 else ring
        elif plastic:
            full = synapses == projection.source_size * projection.target_size
            wiring += synapses * (DENSE if full else PLASTIC) + rows
        else:
            wiring += SOURCE * projection.source_size
        if plastic:
            state += synapses * (2 * _bytes(projection, "synapse") + WEIGHT) + PADDED * projection.source_size
            drawn = max(drawn, DRAWN * min(synapses, connect.BLOCK))
    if any(projection.random for projection in plan.projections):
        wiring *= plan.copies
    wiring += once + drawn
    for p in plan.populations:
        line = 2 * _bytes(p, "step") + LINE
        state += p.size * (2 * _bytes(p, "neuron") + NEURON + ring + line * plan.history)
    return {"wiring": wiring, "state": (state + COPY) * plan.copies, "input": _input(plan)}


def _bytes(owner: PopulationPlan | ProjectionPlan, per: str) -> int:
    """Bytes of its variables with one entry a neuron, a step of its past or a synapse; a run keeps them twice."""
    variables = PLASTIC_VARIABLES if isinstance(owner, ProjectionPlan) else NEURONS
    return sum(np.dtype(v.dtype).itemsize for v in variables if v.per == per and v.exists(owner))


def longest_chunk(plan: Plan, steps: int) -> int:
    """Steps of input that are made at a time: so many, or fewer of large inputs."""
    return max(min(steps, CHUNK_NODES // max(sum(size for _, size in plan.inputs), 1)), 1)


def _input(plan: Plan) -> int:
    """Spikes as lists and as bit sets: of one stretch, its form for the kernels, and the stretch after it."""
    total = 0
    limits = [getattr(described, "steps", None) or CHUNK_STEPS for described in plan.description.inputs]
    steps = plan.history + min([longest_chunk(plan, CHUNK_STEPS), *limits])
    for (_, size), described in zip(plan.inputs, plan.description.inputs, strict=True):
        rate = described.noise if isinstance(described, NoiseInput) else RATE
        total += int(2.5 * steps * (4 * size * rate + size / 8 + 16))
    return total


def listed(plan: Plan) -> int:
    """Bytes more of an engine that lists every synapse, as the reference does."""
    dense = 0
    for p in plan.projections:
        if p.kind == "plastic" and count(plan, p) == p.source_size * p.target_size:
            dense += count(plan, p) * (plan.copies if p.random else 1)
    return LISTED * dense


def network_bytes(plan: Plan) -> int:
    """Upper bound of the bytes that a network takes while it runs."""
    return sum(parts(plan).values())


# -------------------------------------------------------------------- what there is


def available(processes: int = 1) -> int | None:
    """Bytes that this process, or so many like it together, can still get; None where that is unknown.

    The least of what the machine has free, what control groups leave, and the limit that each process has.

    Raises
    ------
    ConfigError
        If the environment variable is no number.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if given:
        if not given.isascii() or not given.isdigit() or len(given) > 40:
            raise ConfigError(f"{VARIABLE}: {given!r:.60} is not a number of bytes")
        return int(given)
    own = _own_limit()
    limits = (_machine(), _groups(), None if own is None else processes * own)
    known = [value for value in limits if value is not None]
    return max(min(known), 0) if known else None


def _machine(path: Path = Path("/proc/meminfo")) -> int | None:
    values = _table(path)
    if "MemAvailable:" not in values:
        return None
    return 1024 * (values["MemAvailable:"] + values.get("SwapFree:", 0))


def _table(path: Path) -> dict[str, int]:
    """Lines of a name and a number; empty if there is no such file."""
    result = {}
    for words in map(str.split, _read(path).splitlines()):
        if len(words) > 1 and words[1].isdigit():
            result[words[0]] = int(words[1])
    return result


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _groups(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int | None:
    """What the control groups of this process leave, version 2 or 1."""
    left = []
    for line in _read(own).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            base, limit, used, cached = root, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            base, limit, used, cached = (
                root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
            )  # fmt: skip
        else:
            continue
        here = base / path.lstrip("/")
        for folder in (here, *here.parents):
            most, taken = _read(folder / limit).strip(), _read(folder / used).strip()
            if most.isdigit() and taken.isdigit():
                left.append(int(most) - int(taken) + _table(folder / "memory.stat").get(cached, 0))
            if folder == base:
                break
    return min(left) if left else None


def _own_limit() -> int | None:
    """What `ulimit -v` leaves."""
    try:
        import resource
    except ImportError:
        return None
    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = _read(Path("/proc/self/statm")).split()
    if most == resource.RLIM_INFINITY or not pages:
        return None
    return most - int(pages[0]) * resource.getpagesize()


# ------------------------------------------------------------------------- the check


def check(plan: Plan, others: Mapping[str, int] | None = None, processes: int = 1) -> None:
    """Refuse a network that does not fit in memory, before anything of it is made.

    Parameters
    ----------
    plan : Plan
    others : mapping of str to int
        Bytes of what is there beside the network, by its name.
    processes : int
        That run such a network side by side on this machine. Of several, their programs count, too.

    Raises
    ------
    ConfigError
        With the bytes it would take, what for, and what there is.
    """
    free = available(processes)
    if free is None:
        return
    needed = parts(plan) | {name: value for name, value in (others or {}).items() if value}
    if processes > 1:
        needed = {name: processes * value for name, value in (needed | {"programs": PROGRAM}).items()}
    if sum(needed.values()) > free:
        detail = ", ".join(f"{name} {size(value)}" for name, value in needed.items())
        copies = f" for {plan.copies} copies" if plan.copies > 1 else ""
        if processes > 1:
            copies += f" in each of {processes} processes" if copies else f" for {processes} processes"
        raise ConfigError(
            Problem(
                f"needs about {size(sum(needed.values()))} of memory{copies} ({detail}), and {size(free)} are free "
                f"({VARIABLE} sets another number of bytes)",
                "network",
            )
        )


def size(n: int) -> str:
    """Bytes in a unit that leaves at most four digits."""
    value = float(n)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if value < 1000:
            return f"{value:.4g} {unit}"
        value /= 1024
    return f"{value:.4g} TiB"
