"""What is said of a run of `colanet continual`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import yaml

from colanet.continual.metrics import metrics
from colanet.continual.outcome import BLOCK, lessons_kept
from colanet.errors import ConfigError
from colanet.report import charts
from colanet.report.about_run import percent
from colanet.report.fields import MOST_STAGES, mosaic_of, titled
from colanet.report.parts import Chart, Part, Section, Table
from colanet.report.read import Course
from colanet.viz.sources import read_fields

MOST_CURVES = 12
"""Tasks that get a curve of their own."""
MOST_MARKS = 60
FIGURES = {
    "ACC": "accuracy after the last task (ACC)",
    "micro": "accuracy over all test images (micro)",
    "last": "accuracy on the last tasks (last)",
    "FM": "forgetting (FM)",
    "drop": "loss of the first task (drop)",
    "BWT": "backward transfer (BWT)",
    "FWT": "forward transfer (FWT)",
    "LA": "accuracy when learnt (LA)",
    "AIA": "average incremental accuracy (AIA)",
}
"""Metrics of docs/continual.md that a page shows, with their names."""


def figures_of(course: Course) -> dict[str, float]:
    """Metrics by their names on the page, as shares."""
    o, last = course.outcome, course.experiment.get("test_last")
    found = metrics(o.matrix, o.untrained, images=o.test_images, last=last if isinstance(last, int) else None)
    return {text: found[name] for name, text in FIGURES.items() if name in found}


def seen_so_far(matrix: np.ndarray) -> tuple[list[int], list[float | None]]:
    """After which tasks, from 1, something was tested, and the mean accuracy on the tasks seen, in percent."""
    rows = [k for k in range(len(matrix)) if not np.isnan(matrix[k, : k + 1]).all()]
    return [k + 1 for k in rows], charts.numbers([100 * np.nanmean(matrix[k, : k + 1]) for k in rows], 2)


def running(course: Course) -> tuple[list[int], list[float | None]]:
    """Accuracy while learning: training images at the end of each block, and percentages."""
    values = course.outcome.running
    return [BLOCK * (i + 1) for i in range(len(values))], charts.numbers(100 * values, 2)


def part_of(course: Course) -> Part:
    """All that is said of a run of several tasks."""
    o = course.outcome
    cards = [(name, percent(value)) for name, value in figures_of(course).items()]
    if np.isfinite(o.unanswered[-1]).any():
        cards.append(("unanswered at the end", percent(float(np.nanmean(o.unanswered[-1])))))
    method = course.experiment.get("method", "colanet")
    n = len(course.tasks)
    text = f"{course.path}: {n} {'task' if n == 1 else 'tasks'}, seed {o.seed}, method {method}."
    sections = [
        Section("Scores", cards=cards),
        Section("Tasks", charts=_tasks(course)),
        *_learning(course),
        _fields(course),
        *described(course),
    ]
    return Part(course.path.name, text, sections)


def _tasks(course: Course) -> list[Chart]:
    o, names = course.outcome, course.tasks
    # Of one task there is one figure, which stands among the scores.
    made = [tested(o.matrix, names), over_tasks(o.matrix, names)] if len(names) > 1 else []
    counts = np.sum([o.confusion[len(names) - 1, j] for j in range(len(names))], axis=0)
    if counts.any():
        classes = list(map(str, range(len(counts))))
        caption = "Confusion after the last task, all tasks; without unanswered images"
        made.append(charts.confusion(caption, counts, classes))
    return made


def numbered(names: Sequence[str]) -> list[str]:
    """Names of tasks behind their numbers."""
    return [f"{i + 1} {name}" for i, name in enumerate(names)]


def tested(matrix: np.ndarray, names: Sequence[str]) -> Chart:
    """The matrix of accuracies, of those tasks after which something was tested."""
    rows = [k for k in range(len(names)) if not np.isnan(matrix[k]).all()]
    shown, every = 100 * matrix[rows], numbered(names)
    texts = np.array([["" if np.isnan(v) else f"{v:.1f}" for v in row] for row in shown])
    low = float(np.floor(np.nanmin(shown) / 10) * 10)
    told = "after %{y}<br>on task %{x}: %{z:.2f} %"
    return charts.matrix("Accuracy (%) on each task after each task", shown, [every[k] for k in rows],
                         [str(i + 1) for i in range(len(names))], "tested on task", "after", told=told, texts=texts,
                         limits=(min(low, 90.0), 100.0))  # fmt: skip


def over_tasks(matrix: np.ndarray, names: Sequence[str], most: int = MOST_CURVES) -> Chart:
    """Mean accuracy on the tasks seen, and at most so many tasks with a curve of their own."""
    curves: dict[str, tuple[Sequence[Any], Sequence[Any]]] = {"mean of the tasks seen": seen_so_far(matrix)}
    every = numbered(names)
    for j in _some(len(names), most):
        after = [k for k in range(len(names)) if np.isfinite(matrix[k, j])]
        curves[every[j]] = [k + 1 for k in after], charts.numbers([100 * matrix[k, j] for k in after], 2)
    return charts.lines("Accuracy over the tasks", curves, "after task", "accuracy (%)", markers=True)


def _some(n: int, most: int) -> list[int]:
    """Numbers of 0..n-1, evenly spread: all, or `most` with the first and the last."""
    return list(range(n)) if n <= most else np.linspace(0, n - 1, most).round().astype(int).tolist()


def _learning(course: Course) -> list[Section]:
    if not course.outcome.running.size:
        return []
    chart = lessons(running(course), course.outcome.boundaries.tolist())
    return [Section("Accuracy while learning", charts=[chart])]


def lessons(right: tuple[list[int], list[float | None]], ends: Sequence[int]) -> Chart:
    """Accuracy while learning, with the ends of the tasks."""
    return charts.lines(
        f"Answers given before an image is taught, in blocks of {BLOCK} images; dotted: a task ends",
        {"right": right}, "training images", "share (%)", marks=ends if len(ends) <= MOST_MARKS else (),
    )  # fmt: skip


def _fields(course: Course) -> Section:
    title, o = "Receptive fields, task by task", course.outcome
    if not o.fields.size:
        return Section(title, "The file holds none: a comparison method has no columns.")
    lessons = lessons_kept(len(o.boundaries))
    kept = [int(lessons[i]) + 1 for i in _some(len(lessons), MOST_STAGES)] if len(o.fields) > 1 else []
    try:
        fields = read_fields(course.path, tasks=kept)
    except ConfigError as error:
        return Section(title, f"They cannot be drawn: {error}.")
    names = [title.removeprefix("after ") for title in fields.titles]
    made = mosaic_of(fields, names)
    for column, (label, members) in enumerate(made.columns):
        for place, neuron in enumerate(members):
            made.neurons[str(neuron)] = [("column", titled(label, column)), ("microcolumn", str(place))]
    text = "Copy 0. Point at a neuron to see its field after each task, click to keep it."
    return Section(title, text, fields=made)


def described(course: Course) -> list[Section]:
    """Costs, configuration, versions, speed, digests."""
    o = course.outcome
    speed = [("learning (s)", f"{o.train_seconds:.2f}"), ("tests (s)", f"{o.test_seconds:.2f}")]
    tables = [Table("Speed", ("what", "value"), speed)]
    if o.cost:
        counted = {name: value for name, value in o.cost.as_dict().items() if value is not None}
        rows = [(name.replace("_", " "), f"{value:,.0f}") for name, value in counted.items()]
        tables.append(Table("Costs", ("what", "bytes, images or operations an image"), rows))
    tables.append(Table("Versions", ("what", "version"), list(course.versions.items())))
    tables.append(Table("Digests (SHA-256)", ("what", "digest"), [("final state", o.digest), *o.data.items()]))
    plain = {"experiment": course.experiment, "configuration": course.configuration}
    text = yaml.safe_dump(plain, sort_keys=False, default_flow_style=None, width=100)
    return [Section("Origin", tables=tables), Section("Configuration", text, folded=True)]
