"""What a trial of a search costs, and so what very many of them would: the plan in docs/continual.md."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from experiments.benchmarks.timing import ROOT, Result, job, say

SAMPLERS = ("tpe", "genetic", "qmc", "random")
GENERATION = 8
AFTER = (1000, 10_000, 100_000)
LONGEST = 600.0
"""CPU seconds; asking for a generation is left out where it would take longer if it grew with the square."""
PLANNED = 100_000
"""Networks of the plan: trials of one copy that is shown the training images of MNIST once, and judged."""
WORKERS = (2, 10, 100, 1000)
PARAMETERS = {
    "population.L.hebbian_rate": {"low": -0.25, "high": -0.1},
    "projection.Target->L.weight": {"low": 0.1, "high": 0.25},
    "population.L.stability_rate": {"low": 0.01, "high": 0.1},
    "population.L.w_max": {"low": 0.1, "high": 0.2},
}


def measure(train: int, validation: int, generations: Sequence[int], after: Sequence[int]) -> Result:
    """Unit costs, and the plan that they make.

    Parameters
    ----------
    train, validation : int
        Images that a trial learns, and images that judge it.
    generations : sequence of int
        Of a short and of a longer search; what lies between them counts.
    after : sequence of int
        Trials after which asking for more is measured.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        study = _study(folder, "random", train, validation)
        first, last = generations
        say(f"trials of {train} images")
        request = {"do": "search", "study": str(study), "first": first, "last": last}
        job("trials_job", request | {"out": str(folder / "compiled"), "last": first + 1})
        unit = job("trials_job", request | {"out": str(folder / "out")})
        asked = []
        for sampler in SAMPLERS:
            study = _study(folder, sampler, train, validation)
            slow, before = 0.0, 1
            for trials in sorted(after):
                if slow * (trials / before) ** 2 > LONGEST:
                    asked.append({"sampler": sampler, "trials": trials, "ask_seconds": None})
                    continue
                say(f"{sampler} after {trials} trials")
                found = job("trials_job", {"do": "asked", "study": str(study), "trials": trials})
                asked.append({"sampler": sampler, "trials": trials} | found)
                slow, before = GENERATION * found["ask_seconds"], trials
    told = {"train": train, "validation": validation, "generation": GENERATION, "unit": unit, "asked": asked}
    return told | {"plan": plan(unit)}


def plan(unit: Result, networks: int = PLANNED, workers: Sequence[int] = WORKERS) -> list[Result]:
    """Core hours, seconds on the clock, memory and disk of so many trials, by the number of workers."""
    cpu = networks * unit["cpu_seconds"]
    return [
        {
            "workers": n,
            "core_hours": (cpu + n * unit["start_seconds"]) / 3600,
            "hours": (cpu / n + unit["start_seconds"]) / 3600,
            "memory_bytes": n * unit["memory_bytes"],
            "disk_bytes": networks * unit["disk_bytes"],
        }
        for n in workers
    ]


def _study(folder: Path, sampler: str, train: int, validation: int) -> Path:
    told = {
        "name": sampler,
        "experiment": {
            "network": str(ROOT / "configs" / "mnist.yaml"),
            "copies": 1,
            "tasks": [{"dataset": "mnist", "train": train + validation}],
            "validation": validation,
        },
        "seeds": [0],
        "sampler": {"kind": sampler},
        "generation": GENERATION,
        "generations": 1,
        "seed": 0,
        "parameters": PARAMETERS,
        "zero_initial_weight": ["R->L"],
        "objective": "ACC",
    }
    path = folder / f"{sampler}.yaml"
    path.write_text(yaml.safe_dump(told), encoding="utf-8")
    return path
