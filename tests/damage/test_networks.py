"""Damage to states: worked by hand, nested, the same on all engines, and nothing else changed."""

import statistics
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet import hashing
from colanet.config.model import Network
from colanet.damage import Damage, dead_neurons, dead_synapses, noisy_weights
from colanet.damage import chance as chance_module
from colanet.damage.chance import Draw, chosen, key_of, normal
from colanet.damage.networks import resources_of
from colanet.engine.base import check_state
from colanet.errors import ConfigError
from colanet.migration import EMPTY
from colanet.plan import build
from colanet.plan.variables import initial_state, wrong_values
from colanet.session import Recording, Session
from colanet.units import ONE

from .networks import INPUTS, SIZE, network, planned, weights

SHARES = st.floats(0, 1)


def same(left, right):
    assert left.keys() == right.keys()
    for key in left:
        np.testing.assert_array_equal(left[key], right[key], err_msg=key)


# ---------------------------------------------------------------------- chance


def test_a_draw_by_hand():
    """Stream 15, the projection's place in the upper bits, the kind of damage as the step."""
    assert key_of(3, 2, 1, Draw.WEIGHT_NOISE) == hashing.step_key(hashing.key(3, 15 + 2 * 256, 1), 2)


def test_normal_is_twelve_uniform_numbers_less_their_mean():
    key = key_of(0, 0, 0, Draw.PIXEL_NOISE)
    drawn = normal(key, np.arange(50))
    for i in range(50):
        assert drawn[i] == hashing.draw16(key, np.arange(12 * i, 12 * i + 12)).sum() - 12 * 65535 // 2


def test_normal_has_the_moments_of_a_normal_distribution():
    """To within five standard errors; the sum of twelve has a kurtosis of 3 - 1.2 / 12."""
    z = normal(key_of(1, 0, 0, Draw.WEIGHT_NOISE), np.arange(100_000)) / 65536
    assert abs(z.mean()) < 5 * 1e5**-0.5
    assert abs(z.var() - 1) < 5 * (2 / 1e5) ** 0.5
    assert abs((z**4).mean() - 2.9) < 5 * (96 / 1e5) ** 0.5
    assert abs(z).max() < 6


@given(st.integers(0, 40), SHARES, SHARES)
def test_levels_nest(n, one, other):
    low, high = sorted((one, other))
    key = key_of(5, 1, 0, Draw.DEAD_SYNAPSES)
    few, many = chosen(key, n, low), chosen(key, n, high)
    assert few.sum() == floor(Fraction(low) * n + Fraction(1, 2))
    assert not (few & ~many).any()


def test_of_equal_hashes_the_lower_number_is_chosen(monkeypatch):
    monkeypatch.setattr(chance_module.hashing, "draw64", lambda key, index: np.array([7, 9, 9, 3, 9, 9], np.uint64))
    assert np.flatnonzero(chosen(0, 6, 4 / 6)).tolist() == [0, 1, 2, 3]


# -------------------------------------------------------------------- synapses


def test_the_resource_of_a_weight_by_hand():
    """w = -250 + 1000 W / (1 + W) is 0 from 249.5 on, at W = 249.5 / 750.5; it is 250 from W = 499.5 / 500.5 on."""
    rule = planned()[0].population("L").rule
    expected = [0, ceil(Fraction(2495, 7505) * ONE), ceil(Fraction(4995, 5005) * ONE)]
    found = resources_of(rule, np.array([-250, 0, 250]))
    assert found.tolist() == expected
    assert rule.weights(found).tolist() == [-250, 0, 250]
    assert rule.weights(found - 1).tolist()[1:] == [-1, 249]


def test_with_few_bits_it_is_that_of_the_nearest_weight():
    """Resources 0, 1, 2, 3 have the weights -250, 250, 417, 500."""
    rule = planned(resource_bits=3, resource_fraction=0)[0].population("L").rule
    asked = np.array([-250, -1, 0, 1, 333, 334, 459, 900])
    assert (resources_of(rule, asked) // ONE).tolist() == [0, 0, 0, 1, 1, 2, 3, 3]


def test_half_of_the_synapses_of_each_copy_have_weight_0_and_nothing_else_changes():
    plan, state = planned()
    kept = {key: value.copy() for key, value in state.items()}
    found = dead_synapses(plan, state, 0.5, seed=3)
    check_state(plan, found)
    same(state, kept)
    for copy in range(2):
        drawn = hashing.draw64(key_of(3, 0, copy, Draw.DEAD_SYNAPSES), np.arange(SIZE * INPUTS))
        dead = np.sort(np.argsort(drawn)[: SIZE * INPUTS // 2])
        before, after = weights(plan, state, copy), weights(plan, found, copy)
        assert (after[dead] == 0).all()
        alive = np.setdiff1d(np.arange(SIZE * INPUTS), dead)
        np.testing.assert_array_equal(found[f"{copy}/R->L/resource"][alive], state[f"{copy}/R->L/resource"][alive])
        assert (before[dead] != 0).all()
    others = [key for key in kept if "resource" not in key]
    same({key: found[key] for key in others}, {key: kept[key] for key in others})
    copies = [weights(plan, found, copy) == 0 for copy in range(2)]
    assert (copies[0] != copies[1]).any()


@given(st.lists(SHARES, min_size=2, max_size=2).map(sorted))
def test_the_dead_of_a_level_are_among_those_of_a_higher_one(shares):
    plan, state = planned()
    few, many = (dead_synapses(plan, state, share)["1/R->L/resource"] for share in shares)
    changed = few != state["1/R->L/resource"]
    np.testing.assert_array_equal(many[changed], few[changed])
    asleep = [dead_neurons(plan, state, share)["0/L/gate"] == EMPTY for share in shares]
    assert not (asleep[0] & ~asleep[1]).any()


def test_a_frozen_network_keeps_its_damage_and_its_thresholds_follow():
    """The threshold is the base threshold and half the positive weights, those of live synapses."""
    session = Session(network(), seed=1, engine="numba")
    session.engine.load(dead_synapses(session.plan, session.state(), 0.5, seed=1))
    session.proceed(200, freeze=0)
    dead = session.weights("R->L") == 0
    assert dead.sum() == SIZE * INPUTS // 2
    expected = 8531 + np.round(1000 * session.weights("R->L").clip(0)).sum(axis=0).astype(int) // 2
    np.testing.assert_array_equal(np.round(1000 * session.thresholds("L")), expected)


def test_resources_that_do_not_give_weight_0_are_refused():
    plan, state = planned(resource_bits=3, resource_fraction=0)
    with pytest.raises(ConfigError) as caught:
        dead_synapses(plan, state, 0.1)
    told = "no resource gives weight 0 between w_min -0.25 and w_max 0.75 with these bits"
    assert str(caught.value) == f"projection R->L: {told}"
    same(dead_synapses(plan, state, 0.0), state)


# --------------------------------------------------------------------- neurons


@pytest.mark.parametrize("engine", ["reference", "numba"])
def test_dead_neurons_never_fire_and_the_others_do(engine):
    session = Session(network(), seed=2, engine=engine, recording=Recording(("L",)))
    mark = session.bookmark()

    def fired(share):
        session.return_to(mark)
        session.engine.load(dead_neurons(session.plan, mark.state, share, seed=2))
        session.proceed(400, freeze=0)
        return [np.unique(session.spikes("L", copy)[:, 1]).tolist() for copy in range(2)]

    everyone = list(range(SIZE))
    assert fired(0.0) == [everyone, everyone]
    for copy, found in enumerate(fired(0.5)):
        drawn = hashing.draw64(key_of(2, 0, copy, Draw.DEAD_NEURONS), np.arange(SIZE))
        assert found == np.sort(np.argsort(drawn)[SIZE // 2 :]).tolist()
    assert fired(1.0) == [[], []]


def test_they_stay_dead_while_the_others_learn():
    session = Session(network(), seed=2, engine="numba", recording=Recording(("L",)))
    session.engine.load(dead_neurons(session.plan, session.state(), 0.5, seed=2))
    session.proceed(400)
    assert len(np.unique(session.spikes("L")[:, 1])) == SIZE // 2


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        (None, "population L: no incoming gating projection, expected one: dead neurons sleep"),
        (3.0, "population L: projection L->L would wake dead neurons"),
    ],
)
def test_neurons_that_cannot_sleep_for_good_are_refused(gate, message):
    plan, state = planned(gate=gate)
    with pytest.raises(ConfigError) as caught:
        dead_neurons(plan, state, 0.1)
    assert str(caught.value) == message


# ----------------------------------------------------------------------- noise


@pytest.mark.parametrize("level", [0.1, 1.0, 3.0])
def test_noise_on_weights_by_hand(level):
    """w + floor(level s z + 1/2), s the standard deviation of the copy's weights, held within -250 and 750."""
    plan, state = planned()
    found = noisy_weights(plan, state, level, seed=4)
    check_state(plan, found)
    for copy in range(2):
        before = weights(plan, state, copy).tolist()
        spread = statistics.pstdev(before)
        z = (normal(key_of(4, 0, copy, Draw.WEIGHT_NOISE), np.arange(len(before))) / 65536).tolist()
        # The highest resource, 2,047, has the weight 749.5, which is rounded up.
        noisy = [w + floor(level * spread * x + 0.5) for w, x in zip(before, z, strict=True)]
        expected = [min(max(w, -250), 750) for w in noisy]
        assert weights(plan, found, copy).tolist() == expected
    assert weights(plan, found).tolist() != weights(plan, state).tolist()


def test_a_weight_that_noise_leaves_keeps_its_resource():
    plan, state = planned()
    found = noisy_weights(plan, state, 0.001, seed=4)
    kept = weights(plan, found) == weights(plan, state)
    assert 0 < kept.sum() < len(kept)
    np.testing.assert_array_equal(found["0/R->L/resource"][kept], state["0/R->L/resource"][kept])


# ------------------------------------------------------------------------ both


def test_level_0_changes_nothing():
    plan, state = planned()
    same(Damage(seed=9).of(plan, state), state)
    sessions = [Session(network(), seed=1, engine="numba") for _ in range(2)]
    sessions[1].engine.load(Damage(seed=9).of(plan=sessions[1].plan, state=sessions[1].state()))
    assert len({session.run(200).digest for session in sessions}) == 1


def test_noise_comes_first_so_the_dead_stay_at_0():
    plan, state = planned()
    found = Damage(0.5, 0.5, 0.5, seed=6).of(plan, state)
    assert (weights(plan, found) == 0).sum() >= SIZE * INPUTS // 2
    expected = dead_neurons(plan, dead_synapses(plan, noisy_weights(plan, state, 0.5, 6), 0.5, 6), 0.5, 6)
    same(found, expected)


@given(st.floats(0, 100), SHARES, SHARES, st.sampled_from([{}, {"weight_bits": 4}, {"weight_bits": 2}]))
def test_a_damaged_state_is_a_legal_state(noise, synapses, neurons, bits):
    plan, state = planned(**bits)
    found = Damage(noise, synapses, neurons, seed=1).of(plan, state)
    check_state(plan, found, 0)
    assert not list(wrong_values(plan, found, 0))


def test_engines_agree_on_a_damaged_network():
    found = []
    for engine in ("reference", "numba"):
        session = Session(network(), seed=1, engine=engine, recording=Recording(("L",)))
        session.engine.load(Damage(0.3, 0.3, 0.3, seed=1).of(session.plan, session.state()))
        result = session.run(300, freeze=0)
        assert len(session.spikes("L")) > 20
        found.append((result.digest, session.spikes("L", 0).tolist(), session.spikes("L", 1).tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dead_synapses": 1.1}, "dead_synapses: 1.1 is out of range, expected 0 to 1"),
        ({"dead_neurons": -0.1}, "dead_neurons: -0.1 is out of range, expected 0 to 1"),
        ({"dead_neurons": float("nan")}, "dead_neurons: nan is out of range, expected 0 to 1"),
        ({"weight_noise": float("inf")}, "weight_noise: inf is out of range, expected 0 to 100"),
        ({"weight_noise": "much"}, "weight_noise: 'much' is out of range, expected 0 to 100"),
        ({"dead_synapses": True}, "dead_synapses: True is out of range, expected 0 to 1"),
        ({"seed": -1}, "seed: expected a whole number, 0 to"),
    ],
)
def test_values_out_of_range_are_one_line(values, message):
    with pytest.raises(ConfigError) as caught:
        Damage(**values)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("call", [dead_synapses, dead_neurons, noisy_weights])
def test_each_function_checks_for_itself(call):
    plan, state = planned()
    with pytest.raises(ConfigError, match=r"out of range"):
        call(plan, state, 101.0)
    with pytest.raises(ConfigError, match=r"seed: expected"):
        call(plan, state, 0.5, -1)
    silent = Network(populations=[{"name": "A", "size": 2}], copies=1)
    fixed = build(silent, input_sizes={}, seed=0)
    with pytest.raises(ConfigError) as caught:
        call(fixed, initial_state(fixed), 0.5)
    assert str(caught.value) == "the network has no plastic projection, expected one that can be damaged"
