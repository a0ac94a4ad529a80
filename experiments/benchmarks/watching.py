"""What a run pays for its page: without one, with one that nobody looks at, and with one that is open."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from statistics import median

from colanet.errors import ColanetError
from experiments.benchmarks.timing import Result, in_turns, job, middle

PAGES = {
    "none": "without `--watch`",
    "closed": "with `--watch`, no page open",
    "open": "with `--watch`, a page open",
}
CLOCKS = ("cpu", "wall")


def measure(network: Path, copies: int, train: int, test: int, rounds: int, data: Path | None = None) -> Result:
    """Seconds of a run on one thread, and over those without a page in the same round. The bits must agree."""
    jobs = {}
    for page in PAGES:
        request = {"network": str(network), "copies": copies, "train": train, "test": test, "page": page,
                   "data": data and str(data.resolve())}  # fmt: skip
        jobs[page] = partial(job, "watch_job", request)
    found = in_turns(jobs, rounds)
    if len({run["digest"] for runs in found.values() for run in runs}) > 1:
        raise ColanetError("a run that is watched ended with other bits")
    rows = []
    for page, runs in found.items():
        row = {"page": page, "snapshots": middle(runs, "shown")}
        for clock in CLOCKS:
            name = f"{clock}_seconds"
            row[name] = middle(runs, name)
            row[f"{clock}_ratio"] = median(
                one[name] / plain[name] for one, plain in zip(runs, found["none"], strict=True)
            )
        rows.append(row)
    return {"network": network.name, "copies": copies, "train": train, "test": test, "rounds": rounds, "rows": rows}
