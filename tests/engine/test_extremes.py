"""Networks at the edges of what is accepted: engines agree, and no integer leaves its type."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from colanet.config.model import Network
from colanet.engine.base import InputSpikes
from colanet.engine.cuda import shim
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.cuda.tables import check_plans
from colanet.engine.cupy_engine import CupyEngine
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.errors import BackendUnavailable, ConfigError
from colanet.plan import build
from colanet.units import NEVER, ONE, RAMP_LIMIT, STABILITY_LIMIT, STEP_LIMIT

from .networks import networks, random_input
from .test_equality import assert_same_state

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
LARGE = [1e-6, 0.001, 1.0, 32.767, 900.0, 1000.0]
POPULATION = {
    "bias": st.sampled_from([-1e6, -1e5, 1e5, 1e6]),
    "noise_amplitude": st.sampled_from([32.767, 32.768, 65.535]),
    "threshold_weight_factor": st.sampled_from(LARGE),
    "threshold_increment": st.sampled_from([0.001, 1e6]),
    "min_potential": st.sampled_from([-1e6, -0.001, 0.0]),
    "memory_period": st.sampled_from([1, 2**31 - 1]),
    "reset_period": st.sampled_from([1, 2**31 - 1]),
    "tau_m": st.sampled_from([1, 2**20, "INFINITY"]),
}
RULE = {
    "hebbian_rate": st.sampled_from([-1000.0, 1000.0, 1e-6]),
    "stability_rate": st.sampled_from([-1000.0, 1000.0, 1e-6]),
    "presynaptic_rate": st.sampled_from([-1000.0, 1000.0]),
    "w_min": st.sampled_from([-32.767, -0.001]),
    "w_max": st.sampled_from([0.001, 32.767]),
    "virtual_synapses": st.sampled_from([-1, 0, 1, 2**24]),
    "isi_max": st.sampled_from([0, 1, 40]),
}


@st.composite
def extreme_networks(draw) -> Network:
    """A network that uses every feature, some of its numbers moved to the edge."""
    described = draw(networks()).model_dump()
    described["copies"] = 1
    plastic = {p["target"] for p in described["projections"] if p["kind"] == "plastic"}
    for population in described["populations"]:
        own = population["name"] in plastic
        edges = POPULATION | RULE if own else POPULATION
        for name in draw(st.lists(st.sampled_from(sorted(edges)), max_size=5, unique=True)):
            population[name] = draw(edges[name])
        population["threshold_decay"] = draw(st.sampled_from([1, 30, 2**31 - 1]))
        population["presynaptic_period"] = draw(st.sampled_from([1, 7]))
        population["reset_phase"] = 0
        if own and {population["w_min"], population["w_max"]} & {-32.767, 32.767}:
            population.pop("weight_bits", None)  # the step next to such a bound may lie beyond 16 bits
        if own and (population["tau_m"] == "INFINITY" or population["tau_m"] * population["hebbian_window"] > 40):
            population["tau_m"], population["hebbian_window"] = 2**20, 20 / 2**20
    for projection in described["projections"]:
        if projection["kind"] == "fixed" and draw(st.booleans()):
            projection["weight"] = draw(st.sampled_from([-5e4, 0.001, 5e4]))
        elif projection["kind"] == "gating" and draw(st.booleans()):
            projection["weight"] = draw(st.sampled_from([-(2**20), 2**20]))
        elif projection["kind"] == "reward" and draw(st.booleans()):
            projection["weight"] = draw(st.sampled_from([-1000.0, 1000.0, 40.0, -40.0]))
        elif projection["kind"] == "plastic" and draw(st.booleans()):
            projection["initial_resource"] = draw(
                st.sampled_from([-2046.0, 2046.0, {"uniform": (-2046.0, 2046.0)}])
            )
    return Network.model_validate(described)


def shifted(inputs: InputSpikes, steps: int) -> InputSpikes:
    return InputSpikes(inputs.base + steps, inputs.stop + steps, inputs.ptr, inputs.index)


def engines(plan):
    made = [ReferenceEngine(plan), NumbaEngine(plan)]
    try:
        made.append(CupyEngine(plan, backend=ShimBackend()))
    except BackendUnavailable:
        assert shim.compiler() is None  # only a missing compiler may leave it out
    return made


def assert_engines_agree(plan, inputs, start, stop, state=None):
    """Run all engines over the same steps; the state they share."""
    found = []
    for engine in engines(plan):
        if state is not None:
            engine.load(state)
        stretch = engine.run(inputs, start, stop, freeze=stop, record=range(len(plan.populations)))
        found.append((engine.state(), stretch))
    for other, stretch in found[1:]:
        assert_same_state(found[0][0], other)
        for left, right in zip(found[0][1].records, stretch.records, strict=True):
            np.testing.assert_array_equal(left, right)
        assert found[0][1].synaptic_events == stretch.synaptic_events
    return found[0]


@pytest.mark.slow
@given(extreme_networks(), st.integers(0, 2**32), st.sampled_from([0, 2**31 - 60, 2**43, STEP_LIMIT - 200]))
@SLOW
def test_engines_agree_at_the_edges(network, seed, start):
    try:
        plan = build(network, seed=seed)
    except ConfigError:
        assume(False)
    inputs = shifted(random_input(plan, 120, seed, rate=0.3), start)
    assert_engines_agree(plan, inputs, start, start + 120)


# ------------------------------------------------------------------- single edges


def one_neuron(population=None, projections=(), inputs=({"name": "R", "kind": "noise", "size": 1},)):
    network = {"inputs": list(inputs), "populations": [{"name": "L", "size": 1, **(population or {})}]}
    return build(Network.model_validate(network | {"projections": list(projections)}))


def silence(plan, start, stop):
    ptr = np.zeros(stop - start + plan.history + 1, dtype=np.int64)
    none = np.zeros(0, dtype=np.int32)
    return InputSpikes(start - plan.history, stop, (ptr,) * len(plan.inputs), (none,) * len(plan.inputs))


@pytest.mark.parametrize(("decay", "spikes"), [(2**31 - 1, 9), (2**30, 9), (10**9, 12)])
def test_a_long_ramp_saturates(decay, spikes):
    """Two or three spikes bring the counter beyond int32; the threshold must not sink by that."""
    values = {"threshold_increment": 0.001, "threshold_decay": decay, "bias": 9.0, "tau_m": 1}
    plan = one_neuron(values)
    state, stretch = assert_engines_agree(plan, silence(plan, 0, spikes), 0, spikes)
    assert stretch.spikes.sum() == spikes
    assert state["0/L/ramp"].tolist() == [RAMP_LIMIT]


@pytest.mark.parametrize("start", [2**31 - 20, 2**43 - 5, 2**53, STEP_LIMIT - 100])
def test_late_steps(start):
    values = {
        "tau_m": 2, "w_max": 9, "isi_max": 5, "hebbian_rate": -0.1, "stability_rate": 0.5, "dopamine_window": 9,
        "memory": "INFINITY", "noise_amplitude": 9.0,
    }  # fmt: skip
    links = [
        {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 20},
        {"source": "R", "target": "L", "kind": "reward", "weight": 0.2},
    ]
    plan = one_neuron(values, links)
    inputs = shifted(random_input(plan, 80, 3, rate=0.5), start)
    state, stretch = assert_engines_agree(plan, inputs, start, start + 80)
    assert stretch.spikes.sum() > 5
    assert start <= state["0/L/last_spike"][0] < start + 80


@pytest.mark.parametrize("value", [STABILITY_LIMIT, STABILITY_LIMIT - 1, 2**61])
@pytest.mark.parametrize("rate", [1000.0, -1000.0])
def test_stability_saturates(value, rate):
    values = {"w_max": 9, "stability_rate": rate, "dopamine_rule": "three_factor", "dopamine_window": 90}
    links = [
        {"source": "R", "target": "L", "kind": "plastic"},
        {"source": "R", "target": "L", "kind": "reward", "weight": 1000},
        {"source": "R", "target": "L", "weight": -9},
    ]
    plan = one_neuron(values, links)
    engine = ReferenceEngine(plan)
    state = engine.state()
    state["0/L/stability"][:] = value
    state["0/L/last_spike"][:] = 0
    state, _ = assert_engines_agree(plan, random_input(plan, 60, 1, rate=0.5), 0, 60, state)
    assert abs(state["0/L/stability"][0]) <= STABILITY_LIMIT
    assert (state["0/L/stability"][0] < value) == (rate < 0) or value == STABILITY_LIMIT


@pytest.mark.parametrize("weight", [999.999, -999.999])
def test_rewards_just_below_the_limit(weight):
    """4 x 999.999 = 3999.996 of 4096."""
    inputs = [{"name": "R", "kind": "noise", "size": 4}]
    values = {
        "w_max": 30, "hebbian_rate": 0.1, "isi_max": 3, "tau_m": 3, "stability_rate": 1000.0, "dopamine_window": 5,
        "virtual_synapses": 2**24, "noise_amplitude": 20.0,
    }  # fmt: skip
    links = [
        {"source": "R", "target": "L", "kind": "plastic", "initial_resource": {"uniform": [-2046, 2046]}},
        {"source": "R", "target": "L", "kind": "reward", "weight": weight},
    ]
    plan = one_neuron(values, links, inputs)
    state, stretch = assert_engines_agree(plan, random_input(plan, 80, 5, rate=0.7), 0, 80)
    assert stretch.spikes.sum() > 10
    assert np.abs(state["0/R->L/resource"]).max() > 1000 * ONE


def test_a_sequence_that_began_never():
    """The time since then, shifted by 20 bits, has no place in 64; it is cut first."""
    values = {"w_max": 9, "stability_rate": 1.0, "isi_max": 4096}
    links = [
        {"source": "R", "target": "L", "kind": "plastic"},
        {"source": "R", "target": "L", "kind": "reward", "weight": 1},
    ]
    plan = one_neuron(values, links)
    state = ReferenceEngine(plan).state()
    assert state["0/L/sequence_start"].tolist() == [NEVER]
    inputs = shifted(random_input(plan, 30, 1, rate=0.5), 2**60)
    after, _ = assert_engines_agree(plan, inputs, 2**60, 2**60 + 30, state)
    assert after["0/L/stability"].tolist() == [0]  # -r R: a stability that is not positive can only increase


# ------------------------------------------------------------- numbers without a bound


@pytest.mark.parametrize("field", ["skip", "steps", "pacemaker_period", "size"])
@pytest.mark.parametrize("value", [2**60, 2**63, 10**30])
def test_times_and_sizes_of_inputs_have_a_limit(field, value):
    text = {"name": "R", "kind": "text", field: value}
    with pytest.raises(ValidationError) as caught:
        Network.model_validate({"inputs": [text], "populations": POPULATIONS})
    assert [error["loc"][-1] for error in caught.value.errors()] == [field]


@pytest.mark.parametrize("field", ["learning_time", "period", "label_step"])
def test_times_of_targets_have_a_limit(field):
    target = {"name": "T", "kind": "object_target", "size": 2, "target_file": "x", "learning_time": 1, "period": 9}
    with pytest.raises(ValidationError) as caught:
        Network.model_validate({"inputs": [{**target, field: 10**30}], "populations": POPULATIONS})
    assert len(caught.value.errors()) == 1


POPULATIONS = [{"name": "L", "size": 1}]


@pytest.mark.parametrize(
    ("sources", "learners", "rule"),
    [(9, 2**20, {"isi_max": 4096}), (2**22, 2**18, {"isi_max": 4096}), (9, 2**24, {"isi_max": 200})],
)
def test_a_gpu_refuses_what_its_counters_cannot_hold(sources, learners, rule):
    """Neurons x steps of history beyond 2^31 would wrap in the kernels."""
    links = [{"source": "R", "target": "L", "kind": "plastic", "connection": "one_to_one"}]
    inputs = [{"name": "R", "kind": "noise", "size": sources}]
    plan = one_neuron({"size": learners, "w_max": 1, **rule}, links, inputs)
    with pytest.raises(BackendUnavailable, match=r"more than 2\^31 - 1 neurons x steps of history"):
        check_plans([plan])
