"""docs/estimator.md runs, and what it says of arguments is so; the experiment behind its table."""

import inspect
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("sklearn", reason='pip install "colanet[sklearn]" brings scikit-learn')

from colanet import CoLaNETClassifier
from colanet.estimator.inputs import DARK, MOST_FIELDS, NODES, QUANTILES
from colanet.estimator.network import GATE, LARGEST_WEIGHT, REFERENCE, REST, TAUGHT, Constants
from experiments import estimator, estimator_report, reproduce

PAGE = (Path(__file__).parents[2] / "docs" / "estimator.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs(tmp_path, monkeypatch, capfd, call):
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    assert code.count("assert ") >= 2
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/estimator.md", "exec"), {"__name__": "page"})
    accuracy, command = capfd.readouterr().out.splitlines()
    status, out, _ = call(*command.split()[1:], "--json", "--quiet")
    assert status == 0
    assert json.loads(out)["accuracy"] == pytest.approx(float(accuracy), abs=0.01)


def test_the_page_names_the_arguments_that_are_adapted():
    named = re.findall(r"^\| `(\w+)` \| ([-.\d]+) \|$", PAGE, re.MULTILINE)
    assert {name: float(value) for name, value in named} == vars(Constants())
    arguments = inspect.signature(CoLaNETClassifier).parameters
    assert {name for name, _ in named} - set(arguments) == {"spread"}
    given = [name for name in vars(Constants()) if name != "spread"]
    assert all(arguments[name].default is None for name in given)


def test_the_numbers_of_the_page_are_those_of_the_code():
    assert f"fields = {NODES} / features, rounded, from 1 (quantile: 2) to {MOST_FIELDS}" in PAGE
    assert f"at most {QUANTILES} quantiles" in PAGE
    assert DARK == 1 / 5
    assert f"f = {REFERENCE} / (a `source_fraction`)" in PAGE
    assert f"larger than {LARGEST_WEIGHT:g}." in PAGE
    assert f"wiped {TAUGHT} steps after" in PAGE
    assert f"opens {TAUGHT + GATE} steps after the last input spike, the next sample comes after {REST}" in PAGE


def test_the_experiment_is_one_that_is_reproduced(tmp_path):
    words = ["estimator", "--quick", "--quiet", "--results", str(tmp_path)]
    reproduce.main.main(words, standalone_mode=False)
    found = json.loads((tmp_path / "estimator.json").read_text())
    assert found["command"] == (
        "python -m experiments.estimator --seeds 2 --train 60 --test 20 --on digits --on features"
    )
    assert len(found["runs"]) == 2 * 2 * len(estimator.methods(0))
    assert {run["train"] for run in found["runs"]} == {60}
    assert len((tmp_path / "estimator.md").read_text().splitlines()) == 2 + 2 * len(estimator.methods(0))


def test_the_table_is_of_means_over_seeds():
    runs = [
        {"data": "digits", "method": "A", "seed": seed, "train": 9, "accuracy": accuracy, "fit_seconds": 1 + seed,
         "predict_seconds": 0.5}
        for seed, accuracy in enumerate((0.90, 0.94))
    ]  # fmt: skip
    row = estimator_report.table({"runs": runs}).splitlines()[-1]
    assert row == "| digits, 8 x 8 | 9 | A | 2 | 92.0 ± 2.8 | 1.50 | 0.50 |"
