"""The state of all networks of a launch on the device, and its translation to the engines' common dictionary."""

from __future__ import annotations

from typing import Any

import numpy as np

from colanet.engine.base import State, check_state, initial_state
from colanet.engine.cuda.backend import Backend
from colanet.engine.cuda.tables import Tables
from colanet.engine.cuda.wiring import J

_INT32, _INT64, _BYTE = np.int32, np.int64, np.uint8

PER_NEURON: dict[str, Any] = {
    "potential": _INT32, "ramp": _INT32, "gate": _INT32, "memory_end": _INT64, "memory_next": _INT64,
    "stability": _INT64, "debt": _INT64, "virtual": _INT64, "sequence_start": _INT64, "last_spike": _INT64,
    "forced": _BYTE,
}  # fmt: skip
"""Variables with one entry a neuron, by their name in the state."""

RINGS = ("spikes", "awake")


class Memory:
    """Device arrays, a row a network.

    Attributes
    ----------
    arrays : dict of str to device array
        The variables of `PER_NEURON` (networks, neurons), `RINGS` (networks, ring, neurons), `resource`,
        `contributes`; derived ones: `weight`, `positive`, `n_fired`, `fired`.
    """

    def __init__(self, backend: Backend, tables: Tables):
        self.backend, self.tables = backend, tables
        networks, n = len(tables.networks), tables.neurons
        shapes = {name: ((networks, n), dtype) for name, dtype in PER_NEURON.items()}
        shapes |= {name: ((networks, tables.ring * n), _BYTE) for name in RINGS}
        shapes |= {
            "resource": ((networks, tables.slots), _INT32),
            "contributes": ((networks, tables.words), np.uint32),
            "weight": ((networks, tables.weights), np.uint16),
            "positive": ((networks, n), _INT64),
            "n_fired": ((networks, tables.ring * len(tables.plans[0].populations)), _INT32),
            "fired": ((networks, tables.ring * n), _INT32),
        }
        self.arrays = {name: backend.zeros(*shape) for name, shape in shapes.items()}

    def _variables(self, number: int):
        """(population, name of a state variable it has) of one network."""
        k, copy = self.tables.networks[number]
        plan = self.tables.plans[k]
        for p in plan.populations:
            names = ["potential", "ramp", "gate", "spikes"]
            if p.memory_period:
                names += ["memory_end", "memory_next"]
            if p.plasticity:
                names += ["awake", "stability", "debt", "virtual", "sequence_start", "last_spike", "forced"]
            for name in names:
                yield p, name, f"{copy}/{p.name}/{name}"

    def load(self, plan_number: int, state: State | None) -> None:
        """Take over the state of one plan; None: its initial state.

        Raises
        ------
        CheckpointError
            If it does not belong to the plan.
        """
        plan = self.tables.plans[plan_number]
        if state is None:
            state = initial_state(plan)
        else:
            check_state(plan, state)
        for number, (k, _) in enumerate(self.tables.networks):
            if k == plan_number:
                self._load(number, state)

    def _load(self, number: int, state: State) -> None:
        k, copy = self.tables.networks[number]
        plan, wiring, n = self.tables.plans[k], self.tables.wirings[number], self.tables.neurons
        host = {name: np.zeros(n, dtype=dtype) for name, dtype in PER_NEURON.items()}
        host |= {name: np.zeros((plan.history, n), dtype=_BYTE) for name in RINGS}
        for p, name, key in self._variables(number):
            host[name][..., p.start : p.stop] = state[key]
        host["resource"] = np.zeros(self.tables.slots, dtype=_INT32)
        host["contributes"] = np.zeros(self.tables.words, dtype=np.uint32)
        for projection in plan.projections:
            if projection.kind != "plastic":
                continue
            key = f"{copy}/{projection.name}/"
            slots, words = self._places(wiring, projection)
            host["resource"][slots] = wiring.to_slots(projection, state[key + "resource"])
            if state[key + "contributes"].any():
                host["contributes"][words] = wiring.pack(projection, state[key + "contributes"])
        for name, values in host.items():
            flat = values.ravel()
            self.arrays[name][number, : len(flat)] = self.backend.upload(flat)

    def _places(self, wiring, projection) -> tuple[slice, slice]:
        row = wiring.table[projection.index]
        slot, word = int(row[J.SLOT]), int(row[J.WORD])
        count = wiring.synapses(projection).count
        return slice(slot, slot + count), slice(word, word + int(row[J.WORDS]) * projection.target_size)

    def state(self, plan_number: int) -> State:
        """The state of one plan, the same on every engine."""
        result: State = {}
        for number, (k, _) in enumerate(self.tables.networks):
            if k == plan_number:
                result |= self._state(number)
        return result

    def _state(self, number: int) -> State:
        k, copy = self.tables.networks[number]
        plan, wiring = self.tables.plans[k], self.tables.wirings[number]
        names = [*PER_NEURON, *RINGS, "resource", "contributes"]
        host = {name: self.backend.download(self.arrays[name][number]) for name in names}
        for name in RINGS:
            host[name] = host[name][: plan.history * self.tables.neurons].reshape(plan.history, -1)
        result = {key: host[name][..., p.start : p.stop].copy() for p, name, key in self._variables(number)}
        for projection in plan.projections:
            if projection.kind == "plastic":
                key = f"{copy}/{projection.name}/"
                slots, words = self._places(wiring, projection)
                result[key + "resource"] = wiring.from_slots(projection, host["resource"][slots]).copy()
                result[key + "contributes"] = wiring.unpack(projection, host["contributes"][words])
        return result
