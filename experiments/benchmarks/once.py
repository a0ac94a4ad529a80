"""The user's job: MNIST once, in colanet and in libraries of machine learning, on one thread."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import mean, stdev

from experiments.benchmarks.timing import ROOT, Result, in_turns, job, middle, say

CONFIGS = ROOT / "configs"
METHODS: dict[str, tuple[str, str | None]] = {
    "colanet, `mnist.nnc`, 15 copies": (str(CONFIGS / "mnist.nnc"), None),
    "colanet, `mnist_one_150.yaml`, one copy": (str(CONFIGS / "mnist_one_150.yaml"), None),
    "scikit-learn, SGDClassifier": ("SGDClassifier", "sklearn"),
    "scikit-learn, MLPClassifier": ("MLPClassifier", "sklearn"),
    "PyTorch, 784-512-10": ("dense", "torch"),
    "PyTorch, two convolutions": ("convolutions", "torch"),
}
"""What the job is told, and the module it needs besides colanet."""
OURS = next(iter(METHODS))
PACKAGES = {"sklearn": "scikit-learn", "torch": "torch"}


def measure(train: int, test: int, rounds: int, peers: bool = True, data: Path | None = None) -> Result:
    """CPU seconds, memory and accuracy of every method; each round has another seed.

    Parameters
    ----------
    train, test : int
        Images of both parts.
    rounds : int
    peers : bool
        Whether other libraries run too.
    data : Path or None
        Where to look for data sets first.
    """
    jobs: dict[str, Callable[[], Result]] = {}
    missing = []
    for name, (method, module) in METHODS.items():
        if module and not peers:
            continue
        if module and not find_spec(module):
            missing.append(f"{name}: {PACKAGES[module]} is not installed: pip install {PACKAGES[module]}")
            say(missing[-1])
            continue
        jobs[name] = _seeded({"method": method, "train": train, "test": test, "data": data and str(data.resolve())})
    found = in_turns(jobs, rounds)
    rows = []
    for name, runs in found.items():
        right = [run["accuracy"] for run in runs]
        rows.append({
            "method": name, "run_seconds": middle(runs, "run_seconds"), "bytes": middle(runs, "bytes"),
            "accuracy": mean(right), "spread": stdev(right) if len(right) > 1 else None,
        })  # fmt: skip
    return {"train": train, "test": test, "rounds": rounds, "rows": rows, "missing": missing}


def packages() -> list[str]:
    """Distributions of the other libraries that are installed here."""
    return [package for module, package in PACKAGES.items() if find_spec(module)]


def _seeded(request: Result) -> Callable[[], Result]:
    seeds = itertools.count()
    return lambda: job("mnist_job", request | {"seed": next(seeds)})
