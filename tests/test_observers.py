"""Observers of a user's own: what they see, whatever the chunks, checkpoints and other data."""

import re
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.engine.base import Votes
from colanet.errors import CheckpointError, ConfigError
from colanet.observers import Observer, Wants
from colanet.readout import READOUTS
from colanet.session import Recording, Session
from colanet.storage import read_h5

ROOT = Path(__file__).parents[1]
PUBLISHED = ROOT / "tests" / "plan" / "published.nnc"
PERIOD, OBJECTS = 15, 40


@pytest.fixture(scope="module")
def network():
    return colanet.load(PUBLISHED)


class Firing(Observer):
    """Spikes of one population per object, counted from the spikes themselves."""

    keeps = ("counts",)
    least = 0

    def __init__(self, population, name="firing"):
        self.population, self.name = population, name

    def begin(self, session):
        p = session.presentation
        self.copies = session.plan.copies
        self.counts = np.zeros((self.copies, p.n_train + p.n_test), dtype=np.int64)

    def wants(self):
        return Wants(spikes=(self.population,))

    def seen(self, stretch):
        for copy in range(self.copies):
            step, _ = stretch.spikes(self.population, copy).T
            np.add.at(self.counts[copy], step // PERIOD, 1)


class Halves(Observer):
    """Votes over other periods than those of the objects, which the engine counts for one observer only."""

    name, keeps = "halves", ("counts",)

    def begin(self, session):
        index = session.plan.population("L").index
        self.votes = Votes(index, 5, 7)
        self.counts = np.zeros((session.plan.copies, OBJECTS * PERIOD // 7 + 1, 5), dtype=np.int64)

    def wants(self):
        return Wants(votes=self.votes)

    def seen(self, stretch):
        found, first = stretch.votes(self.votes), stretch.start // 7
        self.counts[:, first : first + found.shape[1]] += found


def session_of(network, *observers, **values):
    small = {"train": 30, "test": 10, "copies": 2, "engine": "numba", "threads": 1}
    return Session(network, **small | values, observers=observers)


@pytest.fixture(scope="module")
def plain(network):
    session = session_of(network, recording=Recording(("L",)))
    return session, session.run()


@pytest.mark.parametrize("chunk", [7, 100, 15_000])
def test_an_observer_sees_every_spike_once_and_changes_nothing(network, plain, chunk):
    firing, halves = Firing("L"), Halves()
    session = session_of(network, firing, halves, chunk_steps=chunk)
    result = session.run()
    assert result.digest == plain[1].digest
    np.testing.assert_array_equal(session.tally.votes, plain[0].tally.votes)
    for copy in range(2):
        step, neuron = plain[0].spikes("L", copy).T
        np.testing.assert_array_equal(firing.counts[copy], np.bincount(step // PERIOD, minlength=OBJECTS))
        expected = np.zeros_like(halves.counts[copy])
        np.add.at(expected, (step // 7, neuron // 30), 1)
        np.testing.assert_array_equal(halves.counts[copy], expected)
    assert firing.counts.any()


def test_it_survives_checkpoint_and_resume(network, tmp_path):
    whole = Firing("L")
    session_of(network, whole).run()
    first = session_of(network, Firing("L"))
    first.run(11 * PERIOD + 4)
    first.checkpoint(tmp_path / "c.h5")
    assert read_h5(tmp_path / "c.h5")[0]["observers/firing/counts"].shape == (2, OBJECTS)
    again = Firing("L")
    second = session_of(network, again)
    second.resume(tmp_path / "c.h5")
    second.run()
    np.testing.assert_array_equal(again.counts, whole.counts)
    without = session_of(network)
    without.resume(tmp_path / "c.h5")
    assert without.run().digest == second.result().digest


def test_a_checkpoint_without_it_is_refused_and_changes_no_observer(network, tmp_path):
    first = session_of(network, Firing("L"))
    first.run(90)
    first.checkpoint(tmp_path / "c.h5")
    kept, late = Firing("L"), Firing("OUT", "late")
    session = session_of(network, kept, late)
    session.run(30)
    before, votes = kept.counts.copy(), session.tally.votes.copy()
    with pytest.raises(
        CheckpointError, match=r"c\.h5: it lacks observers/late/counts; expected a run with the obs"
    ):
        session.resume(tmp_path / "c.h5")
    np.testing.assert_array_equal(kept.counts, before)
    np.testing.assert_array_equal(session.tally.votes, votes)
    assert session.step == 30
    whole = Firing("L")
    session_of(network, whole).run()
    session.run()
    np.testing.assert_array_equal(kept.counts, whole.counts)


def test_other_data_begin_anew_and_a_bookmark_brings_everything_back(network, plain):
    firing = Firing("L")
    session = session_of(network, firing)
    session.run(10 * PERIOD)
    place, before = session.bookmark(), firing.counts.copy()
    for _ in range(2):  # a place can be come back to as often as one likes
        session.present(session_of(network, train=0, test=5).presentation)
        assert firing.counts.shape == (2, 5)
        session.run(freeze=0)
        session.return_to(place)
        np.testing.assert_array_equal(firing.counts, before)
    assert session.run().digest == plain[1].digest


def test_cuts_end_stretches(network):
    class Every(Observer):
        ends = ()

        def cuts(self, start, stop, freeze):
            return range(0, stop + 100, 40)

        def seen(self, stretch):
            self.ends += ((stretch.start, stretch.stop, stretch.end, stretch.learning),)

    every = Every()
    session_of(network, every).run(100, freeze=80)
    assert every.ends == ((0, 40, 100, True), (40, 80, 100, True), (80, 100, 100, False))


def test_names_are_not_given_twice(network):
    with pytest.raises(ConfigError, match="observers: two are called firing"):
        session_of(network, Firing("L"), Firing("OUT"))


def test_the_format_of_checkpoints_stays(network, tmp_path):
    session = session_of(network, recording=Recording(("OUT",)))
    arrays, attributes = session.snapshot()
    assert {name for name in arrays if not name.startswith("state/")} == {
        "tally/votes", "tally/spikes", "tally/test_spikes", "records/0/OUT", "records/1/OUT",
    }  # fmt: skip
    assert set(attributes) == {
        "kind", "fingerprint", "data", "terms", "origin", "step", "events", "seconds", "configuration",
        "input_sizes", "seed", "test_events", "test_learnt", "told_apart",
    }  # fmt: skip
    # Of a network without a rule of its own the text is that of versions that knew no rules.
    assert session.network.readout.model_dump_json() == '{"kind":"object","population":"OUT"}'


class Clashing(Observer):
    """Gives a checkpoint what others give it."""

    def __init__(self, arrays=(), attributes=(), name="mine"):
        self.name, self.given = name, ({name: np.zeros(2) for name in arrays}, dict.fromkeys(attributes, 7))

    def snapshot(self):
        return self.given


@pytest.mark.parametrize(
    ("arrays", "attributes", "taken"),
    [
        ((), ("kind", "step"), "kind"), ((), ("seed",), "seed"), ((), ("events",), "events"),
        (("tally/spikes",), (), "tally/spikes"), (("state/0/L/potential",), (), "state/0/L/potential"),
        (("kept/book",), (), "kept/book"), (("tally/votes",), (), "tally/votes"),
    ],
)  # fmt: skip
def test_names_that_would_write_over_a_checkpoint_are_refused(network, arrays, attributes, taken):
    message = re.escape(f"observer mine: its snapshot gives {taken}, which is taken in checkpoints")
    with pytest.raises(ConfigError, match=f"^{message}"):
        Session(network, train=3, test=1, observers=[Clashing(arrays, attributes)], base_dir=ROOT)


def test_names_that_clash_later_are_refused_when_a_checkpoint_is_written(network, tmp_path):
    first, second = Clashing(name="first"), Clashing(name="second")
    session = Session(network, train=3, test=1, observers=[first, second], base_dir=ROOT)
    first.given[1]["mine/n"] = second.given[1]["mine/n"] = 3
    with pytest.raises(ConfigError, match=r"^observer second: its snapshot gives mine/n"):
        session.checkpoint(tmp_path / "c.h5")
    assert not (tmp_path / "c.h5").exists()


def test_the_page_of_readouts_runs(tmp_path, monkeypatch):
    text = (ROOT / "docs" / "readouts.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    assert code.count("assert ") == 3
    for rule in READOUTS.names():
        assert f"| `{rule}`" in text
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/readouts.md", "exec"), {"__name__": "page"})
