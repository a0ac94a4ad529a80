"""Fixed point: numbers by hand, bounds and monotony, and errors that name the value."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.errors import ConfigError
from colanet.plan import build
from colanet.plan.fixed import fixmul, resource_of_zero_weight, scale_table, weight_of
from colanet.units import MILLI, ONE, PLASTIC_WEIGHT, RESOURCE_LIMIT, SCALE_Q, SCALE_STEPS

W_MIN = st.integers(-32767, 0)
W_MAX = st.integers(1, 32767)
RESOURCE = st.integers(-RESOURCE_LIMIT, RESOURCE_LIMIT)


def weight(resource: int, w_min: int, w_max: int) -> int:
    return int(weight_of(np.array([resource], dtype=np.int32), w_min, w_max)[0])


# ------------------------------------------------------------------- resources


@pytest.mark.parametrize(
    ("w_min", "w_max", "expected"),
    [(-1.5738, 1.22068, 3.603), (-0.7, 0.864249, 1.267), (-1.63411, 1.71388, 3.192)],
)
def test_resource_of_weight_zero(w_min, w_max, expected):
    resource = resource_of_zero_weight(w_min, w_max)
    assert resource == pytest.approx(expected, abs=5e-4)
    low, high = round(w_min * MILLI), round(w_max * MILLI)
    assert weight(round(resource * ONE), low, high) == 0


def test_weights_by_hand():
    # w = wmin + span W / (span + W), span = 3: W = 0, 1, 3 (half way), 9, and far out.
    for resource, expected in ((0, -1000), (1, -250), (3, 500), (9, 1250)):
        assert weight(resource * ONE, -1000, 2000) == expected
    assert weight(-5 * ONE, -1000, 2000) == -1000  # negative resource counts as none


def test_weights_are_rounded_to_nearest():
    # span = 1: W = 0.3/99.7 gives 0.3/100 = 3 thousandths exactly; W = 1/3 gives 250.
    assert weight(round(ONE / 3), 0, 1000) == 250
    # span W / (span + W) = 1000/1001 of a thousandth: nearest is 1, truncation would give 0.
    assert weight(ONE // 1000, 0, 1000) == 1


@given(W_MIN, W_MAX, RESOURCE, RESOURCE)
def test_weights_are_monotone_and_bounded(w_min, w_max, one, other):
    low, high = sorted((one, other))
    left, right = weight(low, w_min, w_max), weight(high, w_min, w_max)
    assert w_min <= left <= right <= w_max


@given(W_MIN, W_MAX, st.integers(0, RESOURCE_LIMIT))
def test_weights_are_the_nearest_integer(w_min, w_max, resource):
    span = Fraction(w_max - w_min, MILLI)
    value = Fraction(resource, ONE)
    exact = w_min + MILLI * span * value / (span + value)
    # The span itself is rounded to 2^-20, which moves a weight by less than a thousandth of its unit.
    assert abs(weight(resource, w_min, w_max) - exact) <= Fraction(501, 1000)


def test_a_negative_resource_gives_the_smallest_weight():
    resources = np.array([-RESOURCE_LIMIT, -ONE, -1, 0], dtype=np.int32)
    assert weight_of(resources, -700, 864).tolist() == [-700] * 4
    assert weight_of(resources, -700, 864).dtype == np.int16


# ---------------------------------------------------------------- scale, products


def test_scale_table():
    table = scale_table()
    assert table.shape == (SCALE_STEPS,)
    assert table.dtype == np.int64
    assert table[0] == 1 << SCALE_Q
    assert table[SCALE_STEPS // 2] == round(2**0.5 * (1 << (SCALE_Q - 1)))
    assert (np.diff(table) < 0).all()
    np.testing.assert_allclose(table, 2.0 ** (SCALE_Q - np.arange(SCALE_STEPS) / SCALE_STEPS), atol=0.51)
    # The next entry would be 2^29, the first of the next whole number.
    assert table[-1] > 1 << (SCALE_Q - 1)


@given(st.integers(-(2**40), 2**40), st.integers(-(2**30), 2**30))
def test_products_are_symmetric_and_truncated(a, b):
    assert fixmul(-a, b) == -fixmul(a, b) == fixmul(a, -b)
    exact = Fraction(a * b, ONE)
    assert abs(fixmul(a, b)) <= abs(exact) < abs(fixmul(a, b)) + 1


# --------------------------------------------------------------------- overflows


def test_rounding_is_half_to_even():
    assert [PLASTIC_WEIGHT.fixed(v, "") for v in (0.0005, 0.0015, -0.0005, 8.531)] == [0, 2, 0, 8531]


def test_limits_are_inclusive():
    assert PLASTIC_WEIGHT.fixed(32.767, "w") == 32767
    message = r"w: 32\.768 is out of range: plastic weights are at most 32\.767 in size"
    with pytest.raises(ConfigError, match=message):
        PLASTIC_WEIGHT.fixed(32.768, "w")


def small(population=None, projection=None):
    return Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 4}],
            "populations": [{"name": "L", "size": 2, "w_max": 1.0, **(population or {})}],
            "projections": [{"source": "R", "target": "L", "kind": "plastic", **(projection or {})}],
        }
    )


FIXED = {"kind": "fixed", "connection": "all_to_all"}


@pytest.mark.parametrize(
    ("population", "projection", "named"),
    [
        ({"w_max": 33.0}, {}, r"population L: w_max: 33 "),
        ({"w_min": -40.5}, {}, r"population L: w_min: -40\.5 "),
        ({"noise_amplitude": 70.0}, {}, r"population L: noise_amplitude: 70 "),
        ({"hebbian_rate": 1e6}, {}, r"population L: hebbian_rate: 1000000 "),
        ({"stability_rate": -1e9}, {}, r"population L: stability_rate: -1000000000 "),
        ({"threshold_weight_factor": 5000.0}, {}, r"population L: threshold_weight_factor: 5000 "),
        ({"threshold_increment": 2e6, "threshold_decay": 3}, {}, r"population L: threshold_increment: 2000000 "),
        ({"min_potential": -1e9}, {}, r"population L: min_potential: -1000000000 "),
        ({"presynaptic_rate": 1e4, "presynaptic_period": 3}, {}, r"population L: presynaptic_rate: 10000 "),
        ({}, {**FIXED, "weight": 1e8}, r"projection R->L: weight: 100000000 "),
        ({}, {**FIXED, "weight": 300_000}, r"population L: its incoming weights could add up to 1200000 "),
        ({}, {"kind": "reward", "weight": 3000}, r"projection R->L: weight: 3000 "),
        ({}, {"kind": "gating", "weight": 2**31}, r"projection R->L: weight: 2147483648 "),
        ({"hebbian_window": 1000, "tau_m": 10}, {}, r"population L: hebbian_window: .*10000\.0 steps"),
    ],
)
def test_overflow_names_the_value(population, projection, named):
    with pytest.raises(ConfigError, match=named):
        build(small(population, projection))


def test_overflow_of_a_resource_names_the_value():
    plan = build(small(projection={"initial_resource": 5000.0}))
    with pytest.raises(ConfigError, match=r"projection R->L: initial_resource: 5000 is out of range"):
        plan.resources(0, 0)


def test_all_overflows_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        build(small({"w_max": 33.0, "w_min": -40.0, "noise_amplitude": 99.0}))
    assert len(caught.value.problems) == 3
