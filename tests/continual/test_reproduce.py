"""`python -m experiments.reproduce`: where it writes, and what it draws."""

import json

import click
import numpy as np
import pytest

from colanet.continual.study import StudyOptions
from colanet.errors import DataError, OutputError
from experiments import letters_cause, reproduce, robustness, robustness_report
from tests.continual.toys import ROOT

pytest.importorskip("matplotlib")
DATA = ["--data", str(ROOT.parent / "shared" / "data")] if (ROOT.parent / "shared" / "data").exists() else []


def call(*words):
    reproduce.main.main([*map(str, words), "--quiet", *DATA], standalone_mode=False)


@pytest.fixture
def seen(monkeypatch):
    """(name, folder of runs, folder of results) of every experiment asked for; none is run."""
    found = []

    def note(name, results, options, *_):
        found.append((name, options.out, results))
        return []

    monkeypatch.setattr(reproduce, "reproduce", note)
    return found


def test_quick_runs_and_results_lie_apart(seen, tmp_path, monkeypatch):
    monkeypatch.setattr(reproduce, "HERE", tmp_path)
    call("mnist", "--quick")
    call("mnist")
    call("mnist", "--quick", "--runs", tmp_path / "a", "--results", tmp_path / "b")
    quick = tmp_path / "quick"
    assert seen == [
        ("mnist", quick / "runs" / "mnist", quick / "results"),
        ("mnist", tmp_path / "runs" / "mnist", tmp_path / "results"),
        ("mnist", tmp_path / "a" / "mnist", tmp_path / "b"),
    ]
    assert "/experiments/quick/" in (ROOT / ".gitignore").read_text().split()


def test_results_that_are_no_folder_are_refused_before_the_first_run(seen, tmp_path):
    file = tmp_path / "file"
    file.write_text("kept")
    with pytest.raises(OutputError, match="file: cannot be made a folder"):
        call("mnist", "--results", file)
    assert seen == []
    assert file.read_text() == "kept"


def test_unknown_names_are_refused_with_the_known_ones(seen):
    with pytest.raises(click.UsageError, match="no experiment nonsense; known: mnist, permuted_mnist"):
        call("mnist", "nonsense")
    assert seen == []


def test_figures_are_of_the_runs_of_the_tables(tmp_path, monkeypatch):
    """Another seed that lies in the folder counts in neither."""
    drawn = []
    monkeypatch.setitem(reproduce.FIGURES, "mnist", lambda parts: drawn.append(parts) or {})
    runs, results = tmp_path / "runs", tmp_path / "results"
    results.mkdir()
    for seeds in ((7,), (0, 1)):
        options = StudyOptions(seeds=seeds, train=5, test=4, copies=1, out=runs, resume=True)
        reproduce.reproduce("mnist", results, options)
    assert (runs / "15_microcolumns_seed7.h5").exists()
    found = [[o.seed for o in part.outcomes] for part in drawn[-1].values()]
    assert list(drawn[-1]) == ["15 microcolumns", "45 microcolumns", "45 microcolumns, inhibited"]
    assert found == [[0, 1], [0, 1], [0, 1]]
    assert "| 15 microcolumns | 0, 1 |" in (results / "mnist.md").read_text()


def test_the_cause_of_forgetting_letters_is_one_of_them(tmp_path):
    try:
        call("letters_cause", "--quick", "--results", tmp_path / "a")
    except DataError as error:
        pytest.skip(str(error))
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["letters_cause.json", "letters_cause.md"]
    found = json.loads((tmp_path / "a" / "letters_cause.json").read_text())
    assert "--seeds 2 --copies 1 --train 60 --test 30" in found["command"]
    assert "numba" in found["versions"]
    plain, tuned = found["variants"]
    assert (plain["name"], tuned["name"]) == letters_cause.VARIANTS
    assert plain["seeds"] == [0, 1]
    assert len(plain["seconds"]) == 2
    assert plain["configuration"]["copies"] == 1
    assert plain["experiment"]["network"] != tuned["experiment"]["network"]
    text = (tmp_path / "a" / "letters_cause.md").read_text()
    for row in letters_cause.ROWS:
        digits = plain["accuracies"][row]["digits"]
        assert f"| {row} | {100 * digits['mean']:.1f} ± {100 * digits['sd']:.1f} |" in text


def test_robustness_is_one_of_them_and_keeps_its_runs(tmp_path, monkeypatch):
    words = ("robustness", "--quick", "--runs", tmp_path / "runs", "--results", tmp_path / "a")
    try:
        call(*words)
    except DataError as error:
        pytest.skip(str(error))
    names = ["robustness.json", "robustness.md", "robustness.png"]
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == names
    text = (tmp_path / "a" / "robustness.json").read_text()
    found = json.loads(text)
    assert "--seeds 2 --train 60 --test 20 --features 20" in found["command"]
    assert [part["name"] for part in found["networks"]] == ["mnist_one_450, 2 copies", robustness.RIVAL]
    for part in found["networks"]:
        assert list(part["results"]) == list(robustness_report.LEVELS)
        for kind, rows in part["results"].items():
            assert [row["level"] for row in rows] == robustness_report.LEVELS[kind]
            assert rows[0]["accuracy"] == part["results"]["dead_synapses"][0]["accuracy"]
            assert all(len(row["accuracy"]) == 2 for row in rows)
        for kind in ("dead_synapses", "held_thresholds", "dead_neurons", "salt_and_pepper"):
            assert len({tuple(row["accuracy"]) for row in part["results"][kind]}) > 1
    one = found["networks"][0]["results"]["salt_and_pepper"][1]["accuracy"]
    mean, spread = 100 * np.mean(one), 100 * np.std(one, ddof=1)
    assert f"| 10 | {mean:.1f} ± {spread:.1f} |" in (tmp_path / "a" / "robustness.md").read_text()
    monkeypatch.setattr(robustness, "measured", None)  # nothing is measured again
    call(*words)
    assert (tmp_path / "a" / "robustness.json").read_text() == text
