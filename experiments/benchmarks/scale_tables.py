"""The tables of the benchmark `scale`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from colanet.continual.tables import markdown_table
from experiments.benchmarks.timing import Result

MIB = 2**20
LABEL, VOTE = 1, 1
"""Bytes of an image's label, and of its votes for a class, in these networks."""
QUANTITIES = {
    "training_microseconds": "time of training",
    "test_microseconds": "time of a test",
    "bytes": "memory",
    "setup_seconds": "set-up",
}
OF = {
    "microcolumns": ("microcolumns a column", "microcolumns"),
    "inputs": ("inputs", "inputs"),
    "copies": ("copies", "copies"),
    "synapses": ("plastic synapses", "plastic"),
}
"""Heading and key of what a curve is against."""


def curve(against: str, found: Result) -> str:
    """Time and memory against one quantity."""
    name, key = OF[against]
    head = [name]
    head += ["microcolumns a column", "inputs"] if against == "synapses" else ["plastic synapses"]
    head += ["training (us an image and copy)", "test (us an image and copy)", "synaptic events (a us of training)",
             "memory (MiB)", "memory (bytes a plastic synapse)", "estimate (MiB)", "set-up (s)"]  # fmt: skip
    rows = []
    for r in found["curves"][against]:
        row = [r[key]]
        row += [r["microcolumns"], r["inputs"]] if against == "synapses" else [r["plastic"]]
        row += [f"{r[f'{part}_microseconds']:.1f}" for part in ("training", "test")]
        row += [f"{r['events'] / r['training_microseconds']:.0f}", f"{r['bytes'] / MIB:.1f}"]
        row += [f"{r['bytes_a_plastic_synapse']:.1f}", f"{r['estimate'] / MIB:.1f}", f"{r['setup_seconds']:.2f}"]
        rows.append(row)
    return markdown_table(head, rows)


def images(found: Result) -> str:
    """Time and memory against images."""
    head = ["images", "images (MiB)", "training (us an image)", "test (us an image)", "memory (MiB)",
            "labels and votes (MiB)", "memory without them (MiB)", "set-up (s)"]  # fmt: skip
    rows = []
    for r in found["curves"]["images"]:
        kept = r["images"] * (LABEL + VOTE * found["columns"])
        row = [r["images"], f"{r['images'] * r['inputs'] / MIB:.2f}"]
        row += [f"{r[f'{part}_microseconds']:.2f}" for part in ("training", "test")]
        row += [f"{size / MIB:.1f}" for size in (r["bytes"], kept, r["bytes"] - kept)]
        rows.append([*row, f"{r['setup_seconds']:.2f}"])
    return markdown_table(head, rows)


def exponents(found: Result) -> str:
    """How time and memory grow."""
    head = ["against", "quantity", "exponent, all points", "upper points from", "exponent, upper points"]
    rows = [
        [r["against"], QUANTITIES[r["quantity"]], f"{r['all']:.2f}", r["from"], f"{r['upper']:.2f}"]
        for r in found["exponents"]
    ]
    return markdown_table(head, rows)


def parts(found: Result) -> str:
    """Where the time of training goes at the ends of the curves."""
    ends = found["parts"]
    copies = [r["point"] if r["against"] == "copies" else 1 for r in ends]
    head = ["part (% of the time of training)", *(f"{r['point']} {r['against']}" for r in ends)]
    columns = []
    for r, n in zip(ends, copies, strict=True):
        # What is made for an image serves all copies.
        own = {name: value / n if name.startswith("encoding") else value for name, value in r["training"].items()}
        columns.append({name: 100 * value / sum(own.values()) for name, value in own.items()})
    names = [name.removesuffix(", an image") for name in columns[0]] if columns else []
    return markdown_table(head, [
        [name, *(f"{value:.0f}" for value in row)]
        for name, row in zip(names, zip(*(column.values() for column in columns), strict=True), strict=True)
    ])  # fmt: skip


def reading(found: Result) -> str:
    """How fast one thread reads memory."""
    head = ["array (MiB)", "reading (GB/s)"]
    rows = [[f"{r['bytes'] / MIB:g}", f"{r['gigabytes_a_second']:.0f}"] for r in found["reading"]]
    return markdown_table(head, rows)


TABLES: tuple[tuple[str, Callable[[Result], str]], ...] = (
    *((f".{against}", partial(curve, against)) for against in OF),
    (".images", images),
    (".exponents", exponents),
    (".parts", parts),
    (".reading", reading),
)
