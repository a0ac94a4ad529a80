"""One run of a comparison method over a sequence of tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from colanet.continual.baselines.ewc import Consolidation, fisher
from colanet.continual.baselines.network import Learner, deterministic
from colanet.continual.baselines.options import BaselineOptions, read_options
from colanet.continual.baselines.replay import Forgetful, ReservoirReplay, SelfReminder
from colanet.continual.sources import ALL_TESTS, Schedule
from colanet.errors import DataError

Watch = Callable[[int, int, str], None]
"""Called with images learnt, images to learn in all, and a short text."""


class TaskLike(Protocol):
    """What is needed of a task; images uint8 (n, pixels), labels int64 (n,)."""

    @property
    def name(self) -> str:
        """For progress and messages."""
        ...

    @property
    def train_images(self) -> np.ndarray:
        """To learn."""
        ...

    @property
    def train_labels(self) -> np.ndarray:
        """Classes of the images to learn."""
        ...

    @property
    def test_images(self) -> np.ndarray:
        """To be tested on."""
        ...

    @property
    def test_labels(self) -> np.ndarray:
        """Classes of the images to be tested on."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """What the labels stand for."""
        ...


@dataclass(frozen=True, eq=False)
class BaselineOutcome:
    """What a run brings.

    Attributes
    ----------
    matrix : ndarray of float, shape (tasks, tasks)
        Test accuracy, from 0 to 1, on task j after learning task k; NaN above the diagonal. Joint training has only
        a last row, all else is NaN.
    confusion : ndarray of int64, shape (tasks, tasks, classes, classes)
        Counts behind the matrix: row true class, column answer; zeros where the matrix is NaN.
    untrained : ndarray of float, shape (tasks,)
        Test accuracy of the network before it learns.
    seconds : float
        Wall time of learning and testing.
    """

    matrix: np.ndarray
    confusion: np.ndarray
    untrained: np.ndarray
    seconds: float


def run_baseline(
    tasks: Sequence[TaskLike],
    method: str,
    seed: int,
    *,
    options: Mapping[str, Any] | None = None,
    watch: Watch | None = None,
    schedule: Schedule = ALL_TESTS,
) -> BaselineOutcome:
    """Learn the tasks one after the other with a comparison method, and test all tasks seen so far after each.

    The result depends on tasks, method, seed, options and, in the last bits, on PyTorch's version and the kind of
    processor; not on the number of threads, for it runs on one.

    Parameters
    ----------
    tasks : sequence of tasks
        With the same number of pixels and classes.
    method : str
        One of `METHODS`.
    seed : int
    options : mapping or None
        Fields of `BaselineOptions` that the method takes.
    watch : callable or None
        Called now and then with (images learnt, images in all, text).
    schedule : Schedule
        Which tasks are tested when.

    Raises
    ------
    ConfigError, DataError, BackendUnavailable
    """
    settings = read_options(method, options)
    check_tasks(tasks)
    began = time.perf_counter()
    with deterministic(seed):
        course = Course(tasks, method, settings, np.random.default_rng([seed, 0x5EED]), watch, schedule)
        course.joint() if method == "backprop-joint" else course.in_sequence()
    return BaselineOutcome(course.matrix, course.confusion, course.untrained, time.perf_counter() - began)


def check_tasks(tasks: Sequence[TaskLike]) -> None:
    """DataError if a task does not fit the first one, or its labels do not fit its classes."""
    if not tasks:
        raise DataError("there are no tasks to learn")
    pixels, classes = tasks[0].train_images.shape[-1], len(tasks[0].classes)
    for task in tasks:
        for part, images, labels in (
            ("training", task.train_images, task.train_labels),
            ("test", task.test_images, task.test_labels),
        ):
            if images.ndim != 2 or images.shape != (len(labels), pixels) or not len(labels):
                raise DataError(
                    f"{task.name}: {part} images of shape {images.shape} with {len(labels)} labels, "
                    f"expected at least one image and {pixels} pixels each"
                )
            if len(task.classes) != classes or labels.min() < 0 or labels.max() >= classes:
                raise DataError(f"{task.name}: {part} labels and classes must be 0..{classes - 1} in every task")


class Course:
    """A network on its way through the tasks."""

    def __init__(
        self,
        tasks: Sequence[TaskLike],
        method: str,
        options: BaselineOptions,
        rng: np.random.Generator,
        watch: Watch | None,
        schedule: Schedule,
    ) -> None:
        self.tasks, self.options, self.rng, self.watch, self.schedule = tasks, options, rng, watch, schedule
        n, classes = len(tasks), len(tasks[0].classes)
        dropout = options.dropout if method == "backprop-dropout" else 0.0
        self.learner = Learner(tasks[0].train_images.shape[1], classes, options, dropout)
        self.memory = self._memory(method)
        ewc = method == "backprop-ewc"
        self.consolidation = Consolidation(options.strength, options.decay) if ewc else None
        self.matrix = np.full((n, n), np.nan)
        self.confusion = np.zeros((n, n, classes, classes), dtype=np.int64)
        self.untrained = np.array([accuracy(self._test(task)) for task in tasks])
        self.total = sum(len(task.train_labels) for task in tasks)

    def _memory(self, method: str) -> Forgetful:
        o = self.options
        if method == "backprop-self-reminder":
            return SelfReminder(o.batch, o.reminder, self.rng)
        if method == "backprop-reservoir":
            return ReservoirReplay(o.batch, o.memory, o.replayed, self.rng)
        return Forgetful(o.batch)

    def in_sequence(self) -> None:
        """Task after task."""
        done = 0
        for k, task in enumerate(self.tasks):
            self._learn(task.train_images, task.train_labels, done, task.name)
            done += len(task.train_labels)
            self._remember(task)
            self._examine(k)
            self._tell(done, f"{task.name}{self._first(k)}")

    def joint(self) -> None:
        """All tasks' training images in one random order."""
        order = self.rng.permutation(self.total)
        images = np.concatenate([task.train_images for task in self.tasks])[order]
        labels = np.concatenate([task.train_labels for task in self.tasks])[order]
        self._learn(images, labels, 0, "all tasks")
        self._examine(len(self.tasks) - 1)
        self._tell(self.total, f"all tasks{self._first(-1)}")

    def _first(self, k: int) -> str:
        """What is told of the first task after task k, if it was tested."""
        return "" if np.isnan(self.matrix[k, 0]) else f": first task {100 * self.matrix[k, 0]:.1f} %"

    def _learn(self, images: np.ndarray, labels: np.ndarray, done: int, name: str) -> None:
        penalty = self.consolidation.penalty if self.consolidation and self.consolidation.anchor else None
        for batch in self.memory.batches(images, labels):
            self.learner.learn(batch.images, batch.labels, penalty)
            done += batch.fresh
            self._tell(done, name)

    def _remember(self, task: TaskLike) -> None:
        self.memory.keep(task.train_images, task.train_labels)
        if self.consolidation:
            n = min(self.options.fisher_images, len(task.train_labels))
            rows = self.rng.choice(len(task.train_labels), n, replace=False)
            self.consolidation.consolidate(self.learner.network, fisher(self.learner, task.train_images[rows]))

    def _examine(self, k: int) -> None:
        for j in self.schedule.tests(k, len(self.tasks)):
            self.confusion[k, j] = self._test(self.tasks[j])
            self.matrix[k, j] = accuracy(self.confusion[k, j])

    def _test(self, task: TaskLike) -> np.ndarray:
        return self.learner.confusion(task.test_images, task.test_labels)

    def _tell(self, done: int, text: str) -> None:
        if self.watch:
            self.watch(done, self.total, text)


def accuracy(confusion: np.ndarray) -> float:
    """Share of the counts on the diagonal."""
    return float(np.trace(confusion) / confusion.sum())
