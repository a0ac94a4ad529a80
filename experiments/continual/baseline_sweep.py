"""Settings of the comparison methods, compared on permuted MNIST without a look at its test images.

    python experiments/continual/baseline_sweep.py backprop '{"lr": 0.1}' '{"lr": 0.3}' --tasks 10
    python experiments/continual/baseline_sweep.py ridge --out experiments/results/baseline_sweep/ridge.json

Learns the first 50,000 training images of each task and tests on the last 10,000 training images; the permutations
(seeds 2000, 2001, ...) are others than those of the reported runs. Prints one line for each setting: accuracy on
the first task when it has just been learnt, the same after the last task, and the mean over all after the last.
Without settings it goes through those of `GRIDS`. The file of --out keeps the command and what it found.
"""

from __future__ import annotations

import itertools
import json
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from colanet.atomic import write_text
from colanet.commands.progress import Progress
from colanet.continual.baselines import METHODS, read_options, run_baseline
from colanet.continual.experiment import make_experiment
from colanet.continual.results import versions
from colanet.continual.task import Task, first_images
from colanet.continual.tasks import make_tasks
from colanet.errors import ConfigError

HELD_BACK = 10_000
FIRST_SEED = 2000
GRIDS: dict[str, dict[str, list[Any]]] = {
    "ridge": {"features": [2000], "scale": [1, 3, 10], "ridge": [1e-6, 1e-5, 1e-4, 1e-3]},
    "slda": {"shrinkage": [1e-4, 1e-3, 1e-2, 1e-1]},
    "backprop-si": {"optimizer": ["adam"], "lr": [1e-3], "strength": [0.1, 1, 10, 100]},
    "backprop-owm": {"batch": [50], "lr": [0.1, 0.3, 1], "alpha": [0.1, 1, 10]},
    "backprop-kwta": {"hidden": [2000], "lr": [0.1, 0.3], "active": [50, 200]},
}
"""Values of options that are tried, all with all."""


def make_sweep_tasks(n_tasks: int, train: int, test: int | None = None) -> list[Task]:
    """Training images of permuted MNIST, the last 10,000 of them as the test; the first `test` of these."""
    source = {"dataset": "mnist", "repeat": n_tasks, "permutation": FIRST_SEED}
    fields = {"name": "sweep", "method": "backprop", "tasks": [source], "validation": HELD_BACK}
    return [first_images(task, train, test) for task in make_tasks(make_experiment(fields))]


def grid_of(method: str) -> list[dict]:
    """The settings that are tried where none are given."""
    grid = GRIDS.get(method, {})
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


@click.command()
@click.argument("method", type=click.Choice(METHODS))
@click.argument("settings", nargs=-1, metavar="JSON...")
@click.option("--tasks", "n_tasks", type=click.IntRange(1), default=10, show_default=True)
@click.option("--train", type=click.IntRange(1), default=50_000, show_default=True, help="Training images a task.")
@click.option("--test", type=click.IntRange(1), help="Only so many of the images held back.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write, JSON.")
@click.option("--quiet", is_flag=True)
def main(
    method: str, settings: tuple[str, ...], n_tasks: int, train: int, test: int | None, seed: int,
    out: Path | None, quiet: bool,
) -> None:  # fmt: skip
    """Compare SETTINGS of METHOD."""
    grid = [json.loads(text) for text in settings] or grid_of(method)
    for options in grid:
        read_options(method, options)
    tasks = make_sweep_tasks(n_tasks, train, test)
    found: list[dict] = []
    for options in grid:
        with Progress(sum(len(t.train_labels) for t in tasks), "images", quiet) as progress:

            def watch(done: int, total: int, text: str, progress: Progress = progress) -> None:
                progress.update(done, text)

            try:
                outcome = run_baseline(tasks, method, seed, options=options, watch=watch)
            except ConfigError as error:
                click.echo(f"{json.dumps(options)}  {error}")
                found.append({"options": options, "problem": str(error)})
                keep(out, method, found)
                continue
        a = outcome.matrix
        found.append({
            "options": options, "first": a[0, 0], "first_at_the_end": a[-1, 0], "mean_at_the_end": a[-1].mean(),
            "seconds": round(outcome.seconds, 1),
        })  # fmt: skip
        click.echo(
            f"{json.dumps(options)}  first task {100 * a[0, 0]:.2f}, after the last {100 * a[-1, 0]:.2f}, "
            f"mean after the last {100 * a[-1].mean():.2f}  ({outcome.seconds:.0f} s)"
        )
        keep(out, method, found)


def keep(out: Path | None, method: str, found: list[dict]) -> None:
    """Write the command and what it has found until now."""
    if out:
        command = shlex.join(["python", "experiments/continual/baseline_sweep.py", *sys.argv[1:]])
        record = {"command": command, "method": method, "versions": versions(torch=True), "settings": found}
        write_text(out, json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
