"""What an experiment file asks for: its options, its variants with their tasks, and the files of its runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from colanet.arguments import whole, whole_or_none
from colanet.config.model import MAX_COPIES
from colanet.config.overrides import parse_settings
from colanet.continual.baselines import check_room, read_options, used
from colanet.continual.experiment import Experiment, expand
from colanet.continual.farm import Cut
from colanet.continual.outcome import Outcome
from colanet.continual.results import Repeats, read_outcome
from colanet.continual.run import CHECKPOINT_IMAGES, network_of
from colanet.continual.runner import check_run
from colanet.continual.task import Task, data_of
from colanet.continual.together import CUPY
from colanet.engine import AUTO, REGISTRY
from colanet.errors import ConfigError
from colanet.units import LARGEST_SEED

MAX_WORKERS = 4096


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
    workers : int
        Processes that run side by side, a run each; 1: one run after another, in this process.
    dask : str or None
        Address of a Dask scheduler, whose workers run instead.
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
    workers: int = 1
    dask: str | None = None

    def __post_init__(self) -> None:
        """ConfigError if a number is out of range."""
        whole_or_none("copies", self.copies, 1, MAX_COPIES)
        for name in ("train", "test", "tasks", "threads"):
            whole_or_none(name, getattr(self, name), 1)
        whole("every", self.every, 1)
        whole("workers", self.workers, 1, MAX_WORKERS)
        if self.dask and self.workers > 1:
            raise ConfigError("--workers and --dask: give one of them")
        if self.away and self.engine == CUPY:
            raise ConfigError("--engine cupy: all runs are one launch, expected neither --workers nor --dask")
        if self.seeds is not None:
            seeds = [whole("seeds", seed, 0, LARGEST_SEED) for seed in self.seeds]
            if not seeds or len(set(seeds)) != len(seeds):
                raise ConfigError(f"seeds: {'a seed is given twice' if seeds else 'expected at least one'}")
        parse_settings(self.settings)

    @property
    def away(self) -> bool:
        """Whether runs are made in other processes."""
        return self.workers > 1 or self.dask is not None

    @property
    def cut(self) -> Cut:
        """Which data are used."""
        return Cut(self.tasks, self.train, self.test)

    def cuts(self) -> str:
        """How the data are cut, for the stamp of a run; empty: not at all."""
        given = (self.train, self.test, self.tasks)
        return f" cut {'/'.join(map(str, given))}" if any(given) else ""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A variant, ready to be run.

    Attributes
    ----------
    described : Experiment
    altered : Experiment
        With the values of `StudyOptions.settings`.
    tasks : tuple of Task
    configuration : str
        JSON of the network, or of what a comparison method goes by.
    stamp : str
        What a result file keeps, to know the run again: configuration, and how its data were cut.
    """

    described: Experiment
    altered: Experiment
    tasks: tuple[Task, ...]
    configuration: str
    stamp: str

    def repeats(self, outcomes: Sequence[Outcome]) -> Repeats:
        """The variant with what its seeds brought."""
        return Repeats(self.described, self.configuration, tuple(t.name for t in self.tasks), tuple(outcomes))


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


def prepare(described: Sequence[Experiment], options: StudyOptions) -> list[Prepared]:
    """The variants with their tasks, checked as far as they can be without running them.

    Variants of the same tasks share their images.

    Raises
    ------
    ConfigError, DataError, CheckpointError, BackendUnavailable
    """
    if options.engine != AUTO:
        REGISTRY.get(options.engine)
    made: dict[str, tuple[Task, ...]] = {}
    variants = []
    runs = sum(len(one.seeds) for one in described if one.method == "colanet")
    processes = max(min(options.workers, runs), 1)
    for one in described:
        key = one.model_dump_json(include={"tasks", "validation"})
        if key not in made:
            made[key] = options.cut.of(one, options.data_dir)
        variants.append(_prepared(one, made[key], options, processes))
    return variants


def _prepared(
    variant: Experiment, tasks: tuple[Task, ...], options: StudyOptions, processes: int
) -> Prepared:
    altered = variant.model_copy(update={"set": {**variant.set, **parse_settings(options.settings)}})
    if variant.method == "colanet":
        check_run(altered, tasks, options.engine, processes)
        configuration = network_of(altered).model_dump_json()
    else:
        settings = read_options(variant.method, variant.options)
        pixels = tasks[0].train_originals.shape[1]
        seen = settings.patches.nodes(tasks[0].shape) if settings.patches else pixels
        check_room(variant.method, settings, seen, sum(len(task.train_labels) for task in tasks))
        configuration = json.dumps(used(variant.method, settings, pixels, len(tasks[0].classes)))
    return Prepared(variant, altered, tasks, configuration, configuration + options.cuts())


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


def check_folder(folder: Path, variants: Sequence[Prepared], *, resume: bool) -> None:
    """Refuse runs that this call would overwrite, or with `resume` those of another experiment.

    Raises
    ------
    ConfigError, CheckpointError
    """
    paths = files_of(folder, [variant.described for variant in variants])
    there = [p for path in paths for p in (path, checkpoint_of(path)) if p.exists()]
    if there and not resume:
        raise ConfigError(f"{there[0]}: exists already; --resume continues it, --out takes another folder")
    for variant in variants:
        for path in filter(Path.exists, files_of(folder, [variant.described])):
            read_outcome(path, variant.altered, variant.stamp, data_of(variant.tasks))
