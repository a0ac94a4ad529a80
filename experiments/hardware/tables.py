"""The tables of cores on FPGAs, made from the stored rows; `experiments.tables` writes them into pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from colanet.continual.tables import NOTHING, markdown_table
from colanet.errors import DataError
from experiments.hardware.cores import cycles_of, stored
from experiments.hardware.tools import Found

PUBLISHED = Path(__file__).with_name("published.yaml")
RESOURCES = {
    "luts": "look-up tables", "flip_flops": "flip-flops", "memories": "block memories",
    "large_memories": "large memories", "multipliers": "multipliers",
}  # fmt: skip


def _rows(fits: bool) -> list[Found]:
    rows = [row for row in stored() if row["fits"] == fits]
    if not rows and fits:
        raise DataError("experiments/results/hardware holds no core that fits")
    return rows


def _core(row: Found) -> list[Any]:
    bits = row["resource_bits"] if row["learn"] else NOTHING
    return ["yes" if row["learn"] else "no", row["lanes"], row["weight_bits"], bits]


CORE = ["learning", "lanes", "weights (bits)", "resources (bits)"]


def fitting() -> str:
    """Cores on the smallest device that they fit: what they take and how fast they are."""
    head = [*CORE, "device", *RESOURCES.values(), "share of the scarcest (%)", "clock (MHz)"]
    rows = []
    for row in _rows(True):
        used = [row["used"].get(name, [NOTHING])[0] for name in RESOURCES]
        share = max(100 * needed / there for needed, there in row["used"].values() if there)
        rows.append([*_core(row), row["device"], *used, f"{share:.0f}", f"{row['frequency']:.1f}"])
    return markdown_table(head, rows)


def speed() -> str:
    """Images a second at the clock that was reached."""
    head = [*CORE, "device", "clock (MHz)", "cycles an image, learning", "cycles an image, test",
            "images/s, learning", "images/s, test"]  # fmt: skip
    rows = []
    for row in _rows(True):
        needed = [cycles_of(row)[name] for name in ("learning", "test")]
        shown = [NOTHING if n is None else f"{n:,.0f}" for n in needed]
        images = [NOTHING if n is None else f"{row['frequency'] * 1e6 / n:,.0f}" for n in needed]
        rows.append([*_core(row), row["device"], f"{row['frequency']:.1f}", *shown, *images])
    return markdown_table(head, rows)


def missing() -> str:
    """Cores that do not fit a device: what is too little."""
    head = [*CORE, "device", "what is short", "needed", "there", "missing"]
    rows = []
    for row in _rows(False):
        for name, lack in row["short"].items() or [(None, NOTHING)]:
            needed, there = row["used"][name] if name else (NOTHING, NOTHING)
            what = RESOURCES[name] if name else row["reason"]
            rows.append([*_core(row), row["device"], what, needed, there, lack])
    return markdown_table(head, rows)


def tools() -> str:
    """What placed them."""
    found = {name: number for row in stored() for name, number in row["versions"].items()}
    return markdown_table(["program", "version"], [[f"`{name}`", number] for name, number in found.items()])


def published() -> str:
    """Designs of others, with their sources."""
    found = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    head = ["design", "technology", "learns on the chip", "task", "accuracy (%)", "time an image (us)",
            "energy of a synaptic operation (pJ)", "source"]  # fmt: skip
    keys = ("design", "technology", "learns", "task", "accuracy", "microseconds", "picojoules", "source")
    return markdown_table(head, [[row.get(key, NOTHING) for key in keys] for row in found])


TABLES = {
    "hardware.cores": fitting, "hardware.speed": speed, "hardware.missing": missing, "hardware.tools": tools,
    "hardware.published": published,
}  # fmt: skip
"""By the names that pages use."""
