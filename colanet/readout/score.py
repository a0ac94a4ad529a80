"""From evidence to answers: which class a network chose, and how often it was right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from colanet.config.model import TargetInput

UNANSWERED = -1


def decide(evidence: np.ndarray) -> np.ndarray:
    """The class with the most evidence; the lowest index on a tie; -1 if there is none for any class.

    Parameters
    ----------
    evidence : ndarray of int or float, shape (n_objects, n_classes)
        At least 0; for the rule `votes` the spikes of each class during each object's period, summed over copies.

    Returns
    -------
    ndarray of int64, shape (n_objects,)
    """
    answers: np.ndarray = evidence.argmax(axis=1).astype(np.int64)
    answers[evidence.max(axis=1) == 0] = UNANSWERED
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
    return scored([(answers, labels)], n_classes)


def scored(parts: Iterable[tuple[np.ndarray, np.ndarray]], n_classes: int) -> Score:
    """`score` of answers and labels that come in parts."""
    confusion = np.zeros((n_classes + 1, n_classes + 1), dtype=np.int64)
    for answers, labels in parts:
        np.add.at(confusion, (labels, answers), 1)
    n = max(int(confusion.sum()), 1)
    return Score(
        accuracy=float(np.trace(confusion)) / n,
        unanswered=float(confusion[:, UNANSWERED].sum()) / n,
        confusion=confusion,
    )


# ------------------------------------------------------------------- criteria


def values_of(target: TargetInput) -> np.ndarray:
    """Value of each class (its label), then `no_class_value`; float of shape (n_classes + 1,), NaN: no value."""
    none = np.nan if target.no_class_value is None else target.no_class_value
    return np.array([*target.class_labels, none], dtype=float)


def criterion_value(name: str, answers: np.ndarray, labels: np.ndarray, values: np.ndarray) -> float | None:
    """How good answers are by a criterion of the state classifier.

    averaged_F is the mean over the classes that occur of F1 = 2 TP / (2 TP + FP + FN); absolute_error the mean size
    of (value of the answer - value of the label); Rsquared 1 - (squared errors of these values) / (squared
    deviations of the labels' values from their mean).

    Parameters
    ----------
    name : str
    answers, labels : ndarray of int, shape (n_objects,)
        Classes, -1 for none.
    values : ndarray of float, shape (n_classes + 1,)
        As `values_of`.

    Returns
    -------
    float or None
        None where it is not defined: without objects, where none has a value and occurs, for labels that are all
        the same (Rsquared), and for weighted_error, whose definition is not public.
    """
    if name == "averaged_F":
        return _averaged_f(answers, labels)
    given, wanted = values[answers], values[labels]
    error = given - wanted
    if not len(labels) or np.isnan(error).any():
        return None
    if name == "absolute_error":
        return float(np.abs(error).mean())
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    return 1 - float((error**2).sum()) / spread if name == "Rsquared" and spread else None


def _averaged_f(answers: np.ndarray, labels: np.ndarray) -> float | None:
    classes = np.setdiff1d(np.union1d(answers, labels), [UNANSWERED])
    right = np.array([np.sum((answers == c) & (labels == c)) for c in classes])
    each = np.array([np.sum(answers == c) + np.sum(labels == c) for c in classes])
    return float((2 * right / each).mean()) if len(classes) else None
