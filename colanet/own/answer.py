"""From a saved state and new samples to answers and votes."""

from __future__ import annotations

import csv
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.checkpoints import saved
from colanet.encoding.arrays import present_arrays
from colanet.errors import CheckpointError, ConfigError, DataWarning
from colanet.estimator.meaning import meaning_of
from colanet.own import suspicions
from colanet.own.read import read
from colanet.own.samples import Samples, Wanted
from colanet.readout import evidence_of
from colanet.session import Session


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says of samples.

    Attributes
    ----------
    samples : Samples
    classes : tuple of str
    answers : ndarray of int64, shape (n,)
        Places in `classes`, -1 for none.
    votes : ndarray, shape (n, classes)
    kept : dict of str to tuple of str
        Columns of the data that stand in front of the answers.
    """

    samples: Samples
    classes: tuple[str, ...]
    answers: np.ndarray
    votes: np.ndarray
    kept: dict[str, tuple[str, ...]]

    @property
    def words(self) -> list[str]:
        """The answers, empty for none."""
        return ["" if answer < 0 else self.classes[answer] for answer in self.answers.tolist()]

    def right(self) -> tuple[int, int]:
        """Right answers, and samples that have a label."""
        known = [pair for pair in zip(self.samples.labels or (), self.words, strict=False) if pair[0]]
        return sum(label == word for label, word in known), len(known)

    def table(self) -> str:
        """CSV: the columns that were kept, sample, answer, and the votes for every class."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*self.kept, *_header(self.classes)])
        columns = (*self.kept.values(), self.samples.names, self.words, *self.votes.T.tolist())
        writer.writerows(zip(*columns, strict=True))
        return out.getvalue()


def answer(
    state: Path, data: Path, *, keep: tuple[str, ...] = (), engine: str = "auto", threads: int | None = None
) -> Answers:
    """Show the samples of a file or folder to a saved network; of data with a test part, those of that part.

    Parameters
    ----------
    state : path
        Written by `colanet train`.
    data : path
    keep : tuple of str
        Columns of a table that are handed on.
    engine, threads
        As for `colanet.Session`.

    Raises
    ------
    CheckpointError
        If the state does not say what its samples are, or is damaged.
    DataError
        If the data are not of the kind that was learnt, or lack a column that is to be kept.
    ConfigError
        If a column that is to be kept is called as one of the answers.
    """
    network = saved(state)
    meaning = meaning_of(state, network.kept)
    for name in keep:
        if name in _header(meaning.classes):
            raise ConfigError(f"--keep {name}: the answers have a column of this name, expected another one")
    wanted = Wanted(meaning.label, (), meaning.features, meaning.shape, labelled=False, keep=keep)
    given = read(data, wanted)
    samples = given.train if given.test is None else given.test
    strange = suspicions.of_values(samples, meaning.coding, meaning.features)
    for doubt in (*strange, *suspicions.of_strangers(samples, meaning.classes)):
        warnings.warn(doubt, DataWarning, stacklevel=2)
    images = meaning.coding(samples.values.reshape(len(samples), -1))
    described, seed = network.plan.description, network.plan.seed
    shown = present_arrays(described.inputs, images, np.zeros(len(images), dtype=np.int64), 0, seed=seed)
    session = Session(described, engine=engine, seed=seed, threads=threads, presentation=shown)
    session.load(state)
    session.proceed(freeze=0)
    assert session.readout is not None
    if session.readout.classes != len(meaning.classes):
        message = f"{len(meaning.classes)} names of {session.readout.classes} classes"
        raise CheckpointError(f"{state}: damaged, it has {message}")
    return Answers(samples, meaning.classes, session.answers(), evidence_of(session.readout), given.kept)


def _header(classes: tuple[str, ...]) -> list[str]:
    """Names of the columns that answers have of their own."""
    return ["sample", "answer", *(f"votes_{name}" for name in classes)]
