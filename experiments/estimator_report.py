"""Tables of the estimator: its accuracy and time beside others, from estimator.json, and its constants."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from colanet.continual.tables import markdown_table, percent, read_record
from colanet.estimator.network import Constants

RESULTS = Path(__file__).parent / "results"
TITLES = {
    "digits": "digits, 8 x 8", "features": "40 signed features", "mnist": "MNIST", "fashion-mnist": "Fashion-MNIST",
}  # fmt: skip
"""Of the data sets."""


def table(record: Mapping[str, Any]) -> str:
    """Mean accuracy over seeds and wall time, a row each data set and method."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in record["runs"]:
        groups.setdefault((run["data"], run["method"]), []).append(run)
    head = ["data", "training samples", "method", "seeds", "accuracy (% ± s.d.)", "fit (s)", "predict (s)"]
    rows = []
    for (data, method), runs in groups.items():
        accuracy = [run["accuracy"] for run in runs]
        spread = statistics.stdev(accuracy) if len(runs) > 1 else None
        seconds = [statistics.fmean(run[part] for run in runs) for part in ("fit_seconds", "predict_seconds")]
        row: list[Any] = [TITLES[data], runs[0]["train"], method, len(runs)]
        rows.append([*row, percent(statistics.fmean(accuracy), spread), *(f"{one:.2f}" for one in seconds)])
    return markdown_table(head, rows)


def constants() -> str:
    """What an argument means that is None."""
    return markdown_table(["argument", "value if None"], [[f"`{n}`", v] for n, v in asdict(Constants()).items()])


def stored() -> dict[str, Callable[[], str]]:
    """Tables by their names."""
    return {"estimator": lambda: table(read_record(RESULTS / "estimator.json")), "estimator.constants": constants}
