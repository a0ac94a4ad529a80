"""Readouts: from the spikes of the deciding population to answers, and how good these are.

A rule is a class derived from `Readout`: in a file of its own in `colanet/readout/rules`, or in a package that
names it as an entry point::

    [project.entry-points."colanet.readouts"]
    latest = "my_package:Latest"
"""

from __future__ import annotations

from colanet.doors import READOUTS
from colanet.readout.base import (
    Readout,
    answers_of,
    blamed,
    bytes_of,
    evidence_of,
    make,
    results_of,
    votes_of,
    written_of,
)
from colanet.readout.predictions import prediction_path, write_predictions
from colanet.readout.score import UNANSWERED, Score, criterion_value, decide, score, scored, values_of

__all__ = [
    "READOUTS", "UNANSWERED", "Readout", "Score", "answers_of", "blamed", "bytes_of", "criterion_value", "decide",
    "evidence_of", "make", "prediction_path", "results_of", "score", "scored", "values_of", "votes_of",
    "write_predictions", "written_of",
]  # fmt: skip
