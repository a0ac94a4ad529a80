"""Populations are left alone while nothing can happen to them, and stand where they should when something does."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build
from colanet.plan.bounds import drift_bounds
from colanet.units import LEAK_Q, POTENTIAL_LIMIT

from .sparse_networks import image_input
from .test_equality import assert_same_state
from .test_sparse import assert_same, pieces

PERIOD, STOP = 20, 100
LONG = 90
"""A period with a rest that is longer than bounds and rings reach back."""


def network_of(population, reward=0.5, delay=13, resource=0.4, period=PERIOD):
    """Columns that learn from an input that is silent in the second half of a period, and are rewarded there."""
    learner = {
        "name": "L", "size": 40, "columns": 4, "winner_take_all": True, "hebbian_rate": -0.2, "isi_max": 5,
        "dopamine_window": 10, "stability_rate": 0.05, "w_min": -0.3, "w_max": 2.0, "virtual_synapses": 30,
        "reset_period": period,
    }  # fmt: skip
    told = {"source": "T", "target": "L"}
    links = [
        {"source": "R", "target": "L", "kind": "plastic", "initial_resource": resource},
        {"source": "L", "target": "L", "kind": "gating", "connection": "within_columns", "weight": -10},
        told | {"kind": "reward", "connection": "random", "probability": 0.5, "weight": reward,
                "delay": delay},
        told | {"kind": "fixed", "connection": "random", "probability": 0.2, "weight": 9.0, "delay": 17},
    ]
    inputs = [{"name": "R", "kind": "noise", "size": 70}, {"name": "T", "kind": "noise", "size": 3}]
    return Network(copies=1, inputs=inputs, populations=[learner | population], projections=links)


@st.composite
def populations(draw):
    """Kicks that alone never, sometimes or often lift a potential to its threshold."""
    values = {
        "noise_amplitude": draw(st.sampled_from([0.0, 1.0, 1.9, 2.4, 6.0])),
        "tau_m": draw(st.sampled_from([1, 2, 5, 10])),
        "reset_phase": draw(st.sampled_from([0, 13, 19])),
        "threshold_weight_factor": draw(st.sampled_from([0.0, 0.05, 0.3])),
        "dopamine_rule": draw(st.sampled_from(["two_factor", "three_factor"])),
    }
    if draw(st.booleans()):
        values |= {"threshold_increment": 3.0, "threshold_decay": 30}
    return values


KICKED = {"noise_amplitude": 1.9, "tau_m": 5, "threshold_weight_factor": 0.3}


@given(
    populations(), st.sampled_from([0.5, -0.5]), st.sampled_from([10, 11, 13]), st.sampled_from([PERIOD, LONG]),
    st.integers(0, 2**32), st.lists(st.floats(0, 1), max_size=4), st.floats(0, 1),
)  # fmt: skip
@example(KICKED, 0.5, 13, PERIOD, 1, [], 0.8)
@example(KICKED | {"noise_amplitude": 1.0}, 0.5, 13, LONG, 1, [0.5], 1.0)
@settings(max_examples=60, deadline=None)
def test_rest_changes_nothing(population, reward, delay, period, seed, cuts, freeze):
    plan = build(network_of(population, reward, delay, period=period), seed=seed)
    assert_equal(plan, seed, cuts, period, freeze)


@pytest.mark.parametrize(("delay", "seed"), [(11, 80), (10, 138)])
def test_a_threshold_that_falls_ends_the_rest(delay, seed):
    """A reward lowers weights, and with them the threshold, below a potential that could not reach it before."""
    population = {
        "noise_amplitude": 1.0, "tau_m": 10, "threshold_weight_factor": 0.3, "dopamine_rule": "two_factor",
        "hebbian_rate": 0.0, "hebbian_window": 1.0, "winner_take_all": False,
    }  # fmt: skip
    assert_equal(build(network_of(population, -2.0, delay, 3.0), seed=seed), seed, [], PERIOD, 0.8)


def assert_equal(plan, seed, cuts, period, freeze):
    """Both engines agree over five periods; where runs are cut and learning ends is given as a part of them."""
    stop = 5 * period
    inputs, cuts = image_input(plan, stop, seed, period, 0.8), [0, *sorted(int(stop * cut) for cut in cuts), stop]
    reference, compiled = ReferenceEngine(plan), NumbaEngine(plan)
    expected = pieces(reference, inputs, cuts, int(stop * freeze), [0])
    assert_same(expected, pieces(compiled, inputs, cuts, int(stop * freeze), [0]))
    assert_same_state(reference.state(), compiled.state())


@pytest.mark.parametrize("late", [False, True])
def test_no_steps_leave_all_rows_of_the_past_alone(late):
    """A step would take the rows of the one a history before, in which neurons fire."""
    plan = build(network_of(KICKED), seed=2)
    inputs, engine = image_input(plan, STOP, 2, PERIOD, 0.8), NumbaEngine(plan)
    spikes = NumbaEngine(plan).run(inputs, 0, PERIOD, freeze=STOP, record=[0]).records[0]
    now = int(spikes[0, 0]) + plan.history if late else 0
    engine.run(inputs, 0, now, freeze=STOP)
    before = {name: value.copy() for name, value in engine.state().items()}
    assert before["0/L/spikes"][now % plan.history].any() == late
    engine.run(inputs, now, now, freeze=STOP)
    after = engine.state()
    for name, value in before.items():
        np.testing.assert_array_equal(after[name], value, name)


def test_a_population_is_left_alone_until_its_potentials_are_zeroed():
    plan = build(network_of(KICKED | {"threshold_weight_factor": 0.0}), seed=2)
    engine, stop = NumbaEngine(plan), 5 * PERIOD - 1
    engine.run(image_input(plan, stop, 2, PERIOD, 0.1), 0, stop, freeze=0)
    # The last step of a period would zero them; nobody looked at them since some step before.
    assert 0 < engine.runners[0].scratch.settled[0] < stop - 1
    assert engine.runners[0].scratch.busy[0] == stop + 1


@given(
    st.sampled_from([0.0, 0.5, 1.9, 30.0]), st.sampled_from([1, 2, 5, 100]), st.sampled_from([None, 0.0, -3.0]),
    st.integers(-(2**21), 2**21), st.lists(st.booleans(), min_size=1, max_size=80),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_potential_drifts_beyond_the_bound(kick, tau, least, u, kicks):
    population = {"noise_amplitude": kick, "tau_m": tau, "min_potential": least}
    plan = build(network_of(population), seed=0).populations[0]
    keeps, gains = drift_bounds(plan, 64)
    u = start = max(u, plan.floor)
    for n, kicked in enumerate(kicks, 1):
        leaked = abs(u) * plan.leak >> LEAK_Q
        u = max((leaked if u > 0 else -leaked) + (plan.kick - 1 if kicked and plan.kick else 0), plan.floor)
        at = min(n, 63)
        assert u <= max(start, (max(start, 0) * keeps[at] >> LEAK_Q) + gains[at])


@pytest.mark.parametrize("change", [{"bias": 1.0}, {"min_potential": 2.0}, {"tau_m": 4000, "hebbian_window": 1.0}])
def test_where_potentials_rise_by_themselves_there_is_no_bound(change):
    plan = build(network_of(KICKED | change), seed=0).populations[0]
    assert set(drift_bounds(plan, 64)[1]) == {POTENTIAL_LIMIT + 1}


def test_a_bound_is_near_what_kicks_can_do():
    plan = build(network_of(KICKED), seed=0).populations[0]
    keeps, gains = drift_bounds(plan, 64)
    u = np.zeros(63, dtype=np.int64)
    for n in range(1, 63):
        u[n] = (u[n - 1] * plan.leak >> LEAK_Q) + plan.kick - 1
    assert np.all(gains[:63] >= u)
    assert np.all(gains[:63] - u <= 63 + 1)
    assert keeps[0] == 1 << LEAK_Q
    assert sorted(keeps, reverse=True) == keeps
