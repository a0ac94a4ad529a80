"""What runs show: made when it is shown, shared by runs that show it at the same time, then let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

import numpy as np

from colanet import hashing
from colanet.config.model import Input
from colanet.continual.task import Task
from colanet.encoding import Presentation
from colanet.encoding.arrays import present_arrays
from colanet.hashing import Stream


@dataclass(frozen=True, eq=False)
class Part:
    """Images that are shown without a break, which are not made yet.

    Attributes
    ----------
    key : str
        No two parts of a gallery have the same.
    labels : ndarray of int64, shape (n,)
    make : callable
        Gives the images, uint8 of shape (n, pixels).
    """

    key: str
    labels: np.ndarray
    make: Callable[[], np.ndarray]


class Gallery:
    """Presentations of the tasks of an experiment, for one run or for several side by side.

    It keeps nothing alive: what no run shows any more is gone, and is made again when it is asked for.

    Parameters
    ----------
    tasks : sequence of Task
    """

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.tasks = tuple(tasks)
        self._images: WeakValueDictionary[str, np.ndarray] = WeakValueDictionary()
        self._shown: WeakValueDictionary[tuple[str, str, int, int], Presentation] = WeakValueDictionary()

    def lessons(self) -> list[Part]:
        """Training images, task by task."""
        return [
            Part(f"lesson {k}", task.train_labels, lambda task=task: task.train_images)  # type: ignore[misc]
            for k, task in enumerate(self.tasks)
        ]

    def mixture(self, seed: int) -> Part:
        """Training images of all tasks in one random order."""
        labels = np.concatenate([task.train_labels for task in self.tasks])
        order = hashing.shuffled(seed, hashing.stream(Stream.MIXTURE, 0), len(labels))
        return Part(f"mixture {seed}", labels[order], lambda: self._mixed(order))

    def _mixed(self, order: np.ndarray) -> np.ndarray:
        """Image order[i] of all tasks in row i; made task by task, so that they are not held twice."""
        mixed = np.empty((len(order), self.tasks[0].train_originals.shape[1]), dtype=np.uint8)
        first = 0
        for task in self.tasks:
            last = first + len(task.train_labels)
            rows = np.flatnonzero((first <= order) & (order < last))
            mixed[rows] = task.train_images[order[rows] - first]
            first = last
        return mixed

    def test(self, j: int) -> Part:
        """Test images of task j."""
        task = self.tasks[j]
        return Part(f"test {j}", task.test_labels, lambda: task.test_images)

    def show(self, part: Part, inputs: Sequence[Input], n_taught: int, seed: int) -> Presentation:
        """A part in the coding of a network's inputs.

        Parameters
        ----------
        part : Part
        inputs : sequence of Input
        n_taught : int
            The first so many images are taught.
        seed : int
            Of the coding.

        Raises
        ------
        ConfigError, DataError
            As `colanet.encoding.arrays.present_arrays`.
        """
        key = part.key, " ".join(one.model_dump_json() for one in inputs), n_taught, seed
        shown = self._shown.get(key)
        if shown is None:
            images = self._images.get(part.key)
            if images is None:
                images = part.make()
                self._images[part.key] = images
            shown = present_arrays(inputs, images, part.labels, n_taught, seed=seed)
            self._shown[key] = shown
        return shown
