"""From the tasks that an experiment names to images and labels."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from colanet import datasets
from colanet.continual.experiment import Experiment
from colanet.continual.sources import TaskSource
from colanet.continual.task import Task, selected
from colanet.datasets.dataset import Dataset
from colanet.datasets.rotation import rotation
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
    """The tasks of one source; their permutations and rotations share its images."""
    loaded = datasets.load(source.dataset, data_dir)
    data = cut(loaded, source.train, None if validation else source.test)
    train, test = data.intensities
    train_labels, test_labels = data.train_labels.astype(np.int64), data.test_labels.astype(np.int64)
    test, test_labels = test[:: source.test_every], test_labels[:: source.test_every]
    if validation:
        if validation >= len(train):
            raise DataError(f"{source.dataset}: {validation} of {len(train)} training images for validation")
        test, test_labels = train[-validation:], train_labels[-validation:]
        train, train_labels = train[:-validation], train_labels[:-validation]
    whole = Task(
        source.dataset, train, train_labels, test, test_labels, data.classes, shape=data.picture,
        data=(source.dataset, loaded.digest),
    )  # fmt: skip
    parts = _parts(whole, source)
    return [_altered(part, source, k, data) for k in range(source.repeat) for part in parts]


def _parts(whole: Task, source: TaskSource) -> list[Task]:
    """The tasks of different classes; the whole if it is not divided."""
    known = len(whole.classes)
    labels = tuple(range(known)) if source.classes is None else source.classes
    if max(labels) >= known:
        raise ConfigError(Problem(f"{source.dataset} has the classes 0..{known - 1}, not {max(labels)}", "classes"))
    if len(labels) % source.split:
        text = f"{source.dataset}: {len(labels)} classes cannot be divided into {source.split} equal parts"
        raise ConfigError(Problem(text, "split"))
    if source.classes is None and source.split == 1:
        return [whole]
    size = len(labels) // source.split
    return [_of_classes(whole, labels[i : i + size], source.relabel) for i in range(0, len(labels), size)]


def _of_classes(whole: Task, labels: tuple[int, ...], relabel: bool) -> Task:
    """Only the images of some labels, which with `relabel` become their places among them.

    Raises
    ------
    DataError
        If there are none to learn or none to be tested on.
    """
    names = tuple(whole.classes[label] for label in labels)
    new = np.full(len(whole.classes), -1, dtype=np.int64)
    new[list(labels)] = np.arange(len(labels)) if relabel else labels
    name = f"{whole.name}, {'class' if len(names) == 1 else 'classes'} {'/'.join(names)}"
    rows = [np.flatnonzero(new[part] >= 0) for part in (whole.train_labels, whole.test_labels)]
    for part, found in zip(("training", "test"), rows, strict=True):
        if not len(found):
            raise DataError(f"{name}: there are no {part} images of these classes")
    task = selected(whole, *rows)
    return replace(
        task, name=name, train_labels=new[task.train_labels], test_labels=new[task.test_labels],
        classes=names if relabel else whole.classes,
    )  # fmt: skip


def _altered(task: Task, source: TaskSource, k: int, data: Dataset) -> Task:
    """The k-th repetition of a task, turned and permuted."""
    name, order, turn = source.dataset, None, None
    if source.rotation is not None:
        degrees = source.rotation + k * source.rotation_step
        # Turned by 0 degrees it is itself, and costs nothing.
        turn = rotation(data.shape, degrees % 360) if degrees % 360 else None
        name += f", rotation {degrees}"
    if source.permutation is not None:
        seed = source.permutation + k
        order = permutation(data.nodes, seed)
        name += f", permutation {seed}"
    return replace(task, name=name + task.name[len(source.dataset) :], permutation=order, rotation=turn)
