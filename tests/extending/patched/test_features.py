"""Hand-worked numbers of what the patches add, on every engine."""

import numpy as np
import pytest

from colanet.plan.variables import initial_state
from colanet.units import NEVER, ONE
from tests.engine.conftest import engine_of  # noqa: F401 -- a fixture
from tests.engine.test_by_hand import after, firing, learner, plan_of, potentials, spikes_at


def test_a_ceiling_holds_the_potential(engine_of):  # noqa: F811
    values = {"tau_m": "INFINITY", "max_potential": 5.0}
    link = {"source": "R", "target": "N", "connection": "one_to_one", "weight": 4}
    plan = plan_of([{"name": "N", "size": 1, **values}], [link], {"R": 1})
    events = {"R": {0: [0], 1: [0], 2: [0]}}
    # 4, then 8 is cut to 5, then 9 is cut to 5: it never fires.
    assert [potentials(engine_of, plan, stop, events)[0] for stop in (2, 3, 4)] == [4000, 5000, 5000]
    assert firing(engine_of, plan, 9, events) == []


@pytest.mark.parametrize(("events", "floor"), [({"R": {0: [0], 1: [0], 2: [0]}}, None), ({}, 6.0)])
def test_a_ceiling_holds_without_memory_too(engine_of, events, floor):  # noqa: F811
    """Small potentials, with arrivals and without, have passes of their own in the compiled engine."""
    values = {"tau_m": 1, "max_potential": 5.0, "min_potential": floor}
    link = {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}
    plan = plan_of([{"name": "N", "size": 1, **values}], [link], {"R": 1})
    assert [potentials(engine_of, plan, stop, events)[0] for stop in (2, 3, 4)] == [5000, 5000, 5000]
    assert firing(engine_of, plan, 4, events) == []


@pytest.mark.parametrize(("period", "expected"), [(0, [1, 2, 3, 4, 5, 6]), (2, [1, 4]), (3, [1, 5])])
def test_a_refractory_neuron_does_not_fire(engine_of, period, expected):  # noqa: F811
    link = {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}
    plan = plan_of([{"name": "N", "size": 1, "refractory_period": period}], [link], {"R": 1})
    found = firing(engine_of, plan, 7, {"R": {t: [0] for t in range(6)}})
    assert [t for t, _ in found] == expected


def test_a_refractory_neuron_keeps_its_potential_and_fires_late(engine_of):  # noqa: F811
    link = {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}
    plan = plan_of([{"name": "N", "size": 1, "refractory_period": 3, "tau_m": "INFINITY"}], [link], {"R": 1})
    # The arrival at 2 waits until step 5.
    assert firing(engine_of, plan, 9, {"R": {0: [0], 1: [0]}}) == [(1, 0), (5, 0)]


def test_the_new_variable_is_part_of_the_state_only_where_it_is_needed():
    link = {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}
    for period, there in ((0, False), (2, True)):
        plan = plan_of([{"name": "N", "size": 2, "refractory_period": period}], [link], {"R": 2})
        assert ("0/N/rested_at" in initial_state(plan)) == there
    np.testing.assert_array_equal(initial_state(plan)["0/N/rested_at"], [NEVER, NEVER])


def test_synapses_that_did_not_contribute_are_depressed_once_a_sequence(engine_of):  # noqa: F811
    plan = learner(heterosynaptic_rate=-0.25)
    # Spike at 1: D and R0 contribute (-0.5); R1 did not (-0.25). Spike at 4 belongs to the sequence: R1 has arrived
    # at 2 and contributes now (-0.5), nobody else is depressed.
    events = {"D": {0: [0], 3: [0]}, "R": {0: [0], 1: [1]}}
    inputs, engine = spikes_at(plan, 12, events), engine_of(plan)
    assert after(engine, inputs, 0, 4)[0] == [19.5, -0.5, -0.25]
    assert after(engine, inputs, 4, 12)[0] == [19.5, -0.5, -0.75]


def test_a_forced_spike_depresses_nothing_and_stability_scales(engine_of):  # noqa: F811
    plan = learner(heterosynaptic_rate=-0.25)
    inputs = spikes_at(plan, 6, {"F": {0: [0]}})
    assert after(engine_of(plan), inputs, 0, 6)[0] == [20.0, 0.0, 0.0]
    engine, state = engine_of(plan), initial_state(plan)
    state["0/N/stability"][:] = ONE
    engine.load(state)
    assert after(engine, spikes_at(plan, 6, {"D": {0: [0]}}), 0, 6)[0] == [19.75, -0.125, -0.125]
