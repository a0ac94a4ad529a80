"""Runs an experiment file: all its variants with all their seeds, resumable, from the file to the tables.

Everything is refused before anything runs. A call that is interrupted, killed or runs out of disk is continued by
the same call with `StudyOptions.resume`, and ends with the same bits.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.arguments import whole, whole_or_none
from colanet.config.model import MAX_COPIES
from colanet.config.overrides import parse_settings
from colanet.continual.baselines import check_room, read_options, used
from colanet.continual.experiment import Experiment, expand, load_experiment
from colanet.continual.onlooker import Onlooker
from colanet.continual.outcome import Outcome
from colanet.continual.results import Repeats, read_outcome, write_outcome, write_tables
from colanet.continual.run import CHECKPOINT_IMAGES, Watch, network_of
from colanet.continual.runner import check_run, run_one
from colanet.continual.task import Task, data_of, first_images
from colanet.continual.tasks import make_tasks
from colanet.continual.together import Order, run_together, side_by_side
from colanet.engine import AUTO, REGISTRY
from colanet.errors import ConfigError
from colanet.locks import hold_folder
from colanet.units import LARGEST_SEED

LAST_SHOWN = 10
"""Tasks whose accuracy is told at the end of a run, the last ones."""

Say = Callable[[str], None]
"""Called with a line about what is going on."""
Progress = Callable[[int], AbstractContextManager[Watch]]
"""Called with the number of images of a run, learnt and tested; watches it while the block lasts."""


@dataclass(frozen=True)
class StudyOptions:
    """How an experiment file is run.

    Attributes
    ----------
    seeds : tuple of int or None
        Instead of the experiment's.
    variants : tuple of str
        Names; only these. Empty: all.
    copies : int or None
        Network copies, instead of the experiment's.
    train, test, tasks : int or None
        Only the first training images a task, test images a task, tasks.
    settings : tuple of str
        ``FIELD=VALUE``, as for ``colanet run --set``: changes of every network.
    engine : str
    threads : int or None
        As for `colanet.Session`.
    data_dir : path or None
        Where to look for data sets first.
    out : path or None
        Folder of the results; None: ``results/NAME``.
    every : int
        Training images between two checkpoints.
    resume : bool
        Go on where an interrupted call stopped; finished runs are kept.
    lenient : bool
        Unknown words of the networks are only warned of.
    """

    seeds: tuple[int, ...] | None = None
    variants: tuple[str, ...] = ()
    copies: int | None = None
    train: int | None = None
    test: int | None = None
    tasks: int | None = None
    settings: tuple[str, ...] = ()
    engine: str = "auto"
    threads: int | None = None
    data_dir: str | os.PathLike[str] | None = None
    out: str | os.PathLike[str] | None = None
    every: int = CHECKPOINT_IMAGES
    resume: bool = False
    lenient: bool = False

    def __post_init__(self) -> None:
        """ConfigError if a number is out of range."""
        whole_or_none("copies", self.copies, 1, MAX_COPIES)
        for name in ("train", "test", "tasks", "threads"):
            whole_or_none(name, getattr(self, name), 1)
        whole("every", self.every, 1)
        if self.seeds is not None:
            seeds = [whole("seeds", seed, 0, LARGEST_SEED) for seed in self.seeds]
            if not seeds or len(set(seeds)) != len(seeds):
                raise ConfigError(f"seeds: {'a seed is given twice' if seeds else 'expected at least one'}")
        parse_settings(self.settings)

    def cuts(self) -> str:
        """How the data are cut, for the stamp of a run; empty: not at all."""
        given = (self.train, self.test, self.tasks)
        return f" cut {'/'.join(map(str, given))}" if any(given) else ""


@dataclass(frozen=True, eq=False)
class Job:
    """A variant, ready to be run.

    Attributes
    ----------
    variant : Experiment
    altered : Experiment
        With the values of `StudyOptions.settings`.
    tasks : tuple of Task
    configuration : str
        JSON of the network, or of what a comparison method goes by.
    stamp : str
        What a result file keeps, to know the run again: configuration, and how its data were cut.
    """

    variant: Experiment
    altered: Experiment
    tasks: tuple[Task, ...]
    configuration: str
    stamp: str

    def repeats(self, outcomes: Sequence[Outcome]) -> Repeats:
        """The variant with what its seeds brought."""
        return Repeats(self.variant, self.configuration, tuple(t.name for t in self.tasks), tuple(outcomes))


def run_study(
    experiment: str | os.PathLike[str],
    options: StudyOptions | None = None,
    *,
    say: Say | None = None,
    progress: Progress | None = None,
    onlooker: Onlooker | None = None,
) -> list[Repeats]:
    """Run an experiment file and write its results and tables.

    Parameters
    ----------
    experiment : path
        YAML file.
    options : StudyOptions or None
    say, progress : callable or None
    onlooker : Onlooker or None
        Of runs one after another it looks on at each, of runs side by side at the first.

    Returns
    -------
    list of Repeats
        One a variant, in the order of the file.

    Raises
    ------
    ConfigError, DataError, CheckpointError, OutputError, BackendUnavailable
    KeyboardInterrupt
        With a text that says how to go on, if there is anything to go on with.
    """
    options, say = options or StudyOptions(), say or (lambda text: None)
    described = adjusted(load_experiment(experiment, lenient=options.lenient), options)
    folder = Path("results") / described.name if options.out is None else Path(options.out)
    jobs = prepare(selected(described, options.variants), options)
    paths = files_of(folder, [job.variant for job in jobs])
    with hold_folder(folder, "run"):
        check_folder(folder, jobs, resume=options.resume)
        try:
            found = _together(jobs, folder, options, say, progress, onlooker)
            parts = [
                job.repeats([
                    _one(job, seed, found, folder, options, say, progress, onlooker) for seed in job.variant.seeds
                ])
                for job in jobs
            ]  # fmt: skip
            written = write_tables(folder, described, parts, command_of(experiment, options))
        except KeyboardInterrupt as error:
            there = any(p.exists() for path in paths for p in (path, checkpoint_of(path)))
            raise KeyboardInterrupt(f"--resume goes on in {folder}" if there else "") from error
    say(f"written: {', '.join(map(str, written))}")
    return parts


def command_of(experiment: str | os.PathLike[str], options: StudyOptions) -> str:
    """The command that gives the same results, without what does not decide about them."""
    path = os.path.relpath(experiment)
    words = ["colanet", "continual", Path(experiment).name if path.startswith(os.pardir) else path]
    if options.seeds is not None:
        words += ["--seeds", ",".join(map(str, options.seeds))]
    for name in options.variants:
        words += ["--variant", name]
    for name in ("copies", "train", "test", "tasks"):
        if getattr(options, name) is not None:
            words += [f"--{name}", str(getattr(options, name))]
    for setting in options.settings:
        words += ["--set", setting]
    if options.lenient:
        words.append("--lenient")
    return shlex.join(words)


# ------------------------------------------------------------------- preparing


def adjusted(experiment: Experiment, options: StudyOptions) -> Experiment:
    """The experiment with the seeds and copies of the options, in every variant."""
    given = {"seeds": options.seeds, "copies": options.copies}
    changes = {name: value for name, value in given.items() if value is not None}
    variants = tuple({k: v for k, v in variant.items() if k not in changes} for variant in experiment.variants)
    return experiment.model_copy(update=changes | {"variants": variants})


def selected(experiment: Experiment, names: Sequence[str]) -> list[Experiment]:
    """The variants asked for, all without any asked for. ConfigError if there is none of a name."""
    variants = expand(experiment)
    known = [variant.label for variant in variants]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"--variant {unknown[0]}: unknown variant; known: {', '.join(known)}")
    return [variant for variant in variants if not names or variant.label in names]


def prepare(variants: Sequence[Experiment], options: StudyOptions) -> list[Job]:
    """The variants with their tasks, checked as far as they can be without running them.

    Variants of the same tasks share their images.

    Raises
    ------
    ConfigError, DataError, CheckpointError, BackendUnavailable
    """
    if options.engine != AUTO:
        REGISTRY.get(options.engine)
    made: dict[str, tuple[Task, ...]] = {}
    jobs = []
    for variant in variants:
        key = variant.model_dump_json(include={"tasks", "validation"})
        if key not in made:
            tasks = make_tasks(variant, options.data_dir)[: options.tasks]
            made[key] = tuple(first_images(task, options.train, options.test) for task in tasks)
        jobs.append(_job(variant, made[key], options))
    return jobs


def _job(variant: Experiment, tasks: tuple[Task, ...], options: StudyOptions) -> Job:
    altered = variant.model_copy(update={"set": {**variant.set, **parse_settings(options.settings)}})
    if variant.method == "colanet":
        check_run(altered, tasks, options.engine)
        configuration = network_of(altered).model_dump_json()
    else:
        settings = read_options(variant.method, variant.options)
        pixels = tasks[0].train_originals.shape[1]
        seen = settings.patches.nodes(tasks[0].shape) if settings.patches else pixels
        check_room(variant.method, settings, seen, sum(len(task.train_labels) for task in tasks))
        configuration = json.dumps(used(variant.method, settings, pixels, len(tasks[0].classes)))
    return Job(variant, altered, tasks, configuration, configuration + options.cuts())


# ----------------------------------------------------------------------- files


def file_of(folder: Path, variant: Experiment, seed: int) -> Path:
    """Result file of one run."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "_", variant.label).strip("_") or "run"
    return folder / f"{slug}_seed{seed}.h5"


def checkpoint_of(path: Path) -> Path:
    """Checkpoint file beside a result file."""
    return path.with_suffix(".checkpoint.h5")


def files_of(folder: Path, variants: Sequence[Experiment]) -> list[Path]:
    """Result files of all runs. ConfigError if two are the same."""
    names: dict[Path, str] = {}
    for variant in variants:
        for path in (file_of(folder, variant, seed) for seed in variant.seeds):
            if path in names:
                raise ConfigError(
                    f"variants {names[path]} and {variant.label}: their files would have one name; "
                    "expected names that differ in letters or digits"
                )
            names[path] = variant.label
    return list(names)


def check_folder(folder: Path, jobs: Sequence[Job], *, resume: bool) -> None:
    """Refuse runs that this call would overwrite, or with `resume` those of another experiment.

    Raises
    ------
    ConfigError, CheckpointError
    """
    paths = files_of(folder, [job.variant for job in jobs])
    there = [p for path in paths for p in (path, checkpoint_of(path)) if p.exists()]
    if there and not resume:
        raise ConfigError(f"{there[0]}: exists already; --resume continues it, --out takes another folder")
    for job in jobs:
        for path in filter(Path.exists, files_of(folder, [job.variant])):
            read_outcome(path, job.altered, job.stamp, data_of(job.tasks))


# --------------------------------------------------------------------- running


def _one(
    job: Job,
    seed: int,
    found: Mapping[Path, Outcome],
    folder: Path,
    options: StudyOptions,
    say: Say,
    progress: Progress | None,
    onlooker: Onlooker | None,
) -> Outcome:
    """One run, or its result if it is found or finished already."""
    name, path = f"{job.variant.label}, seed {seed}", file_of(folder, job.variant, seed)
    if path in found:
        return found[path]
    if options.resume and path.exists():
        say(f"{name}: finished already")
        checkpoint_of(path).unlink(missing_ok=True)
        return read_outcome(path, job.altered, job.stamp, data_of(job.tasks))
    say(f"{name}: {len(job.tasks)} tasks")
    total = sum(len(task.train_labels) for task in job.tasks)
    with progress(total) if progress else contextlib.nullcontext() as watch:
        outcome = run_one(
            job.altered, seed, tasks=job.tasks, checkpoint=checkpoint_of(path), resume=options.resume,
            every=options.every, engine=options.engine, threads=options.threads, watch=watch, keep=True,
            onlooker=onlooker,
        )  # fmt: skip
    _finish(job, seed, path, outcome, say)
    return outcome


def _finish(job: Job, seed: int, path: Path, outcome: Outcome, say: Say) -> None:
    """Write what a run has brought, in the place of its checkpoint."""
    write_outcome(path, job.altered, job.stamp, [task.name for task in job.tasks], outcome)
    checkpoint_of(path).unlink(missing_ok=True)
    accuracies = outcome.matrix[-1][~np.isnan(outcome.matrix[-1])]
    row = ", ".join(f"{100 * a:.1f}" for a in accuracies[-LAST_SHOWN:])
    last = f" (last {LAST_SHOWN} tasks)" if len(accuracies) > LAST_SHOWN else ""
    say(f"{job.variant.label}, seed {seed}: {row} % after the last task{last}, {outcome.seconds:.1f} s")


def _together(
    jobs: Sequence[Job],
    folder: Path,
    options: StudyOptions,
    say: Say,
    progress: Progress | None,
    onlooker: Onlooker | None,
) -> dict[Path, Outcome]:
    """What runs side by side on a GPU have brought, by the file of their results; nothing where there is none."""
    places = [
        (job, seed, file_of(folder, job.variant, seed))
        for job in jobs
        for seed in job.variant.seeds
        if job.variant.method == "colanet"
    ]
    places = [place for place in places if not (options.resume and place[2].exists())]
    networks = sum(network_of(job.altered).copies for job, _, _ in places)
    if len(places) < 2:
        return {}
    together = side_by_side(options.engine, networks, options.threads)
    if together is None:
        return {}
    say(f"{len(places)} runs side by side, {networks} networks")
    orders = [Order(job.altered, job.tasks, seed, checkpoint_of(path)) for job, seed, path in places]
    total = sum(len(task.train_labels) for order in orders for task in order.tasks)
    found: dict[Path, Outcome] = {}
    with progress(total) if progress else contextlib.nullcontext() as watch:
        for number, outcome in run_together(
            orders, together, resume=options.resume, every=options.every, watch=watch, keep=True, onlooker=onlooker
        ):
            assert isinstance(outcome, Outcome), "no error is tolerated"
            job, seed, path = places[number]
            found[path] = outcome
            _finish(job, seed, path, outcome, say)
    return found
