"""The core in Verilog: equal to the simulator bit for bit, on drawn networks and on MNIST; what it cannot hold."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import colanet
from colanet.cli import cli
from colanet.config import override_all
from colanet.config.model import Network
from colanet.encoding import build_sources
from colanet.engine import make_engine
from colanet.engine.base import digest, joined
from colanet.errors import ConfigError
from colanet.export import export
from colanet.export.verilog.memories import rows_of
from colanet.export.verilog.players import core_of, with_icarus
from colanet.export.verilog.programs import Program
from colanet.export.verilog.readback import entries_of, regions_of, state_of
from colanet.plan import build
from colanet.plan.variables import initial_state
from tests.engine import networks as drawn
from tests.export.verilog_bench import need, run_long, stretch

ROOT = Path(__file__).parents[2]
CHIP = ROOT / "configs" / "mnist_chip.yaml"
STEPS, FREEZE = 130, 100


def held_by_a_core(draw, values):
    """Of a drawn population, what a core can hold: other words of the same features."""
    values = values | draw(drawn.precision()) | {"memory": None, "random_generator": "jenkins32"}
    if values["potential_step"] not in (0.001, 0.008):
        values |= {"potential_step": 0.002, "potential_bits": 16}
    return {key: value for key, value in values.items() if key not in ("threshold_increment", "threshold_decay")}


@st.composite
def networks(draw):
    """A network of up to three populations, one of which learns, and up to seven other projections."""
    inputs = [
        {"name": "R", "kind": "noise", "size": draw(st.integers(1, 40))},
        {"name": "T", "kind": "noise", "size": draw(st.integers(1, 6))},
    ]
    names = ["A", "B", "C"][: draw(st.integers(1, 3))]
    described = [held_by_a_core(draw, draw(drawn.populations(name))) for name in names]
    learner = draw(st.sampled_from(described))
    learner |= draw(drawn.learning()) | {"stability_lifetime": None}
    if learner["tau_m"] in ("INFINITY", 1000):
        learner["tau_m"] = 10
    if learner["resource_bits"] > 16:
        learner |= {"resource_bits": 16, "resource_fraction": draw(st.sampled_from([9, 12, 14]))}
    links = [{
        "source": "R", "target": learner["name"], "kind": "plastic", "delay": draw(st.sampled_from([1, 1, 2, 5])),
        "initial_resource": draw(st.sampled_from([0.95, 5.0, {"uniform": (-1.0, 6.0)}])),
    }]  # fmt: skip
    for _ in range(draw(st.integers(1, 7))):
        link = draw(drawn.projections(["R", "T", *names], described, set()))
        link["delay"] = draw(st.sampled_from([1, 1, 2, 3, 30]))
        link.pop("source_fraction", None)
        if link["connection"] == "random":
            link = {k: v for k, v in link.items() if k not in ("probability", "max_inputs")}
            link["connection"] = "all_to_all"
        links.append(link)
    return Network.model_validate({"inputs": inputs, "populations": described, "projections": links})


def compare(plan, inputs, steps, folder, *, lanes, learn, freeze, seed=0):
    """Play a core from its beginning; its spikes, memories and the state made of them are the simulator's."""
    before = initial_state(plan)
    export("verilog", plan, before, folder / "core", options={"learn": learn, "lanes": lanes})
    got = run_long(folder / "core", inputs, 0, steps, freeze, folder / "run", seed=seed)
    engine = make_engine("numba", plan)
    engine.load(before)
    ran = engine.run(inputs, 0, steps, freeze=freeze, record=range(len(plan.populations)))
    manifest = json.loads((folder / "core" / "core.json").read_text())
    after = engine.state()
    assert got.fired.tolist() == ran.records[0].tolist()
    for name, wanted in regions_of(plan, after, manifest).items():
        assert got.regions[name].tolist() == wanted.tolist(), name
    if learn:
        assert digest(state_of(plan, before, manifest, got.read), steps) == digest(after, steps)
    return ran


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(networks(), st.integers(0, 10**6), st.booleans(), st.integers(1, 12), st.booleans())
def test_drawn_networks_are_equal(tmp_path_factory, network, seed, learn, lanes, stalls):
    need("iverilog", "vvp")
    try:
        plan = build(network, seed=seed)
    except ConfigError:  # for example more than a potential holds
        return
    size = next(p.size for p in plan.populations if p.plasticity)
    inputs = drawn.random_input(plan, STEPS, seed, rate=0.2)
    compare(
        plan, inputs, STEPS, tmp_path_factory.mktemp("drawn"), lanes=min(lanes, size), learn=learn,
        freeze=FREEZE if learn else 0, seed=seed % 1000 + 1 if stalls else 0,
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["two_factor", "three_factor"])
def test_rules_that_meet_in_a_step_are_equal(tmp_path, rule):
    """Waking and sleeping, both signs of reward, forced spikes and debts come to few neurons all the time."""
    need("iverilog", "vvp")
    learner = {
        "name": "L", "size": 4, "tau_m": 2, "w_min": -0.25, "w_max": 8.0, "hebbian_rate": -0.9, "isi_max": 5,
        "dopamine_window": 20, "dopamine_rule": rule, "stability_rate": 0.05, "threshold_weight_factor": 0.02,
        "virtual_synapses": 1, "weight_bits": 8, "resource_bits": 12, "resource_fraction": 8,
        "random_generator": "jenkins32",
    }  # fmt: skip
    links = [
        {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 6.0},
        *({"source": source, "target": "L", "kind": kind, "weight": weight, "connection": "one_to_one"}
          for source, kind, weight in (("wake", "gating", 2), ("sleep", "gating", -2), ("good", "reward", 0.5),
                                       ("bad", "reward", -0.7), ("force", "fixed", 9.0))),
    ]  # fmt: skip
    sizes = {"R": 6, **dict.fromkeys(("wake", "sleep", "good", "bad", "force"), 4)}
    inputs = [{"name": name, "kind": "noise", "size": size} for name, size in sizes.items()]
    network = Network.model_validate({"inputs": inputs, "populations": [learner], "projections": links})
    plan = build(network)
    for rate in (0.25, 0.08):
        spikes = drawn.random_input(plan, 300, 1, rate=rate)
        compare(plan, spikes, 300, tmp_path / str(rate), lanes=3, learn=True, freeze=300)


def test_the_lowest_of_equal_neurons_wins(tmp_path):
    """Without kicks the three neurons of a column are equal until one of them has learnt."""
    need("iverilog", "vvp")
    learner = {
        "name": "L", "size": 6, "columns": 2, "winner_take_all": True, "tau_m": 5, "w_max": 2.0,
        "hebbian_rate": -0.3, "resource_bits": 12, "resource_fraction": 8,
    }  # fmt: skip
    link = {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 5.0}
    inputs = [{"name": "R", "kind": "noise", "size": 8}]
    network = {"inputs": inputs, "populations": [learner], "projections": [link]}
    plan = build(Network.model_validate(network))
    ran = compare(plan, drawn.random_input(plan, 60, 1, rate=0.3), 60, tmp_path, lanes=2, learn=True, freeze=60)
    first = ran.records[0][:2]
    assert first[0, 0] == first[1, 0], "both columns fire in the first step that any does"
    assert first[:, 1].tolist() == [0, 3]


def test_a_reset_finishes_the_step_and_keeps_what_was_learnt(tmp_path):
    need("iverilog", "vvp")
    plan = build(override_all(colanet.load(CHIP), {"population.L.size": "20"}), input_sizes={"R": 40})
    inputs, before = drawn.random_input(plan, 300, 1, rate=0.3), initial_state(plan)
    export("verilog", plan, before, tmp_path / "core", options={"learn": True, "lanes": 5})
    program = Program(core_of(tmp_path / "core"))
    program.spikes(stretch(program.manifest, inputs, 0, 300))
    program.regions()
    got = with_icarus(tmp_path / "core", program, tmp_path / "run", seed=1, resets=True)
    engine = make_engine("numba", plan)
    engine.run(inputs, 0, 300, freeze=300)
    wanted = regions_of(plan, engine.state(), program.manifest)
    for region, words in zip(program.manifest["regions"], got.words, strict=True):
        assert entries_of(region, words).tolist() == wanted[region["name"]].tolist(), region["name"]


@pytest.mark.slow
def test_images_of_mnist_are_learnt_as_in_the_simulator(tmp_path):
    need("iverilog", "vvp")
    network = override_all(colanet.load(CHIP), {"population.L.size": "20"})
    plan = build(network)
    steps = 30 * 20
    made = [source.spikes(0, steps) for source in build_sources(network.inputs, seed=0).sources]
    inputs = joined(made, 0, -plan.history, 0, steps)
    ran = compare(plan, inputs, steps, tmp_path, lanes=20, learn=True, freeze=steps)
    assert ran.spikes[0, 0] > 30  # images are taught, and some are answered


def refused(fields, **options):
    """The lines with which the export of a changed mnist_chip.yaml is refused."""
    plan = build(override_all(colanet.load(CHIP), {"population.L.size": "20", **fields}))
    with pytest.raises(ConfigError) as caught:
        export("verilog", plan, initial_state(plan), ROOT / "never", options=options)
    assert not (ROOT / "never").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({"population.OUT.memory": "15", "population.OUT.memory_period": "4"}, {}, "population OUT: memory"),
        (
            {"population.OUT.threshold_increment": "1", "population.OUT.threshold_decay": "3"},
            {},
            "threshold_increment",
        ),
        ({"population.L.random_generator": "splitmix64"}, {}, "population L: random_generator"),
        ({"population.L.potential_step": "0.003"}, {}, "population L: potential_step"),
        ({"projection.OUT->OUT.probability": "0.5", "projection.OUT->OUT.connection": "random"}, {}, "OUT->OUT"),
        ({"population.L.resource_bits": "20"}, {"learn": True}, "population L: resource_bits"),
        (
            {"population.L.hebbian_rate": "-900", "population.L.stability_rate": "900"},
            {"learn": True},
            "population L: stability_rate: times hebbian_rate",
        ),
        ({"population.L.isi_max": "300"}, {"learn": True}, "population L: hebbian_window, isi_max"),
        ({"population.L.threshold_weight_factor": "900", "population.L.w_max": "30"}, {}, "threshold_weight_f"),
        ({}, {"lanes": 21}, "option lanes: expected 1 to 20"),
        ({}, {"lanes": 0}, "option lanes: expected 1 to 20"),
        ({}, {"copy": 1}, "option copy"),
        ({}, {"learn": True, "load": True}, "option load"),
    ],
)
def test_what_a_core_cannot_hold_is_said(fields, options, said):
    assert said in refused(fields, **options)


def test_a_configuration_and_a_state_can_be_exported(tmp_path):
    """`colanet export` takes both; without --learn there is nothing of plasticity."""
    run = CliRunner().invoke
    small = ["--set", "population.L.size=20"]
    done = run(
        cli, ["export", str(CHIP), *small, "--format", "verilog", "--lanes", "4", "--out", str(tmp_path / "a")]
    )
    assert done.exit_code == 0, done.output
    network = override_all(colanet.load(CHIP), {"population.L.size": "20"})
    session = colanet.Session(network, train=1, test=0)
    session.save(tmp_path / "state.h5")
    state = ["export", str(tmp_path / "state.h5"), "--format", "verilog"]
    done = run(cli, [*state, "--option", "lanes=4", "--out", str(tmp_path / "b")])
    assert done.exit_code == 0, done.output
    files = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir() if path.is_file()}
    assert {"colanet.v", "network.vh", "core.json", "code.mem"} <= files.keys()
    assert not files.keys() & {"resource.mem", "learning.mem"}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir() if path.is_file()}
    assert (tmp_path / "a" / "bench" / "stream.v").exists()
    wrong = run(cli, [*state, "--set", "copies=1", "--out", str(tmp_path / "c")])
    assert isinstance(wrong.exception, ConfigError)
    assert "--set: is for a configuration" in str(wrong.exception)


def test_rows_hold_lanes_side_by_side():
    """Two nodes and three neurons in groups of two: group by group, node by node."""
    codes = np.array([[1, 2, 3], [4, 5, 6]])
    assert rows_of(codes, 2).tolist() == [[1, 2], [4, 5], [3, 0], [6, 0]]


def test_the_core_is_the_same_for_every_network(tmp_path):
    """Only the header, the memories and the manifest depend on the network."""
    sources = []
    for size in ("20", "30"):
        plan = build(override_all(colanet.load(CHIP), {"population.L.size": size}))
        export("verilog", plan, initial_state(plan), tmp_path / size, options={"learn": True})
        sources.append({path.name: path.read_text() for path in (tmp_path / size).glob("*.v")})
    assert sources[0] == sources[1]
