"""One run of a comparison method over a sequence of tasks."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from colanet.continual.baselines.backprop import Backprop
from colanet.continual.baselines.features import make_features
from colanet.continual.baselines.moments import NearestMean, Ridge, StreamingLDA, Tell
from colanet.continual.baselines.neighbour import NearestNeighbour
from colanet.continual.baselines.network import deterministic
from colanet.continual.baselines.options import BaselineOptions, read_options
from colanet.continual.cost import Cost
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

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of an image."""
        ...


class Rival(Protocol):
    """A method on its way through the tasks."""

    def lesson(self, images: np.ndarray, labels: np.ndarray, tell: Tell) -> None:
        """Learn a task: uint8 (n, pixels) and int64 (n,)."""
        ...

    def finish(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Keep what is to be kept of a task that has been learnt."""
        ...

    def answers(self, images: np.ndarray) -> np.ndarray:
        """A class for each image, int64 of shape (n,)."""
        ...

    def cost(self) -> Cost:
        """What it has cost until now."""
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
    train_seconds, test_seconds : float
        Wall times.
    cost : Cost
    """

    matrix: np.ndarray
    confusion: np.ndarray
    untrained: np.ndarray
    train_seconds: float
    test_seconds: float
    cost: Cost

    @property
    def seconds(self) -> float:
        """Wall time of learning and testing."""
        return self.train_seconds + self.test_seconds


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

    The result depends on tasks, method, seed, options and, in the last bits, on the versions of PyTorch and NumPy
    and on the kind of processor. PyTorch runs on one thread.

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
    with deterministic(seed) if method.startswith("backprop") else contextlib.nullcontext():
        course = Course(tasks, method, settings, seed, watch, schedule)
        course.joint() if method == "backprop-joint" else course.in_sequence()
    seconds = (course.train_seconds, course.test_seconds)
    return BaselineOutcome(course.matrix, course.confusion, course.untrained, *seconds, course.rival.cost())


def make_rival(
    method: str, task: TaskLike, options: BaselineOptions, seed: int, rng: np.random.Generator
) -> Rival:
    """A method that has learnt nothing yet but features without labels, from the first task."""
    images, classes = task.train_images, len(task.classes)
    pixels = images.shape[1]
    if method.startswith("backprop"):
        return Backprop(method, pixels, classes, options, rng)
    if method == "nearest-neighbour":
        return NearestNeighbour(pixels)
    features = make_features(options, images, task.shape, seed, rng)
    if method == "ridge":
        return Ridge(features, classes, options.ridge)
    if method == "slda":
        return StreamingLDA(features, classes, options.shrinkage)
    return NearestMean(features, classes)


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
    """A method on its way through the tasks."""

    def __init__(
        self,
        tasks: Sequence[TaskLike],
        method: str,
        options: BaselineOptions,
        seed: int,
        watch: Watch | None,
        schedule: Schedule,
    ) -> None:
        self.tasks, self.watch, self.schedule = tasks, watch, schedule
        self.rng = np.random.default_rng([seed, 0x5EED])
        n, self.classes = len(tasks), len(tasks[0].classes)
        self.train_seconds = self.test_seconds = 0.0
        self.rival = make_rival(method, tasks[0], options, seed, self.rng)
        self.matrix = np.full((n, n), np.nan)
        self.confusion = np.zeros((n, n, self.classes, self.classes), dtype=np.int64)
        self.untrained = np.array([accuracy(self._test(task)) for task in tasks])
        self.total = sum(len(task.train_labels) for task in tasks)
        self.done = 0

    def in_sequence(self) -> None:
        """Task after task."""
        for k, task in enumerate(self.tasks):
            self._learn(task.train_images, task.train_labels, task.name)
            self._examine(k)
            self._tell(f"{task.name}{self._first(k)}")

    def joint(self) -> None:
        """All tasks' training images in one random order."""
        order = self.rng.permutation(self.total)
        images = np.concatenate([task.train_images for task in self.tasks])[order]
        labels = np.concatenate([task.train_labels for task in self.tasks])[order]
        self._learn(images, labels, "all tasks")
        self._examine(len(self.tasks) - 1)
        self._tell(f"all tasks{self._first(-1)}")

    def _first(self, k: int) -> str:
        """What is told of the first task after task k, if it was tested."""
        return "" if np.isnan(self.matrix[k, 0]) else f": first task {100 * self.matrix[k, 0]:.1f} %"

    def _learn(self, images: np.ndarray, labels: np.ndarray, name: str) -> None:
        def tell(fresh: int) -> None:
            self.done += fresh
            self._tell(name)

        began = time.perf_counter()
        self.rival.lesson(images, labels, tell)
        self.rival.finish(images, labels)
        self.train_seconds += time.perf_counter() - began

    def _examine(self, k: int) -> None:
        for j in self.schedule.tests(k, len(self.tasks)):
            self.confusion[k, j] = self._test(self.tasks[j])
            self.matrix[k, j] = accuracy(self.confusion[k, j])

    def _test(self, task: TaskLike) -> np.ndarray:
        began = time.perf_counter()
        counts = np.zeros((self.classes, self.classes), dtype=np.int64)
        np.add.at(counts, (task.test_labels, self.rival.answers(task.test_images)), 1)
        self.test_seconds += time.perf_counter() - began
        return counts

    def _tell(self, text: str) -> None:
        if self.watch:
            self.watch(self.done, self.total, text)


def accuracy(confusion: np.ndarray) -> float:
    """Share of the counts on the diagonal."""
    return float(np.trace(confusion) / confusion.sum())
