"""Sums of weight rows, and the look ahead over several steps, in networks wider than a cache line."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.engine.cpu import tables as k
from colanet.engine.cpu.rows import add_rows, move_rows, sum_often
from colanet.engine.numba_engine import NumbaEngine, aligned
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build

from .networks import random_input
from .test_equality import assert_same_state, run


@numba.njit
def added(total, weight, sources, origin, stride, lines, most):
    """What kernels do with `add_rows`; Python cannot call it."""
    add_rows(total, weight, sources, 0, len(sources), origin, stride, lines, most)


@numba.njit
def moved(total, often, weight, frequent, others, ptr, low, origin, stride, lines):
    sum_often(often, weight, frequent, 0, len(frequent), origin, stride, lines)
    move_rows(total, often, weight, others, ptr, low, origin, stride, lines)


def some_rows(rng, largest, stride, first):
    """50 rows of random weights of at most `largest` in size."""
    weight = aligned(50 * stride + 64, np.int16)
    weight[:] = rng.integers(-largest, largest + 1, len(weight))
    return weight, weight[first : first + 50 * stride].reshape(50, stride)


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 70), st.sampled_from([1, 7, 191, 32767]))
@settings(max_examples=80, deadline=None)
def test_row_sums(seed, lines, spikes, most):
    rng = np.random.default_rng(seed)
    stride, first = 4 * k.ROW_ALIGN, 32
    weight, rows = some_rows(rng, 32767 // most, stride, first)
    sources = rng.integers(0, 50, spikes).astype(np.int32)
    sums = aligned(lines * k.ROW_ALIGN, np.int32)
    sums[:] = before = rng.integers(-(2**20), 2**20, len(sums))
    added(sums, weight, sources, first, stride, lines, most)
    np.testing.assert_array_equal(sums, before + rows[sources, : len(sums)].sum(axis=0, dtype=np.int64))


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 40), st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=80, deadline=None)
def test_frequent_rows_are_added_once(seed, lines, many, besides, missing):
    """Sums far beyond int16 on the way; the last one is told by what it can be."""
    rng = np.random.default_rng(seed)
    stride, first, missing = 4 * k.ROW_ALIGN, 32, min(missing, many)
    spikes = many + besides - missing
    largest = min(65535 // max(2 * spikes, 1), 32767)
    weight, rows = some_rows(rng, largest, stride, first)
    frequent = rng.permutation(50)[:many].astype(np.int32)
    more, less = rng.integers(0, 50, besides), frequent[:missing]
    ptr = np.array([3, 3 + besides, 3 + besides + missing])
    others = np.concatenate([[0, 0, 0], more, less]).astype(np.int32)
    sums, often = aligned(lines * k.ROW_ALIGN, np.int32), aligned(lines * k.ROW_ALIGN, np.int16)
    moved(sums, often, weight, frequent, others, ptr, -spikes * largest, first, stride, lines)
    used = np.concatenate([frequent[missing:], more])
    np.testing.assert_array_equal(sums, rows[used, : len(sums)].sum(axis=0, dtype=np.int64))


def wide(size: int, **rule) -> Network:
    """One learning population of ten columns, rewarded by noise, whose weights change during the input."""
    return Network.model_validate(
        {
            "copies": 1,
            "inputs": [
                {"name": "R", "kind": "noise", "size": 70},
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
                 "initial_resource": {"uniform": [0.2, 1.5]}},
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
    plan = build(wide(size, **rule), seed=5)
    inputs = random_input(plan, 130, 9, rate)
    reference, compiled = ReferenceEngine(plan), NumbaEngine(plan)
    expected = run(reference, inputs, [0, 130], 120, [0])
    found = run(compiled, inputs, [0, 37, 130], 120, [0])
    np.testing.assert_array_equal(expected[0][0], found[0][0])
    assert len(expected[0][0]) > 100, "too few spikes to test anything"
    assert_same_state(reference.state(), compiled.state())
