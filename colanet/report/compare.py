"""Several results beside each other: what differs in their descriptions, and in their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from colanet.report import about_course, about_run, charts
from colanet.report.parts import Chart, Section, Table
from colanet.report.read import Course, Run, Source

ABSENT = "–"
MOST_ROWS = 200


def flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every number and word of plain values, by a path; entries of lists go by their names where they have one."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from flat(one, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value):
        for number, one in enumerate(value):
            yield from flat(one, f"{path}.{_name_of(one, number)}")
    else:
        yield path, str(value)


def _name_of(entry: Any, number: int) -> str:
    if isinstance(entry, Mapping):
        if "name" in entry:
            return str(entry["name"])
        if "source" in entry and "target" in entry:
            return f"{entry['source']}->{entry['target']}"
    return str(number)


def names_of(sources: Sequence[Source]) -> list[str]:
    """A name for each file: as much of the end of its path as tells it from the others, else with a number."""
    for parts in range(1, 4):
        names = ["/".join(source.path.parts[-parts:]) for source in sources]
        if len(set(names)) == len(names):
            return names
    return [f"{i + 1}: {name}" for i, name in enumerate(names)]


def compared(sources: Sequence[Source]) -> Section:
    """The section that stands above several results."""
    names = names_of(sources)
    tables = [_figures(sources, names), *_differences(sources, names)]
    text = "" if len(tables) > 1 else "Their descriptions are equal."
    return Section("What changed", text, tables=tables, charts=_charts(sources, names))


def _told(source: Source) -> dict[str, str]:
    """What went into a result, by a path."""
    if isinstance(source, Run):
        plain = {"configuration": source.configuration, "data": source.data, "seed": source.seed}
        plain |= {"images": {"train": source.n_train, "test": source.n_test}}
    else:
        plain = {"configuration": source.configuration, "experiment": source.experiment}
        plain |= {"data": source.outcome.data, "seed": source.outcome.seed}
    return dict(flat(plain | {"versions": source.versions}))


def _differences(sources: Sequence[Source], names: Sequence[str]) -> list[Table]:
    told = [_told(source) for source in sources]
    keys = list(dict.fromkeys(key for one in told for key in one))
    rows = [[key, *(_short(one.get(key, ABSENT)) for one in told)] for key in keys
            if len({one.get(key) for one in told}) > 1]  # fmt: skip
    if len(rows) > MOST_ROWS:
        rows = [*rows[:MOST_ROWS], [f"and {len(rows) - MOST_ROWS} more", *("" for _ in names)]]
    return [Table("Differences of what went in", ("what", *names), rows)] if rows else []


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


def _shares(source: Source) -> dict[str, float]:
    """Figures in percent, as shares."""
    if isinstance(source, Course):
        return about_course.figures_of(source)
    named = {"accuracy": "accuracy", "unanswered": "unanswered", "accuracy while learning": "train_accuracy"}
    return {name: source.result[key] for name, key in named.items() if source.result.get(key) is not None}


def _figures(sources: Sequence[Source], names: Sequence[str]) -> Table:
    found = [_shares(source) for source in sources]
    pair = len(sources) == 2
    rows = []
    for key in dict.fromkeys(key for one in found for key in one):
        cells = [about_run.percent(one.get(key)) for one in found]
        if pair:
            both = all(key in one for one in found)
            cells.append(f"{100 * (found[1][key] - found[0][key]):+.2f} points" if both else ABSENT)
        rows.append([key, *cells])
    seconds = [s.outcome.seconds if isinstance(s, Course) else float(s.result.get("seconds") or 0) for s in sources]
    change = [f"{seconds[1] - seconds[0]:+.1f} s"] if pair else []
    rows.append(["time", *(f"{s:.1f} s" for s in seconds), *change])
    return Table("Figures", ("what", *names, *(["change"] if pair else [])), rows)


def _charts(sources: Sequence[Source], names: Sequence[str]) -> list[Chart]:
    made, curves = [], {}
    for name, source in zip(names, sources, strict=True):
        if isinstance(source, Course):
            curves[name] = about_course.running(source)
        elif source.n_train:
            curves[name] = charts.blocks(source.answers[: source.n_train] == source.labels[: source.n_train])
    if curves:
        made.append(charts.lines("Accuracy while learning", curves, "training images", "right (%)"))
    courses = {
        name: about_course.seen_so_far(source.outcome.matrix)
        for name, source in zip(names, sources, strict=True)
        if isinstance(source, Course)
    }
    if len(courses) > 1 and any(len(after) > 1 for after, _ in courses.values()):
        caption = "Mean accuracy on the tasks seen"
        made.append(charts.lines(caption, courses, "after task", "accuracy (%)", markers=True))
    runs = [source for source in sources if isinstance(source, Run)]
    if len(runs) == len(sources) == 2:
        made += _confusions(*runs)
    return made


def _confusions(first: Run, second: Run) -> list[Chart]:
    """How the shares of answers have moved; nothing if the classes are others."""
    a, b = first.confusion, second.confusion
    if a is None or b is None or a.shape != b.shape:
        return []
    n = len(first.classes)
    change = _share(b[:n]) - _share(a[:n])
    names = [*first.classes, "none"]
    texts = np.array([["" if abs(v) < 0.05 else f"{v:+.1f}" for v in row] for row in change])
    limit = max(float(np.abs(change).max()), 1.0)
    told = "class %{y}, answer %{x}<br>%{z:+.2f} points"
    caption = "Change of the confusion (points of the class): blue more, orange fewer in the second"
    return [charts.matrix(caption, change, names[:n], names, "answer", "class", told=told, texts=texts,
                          limits=(-limit, limit), both=True)]  # fmt: skip


def _share(counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=1, keepdims=True)
    share: np.ndarray = 100 * np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    return share
