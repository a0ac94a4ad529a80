"""`colanet continual`: an experiment with all its variants and seeds, from its YAML file to its tables."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import click

from colanet.commands.options import lenient
from colanet.commands.progress import Progress
from colanet.config.model import MAX_COPIES
from colanet.continual.baselines import read_options, used
from colanet.continual.experiment import LARGEST_SEED, Experiment, expand, load_experiment
from colanet.continual.results import Repeats, read_outcome, summary, write_outcome, write_tables
from colanet.continual.runner import CHECKPOINT_IMAGES, Outcome, check_run, network_of, run_one
from colanet.continual.task import Task
from colanet.continual.tasks import make_tasks
from colanet.engine import ENGINES
from colanet.errors import ConfigError
from colanet.locks import hold_folder


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--seeds", metavar="A,B,...", help="Instead of the experiment's.")
@click.option("--variant", "chosen", multiple=True, metavar="NAME", help="Only this variant (repeatable).")
@click.option("--copies", type=click.IntRange(1, MAX_COPIES), help="Network copies, instead of the experiment's.")
@click.option("--train", type=click.IntRange(1), metavar="N", help="Only the first N training images a task.")
@click.option("--test", type=click.IntRange(1), metavar="N", help="Only the first N test images a task.")
@click.option("--tasks", "n_tasks", type=click.IntRange(1), metavar="N", help="Only the first N tasks.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field of every network, as in colanet run (repeatable).")  # fmt: skip
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: results/NAME]")
@click.option("--checkpoint", type=click.IntRange(1), default=CHECKPOINT_IMAGES, show_default=True,
              metavar="IMAGES", help="Training images between two checkpoints.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on where an interrupted call stopped; finished runs are kept.")
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@lenient
def continual(experiment: Path, **options: Any) -> list[Repeats]:
    """Run the continual-learning EXPERIMENT (.yaml): all its variants, all its seeds."""
    described = adjusted(load_experiment(experiment, lenient=options["lenient"]), options)
    folder = options["out"] or Path("results") / described.name
    variants = selected(described, options["chosen"])
    say = (lambda text: None) if options["quiet"] else (lambda text: click.echo(text, err=True))
    jobs = [(variant, prepared(variant, options)) for variant in variants]
    paths = files_of(folder, jobs)
    with hold_folder(folder, "run"):
        check_folder(folder, jobs, options)
        try:
            parts = run_all(folder, jobs, options, say)
            written = write_tables(folder, described, parts, command_of(experiment, options))
        except KeyboardInterrupt as error:
            there = any(p.exists() for path in paths for p in (path, checkpoint_of(path)))
            raise KeyboardInterrupt(f"--resume goes on in {folder}" if there else "") from error
    say(f"written: {', '.join(map(str, written))}")
    click.echo(summary(parts))
    return parts


Job = tuple[Experiment, tuple[tuple[Task, ...], str]]
"""A variant with its tasks and its configuration."""


def run_all(folder: Path, jobs: list[Job], options: dict[str, Any], say: Any) -> list[Repeats]:
    """Every variant with every seed."""
    parts = []
    for variant, (tasks, configuration) in jobs:
        outcomes = [one(variant, seed, tasks, configuration, folder, options, say) for seed in variant.seeds]
        parts.append(Repeats(variant, configuration, tuple(t.name for t in tasks), tuple(outcomes)))
    return parts


def command_of(experiment: Path, options: dict[str, Any]) -> str:
    """The call, as far as it decides about the results."""
    path = os.path.relpath(experiment)
    words = ["colanet", "continual", experiment.name if path.startswith(os.pardir) else path]
    for option, name in (
        ("--seeds", "seeds"), ("--variant", "chosen"), ("--copies", "copies"), ("--train", "train"),
        ("--test", "test"), ("--tasks", "n_tasks"), ("--set", "settings"),
    ):  # fmt: skip
        value = options[name]
        for one_value in value if isinstance(value, tuple) else () if value is None else (value,):
            words += [option, str(one_value)]
    return shlex.join(words)


def adjusted(experiment: Experiment, options: dict[str, Any]) -> Experiment:
    """The experiment as the options change it, in every variant."""
    changes: dict[str, Any] = {}
    if options["seeds"] is not None:
        changes["seeds"] = seeds_of(options["seeds"])
    if options["copies"]:
        changes["copies"] = options["copies"]
    variants = tuple({k: v for k, v in variant.items() if k not in changes} for variant in experiment.variants)
    return experiment.model_copy(update=changes | {"variants": variants})


def seeds_of(text: str) -> tuple[int, ...]:
    """`0,1,2` as numbers."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) < 99 for word in words):
        raise ConfigError(f"--seeds {text}: expected whole numbers with commas between them")
    seeds = tuple(map(int, words))
    if max(seeds) > LARGEST_SEED:
        raise ConfigError(f"--seeds {text}: expected at most {LARGEST_SEED}")
    if len(set(seeds)) != len(seeds):
        raise ConfigError(f"--seeds {text}: one stands there twice")
    return seeds


def selected(experiment: Experiment, names: tuple[str, ...]) -> list[Experiment]:
    """The variants asked for, all without any asked for."""
    variants = expand(experiment)
    known = [variant.label for variant in variants]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConfigError(f"--variant {unknown[0]}: there is none of this name; known: {', '.join(known)}")
    return [variant for variant in variants if not names or variant.label in names]


def prepared(variant: Experiment, options: dict[str, Any]) -> tuple[tuple[Task, ...], str]:
    """Tasks of a variant and JSON of its configuration, so that everything is refused before anything runs."""
    tasks = make_tasks(variant, options["data"])[: options["n_tasks"]]
    train, test = options["train"], options["test"]
    tasks = tuple(cut(task, train, test) for task in tasks)
    if variant.method != "colanet":
        return tasks, settings_of(variant, tasks[0])
    altered = with_settings(variant, options)
    check_run(altered, tasks)
    return tasks, network_of(altered).model_dump_json()


def settings_of(variant: Experiment, task: Task) -> str:
    """What a comparison method goes by, as JSON."""
    options = read_options(variant.method, variant.options)
    return json.dumps(used(variant.method, options, task.train_images.shape[1], len(task.classes)))


def with_settings(variant: Experiment, options: dict[str, Any]) -> Experiment:
    """A variant with the values of ``--set`` added."""
    settings = dict(split(setting) for setting in options["settings"])
    return variant.model_copy(update={"set": {**variant.set, **settings}})


def stamp_of(configuration: str, options: dict[str, Any]) -> str:
    """What the result file of a run keeps, to know it again: configuration, and how its data were cut."""
    cuts = f"{options['train']}/{options['test']}/{options['n_tasks']}"
    return configuration + (f" cut {cuts}" if cuts != "None/None/None" else "")


def split(setting: str) -> tuple[str, str]:
    """`FIELD=VALUE` in two."""
    path, equals, value = setting.partition("=")
    if not equals:
        raise ConfigError(f"--set {setting}: expected FIELD=VALUE")
    return path.strip(), value.strip()


def cut(task: Task, train: int | None, test: int | None) -> Task:
    """Only the first images of each part."""
    return Task(
        task.name, task.train_images[:train], task.train_labels[:train], task.test_images[:test],
        task.test_labels[:test], task.classes, task.permutation, task.shape,
    )  # fmt: skip


def file_of(folder: Path, variant: Experiment, seed: int) -> Path:
    """Result file of one run."""
    slug = re.sub(r"[^A-Za-z0-9.]+", "_", variant.label).strip("_") or "run"
    return folder / f"{slug}_seed{seed}.h5"


def files_of(folder: Path, jobs: list[Job]) -> list[Path]:
    """Result files of all runs. ConfigError if two are the same."""
    paths = [file_of(folder, variant, seed) for variant, _ in jobs for seed in variant.seeds]
    if len(set(paths)) != len(paths):
        raise ConfigError("two variants have names that differ only in signs; their files would be the same")
    return paths


def check_folder(folder: Path, jobs: list[Job], options: dict[str, Any]) -> None:
    """Refuse runs that this call would overwrite, or with ``--resume`` those of another experiment.

    Raises
    ------
    ConfigError, CheckpointError
    """
    there = [p for path in files_of(folder, jobs) for p in (path, checkpoint_of(path)) if p.exists()]
    if there and not options["resume"]:
        raise ConfigError(f"{there[0]}: is there already; go on with --resume, or give another folder with --out")
    for variant, (_, configuration) in jobs:
        for path in filter(Path.exists, (file_of(folder, variant, seed) for seed in variant.seeds)):
            read_outcome(path, with_settings(variant, options), stamp_of(configuration, options))


def checkpoint_of(path: Path) -> Path:
    """Checkpoint file beside a result file."""
    return path.with_suffix(".checkpoint.h5")


def one(
    variant: Experiment,
    seed: int,
    tasks: tuple[Task, ...],
    configuration: str,
    folder: Path,
    options: dict[str, Any],
    say: Any,
) -> Outcome:
    """One run, or its result if it is finished already."""
    path = file_of(folder, variant, seed)
    variant, stamp = with_settings(variant, options), stamp_of(configuration, options)
    if options["resume"] and path.exists():
        say(f"{variant.label}, seed {seed}: finished already")
        checkpoint_of(path).unlink(missing_ok=True)
        return read_outcome(path, variant, stamp)
    say(f"{variant.label}, seed {seed}: {len(tasks)} tasks")
    total = sum(len(t.train_labels) for t in tasks)
    with Progress(total, "images", options["quiet"]) as bar:

        def watch(done: int, of: int, text: str) -> None:
            bar.retotal(of)
            bar.update(done, text)

        outcome = run_one(
            variant, seed, tasks=tasks, checkpoint=checkpoint_of(path), resume=options["resume"],
            every=options["checkpoint"], engine=options["engine"], threads=options["threads"], watch=watch,
            keep=True,
        )  # fmt: skip
    write_outcome(path, variant, stamp, [t.name for t in tasks], outcome)
    checkpoint_of(path).unlink(missing_ok=True)
    row = ", ".join(f"{100 * a:.1f}" for a in outcome.matrix[-1])
    say(f"{variant.label}, seed {seed}: {row} % after the last task, {outcome.seconds:.1f} s")
    return outcome
