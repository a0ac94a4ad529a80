"""Column networks and MNIST once beside other simulators and libraries: the same work, and what must agree does."""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from colanet.plan.fixed import weight_of
from experiments.benchmarks import columns, once, peers, tables
from experiments.benchmarks.timing import JOBS

EXACT = ("Brian2, C++ standalone", "Brian2, Cython", "ANNarchy")
"""Simulators that compute colanet's integers, learning included."""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Work files of few images, their labels and numbers of events."""
    folder = tmp_path_factory.mktemp("work")
    return folder, *columns.write_work(folder, images=30, train=300, data=None)


# ------------------------------------------------------------------ the same work


def test_the_work_holds_weights_of_its_resources_and_thresholds_of_its_weights(work):
    folder, labels, events = work
    assert len(labels) == 30
    for form in columns.FORMS:
        stored = np.load(folder / f"{form}.npz")
        told = json.loads(str(stored["told"]))
        weight = weight_of(stored["resource"], told["w_min"], told["w_min"] + told["span"])
        assert np.array_equal(stored["weight"], weight)
        assert stored["weight"].shape == (784, 150)
        assert len(stored["ptr"]) == 601
        assert events[form] == 150 * (stored["ptr"][-1] - stored["ptr"][400])
        assert told["learning"] == (form == columns.PLASTIC) == (told["rate"] > 0)
        # 8531 alone without a factor; with one it grows with what was learnt.
        assert (stored["threshold"] == 8531).all() == told["learning"]
    assert np.unique(stored["weight"][:, 0]).size > 10  # drawn, so that no two neurons are alike


def test_weights_in_double_precision_are_those_of_colanet(monkeypatch):
    monkeypatch.syspath_prepend(str(JOBS))
    import columns_work

    resource = np.random.default_rng(0).integers(-(2**31), 2**31 - 1, 100_000)
    resource[:3] = (-1, 0, 1)
    told = {"w_min": -323, "span": 479, "span_resource": 502268}
    assert np.array_equal(columns_work.weights_of(resource, told), weight_of(resource, -323, 156))


def test_stretches_side_by_side_are_the_spikes_with_the_end_of_the_one_before(work, monkeypatch):
    monkeypatch.syspath_prepend(str(JOBS))
    import columns_work

    stored, told = columns_work.opened(work[0] / "static.npz")
    whole, cut = columns_work.dense(stored, told), columns_work.stretches(stored, told, lanes=5)
    assert cut.shape == (5, columns_work.BEFORE + 120, 784)
    assert np.array_equal(cut[:, columns_work.BEFORE :].reshape(600, 784), whole)
    assert not cut[0, : columns_work.BEFORE].any()
    assert np.array_equal(cut[1, : columns_work.BEFORE], whole[120 - columns_work.BEFORE : 120])
    assert whole.sum() == stored["ptr"][-1]


def test_accuracy_is_the_class_of_most_spikes():
    # Image 0: class 1 twice, class 0 once. Image 1: a tie of 2 and 3. Image 2: nothing.
    spikes = np.array([[0, 7], [1, 151], [2, 150], [3, 151], [21, 153], [22, 152]])
    assert columns.accuracy(spikes, np.array([1, 2, 0])) == pytest.approx(2 / 3)
    assert columns.accuracy(spikes, np.array([0, 3, 0])) == 0


# ------------------------------------------------------------------------- parts


@pytest.mark.slow
def test_colanet_alone_on_the_column_network(monkeypatch):
    monkeypatch.setattr(columns, "FORMS", (columns.PLASTIC,))  # each compiles the kernels
    found = columns.measure(images=10, train=100, rounds=1, peers=False)
    assert [(row["form"], row["simulator"]) for row in found["rows"]] == [(columns.PLASTIC, columns.COLANET)]
    for row in found["rows"]:
        assert row["image_microseconds"] > 0 < row["bytes"]
        assert row["agreement"]["spikes"] == row["agreement"]["in_both"] > 0
    assert all(row["simulator"] in tables.columns(row["form"], found) for row in found["rows"])


@pytest.mark.slow
@pytest.mark.parametrize("simulator", columns.PEERS)
def test_another_simulator_on_the_column_network(simulator, monkeypatch):
    told = columns.PEERS[simulator]
    if lacking := [module for module in told[1] if not find_spec(module)]:
        pytest.skip(f"{', '.join(lacking)}: not installed, extra peers")
    monkeypatch.setattr(columns, "PEERS", {simulator: told})
    found = columns.measure(images=80, train=600, rounds=1)
    for row in found["rows"]:
        same = row["agreement"]
        assert same["spikes"] > 100
        if simulator in EXACT or (simulator.startswith("NEST") and row["form"] == columns.STATIC):
            assert same["first_difference"] is None
        # Single precision, or own spikes that act a step later: a spike here and there.
        assert same["in_both"] > 0.9 * same["spikes"]


@pytest.mark.slow
def test_mnist_once(monkeypatch):
    monkeypatch.setattr(once, "METHODS", {k: v for k, v in once.METHODS.items() if v[1] != "torch"})
    found = once.measure(train=2000, test=200, rounds=1)
    for row in found["rows"]:
        assert 0.5 < row["accuracy"] < 1
        assert row["run_seconds"] > 0 < row["bytes"]
        assert row["spread"] is None  # of one round
    assert len(found["rows"]) + len(found["missing"]) == len(once.METHODS)


def test_what_is_missing_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    for module in (columns, once):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
        assert module.packages() == []
    jobs, missing = columns._jobs(tmp_path, peers=True)
    assert list(jobs) == [f"{form}/{columns.COLANET}" for form in columns.FORMS]
    assert len(missing) == len(columns.PEERS)
    assert all('pip install "colanet[peers]"' in line for line in missing)
    monkeypatch.setattr(once, "in_turns", lambda jobs, rounds: {})
    assert [line.split(": ")[1:] for line in once.measure(10, 10, 1)["missing"]] == [
        [f"{package} is not installed", f"pip install {package}"]
        for package in ("scikit-learn", "scikit-learn", "torch", "torch")
    ]


def test_the_one_table_has_a_row_for_everybody(tmp_path):
    agreed = {"spikes": 10, "in_both": 10, "first_difference": None}
    other = {"spikes": 8, "in_both": 6, "first_difference": 3}
    more = {"events_a_second": 1e9, "bytes": 2**20}
    rows = [
        {"form": form, "simulator": name, "image_microseconds": time, "agreement": same, **more}
        for form in columns.FORMS
        for name, time, same in (("colanet, numba", 10.0, agreed), ("other", 25.0, other))
    ]
    recurrent = [{"simulator": "colanet, numba", "step_microseconds": 50.0, "agreement": agreed, **more}]
    job = [{"method": "colanet", "run_seconds": 2.0, "bytes": 2**21, "accuracy": 0.95, "spread": None}]
    for name, found in (
        ("columns", {"rows": rows}), ("recurrent", {"rows": recurrent}),
        ("once", {"rows": job, "train": 60, "test": 40}),
    ):  # fmt: skip
        (tmp_path / f"{name}.json").write_text(json.dumps(found))
    assert peers.table(tmp_path).splitlines()[2:] == [
        "| column network, static | colanet, numba | 1 | 100,000 | 1e+09 | 1 | all spikes |",
        "| column network, static | other | 2.5 | 40,000 | 1e+09 | 1 | 60.0 % of the spikes |",
        "| column network, learning | colanet, numba | 1 | 100,000 | 1e+09 | 1 | all spikes |",
        "| column network, learning | other | 2.5 | 40,000 | 1e+09 | 1 | 60.0 % of the spikes |",
        "| 1,000 recurrent neurons | colanet, numba | 1 | 20,000 | 1e+09 | 1 | all spikes |",
        "| MNIST once | colanet | 1 | 50 | – | 2 | 95.0 % right |",
    ]
    assert peers.short(tmp_path).splitlines()[2:] == [
        "| colanet, numba | 1 | all spikes | 1 | all spikes |",
        "| other | 2 | 60.0 % of the spikes | 2 | 60.0 % of the spikes |",
    ]
