"""The answers of a run as a file, in the words of the label file."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path, PureWindowsPath

import numpy as np

from colanet.atomic import write_text
from colanet.config.model import TargetInput


def prediction_path(folder: Path, target: TargetInput) -> Path | None:
    """Where a run with the output folder `folder` writes its answers: under the file's name without its folders."""
    return folder / PureWindowsPath(target.prediction_file).name if target.prediction_file else None


def write_predictions(
    path: str | os.PathLike[str], answers: np.ndarray, labels: np.ndarray, target: TargetInput, n_train: int
) -> None:
    """Answers as CSV, whole or not at all: object, part (train or test), label and answer, one line an object.

    Parameters
    ----------
    path : path
    answers, labels : ndarray of int, shape (n_objects,)
        Classes, -1 for none; written as the labels of the target file, none as its `no_class` or nothing.
    target : TargetInput
    n_train : int
        The first so many objects are for training.

    Raises
    ------
    OSError
        If the file cannot be written; then an older one is untouched.
    """
    words = [*map(str, target.class_labels), target.no_class or ""]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["object", "part", "label", "answer"])
    for number, (label, answer) in enumerate(zip(labels, answers, strict=True)):
        table.writerow([number, "train" if number < n_train else "test", words[label], words[answer]])
    write_text(path, out.getvalue())
