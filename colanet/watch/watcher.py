"""The observer that shows a session to a board: only while somebody looks, and never for long."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from colanet.continual.onlooker import Onlooker
from colanet.engine.together import Seat
from colanet.errors import one_line
from colanet.observers import Seen, Wants
from colanet.plan import Plan, PopulationPlan
from colanet.session import RECORD_LIMIT
from colanet.viz.sources import columns_of
from colanet.watch.board import Answers, Board, Firing, Lessons, Snapshot

if TYPE_CHECKING:
    from colanet.continual.run import Run
    from colanet.session import Session

SLOW_OBJECTS = 5
"""Objects of a stretch in an engine that takes seconds for some hundreds."""
MOST_BARS = 2000
"""Columns, or neurons of a population without columns, whose spikes are counted."""


class Watcher(Onlooker):
    """Puts snapshots of a session on a board. It changes no bit of what the session brings.

    Parameters
    ----------
    board : Board

    Attributes
    ----------
    shown : int
        Snapshots so far.
    """

    name = "watch"

    def __init__(self, board: Board) -> None:
        self.board = board
        self.session: Session | None = None
        self.run: Run | None = None
        self.firing: Firing | None = None
        self.shown = 0
        self._due = False
        self._learning = -1
        """The last lesson of which anything was seen."""

    # ------------------------------------------------------------- as an observer

    def begin(self, session: Session) -> None:
        """Look at this session."""
        self.session = session
        self.projection = _projection(session.plan)
        self.population = _learner(session, self.projection)
        self._bars = columns_of(self.population.columns, self.population.size)
        # Runs in step with others ask their engine for the same as those.
        self._counts = self._bars <= MOST_BARS and not isinstance(session.engine, Seat)
        self._every = self._steps(session) if self._counts else 0

    def _steps(self, session: Session) -> int:
        """Steps of the longest stretch: its spikes must find room, and a slow engine must come back soon."""
        period = session.presentation.period or 1
        objects = max(min(RECORD_LIMIT // self.population.size, session.chunk_steps) // period, 1)
        if session.engine.name == "reference":
            objects = min(objects, SLOW_OBJECTS) if period > 1 else objects
        return objects * period

    def cuts(self, start: int, stop: int, freeze: int | None) -> range:
        """The ends of the longest stretches."""
        every = self._every
        return range((start // every + 1) * every, stop, every) if every else range(0)

    def wants(self) -> Wants:
        """The spikes of the population that learns, in a stretch that somebody will see."""
        self._due = self.board.due()
        return Wants(spikes=(self.population.name,) if self._due and self._counts else ())

    def seen(self, stretch: Seen) -> None:
        """Tell how far the run is; if it is time for it, all the rest."""
        assert self.session is not None
        if self.run is None:
            period = self._period
            self.board.tell(stretch.stop // period, -(-stretch.end // period))
        elif self.session.presentation.n_train:
            self._learning = self.run.k
        if self._due:
            self._show(stretch)

    # -------------------------------------------------------------- as an onlooker

    def of(self, run: Run) -> None:
        """Look at this run of several tasks."""
        self.run, self.firing, self._learning = run, None, -1
        beside = ", the first of the runs side by side" if isinstance(run.session.engine, Seat) else ""
        self.board.about = f"{run.experiment.label}, seed {run.seed}{beside}"

    def over(self) -> None:
        """A last look; then the run can be forgotten."""
        self.look()
        self.run = self.session = None

    def look(self) -> None:
        """Show the present, if somebody looks."""
        if self.session is not None and self.board.watched:
            self._show(None)

    def _show(self, stretch: Seen | None) -> None:
        """Put the present on the board. A run must not end because of what it shows."""
        began = time.thread_time()
        try:
            if stretch is not None and self._counts:
                self.firing = self._fired(stretch)
            snapshot = self._snapshot()
        except Exception as error:
            self.board.say(f"cannot be shown: {one_line(error)}")
            self.board.pay(time.thread_time() - began)
            return
        self.shown += 1
        self.board.put(snapshot, time.thread_time() - began)

    # ------------------------------------------------------------------- snapshots

    @property
    def _period(self) -> int:
        """Steps of an object; 1 where nothing is counted by objects."""
        assert self.session is not None
        return self.session.votes.period if self.session.votes else 1

    def _snapshot(self) -> Snapshot:
        session = self.session
        assert session is not None
        # When all is tested, the last lesson stands in the book.
        answers = None if self.run and self.run.k == len(self.run.lessons) else _answers(session)
        # The other copies are let go at once.
        state = {name: array for name, array in session.engine.state().items() if name.startswith("0/")}
        return Snapshot(
            self._phase(session), "step" if session.votes is None else "image", session.plan, state,
            self.projection, answers, self.firing, _lessons(self.run) if self.run else None,
        )  # fmt: skip

    def _phase(self, session: Session) -> str:
        run, p = self.run, session.presentation
        if run is None:
            if p.labels is None:
                return "running"
            return "learning" if session.step <= p.learning_time else "test"
        tasks = len(run.lessons)
        if run.k == tasks:
            return f"all {tasks} tasks learnt and tested" if tasks > 1 else "learnt and tested"
        if p.n_train:
            task = run.tasks[run.k].name if tasks > 1 or len(run.tasks) == 1 else "all tasks together"
            return f"learning task {run.k + 1} of {tasks}: {task}"
        return f"tests, {max(self._learning + 1, run.k)} of {tasks} tasks learnt"

    def _fired(self, stretch: Seen) -> Firing:
        assert self.session is not None
        p, copies = self.population, stretch.plan.copies
        counts = np.zeros(self._bars, dtype=np.int64)
        for copy in range(copies):
            neurons = stretch.spikes(p.name, copy)[:, 1]
            counts += np.bincount(neurons * self._bars // p.size, minlength=self._bars)
        objects = (stretch.stop - stretch.start) / self._period
        return Firing(p.name, counts, objects * copies, objects)


def _projection(plan: Plan) -> str | None:
    """The first plastic projection from an input."""
    return next((p.name for p in plan.projections if p.kind == "plastic" and p.from_input), None)


def _learner(session: Session, projection: str | None) -> PopulationPlan:
    """The target of that projection; without one the population that decides, else the first."""
    plan = session.plan
    if projection is not None:
        return plan.populations[plan.projection(projection).target]
    return plan.populations[session.votes.population if session.votes else 0]


def _answers(session: Session) -> Answers | None:
    if session.votes is None or session.presentation.labels is None:
        return None
    answers = session.answers()
    return Answers(answers == session.labels()[: len(answers)], answers < 0, session.presentation.n_train)


def _lessons(run: Run) -> Lessons:
    return Lessons(
        tuple(task.name for task in run.tasks), tuple(len(lesson.labels) for lesson in run.lessons),
        run.book["running"].copy(), run.places, run.book["accuracy"].copy(),
    )  # fmt: skip
