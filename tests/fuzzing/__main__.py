"""The long form.

    python -m tests.fuzzing KIND --seconds 600      # files of a kind; guided by coverage if atheris is installed
    python -m tests.fuzzing --seconds 20            # files of every kind
    python -m tests.fuzzing networks --count 2000   # networks drawn at random, on every engine
    python -m tests.fuzzing ... --store             # and the figures of docs/reliability.md

Exit status 1 if anything was found; the files then lie in the folder that `--keep` names.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.fuzzing import guided, stored
from tests.fuzzing.hunt import Found, hunt
from tests.fuzzing.kinds import KINDS

NETWORKS = "networks"
MEMORY = Path("/dev/shm")
"""Where files are fast, if it is there."""


def main() -> int:
    """Hunt; 1 if there are findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)}; or {NETWORKS}")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each kind of files")
    parser.add_argument("--count", type=int, default=2000, help="of networks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plain", action="store_true", help="random changes, even if atheris is installed")
    parser.add_argument("--keep", type=Path, default=Path("fuzzing-findings"), help="folder of what was found")
    parser.add_argument("--store", action="store_true", help="write the figures of the page")
    options = parser.parse_args()
    unknown = set(options.kinds) - {*KINDS, NETWORKS}
    if unknown:
        parser.error(f"no kind {min(unknown)}; there are {', '.join(KINDS)} and {NETWORKS}")
    bad = False
    for name in options.kinds or KINDS:
        found = _networks(options) if name == NETWORKS else _files(name, options)
        bad |= bool(found.findings)
        if options.store:
            stored.add(name, found)
    if options.store:
        stored.write()
    return int(bad)


def _files(name: str, options: argparse.Namespace) -> Found:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as place:
        folder = Path(place)
        if options.plain or not guided.there():
            found = hunt(name, folder, seconds=options.seconds, seed=options.seed)
        else:
            found = guided.hunt(name, folder, options.seconds, options.seed)
        cover = "" if found.coverage is None else f", coverage {found.coverage}"
        speed = found.inputs / max(found.seconds, 0.001)
        print(
            f"{name}: {found.inputs} inputs in {found.seconds:.0f} s ({speed:.0f} a second), taken {found.taken}, "
            f"refused {found.refused}{cover}, findings {len(found.findings)}", flush=True,
        )  # fmt: skip
        for text in found.findings:
            print(f"  {text}", flush=True)
        if found.findings:
            shutil.copytree(folder / "findings", options.keep, dirs_exist_ok=True)
    return found


def _networks(options: argparse.Namespace) -> Found:
    from tests.fuzzing import networks

    found = networks.campaign(options.count, options.seed, lambda text: print(text, file=sys.stderr, flush=True))
    print(f"networks: {found.inputs} drawn in {found.seconds:.0f} s, findings {len(found.findings)}", flush=True)
    for text in found.findings:
        print(f"  {text}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
