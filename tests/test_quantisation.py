"""`colanet quantise`: its runs against runs of sessions, resumed, and what is refused."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from colanet import config, quantisation
from colanet.config.overrides import override_all
from colanet.plan.precision import in_precision
from colanet.plan.variables import wrong_values
from colanet.quantisation import LEARNING, TRAINED, Grid, Precision, Study
from colanet.session import Session

CONFIG = Path(__file__).parents[1] / "configs" / "mnist.yaml"
SMALL = ["--weights", "16,4", "--resources", "32.20,8.5", "--train", "300", "--test", "100", "--quiet"]
FEW = {
    "population.L.weight_bits": "4",
    "population.L.resource_bits": "8",
    "population.L.resource_fraction": "5",
    "population.L.resource_rounding": "stochastic",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    grid = Grid(weights=(16, 4), resources=((32, 20), (8, 5)), copies=(1, 2), seeds=(3,), train=300, test=100)
    study = Study(CONFIG, grid, tmp_path_factory.mktemp("runs"))
    return {quantisation.key_of(run): run for run in study.execute()}


def test_the_grid():
    grid = Grid(weights=(16, 4), resources=((32, 20), (8, 5)))
    full, few = Precision(), Precision(4, 8, 5)
    assert list(grid.points()) == [
        (LEARNING, full),
        (TRAINED, Precision(16, 8, 5)), (TRAINED, Precision(4)), (TRAINED, few),
        (LEARNING, Precision(16, 8, 5)), (LEARNING, Precision(16, 8, 5, "stochastic")), (LEARNING, Precision(4)),
        (LEARNING, few), (LEARNING, Precision(4, 8, 5, "stochastic")),
    ]  # fmt: skip


def test_a_run_while_learning_is_that_of_a_session(runs):
    network = override_all(config.load(CONFIG), FEW)
    result = Session(network, copies=2, seed=3, train=300, test=100).run()
    run = runs[LEARNING, Precision(4, 8, 5, "stochastic"), 2, 3]
    assert (run.accuracy, run.unanswered) == (result.accuracy, result.unanswered)
    full = Session(config.load(CONFIG), copies=2, seed=3, train=300, test=100).run()
    assert runs[LEARNING, Precision(), 2, 3].accuracy == full.accuracy


def test_a_run_after_training_tests_the_trained_network_with_fewer_bits(runs, tmp_path):
    trained = Session(config.load(CONFIG), copies=1, seed=3, train=300, test=100)
    trained.proceed(trained.default_freeze)
    few = {field: value for field, value in FEW.items() if "rounding" not in field}
    tested = Session(override_all(config.load(CONFIG), few), copies=1, seed=3, train=300, test=100)
    tested.proceed(trained.default_freeze, freeze=0)
    # Not the state alone: the network's time, and with it the noise of the inputs, must be those of the training.
    tested.engine.load(in_precision(tested.plan, trained.state()))
    tested.proceed()
    score = tested.score(300, 400)
    assert runs[TRAINED, Precision(4, 8, 5), 1, 3].accuracy == score.accuracy
    assert len(np.unique(tested.weights("R->L"))) <= 16


def test_a_state_in_fewer_bits():
    network = config.load(CONFIG)
    trained = Session(network, copies=1, train=100, test=0)
    trained.run()
    state = trained.state()
    fewer_bits = override_all(network, FEW | {"population.L.potential_step": "0.1"})
    plan = Session(fewer_bits, copies=1, train=1, test=0).plan
    assert list(wrong_values(plan, state, None))
    fewer = in_precision(plan, state)
    assert not list(wrong_values(plan, fewer, None))
    assert np.abs(fewer["0/R->L/resource"] - state["0/R->L/resource"].clip(-127 << 15, 127 << 15)).max() <= 1 << 14
    assert np.abs(fewer["0/L/potential"] - state["0/L/potential"]).max() < 100
    untouched = fewer.keys() - {"0/R->L/resource", "0/L/potential"}
    assert all(np.array_equal(fewer[key], state[key]) for key in untouched - {"0/OUT/potential"})


def test_bytes(runs):
    # 784 x 150 synapses: 4 and 16 bits a weight; 8 + 1 and 32 + 1 bits a resource with its contribution.
    full, few = runs[LEARNING, Precision(), 1, 3], runs[LEARNING, Precision(4, 8, 5), 1, 3]
    assert (full.weight_bytes, full.learning_bytes) == (117600 * 2, 117600 * 33 // 8)
    assert (few.weight_bytes, few.learning_bytes) == (117600 // 2, 117600 * 9 // 8)


def test_the_command_resumes(call, tmp_path, monkeypatch):
    status, expected, err = call("quantise", CONFIG, *SMALL, "--out", tmp_path / "whole")
    assert (status, err) == (0, "")
    lines = expected.splitlines()
    assert len(lines) == 2 + 1 + 3 + 5
    assert lines[2].startswith("| full | 16 | 32 | 20 | - | 235,200 | 485,100 |")
    assert call("quantise", CONFIG, *SMALL, "--out", tmp_path / "whole")[:2] == (2, "")

    learnt, count = Study._learnt, []

    def breaks(self, *args):
        count.append(args)
        if len(count) == 3:
            raise KeyboardInterrupt
        return learnt(self, *args)

    monkeypatch.setattr(Study, "_learnt", breaks)
    assert call("quantise", CONFIG, *SMALL, "--out", tmp_path / "part")[0] == 130
    kept = json.loads((tmp_path / "part" / "runs.json").read_text())["runs"]
    assert len(kept) == 1 + 3 + 2
    count += [None] * 3
    assert call("quantise", CONFIG, *SMALL, "--out", tmp_path / "part", "--resume") == (0, expected, "")
    assert len(count) == 3 + 3 + 3
    same = [(tmp_path / name / "runs.json").read_bytes() for name in ("whole", "part")]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--weights", "17"], "population.L.weight_bits"),
        (["--weights", "8,8"], "--weights 8,8: a value is given twice"),
        (["--weights", "0"], "--weights 0: expected whole numbers from 1 on"),
        (["--resources", "12.x"], "--resources 12.x: expected bits, a point and bits of the fraction"),
        (["--resources", "1" * 5000], ": expected bits, a point and bits of the fraction"),
        (["--resources", "4.4"], "0.989612 is out of range: with resource_bits 4 and resource_fraction 4"),
        (["--rounding", "up"], "--rounding up: expected nearest or stochastic"),
        (["--set", "population.L.x=1"], "population.L.x"),
    ],
)
def test_what_cannot_be(call, tmp_path, words, said):
    status, out, err = call("quantise", CONFIG, *words, "--out", tmp_path / "out", "--train", "10", "--test", "10")
    assert (status, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_runs_of_another_network_are_not_mixed(call, tmp_path):
    few = ["--weights", "16", "--resources", "32.20", "--train", "20", "--test", "10", "--quiet", "--out", tmp_path]
    assert call("quantise", CONFIG, *few)[0] == 0
    path = tmp_path / "runs.json"
    status, _, err = call("quantise", CONFIG, *few, "--resume", "--set", "population.L.tau_m=4")
    assert (status, err) == (2, f"{path}: its runs had another configuration; choose another --out\n")
    kept = path.read_text()
    path.write_text(kept.replace('"data": {', '"data": {"more": "x",'))
    said = f"{path}: its runs had another data; choose another --out\n"
    assert call("quantise", CONFIG, *few, "--resume")[2] == said
    path.write_text(kept.replace('"colanet": "', '"colanet": "9.'))
    assert "its runs had another colanet" in call("quantise", CONFIG, *few, "--resume")[2]
    for damaged in (kept[:-9], re.sub('"accuracy": [0-9.]+', '"accuracy": "x"', kept)):
        path.write_text(damaged)
        status, _, err = call("quantise", CONFIG, *few, "--resume")
        assert status == 2
        assert err.startswith(f"{path}: damaged")
        assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_stored_run_is_made_again():
    """One of those behind the tables of docs/quantise.md, whole: the tables are of the model as it is."""
    path = CONFIG.parents[1] / "experiments" / "results" / "quantise" / "mnist_chip.json"
    stored = {quantisation.key_of(run): run for run in quantisation.stored(path)[1]}
    point = Precision(2, 12, 9, "stochastic")
    found = Study(CONFIG.with_name("mnist_chip.yaml"), Grid(), "unused", engine="numba")._learnt(point, 1, 1)
    assert found == stored[LEARNING, point, 1, 1]


def test_validation_images_are_the_last_training_images():
    grid = Grid(train=200, test=50, validation=100)
    session = Study(CONFIG, grid, "unused")._session(Precision(), 1, 0)
    whole = Session(config.load(CONFIG), copies=1)
    labels, taught = whole.presentation.labels, whole.presentation.n_train
    assert session.presentation.labels.tolist() == [*labels[:200], *labels[taught - 100 : taught - 50]]
    assert (session.presentation.n_train, session.presentation.n_test) == (200, 50)
