"""Descriptions become the integers they should, and a plan tells what a step does."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from colanet.commands.plan import plan as plan_command
from colanet.config import load
from colanet.config.model import Network
from colanet.errors import ConfigError
from colanet.plan import build
from colanet.plan.operations import calls
from colanet.units import AWAKE, ONE

CONFIGS = Path(__file__).parents[2] / "configs"
PUBLISHED = Path(__file__).parent / "published.nnc"


@pytest.fixture(scope="module")
def mnist():
    return build(load(PUBLISHED), input_sizes={"R": 784})


def test_constants_of_mnist(mnist):
    learner = mnist.population("L")
    # 1024 - 1024 div 3 = 683; alpha, rates and the reward in 2^-20; the rest in thousandths or steps.
    assert (learner.leak, learner.kick, learner.reset_period, learner.reset_phase) == (683, 2212, 15, 0)
    assert learner.alpha == round(0.217654 * ONE)
    assert (learner.columns, learner.column_size, learner.winner_take_all) == (10, 15, True)
    rule = learner.rule
    assert (rule.w_min, rule.w_max, rule.virtual_synapses) == (-253, 92, 27)
    assert (rule.hebbian, rule.stability_rate) == (round(-0.1765261 * ONE), round(0.0497573 * ONE))
    assert (rule.hebbian_window, rule.isi_max, rule.dopamine_window) == (9, 10, 10)
    assert rule.three_factor
    assert rule.stability_three_factor
    assert [p.weight for p in mnist.projections] == [0, -10, round(0.25 * ONE), 10_000, -10, -3, 20_000, 10_000]
    assert [mnist.synapses(i).count for i in range(8)] == [117_600, 2100, 150, 150, 10, 10, 10, 150]
    assert mnist.population("OUT").plasticity is None
    with pytest.raises(ValueError, match="OUT has no plastic synapses"):
        _ = mnist.population("OUT").rule


def test_history_is_a_power_of_two_beyond_every_look_back(mnist):
    assert mnist.history == 64  # 10 steps of learning and 30 of delay
    assert mnist.history >= mnist.population("L").rule.window + 30


def test_only_a_positive_gate_puts_a_neuron_to_sleep_at_the_start():
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 1}],
            "populations": [{"name": "N", "size": 3}],
            "projections": [
                {"source": "R", "target": "N", "kind": "gating", "weight": 1, "connection": "within_columns"},
                {"source": "R", "target": "N", "kind": "gating", "weight": -1, "connection": "all_to_all"},
            ],
        }
    )
    plan = build(network)
    assert plan.initial_gate(plan.population("N"), 0).tolist() == [0, AWAKE, AWAKE]


def test_a_fixed_weight_left_out_is_the_threshold_and_one():
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 1}],
            "populations": [{"name": "N", "size": 1, "tau_m": "INFINITY"}],
            "projections": [{"source": "R", "target": "N"}],
        }
    )
    plan = build(network)
    assert plan.projections[0].weight == 9531
    assert plan.population("N").leak == 1024


def test_an_unknown_size_is_a_configuration_error():
    network = Network.model_validate(
        {"inputs": [{"name": "R", "kind": "text", "source": "x"}], "populations": [{"name": "N", "size": 1}]}
    )
    with pytest.raises(ConfigError, match="input R: its size is known only with its data"):
        build(network)
    assert build(network, input_sizes={"R": 5}).inputs == (("R", 5),)


def test_plastic_synapses_need_w_max():
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 1}],
            "populations": [{"name": "N", "size": 1}],
            "projections": [{"source": "R", "target": "N", "kind": "plastic"}],
        }
    )
    with pytest.raises(ConfigError, match="population N: w_max: plastic synapses need w_max"):
        build(network)


def test_names_that_do_not_exist(mnist):
    with pytest.raises(KeyError):
        mnist.population("X")
    with pytest.raises(KeyError):
        mnist.projection("X->L")


def test_operations_are_in_the_order_of_the_model(mnist):
    words = [str(call).split()[0] for call in calls(mnist)]
    assert words[:8] == ["deliver"] * 8
    assert words[8:20] == ["gate", "leak", "integrate", "fire"] * 3
    assert words[20:] == ["own_spike", "rewarded", "renormalise"]


@pytest.mark.parametrize("name", sorted(p.name for p in CONFIGS.iterdir()))
def test_plan_prints_every_shipped_configuration(name):
    outcome = CliRunner().invoke(plan_command, [str(CONFIGS / name)], catch_exceptions=False)
    assert outcome.exit_code == 0
    text = outcome.stdout
    network = load(CONFIGS / name)
    for section in (*network.populations, *network.inputs):
        assert section.name in text
    for projection in network.projections:
        assert f"{projection.source}->{projection.target}" in text
    assert "one step" in text
    assert "state:" in text


def test_plan_of_mnist_counts_synapses():
    outcome = CliRunner().invoke(plan_command, [str(PUBLISHED)], catch_exceptions=False)
    assert outcome.stdout.startswith("170 neurons, 120180 synapses a copy; copies: 15; seed 0")
    rows = {line.split()[0]: line.split() for line in outcome.stdout.splitlines() if "->" in line}
    assert rows["R->L"][1:4] == ["plastic", "all_to_all", "117600"]
    assert rows["Target->L"][1:] == ["reward", "one_to_one", "150", "+0.25", "3"]
