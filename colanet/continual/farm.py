"""Runs of an experiment in other processes or on a Dask cluster, one errand a run.

An errand holds no images: its worker finds the data itself. Where the worker sees the folder of the results, it
writes checkpoints there. So a run whose worker was killed goes on at its checkpoint, on another worker.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from colanet.config.notices import ConfigWarning
from colanet.continual.experiment import Experiment
from colanet.continual.outcome import Outcome
from colanet.continual.run import network_of
from colanet.continual.runner import run_one
from colanet.continual.task import Task, data_of, first_images
from colanet.continual.tasks import make_tasks
from colanet.errors import ColanetError, ConfigError, DataError
from colanet.launching import open_launcher
from colanet.version import __version__


@dataclass(frozen=True)
class Cut:
    """Which data of an experiment are used: only so many first tasks, training and test images; None: all."""

    tasks: int | None = None
    train: int | None = None
    test: int | None = None

    def of(self, experiment: Experiment, data_dir: str | os.PathLike[str] | None = None) -> tuple[Task, ...]:
        """The tasks of an experiment.

        Raises
        ------
        ConfigError, DataError
        """
        tasks = make_tasks(experiment, data_dir)[: self.tasks]
        return tuple(first_images(task, self.train, self.test) for task in tasks)


class Abandoned(ColanetError):
    """The call that a run was made for has ended."""


def check_network(experiment: Experiment, configuration: str) -> None:
    """Refuse a network file that has changed, or is another one on this machine.

    Parameters
    ----------
    experiment : Experiment
    configuration : str
        JSON of the network as it was when the experiment was prepared; of a comparison method anything.

    Raises
    ------
    ConfigError
    """
    if experiment.method == "colanet" and network_of(experiment).model_dump_json() != configuration:
        path = experiment.folder / experiment.network
        raise ConfigError(f"{path}: expected the network that this experiment began with; the file has changed")


@dataclass(frozen=True)
class Errand:
    """One run, as it travels.

    Attributes
    ----------
    number : int
        Of the run.
    experiment : Experiment
        Its folder is absolute.
    configuration : str
        JSON of its network, see `check_network`.
    seed : int
    cut : Cut
    data_dir : str or None
        Where to look for data sets first.
    data : tuple of (str, str)
        Names and digests of the data sets that the sender has.
    checkpoint : Path
        Absolute. Used where its folder is there.
    ticket : Path
        A file beside it, which is there for as long as the call goes on that the run is made for.
    every : int
        Training images between two checkpoints.
    engine : str
    threads : int
    version : str
        Of the sender's colanet.
    """

    number: int
    experiment: Experiment
    configuration: str
    seed: int
    cut: Cut
    data_dir: str | None
    data: tuple[tuple[str, str], ...]
    checkpoint: Path
    ticket: Path
    every: int
    engine: str = "auto"
    threads: int = 1
    version: str = __version__


def do(errand: Errand) -> Outcome:
    """Run it, from its checkpoint if there is one; the checkpoint stays.

    Raises
    ------
    DataError
        If this machine has another version of colanet or other data than the sender.
    ConfigError, CheckpointError, BackendUnavailable
    Abandoned
        Soon after the ticket is gone.
    """
    if errand.version != __version__:
        raise DataError(f"a worker has colanet {__version__}, expected {errand.version}")
    check_network(errand.experiment, errand.configuration)
    tasks = errand.cut.of(errand.experiment, errand.data_dir)
    for name, digest in errand.data:
        found = data_of(tasks).get(name)
        if found != digest:
            raise DataError(f"{name}: a worker has other data ({found}) than here ({digest})")
    shared = errand.checkpoint.parent.is_dir()
    checkpoint = errand.checkpoint if shared else None

    def still_wanted(*_: object) -> None:
        if shared and not errand.ticket.exists():
            raise Abandoned(f"{errand.checkpoint.name}: the call that asked for this run has ended")

    with warnings.catch_warnings():
        # What there is to say of the network was said before the run was sent.
        warnings.simplefilter("ignore", ConfigWarning)
        return run_one(
            errand.experiment, errand.seed, tasks=tasks, checkpoint=checkpoint, resume=True, every=errand.every,
            engine=errand.engine, threads=errand.threads, watch=still_wanted, keep=True,
        )  # fmt: skip


def run_away(
    errands: Sequence[Errand], *, workers: int = 1, dask: str | None = None
) -> Iterator[tuple[int, Outcome]]:
    """Do errands elsewhere; their numbers and outcomes in the order in which they end.

    Parameters
    ----------
    errands : sequence of Errand
    workers, dask
        As for `colanet.launching.open_launcher`.

    Raises
    ------
    BackendUnavailable, WorkerDied
    """
    with open_launcher(do, workers=workers, dask=dask, what="runs") as launch:
        for errand, outcome in launch(errands):
            yield errand.number, outcome
