"""Runs a study file: from the file to the journal, the tables and the report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from colanet import config
from colanet.arguments import whole, whole_or_none
from colanet.atomic import final_place, write_text
from colanet.config.overrides import override_all
from colanet.continual.task import data_of
from colanet.continual.together import CUPY, side_by_side
from colanet.engine import AUTO, REGISTRY
from colanet.errors import ConfigError
from colanet.launching import Launcher, open_launcher
from colanet.search import report
from colanet.search.evaluate import evaluate, evaluate_together
from colanet.search.jobs import Job, Result
from colanet.search.journal import open_journal
from colanet.search.loop import Search, best, outcome
from colanet.search.study import Study, load_study
from colanet.search.subject import Subject, identity, make_subject, tasks_of

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

MAX_WORKERS = 4096
ENDINGS = (".yaml", ".yml", ".nnc", ".xml")
"""Of the file that takes the best network."""

Watch = Callable[[int, str], None]
"""Called with the number of finished trials and a short text."""
Progress = Callable[[int], AbstractContextManager[Watch]]
"""Called with the number of trials; watches them while the block lasts."""
Announce = Callable[[Study, Path], None]
"""Called with the study and the folder before the first trial."""


@dataclass(frozen=True)
class SearchOptions:
    """How a study file is run; none of it changes a trial.

    Attributes
    ----------
    workers : int
        Processes that evaluate trials side by side; 1: this one, with all cores for the copies of a network.
    dask : str or None
        Address of a Dask scheduler, used instead.
    resume : bool
        Continue the search in the folder; finished trials are kept.
    out : path or None
        Folder; None: ``runs/NAME``.
    generations : int or None
        Instead of the study's.
    data_dir : path or None
        Where to look for data sets first.
    best : Path or None
        File for the network with the best parameters put in.
    lenient : bool
        Unknown words of the network's file are only warned of.
    engine : str
        On a GPU, and without workers, a generation is one launch for all networks of one shape.
    """

    workers: int = 1
    dask: str | None = None
    resume: bool = False
    out: Path | None = None
    generations: int | None = None
    data_dir: Path | None = None
    best: Path | None = None
    lenient: bool = False
    engine: str = AUTO

    def __post_init__(self) -> None:
        """ConfigError if something is out of range, or the file for the best network cannot be written."""
        whole("workers", self.workers, 1, MAX_WORKERS)
        whole_or_none("generations", self.generations, 1)
        if self.dask and self.workers > 1:
            raise ConfigError("--workers and --dask: give one of them")
        if self.engine == CUPY and not self.alone:
            raise ConfigError("--engine cupy: a generation is one launch, expected neither --workers nor --dask")
        if self.engine != AUTO:
            REGISTRY.get(self.engine)
        if self.best is not None:
            check_best(self.best)

    @property
    def alone(self) -> bool:
        """Whether trials are evaluated in this process."""
        return self.workers == 1 and not self.dask


@dataclass(frozen=True, eq=False)
class Found:
    """What a search brought.

    Attributes
    ----------
    study : Study
    trials : list of FrozenTrial
        In the order they were asked.
    files : list of Path
        That were written.
    """

    study: Study
    trials: list[FrozenTrial]
    files: list[Path]

    @property
    def top(self) -> FrozenTrial:
        """The best trial."""
        found = best(self.trials)
        assert found is not None, "the report has refused a search without any value"
        return found


def run_search(
    study_file: Path,
    options: SearchOptions | None = None,
    *,
    announce: Announce | None = None,
    progress: Progress | None = None,
) -> Found:
    """Search as a study file says, and write what was found.

    Parameters
    ----------
    study_file : Path
    options : SearchOptions or None
    announce, progress : callable or None

    Returns
    -------
    Found

    Raises
    ------
    ConfigError, DataError, CheckpointError, OutputError, BackendUnavailable, WorkerDied
    KeyboardInterrupt
        With a text that says how to go on, if there is anything to go on with.
    """
    options = options or SearchOptions()
    study = load_study(study_file)
    subject, study = make_subject(study, study_file, options.data_dir, lenient=options.lenient)
    out = options.out or Path("runs") / study.name
    if announce:
        announce(study, out)
    trials = _run(study, subject, out, options, progress)
    command, data = command_of(study_file, options), data_of(tasks_of(subject))
    files = report.write(out, study, subject.network, trials, command, data)
    found = Found(study, trials, files)
    if options.best is not None:
        write_best(options.best, subject, found)
        files.append(options.best)
    return found


def command_of(study_file: Path, options: SearchOptions) -> str:
    """The command that gives the same trials again."""
    words = ["colanet", "search", study_file.as_posix()]
    if options.generations:
        words += ["--generations", str(options.generations)]
    return shlex.join(words)


def _run(
    study: Study, subject: Subject, out: Path, options: SearchOptions, progress: Progress | None
) -> list[FrozenTrial]:
    generations = options.generations or study.generations
    with (
        open_journal(out, study.name, identity(study, subject), resume=options.resume) as journal,
        _launcher(study, subject, options) as launch,
        progress(generations * study.generation) if progress else nullcontext() as watch,
    ):

        def tell(search: Search) -> None:
            if watch:
                trials = search.journal.trials()
                top = best(trials)
                done = sum(trial.state.is_finished() for trial in trials)
                watch(done, f"best {top.value:.5f} (trial {top.number})" if top else "")

        threads = None if options.alone else 1
        search = Search(
            study, subject.network, subject, journal, launch, threads=threads, engine=options.engine, watch=tell
        )
        try:
            return search.run(generations)
        except KeyboardInterrupt as error:
            told = f"--resume --out {out} continues, finished trials are kept" if journal.trials() else ""
            raise KeyboardInterrupt(told) from error


def _launcher(
    study: Study, subject: Subject, options: SearchOptions
) -> AbstractContextManager[Launcher[Job, Result]]:
    """Where trials are evaluated: a generation at once on a GPU, or one by one."""
    copies = subject.experiment.copies or subject.network.copies
    networks = study.generation * len(study.seeds) * copies
    together = side_by_side(options.engine, networks) if options.alone else None
    if together is None:
        return open_launcher(evaluate, workers=options.workers, dask=options.dask)
    return nullcontext(partial(evaluate_together, together=together))


# ------------------------------------------------------------ the best network


def check_best(path: Path) -> None:
    """Better now than after a night of trials. ConfigError if the best network cannot be written there."""
    if path.suffix.lower() not in ENDINGS:
        raise ConfigError(f"--best {path}: a configuration ends in .yaml, .yml, .nnc or .xml")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise ConfigError(f"--best {path}: {path.parent} is no folder that can be written to")
    final_place(path)


def write_best(path: Path, subject: Subject, found: Found) -> None:
    """The network of the experiment with the best parameters, and a comment that says where it comes from."""
    top, study = found.top, found.study
    config.save(override_all(subject.network, outcome(top)["settings"]), path)
    if path.suffix.lower() in (".yaml", ".yml"):
        which = f"trial {top.number} of {len(found.trials)}: {study.goal()} = {top.value:.5f}"
        note = f"# From the parameter search {study.name}, {which}.\n"
        write_text(path, note + path.read_text(encoding="utf-8"))
