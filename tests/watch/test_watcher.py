"""A watched run: the same bits, and what is shown is what happened."""

from dataclasses import replace

import numpy as np
import pytest

from colanet.continual.runner import run_one
from colanet.engine.cuda import shim
from colanet.errors import BackendUnavailable
from colanet.observers import Observer
from colanet.session import Recording, Session
from colanet.watch.board import Board
from colanet.watch.view import View
from colanet.watch.watcher import Watcher
from tests.continual import test_together, tiny
from tests.test_nothing_left import relay
from tests.watch import PERIOD, session_of


class Looker(Observer):
    """Somebody who looks all the time, and finds all that is shown at once."""

    name = "looker"

    def __init__(self, board):
        self.board, self.view, self.states = board, View(board), []

    def begin(self, session):
        self.look()

    def seen(self, stretch):
        self.states.append(self.view.state())
        self.look()

    def look(self):
        self.board.asked()
        self.board._next = self.board._paid = 0.0


def watched(**values):
    watcher = Watcher(Board("b"))
    looker = Looker(watcher.board)
    return watcher, looker, session_of(watcher, looker, **values)


@pytest.mark.parametrize(("engine", "chunk"), [("numba", 15_000), ("numba", 100), ("reference", 15_000)])
def test_a_run_that_is_watched_ends_with_the_same_bits(engine, chunk):
    plain = session_of().run()
    watcher, looker, session = watched(engine=engine, chunk_steps=chunk)
    result = session.run()
    assert result.digest == plain.digest
    assert result.accuracy == plain.accuracy
    assert watcher.shown == len(looker.states) > 1
    assert looker.states[-1]["done"] == looker.states[-1]["total"] == 40
    assert looker.states[-1]["phase"] == "test"
    assert looker.states[-1]["messages"] == []
    assert looker.states[0]["phase"] == "learning"


def test_spikes_shown_are_those_of_the_stretch():
    watcher, _, session = watched(recording=Recording(("L",)))
    found = []
    session.proceed(watch=lambda now: found.append((now.step, watcher.firing.counts)), boundaries=[11 * PERIOD])
    assert [step for step, _ in found] == [11 * PERIOD, 30 * PERIOD, 40 * PERIOD]
    start = 0
    for stop, counts in found:
        rows = [session.spikes("L", copy) for copy in range(2)]
        expected = sum(
            np.bincount(r[(r[:, 0] >= start) & (r[:, 0] < stop), 1] // 2, minlength=10) for r in rows
        )
        np.testing.assert_array_equal(counts, expected)
        assert counts.sum() > 0
        start = stop


def test_nobody_looks_and_nothing_is_done():
    watcher = Watcher(Board("b"))
    session = session_of(watcher)
    assert watcher.wants().spikes == ()
    assert session.run().digest == session_of().run().digest
    assert (watcher.shown, watcher.board.snapshot, watcher.firing) == (0, None, None)
    assert (watcher.board.done, watcher.board.total) == (40, 40)


def test_what_cannot_be_shown_does_not_end_the_run():
    watcher, looker, session = watched()
    watcher._bars = -1  # cannot be counted
    assert session.run().digest == session_of().run().digest
    assert looker.states[-1]["messages"][0].startswith("cannot be shown: ")
    assert looker.states[-1]["done"] == 40


def test_what_cannot_be_drawn_is_told():
    watcher, looker, session = watched()
    session.run()
    watcher.board.put(replace(watcher.board.snapshot, state={}), 0.0)
    assert looker.view.state()["note"].startswith("It cannot be drawn: KeyError")
    watcher.board.put(replace(watcher.board.snapshot, projection="none"), 0.0)
    assert looker.view.state()["note"].startswith("They cannot be drawn: receptive fields: ")


def test_stretches_are_short_where_an_engine_is_slow_and_a_population_large():
    slow = Watcher(Board("b"))
    session_of(slow, engine="reference")
    assert list(slow.cuts(0, 12 * PERIOD, None)) == [5 * PERIOD, 10 * PERIOD]
    large = Watcher(Board("b"))
    session = session_of(large)
    assert list(large.cuts(0, 1001 * PERIOD, None)) == [1000 * PERIOD]
    large.population = replace(large.population, size=30_000)
    assert large._steps(session) == 8 * PERIOD  # 4,000,000 spikes at most


def test_a_network_without_images_is_shown_by_steps(tmp_path):
    (tmp_path / "rows.txt").write_text("@\n.\n@\n")
    watcher = Watcher(Board("b"))
    looker = Looker(watcher.board)
    Session(relay(), base_dir=tmp_path, engine="reference", observers=[watcher, looker]).run(8)
    (state,) = looker.states
    assert watcher.firing.counts.tolist() == [2]  # a step after each spike of the input
    assert watcher.firing.shares == 8
    assert [name for name, _ in state["cards"]] == ["steps", "steps a second", "time left"]
    assert (state["unit"], state["phase"], state["done"], state["total"]) == ("steps", "running", 8, 8)
    assert state["note"] == "There are none: no plastic projection comes from an input."
    assert state["fields"] is None


# ---------------------------------------------------------------- several tasks


def looked_at():
    """A watcher whose every stretch is seen; it is told so before each of them."""

    class Always(Watcher):
        def wants(self):
            self.board.asked()
            self.board._next = self.board._paid = 0.0
            return super().wants()

    return Always(Board("b"))


@pytest.mark.parametrize("fields", [{}, {"forward": True}, {"joint": True}], ids=["plain", "forward", "joint"])
def test_a_run_of_several_tasks_is_watched(fields):
    tasks = tiny.tasks(3)
    watcher, phases = looked_at(), []
    view = View(watcher.board)

    def told(done, total, text):
        phases.append(view.state()["phase"])

    outcome = run_one(tiny.experiment(**fields), 1, tasks=tasks, engine="numba", watch=told, onlooker=watcher)
    tiny.same(outcome, run_one(tiny.experiment(**fields), 1, tasks=tasks, engine="numba"))
    assert watcher.run is None
    assert watcher.session is None  # nothing keeps its memory
    state = view.state()
    assert (state["about"], state["messages"]) == ("tiny, seed 1", [])
    shown = watcher.board.snapshot.lessons
    np.testing.assert_array_equal(shown.accuracy, outcome.matrix[tuple(shown.places.T)])
    np.testing.assert_array_equal(shown.running, outcome.running)
    if fields == {}:
        expected = []
        for k in range(3):
            expected.append(f"learning task {k + 1} of 3: task {k + 1}")
            expected += [f"tests, {k + 1} of 3 tasks learnt"] * (k + 1)
        assert phases == expected
        assert state["phase"] == "all 3 tasks learnt and tested"
    if "joint" in fields:
        assert phases[0] == "learning task 1 of 1: all tasks together"
    if "forward" in fields:
        assert phases[:3] == ["tests, 0 of 3 tasks learnt"] * 3


@pytest.mark.slow
def test_of_runs_side_by_side_the_first_is_watched_and_stays_in_step():
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    orders = [test_together.order(0), test_together.order(1)]
    watcher = looked_at()
    found, backend = test_together.together(orders, onlooker=watcher)
    for one, outcome in zip(orders, found, strict=True):
        tiny.same(outcome, test_together.alone(one))
    assert watcher.board.about == "tiny, seed 0, the first of the runs side by side"
    assert watcher.shown > 1
    assert watcher.board.messages == ()
    assert set(backend.networks) == {2}  # no launch without the other
