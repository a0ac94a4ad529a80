"""From a saved state and new samples to answers and votes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.checkpoints import saved
from colanet.encoding.arrays import present_arrays
from colanet.errors import CheckpointError
from colanet.estimator.meaning import Meaning, meaning_of
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
    """

    samples: Samples
    classes: tuple[str, ...]
    answers: np.ndarray
    votes: np.ndarray

    @property
    def words(self) -> list[str]:
        """The answers, empty for none."""
        return ["" if answer < 0 else self.classes[answer] for answer in self.answers.tolist()]

    def right(self) -> tuple[int, int]:
        """Right answers, and samples that have a label."""
        known = [pair for pair in zip(self.samples.labels or (), self.words, strict=False) if pair[0]]
        return sum(label == word for label, word in known), len(known)

    def table(self) -> str:
        """CSV: sample, answer, and the votes for every class."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["sample", "answer", *(f"votes_{name}" for name in self.classes)])
        for name, word, votes in zip(self.samples.names, self.words, self.votes.tolist(), strict=True):
            writer.writerow([name, word, *votes])
        return out.getvalue()


def answer(state: Path, data: Path, *, engine: str = "auto", threads: int | None = None) -> Answers:
    """Show the samples of a file or folder to a saved network; of data with a test part, those of that part.

    Parameters
    ----------
    state : path
        Written by `colanet train`.
    data : path
    engine, threads
        As for `colanet.Session`.

    Raises
    ------
    CheckpointError
        If the state does not say what its samples are, or is damaged.
    DataError
        If the data are not of the kind that was learnt.
    """
    network = saved(state)
    meaning = meaning_of(state, network.kept)
    given = read(data, _wanted(meaning))
    samples = given.train if given.test is None else given.test
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
    return Answers(samples, meaning.classes, session.answers(), evidence_of(session.readout))


def _wanted(meaning: Meaning) -> Wanted:
    return Wanted(meaning.label, (), meaning.features, meaning.shape, labelled=False)
