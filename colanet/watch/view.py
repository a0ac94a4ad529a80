"""What a page shows of a board, as plain values for its script."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from colanet.continual.outcome import BLOCK
from colanet.errors import ConfigError
from colanet.report import about_course, about_run, charts
from colanet.report.fields import Neurons
from colanet.report.page import environment, plain
from colanet.report.parts import Chart, Mosaic
from colanet.watch.board import Answers, Board, Firing, Lessons, Snapshot

RECENT = 2000
"""Training images over which the accuracy of the moment is counted."""
MOST_CELLS = 60
"""Tasks of the largest matrix that is shown."""
Card = tuple[str, str]


class View:
    """Draws the snapshots of a board, each once.

    Parameters
    ----------
    board : Board
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self._drawn: Snapshot | None = None
        self._number = 0
        self._parts: dict[str, Any] = {"phase": "", "unit": "images", "figures": [], "note": ""}
        self._fields: dict[str, Any] | None = None
        self._columns = environment().get_template("columns.html").module

    def state(self, known: str = "") -> dict[str, Any]:
        """Everything that the page shows; receptive fields only if they are not those of the number `known`."""
        board, mark = self.board, self.board.mark
        snapshot = board.snapshot
        if snapshot is not None and snapshot is not self._drawn:
            began = time.perf_counter()
            self._draw(snapshot)
            board.draw_seconds = time.perf_counter() - began
        found = {
            "mark": mark, "token": board.token, "title": board.title, "about": board.about, "text": board.text,
            "done": board.done, "total": board.total, "end": board.end, "messages": list(board.messages),
            "number": str(self._number), "fields": None if known == str(self._number) else self._fields,
            **self._parts,
        }  # fmt: skip
        answers = snapshot.answers if snapshot else None
        return found | {"cards": [*progress(board, self._parts["unit"]), *scores(answers)]}

    def _draw(self, snapshot: Snapshot) -> None:
        self._drawn, self._number = snapshot, self._number + 1
        drawn, note = mosaic_of(snapshot)
        self._fields = None
        if drawn is not None:
            layout = str(self._columns.columns_of(replace(drawn, unused=frozenset())))  # type: ignore[attr-defined]
            self._fields = {"layout": layout, "mosaic": plain(drawn), "unused": sorted(drawn.unused)}
        self._parts = {
            "phase": snapshot.phase, "unit": f"{snapshot.unit}s", "note": note,
            "figures": [
                {"caption": chart.caption, "figure": chart.figure, "height": chart.height, "name": name}
                for name, chart in figures(snapshot)
            ],
        }  # fmt: skip


def progress(board: Board, unit: str) -> list[Card]:
    """How far the run is."""
    rate = board.rate
    cards = [(unit, f"{board.done:,} of {board.total:,}")]
    cards.append((f"{unit} a second", f"{rate:,.0f}" if rate >= 10 or not rate else f"{rate:.1f}"))
    left = (board.total - board.done) / rate if rate else None
    cards.append(("time left", "–" if left is None or board.end else duration(left)))
    return cards


def duration(seconds: float) -> str:
    """A time in words that fit a card."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def scores(answers: Answers | None) -> list[Card]:
    """How well the images shown at present are answered."""
    if answers is None:
        return []
    n, cards = answers.n_train, []
    learning, test = slice(max(min(len(answers.right), n) - RECENT, 0), n), slice(n, None)
    for part, words in ((learning, "last {:,} training images"), (test, "{:,} test images so far")):
        right, silent = answers.right[part], answers.silent[part]
        if len(right):
            which = words.format(len(right))
            cards.append((f"accuracy, {which}", about_run.percent(float(right.mean()))))
            cards.append((f"unanswered, {which}", about_run.percent(float(silent.mean()))))
    return cards[-2:]


def figures(snapshot: Snapshot) -> list[tuple[str, Chart]]:
    """The charts, each with a name."""
    answers, lessons = snapshot.answers, snapshot.lessons
    made = []
    if lessons is not None:
        made += _course(lessons, answers)
    elif answers is not None and len(answers.right) and answers.n_train:
        n = answers.n_train
        made.append(("learning", about_run.learning(answers.right[:n], answers.silent[:n])))
    if snapshot.firing is not None:
        made.append(("spikes", firing(snapshot.firing, snapshot.unit)))
    return made


def firing(fired: Firing, unit: str) -> Chart:
    """Spikes of each column."""
    each = fired.counts / max(fired.shares, 1)
    caption = f"Spikes of {fired.population} over the last {fired.objects:,.0f} {unit}s, mean of all copies"
    names = list(map(str, range(len(each))))
    return charts.bars(caption, names, each, "column", f"spikes a column and {unit}")


def _course(lessons: Lessons, answers: Answers | None) -> list[tuple[str, Chart]]:
    right, ends = while_learning(lessons, answers)
    made = []
    if right[0]:
        made.append(("learning", about_course.lessons(right, ends)))
    n = len(lessons.names)
    matrix = np.full((n, n), np.nan)
    matrix[tuple(lessons.places.T)] = lessons.accuracy
    if n > 1 and not np.isnan(matrix).all():
        if n <= MOST_CELLS:
            made.append(("matrix", about_course.tested(matrix, lessons.names)))
        made.append(("tasks", about_course.over_tasks(matrix, lessons.names)))
    return made


def while_learning(
    lessons: Lessons, answers: Answers | None
) -> tuple[tuple[list[int], list[float | None]], Sequence[int]]:
    """Accuracy of all blocks so far: where each ends, and its percentage; and the ends of the lessons so far."""
    values: list[float] = lessons.running.tolist()
    at: list[int] = []
    over: list[int] = []
    if answers is not None and answers.n_train:
        blocks = len(answers.right) // BLOCK
        values += answers.right[: blocks * BLOCK].reshape(blocks, BLOCK).mean(axis=1).tolist()
    shown = 0
    for size in lessons.sizes:
        ends = [shown + min(end, size) for end in range(BLOCK, size + BLOCK, BLOCK)]
        shown += size
        if len(at) + len(ends) <= len(lessons.running):
            over.append(shown)
        at += ends
        if len(at) >= len(values):
            break
    xs, ys = charts.thinned(at[: len(values)], values)
    return (xs, charts.numbers(100 * np.array(ys), 2)), over


def mosaic_of(snapshot: Snapshot) -> tuple[Mosaic | None, str]:
    """Receptive fields of copy 0, and a note; none where an input is no picture."""
    if snapshot.projection is None:
        return None, "There are none: no plastic projection comes from an input."
    try:
        neurons = Neurons(snapshot.plan, snapshot.state, 0, None, snapshot.projection)
    except ConfigError as error:
        return None, f"They cannot be drawn: {error}."
    made = neurons.mosaic()
    return made, f"Population {neurons.name} of copy 0; {made.note}; crossed: has learnt nothing."
