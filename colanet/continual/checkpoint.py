"""Checkpoints of a run: written at any time between two chunks, and read back only by the same run."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from colanet import contents
from colanet.continual.run import Run
from colanet.errors import CheckpointError
from colanet.storage import read_h5, write_h5

KIND = "continual"


def fingerprint(run: Run) -> str:
    """Hash of all that must agree for a run to be continued: experiment, seed, network, images and labels."""
    text = run.experiment.model_dump_json(exclude={"seeds", "title", "published", "variants"})
    total = hashlib.sha256(f"{text} {run.seed} {run.session.network.model_dump_json()}".encode())
    known: dict[Any, bytes] = {}

    def add(array: np.ndarray) -> None:
        # A thousand permutations of a data set share their images and labels, which are hashed once.
        where = array.__array_interface__["data"][0], array.shape, array.strides
        if where not in known:
            known[where] = hashlib.sha256(np.ascontiguousarray(array).data).digest()
        total.update(known[where])

    for task in run.tasks:
        for array in (task.train_originals, task.train_labels, task.test_originals, task.test_labels):
            add(array)
        if task.rotation is not None:
            total.update(task.rotation.places.tobytes() + task.rotation.weights.tobytes())
        if task.permutation is not None:
            total.update(task.permutation.tobytes())
    return total.hexdigest()


class Checkpoint:
    """The checkpoint file of a run.

    Parameters
    ----------
    path : path
    run : Run
        Which writes it, and can be continued from it.
    """

    def __init__(self, path: str | os.PathLike[str], run: Run) -> None:
        self.path, self.run = path, run

    @functools.cached_property
    def fingerprint(self) -> str:
        """Of the run; hashing all its images takes a while and may never be asked for."""
        return fingerprint(self.run)

    def write(self) -> None:
        """Write the state of the run in the place of the former one."""
        run = self.run
        arrays, attributes = run.session.snapshot()
        arrays |= {f"book/{name}": value for name, value in run.book.items()}
        attributes |= {"kind": KIND, "run": self.fingerprint, "task": run.k}
        # The next one, or the end of the run, removes it: to be written fast matters more than size.
        write_h5(self.path, arrays, attributes, packed=False)

    def resume(self) -> None:
        """Bring the run, which has not begun, to where the file says.

        Raises
        ------
        CheckpointError
            If it is damaged or was written by another experiment, seed or data.
        """
        path, run = self.path, self.run
        arrays, attributes = read_h5(path)
        contents.check_kind(path, attributes, (KIND,), "a checkpoint of colanet continual")
        if attributes.get("run") != self.fingerprint:
            raise CheckpointError(f"{path}: was written by another experiment, seed or data")
        k = contents.integer(path, attributes, "task", 0, len(run.lessons) - 1)
        book = self._book(arrays)
        run.session.present(run.lesson(k))
        run.session.restore(path, arrays, attributes)
        run.k, run.book = k, book

    def _book(self, arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """What the run had found until then, of the shapes that it must have."""
        run, book = self.run, {}
        if "book/operations" not in arrays:  # an older colanet wrote it, which did not count them
            arrays = {**arrays, "book/operations": np.full_like(run.book["operations"], np.nan)}
        for name, mine in run.book.items():
            shape = (None,) if name == "running" else mine.shape
            book[name] = contents.array(self.path, arrays, f"book/{name}", dtype=mine.dtype, shape=shape)
        for name in ("accuracy", "unanswered", "ahead", "untrained", "running"):
            contents.check_shares(self.path, f"book/{name}", book[name])
        for name in ("confusion", "seconds"):
            contents.array(self.path, arrays, f"book/{name}", run.book[name], low=0, high=contents.LARGEST)
        if (book["operations"] < 0).any():
            raise CheckpointError(f"{self.path}: damaged, book/operations has values below 0")
        return book
