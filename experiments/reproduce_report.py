"""The table of docs/reproduce.md: every experiment, where its tables stand, what its runs took."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from colanet.continual.tables import NOTHING, markdown_table

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
PROGRAMS = {
    "letters_cause": "Why digits are forgotten",
    "robustness": "Damaged networks and images",
    "estimator": "The estimator beside those of scikit-learn",
    "ping_pong": "A network that plays ping-pong",
}
"""What is measured by a program of its own instead of an experiment file; it notes no seconds."""
HEAD = ("experiment", "what", "data", "tables", "runs", "learning, all runs (min)", "tests, all runs (min)")


def place_of(name: str, docs: Path = DOCS) -> str:
    """A link to the section whose tables show an experiment; a dash if none does."""
    for page in sorted(docs.glob("*.md")):
        heading, seen, fenced = "", Counter[str](), False
        for line in page.read_text(encoding="utf-8").splitlines():
            fenced ^= line.startswith("```")
            if line.startswith("#") and not fenced:
                heading = line.lstrip("# ")
                seen[heading] += 1
            elif re.match(rf"<!-- table: {re.escape(name)}(\.\w+)? -->", line):
                anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
                again = f"-{seen[heading] - 1}" if seen[heading] > 1 else ""
                return f"[{heading}]({page.name}#{anchor}{again})"
    return NOTHING


def minutes(variants: list[Mapping[str, Any]], key: str) -> str:
    """Minutes of all runs of all variants; a dash if they were not noted."""
    if not variants or any(key not in one for one in variants):
        return NOTHING
    return f"{sum(sum(one[key]) for one in variants) / 60:.1f}"


def row(name: str, results: Path) -> list[Any]:
    """One experiment."""
    described, stored = HERE / f"{name}.yaml", results / f"{name}.json"
    text = described.read_text(encoding="utf-8") if described.exists() else ""
    data = sorted(set(re.findall(r"dataset: ([\w-]+)", text))) or [NOTHING]
    found = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    variants = found.get("variants") or []
    timed = isinstance(variants, list) and all("seeds" in one for one in variants)
    variants = variants if timed else []
    title = yaml.safe_load(text)["title"] if text else PROGRAMS.get(name, NOTHING)
    runs = sum(len(one["seeds"]) for one in variants) or NOTHING
    times = [minutes(variants, key) for key in ("train_seconds", "test_seconds")]
    return [f"`{name}`", title, ", ".join(data), place_of(name), runs, *times]


def stored(results: Path) -> dict[str, Callable[[], str]]:
    """The table, by its name."""

    def table() -> str:
        from experiments.reproduce import NAMES

        return markdown_table(list(HEAD), [row(name, results) for name in NAMES])

    return {"reproduce": table}
