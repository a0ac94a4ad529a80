"""Markdown tables of stored results, and their places in pages.

A page shows a table between two comments, each on a line of its own::

    <!-- table: permuted_mnist -->
    ...
    <!-- end -->
"""

from __future__ import annotations

import json
import math
import os
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colanet.errors import DataError
from colanet.reading import read_bytes

Record = Mapping[str, Any]
"""What `colanet continual` writes as NAME.json."""

NOTHING = "–"
"""Stands where a quantity is not defined."""
_BEGIN = re.compile(r"<!-- table: ([A-Za-z0-9_.-]+) -->")
_END = "<!-- end -->"


# -------------------------------------------------------------------- tables


def markdown_table(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> str:
    """A table in Markdown, without an end of line behind its last row."""
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows))


def percent(mean: float, spread: float | None = None) -> str:
    """`94.5 ± 0.2` of parts of one; without the spread if it is None or NaN."""
    known = spread is not None and not math.isnan(spread)
    return f"{100 * mean:.1f}" + (f" ± {100 * spread:.1f}" if spread is not None and known else "")


def spread_of(values: Sequence[float]) -> str:
    """Mean and sample standard deviation of parts of one, as `percent` writes them."""
    return percent(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


@dataclass(frozen=True)
class Column:
    """One column of a table of variants.

    Attributes
    ----------
    heading : str
        Quantity and unit.
    cell : callable
        From a variant of a record to text.
    """

    heading: str
    cell: Callable[[Record], str]


def metric_cell(variant: Record, name: str) -> str:
    """A metric of a variant in percent or points; `NOTHING` where it is not defined."""
    found = variant["metrics"].get(name)
    return NOTHING if found is None else percent(found["mean"], found["sd"])


def _metric(name: str, what: str, unit: str) -> Column:
    return Column(f"{what} ({unit} ± s.d.)", lambda variant: metric_cell(variant, name))


def _seconds(variant: Record, name: str) -> str:
    """Median over the seeds; comparison methods do not time their tests apart."""
    median = statistics.median(variant[name])
    return f"{median:.1f}" if median else NOTHING


def _copies(variant: Record) -> str:
    return str((variant["configuration"] or {}).get("copies") or NOTHING)


def _spent(name: str, heading: str, unit: float = 1) -> Column:
    """A field of `colanet.continual.cost.Cost.as_dict`, the mean over the seeds; `NOTHING` where not counted."""

    def cell(variant: Record) -> str:
        found = [cost[name] for cost in variant.get("costs", []) if cost and cost[name] is not None]
        return three_digits(statistics.fmean(found) / unit) if found else NOTHING

    return Column(heading, cell)


def three_digits(value: float) -> str:
    """At least three significant digits, with commas: 0.0314, 2.5, 1,570,000."""
    places = max(2 - math.floor(math.log10(abs(value))), 0) if value else 0
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


COLUMNS: dict[str, Column] = {
    "copies": Column("copies", _copies),
    "seeds": Column("seeds", lambda variant: str(len(variant["seeds"]))),
    "ACC": _metric("ACC", "accuracy after the last task", "%"),
    "micro": _metric("micro", "accuracy on all test images after the last task", "%"),
    "last": _metric("last", "accuracy on the last tasks, at the end", "%"),
    "LA": _metric("LA", "accuracy when learnt", "%"),
    "AIA": _metric("AIA", "accuracy, mean over the stages", "%"),
    "FM": _metric("FM", "forgetting", "points"),
    "BWT": _metric("BWT", "backward transfer", "points"),
    "FWT": _metric("FWT", "forward transfer", "points"),
    "drop": _metric("drop", "loss of the first task", "points"),
    "accuracy": _metric("ACC", "accuracy", "%"),
    "learning": Column("learning (s, median)", lambda variant: _seconds(variant, "train_seconds")),
    "tests": Column("tests (s, median)", lambda variant: _seconds(variant, "test_seconds")),
    "memory": _spent("memory", "memory (MB)", 1e6),
    "images": _spent("images", "stored images"),
    "learn_operations": _spent("learn_operations", "operations an image, learning (millions)", 1e6),
    "test_operations": _spent("test_operations", "operations an image, test (millions)", 1e6),
}
"""What a table of variants can show; formulas are in `colanet.continual.metrics`."""
COST = ("memory", "images", "learn_operations", "test_operations")
"""Those of memory and operations, see `colanet.continual.cost`."""


def variants_table(record: Record, columns: Sequence[str], first: str = "network") -> str:
    """A row a variant.

    Parameters
    ----------
    record : mapping
    columns : sequence of str
        Of `COLUMNS`.
    first : str
        Heading of the names.
    """
    shown = [COLUMNS[name] for name in columns]
    rows = [[variant["name"], *(column.cell(variant) for column in shown)] for variant in record["variants"]]
    return markdown_table([first, *(column.heading for column in shown)], rows)


def published_table(record: Record) -> str:
    """The figures from elsewhere that an experiment names."""
    rows = [[one["label"], one["value"], one["source"]] for one in record["experiment"].get("published", [])]
    return markdown_table(["published", "figure", "source"], rows)


def variant_of(record: Record, name: str) -> Record:
    """A variant by its name. DataError if there is none."""
    for variant in record["variants"]:
        if variant["name"] == name:
            found: Record = variant
            return found
    raise DataError(f"there is no variant {name}; known: {', '.join(v['name'] for v in record['variants'])}")


def read_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A result file in JSON. DataError if it is missing or no JSON object."""
    try:
        record = json.loads(read_bytes(Path(path), packed=False))
    except ValueError as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from error
    if not isinstance(record, dict):
        raise DataError(f"{path}: expected a JSON object")
    return record


# --------------------------------------------------------------------- pages


def fill_page(text: str, tables: Mapping[str, Callable[[], str]], where: str = "page") -> str:
    """A page with every table that it shows made anew; all else stays.

    Parameters
    ----------
    text : str
    tables : mapping of str to callable
        Name to a function that makes the table.
    where : str
        Name of the page, for messages.

    Raises
    ------
    DataError
        If a name is unknown, or a table has no end, with the line.
    """
    lines = text.split("\n")
    made: list[str] = []
    at = 0
    while at < len(lines):
        made.append(lines[at])
        begin = _BEGIN.fullmatch(lines[at].strip())
        if begin:
            if begin[1] not in tables:
                known = ", ".join(sorted(tables))
                raise DataError(f"{where}:{at + 1}: there is no table {begin[1]}; known: {known}")
            end = _end(lines, at, where)
            made += ["", tables[begin[1]](), "", lines[end]]
            at = end
        at += 1
    return "\n".join(made)


def _end(lines: Sequence[str], begin: int, where: str) -> int:
    """Line of the end of a table that begins before it."""
    for at in range(begin + 1, len(lines)):
        if lines[at].strip() == _END:
            return at
        if _BEGIN.fullmatch(lines[at].strip()):
            break
    raise DataError(f"{where}:{begin + 1}: the table has no end; expected a line {_END}")
