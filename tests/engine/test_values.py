"""A loaded state is refused, or every engine runs it alike: no value leads a kernel astray."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colanet import Session
from colanet.config.model import Network
from colanet.engine.base import check_state
from colanet.engine.cuda import shim
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.cupy_engine import CupyEngine
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.errors import BackendUnavailable, CheckpointError
from colanet.plan import build
from colanet.units import AWAKE, NEVER, POTENTIAL_LIMIT, RESOURCE_LIMIT

from .networks import networks, random_input
from .test_equality import assert_same_state

SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}
EDGES = [0, 1, -1, 2, 255, 5000, 2**30, -(2**30), 2**31 - 1, -(2**31), 2**43, 2**62, -(2**62), 2**63 - 1, -(2**63)]
LEARNER = {
    "inputs": [{"name": "R", "kind": "noise", "size": 8, "noise": 0.5, "steps": 100}],
    "populations": [
        {
            "name": "L", "size": 4, "columns": 2, "noise_amplitude": 6, "tau_m": 5, "w_max": 9, "w_min": -0.1,
            "hebbian_rate": -0.1, "isi_max": 3, "memory": 9,
        },
        {"name": "G", "size": 1},
    ],
    "projections": [
        {"source": "R", "target": "L", "kind": "plastic", "connection": "all_to_all", "initial_resource": 4},
        {"source": "R", "target": "G", "kind": "gating", "connection": "all_to_all", "weight": -3},
    ],
}  # fmt: skip


def learner():
    return build(Network.model_validate(LEARNER))


@pytest.mark.slow
@given(networks(), st.integers(0, 2**32), st.sampled_from([1, 20, 70]), st.sampled_from(EDGES), st.data())
@settings(max_examples=150, **SLOW)
def test_a_changed_value_is_refused_or_all_engines_agree(network, seed, now, value, data):
    plan = build(network, seed=seed)
    stop = now + 40
    inputs = random_input(plan, stop, seed)
    engine = NumbaEngine(plan)
    engine.run(inputs, 0, now, freeze=stop)
    state = engine.state()
    check_state(plan, state, now)
    array = state[data.draw(st.sampled_from(sorted(state)))]
    if array.size:
        place = data.draw(st.integers(0, array.size - 1))
        array.flat[place] = np.array(value % 2**64, dtype=np.uint64).astype(array.dtype)
    try:
        check_state(plan, state, now)
    except CheckpointError as error:
        assert "the state is damaged, or of other precision: " in str(error)
        assert "\n" not in str(error)
        return
    found = []
    for made in (ReferenceEngine(plan), engine):
        made.load(state)
        made.run(inputs, now, stop, freeze=stop)
        found.append(made.state())
    assert_same_state(*found)


@given(networks(), st.integers(0, 2**32), st.sampled_from(EDGES), st.data())
@settings(max_examples=30, **SLOW)
def test_the_same_on_a_gpu(network, seed, value, data):
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    plan = build(network, seed=seed)
    inputs = random_input(plan, 70, seed)
    numba, cuda = NumbaEngine(plan), CupyEngine(plan, backend=ShimBackend())
    numba.run(inputs, 0, 40, freeze=70)
    state = numba.state()
    array = state[data.draw(st.sampled_from(sorted(state)))]
    if array.size:
        place = data.draw(st.integers(0, array.size - 1))
        array.flat[place] = np.array(value % 2**64, dtype=np.uint64).astype(array.dtype)
    try:
        check_state(plan, state, 40)
    except CheckpointError:
        return
    for made in (numba, cuda):
        made.load(state)
        made.run(inputs, 40, 70, freeze=70)
    assert_same_state(numba.state(), cuda.state())


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("0/L/last_spike", -(2**63), f"expected 0 to 49 or {NEVER} (never)"),
        ("0/L/last_spike", 50, "holds 50, expected 0 to 49"),
        ("0/L/sequence_start", 2**40, "expected 0 to 49"),
        ("0/L/potential", POTENTIAL_LIMIT + 1, f"holds {POTENTIAL_LIMIT + 1}, expected -{POTENTIAL_LIMIT} to"),
        ("0/L/ramp", 1, "holds 1, expected 0"),
        ("0/L/gate", 3, f"holds 3, expected {AWAKE}"),
        ("0/G/gate", -AWAKE - 1, f"expected -{AWAKE} to {AWAKE}"),
        ("0/L/awake", 2, "holds 2, expected 0 to 1"),
        ("0/L/awake", 0, "holds 0, expected 1: no gating synapse ends there"),
        ("0/L/spikes", 2, "holds 2, expected 0 to 1"),
        ("0/L/forced", 9, "holds 9, expected 0 to 1"),
        ("0/L/memory_next", -5, "holds -5, expected 0 to"),
        ("0/L/memory_end", 2**62 + 1, "expected 0 to 4611686018427387904 or"),
        ("0/L/stability", -(2**63), "holds -9223372036854775808, expected"),
        ("0/L/debt", 2**62, "holds 4611686018427387904, expected"),
        ("0/R->L/resource", -(2**31), f"expected -{RESOURCE_LIMIT} to {RESOURCE_LIMIT}"),
        ("0/R->L/contributes", 7, "holds 7, expected 0 to 1"),
    ],
)
def test_the_line_names_array_and_value(key, value, says):
    plan = learner()
    engine = NumbaEngine(plan)
    engine.run(random_input(plan, 50, 1, base=-plan.history), 0, 50, freeze=50)
    state = engine.state()
    check_state(plan, state, 50)
    state[key].flat[state[key].size // 2] = value
    with pytest.raises(CheckpointError) as caught:
        check_state(plan, state, 50)
    assert str(caught.value).startswith(f"the state is damaged, or of other precision: {key} ")
    assert says in str(caught.value)


def test_spikes_before_the_first_step_are_refused():
    plan = learner()
    state = NumbaEngine(plan).state()
    check_state(plan, state, 0)
    state["0/L/spikes"][-1, 0] = 1
    with pytest.raises(CheckpointError, match="0/L/spikes holds spikes before step 0"):
        check_state(plan, state, 0)
    check_state(plan, state)  # at an unknown time it may be an honest spike


@pytest.mark.parametrize(
    ("key", "value"), [("0/L/last_spike", -(2**63)), ("0/L/sequence_start", 10**9), ("0/L/gate", 5)]
)
def test_a_file_with_such_a_value_is_one_line(tmp_path, key, value):
    """A last spike before all time made a kernel read before the beginning of its input."""
    session = Session(Network.model_validate(LEARNER), engine="numba")
    session.run()
    path = tmp_path / "s.h5"
    session.save(path)
    with h5py.File(path, "r+") as file:
        file[key][0] = value
    other = Session(Network.model_validate(LEARNER), engine="numba")
    with pytest.raises(CheckpointError) as caught:
        other.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
