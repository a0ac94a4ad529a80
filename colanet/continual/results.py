"""Results of an experiment as files: HDF5 with everything, CSV with the matrices, Markdown to read."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numba
import numpy as np

from colanet import contents
from colanet.atomic import write_text
from colanet.continual.cost import Cost, read_cost
from colanet.continual.experiment import Experiment
from colanet.continual.metrics import mean_and_spread, metrics
from colanet.continual.outcome import Confusions, Outcome, lessons_kept
from colanet.continual.tables import COLUMNS, COST, markdown_table, percent
from colanet.errors import CheckpointError
from colanet.locks import make_folder
from colanet.storage import read_h5, write_h5
from colanet.version import __version__

_ARRAYS = ("matrix", "unanswered", "untrained", "running", "boundaries", "test_images")
_SHOWN = ("ACC", "micro", "last", "drop", "FM", "BWT", "LA", "AIA", "FWT")
_WIDE = 12
"""Most tasks of which a matrix is shown whole."""


@dataclass(frozen=True, eq=False)
class Repeats:
    """One variant with all its seeds.

    Attributes
    ----------
    experiment : Experiment
    configuration : str
        JSON of the network, or of what a comparison method goes by; empty: not known.
    tasks : tuple of str
        Names.
    outcomes : tuple of Outcome
    """

    experiment: Experiment
    configuration: str
    tasks: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    def metrics(self) -> dict[str, tuple[float, float]]:
        """Mean and sample standard deviation over the seeds."""
        last = self.experiment.test_last
        found = [metrics(o.matrix, o.untrained, images=o.test_images, last=last) for o in self.outcomes]
        return {name: mean_and_spread([one[name] for one in found]) for name in found[0]}

    def matrix(self) -> np.ndarray:
        """Mean accuracy over the seeds, float of shape (T, T)."""
        mean: np.ndarray = np.mean([o.matrix for o in self.outcomes], axis=0)
        return mean


# ------------------------------------------------------------------- one run


def write_outcome(
    path: str | os.PathLike[str], experiment: Experiment, configuration: str, tasks: Sequence[str], outcome: Outcome
) -> None:
    """Write one run, with its configuration, seed and versions."""
    arrays: dict[str, Any] = {name: getattr(outcome, name) for name in _ARRAYS}
    arrays |= {"tests": outcome.confusion.places, "confusion": outcome.confusion.counts}
    arrays["fields"] = outcome.fields.astype(np.float16)
    write_h5(
        path,
        arrays,
        {
            "kind": "outcome",
            "experiment": plain(experiment),
            "configuration": configuration,
            "tasks": json.dumps(list(tasks)),
            "seed": outcome.seed,
            "columns": outcome.columns,
            "digest": outcome.digest,
            "train_seconds": outcome.train_seconds,
            "test_seconds": outcome.test_seconds,
            "cost": json.dumps(outcome.cost and outcome.cost.as_dict()),
            "data": json.dumps(outcome.data),
            "versions": json.dumps(versions(torch=experiment.method != "colanet")),
        },
    )


def read_outcome(
    path: str | os.PathLike[str], experiment: Experiment, configuration: str, data: Mapping[str, str] | None = None
) -> Outcome:
    """Read a finished run of this very experiment, with these digests of data sets if both are known.

    Raises
    ------
    CheckpointError
        If the file is damaged or belongs to another experiment or other data.
    """
    outcome, of = load_outcome(path)
    if of != (plain(experiment), configuration):
        raise CheckpointError(f"{path}: is of another experiment; remove it, or give another folder with --out")
    for name in sorted(outcome.data.keys() & (data or {}).keys()):
        if data and outcome.data[name] != data[name]:
            raise CheckpointError(f"{path}: is of other data of the name {name}; remove it, or give another folder")
    return outcome


def load_outcome(path: str | os.PathLike[str]) -> tuple[Outcome, tuple[str, str]]:
    """What `write_outcome` wrote: the run, and of which experiment and configuration it is.

    Raises
    ------
    CheckpointError
        If the file is damaged.
    """
    arrays, attributes = read_h5(path)
    contents.check_kind(path, attributes, ("outcome",), "the outcome of a run of colanet continual")
    columns = contents.integer(path, attributes, "columns", 0, 2**31)
    outcome = Outcome(
        **_checked_arrays(path, arrays),
        columns=columns,
        train_seconds=contents.number(path, attributes, "train_seconds"),
        test_seconds=contents.number(path, attributes, "test_seconds"),
        digest=contents.text(path, attributes, "digest"),
        seed=contents.integer(path, attributes, "seed"),
        cost=_cost(path, attributes),
        data=_data(path, attributes),
    )
    experiment = contents.text(path, attributes, "experiment")
    return outcome, (experiment, contents.text(path, attributes, "configuration"))


def _data(path: str | os.PathLike[str], attributes: dict[str, Any]) -> dict[str, str]:
    """Digests of the data sets; none in files of a colanet that did not write them."""
    if "data" not in attributes:
        return {}
    found = contents.mapping(path, attributes, "data")
    return {name: contents.text(path, found, name) for name in found}


def _cost(path: str | os.PathLike[str], attributes: dict[str, Any]) -> Cost | None:
    """What the run cost; None in files of a colanet that did not count it."""
    if "cost" not in attributes:
        return None
    try:
        return read_cost(contents.text(path, attributes, "cost"))
    except ValueError as error:
        raise CheckpointError(f"{path}: damaged, cost: {error}") from error


def _checked_arrays(path: str | os.PathLike[str], arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The arrays of a run, which agree in the number of tasks and classes."""
    n = len(contents.array(path, arrays, "untrained", dtype=np.float64, shape=(None,)))
    kinds = {
        "matrix": (np.float64, (n, n)),
        "unanswered": (np.float64, (n, n)),
        "untrained": (np.float64, (n,)),
        "running": (np.float64, (None,)),
        "boundaries": (np.int64, (None,)),
        "fields": (np.float16, (None, None, None)),
    }
    found: dict[str, Any] = {
        name: contents.array(path, arrays, name, dtype=t, shape=shape) for name, (t, shape) in kinds.items()
    }
    for name in ("matrix", "unanswered", "untrained", "running"):
        contents.check_shares(path, name, found[name])
    lessons = len(contents.array(path, arrays, "boundaries", dtype=np.int64, shape=(None,), low=1))
    kept = len(lessons_kept(lessons))
    if lessons not in (1, n) or len(found["fields"]) not in (0, lessons, kept):
        raise CheckpointError(f"{path}: damaged, its arrays are of {n} and of {lessons} tasks")
    if not n or np.isnan(found["matrix"][-1, -1]):
        raise CheckpointError(f"{path}: damaged, a task was not tested at the end")
    if "test_images" in arrays:
        images = contents.array(path, arrays, "test_images", dtype=np.int64, shape=(None,), low=1)
        if len(images) not in (0, n):
            raise CheckpointError(f"{path}: damaged, its arrays are of {n} and of {len(images)} tasks")
        found["test_images"] = images
    confusion = _confusions(path, arrays, found["matrix"])
    return found | {"confusion": confusion, "fields": found["fields"].astype(np.float32)}


def _confusions(path: str | os.PathLike[str], arrays: dict[str, np.ndarray], matrix: np.ndarray) -> Confusions:
    """The counts of all tests. Files of older versions hold them for every pair of tasks, tested or not."""
    n = len(matrix)
    if "tests" not in arrays:
        wide = contents.array(path, arrays, "confusion", dtype=np.int64, shape=(n, n, None, None), low=0)
        places = np.argwhere(np.tri(n, dtype=bool) & ~np.isnan(matrix))
        counts = wide[tuple(places.T)]
    else:
        places = contents.array(path, arrays, "tests", dtype=np.int64, shape=(None, 2), low=0, high=n - 1)
        shape = (len(places), None, None)
        counts = contents.array(path, arrays, "confusion", dtype=np.int64, shape=shape, low=0)
    if counts.shape[1] != counts.shape[2]:
        raise CheckpointError(f"{path}: damaged, counts of {counts.shape[1]} classes and {counts.shape[2]} answers")
    return Confusions(places, counts, n)


def plain(experiment: Experiment) -> str:
    """What decides about the result of a run, without its seed, as JSON."""
    return experiment.model_dump_json(exclude={"seeds", "title", "published", "variants"}, exclude_unset=True)


def versions(*, torch: bool = False) -> dict[str, str]:
    """Versions that a result may depend on, PyTorch's where it was used, and the processor."""
    return {
        "colanet": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        **(_torch_version() if torch else {}),
        "processor": processor(),
        "cores": str(os.cpu_count()),
    }


def _torch_version() -> dict[str, str]:
    """None where it is not installed: tables can be made of finished runs without it."""
    try:
        return {"torch": metadata.version("torch")}
    except metadata.PackageNotFoundError:
        return {}


def _of(parts: Sequence[Repeats]) -> dict[str, str]:
    """Versions for a table."""
    return versions(torch=any(part.experiment.method != "colanet" for part in parts))


def processor() -> str:
    """Name of the processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


# -------------------------------------------------------------------- tables


def write_tables(folder: Path, experiment: Experiment, parts: Sequence[Repeats], command: str) -> list[Path]:
    """CSV, JSON and Markdown of an experiment; the files written."""
    make_folder(folder)
    name = experiment.name
    texts = {
        folder / f"{name}.csv": as_csv(parts),
        folder / f"{name}.json": json.dumps(as_json(experiment, parts, command), indent=1) + "\n",
        folder / f"{name}.md": as_markdown(experiment, parts, command),
    }
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def as_csv(parts: Sequence[Repeats]) -> str:
    """Long form: one line for each test."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["variant", "seed", "after_task", "on_task", "accuracy", "unanswered"])
    for part in parts:
        for o in part.outcomes:
            for k, j in np.argwhere(~np.isnan(o.matrix)):
                missing = "" if np.isnan(o.unanswered[k, j]) else f"{o.unanswered[k, j]:.6f}"
                writer.writerow([part.experiment.label, o.seed, k + 1, j + 1, f"{o.matrix[k, j]:.6f}", missing])
    return out.getvalue()


def as_json(experiment: Experiment, parts: Sequence[Repeats], command: str) -> dict[str, Any]:
    """Configuration, metrics, seeds, versions and wall times."""
    return {
        "experiment": experiment.model_dump(mode="json", exclude_unset=True),
        "command": command,
        "versions": _of(parts),
        "variants": [
            {
                "name": part.experiment.label,
                "seeds": [o.seed for o in part.outcomes],
                "metrics": {name: {"mean": m, "sd": _none(s)} for name, (m, s) in part.metrics().items()},
                "train_seconds": [round(o.train_seconds, 2) for o in part.outcomes],
                "test_seconds": [round(o.test_seconds, 2) for o in part.outcomes],
                "digests": [o.digest for o in part.outcomes],
                "costs": costs_of(part),
                "data": {name: sha256 for o in part.outcomes for name, sha256 in o.data.items()},
                "configuration": json.loads(part.configuration) if part.configuration else None,
            }
            for part in parts
        ],
    }


def costs_of(part: Repeats) -> list[dict[str, Any] | None]:
    """What each seed cost; None where it was not counted."""
    return [o.cost.as_dict() if o.cost else None for o in part.outcomes]


def _none(value: float) -> float | None:
    return None if np.isnan(value) else value


def as_markdown(experiment: Experiment, parts: Sequence[Repeats], command: str) -> str:
    """Metrics of all variants, published figures, matrices."""
    lines = [f"# {experiment.title or experiment.name}", "", f"`{command}`", ""]
    lines += _metrics_table(parts)
    if experiment.published:
        figures = [[p.label, p.value, p.source] for p in experiment.published]
        lines += ["", "Published:", "", markdown_table(["what", "figure", "source"], figures)]
    for part in parts:
        lines += ["", f"## {part.experiment.label}", "", _description(part), "", *_matrix_table(part)]
    v = _of(parts)
    torch = f", PyTorch {v['torch']}" if "torch" in v else ""
    lines += ["", f"colanet {v['colanet']}, numba {v['numba']}{torch}, {v['cores']} cores of {v['processor']}.", ""]
    return "\n".join(lines)


def _metrics_table(parts: Sequence[Repeats]) -> list[str]:
    found = [part.metrics() for part in parts]
    names = [name for name in _SHOWN if any(name in one for one in found)]
    shown = [COLUMNS[name] for name in COST if any(o.cost for part in parts for o in part.outcomes)]
    rows = []
    for part, one in zip(parts, found, strict=True):
        cells = [percent(*one[name]) if name in one else "" for name in names]
        times = [np.median([getattr(o, t) for o in part.outcomes]) for t in ("train_seconds", "test_seconds")]
        seeds = ", ".join(str(o.seed) for o in part.outcomes)
        spent = [column.cell({"costs": costs_of(part)}) for column in shown]
        rows.append([part.experiment.label, seeds, *cells, *(f"{t:.1f}" if t else "" for t in times), *spent])
    return [
        "Accuracies in %, differences in points; mean ± standard deviation over the seeds. Formulas:",
        "docs/continual.md.",
        "",
        markdown_table(["variant", "seeds", *names, "learning, s", "tests, s", *(c.heading for c in shown)], rows),
    ]


def _description(part: Repeats) -> str:
    e = part.experiment
    what = f"`{e.network}`" if e.method == "colanet" else e.method
    values = "".join(f", {path} = {value}" for path, value in {**e.set, **e.options}.items())
    copies = f", {e.copies} copies" if e.copies and e.method == "colanet" else ""
    extra = (", all tasks mixed" if e.joint else "") + (", neuron migration" if e.migration else "")
    extra += ", neuron renewal" if e.renewal else ""
    return f"{what}{values}{copies}{extra}."


def _matrix_table(part: Repeats) -> list[str]:
    """Rows: after which task; columns: on which task; in percent, mean over seeds."""
    matrix = part.matrix()
    rows = [k for k in range(len(matrix)) if not np.isnan(matrix[k, : k + 1]).all()]
    if len(matrix) > _WIDE:
        return [_course(matrix, rows)]
    cells = [[k + 1, *("" if np.isnan(a) else f"{100 * a:.1f}" for a in matrix[k])] for k in rows]
    table = markdown_table(["after task", *range(1, len(matrix) + 1)], cells)
    names = ", ".join(f"{j + 1} {name}" for j, name in enumerate(part.tasks))
    return [table, "", f"Tasks: {names}."]


def _course(matrix: np.ndarray, rows: Sequence[int]) -> str:
    """The mean of rows at round numbers, of as few as are read at a glance."""
    n = len(matrix)
    step = 10
    while n // step > _WIDE:
        step *= 10
    few = [k for k in rows if (k + 1) % step == 0 or k == n - 1]
    whole = not any(np.isnan(matrix[k, : k + 1]).any() for k in few)
    what = "the tasks seen so far" if whole else "the last tasks seen so far"
    means = (f"{100 * np.nanmean(matrix[k, : k + 1]):.1f} % after {k + 1}" for k in few)
    return f"Mean over {what}: {', '.join(means)}."


def summary(parts: Sequence[Repeats]) -> str:
    """A line a variant, for the terminal."""
    lines = []
    for part in parts:
        found: Mapping[str, tuple[float, float]] = part.metrics()
        names = [name for name in ("ACC", "micro", "last", "drop", "FM", "BWT") if name in found]
        text = ", ".join(f"{name} {percent(*found[name])}" for name in names)
        lines.append(f"{part.experiment.label}: {text}")
    return "\n".join(lines)
