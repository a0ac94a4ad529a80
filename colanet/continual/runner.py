"""Runs an experiment with one seed: task after task, online and streaming, tested on all tasks seen so far.

A run can be killed at any time and resumed; it loses at most the images since the last checkpoint and ends with the
same bits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from colanet.continual.checkpoint import Checkpoint
from colanet.continual.experiment import Experiment
from colanet.continual.onlooker import Onlooker
from colanet.continual.outcome import Confusions, Outcome
from colanet.continual.run import CHECKPOINT_IMAGES, Run, Watch, network_of
from colanet.continual.task import Task, data_of, selected
from colanet.continual.tasks import make_tasks
from colanet.plan import memory
from colanet.readout import bytes_of
from colanet.version import __version__


def run_one(
    experiment: Experiment,
    seed: int,
    *,
    tasks: Sequence[Task] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    every: int = CHECKPOINT_IMAGES,
    engine: str = "auto",
    threads: int | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    watch: Watch | None = None,
    keep: bool = False,
    onlooker: Onlooker | None = None,
) -> Outcome:
    """Run an experiment with one seed.

    Parameters
    ----------
    experiment : Experiment
        Its own variants are not looked at, see `colanet.continual.experiment.expand`.
    seed : int
    tasks : sequence of Task or None
        Made already; None: made from the experiment.
    checkpoint : path or None
        File to write every `every` training images and after each task.
    resume : bool
        Continue from that file if it is there.
    engine, threads
        As for `colanet.Session`.
    data_dir : path or None
        Where to look for data sets first.
    watch : callable or None
    keep : bool
        Leave the last checkpoint at the end, to be removed when the outcome is safe; default: it is removed.
    onlooker : Onlooker or None
        Not told of comparison methods, which have no session.

    Raises
    ------
    ConfigError, DataError, CheckpointError, BackendUnavailable
    """
    tasks = make_tasks(experiment, data_dir) if tasks is None else tuple(tasks)
    if experiment.method != "colanet":
        return compare(experiment, tasks, seed, watch)
    run = Run(experiment, tasks, seed, engine, threads, watch, onlooker=onlooker)
    if checkpoint is None:
        return run.to_the_end()
    path, file = Path(checkpoint), Checkpoint(checkpoint, run)
    if resume and path.exists():
        file.resume()
    outcome = run.to_the_end(file.write, every)
    if not keep:
        path.unlink(missing_ok=True)
    return outcome


def check_run(
    experiment: Experiment, tasks: Sequence[Task], engine: str = "auto", processes: int = 1
) -> None:
    """Refuse, before anything runs, what a run of CoLaNET would refuse.

    That is: inputs, classes, readout, migration, an engine that is not there, more memory than there is for so many
    processes that make such runs side by side.

    Raises
    ------
    ConfigError, DataError, CheckpointError, BackendUnavailable
    """
    changes: dict[str, Any] = {"joint": False}
    network = network_of(experiment)
    if network.state is None:
        changes["copies"] = 1
    trial = Run(experiment.model_copy(update=changes), [_extremes(t) for t in tasks], 0, engine, 1, None)
    for k in range(len(tasks)):
        trial.lesson(k)
        trial.test_of(k)
    session, lessons = trial.session, [len(task.train_labels) for task in tasks]
    plan = replace(session.plan, copies=network.copies)
    objects = max(sum(lessons) if experiment.joint else max(lessons), *(len(task.test_labels) for task in tasks))
    memory.check(plan, {"readout": bytes_of(session.readout, plan, session.votes, objects)}, processes)


def _extremes(task: Task) -> Task:
    """Two images of each part, those with the lowest and the highest label."""
    train, test = ([int(np.argmin(y)), int(np.argmax(y))] for y in (task.train_labels, task.test_labels))
    return selected(task, train, test)


def compare(experiment: Experiment, tasks: Sequence[Task], seed: int, watch: Watch | None) -> Outcome:
    """Run a comparison method with one seed; it has no checkpoints."""
    from colanet.continual.baselines import run_baseline

    found = run_baseline(
        tasks, experiment.method, seed, options=experiment.options, watch=watch, schedule=experiment.schedule
    )
    digest = hashlib.sha256(f"{__version__} {experiment.method}".encode())
    for row in found.confusion:  # one by one: of a thousand tasks all together are a copy of 800 MB
        digest.update(row.tobytes())
    places = np.argwhere(np.tri(len(tasks), dtype=bool) & ~np.isnan(found.matrix))
    return Outcome(
        matrix=found.matrix,
        unanswered=np.full_like(found.matrix, np.nan),
        confusion=Confusions(places, found.confusion[tuple(places.T)], len(tasks)),
        untrained=found.untrained,
        running=np.zeros(0),
        boundaries=np.cumsum([len(task.train_labels) for task in tasks]),
        fields=np.zeros((0, 0, 0), dtype=np.float32),
        columns=0,
        train_seconds=found.train_seconds,
        test_seconds=found.test_seconds,
        digest=digest.hexdigest(),
        seed=seed,
        test_images=np.array([len(task.test_labels) for task in tasks]),
        cost=found.cost,
        data=data_of(tasks),
    )
