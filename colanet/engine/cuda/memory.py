"""The state of all networks of a launch on the device, and its translation to the engines' common dictionary."""

from __future__ import annotations

import numpy as np

from colanet.engine.base import check_state
from colanet.engine.cuda.backend import Backend
from colanet.engine.cuda.tables import Tables
from colanet.engine.flat import flatten, unflatten
from colanet.plan.variables import NEURONS, PLASTIC, State, initial_state

VARIABLES = (*NEURONS, *PLASTIC)


class Memory:
    """Device arrays, a row a network.

    Attributes
    ----------
    arrays : dict of str to device array
        The variables of the state under their names, flat: (networks, neurons), (networks, ring * neurons),
        (networks, slots) or (networks, words); derived ones: `weight`, `positive`, `n_fired`, `fired`.
    """

    def __init__(self, backend: Backend, tables: Tables) -> None:
        self.backend, self.tables = backend, tables
        networks, n = len(tables.networks), tables.neurons
        lengths = {"neuron": n, "step": tables.ring * n, "synapse": tables.slots}
        shapes = {}
        for v in VARIABLES:
            bits = v.bits
            shapes[v.name] = ((networks, tables.words if bits else lengths[v.per]), np.uint32 if bits else v.dtype)
        shapes |= {
            "weight": ((networks, tables.weights), np.uint16),
            "positive": ((networks, n), np.int64),
            "n_fired": ((networks, tables.ring * len(tables.plans[0].populations)), np.int32),
            "fired": ((networks, tables.ring * n), np.int32),
        }
        self.arrays = {name: backend.zeros(*shape) for name, shape in shapes.items()}

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
        _, copy = self.tables.networks[number]
        for name, values in flatten(self.tables.wirings[number], state, copy).items():
            flat = values.ravel()
            self.arrays[name][number, : len(flat)] = self.backend.upload(flat)

    def state(self, plan_number: int) -> State:
        """The state of one plan, the same on every engine."""
        result: State = {}
        for number, (k, _) in enumerate(self.tables.networks):
            if k == plan_number:
                result |= self._state(number)
        return result

    def _state(self, number: int) -> State:
        k, copy = self.tables.networks[number]
        history, n = self.tables.plans[k].history, self.tables.neurons
        host = {}
        for v in VARIABLES:
            values = self.backend.download(self.arrays[v.name][number])
            host[v.name] = values[: history * n].reshape(history, n) if v.per == "step" else values
        return unflatten(self.tables.wirings[number], host, copy)
