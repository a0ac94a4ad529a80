"""A readout of one's own: a small package, found by its entry point, named in a configuration."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

import colanet
from colanet.config import save
from colanet.storage import read_h5
from tests.outside import package

ROOT = Path(__file__).parents[2]

LATEST = '''
"""The class of the neuron that fired last, as far as it did so before a step of the period."""

import numpy as np

from colanet.observers import Wants
from colanet.readout import Readout


class Latest(Readout):
    keeps = ("step", "neuron")

    def __init__(self, *, before=1000):
        self.before = before

    def begin(self, session):
        super().begin(session)
        self.step = np.zeros(self.objects, dtype=np.int64)  # steps from the beginning of the period, from 1
        self.neuron = np.zeros(self.objects, dtype=np.int64)

    def wants(self):
        return Wants(spikes=(self.population.name,))

    def seen(self, stretch):
        for copy in range(self.copies):
            for step, neuron in stretch.spikes(self.population.name, copy).tolist():
                shown, within = divmod(step, self.period)
                if within < self.before and (within + 1, neuron) > (self.step[shown], self.neuron[shown]):
                    self.step[shown], self.neuron[shown] = within + 1, neuron

    def evidence(self):
        found = np.zeros((self.objects, self.classes), dtype=np.int64)
        spoke = np.flatnonzero(self.step)
        found[spoke, self.neuron[spoke] * self.classes // self.population.size] = self.step[spoke]
        return found
'''


@pytest.fixture
def latest(tmp_path, monkeypatch):
    package(tmp_path / "site", "my_readouts", LATEST, {"colanet.readouts": {"latest": "Latest"}}, monkeypatch)


@pytest.fixture
def config(tmp_path):
    """MNIST, read out by `latest`, as a user would write it."""
    network = colanet.load(ROOT / "tests" / "plan" / "published.nnc")
    path = tmp_path / "mine.yaml"
    save(network, path)
    text = path.read_text()
    assert yaml.safe_load(text)["readout"] == {"kind": "object", "population": "OUT"}
    changed = "readout: {kind: object, population: OUT, rule: latest, options: {before: 6}}"
    path.write_text(text.replace("readout: {kind: object, population: OUT}", changed))
    return path


def expected_answers(arrays, before):
    """Worked out from the recorded spikes of both copies: the last one wins, of several the highest neuron."""
    best = {}
    for copy in range(2):
        for step, neuron in arrays[f"spikes/{copy}/OUT"].tolist():
            shown, within = divmod(step, 15)
            if within < before:
                best[shown] = max(best.get(shown, (-1, -1)), (within, neuron))
    return [best.get(k, (0, -1))[1] for k in range(1550)]


def test_it_answers_in_a_run_of_the_command_line(tmp_path, call, latest, config):
    assert call("validate", config)[0] == 0
    small = ["--train", "1500", "--test", "50", "--copies", "2", "--engine", "numba", "--quiet", "--json"]
    record = ["--record", "hdf5", "--record-sections", "OUT", "--out", tmp_path / "out"]
    status, out, err = call("run", config, *small, *record)
    assert status == 0, err
    arrays, _ = read_h5(tmp_path / "out" / "results.h5")
    answers = expected_answers(arrays, before=6)
    assert arrays["answers"].tolist() == answers
    assert json.loads(out)["accuracy"] == np.mean(arrays["answers"][1500:] == arrays["labels"][1500:])
    # The option matters, and so does the rule.
    assert expected_answers(arrays, before=15) != answers
    status, _, err = call(
        "run", config, *small, "--set", "readout.rule=votes", "--set", "readout.options={}", *record
    )
    assert status == 0, err
    assert read_h5(tmp_path / "out" / "results.h5")[0]["answers"].tolist() != answers


def test_it_goes_on_from_a_checkpoint(tmp_path, latest, config):
    network = colanet.load(config)
    small = {"train": 1500, "test": 5, "copies": 2, "engine": "numba"}
    whole = colanet.Session(network, **small)
    whole.run()
    first = colanet.Session(network, **small)
    first.run(1200 * 15 + 7)
    first.checkpoint(tmp_path / "c.h5")
    second = colanet.Session(network, **small, chunk_steps=400)
    second.resume(tmp_path / "c.h5")
    second.run()
    np.testing.assert_array_equal(second.answers(), whole.answers())
    assert (whole.answers() >= 0).any()


def test_without_the_package_it_is_named_as_missing(call, config):
    status, _, err = call("validate", config)
    assert (status, len(err.splitlines())) == (2, 1)
    assert err.endswith("readout: rule: unknown readout latest; known: counts, early, first_spike, votes\n")


def test_its_options_are_checked(call, latest, config):
    config.write_text(config.read_text().replace("before: 6", "after: 3"))
    status, _, err = call("validate", config)
    assert (status, len(err.splitlines())) == (2, 1)
    assert err.endswith("readout: options: there is no option after; known: before\n")
