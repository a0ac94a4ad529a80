"""Sums of weight rows, and the look ahead over several steps, in networks wider than a cache line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet.config.model import Network
from colanet.engine.cpu import tables as k
from colanet.engine.cpu.arrivals import add_rows
from colanet.engine.numba_engine import NumbaEngine, aligned
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build

from .networks import random_input
from .test_equality import assert_same_state, run


@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(0, 70), st.sampled_from([1, 7, 191, 32767]))
@settings(max_examples=80, deadline=None)
def test_row_sums(seed, lines, spikes, most):
    rng = np.random.default_rng(seed)
    stride, first = 4 * k.ROW_ALIGN, 32
    largest = 32767 // most
    weight = aligned(50 * stride + 64, np.int16)
    weight[:] = rng.integers(-largest, largest + 1, len(weight))
    sources = rng.integers(0, 50, spikes).astype(np.int32)
    sums = aligned(lines * k.ROW_ALIGN, np.int32)
    sums[:] = before = rng.integers(-(2**20), 2**20, len(sums))
    add_rows(sums, weight, sources, first, stride, lines, most)
    rows = weight[first : first + 50 * stride].reshape(50, stride)[sources, : len(sums)]
    np.testing.assert_array_equal(sums, before + rows.sum(axis=0, dtype=np.int64))


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
