"""Tables of what was tried against damage and chance: faults.json, fuzzing.json, determinism.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from colanet.continual.tables import NOTHING, markdown_table, read_record

RESULTS = Path(__file__).parent / "results"
NETWORKS = "networks"
"""In fuzzing.json the networks that were drawn; all others are kinds of files."""

Found = Mapping[str, Any]


# ---------------------------------------------------------------------- faults


def kills(found: Found) -> str:
    """Processes that were killed."""
    head = ["command", "processes killed", "of them during file work", "runs completed", "problems"]
    return markdown_table(
        head,
        [[f"`colanet {name}`", one["kills"], one["in_file_work"], one["runs"], len(one["problems"])]
         for name, one in found["kills"].items()],
    )  # fmt: skip


def disks(found: Found) -> str:
    """Disks that were full."""
    head = ["full disks", "commands run", "of them without room", "with room", "runs continued", "problems"]
    return markdown_table(
        head,
        [[one["disks"], one["commands"], one["full"], one["enough"], one["continued"], len(one["problems"])]
         for one in found["disks"].values()],
    )  # fmt: skip


def flips(found: Found) -> str:
    """Bits that were flipped."""
    head = ["kind of file", "size (bytes)", "bits flipped", "refused", "content equal", "problems"]
    return markdown_table(
        head,
        [[name, one["size"], one["flips"], one["refused"], one["harmless"], len(one["problems"])]
         for name, one in found["flips"].items()],
    )  # fmt: skip


# --------------------------------------------------------------------- fuzzing


def files(found: Found) -> str:
    """Files of each kind that were changed and read."""
    head = ["kind of file", "time (s)", "files", "files a second", "places reached", "findings"]
    rows = []
    for name, one in found.items():
        if name != NETWORKS:
            places = NOTHING if one["coverage"] is None else one["coverage"]
            speed = round(one["inputs"] / max(one["seconds"], 1))
            rows.append([f"`{name}`", one["seconds"], one["inputs"], speed, places, len(one["findings"])])
    return markdown_table(head, rows)


def networks(found: Found) -> str:
    """Networks that were drawn."""
    one = found.get(NETWORKS, {"inputs": 0, "seconds": 0, "findings": ()})
    head = ["networks drawn", "time (s)", "networks on which engines differ"]
    return markdown_table(head, [[one["inputs"], one["seconds"], len(one["findings"])]])


# ----------------------------------------------------------------- determinism


def determinism(found: Found) -> str:
    """Digests that came out, a row for each set of versions and each network."""
    head = ["Python", "NumPy", "Numba", "network", "ways of running", "different digests", "digest", "as stored"]
    rows = []
    for one in found["runs"]:
        used = one["versions"]
        for name, network in one["networks"].items():
            many = network["digests"]
            rows.append([
                used["python"], used["numpy"], used["numba"], f"`{name}`", network["ways"], len(many),
                f"`{many[0][:8]}`", "yes" if network["equal"] else "**no**",
            ])  # fmt: skip
    return markdown_table(head, rows)


# ---------------------------------------------------------------------- tables


def stored() -> dict[str, Callable[[], str]]:
    """The tables by name; DataError where one is made without its results."""

    def made(file: str, make: Callable[[Any], str]) -> Callable[[], str]:
        return lambda: make(read_record(RESULTS / file))

    tables = {f"faults.{make.__name__}": made("faults.json", make) for make in (kills, disks, flips)}
    tables |= {f"fuzzing.{make.__name__}": made("fuzzing.json", make) for make in (files, networks)}
    return tables | {"determinism": made("determinism.json", determinism)}
