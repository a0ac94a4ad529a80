"""Experiments of a second, on made-up images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colanet.continual.experiment import Experiment, make_experiment
from colanet.continual.outcome import Outcome
from colanet.continual.task import Task

ROOT = Path(__file__).parents[2]
ARRAYS = ("matrix", "unanswered", "confusion", "untrained", "running", "boundaries", "fields")


def experiment(**fields) -> Experiment:
    """One copy of the published network with two microcolumns."""
    plain = {
        "name": "tiny",
        "network": "published.nnc",
        "set": {"population.L.size": 20},
        "copies": 1,
        "tasks": [{"dataset": "mnist"}],
        "folder": ROOT / "tests" / "plan",
    }
    return make_experiment(plain | fields)


def tasks(n: int = 2, train: int = 12, test: int = 6, seed: int = 0) -> tuple[Task, ...]:
    """Tasks of ten random images each with noise on it."""
    generator = np.random.default_rng(seed)
    made = []
    for k in range(n):
        patterns = generator.integers(0, 256, (10, 784)) * (generator.random((10, 784)) < 0.2)
        labels = generator.integers(0, 10, train + test)
        noise = generator.integers(-20, 21, (train + test, 784))
        images = np.clip(patterns[labels] + noise, 0, 255).astype(np.uint8)
        parts = images[:train], labels[:train], images[train:], labels[train:]
        made.append(Task(f"task {k + 1}", *parts, tuple("0123456789")))
    return tuple(made)


def same(left: Outcome, right: Outcome) -> None:
    """Everything but wall times is equal, bit for bit."""
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    assert (left.columns, left.seed, left.digest) == (right.columns, right.seed, right.digest)
