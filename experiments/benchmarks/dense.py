"""A fixed all-to-all projection beside the same one plastic: MNIST spikes on 150 neurons, equal weights."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from experiments.benchmarks.timing import Result, in_turns, job, middle

NETWORK = """
inputs:
  - {{name: R, kind: image, source: mnist, shape: [28, 28, 1], period: 20, presentation: 10}}
populations:
  - {{name: L, size: {neurons}, tau_m: 5{population}}}
projections:
  - {{source: R, target: L, connection: all_to_all, {projection}}}
"""
KINDS = {
    "fixed": ("", "kind: fixed, weight: 0.02"),
    # A resource as large as w_max - w_min gives the weight in their middle, 0.02.
    "plastic": (", w_min: 0, w_max: 0.04", "kind: plastic, initial_resource: 0.04"),
}
"""What is said of the population and of the projection, by kind of the projection."""


def measure(neurons: int, images: int, rounds: int, data: Path | None = None) -> Result:
    """Microseconds of CPU time an image without learning, of both kinds of projection; they must fire alike."""
    with tempfile.TemporaryDirectory() as name:
        jobs = {}
        for kind, (population, projection) in KINDS.items():
            path = Path(name) / f"{kind}.yaml"
            path.write_text(NETWORK.format(neurons=neurons, population=population, projection=projection))
            request = {"do": "dense", "network": str(path), "n_images": images, "data": data and str(data)}
            jobs[kind] = partial(job, "colanet_job", request)
        found = in_turns(jobs, rounds)
    rows = [
        {"projection": kind, "image_microseconds": middle(runs, "microseconds"), "spikes": runs[0]["spikes"],
         "events": runs[0]["events"]}
        for kind, runs in found.items()
    ]  # fmt: skip
    return {"neurons": neurons, "images": images, "rounds": rounds, "rows": rows}
