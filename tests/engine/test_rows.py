"""Sums of weight rows, and the look ahead over several steps, in networks wider than a cache line."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.engine.cpu import tables as k
from colanet.engine.cpu.rows import add_rows, subtract_rows
from colanet.engine.numba_engine import NumbaEngine, aligned
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build

from .networks import random_input
from .test_equality import assert_same_state, run


@numba.njit
def added(total, weight, sources, middle, origin, stride, lines, most):
    """What kernels do with these functions; Python cannot call them."""
    add_rows(total, weight, sources, 0, middle, origin, stride, lines, most)
    subtract_rows(total, weight, sources, middle, len(sources), origin, stride, lines, most)


def some_rows(rng, largest, stride, first):
    """50 rows of random weights of at most `largest` in size."""
    weight = aligned(50 * stride + 64, np.int16)
    weight[:] = rng.integers(-largest, largest + 1, len(weight))
    return weight, weight[first : first + 50 * stride].reshape(50, stride)


@given(
    st.integers(0, 2**32), st.sampled_from([1, 2, 3, 5]), st.integers(0, 70), st.integers(0, 70),
    st.sampled_from([1, 7, 191, 32767]),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_row_sums(seed, lines, more, less, most):
    rng = np.random.default_rng(seed)
    stride, first = 6 * k.ROW_ALIGN, 32
    weight, rows = some_rows(rng, 32767 // most, stride, first)
    sources = rng.integers(0, 50, more + less).astype(np.int32)
    sums = aligned(lines * k.ROW_ALIGN, np.int32)
    sums[:] = before = rng.integers(-(2**20), 2**20, len(sums))
    added(sums, weight, sources, more, first, stride, lines, most)
    used = rows[sources, : len(sums)].astype(np.int64)
    np.testing.assert_array_equal(sums, before + used[:more].sum(axis=0) - used[more:].sum(axis=0))


def wide(size: int, nodes: int = 70, resource=(0.2, 1.5), **rule) -> Network:
    """One learning population of ten columns, rewarded by noise, whose weights change during the input."""
    return Network.model_validate(
        {
            "copies": 1,
            "inputs": [
                {"name": "R", "kind": "noise", "size": nodes},
                {"name": "T", "kind": "noise", "size": size},
            ],
            "populations": [
                {
                    "name": "L", "size": size, "columns": 10, "winner_take_all": True, "tau_m": 5,
                    "noise_amplitude": 6.0, "hebbian_rate": -0.2, "isi_max": 4, "dopamine_window": 10,
                    "stability_rate": 0.01, "w_min": -0.3, "w_max": 0.9, "threshold_weight_factor": 0.05,
                    "virtual_synapses": 5, **rule,
                }
            ],
            "projections": [
                {"source": "R", "target": "L", "kind": "plastic", "connection": "all_to_all", "delay": 2,
                 "initial_resource": {"uniform": list(resource)}},
                {"source": "L", "target": "L", "kind": "gating", "connection": "within_columns", "weight": -4},
                {"source": "T", "target": "L", "kind": "reward", "connection": "one_to_one", "weight": 0.3},
            ],
        }
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("size", [30, 150, 200, 450])
@pytest.mark.parametrize("rule", [{}, {"presynaptic_rate": 0.02, "presynaptic_period": 7}])
@pytest.mark.parametrize("rate", [0.03, 0.3])
def test_looking_ahead_changes_nothing(size, rule, rate):
    assert_equal(wide(size, **rule), 130, rate, 100)


@pytest.mark.parametrize("resource", [(0.2, 1.5), (3.5, 4.5), (2046.0, 2046.9)])
@pytest.mark.parametrize("rule", [{}, {"w_max": 32.767}])
def test_many_at_once_is_one_by_one(resource, rule):
    """Resources that leave the table or saturate, and weights of which few fit into a sum of int16."""
    assert_equal(wide(30, 200, resource, **rule), 60, 0.1, 20)


def assert_equal(network: Network, stop: int, rate: float, least: int) -> None:
    """Both engines agree over a run of which the last ten steps do not learn; with more spikes than `least`."""
    plan = build(network, seed=5)
    inputs = random_input(plan, stop, 9, rate)
    reference, compiled = ReferenceEngine(plan), NumbaEngine(plan)
    expected = run(reference, inputs, [0, stop], stop - 10, [0])
    found = run(compiled, inputs, [0, 37, stop], stop - 10, [0])
    np.testing.assert_array_equal(expected[0][0], found[0][0])
    assert len(expected[0][0]) > least, "too few spikes to test anything"
    assert_same_state(reference.state(), compiled.state())
