"""The state of one network copy as the flat arrays of a compiled engine, and back.

Every variable of `colanet.plan.variables` becomes one array under its name: over all neurons of the network, over
the rings of past steps, over slots of synapses, or, for a variable of 0 and 1 a synapse, as bit sets over slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import DTypeLike

from colanet.engine.layout import Layout
from colanet.plan.variables import NEURONS, PLASTIC, State, key_of

NEURON_NAMES = tuple(v.name for v in NEURONS)
SYNAPSE_NAMES = tuple(v.name for v in PLASTIC)


def flatten(
    layout: Layout, state: State, copy: int, zeros: Callable[[int, DTypeLike], np.ndarray] = np.zeros
) -> dict[str, np.ndarray]:
    """The arrays of one copy; zeros where a population lacks a variable.

    Parameters
    ----------
    layout : Layout
    state : State
    copy : int
    zeros : callable
        ``(entries, dtype)``: makes the arrays over slots, which may have more entries.

    Returns
    -------
    dict of str to ndarray
        Neurons: shape (neurons,), or (history, neurons) for rings. Synapses: one entry more than there are slots,
        or than there are words.
    """
    plan, result = layout.plan, {}
    for variable in NEURONS:
        shape = (plan.history, plan.n_neurons) if variable.per == "step" else (plan.n_neurons,)
        whole = np.zeros(shape, dtype=variable.dtype)
        for population in plan.populations:
            if variable.exists(population):
                whole[..., population.start : population.stop] = state[key_of(population, variable, copy)]
        result[variable.name] = whole
    plastic = [p for p in plan.projections if p.kind == "plastic"]
    for variable in PLASTIC:
        bits = variable.bits
        dtype = np.dtype(f"u{layout.grain.word // 8}") if bits else variable.dtype
        whole = np.zeros(layout.n_words + 1, dtype) if bits else zeros(layout.n_slots + 1, dtype)
        for projection in plastic:
            if not variable.exists(projection):
                continue
            values = state[key_of(projection, variable, copy)]
            if not bits:
                layout.put_slots(projection, values, whole[layout.slots(projection)])
            elif values.any():
                whole[layout.words(projection)] = layout.pack(projection, values)
        result[variable.name] = whole
    return result


def unflatten(layout: Layout, flat: Mapping[str, np.ndarray], copy: int) -> State:
    """The part of a state that `flatten` was made of; copies.

    Parameters
    ----------
    layout : Layout
        Copies share one unless their synapses are drawn at random.
    flat : mapping of str to ndarray
        Of the shapes that `flatten` gives; more entries at the end do no harm.
    copy : int
    """
    plan = layout.plan
    state: State = {}
    for population in plan.populations:
        for variable in NEURONS:
            if variable.exists(population):
                values = flat[variable.name][..., population.start : population.stop]
                state[key_of(population, variable, copy)] = values.copy()
    for projection in plan.projections:
        for variable in PLASTIC if projection.kind == "plastic" else ():
            if not variable.exists(projection):
                continue
            if variable.bits:
                found = layout.unpack(projection, flat[variable.name][layout.words(projection)])
            else:
                found = layout.from_slots(projection, flat[variable.name][layout.slots(projection)])
            state[key_of(projection, variable, copy)] = found
    return state
