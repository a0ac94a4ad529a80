"""The figures that the long form stores; `docs/reliability.md` shows them as tables of `experiments.tables`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from colanet.atomic import write_text
from experiments.tables import filled
from tests.faults.table import PAGE
from tests.faults.work import ROOT
from tests.fuzzing.hunt import Found

RESULTS = ROOT / "experiments" / "results" / "fuzzing.json"


def add(name: str, found: Found) -> None:
    """What came of a kind of files, or of the networks, in the place of what was found before."""
    there = read()
    there[name] = asdict(found) | {"seconds": round(found.seconds)}
    write_text(RESULTS, json.dumps(there, indent=1) + "\n")


def read() -> dict[str, Any]:
    """The stored figures by name."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def write() -> None:
    """Put the table into the page."""
    write_text(PAGE, filled(PAGE))
