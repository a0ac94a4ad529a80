"""Print the table; exit status 1 if two digests of a network differ, or one differs from the stored digest."""

from __future__ import annotations

import argparse
import json
import sys
import time

from colanet.atomic import write_text
from colanet.continual.tables import markdown_table
from experiments.tables import filled
from tests.determinism import matrix
from tests.faults.table import PAGE
from tests.faults.work import ROOT

RESULTS = ROOT / "experiments" / "results" / "determinism.json"
HEAD = ["engine", "threads", "chunk (steps)", "recorded", "resumed"]


def main() -> int:
    """Run every network in every way."""
    parser = argparse.ArgumentParser(prog="python -m tests.determinism", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print all digests as JSON")
    parser.add_argument("--engines", nargs="+", default=matrix.engines.NAMES, metavar="ENGINE")
    parser.add_argument("--store", action="store_true", help="into the table of docs/reliability.md")
    parser.add_argument("--renew", action="store_true", help="write the digests that must come out")
    options = parser.parse_args()
    began = time.monotonic()
    found = matrix.table(tuple(options.engines))
    seconds = round(time.monotonic() - began)
    digests = {name: sorted({cell[-1] for cell in one["cells"]}) for name, one in found.items()}
    if options.renew:
        one = {name: many[0] for name, many in digests.items() if len(many) == 1}
        write_text(matrix.STORED, json.dumps(one, indent=1) + "\n")
    expected = matrix.stored()
    same = all(many == [expected[name]] for name, many in digests.items())
    print(json.dumps({"versions": matrix.versions(), "found": found}, indent=1) if options.json else text(found))
    if options.store:
        store(found, expected, seconds)
    if not options.json:
        print(f"\n{'all digests are equal' if same else 'DIGESTS DIFFER'}: {summary()}, {seconds} s")
    return 0 if same else 1


def text(found: dict) -> str:
    """Ways of running, and the beginning of the digest of each network."""
    rows = []
    for cells in zip(*(one["cells"] for one in found.values()), strict=True):
        engine, threads, chunk, recording, resumed = cells[0][:5]
        way = [engine, threads, chunk, "yes" if recording else "no", "yes" if resumed else "no"]
        rows.append([*way, *(f"`{cell[-1][:8]}`" for cell in cells)])
    return markdown_table([*HEAD, *found], rows)


def summary() -> str:
    """Versions in a line."""
    return ", ".join(f"{name} {value}" for name, value in matrix.versions().items())


def store(found: dict, expected: dict[str, str], seconds: int) -> None:
    """Put what came out with these versions into the place of what came out with them before."""
    there = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"] if RESULTS.exists() else []
    used = matrix.versions()
    networks = {
        name: {
            "engines": sorted({cell[0] for cell in one["cells"]}),
            "ways": len(one["cells"]),
            "digests": sorted({cell[-1] for cell in one["cells"]}),
            "equal": {cell[-1] for cell in one["cells"]} == {expected[name]},
        }
        for name, one in found.items()
    }
    kept = [one for one in there if one["versions"] != used]
    kept.append({"versions": used, "seconds": seconds, "networks": networks})
    kept.sort(key=lambda one: [int(part) for part in one["versions"]["python"].split(".")])
    write_text(RESULTS, json.dumps({"runs": kept}, indent=1) + "\n")
    write_text(PAGE, filled(PAGE))


if __name__ == "__main__":
    sys.exit(main())
