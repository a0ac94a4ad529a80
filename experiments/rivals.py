"""Tables of the comparison methods: the best of them, and the settings that were tried."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colanet.continual.tables import COLUMNS, NOTHING, Record, markdown_table, metric_cell, percent, read_record

MIXED = "backprop-joint"
"""The method that is shown all tasks at once: a bound, no rival."""


def method_of(variant: Record) -> str:
    """The method of a variant; empty: colanet."""
    return str((variant["configuration"] or {}).get("method", ""))


def best_rival(record: Record) -> Record | None:
    """The comparison method with the highest accuracy after the last task, whatever it stores.

    None in results of a colanet that did not count what a method costs, and knew the weakest rivals only.
    """
    rivals = [
        variant for variant in record["variants"]
        if method_of(variant) not in ("", MIXED) and any(variant.get("costs", []))
    ]  # fmt: skip
    return max(rivals, key=lambda variant: variant["metrics"]["ACC"]["mean"], default=None)


def beside(record: Record | None, metric: str) -> list[str]:
    """Name of the best rival, its figure and its memory; without results of rivals, nothing."""
    rival = record and best_rival(record)
    if not rival:
        return [NOTHING] * 3
    return [rival["name"], metric_cell(rival, metric), COLUMNS["memory"].cell(rival)]


def sweeps(folder: Path) -> str:
    """What was tried for each method, and the best of it."""
    head = ["method", "settings tried", "best of them", "accuracy after the last task (%)", "command"]
    rows = []
    for path in sorted(folder.glob("*.json")):
        found = read_record(path)
        best = max(found["settings"], key=lambda one: one.get("mean_at_the_end", -1))
        row = [f"`{found['method']}`", len(found["settings"]), f"`{shown(best['options'])}`"]
        rows.append([*row, percent(best["mean_at_the_end"]), f"`{found['command']}`"])
    return markdown_table(head, rows)


def shown(options: Mapping[str, Any]) -> str:
    """Options in one line."""
    return json.dumps(options)
