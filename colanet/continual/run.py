"""A run on its way: lesson after lesson, tested on all tasks seen so far.

Each training image is shown once. After each lesson the network is tested, frozen, from a bookmark that it then
returns to: tests leave no trace in what follows.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet import config, hashing
from colanet.config.model import Network
from colanet.config.overrides import override_all
from colanet.continual.cost import cost_of
from colanet.continual.experiment import Experiment
from colanet.continual.gallery import Gallery
from colanet.continual.onlooker import Onlooker
from colanet.continual.outcome import BLOCK, Confusions, Outcome, lessons_kept
from colanet.continual.task import Task, data_of
from colanet.encoding import Presentation
from colanet.encoding.features import pictures_of, pixels_of
from colanet.engine import EngineMaker
from colanet.errors import ConfigError, Problem
from colanet.hashing import Stream
from colanet.migration import Migration
from colanet.observers import Observer
from colanet.observers.renewal import Renewer
from colanet.renewal import Renewal
from colanet.session import Session

CHECKPOINT_IMAGES = 60_000
"""Training images between two checkpoints, unless said otherwise."""
SCORE_SECONDS = 0.2
"""For so long the accuracy that a report on learning names is good enough."""
LEARNING, TESTING = 0, 1
"""Places of wall times, and of synaptic events and the images they were counted over, in the book."""

Watch = Callable[[int, int, str], None]
"""Called with images shown, images to show in all (learnt and tested), and a short text."""
Save = Callable[[], None]
"""Writes a checkpoint of the run."""


def network_of(experiment: Experiment) -> Network:
    """The network of an experiment with its values put in.

    Raises
    ------
    ConfigError
    """
    network = config.load(experiment.folder / experiment.network, lenient=experiment.lenient)
    network = override_all(network, {path: _text(value) for path, value in experiment.set.items()})
    return network if experiment.copies is None else network.model_copy(update={"copies": experiment.copies})


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True, eq=False)
class Tested:
    """The test of one task.

    Attributes
    ----------
    task : int
        Its number, from 0.
    confusion : ndarray of int64, shape (classes, classes)
        Row true class, column answer; images without an answer are left out.
    images : int
    unanswered : float
        Share of the images without any vote.
    """

    task: int
    confusion: np.ndarray
    images: int
    unanswered: float

    @property
    def accuracy(self) -> float:
        """Right answers over all images."""
        return float(np.trace(self.confusion) / self.images)


class _Clock:
    """Adds wall time to a book; the time since the last note, each time."""

    def __init__(self, book: dict[str, np.ndarray], what: int) -> None:
        self.book, self.what, self.began = book, what, time.perf_counter()

    def note(self) -> None:
        now = time.perf_counter()
        self.book["seconds"][self.what] += now - self.began
        self.began = now


class Run:
    """A run on its way; everything that has to be kept stands in `self.book`, in the session, or follows from k."""

    def __init__(
        self,
        experiment: Experiment,
        tasks: Sequence[Task],
        seed: int,
        engine: str | EngineMaker = "auto",
        threads: int | None = None,
        watch: Watch | None = None,
        gallery: Gallery | None = None,
        onlooker: Onlooker | None = None,
    ) -> None:
        self.experiment, self.tasks, self.seed, self.watch = experiment, tasks, seed, watch
        self.onlooker = onlooker
        self.gallery = Gallery(tasks) if gallery is None else gallery
        self.lessons = [self.gallery.mixture(seed)] if experiment.joint else self.gallery.lessons()
        network = network_of(experiment)
        migration = Migration(**experiment.migration.model_dump()) if experiment.migration else None
        renewal = experiment.renewal
        observers: list[Observer] = [Renewer(Renewal(**renewal.model_dump()))] if renewal else []
        observers += [onlooker] if onlooker else []
        self.k = 0
        self.brief = False
        """Whether what `watch` is told while learning leaves out the accuracy, which takes milliseconds."""
        self._score, self._score_of, self._score_until = "", -1, 0.0
        self.session = Session(
            network, base_dir=(experiment.folder / experiment.network).parent, engine=engine, seed=seed,
            threads=threads, migration=migration, observers=observers, presentation=self.lesson(0, network),
        )  # fmt: skip
        if self.session.votes is None:
            raise ConfigError(Problem("the network has no readout, nothing can be tested", "readout"))
        n, classes = len(tasks), len(tasks[0].classes)
        self.places = experiment.schedule.places(n, joint=experiment.joint)
        self.kept = lessons_kept(len(self.lessons)).tolist()
        plastic = [p for p in self.session.plan.projections if p.kind == "plastic" and p.from_input]
        self.fields_of = plastic[0] if plastic else None
        shape = (0, 0, 0)
        if self.fields_of is not None:
            described = self.session.network.inputs[self.fields_of.source]
            pixels = pixels_of(described, self.fields_of.source_size)
            shape = (len(self.kept), pixels, self.fields_of.target_size)
        self.book: dict[str, np.ndarray] = {
            "accuracy": np.full(len(self.places), np.nan),
            "unanswered": np.full(len(self.places), np.nan),
            "confusion": np.zeros((len(self.places), classes, classes), dtype=np.int64),
            "ahead": np.full(n, np.nan),
            "untrained": np.full(n, np.nan),
            "running": np.zeros(0),
            "fields": np.zeros(shape, dtype=np.float32),
            "seconds": np.zeros(2),
            "operations": np.zeros((2, 2)),
        }
        self._lesson_images = np.cumsum([0, *(len(one.labels) for one in self.lessons)])
        self._test_images = np.array([len(task.test_labels) for task in tasks])
        # Images of the tests before each of them, and of all.
        self._before_test = np.cumsum([0, *self._test_images[self.places[:, 1]]])
        self.total = int(self._lesson_images[-1] + self._before_test[-1])
        if onlooker:
            onlooker.of(self)

    # ------------------------------------------------------------------ order

    def to_the_end(self, save: Save | None = None, every: int = CHECKPOINT_IMAGES) -> Outcome:
        """Learn what is left, test, and say what came out.

        Parameters
        ----------
        save : callable or None
            Called after every `every` training images and after each lesson but the last.
        every : int
        """
        while self.k < len(self.lessons):
            if self.session.step == 0 and self.experiment.forward:
                self._look_ahead()
            self.learn(save, every)
            self._look_back()
            self.advance()
            if save and self.k < len(self.lessons):
                save()
        if self.onlooker:
            self.onlooker.over()
        return self.outcome()

    def learn(self, save: Save | None = None, every: int = CHECKPOINT_IMAGES) -> None:
        """Learn what is left of the lesson at hand; arguments as for `to_the_end`."""
        session, labels = self.session, self.lessons[self.k].labels
        period, n = session.presentation.period or 1, len(labels)
        stops = set(range(every * period, n * period, every * period)) if save else set()
        with self._timed(LEARNING) as clock:

            def watch(s: Session) -> None:
                self._tell_learning(s)
                if save and s.step in stops:
                    clock.note()
                    save()

            if session.step < n * period:
                session.proceed(n * period, freeze=n * period, watch=watch, boundaries=stops)
            right = session.answers() == labels
            blocks = [right[i : i + BLOCK].mean() for i in range(0, n, BLOCK)]
            self.book["running"] = np.concatenate([self.book["running"], blocks])
            self.book["operations"][LEARNING] += session.counts.events, n
            if self.fields_of is not None and self.k in self.kept:
                self.book["fields"][self.kept.index(self.k)] = self._pictures()

    def _pictures(self) -> np.ndarray:
        """The receptive fields of copy 0 at this moment, shape (pixels, neurons)."""
        assert self.fields_of is not None
        described = self.session.network.inputs[self.fields_of.source]
        drawn: np.ndarray = np.nan_to_num(pictures_of(described, self.session.weights(self.fields_of.name)))
        return drawn

    def advance(self) -> None:
        """On to the next lesson, if there is one."""
        self.k += 1
        if self.k < len(self.lessons):
            self.session.present(self.lesson(self.k))

    def _tell_learning(self, session: Session) -> None:
        if self.watch:
            shown = session.finished_objects()
            if self._score_of != self.k or time.monotonic() >= self._score_until:
                found = None if self.brief else session.score(max(shown - 2000, 0), shown)
                self._score = f", {100 * found.accuracy:.1f} %" if found else ""
                self._score_of, self._score_until = self.k, time.monotonic() + SCORE_SECONDS
            text = f"learning {self._name(self.k)}{self._score}"
            self.watch(int(self._lesson_images[self.k]) + shown + self._tests_done(), self.total, text)

    @property
    def _row(self) -> int:
        """Row of the matrix that the lesson at hand leads to."""
        return len(self.tasks) - 1 if self.experiment.joint else self.k

    def _look_back(self) -> None:
        """Test the tasks seen so far that are to be tested now."""
        tests = self.experiment.schedule.tests(self._row, len(self.tasks))
        if not tests:
            return
        first = self._first_test()
        for place, one in enumerate(self.test(tests), first):
            self.book["confusion"][place] = one.confusion
            self.book["accuracy"][place] = one.accuracy
            self.book["unanswered"][place] = one.unanswered

    def _look_ahead(self) -> None:
        """Test what is not learnt yet: everything before the first task, then the next task only."""
        ahead = range(len(self.tasks)) if self.k == 0 else range(self.k, self.k + 1)
        for one in self.test(ahead, ahead=True):
            self.book["untrained" if self.k == 0 else "ahead"][one.task] = one.accuracy

    def test(self, which: Sequence[int], *, ahead: bool = False) -> list[Tested]:
        """Test the frozen network on some tasks; it then stands where it stood.

        Parameters
        ----------
        which : sequence of int
            Numbers of tasks, from 0.
        ahead : bool
            Before the lesson at hand is learnt, for the text of `watch`.
        """
        session, results = self.session, []
        with self._timed(TESTING):
            place = session.bookmark()
            for j in which:
                task = self.tasks[j]
                session.present(self.test_of(j))
                session.proceed(freeze=0)
                found = session.score(0, len(task.test_labels))
                assert found
                self.book["operations"][TESTING] += session.counts.events, len(task.test_labels)
                classes = len(task.classes)
                one = Tested(j, found.confusion[:classes, :classes], len(task.test_labels), found.unanswered)
                results.append(one)
                self._tell_tested(one, which, ahead)
            session.return_to(place)
        return results

    def _tell_tested(self, one: Tested, which: Sequence[int], ahead: bool) -> None:
        if self.watch:
            # Looks ahead are not counted: what is left to do does not get less.
            shown = int(self._lesson_images[self.k + (not ahead)])
            now = 0 if ahead else int(self._test_images[which[0] : one.task + 1].sum())
            when = "before" if ahead else "after"
            name = self.tasks[one.task].name
            text = f"{name} {when} {self._name(self.k)}: {100 * one.accuracy:.1f} %"
            self.watch(shown + self._tests_done() + now, self.total, text)

    @contextlib.contextmanager
    def _timed(self, what: int) -> Iterator[_Clock]:
        """Add the wall time of a block to the book."""
        clock = _Clock(self.book, what)
        yield clock
        clock.note()

    # ------------------------------------------------------------------- data

    def lesson(self, k: int, network: Network | None = None) -> Presentation:
        """Everything that is learnt between two tests."""
        part, inputs = self.lessons[k], (network or self.session.network).inputs
        return self.gallery.show(part, inputs, len(part.labels), self.coding_seed(2 * k))

    def test_of(self, j: int) -> Presentation:
        """The test images of task j."""
        return self.gallery.show(self.gallery.test(j), self.session.network.inputs, 0, self.coding_seed(2 * j + 1))

    def coding_seed(self, number: int) -> int:
        """No two tasks, nor learning and test, share their random spikes."""
        return hashing.key(self.seed, hashing.stream(Stream.TASK, number))

    def _name(self, k: int) -> str:
        return "all tasks together" if self.experiment.joint else self.tasks[k].name

    def _first_test(self) -> int:
        """Number of the first test after the lesson at hand, or of the next one after it."""
        return int(np.searchsorted(self.places[:, 0], self._row))

    def _tests_done(self) -> int:
        """Test images of the tests before the lesson at hand."""
        return int(self._before_test[self._first_test()])

    # ---------------------------------------------------------------- results

    def outcome(self) -> Outcome:
        """What has come out, all lessons learnt."""
        book, n = self.book, len(self.tasks)
        learnt, tested = book["operations"].tolist()
        columns = self.session.plan.populations[self.fields_of.target].columns if self.fields_of else 0
        matrix, unanswered = np.full((n, n), np.nan), np.full((n, n), np.nan)
        matrix[np.arange(n - 1), np.arange(1, n)] = book["ahead"][1:]
        matrix[tuple(self.places.T)] = book["accuracy"]
        unanswered[tuple(self.places.T)] = book["unanswered"]
        seconds = book["seconds"]
        return Outcome(
            matrix=matrix,
            unanswered=unanswered,
            confusion=Confusions(self.places, book["confusion"], n),
            untrained=book["untrained"],
            running=book["running"],
            fields=book["fields"],
            test_images=self._test_images,
            boundaries=np.cumsum([len(one.labels) for one in self.lessons]),
            columns=columns,
            train_seconds=float(seconds[0]),
            test_seconds=float(seconds[1]),
            digest=self.session.result().digest,
            seed=self.seed,
            cost=cost_of(self.session.plan, learnt, tested),
            data=data_of(self.tasks),
        )
