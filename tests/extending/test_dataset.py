"""A data set from outside: one function and one entry point; configurations, commands and experiments know it."""

import json

import pytest

from colanet.datasets.registry import BUILT_IN
from tests.extending import colanet
from tests.outside import package

READER = '''"""Twelve measurements of three kinds of leaves, floats between -1 and 1."""

import numpy as np


def leaves(folder):
    """Training samples, their labels, test samples, their labels."""
    rng = np.random.default_rng(1)
    kinds = np.array(["elm", "lime", "oak"])

    def part(n):
        which = rng.integers(0, 3, n)
        samples = rng.normal(-0.8, 0.1, (n, 12))
        samples[np.arange(n)[:, None], 4 * which[:, None] + np.arange(4)] += 1.6
        return np.clip(samples, -1, 1), kinds[which]

    return (*part(600), *part(60))
'''

NETWORK = """
inputs:
  - {name: R, kind: image, source: leaves, period: 20, presentation: 10, coding: poisson}
  - {name: Target, kind: object_target, size: 3, target_file: leaves, learning_time: 12000, period: 20}
populations:
  - name: L
    size: 6
    columns: 3
    winner_take_all: true
    tau_m: 5
    noise_amplitude: 1.9
    reset_period: 20
    hebbian_rate: -0.08
    isi_max: 10
    dopamine_window: 10
    dopamine_rule: three_factor
    stability_rate: 0.03
    w_min: -1.0
    w_max: 3.0
    virtual_synapses: 12
  - {name: OUT, size: 3}
  - {name: BIASGATE, size: 3}
projections:
  - {source: R, target: L, kind: plastic, connection: all_to_all, initial_resource: 1.34}
  - {source: L, target: L, kind: gating, connection: within_columns, weight: -10}
  - {source: Target, target: L, kind: reward, connection: one_to_one, weight: 0.09, delay: 3}
  - {source: L, target: OUT, connection: one_to_one, weight: 10}
  - {source: OUT, target: BIASGATE, kind: gating, connection: one_to_one, weight: -10}
  - {source: BIASGATE, target: OUT, kind: gating, connection: one_to_one, weight: -3}
  - {source: Target, target: BIASGATE, connection: one_to_one, weight: 20}
  - {source: BIASGATE, target: L, connection: one_to_one, weight: 10}
readout: {kind: object, population: OUT}
"""

EXPERIMENT = """
name: leaves
network: net.yaml
seeds: [1]
tasks:
  - {dataset: leaves, train: 100, test: 20}
  - {dataset: leaves, permutation: 3, train: 100, test: 20}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.yaml").write_text(NETWORK)
    (tmp_path / "e.yaml").write_text(EXPERIMENT)
    return package(tmp_path, "leafy", READER, {"colanet.datasets": {"leaves": "leaves"}}, None)


def test_it_is_learnt_by_name(folder):
    status, out, err = colanet(folder, "run", "net.yaml", "--json", "--quiet")
    assert (status, err) == (0, "")
    result = json.loads(out)
    assert (result["train_images"], result["test_images"]) == (600, 60)
    assert result["data"][0]["name"] == "leaves"
    assert result["data"][0]["source"] == "leafy:leaves"
    assert result["accuracy"] > 0.7


def test_the_option_takes_it_and_names_what_there_is(folder):
    changed = NETWORK.replace("source: leaves", "source: mnist, shape: [28, 28, 1]").replace(
        "target_file: leaves", "target_file: mnist"
    )
    (folder / "digits.yaml").write_text(changed)
    few = ["--train", 20, "--test", 5, "--json", "--quiet"]
    status, out, err = colanet(folder, "run", "digits.yaml", "--dataset", "leaves", *few)
    assert (status, err) == (0, "")
    assert [used["name"] for used in json.loads(out)["data"]] == ["leaves"]
    known = ", ".join((*BUILT_IN, "leaves"))
    assert colanet(folder, "run", "digits.yaml", "--dataset", "needles") == (
        2,
        "",
        f"--dataset needles: unknown data set; known: {known}\n",
    )


def test_tasks_of_an_experiment_are_made_of_it(folder):
    status, out, err = colanet(folder, "continual", "e.yaml", "--quiet")
    assert (status, err) == (0, "")
    assert (folder / "results" / "leaves").is_dir()
    assert out


def test_a_reader_that_fails_is_one_line(folder):
    (folder / "leafy.py").write_text("def leaves(folder):\n    raise ValueError('no leaves in winter')\n")
    said = "data set leaves: its reader failed (ValueError: no leaves in winter)\n"
    assert colanet(folder, "run", "net.yaml") == (2, "", said)
