"""The one table: colanet beside all others, from the results of `columns`, `recurrent` and `once`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from colanet.continual.tables import NOTHING, markdown_table, read_record
from experiments.benchmarks.columns import FORMS
from experiments.benchmarks.scale_tables import MIB
from experiments.benchmarks.timing import RESULTS, Result

HEAD = ["work", "done by", "time / colanet's", "images or steps a second", "synaptic events a second",
        "memory (MiB)", "agreement"]  # fmt: skip


def table(folder: Path = RESULTS) -> str:
    """All rows of the three results in a folder; DataError if one is not there."""
    found = {name: read_record(folder / f"{name}.json") for name in ("columns", "recurrent", "once")}
    rows = [*_columns(found["columns"]), *_recurrent(found["recurrent"]), *_once(found["once"])]
    return markdown_table(HEAD, rows)


def short(folder: Path = RESULTS) -> str:
    """The column network alone: times in both forms, and whether the spikes agree."""
    found, rows = read_record(folder / "columns.json")["rows"], []
    forms = [[row for row in found if row["form"] == form] for form in FORMS]
    for pair in zip(*forms, strict=True):
        cells = [pair[0]["simulator"]]
        for row, (ours, *_) in zip(pair, forms, strict=True):
            times = row["image_microseconds"] / ours["image_microseconds"]
            cells += [f"{times:.0f}", _same(row["agreement"], ours["agreement"]["spikes"])]
        rows.append(cells)
    return markdown_table(
        ["simulator", *(f"{what}, {form}" for form in FORMS for what in ("time / colanet's", "agreement"))], rows
    )


def _columns(found: Result) -> Iterator[list[Any]]:
    for form in FORMS:
        rows = [row for row in found["rows"] if row["form"] == form]
        yield from _simulators(f"column network, {form}", rows, "image_microseconds")


def _recurrent(found: Result) -> Iterator[list[Any]]:
    yield from _simulators("1,000 recurrent neurons", found["rows"], "step_microseconds")


def _simulators(work: str, rows: Sequence[Result], key: str) -> Iterator[list[Any]]:
    """Rows of one network; the first one is colanet's."""
    ours = rows[0]
    for row in rows:
        yield [
            work, row["simulator"], f"{row[key] / ours[key]:.3g}", f"{1e6 / row[key]:,.0f}",
            f"{row['events_a_second']:.2g}", f"{row['bytes'] / MIB:.0f}",
            _same(row["agreement"], ours["agreement"]["spikes"]),
        ]  # fmt: skip


def _once(found: Result) -> Iterator[list[Any]]:
    ours, images = found["rows"][0]["run_seconds"], found["train"] + found["test"]
    for row in found["rows"]:
        yield [
            "MNIST once", row["method"], f"{row['run_seconds'] / ours:.2g}", f"{images / row['run_seconds']:,.0f}",
            NOTHING, f"{row['bytes'] / MIB:.0f}", f"{100 * row['accuracy']:.1f} % right",
        ]  # fmt: skip


def _same(agreement: Result, ours: int) -> str:
    """How many spikes both have, in % of those that have more."""
    if agreement["first_difference"] is None:
        return "all spikes"
    return f"{100 * agreement['in_both'] / max(agreement['spikes'], ours, 1):.1f} % of the spikes"
