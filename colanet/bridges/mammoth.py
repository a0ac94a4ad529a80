"""Results as a CSV with the columns of Mammoth, the framework for continual learning of AImageLab.

| column | meaning |
| --- | --- |
| accmean_taskI | mean accuracy on the tasks 1 to I after learning task I |
| accuracy_J_taskI | accuracy on task J after learning task I, J <= I |
| forward_transfer | mean over J > 1 of the accuracy on task J before it is learnt, less the untrained one |
| backward_transfer | mean over J < T of the accuracy on task J at the end, less that after learning it |
| forgetting | mean over J < T of the largest accuracy on task J, less that at the end |

Accuracies are percentages, tasks are counted from 1 to T. What the run was stands in columns before these, for
example `dataset`, `model` and `seed`. Mammoth itself appends the same names to a file logs.pyd, as dictionaries.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import write_text
from colanet.continual.metrics import metrics
from colanet.errors import DataError
from colanet.locks import hold_folder
from colanet.reading import read_bytes

StrPath = str | os.PathLike[str]


def row(matrix: np.ndarray, untrained: np.ndarray | None = None, **run: Any) -> dict[str, Any]:
    """The columns of one run.

    Parameters
    ----------
    matrix : ndarray of float, shape (T, T)
        Row k, column j: accuracy from 0 to 1 on task j after learning task k. Above the diagonal only the entries
        right beside it are used, for forward_transfer.
    untrained : ndarray of float, shape (T,), or None
        Accuracies of an untrained network; None: forward_transfer is left empty.
    **run
        What the run was, in columns of their own before the others.

    Raises
    ------
    DataError
        If the matrix is not square, or a task that was learnt is not tested.
    """
    a = 100 * np.asarray(matrix, dtype=float)
    base = None if untrained is None else 100 * np.asarray(untrained, dtype=float)
    found = metrics(a, base)
    tasks = range(len(a))
    for i in tasks:
        if np.isnan(a[i, : i + 1]).any():
            raise DataError(f"an accuracy is missing after task {i + 1}, expected those of the tasks 1 to {i + 1}")
    seen = np.where(np.tri(len(a), dtype=bool), a, -np.inf)
    forgotten = (seen.max(axis=0) - a[-1])[:-1]
    return {
        **run,
        **{f"accmean_task{i + 1}": float(a[i, : i + 1].mean()) for i in tasks},
        **{f"accuracy_{j + 1}_task{i + 1}": float(a[i, j]) for i in tasks for j in range(i + 1)},
        "forward_transfer": found.get("FWT"),
        "backward_transfer": found.get("BWT"),
        "forgetting": float(forgotten.mean()) if len(forgotten) else None,
    }


def append(path: StrPath, columns: Mapping[str, Any]) -> None:
    """Add a run to a CSV; the first one writes the header.

    Raises
    ------
    DataError
        If the file has other columns; their order does not matter.
    ConfigError
        If another process is just adding a run.
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    lock = hold_folder(path.parent, "a process that adds results", f".{path.name}.lock")
    with lock if path.parent.is_dir() else nullcontext():
        before = read_bytes(path).decode("utf-8") if path.exists() else ""
        head = next(csv.reader([before.partition("\n")[0]])) if before else list(columns)
        if set(head) != columns.keys():
            wrong = next(name for name in (*columns, *head) if (name in columns) != (name in head))
            expected = f"expected {len(columns)} as in this run"
            raise DataError(f"{path}: line 1: other columns, {expected}; {wrong} differs")
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        if not before:
            writer.writerow(head)
        writer.writerow(["" if columns[name] is None else columns[name] for name in head])
        gap = "\n" if before and not before.endswith("\n") else ""
        write_text(path, before + gap + out.getvalue())
