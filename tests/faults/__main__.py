"""The long form: `python -m tests.faults` writes its findings and the table of `docs/reliability.md`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults import disks, flips, kills, table, work


def main() -> int:
    """Kill, fill, flip; 1 if anything was lost or taken that should not have been."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20, help="of each command")
    parser.add_argument("--disks", type=int, default=20)
    parser.add_argument("--flips", type=int, default=200, help="in each kind of file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=table.RESULTS, help="JSON of what was found")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        found = campaign(Path(name), options)
    found["seconds"] = round(time.monotonic() - began)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    if options.out == table.RESULTS:
        table.write()
    return 1 if table.problems(found) else 0


def campaign(folder: Path, options: Any) -> dict[str, Any]:
    """Everything, with a line for each part."""
    found: dict[str, Any] = {"kills": {}, "disks": {}, "flips": {}}

    def note(group: str, name: str, result: Any) -> None:
        found[group][name] = vars(result)
        counts = ", ".join(f"{key} {value}" for key, value in vars(result).items() if key != "problems")
        print(f"{group}: {name}: {counts}, problems {len(result.problems)}", flush=True)
        for problem in result.problems:
            print(f"  {problem}", file=sys.stderr, flush=True)

    if options.kills:
        for name, job in work.WORKS.items():
            note("kills", name, kills.kill(job, folder / f"kills-{name}", options.kills, options.seed))
    if options.flips:
        for name in flips.KINDS:
            place = folder / name.replace(" ", "-")
            note("flips", name, flips.flip_apart(name, place, options.flips, options.seed))
    if options.disks and disks.can_mount(folder):
        note("disks", "tmpfs", disks.fill(folder / "disks", options.disks))
    elif options.disks:
        print("disks: a small file system cannot be mounted here (needs root)", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
