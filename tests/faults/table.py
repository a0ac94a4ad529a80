"""The findings of the long form; `docs/reliability.md` shows them as tables of `experiments.tables`."""

from __future__ import annotations

import json
from typing import Any

from colanet.atomic import write_text
from experiments.tables import filled
from tests.faults.work import ROOT

RESULTS = ROOT / "experiments" / "results" / "faults.json"
PAGE = ROOT / "docs" / "reliability.md"


def write() -> None:
    """Put the tables of what is stored into the page."""
    write_text(PAGE, filled(PAGE))


def problems(found: dict[str, Any]) -> list[str]:
    """All that went wrong."""
    parts = [part for group in ("kills", "flips", "disks") for part in found[group].values()]
    return [text for part in parts for text in part["problems"]]


def stored() -> dict[str, Any]:
    """The findings that lie in the repository."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))
