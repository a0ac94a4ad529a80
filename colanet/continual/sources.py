"""What an experiment file says of its tasks, and when they are tested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

Count = Annotated[int, Field(ge=1)]
LARGEST_ANGLE = 10**6
"""Degrees that a task may be turned by, and that may lie between two tasks."""
Degrees = Annotated[int, Field(ge=-LARGEST_ANGLE, le=LARGEST_ANGLE)]


class TaskSource(BaseModel):
    """Where one task, or several alike, come from.

    `train`, `validation`, `test` and `test_every` choose images of the data set; of these a task has those of its
    classes.

    Attributes
    ----------
    dataset : str
    repeat : int
        So many tasks, with permutation seeds and rotations that follow one another.
    permutation : int or None
        Seed of the permutation of pixels; None: not permuted.
    rotation : int or None
        Degrees by which pictures are turned, counter-clockwise, before they are permuted; None: not turned.
    rotation_step : int
        Degrees that the next of the tasks is turned further.
    classes : tuple of int or None
        Only the images of these labels, in this order; None: of all.
    split : int
        So many tasks of equally many classes each, in their order.
    relabel : bool
        The labels of a task are places in its classes: every task has the labels 0, 1, ... Default: a label stays
        what it is in the data set.
    train, test : int or None
        Only the first images of each part; None: all.
    test_every : int
        Of these test images, each one so far from the next: a sample of the whole test set, which its first images
        are not (MNIST's first half is the easier one).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    repeat: Count = 1
    permutation: Annotated[int, Field(ge=0)] | None = None
    rotation: Degrees | None = None
    rotation_step: Degrees = 0
    classes: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] | None = None
    split: Count = 1
    relabel: bool = False
    train: Count | None = None
    test: Count | None = None
    test_every: Count = 1

    @model_validator(mode="after")
    def _consistent(self) -> TaskSource:
        if self.repeat > 1 and self.permutation is None and not self.rotation_step:
            raise ValueError(
                "tasks that repeat need a permutation or a rotation_step, or they would all be the same"
            )
        if self.rotation_step and self.rotation is None:
            raise ValueError("rotation_step: needs a rotation, that of the first task")
        if self.rotation_step and self.repeat == 1:
            raise ValueError("rotation_step: needs a repeat, the number of tasks")
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise ValueError("classes: a class is given twice")
        if self.relabel and self.classes is None and self.split == 1:
            raise ValueError("relabel: needs classes or a split, or nothing would change")
        return self


@dataclass(frozen=True)
class Schedule:
    """Which tasks are tested when. Tasks are counted from 0.

    Attributes
    ----------
    every : int
        Tests come after the first task, after every `every`-th one, and after the last one.
    last : int or None
        Only so many of the tasks seen are tested, the last ones; None: all.
    """

    every: int = 1
    last: int | None = None

    def tests(self, k: int, n: int) -> range:
        """Tasks that are tested after task k of n."""
        if k and (k + 1) % self.every and k != n - 1:
            return range(0)
        return range(0 if self.last is None else max(k + 1 - self.last, 0), k + 1)

    def places(self, n: int, *, joint: bool = False) -> np.ndarray:
        """Every test as (after task, on task), in their order: int64 of shape (tests, 2).

        Parameters
        ----------
        n : int
            Tasks.
        joint : bool
            All tasks are learnt at once, and tested after the last.
        """
        rows = range(n - 1, n) if joint else range(n)
        pairs = [(k, j) for k in rows for j in self.tests(k, n)]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)


ALL_TESTS = Schedule()
"""After every task all tasks seen."""
