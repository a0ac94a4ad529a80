"""From what a core's bus reads to a state of colanet, and back: what a chip has learnt can be a checkpoint again.

A region is a memory of the core, see `regions` in core.json. Words of the bus have 32 bits; an entry of more bits
takes two words, the low one first. A number of the core times the `scale` of its region is the integer that colanet
calculates with. Gates are codes of few bits, the largest of which means: awake for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet.inspection import thresholds
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.variables import State
from colanet.units import AWAKE

FORMAT, MANIFEST = "colanet-verilog/1", "core.json"
Manifest = Mapping[str, Any]
"""The content of core.json."""

WORD = 32
_OF_NEURONS = ("stability", "debt", "last_spike", "sequence_start", "forced")
"""Regions of the learning population that hold a variable of its state."""
_OF_SYNAPSES = ("resource", "contributes")


@dataclass(frozen=True, eq=False)
class Readback:
    """What a bench has read out of a core.

    Attributes
    ----------
    stop : int
        The step that comes next.
    steps : int
        Steps before `stop` for which the next two are known.
    fired : ndarray of int, shape (spikes, 2)
        Step and flat number of each neuron that fired.
    gates : ndarray of int, shape (steps, neurons)
        Words of the region `gate` after each step.
    regions : dict of str to ndarray of int64
        Entries of every region, see `entries_of`.
    """

    stop: int
    steps: int
    fired: np.ndarray
    gates: np.ndarray
    regions: Mapping[str, np.ndarray]


# ------------------------------------------------------------------------- words


def words_per_entry(region: Mapping[str, Any]) -> int:
    """Words of the bus that an entry of a region takes."""
    return 1 if region["bits"] <= WORD else 2


def words_of(region: Mapping[str, Any]) -> int:
    """Words of the bus that a region takes."""
    return int(region["entries"]) * words_per_entry(region)


def entries_of(region: Mapping[str, Any], words: np.ndarray) -> np.ndarray:
    """Words of the bus as numbers.

    Parameters
    ----------
    region : mapping
        Of core.json.
    words : ndarray of int, shape (..., `words_of(region)`)
        As `Program.read` asks for them: synapses neuron by neuron.

    Returns
    -------
    ndarray of int64, shape (..., entries)
        Synapses in the order (pre, post) of a state.
    """
    bits = int(region["bits"])
    value = words.astype(np.uint64)
    if "stride" in region:
        by_neuron = value.reshape(*value.shape[:-1], region["neurons"], -1)
        value = np.ascontiguousarray(np.swapaxes(by_neuron, -1, -2)).reshape(value.shape)
    if words_per_entry(region) == 2:
        value = value[..., 0::2] | value[..., 1::2] << np.uint64(WORD)
    unused = np.uint64(64 - bits)
    if region["signed"]:
        extended: np.ndarray = (value << unused).view(np.int64) >> np.int64(64 - bits)
        return extended
    return (value << unused >> unused).astype(np.int64)


def largest_gate(bits: int) -> int:
    """The code of a neuron that is awake for good: the largest number of so many bits, a sign included."""
    return (1 << bits - 1) - 1


def gate_codes(gate: np.ndarray, bits: int) -> np.ndarray:
    """Activation counters as a core holds them, int64 of the same shape."""
    return np.where(gate >= AWAKE, largest_gate(bits), gate).astype(np.int64)


# ------------------------------------------------------------------------ states


def regions_of(plan: Plan, state: State, manifest: Manifest) -> dict[str, np.ndarray]:
    """What every region must hold in a state, by name: int64 arrays of shape (entries,).

    Parameters
    ----------
    plan : Plan
    state : State
    manifest : mapping
        The content of core.json, which also says which copy of the network it is.
    """
    copy = int(manifest["copy"])
    every = [(p, f"{copy}/{p.name}") for p in plan.populations]
    found: dict[str, np.ndarray] = {}
    regions = {region["name"]: region for region in manifest["regions"]}
    found["potential"] = np.concatenate([state[f"{name}/potential"] for _, name in every])
    if "gate" in regions:
        gates = np.concatenate([state[f"{name}/gate"] for _, name in every])
        found["gate"] = gate_codes(gates, regions["gate"]["bits"])
    learning = _learning(plan)
    if learning is not None:
        projection, population = learning
        rule, start = population.rule, f"{copy}/{population.name}"
        resource = state[f"{copy}/{projection.name}/resource"]
        found["code"] = rule.weights(resource).astype(np.int64) - rule.weight_base
        found["threshold"] = thresholds(plan, state, population.name, copy)
        found["resource"] = resource
        found["contributes"] = state[f"{copy}/{projection.name}/contributes"]
        found |= {key: state[f"{start}/{key}"] for key in _OF_NEURONS}
    return {name: found[name].astype(np.int64) // region["scale"] for name, region in regions.items()}


def state_of(plan: Plan, before: State, manifest: Manifest, read: Readback) -> State:
    """The state of the network after a run of the core.

    What the core does not hold follows from what it does, or stays as it was exported: the resource of the virtual
    synapses from the sum that renormalisation conserves (docs/model.md, section 13), rings of past steps from what
    was recorded.

    Parameters
    ----------
    plan : Plan
    before : State
        That was exported.
    manifest : mapping
        The content of core.json.
    read : Readback

    Returns
    -------
    State
        Arrays of its own; other copies of the network as in `before`.
    """
    copy, after = int(manifest["copy"]), {key: array.copy() for key, array in before.items()}
    gate = next((region for region in manifest["regions"] if region["name"] == "gate"), None)
    scaled = {region["name"]: read.regions[region["name"]] * region["scale"] for region in manifest["regions"]}
    rows = np.arange(read.stop - read.steps, read.stop)
    for p in plan.populations:
        name, own = f"{copy}/{p.name}", slice(p.start, p.stop)
        _put(after, f"{name}/potential", scaled["potential"][own])
        after[f"{name}/spikes"][rows % plan.history] = 0
        mine = read.fired[(read.fired[:, 1] >= p.start) & (read.fired[:, 1] < p.stop)]
        after[f"{name}/spikes"][mine[:, 0] % plan.history, mine[:, 1] - p.start] = 1
        if gate is not None:
            codes = scaled["gate"][own]
            _put(after, f"{name}/gate", np.where(codes == largest_gate(gate["bits"]), AWAKE, codes))
            if f"{name}/awake" in after and read.steps:
                after[f"{name}/awake"][rows % plan.history] = read.gates[:, own] > 0
    learning = _learning(plan)
    if learning is not None and "resource" in scaled:
        _learnt(plan, after, before, copy, scaled, *learning)
    return after


def _learning(plan: Plan) -> tuple[ProjectionPlan, PopulationPlan] | None:
    """The plastic projection and its target; cores have at most one."""
    plastic = next((p for p in plan.projections if p.kind == "plastic"), None)
    return None if plastic is None else (plastic, plan.populations[plastic.target])


def _put(state: State, key: str, values: np.ndarray) -> None:
    state[key] = values.astype(state[key].dtype)


def _learnt(
    plan: Plan, after: State, before: State, copy: int, scaled: Mapping[str, np.ndarray],
    projection: ProjectionPlan, population: PopulationPlan,
) -> None:  # fmt: skip
    """Variables of plasticity."""
    rule, start, synapses = population.rule, f"{copy}/{population.name}", f"{copy}/{projection.name}"
    for key in _OF_SYNAPSES:
        _put(after, f"{synapses}/{key}", scaled[key])
    for key in _OF_NEURONS:
        _put(after, f"{start}/{key}", scaled[key])
    if rule.virtual_synapses >= 0:
        post = plan.synapses(projection.index, copy).post

        def held(state: State) -> np.ndarray:
            total = state[f"{start}/debt"].copy()
            np.add.at(total, post, state[f"{synapses}/resource"].astype(np.int64))
            return total

        _put(after, f"{start}/virtual", before[f"{start}/virtual"] + held(before) - held(after))
