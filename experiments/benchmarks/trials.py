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
LEAST, EACH = 1000, 10
"""Trials of a generation in the plan: at least so many, and so many a worker."""
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
    return told | {"plan": plan(unit, growth_of(asked))}


def growth_of(asked: Sequence[Result]) -> float:
    """Seconds that asking for a generation takes, for each trial before it; without what a sampler thinks."""
    last = max((row for row in asked if row["sampler"] == "random"), key=lambda row: row["trials"])
    return float(GENERATION * last["ask_seconds"] / last["trials"])


def plan(
    unit: Result, growth: float, networks: int = PLANNED, workers: Sequence[int] = WORKERS
) -> list[Result]:
    """Core hours, hours on the clock, memory and disk of so many trials, by the number of workers.

    While one process asks for a generation, the workers wait.
    """
    rows = []
    for n in workers:
        generation = min(max(LEAST, EACH * n), networks)
        evaluating = networks * unit["cpu_seconds"] / n + unit["start_seconds"]
        asking = growth * networks * (networks - generation) / (2 * generation)
        rows.append({
            "workers": n,
            "generation": generation,
            "core_hours": (networks * unit["cpu_seconds"] + n * unit["start_seconds"] + asking) / 3600,
            "evaluating_hours": evaluating / 3600,
            "asking_hours": asking / 3600,
            "memory_bytes": n * unit["memory_bytes"],
            "disk_bytes": networks * unit["disk_bytes"],
        })  # fmt: skip
    return rows


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
