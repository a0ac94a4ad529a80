"""Tables and picture of the robustness of networks, from robustness.json."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from colanet.continual.tables import NOTHING, markdown_table, read_record, spread_of
from colanet.viz import level_curves

RESULTS = Path(__file__).parent / "results"
SHARES = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
LEVELS: dict[str, list[float]] = {
    "dead_synapses": SHARES,
    "held_thresholds": SHARES,
    "dead_neurons": SHARES,
    "weight_noise": [0.0, 0.1, 0.2, 0.5, 1.0],
    "salt_and_pepper": SHARES,
    "noisy_pixels": [0.0, 16.0, 32.0, 64.0, 96.0],
}
"""Kinds of damage and their levels; the first of each is no damage."""
HEADINGS = {
    "dead_synapses": ("dead synapses (%)", 100, "dead synapses (share)"),
    "held_thresholds": ("dead synapses, thresholds held (%)", 100, "dead synapses, thresholds held (share)"),
    "dead_neurons": ("dead neurons (%)", 100, "dead neurons (share)"),
    "weight_noise": ("noise on weights (s.d. of the weights)", 1, "noise on weights (s.d. of the weights)"),
    "salt_and_pepper": ("pixels at 0 or 255 (%)", 100, "pixels at 0 or 255 (share)"),
    "noisy_pixels": ("noise on pixels (s.d., grey values)", 1, "noise on pixels (s.d., grey values)"),
}
"""Heading of a table's first column, what its levels are multiplied by, and the axis of its panel."""
SILENT = (("salt_and_pepper", 0.1), ("salt_and_pepper", 0.2), ("noisy_pixels", 32.0), ("noisy_pixels", 64.0))
"""Noise at which answers are told from silence."""

Record = Mapping[str, Any]


def table(record: Record, kind: str) -> str:
    """Accuracy at every level of a kind of damage, a column for each network."""
    heading, unit, _ = HEADINGS[kind]
    head = [heading, *(f"{part['name']} (% ± s.d.)" for part in record["networks"])]
    rows = [
        [f"{unit * level:g}", *(spread_of(part["results"][kind][i]["accuracy"]) for part in record["networks"])]
        for i, level in enumerate(LEVELS[kind])
    ]
    return markdown_table(head, rows)


def answered(record: Record) -> str:
    """Noise on images: how many of them networks answer, and how many of these answers are right."""
    parts = [part for part in record["networks"] if part["copies"] is not None]
    head = ["noise", "level"]
    head += [f"{part['name']}: {what} (%)" for part in parts for what in ("answered", "of these right")]
    rows = []
    for kind, level in SILENT:
        heading, unit, _ = HEADINGS[kind]
        row = [heading, f"{unit * level:g}"]
        for part in parts:
            one = part["results"][kind][LEVELS[kind].index(level)]
            told = 1 - statistics.fmean(one["unanswered"])
            right = f"{100 * statistics.fmean(one['accuracy']) / told:.1f}" if told else NOTHING
            row += [f"{100 * told:.1f}", right]
        rows.append(row)
    return markdown_table(head, rows)


def as_markdown(record: Record) -> str:
    """All tables."""
    v, seeds = record["versions"], record["networks"][0]["seeds"]
    parts = [
        "# Robustness",
        f"`{record['command']}`. Accuracy in %, mean ± standard deviation over {len(seeds)} seeds.",
        *(table(record, kind) for kind in LEVELS),
        answered(record),
        f"colanet {v['colanet']}, numba {v['numba']}, {v['cores']} cores of {v['processor']}.",
    ]
    return "\n\n".join(parts) + "\n"


def picture(record: Record) -> Any:
    """A panel for each kind of damage, a curve for each network."""
    panels = {}
    for kind, levels in LEVELS.items():
        curves = {
            part["name"]: np.array([row["accuracy"] for row in part["results"][kind]]).T
            for part in record["networks"]
        }
        panels[HEADINGS[kind][2]] = (levels, curves)
    return level_curves(panels)


def stored() -> dict[str, Callable[[], str]]:
    """The tables of the stored results, by their names in pages."""

    def made(make: Callable[..., str], *words: str) -> Callable[[], str]:
        return lambda: make(read_record(RESULTS / "robustness.json"), *words)

    return {f"robustness.{kind}": made(table, kind) for kind in LEVELS} | {"robustness.answered": made(answered)}
