"""The variables of a state: worked out by hand for a small network, and as the page of the model shows them."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from colanet.config.model import Network
from colanet.plan import build
from colanet.plan.variables import (
    NEURONS,
    PLASTIC,
    initial_state,
    key_of,
    neurons_of,
    plastic_of,
    state_bytes,
    wrong_values,
)

ROOT = Path(__file__).resolve().parents[2]
NEVER, AWAKE, HALF = -(2**31), 2**30, 2**19

NETWORK = {
    "copies": 2,
    "inputs": [{"name": "R", "kind": "noise", "size": 3, "steps": 9}],
    "populations": [
        {"name": "M", "size": 2, "memory": 9},
        {"name": "L", "size": 5, "tau_m": 2, "hebbian_window": 3, "dopamine_window": 10, "w_max": 1},
    ],
    "projections": [
        {"source": "R", "target": "L", "kind": "plastic", "connection": "all_to_all", "initial_resource": 0.5},
        {"source": "M", "target": "L", "kind": "gating", "connection": "one_to_one", "weight": 4},
    ],
}
"""L looks back 10 steps, and 31 more are for delays and the present one: 41, so that a ring has 64 rows.
Two neurons of M reach L 0 and 1, 2 and 3; L 4 is left over. L has 3 x 5 plastic synapses."""

RING = 64
BY_HAND = {
    "M/potential": (np.int32, [0, 0]),
    "M/ramp": (np.int32, [0, 0]),
    "M/gate": (np.int32, [AWAKE, AWAKE]),
    "M/spikes": (np.uint8, np.zeros((RING, 2))),
    "M/memory_end": (np.int64, [NEVER, NEVER]),
    "M/memory_next": (np.int64, [NEVER, NEVER]),
    "L/potential": (np.int32, [0, 0, 0, 0, 0]),
    "L/ramp": (np.int32, [0, 0, 0, 0, 0]),
    "L/gate": (np.int32, [0, 0, 0, 0, AWAKE]),
    "L/spikes": (np.uint8, np.zeros((RING, 5))),
    "L/awake": (np.uint8, np.zeros((RING, 5))),
    "L/stability": (np.int64, [0, 0, 0, 0, 0]),
    "L/debt": (np.int64, [0, 0, 0, 0, 0]),
    "L/virtual": (np.int64, [0, 0, 0, 0, 0]),
    "L/sequence_start": (np.int64, [NEVER] * 5),
    "L/last_spike": (np.int64, [NEVER] * 5),
    "L/forced": (np.uint8, [0, 0, 0, 0, 0]),
    "R->L/resource": (np.int32, [HALF] * 15),
    "R->L/contributes": (np.uint8, [0] * 15),
}


@pytest.fixture(scope="module")
def plan():
    return build(Network.model_validate(NETWORK))


# ------------------------------------------------------------------ the beginning


def test_the_initial_state_by_hand(plan):
    state = initial_state(plan)
    assert list(state) == [f"{copy}/{key}" for copy in range(2) for key in BY_HAND]
    for copy in range(2):
        for key, (dtype, values) in BY_HAND.items():
            found = state[f"{copy}/{key}"]
            assert found.dtype == dtype, key
            np.testing.assert_array_equal(found, values, err_msg=key)


def test_the_initial_state_of_some_copies(plan):
    whole, one = initial_state(plan), initial_state(plan, [1])
    assert list(one) == [key for key in whole if key.startswith("1/")]
    assert all(np.array_equal(array, whole[key]) for key, array in one.items())


def test_the_bytes_by_hand(plan):
    # M: three int32 and two int64 a neuron, a ring of 64; L: three int32, five int64 and a byte, two rings of 64.
    m, learner, synapses = 2 * (3 * 4 + 2 * 8 + 64), 5 * (3 * 4 + 5 * 8 + 1 + 2 * 64), 15 * (4 + 1)
    assert state_bytes(plan) == m + learner + synapses == 184 + 905 + 75
    assert 2 * state_bytes(plan) == sum(array.nbytes for array in initial_state(plan).values())


def test_a_view_has_the_arrays_of_the_state(plan):
    state = initial_state(plan)
    m, learner = (neurons_of(state, population, 1) for population in plan.populations)
    learner.potential[3] = 7
    plastic_of(state, plan.projections[0], 1).resource[14] = 5
    assert state["1/L/potential"].tolist() == [0, 0, 0, 7, 0]
    assert state["1/R->L/resource"][13:].tolist() == [HALF, 5]
    assert state["0/L/potential"].tolist() == [0] * 5
    assert learner.virtual_resource is state["1/L/virtual"]
    assert len(m.memory_end) == 2
    assert len(m.stability) == len(learner.memory_end) == 0


# ------------------------------------------------------------------- wrong values


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("1/L/potential", -(2**30) - 1, f"1/L/potential holds {-(2**30) - 1}, expected -{2**30} to {2**30}"),
        ("0/M/gate", 0, f"0/M/gate holds 0, expected {AWAKE}"),
        ("0/L/gate", AWAKE + 1, f"0/L/gate holds {AWAKE + 1}, expected -{AWAKE} to {AWAKE}"),
        ("0/M/ramp", 3, "0/M/ramp holds 3, expected 0"),
        ("0/L/last_spike", 30, f"0/L/last_spike holds 30, expected 0 to 29 or {NEVER} (never)"),
        ("0/L/sequence_start", -1, f"0/L/sequence_start holds -1, expected 0 to 29 or {NEVER} (never)"),
        ("0/M/memory_next", -2, f"0/M/memory_next holds -2, expected 0 to {2**62} or {NEVER} (never)"),
        ("1/R->L/contributes", 2, "1/R->L/contributes holds 2, expected 0 to 1"),
        ("1/R->L/resource", 2**31 - 1, f"1/R->L/resource holds {2**31 - 1}, expected -2146435071 to 2146435071"),
    ],
)
def test_a_wrong_value_is_one_line(plan, key, value, line):
    state = initial_state(plan)
    state[key].flat[-1] = value
    assert list(wrong_values(plan, state, 30)) == [line]


def test_every_wrong_array_has_its_line(plan):
    state = initial_state(plan)
    state["0/L/forced"][:2] = 8, 9
    state["1/L/stability"][0] = -(2**62) - 1
    assert list(wrong_values(plan, state, 30)) == [
        "0/L/forced holds 8, expected 0 to 1",
        f"1/L/stability holds {-(2**62) - 1}, expected -{2**62} to {2**62}",
    ]


def test_times_that_are_legal(plan):
    state = initial_state(plan)
    state["0/L/last_spike"][:] = 0, 29, NEVER, 5, 6
    assert list(wrong_values(plan, state, 30)) == []
    state["0/L/last_spike"][1] = 2**61 - 2  # the last step there is
    assert list(wrong_values(plan, state, None)) == []


def test_nothing_fired_before_step_0(plan):
    state = initial_state(plan)
    state["0/M/spikes"][30, 0] = 1
    assert list(wrong_values(plan, state, 31)) == []  # row 30 is step 30
    assert list(wrong_values(plan, state, 30)) == ["0/M/spikes holds spikes before step 0"]  # or step -34


def test_a_learner_that_nothing_can_gate_was_always_awake():
    network = {**NETWORK, "copies": 1, "projections": NETWORK["projections"][:1]}
    plan = build(Network.model_validate(network))
    state = initial_state(plan)
    state["0/L/awake"][:30] = 1
    assert list(wrong_values(plan, state, 30)) == []
    state["0/L/awake"][29, 4] = 0
    assert list(wrong_values(plan, state, 30)) == ["0/L/awake holds 0, expected 1: no gating synapse ends there"]


# ----------------------------------------------------------------------- the page


def test_the_page_of_the_model_has_the_table():
    """`python -m colanet.plan.variables` prints what stands between the marks, one row a variable."""
    page = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"<!-- variables -->\n\n(.*?)\n\n<!-- end -->", page, re.DOTALL)
    command = [sys.executable, "-m", "colanet.plan.variables"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert shown == done.stdout.rstrip("\n"), f"put the output of {' '.join(command[1:])} into docs/model.md"
    assert re.findall(r"^\| `(\w+)`", shown, re.MULTILINE) == [v.key for v in (*NEURONS, *PLASTIC)]


def test_only_what_is_0_or_1_a_synapse_is_held_as_bits():
    assert [v.name for v in (*NEURONS, *PLASTIC) if v.bits] == ["contributes"]


def test_a_projection_may_lack_a_variable():
    plan = build(Network.model_validate(NETWORK))
    projection = next(p for p in plan.projections if p.kind == "plastic")
    state = initial_state(plan)
    del state[key_of(projection, PLASTIC[1], 0)]
    assert plastic_of(state, projection, 0).contributes.size == 0
