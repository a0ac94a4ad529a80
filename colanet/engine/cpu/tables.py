"""The kernels' tables and arrays: what they are called, and what lies in them."""

from __future__ import annotations

from collections import namedtuple
from typing import Annotated, NamedTuple, TypeAlias

import numpy as np

from colanet.engine.cpu.bundles import Spec, opener, spec_of
from colanet.engine.layout import POPULATION, PROJECTION, Grain, Kind
from colanet.plan.variables import NEURONS, Variable
from colanet.plan.variables import PLASTIC as PLASTIC_VARIABLES

ROW_ALIGN = 32
"""Dense weight rows are padded to this many int16, one 64-byte cache line."""
GRAIN = Grain(lanes=ROW_ALIGN, word=64)
SMALL_POTENTIAL = 1 << 21
"""Potentials below it can be multiplied with the leak within int32."""
AHEAD = 16
"""Steps for which the arrivals over a dense input projection are added up at once: an input that spikes repeatedly
finds its row of weights still in the nearest cache."""
RING = 32
"""Steps of the ring of future arrivals, a power of two above the longest delay."""
LANES = 32
"""Neurons that a pass takes at a time; arrays over neurons have room for so many behind the last one."""
READY = 32
"""Neurons looked at together for one that may fire."""
HORIZON = 64
"""So many steps ahead it is known how far potentials can come without arrivals; the last number holds for ever."""

FIXED, PLASTIC, GATING, REWARD = (int(kind) for kind in Kind)

# What kinds of arrival a population had in a step: bits of `Scratch.touched`. SUMMED: all its current is the row of
# sums ahead that `Scratch.summed` points to.
CURRENT, SUMMED, GATES, REWARDS = 1, 2, 4, 8
TOUCH = np.array([CURRENT, CURRENT, GATES, REWARDS], dtype=np.uint8)

POPULATION_COLUMNS = (*POPULATION, "small", "holds")
"""`small`: potentials stay below SMALL_POTENTIAL, and there is neither bias, memory nor a kick by the 32-bit hash.
`holds`: the bits of a potential may cut it."""
PROJECTION_COLUMNS = (*PROJECTION, "ahead", "dirty", "pushed", "lag_min", "lag_max", "forces", "uniform")
"""`ahead` is where the sums of a dense input projection begin in `Scratch.ahead`, `dirty` where a dense
projection's list begins in `Scratch.dirty`; -1 for others. `pushed`: arrivals go into the ring of future ones.
Spikes are looked at lag_min..lag_max steps after they were emitted: their delays, or 1 where they are pushed.
`forces`: whether it matters that a neuron was forced. `uniform`: all sources have the same range of targets."""

I64: TypeAlias = Annotated[np.ndarray, np.dtype(np.int64), 1]
I64Rows: TypeAlias = Annotated[np.ndarray, np.dtype(np.int64), 2]
I32: TypeAlias = Annotated[np.ndarray, np.dtype(np.int32), 1]
I32Rows: TypeAlias = Annotated[np.ndarray, np.dtype(np.int32), 2]
U64: TypeAlias = Annotated[np.ndarray, np.dtype(np.uint64), 1]
U64Rows: TypeAlias = Annotated[np.ndarray, np.dtype(np.uint64), 2]
U16: TypeAlias = Annotated[np.ndarray, np.dtype(np.uint16), 1]
U8: TypeAlias = Annotated[np.ndarray, np.dtype(np.uint8), 1]
Populations: TypeAlias = Annotated[np.ndarray, np.dtype([(name, np.int64) for name in POPULATION_COLUMNS]), 1]
Projections: TypeAlias = Annotated[np.ndarray, np.dtype([(name, np.int64) for name in PROJECTION_COLUMNS]), 1]


class Wiring(NamedTuple):
    """The network, the same for every step; `colanet.engine.layout` says where what lies."""

    population: Populations  # (populations,)
    projection: Projections  # (projections,)
    row: I64
    target: I32  # flat neurons; where arrivals are pushed, (delay - 1) neurons + flat neuron
    span: I32Rows  # (source neurons, 4)
    seen: U64
    slot_ptr: I64
    slot_source: I32
    slot_delay: I32
    slot_position: I64  # position in `weight`
    kick_key: U64  # (populations,)
    rounding_key: U64  # (populations,)
    memory_time: I64  # (neurons,)
    keeps: I32Rows  # (populations, HORIZON), see `plan.bounds.drift_bounds`
    gains: I32Rows
    scale: I64  # (1024,)
    level: I32Rows  # (populations, BUCKETS)


DERIVED: dict[str, tuple[np.dtype, int]] = {
    "weight": (np.dtype(np.int16), 1),  # in delivery order; of a dense projection as it was at the last sums
    "own": (np.dtype(np.int16), 1),  # a slot each: weights of dense projections
    "positive": (np.dtype(np.int64), 1),  # (neurons,), sum of positive plastic weights
    "threshold": (np.dtype(np.int32), 1),  # (neurons,), base and weight-dependent part of the threshold
    "n_fired": (np.dtype(np.int32), 2),  # (history, populations), how many fired at a step
    "fired": (np.dtype(np.int32), 2),  # (history, neurons), which: flat, each population's from its own start
    "owing": (np.dtype(np.int64), 1),  # (populations,), no debt can be shared out before this step
}
"""Arrays that follow from the state, and are kept beside it: type and number of axes."""


def _of_state(variable: Variable) -> tuple[np.dtype, int]:
    return np.dtype(np.uint64 if variable.bits else variable.dtype), 2 if variable.per == "step" else 1


LIVE: Spec = {v.name: _of_state(v) for v in (*NEURONS, *PLASTIC_VARIABLES)} | DERIVED
Live = namedtuple("Live", tuple(LIVE))  # type: ignore[misc]
"""State of one copy, as `colanet.engine.flat` lays it out, and what is derived from it."""


class Scratch(NamedTuple):
    """Working arrays of one call; those of arrivals are all zero between steps."""

    current: I32
    forcing: U8  # arrival over a fixed positive synapse
    wake: I32
    sleep: I32
    reward: I64
    ring: I32  # RING rows of current to come
    ring_forcing: U8  # likewise
    sums: I32  # a row of them
    kicks: U16
    kicked: U8  # by a memory timer
    mask: U64
    touched: U8  # (populations,): bits of what arrived
    summed: I64  # (populations,), where a row of sums ahead begins
    settled: I64  # (populations,), the step up to which potentials and ramps are computed
    busy: I64  # (populations,), without arrivals no neuron can fire before this step
    awake: U8  # (neurons,), who is awake
    noted: I64  # (populations,), `awake` holds from this step on; before, rows of the state do, if anyone asks
    moving: I64Rows  # (populations, 2), a range of neurons outside which no activation counter is moving
    gating: I64Rows  # (populations, 2), a range of neurons outside which no gating arrival came
    gate_at: I64  # (populations,), the step up to which activation counters have moved
    gate_due: I64  # (populations,), the step at which the next of them wakes its neuron or sends it to sleep
    ahead: I32  # from each projection's `ahead` on (AHEAD, stride) sums of arrivals
    ahead_first: I64  # (projections,), the step of the first row of `ahead`
    ahead_stop: I64  # (projections,), the step after its last valid row
    changed: I32  # (neurons,), those whose weights changed in this step, from each population's start
    n_changed: I32  # (populations,)
    is_changed: U8  # (neurons,)
    stale: U64  # laid out like `contributes`: slots whose `weight` is not yet `own`
    dirty: I32  # from each projection's `dirty` on the neurons with stale slots
    n_dirty: I32  # (projections,)
    is_dirty: U8  # as `dirty`
    picked: I32  # lists of source neurons that are seen, see `cpu.seen`
    picked_ptr: I64Rows  # (projections, 2 AHEAD + 1), into it
    due: I64  # (projections,), the next step at which something may arrive
    until: I64  # (projections,), the last step at which spikes of a population may arrive
    clock: I64  # see `colanet.engine.cpu.clock`


class Feed(NamedTuple):
    """Input spikes of steps base..; shared by all copies.

    Spikes of inputs of dense projections are cut into blocks of at most AHEAD steps as well. A node that spikes in
    more than half of a block's steps belongs to the block's frequent ones; at each step some others spike besides,
    and some frequent ones do not.
    """

    base: int
    ptr: I64Rows  # (inputs, steps + 1), into node; where none is listed, it only counts
    node: I32  # only inputs that some projection needs as a list
    following: I32Rows  # (inputs, steps + 1), the first step from here on with a spike
    bits: U64Rows  # (steps, words); only inputs of plastic projections
    block: I32Rows  # (inputs, steps), the block of a step with spikes; only inputs of dense projections
    block_stop: I32  # (blocks,), the step after its last one
    often_ptr: I64  # (blocks + 1,), into often
    often: I32  # the frequent nodes
    other_ptr: I64Rows  # (inputs, 2 steps + 1), into other
    other: I32  # of every step the nodes that spike besides, then the frequent ones that do not


class Harvest(NamedTuple):
    """What comes out."""

    votes: I32Rows  # (objects, classes)
    spikes: I64  # (populations,)
    record: I64Rows  # (capacity, 2)
    recorded: I64  # (1,)
    chosen: U8  # (populations,)


WIRING, SCRATCH, FEED, HARVEST = (spec_of(one) for one in (Wiring, Scratch, Feed, Harvest))
as_wiring, as_live, as_scratch = opener("Wiring", WIRING), opener("Live", LIVE), opener("Scratch", SCRATCH)
as_feed, as_harvest = opener("Feed", FEED), opener("Harvest", HARVEST)
"""What kernels make of lists of `bundles.addresses`."""
