"""Fewer bits, worked out by hand from docs/model.md, section 22, on every engine; and what cannot be."""

import numpy as np
import pytest
from pydantic import ValidationError

from colanet import hashing
from colanet.config.check import check
from colanet.config.model import Network, Population
from colanet.engine.base import check_state
from colanet.errors import CheckpointError
from colanet.hashing import Stream
from colanet.plan import build
from colanet.plan.variables import initial_state
from colanet.units import ONE

from .test_by_hand import after, learner, plan_of, spikes_at


def weights(bits, resources, w_min=-0.253, w_max=0.092):
    population = {"name": "N", "size": 1, "w_min": w_min, "w_max": w_max, "weight_bits": bits}
    plan = plan_of([population], [{"source": "R", "target": "N", "kind": "plastic"}], {"R": 1})
    return plan.populations[0].rule.weights(np.array(resources, dtype=np.int32)).tolist()


def test_weights_are_w_min_plus_whole_steps():
    # span 345; 345 / 15 = 23. Resource 0.345 is half way: -253 + 172.5 -> -80 at full precision (173 above wmin).
    # 173 + 11 = 184 = 8 x 23: code 8. Far out: 345 -> code 15.
    half = round(0.345 * ONE)
    assert weights(16, [-5, 0, half, 1000 * ONE]) == [-253, -253, -80, 92]
    assert weights(4, [-5, 0, half, 1000 * ONE]) == [-253, -253, -253 + 8 * 23, 92]
    # One bit: below the middle, 172 + 172 < 345, and from it on.
    assert weights(1, [half - 4000, half, 1000 * ONE]) == [-253, 92, 92]
    # Eight bits: 345 / 255 rounded up is 2; the multiple of 2 next to 345 is (345 + 1) / 2 = 173 times 2.
    assert weights(8, [1000 * ONE]) == [-253 + 346]


@pytest.mark.parametrize("bits", range(1, 17))
def test_codes_fit_their_bits(bits):
    step = max(-(-345 // (2**bits - 1)), 1)
    codes, rest = np.divmod(np.array(weights(bits, np.linspace(0, 900, 90001) * ONE)) + 253, step)
    assert not rest.any()
    assert (codes.min(), codes.max()) == (0, (345 + step // 2) // step)
    assert codes.max() < 2**bits


def test_changes_go_to_the_nearest_grain(engine_of):
    # Grain 1/16. dH = -0.5 is 8 grains; -0.34 is 5.44, so 5; -0.36 is 5.76, so 6; -0.03125 is half a grain: 1, away
    # from zero; -0.03 is none.
    for rate, grains in ((-0.5, -8), (-0.34, -5), (-0.36, -6), (-0.03125, -1), (-0.03, 0), (0.34, 5), (0.03125, 1)):
        plan = learner(hebbian_rate=rate, resource_fraction=4, stability_rate=0.0)
        inputs = spikes_at(plan, 4, {"D": {0: [0]}})
        assert after(engine_of(plan), inputs, 0, 4)[0] == [20 + grains / 16, 0.0, 0.0]


def test_resources_saturate_at_their_bits(engine_of):
    # 8 bits, 4 behind the point: at most 127/16. The reward of 1 takes 7.5 to the limit.
    for start, expected in ((7.5, 127 / 16), (7.9375, 127 / 16), (6.0, 7.0)):
        links = [
            {"source": "D", "target": "N", "kind": "plastic", "initial_resource": start},
            {"source": "P", "target": "N", "kind": "reward", "connection": "one_to_one", "weight": 1.0},
            {"source": "E", "target": "N", "connection": "one_to_one", "weight": 9},
        ]
        population = {
            "name": "N", "size": 1, "w_min": -1.0, "w_max": 9.0, "hebbian_rate": -0.5,
            "dopamine_rule": "three_factor", "dopamine_window": 5, "virtual_synapses": -1, "resource_bits": 8,
            "resource_fraction": 4,
        }  # fmt: skip
        plan = plan_of([population], links, {"D": 1, "P": 1, "E": 1})
        engine = engine_of(plan)
        # Forced: no Hebbian change. The reward comes one step later.
        engine.run(spikes_at(plan, 6, {"D": {0: [0]}, "E": {0: [0]}, "P": {1: [0]}}), 0, 6, freeze=6)
        assert engine.state()["0/D->N/resource"].tolist() == [round(expected * ONE)]


def test_a_debt_is_shared_out_in_whole_grains(engine_of):
    # 3 real and 4 virtual synapses, grain 1/8: two contributors lose 1.0 each. 2.0 / (7/8) = 2.29: two grains each,
    # 2.0 - 7 x 0.25 = 0.25 stays owed.
    plan = learner(hebbian_rate=-1.0, virtual_synapses=4, isi_max=2, resource_fraction=3, stability_rate=0.0)
    _, state = after(engine_of(plan), spikes_at(plan, 6, {"D": {0: [0]}, "R": {0: [0]}}), 0, 6)
    assert state["0/N/debt"][0] == ONE // 4
    assert state["0/N/virtual"][0] == 4 * ONE // 4
    assert state["0/D->N/resource"].tolist() == [20 * ONE - ONE + ONE // 4]
    assert state["0/R->N/resource"].tolist() == [-ONE + ONE // 4, ONE // 4]
    # With a grain of 1/2 seven sharers want 3.5: all of it waits.
    plan = learner(hebbian_rate=-1.0, virtual_synapses=4, isi_max=2, resource_fraction=1, stability_rate=0.0)
    _, state = after(engine_of(plan), spikes_at(plan, 6, {"D": {0: [0]}, "R": {0: [0]}}), 0, 6)
    assert (state["0/N/debt"][0], state["0/N/virtual"][0]) == (2 * ONE, 0)


@pytest.mark.parametrize("generator", ["splitmix64", "jenkins32"])
def test_stochastic_rounding_follows_its_draw(engine_of, generator):
    # -0.3 is 4.8 grains of 1/16: 4 or 5, by the draw of the step at which the neuron fires.
    plan = learner(
        hebbian_rate=-0.3, resource_fraction=4, stability_rate=0.0, resource_rounding="stochastic",
        random_generator=generator, isi_max=0, virtual_synapses=-1,
    )  # fmt: skip
    fired = range(2, 60, 3)
    engine, now, seen = engine_of(plan), 20.0, set()
    inputs = spikes_at(plan, 60, {"D": {step - 1: [0] for step in fired}})
    key = hashing.key(0, hashing.stream(Stream.ROUNDING, 0))
    for step in fired:
        if generator == "splitmix64":
            draw = int(hashing.draw64(hashing.step_key(key, step), np.arange(1))[0])
        else:
            draw = int(hashing.draw32(hashing.step_key32(key, step), np.arange(1))[0])
        grain = ONE // 16
        size = (round(0.3 * ONE) + draw % grain) // grain
        seen.add(size)
        now -= size / 16
        assert after(engine, inputs, step - 2, step + 1)[0] == [now, 0.0, 0.0]
    assert seen == {4, 5}


def test_potentials_of_few_bits(engine_of):
    """12 bits of 0.008: at most 16.376; what is between is cut towards zero, at a sleeping neuron too."""
    population = {"name": "N", "size": 1, "tau_m": 2, "potential_bits": 12, "potential_step": 0.008}
    for weight, expected in (
        (5.0, [5000, 2496, 1248]),
        (-5.003, [-5000, -2496, -1248]),
        (-40.0, [-16376, -8184, -4088]),
    ):
        # 5000 x 1/2 = 2500 -> 312 x 8 = 2496; 16376 / 2 = 8188 -> 1023 x 8 = 8184; 4092 -> 4088.
        plan = plan_of(
            [population],
            [{"source": "R", "target": "N", "connection": "one_to_one", "weight": weight}],
            {"R": 1},
        )
        engine, inputs = engine_of(plan), spikes_at(plan, 5, {"R": {0: [0]}})
        found = []
        for step in range(4):
            engine.run(inputs, step, step + 1, freeze=0)
            found.append(int(engine.state()["0/N/potential"][0]))
        assert found == [0, *expected]


def test_what_a_spike_leaves_is_cut_too(engine_of):
    population = {
        "name": "N", "size": 1, "tau_m": "INFINITY", "potential_bits": 12, "potential_step": 0.008,
        "reset": "subtract",
    }  # fmt: skip
    plan = plan_of(
        [population], [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 12.0}], {"R": 1}
    )
    engine = engine_of(plan)
    engine.run(spikes_at(plan, 3, {"R": {0: [0]}}), 0, 3, freeze=0)
    # 12000 - 8531 = 3469 -> 433 x 8.
    assert engine.state()["0/N/potential"].tolist() == [3464]


def test_kicks_by_the_32_bit_hash(engine_of):
    population = {
        "name": "N", "size": 5, "tau_m": 1, "noise_amplitude": 2.0, "random_generator": "jenkins32",
        "potential_bits": 16,
    }  # fmt: skip
    plan = plan_of([population], [], {"R": 1})
    engine, inputs = engine_of(plan), spikes_at(plan, 6, {})
    key = hashing.key(0, hashing.stream(Stream.KICK, 0))
    for step in range(6):
        engine.run(inputs, step, step + 1, freeze=0)
        draws = hashing.draw16_32(hashing.step_key32(key, step), np.arange(5))
        assert engine.state()["0/N/potential"].tolist() == (draws * 2000 >> 16).tolist()


# ------------------------------------------------------------------ what cannot be


def test_a_state_between_the_grains_is_refused():
    plan = learner(resource_fraction=4)
    state = initial_state(plan)
    state["0/D->N/resource"] += 5
    with pytest.raises(CheckpointError, match=r"0/D->N/resource holds 20971525, expected multiples of 65536"):
        check_state(plan, state)


def test_resources_begin_at_the_nearest_grain():
    link = {"source": "R", "target": "N", "kind": "plastic"}
    links = [link | {"initial_resource": value} for value in (0.3, -0.3, 50)]
    population = {"name": "N", "size": 1, "w_max": 1, "resource_bits": 8, "resource_fraction": 3}
    plan = plan_of([population], links, {"R": 1})
    state = initial_state(plan)
    found = [state[f"0/{p.name}/resource"][0] / ONE for p in plan.projections]
    assert found == [0.25, -0.25, 127 / 8]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"weight_bits": 0}, "greater than or equal to 1"),
        ({"weight_bits": 17}, "less than or equal to 16"),
        ({"resource_fraction": 21}, "less than or equal to 20"),
        ({"potential_step": 0.0004}, "greater than or equal to 0.001"),
        ({"potential_bits": 14}, "hold potentials up to 8.191, so none could exceed the threshold of 8.531"),
        ({"w_min": -32.7, "w_max": 32.7, "weight_bits": 1}, None),
        ({"w_min": 0, "w_max": 32.767, "weight_bits": 4}, "the largest weight would be 32.775"),
    ],
)
def test_precision_that_cannot_be(fields, said):
    if said is None:
        Population(name="N", size=1, **fields)
        return
    with pytest.raises(ValidationError, match=said):
        Population(name="N", size=1, **fields)


def test_a_resource_beyond_its_bits_is_told():
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 1, "steps": 9}],
            "populations": [{"name": "N", "size": 1, "w_max": 1, "resource_bits": 8, "resource_fraction": 8}],
            "projections": [{"source": "R", "target": "N", "kind": "plastic", "initial_resource": 0.6}],
        }
    )
    said = [problem.message for problem in check(network)]
    assert said == [
        "0.6 is out of range: with resource_bits 8 and resource_fraction 8 of N resources are at most 0.496094 in "
        "size"
    ]
    build(network)


def test_full_precision_is_written_as_before_there_was_another():
    population = Population(name="N", size=1, weight_bits=16, random_generator="splitmix64")
    assert population.model_dump().keys() & {"weight_bits", "potential_step", "random_generator"} == set()
    assert Population(name="N", size=1, weight_bits=8).model_dump()["weight_bits"] == 8
