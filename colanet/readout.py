"""From votes to answers: which class a network chose, and how often it was right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

UNANSWERED = -1


def decide(votes: np.ndarray) -> np.ndarray:
    """The class whose neurons fired most; the lowest index on a tie; -1 if none fired (model.md, section 4).

    Parameters
    ----------
    votes : ndarray of int, shape (n_objects, n_classes)
        Spikes of the deciding population during each object's period, summed over copies.

    Returns
    -------
    ndarray of int64, shape (n_objects,)
    """
    answers = votes.argmax(axis=1).astype(np.int64)
    answers[votes.max(axis=1) == 0] = UNANSWERED
    return answers


@dataclass(frozen=True, eq=False)
class Score:
    """How good answers are.

    Attributes
    ----------
    accuracy, unanswered : float
        Shares of all objects. No answer is right for an object without a class, else wrong.
    confusion : ndarray of int64, shape (n_classes + 1, n_classes + 1)
        Row: true class, last row objects without a class; column: answer, last column no answer.
    """

    accuracy: float
    unanswered: float
    confusion: np.ndarray


def score(answers: np.ndarray, labels: np.ndarray, n_classes: int) -> Score:
    """Compare answers with labels; both hold classes 0.. or -1 for none.

    Parameters
    ----------
    answers, labels : ndarray of int, shape (n_objects,)
    n_classes : int
    """
    confusion = np.zeros((n_classes + 1, n_classes + 1), dtype=np.int64)
    np.add.at(confusion, (labels, answers), 1)
    n = max(len(labels), 1)
    return Score(
        accuracy=float(np.trace(confusion)) / n,
        unanswered=float(confusion[:, UNANSWERED].sum()) / n,
        confusion=confusion,
    )
