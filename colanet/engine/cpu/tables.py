"""The kernels' tables and arrays: what they are called, and what lies in them."""

from __future__ import annotations

from collections import namedtuple
from typing import NamedTuple

import numpy as np

from colanet.engine.flat import NEURON_NAMES, SYNAPSE_NAMES
from colanet.engine.layout import POPULATION, PROJECTION, Grain, Kind

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

FIXED, PLASTIC, GATING, REWARD = (int(kind) for kind in Kind)

# What kinds of arrival a population had in a step: bits of `Scratch.touched`. SUMMED: all its current is the row of
# sums ahead that `Scratch.summed` points to.
CURRENT, SUMMED, GATES, REWARDS = 1, 2, 4, 8
TOUCH = np.array([CURRENT, CURRENT, GATES, REWARDS], dtype=np.uint8)

POPULATION_COLUMNS = (*POPULATION, "small")
"""`small`: potentials stay below SMALL_POTENTIAL, and there is neither bias nor memory."""
PROJECTION_COLUMNS = (*PROJECTION, "ahead", "dirty", "pushed", "lag_min", "lag_max", "forces")
"""`ahead` is where the sums of a dense input projection begin in `Scratch.ahead`, `dirty` where a dense projection's
list begins in `Scratch.dirty`; -1 for others. `pushed`: arrivals go into the ring of future ones. Spikes are looked at
lag_min..lag_max steps after they were emitted: their delays, or 1 where they are pushed. `forces`: whether it matters
that a neuron was forced."""


class Wiring(NamedTuple):
    """The network, the same for every step; `colanet.engine.layout` says where what lies."""

    population: np.ndarray  # records of POPULATION_COLUMNS (populations,)
    projection: np.ndarray  # records of PROJECTION_COLUMNS (projections,)
    row: np.ndarray  # int64
    target: np.ndarray  # int32, flat neurons; where arrivals are pushed, (delay - 1) neurons + flat neuron
    span: np.ndarray  # int32 (source neurons, 4)
    slot_ptr: np.ndarray  # int64
    slot_source: np.ndarray  # int32
    slot_delay: np.ndarray  # int32
    slot_position: np.ndarray  # int64, position in `weight`
    kick_key: np.ndarray  # uint64 (populations,)
    memory_time: np.ndarray  # int64 (neurons,)
    scale: np.ndarray  # int64 (1024,)
    level: np.ndarray  # int32 (populations, BUCKETS)


DERIVED = ("weight", "own", "positive", "threshold", "n_fired", "fired", "owing")
"""Arrays that follow from the state, and are kept beside it:

| name | type and shape | what |
| --- | --- | --- |
| weight | int16, in delivery order | weights of the resources; of a dense projection as they were at the last sums |
| own | int16, a slot each | weights of the resources of dense projections |
| positive | int64 (neurons,) | sum of positive plastic weights |
| threshold | int32 (neurons,) | base and weight-dependent part of the threshold |
| n_fired | int32 (history, populations) | how many fired at a step |
| fired | int32 (history, neurons) | which: flat neurons, each population's from its own start |
| owing | int64 (populations,) | no debt can be shared out before this step |
"""

Live = namedtuple("Live", (*NEURON_NAMES, *SYNAPSE_NAMES, *DERIVED))  # type: ignore[misc]
"""State of one copy, as `colanet.engine.flat` lays it out, and what is derived from it."""


class Scratch(NamedTuple):
    """Working arrays of one call; those of arrivals are all zero between steps."""

    current: np.ndarray  # int32
    forcing: np.ndarray  # uint8, arrival over a fixed positive synapse
    wake: np.ndarray  # int32
    sleep: np.ndarray  # int32
    reward: np.ndarray  # int64
    ring: np.ndarray  # int32, RING rows of current to come
    ring_forcing: np.ndarray  # uint8, likewise
    sums: np.ndarray  # int32, a row of them
    kicks: np.ndarray  # uint16
    kicked: np.ndarray  # uint8, by a memory timer
    mask: np.ndarray  # uint64
    touched: np.ndarray  # uint8 (populations,): bits of what arrived
    summed: np.ndarray  # int64 (populations,), where a row of sums ahead begins
    rest: np.ndarray  # uint8 (populations,): all potentials are zero
    moving: np.ndarray  # int64 (populations, 2), a range of neurons outside which no activation counter is moving
    awake: np.ndarray  # uint8 (neurons,), who is awake
    gating: np.ndarray  # int64 (populations, 2), a range of neurons outside which no gating arrival came
    idle: np.ndarray  # uint8 (populations,): without arrivals a step changes nothing
    ahead: np.ndarray  # int32, from each projection's `ahead` on (AHEAD, stride) sums of arrivals
    ahead_first: np.ndarray  # int64 (projections,), the step of the first row of `ahead`
    ahead_stop: np.ndarray  # int64 (projections,), the step after its last valid row
    changed: np.ndarray  # int32 (neurons,), those whose weights changed in this step, from each population's start
    n_changed: np.ndarray  # int32 (populations,)
    is_changed: np.ndarray  # uint8 (neurons,)
    stale: np.ndarray  # uint64, laid out like `contributes`: slots whose `weight` is not yet `own`
    dirty: np.ndarray  # int32, from each projection's `dirty` on the neurons with stale slots
    n_dirty: np.ndarray  # int32 (projections,)
    is_dirty: np.ndarray  # uint8, as `dirty`
    due: np.ndarray  # int64 (projections,), the next step at which something may arrive
    until: np.ndarray  # int64 (projections,), the last step at which spikes of a population may arrive
    clock: np.ndarray  # int64, see `colanet.engine.cpu.clock`


class Feed(NamedTuple):
    """Input spikes of steps base..; shared by all copies.

    Spikes of inputs of dense projections are cut into blocks of at most AHEAD steps as well. A node that spikes in
    more than half of a block's steps belongs to the block's frequent ones; at each step some others spike besides,
    and some frequent ones do not.
    """

    base: int
    ptr: np.ndarray  # int64 (inputs, steps + 1), into node; where none is listed, it only counts
    node: np.ndarray  # int32; only inputs that some projection needs as a list
    following: np.ndarray  # int32 (inputs, steps + 1), the first step from here on with a spike
    bits: np.ndarray  # uint64 (steps, words); only inputs of plastic projections
    block: np.ndarray  # int32 (inputs, steps), the block of a step with spikes; only inputs of dense projections
    block_stop: np.ndarray  # int32 (blocks,), the step after its last one
    often_ptr: np.ndarray  # int64 (blocks + 1,), into often
    often: np.ndarray  # int32, the frequent nodes
    other_ptr: np.ndarray  # int64 (inputs, 2 steps + 1), into other
    other: np.ndarray  # int32, of every step the nodes that spike besides, then the frequent ones that do not


class Harvest(NamedTuple):
    """What comes out."""

    votes: np.ndarray  # int32 (objects, classes)
    spikes: np.ndarray  # int64 (populations,)
    record: np.ndarray  # int64 (capacity, 2)
    recorded: np.ndarray  # int64 (1,)
    chosen: np.ndarray  # uint8 (populations,)
