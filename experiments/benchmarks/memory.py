"""Memory and set-up of a column network like configs/mnist.yaml against microcolumns and against inputs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from colanet.config import load, override_all, save
from experiments.benchmarks.timing import ROOT, Result, exponent, job, say

MICROCOLUMNS = (15, 45, 150, 450, 1500)
INPUTS = (784, 3072, 12288)
COLUMNS = 10
STEPS = 20


def measure(microcolumns: Sequence[int] = MICROCOLUMNS, inputs: Sequence[int] = INPUTS) -> Result:
    """Bytes beside those of the bare import, and CPU seconds of the set-up; each network in a fresh process.

    Parameters
    ----------
    microcolumns : sequence of int
        Microcolumns a column, of networks with the smallest number of inputs.
    inputs : sequence of int
        Input nodes, of networks with the smallest number of microcolumns.
    """
    sizes = {
        "microcolumns": [(m, min(inputs)) for m in microcolumns],
        "inputs": [(min(microcolumns), n) for n in inputs],
    }
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "network.yaml"
        _one(path, min(microcolumns), min(inputs))  # whose kernels may have to be compiled
        curves = {against: [_one(path, *size) for size in those] for against, those in sizes.items()}
    return {"columns": COLUMNS, "curves": curves, "exponents": {k: exponents(v, k) for k, v in curves.items()}}


def exponents(rows: Sequence[Result], against: str) -> dict[str, float]:
    """How memory and set-up grow: p of y ~ x^p."""
    x = [row[against] for row in rows]
    return {key: exponent(x, [row[key] for row in rows]) for key in ("bytes", "setup_seconds")}


def _one(path: Path, microcolumns: int, inputs: int) -> Result:
    say(f"{microcolumns} microcolumns, {inputs} inputs")
    size = COLUMNS * microcolumns
    save(override_all(load(ROOT / "configs" / "mnist.yaml"), {"copies": "1", "population.L.size": str(size)}), path)
    request = {"do": "memory", "network": str(path), "inputs": {"R": inputs, "Target": COLUMNS}, "steps": STEPS}
    found = job("colanet_job", request)
    return {"microcolumns": microcolumns, "inputs": inputs} | found | {
        "bytes_a_plastic_synapse": found["bytes"] / found["plastic"]
    }  # fmt: skip
