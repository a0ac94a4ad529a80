"""Small experiments on real digits."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from colanet.continual.experiment import Experiment, make_experiment
from colanet.continual.task import Task
from colanet.continual.tasks import make_tasks

ROOT = Path(__file__).parents[2]


def experiment(**changes) -> Experiment:
    """Three permuted tasks of 60 and 20 images for two copies of three microcolumns."""
    fields = {
        "name": "toy",
        "network": "configs/mnist.yaml",
        "set": {"population.L.size": 30},
        "copies": 2,
        "tasks": [{"dataset": "mnist", "repeat": 3, "permutation": 5, "train": 60, "test": 20}],
        "folder": ROOT,
    }
    return make_experiment(fields | changes)


def tasks(**changes) -> tuple[Task, ...]:
    """Their images and labels."""
    return make_tasks(experiment(**changes))


def same(a: ArrayLike, b: ArrayLike) -> bool:
    """Whether two arrays are equal, NaN included."""
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")
