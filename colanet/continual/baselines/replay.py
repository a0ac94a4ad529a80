"""What a method keeps of the past, and how it comes back: minibatches as row numbers of fresh and stored images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np


class Batch(NamedTuple):
    """A minibatch: images uint8 (n, pixels), labels int64 (n,), and how many of them are not stored ones."""

    images: np.ndarray
    labels: np.ndarray
    fresh: int


class Forgetful:
    """Fresh images in their order, nothing kept."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def batches(self, images: np.ndarray, labels: np.ndarray) -> Iterator[Batch]:
        """Minibatches of one task."""
        for i in range(0, len(labels), self.batch):
            part = labels[i : i + self.batch]
            yield Batch(images[i : i + self.batch], part, len(part))

    def keep(self, images: np.ndarray, labels: np.ndarray) -> None:
        """What is stored of a task that has been learnt."""

    @property
    def stored(self) -> int:
        """Images that are stored."""
        return 0


def reminder_slots(n_fresh: int, n_kept: int) -> np.ndarray:
    """Which places of a stream of both hold a stored image: spread evenly, bool of shape (n_fresh + n_kept,).

    Any stretch of s places holds n_kept s / (n_fresh + n_kept) of them, to less than one.
    """
    total = n_fresh + n_kept
    share = np.arange(total + 1, dtype=np.int64) * n_kept // max(total, 1)
    return np.diff(share) > 0


class SelfReminder(Forgetful):
    """A part of each former task's images is stored and comes once in every later task.

    Antonov, Sviatov and Sukhov, arXiv 2111.09553. Fresh images keep their order; the stored ones come in random
    order at evenly spread places.

    Parameters
    ----------
    batch : int
        Images a minibatch, fresh and stored.
    part : float
        Part of each task's images that is stored, chosen at random.
    rng : Generator
    """

    def __init__(self, batch: int, part: float, rng: np.random.Generator) -> None:
        super().__init__(batch)
        self.part, self.rng = part, rng
        self.kept: list[tuple[np.ndarray, np.ndarray]] = []

    def batches(self, images: np.ndarray, labels: np.ndarray) -> Iterator[Batch]:
        """Minibatches of one task with what former tasks left."""
        parts = [*self.kept, (images, labels)]
        pictures, classes = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        n_kept = len(classes) - len(labels)
        slots = reminder_slots(len(labels), n_kept)
        order = np.zeros(len(slots), dtype=np.int64)
        order[slots] = self.rng.permutation(n_kept)
        order[~slots] = np.arange(n_kept, len(classes))
        for i in range(0, len(order), self.batch):
            rows = order[i : i + self.batch]
            yield Batch(pictures[rows], classes[rows], int((rows >= n_kept).sum()))

    def keep(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Store round(part n) images of a task."""
        rows = np.sort(self.rng.choice(len(labels), round(self.part * len(labels)), replace=False))
        self.kept.append((images[rows], labels[rows]))

    @property
    def stored(self) -> int:
        """Images that are stored."""
        return sum(len(labels) for _, labels in self.kept)


class Reservoir:
    """A uniform sample, without replacement, of everything offered so far.

    Vitter, Random sampling with a reservoir, 1985, algorithm R: item i (from 0) is stored while there is room, and
    later takes the place j, uniform in 0..i, if j < size.
    """

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self.size, self.rng = size, rng
        self.seen = 0
        self.items: np.ndarray | None = None
        self.labels = np.zeros(size, dtype=np.int64)

    @property
    def filled(self) -> int:
        """Items stored."""
        return min(self.seen, self.size)

    def offer(self, items: np.ndarray, labels: np.ndarray) -> None:
        """See items in their order."""
        if self.items is None:
            self.items = np.zeros((self.size, *items.shape[1:]), dtype=items.dtype)
        number = self.seen + np.arange(len(labels))
        place = np.where(number < self.size, number, self.rng.integers(0, number + 1))
        for row in np.flatnonzero(place < self.size):
            self.items[place[row]], self.labels[place[row]] = items[row], labels[row]
        self.seen += len(labels)

    def draw(self, n: int) -> np.ndarray:
        """Places of n different stored items, or of all if there are fewer."""
        return self.rng.choice(self.filled, min(n, self.filled), replace=False)


class ReservoirReplay(Forgetful):
    """Each minibatch of fresh images is joined by images of the reservoir, drawn before the fresh ones enter it.

    Chaudhry et al., arXiv 1902.10486 (experience replay with reservoir sampling).

    Parameters
    ----------
    batch : int
        Fresh images a minibatch.
    memory : int
        Images stored.
    replay : int
        Stored images a minibatch.
    rng : Generator
    """

    def __init__(self, batch: int, memory: int, replay: int, rng: np.random.Generator) -> None:
        super().__init__(batch)
        self.reservoir, self.replay = Reservoir(memory, rng), replay

    def batches(self, images: np.ndarray, labels: np.ndarray) -> Iterator[Batch]:
        """Minibatches of one task, each with images of the reservoir."""
        store = self.reservoir
        for batch in super().batches(images, labels):
            if store.items is None:
                yield batch
            else:
                rows = store.draw(self.replay)
                pictures = np.concatenate([batch.images, store.items[rows]])
                yield Batch(pictures, np.concatenate([batch.labels, store.labels[rows]]), batch.fresh)
            store.offer(batch.images, batch.labels)

    @property
    def stored(self) -> int:
        """Images that are stored."""
        return self.reservoir.filled
