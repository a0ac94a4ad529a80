"""The tables of `docs/reliability.md`, made from the findings of the long form."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.work import ROOT

RESULTS = ROOT / "experiments" / "results" / "faults.json"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- table: python -m tests.faults -->", "<!-- end of table -->"


def markdown(found: dict[str, Any]) -> str:
    """Three tables."""
    parts = [
        _table(
            ["command", "processes killed", "of them during file work", "runs completed", "problems"],
            [[f"`colanet {n}`", k["kills"], k["in_file_work"], k["runs"], len(k["problems"])]
             for n, k in found["kills"].items()],
        ),
        _table(
            ["full disks", "commands run", "of them without room", "with room", "runs continued", "problems"],
            [[d["disks"], d["commands"], d["full"], d["enough"], d["continued"], len(d["problems"])]
             for d in found["disks"].values()],
        ),
        _table(
            ["kind of file", "size (bytes)", "bits flipped", "refused", "content equal", "problems"],
            [[n, f["size"], f["flips"], f["refused"], f["harmless"], len(f["problems"])]
             for n, f in found["flips"].items()],
        ),
    ]  # fmt: skip
    return "\n\n".join(parts)


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def page(found: dict[str, Any], text: str) -> str:
    """The page with its tables replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{markdown(found)}\n\n{END}{after}"


def write(found: dict[str, Any]) -> None:
    """Put the tables into the page."""
    PAGE.write_text(page(found, PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def problems(found: dict[str, Any]) -> list[str]:
    """All that went wrong."""
    parts = [part for group in ("kills", "flips", "disks") for part in found[group].values()]
    return [text for part in parts for text in part["problems"]]


def stored() -> dict[str, Any]:
    """The findings that lie in the repository."""
    return json.loads(RESULTS.read_text(encoding="utf-8"))
