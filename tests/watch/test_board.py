"""What a board keeps and what a page makes of it, with figures worked by hand."""

import time

import numpy as np
import pytest

from colanet.report.charts import MOST_POINTS
from colanet.watch.board import MOST_MESSAGES, SHARE, Answers, Board, Firing, Lessons
from colanet.watch.view import View, duration, figures, firing, progress, scores, while_learning
from colanet.watch.watcher import Watcher
from tests.watch import PERIOD, session_of


def answers(right, n_train):
    right = np.array(right, dtype=bool)
    return Answers(right, ~right, n_train)


def test_a_snapshot_is_due_only_when_somebody_looks_and_it_was_not_dear():
    board = Board("b")
    assert not board.due()
    board.asked()
    assert board.due()
    board.put(None, seconds=0.001)
    assert not board.due()  # the last is less than a second old
    board = Board("b")
    board.serve_seconds = 5.0
    board.asked()
    board.put(None, seconds=1.0)
    assert board._paid - time.process_time() == pytest.approx(SHARE * 6, abs=0.5)
    board._next = 0.0
    assert not board.due()
    board._paid = 0.0
    assert board.due()


def test_every_news_has_a_mark_of_its_own_and_messages_are_few():
    board, marks = Board("b"), set()
    for number in range(2 * MOST_MESSAGES):
        board.say(str(number))
        marks.add(board.mark)
    board.finish("over")
    assert len(marks | {board.mark}) == 2 * MOST_MESSAGES + 1
    assert board.messages == tuple(map(str, range(MOST_MESSAGES, 2 * MOST_MESSAGES)))
    assert Board("b").mark.partition("-")[0] != board.token


def test_the_speed_begins_anew_with_another_run():
    board = Board("b")
    board.tell(100, 1000)
    board.tell(300, 1000)
    assert board.rate > 0
    board.tell(10, 1000)
    assert board.rate == 0


def test_cards():
    board = Board("b")
    board.done, board.total, board.rate = 3000, 10_000, 2.5
    assert progress(board, "images") == [
        ("images", "3,000 of 10,000"), ("images a second", "2.5"), ("time left", "46 min 40 s"),
    ]  # fmt: skip
    assert [duration(s) for s in (9.4, 59.6, 3725)] == ["9 s", "1 min 0 s", "1 h 2 min"]
    learning = answers([1, 1, 1, 0], n_train=10)
    assert scores(learning) == [
        ("accuracy, last 4 training images", "75.00 %"), ("unanswered, last 4 training images", "25.00 %"),
    ]  # fmt: skip
    tested = answers([0, 0, 1, 1, 1, 1, 0], n_train=2)
    assert scores(tested)[0] == ("accuracy, 5 test images so far", "80.00 %")
    assert scores(answers([], n_train=2)) == scores(None) == []
    long = answers([0] * 3000 + [1] * 1500, n_train=9000)
    assert scores(long)[0] == ("accuracy, last 2,000 training images", "75.00 %")


def test_spikes_of_columns_are_those_of_a_copy_and_an_image():
    fired = Firing("L", np.array([30, 0, 15]), shares=60.0, objects=20.0)
    chart = firing(fired, "image")
    assert chart.figure["data"][0]["y"] == [0.5, 0, 0.25]
    assert chart.caption == "Spikes of L over the last 20 images, mean of all copies"


def lessons(sizes, running, accuracy=(), places=()):
    places = np.array(places, dtype=np.int64).reshape(-1, 2)
    names = tuple(f"t{i}" for i in range(max(len(sizes), 1)))
    return Lessons(names, tuple(sizes), np.array(running), places, np.array(accuracy))


def test_accuracy_while_learning_goes_on_behind_the_lessons_that_are_over():
    so_far = lessons([1200, 1200], [0.5, 0.75, 1.0])
    now = answers([1] * 250 + [0] * 700, n_train=1200)
    assert while_learning(so_far, now) == (([500, 1000, 1200, 1700], [50.0, 75.0, 100.0, 50.0]), [1200])
    # While a test is on, its answers are no lesson's.
    tested = while_learning(so_far, answers([1] * 600, n_train=0))
    assert tested == (([500, 1000, 1200], [50.0, 75.0, 100.0]), [1200])
    assert while_learning(lessons([600], []), answers([1] * 100, n_train=600)) == (([], []), [])


@pytest.mark.parametrize("tasks", [1, 700])
def test_a_long_history_becomes_a_curve_of_few_points(tasks):
    (x, y), ends = while_learning(lessons([2000] * tasks, np.arange(4.0 * tasks) / (4 * tasks)), None)
    assert len(x) == len(y) <= MOST_POINTS
    assert x[-1] == 2000 * tasks
    assert y == sorted(y)
    assert len(ends) == tasks


def test_a_matrix_needs_a_test(monkeypatch):
    watcher = Watcher(Board("b"))
    session_of(watcher).proceed(PERIOD)
    snapshot = watcher._snapshot()
    places = [(0, 0), (1, 0), (1, 1)]
    for accuracy, named in (([np.nan] * 3, []), ([0.5, np.nan, np.nan], ["matrix", "tasks"])):
        object.__setattr__(snapshot, "lessons", lessons([30, 30], [], accuracy, places))
        assert [name for name, _ in figures(snapshot)] == named
    chart = dict(figures(snapshot))["matrix"]
    assert chart.figure["data"][0]["z"] == [[50.0, None]]


def test_fields_are_sent_once():
    board = Board("b")
    watcher = Watcher(board)
    session = session_of(watcher)
    view = View(board)
    assert view.state()["fields"] is None
    board.asked()
    session.proceed(30 * PERIOD)
    first = view.state()
    assert first["number"] == "1"
    assert first["fields"]["mosaic"]["across"] == 2
    assert first["fields"]["layout"].count("<button") == 20
    facts = dict(first["fields"]["mosaic"]["neurons"]["7"])
    assert facts["column"] == "3"
    assert facts["threshold"] == f"{session.thresholds('L')[7]:.3f}"
    assert facts["stability"] == f"{session.stability('L')[7]:.3f}"
    assert {"fields", "figures", "phase", "note"} <= set(first) - set(view.state("1"))
    unused = {n for n in range(20) if str(n) in map(str, first["fields"]["unused"])}
    changed = session.resources("R->L") != session_of().resources("R->L")
    assert unused == set(np.flatnonzero(~changed.any(axis=0)).tolist())
