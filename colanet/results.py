"""What a session brings: scores of its answers, the result, the file of results."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from colanet.encoding import Presentation
from colanet.encoding.context import DataUsed
from colanet.engine.base import digest
from colanet.readout import (
    Score,
    answers_of,
    criterion_value,
    evidence_of,
    results_of,
    scored,
    values_of,
    written_of,
)
from colanet.recorded import Records
from colanet.storage import fixed_texts, write_h5
from colanet.version import __version__

if TYPE_CHECKING:
    from colanet.session import Session


BLOCK = 1 << 16
"""Objects that are compared with their labels at once."""


@dataclass
class Result:
    """What a run brings. `accuracy`, `unanswered` and `confusion` are of the test objects (None without any).

    `data` names every data set and data file that was read, with its digest.
    """

    accuracy: float | None
    unanswered: float | None
    confusion: np.ndarray | None
    train_accuracy: float | None
    train_images: int
    test_images: int
    copies: int
    seconds: float
    image_copies_per_second: float
    synaptic_events_per_second: float
    engine: str
    threads: int
    seed: int
    steps: int
    digest: str
    criterion: str | None = None
    """That of the target, if it names one."""
    criterion_value: float | None = None
    """Of the test objects; None where it is not defined, see `colanet.readout.criterion_value`."""
    data: tuple[DataUsed, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        values = dict(vars(self))
        values["confusion"] = None if self.confusion is None else self.confusion.tolist()
        values["data"] = [dict(vars(used)) for used in self.data]
        return values


@dataclass(frozen=True, eq=False)
class Tally:
    """What a session has counted since its data began.

    Attributes
    ----------
    votes : ndarray, shape (objects, classes)
        The readout's evidence; for the rule `votes` spikes of the deciding population, all copies, int64.
    spikes : ndarray of int64, shape (copies, populations)
    events : int
        Spikes times the synapses they arrived at, all copies.
    seconds : float
    records : Records
        Recorded spikes.
    """

    votes: np.ndarray
    spikes: np.ndarray
    events: int
    seconds: float
    records: Records


def tally_of(session: Session) -> Tally:
    """What has been counted since the data began; all evidence is copied."""
    votes = evidence_of(session.readout) if session.readout else np.zeros((0, 0), dtype=np.int64)
    counts, records = session.counts, session.recorder.records
    return Tally(votes, counts.spikes, counts.events, counts.seconds, records)


def labels_of(presentation: Presentation, first: int = 0, last: int | None = None) -> np.ndarray:
    """Class of every object, or of first..last-1, -1 for none, int64 of shape (n_train + n_test,)."""
    if presentation.labels is None:
        return np.zeros(0, dtype=np.int64)
    labels = presentation.labels[first:last].astype(np.int64)
    absent = presentation.no_class_value
    return labels if absent in (None, -1) else np.where(labels == absent, -1, labels)


def score_of(session: Session, first: int, last: int) -> Score | None:
    """Score of objects first..last-1 as far as they are finished; None if there are none, or no labels."""
    last, readout = min(last, session.finished_objects()), session.readout
    if readout is None or session.presentation.labels is None or first >= last:
        return None
    block = BLOCK if readout.knows_some else last - first
    ends = ((at, min(at + block, last)) for at in range(first, last, block))
    parts = ((answers_of(readout, a, b), labels_of(session.presentation, a, b)) for a, b in ends)
    return scored(parts, readout.classes)


def criterion_of(session: Session) -> tuple[str | None, float | None]:
    """Name and value, over the finished test objects, of the criterion that the target names."""
    target, first = session.target, session.presentation.n_train
    if target is None or target.criterion is None or session.votes is None:
        return None, None
    answers = session.answers()
    labels = labels_of(session.presentation, first, len(answers))
    return target.criterion, criterion_value(target.criterion, answers[first:], labels, values_of(target))


def result_of(session: Session) -> Result:
    """Everything a run ends with, as of now. The digest in it takes a while in large networks."""
    p, done, counts = session.presentation, session.finished_objects(), session.counts
    train, test = session.score(0, p.n_train), session.score(p.n_train, p.n_train + p.n_test)
    seconds = max(counts.seconds, 1e-9)
    criterion, value = criterion_of(session)
    return Result(
        accuracy=test.accuracy if test else None,
        unanswered=test.unanswered if test else None,
        confusion=test.confusion if test else None,
        train_accuracy=train.accuracy if train else None,
        train_images=min(done, p.n_train),
        test_images=max(done - p.n_train, 0),
        copies=session.plan.copies,
        seconds=counts.seconds,
        image_copies_per_second=done * session.plan.copies / seconds,
        synaptic_events_per_second=counts.events / seconds,
        engine=session.engine.name,
        threads=session.threads,
        seed=session.seed,
        steps=session.step,
        digest=digest(session.engine.state(), session.origin + session.step),
        criterion=criterion,
        criterion_value=value,
        data=p.data,
    )


def write_results(
    session: Session,
    path: str | os.PathLike[str],
    result: Result,
    extra: dict[str, Any] | None = None,
    files: Sequence[str] = (),
) -> None:
    """Write results, configuration, versions and seed to HDF5.

    Parameters
    ----------
    session : Session
    path : path
    result : Result
    extra : dict of str to ndarray or Blocks
        More arrays.
    files : sequence of str
        Names of the files that the run has written beside it.
    """
    readout = session.readout
    arrays: dict[str, Any] = {"votes": written_of(readout) if readout else np.zeros((0, 0), dtype=np.int64)}
    arrays["labels"] = session.labels()
    arrays["answers"] = answers_of(readout) if readout else np.zeros(0, dtype=np.int64)
    arrays["spike_counts"] = session.counts.spikes
    if readout:
        arrays |= {f"readout/{name}": array for name, array in results_of(readout).items()}
    if result.confusion is not None:
        arrays["confusion"] = result.confusion
    for name, names in session.presentation.node_labels.items():
        arrays[f"node_labels/{name}"] = fixed_texts(names)
    versions = {
        "colanet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }
    attributes = {
        "kind": "results",
        "result": json.dumps(result.as_dict()),
        "configuration": session.network.model_dump_json(),
        "versions": json.dumps(versions),
        "seed": session.seed,
        "files": json.dumps(list(files)),
    }
    write_h5(path, arrays | (extra or {}), attributes)
