"""From the tasks that an experiment names to images and labels."""

from __future__ import annotations

import os

import numpy as np

from colanet import datasets
from colanet.continual.experiment import Experiment, TaskSource
from colanet.continual.task import Task
from colanet.datasets.transform import cut, permutation
from colanet.errors import ConfigError, DataError, Problem


def make_tasks(experiment: Experiment, data_dir: str | os.PathLike[str] | None = None) -> tuple[Task, ...]:
    """The tasks of an experiment, in order.

    With `validation` the images tested on are the last training images, and the test images are never touched.

    Raises
    ------
    ConfigError, DataError
        If a data set is missing or too small, or the tasks differ in pixels or classes.
    """
    tasks: list[Task] = []
    for source in experiment.tasks:
        tasks += _make(source, experiment.validation, data_dir)
    for task in tasks[1:]:
        if task.shape != tasks[0].shape or len(task.classes) != len(tasks[0].classes):
            raise ConfigError(
                Problem(
                    f"{task.name} has images of {task.shape} and {len(task.classes)} classes, "
                    f"{tasks[0].name} of {tasks[0].shape} and {len(tasks[0].classes)}",
                    "tasks",
                )
            )
    return tuple(tasks)


def _make(source: TaskSource, validation: int, data_dir: str | os.PathLike[str] | None) -> list[Task]:
    """The tasks of one source; their permutations share its images."""
    data = cut(datasets.load(source.dataset, data_dir), source.train, None if validation else source.test)
    train, test = data.intensities
    train_labels, test_labels = data.train_labels.astype(np.int64), data.test_labels.astype(np.int64)
    test, test_labels = test[:: source.test_every], test_labels[:: source.test_every]
    if validation:
        if validation >= len(train):
            raise DataError(f"{source.dataset}: {validation} of {len(train)} training images for validation")
        test, test_labels = train[-validation:], train_labels[-validation:]
        train, train_labels = train[:-validation], train_labels[:-validation]
    tasks = []
    for k in range(source.repeat):
        name, order = source.dataset, None
        if source.permutation is not None:
            seed = source.permutation + k
            name, order = f"{name}, permutation {seed}", permutation(data.nodes, seed)
        tasks.append(Task(name, train, train_labels, test, test_labels, data.classes, order, data.picture))
    return tasks
