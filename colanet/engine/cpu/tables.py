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
SMALL_KICK = 1 << 15
"""Kicks below this amplitude multiply with a 16-bit draw inside int32."""
AHEAD = 16
"""Steps for which the arrivals over a dense input projection are added up at once: an input that spikes repeatedly
finds its row of weights still in the nearest cache."""
BLOCK = 3
"""Cache lines of a row, at most, whose sums are in registers at the same time."""

FIXED, PLASTIC, GATING, REWARD = (int(kind) for kind in Kind)

# What kinds of arrival a population had in a step: columns of `Scratch.touched`.
CURRENT, GATES, REWARDS = 0, 1, 2
TOUCH = np.array([CURRENT, CURRENT, GATES, REWARDS])

POPULATION_COLUMNS = POPULATION
PROJECTION_COLUMNS = (*PROJECTION, "ahead")
"""`ahead` is where the sums of a dense input projection begin in `Scratch.ahead`; -1 for others."""


class Wiring(NamedTuple):
    """The network, the same for every step; `colanet.engine.layout` says where what lies."""

    population: np.ndarray  # records of POPULATION_COLUMNS (populations,)
    projection: np.ndarray  # records of PROJECTION_COLUMNS (projections,)
    row: np.ndarray  # int64
    target: np.ndarray  # int32, flat neurons
    slot_ptr: np.ndarray  # int64
    slot_source: np.ndarray  # int32
    slot_delay: np.ndarray  # int32
    slot_position: np.ndarray  # int64, position in `weight`
    input_reach: np.ndarray  # int64 (inputs,), longest delay behind each input
    kick_key: np.ndarray  # uint64 (populations,)
    memory_time: np.ndarray  # int64 (neurons,)
    scale: np.ndarray  # int64 (1024,)
    level: np.ndarray  # int16 (populations, BUCKETS)
    bound: np.ndarray  # int32 (populations, most weights + 2)


DERIVED = ("weight", "positive", "threshold", "n_fired", "fired", "owing")
"""Arrays that follow from the state, and are kept beside it:

| name | type and shape | what |
| --- | --- | --- |
| weight | int16, in delivery order | weights of the resources |
| positive | int64 (neurons,) | sum of positive plastic weights |
| threshold | int32 (neurons,) | base and weight-dependent part of the threshold |
| n_fired | int32 (history, populations) | how many fired at a step |
| fired | int32 (history, neurons) | which: flat neurons, each population's from its own start |
| owing | int64 (populations,) | no debt can be shared out before this step |
"""

Live = namedtuple("Live", (*NEURON_NAMES, *SYNAPSE_NAMES, *DERIVED))  # type: ignore[misc]
"""State of one copy, as `colanet.engine.flat` lays it out, and what is derived from it."""


class Scratch(NamedTuple):
    """Working arrays of one call; all zero between steps."""

    current: np.ndarray  # int32
    forcing: np.ndarray  # uint8, arrival over a fixed positive synapse
    wake: np.ndarray  # int32
    sleep: np.ndarray  # int32
    reward: np.ndarray  # int64
    sums: np.ndarray  # int32, a row of them
    draws: np.ndarray  # uint64, random words
    draw: np.ndarray  # uint16, the same memory
    kicks: np.ndarray  # int32
    kicked: np.ndarray  # uint8, by a memory timer
    mask: np.ndarray  # uint64
    fresh: np.ndarray  # int32, new weights of one neuron
    touched: np.ndarray  # uint8 (populations, 3): current, gates, rewards
    rest: np.ndarray  # uint8 (populations,): all potentials are zero
    still: np.ndarray  # uint8 (populations,): no activation counter is moving
    ahead: np.ndarray  # int32, from each projection's `ahead` on (AHEAD, stride) sums of arrivals
    ahead_first: np.ndarray  # int64 (projections,), the step of the first row of `ahead`
    ahead_stop: np.ndarray  # int64 (projections,), the step after its last valid row
    changed: np.ndarray  # int32 (neurons,), those whose weights changed in this step, from each population's start
    n_changed: np.ndarray  # int32 (populations,)
    is_changed: np.ndarray  # uint8 (neurons,)
    until: np.ndarray  # int64 (projections,), the last step at which something may arrive


class Feed(NamedTuple):
    """Input spikes of steps base..; shared by all copies."""

    base: int
    ptr: np.ndarray  # int64 (inputs, steps + 1), into node
    node: np.ndarray  # int32
    bits: np.ndarray  # uint64 (steps, words); only inputs of plastic projections


class Harvest(NamedTuple):
    """What comes out."""

    votes: np.ndarray  # int32 (objects, classes)
    spikes: np.ndarray  # int64 (populations,)
    record: np.ndarray  # int64 (capacity, 2)
    recorded: np.ndarray  # int64 (1,)
    chosen: np.ndarray  # uint8 (populations,)
