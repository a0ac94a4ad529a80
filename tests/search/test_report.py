"""Tables, report and picture of a search."""

import csv

import pytest
import yaml

pytest.importorskip("optuna")

from colanet import config
from colanet.errors import DataError
from colanet.search import report
from colanet.search.jobs import Result
from colanet.search.loop import best, outcome
from tests.search import toys

NETWORK = config.load(toys.ROOT / "configs" / "mnist.yaml")


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    study = toys.make_study("random")
    return study, toys.run(tmp_path_factory.mktemp("journal"), study)[1]


def test_files(searched, tmp_path):
    study, trials = searched
    files = report.write(tmp_path, study, NETWORK, trials, "colanet search toy.yaml")
    names = [path.name for path in files]
    assert names[:3] == ["best.yaml", "trials.csv", "report.md"]
    if len(names) == 4:
        assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names), "something half-written"


def test_best_is_the_highest(searched):
    study, trials = searched
    top = best(trials)
    assert top.value == max(trial.value for trial in trials if trial.value is not None)
    content = yaml.safe_load(report.best_yaml(study, trials))
    assert (content["trial"], content["value"]) == (top.number, top.value)
    assert content["set"]["population.L.hebbian_rate"] == pytest.approx(
        top.params["population.L.hebbian_rate"], rel=1e-5
    )
    assert [row["seed"] for row in content["metrics_by_seed"]] == list(toys.SEEDS)
    mean = sum(row["ACC"] for row in content["metrics_by_seed"]) / 2
    assert content["metrics"]["ACC"] == pytest.approx(mean) == pytest.approx(top.value)


def test_best_of_equals_is_the_earliest(tmp_path):
    trials = toys.run(tmp_path, toys.make_study("random", generations=1), function=level)[1]
    assert [trial.value for trial in trials] == [0.5] * 6
    assert best(trials).number == 0


def level(job):
    return Result(({"ACC": 0.5},) * len(job.seeds), 0.0)


def test_table(searched):
    study, trials = searched
    rows = list(csv.DictReader(report.trials_csv(study, trials).splitlines()))
    assert [int(row["trial"]) for row in rows] == list(range(24))
    assert [int(row["generation"]) for row in rows] == [number // 6 for number in range(24)]
    for row, trial in zip(rows, trials, strict=True):
        assert (row["state"], row["problem"]) == (
            ("complete", "") if trial.value is not None else ("fail", "the rate is too strong")
        )
        assert float(row["population.L.hebbian_rate"]) == trial.params["population.L.hebbian_rate"]
        if trial.value is not None:
            assert float(row["value"]) == trial.value
            assert float(row["ACC (seed 101)"]) - float(row["ACC (seed 100)"]) == pytest.approx(1e-5)


def test_report_ranks(searched):
    study, trials = searched
    text = report.report(study, NETWORK, trials, "colanet search toy.yaml")
    assert "    colanet search toy.yaml\n" in text
    assert "2 failed" in text
    ranked = [line.split("|")[1:3] for line in text.partition("## The best 10")[2].splitlines()[4:] if line]
    values = [float(value) for _, value in ranked]
    assert len(ranked) == 10
    assert values == sorted(values, reverse=True)
    assert int(ranked[0][0]) == best(trials).number
    shares = report.importances(trials)
    assert set(shares) == set(study.parameters)
    assert sum(shares.values()) == pytest.approx(1)


def test_all_failed_is_one_line(tmp_path):
    study = toys.make_study("random", generations=1)
    trials = toys.run(tmp_path / "journal", study, function=hopeless)[1]
    with pytest.raises(DataError, match="none of the 6 trials could be evaluated; the first: too hot"):
        report.write(tmp_path, study, NETWORK, trials, "")
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]


def hopeless(job):
    return Result(problem="too hot")


def test_not_a_number_is_a_failure(tmp_path):
    trials = toys.run(tmp_path, toys.make_study("tpe", generations=2), function=nothing)[1]
    assert {outcome(trial)["problem"] for trial in trials} == {"the objective is not a number"}
    assert best(trials) is None


def nothing(job):
    return Result(({"ACC": float("nan")},) * len(job.seeds), 0.0)
