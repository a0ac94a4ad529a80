"""Settings of the comparison methods, compared on permuted MNIST without a look at its test images.

    python experiments/continual/baseline_sweep.py backprop '{"lr": 0.1}' '{"lr": 0.3}' --tasks 10

Learns the first 50,000 training images of each task and tests on the last 10,000 training images; the permutations
(seeds 2000, 2001, ...) are others than those of the reported runs. Prints one line for each setting: accuracy on
the first task when it has just been learnt, the same after the last task, and the mean over all after the last.
"""

from __future__ import annotations

import json

import click

from colanet.commands.progress import Progress
from colanet.continual.baselines import METHODS, read_options, run_baseline
from colanet.continual.experiment import make_experiment
from colanet.continual.task import Task, first_images
from colanet.continual.tasks import make_tasks
from colanet.errors import ConfigError

HELD_BACK = 10_000
FIRST_SEED = 2000


def make_sweep_tasks(n_tasks: int, train: int) -> list[Task]:
    """Training images of permuted MNIST, the last 10,000 of them as the test."""
    source = {"dataset": "mnist", "repeat": n_tasks, "permutation": FIRST_SEED}
    fields = {"name": "sweep", "method": "backprop", "tasks": [source], "validation": HELD_BACK}
    return [first_images(task, train) for task in make_tasks(make_experiment(fields))]


@click.command()
@click.argument("method", type=click.Choice(METHODS))
@click.argument("settings", nargs=-1, metavar="JSON...")
@click.option("--tasks", "n_tasks", type=click.IntRange(1), default=10, show_default=True)
@click.option("--train", type=click.IntRange(1), default=50_000, show_default=True, help="Training images a task.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--quiet", is_flag=True)
def main(method: str, settings: tuple[str, ...], n_tasks: int, train: int, seed: int, quiet: bool) -> None:
    """Compare SETTINGS of METHOD."""
    grid = [json.loads(text) for text in settings] or [{}]
    for options in grid:
        read_options(method, options)
    tasks = make_sweep_tasks(n_tasks, train)
    for options in grid:
        with Progress(sum(len(t.train_labels) for t in tasks), "images", quiet) as progress:

            def watch(done: int, total: int, text: str, progress: Progress = progress) -> None:
                progress.update(done, text)

            try:
                outcome = run_baseline(tasks, method, seed, options=options, watch=watch)
            except ConfigError as error:
                click.echo(f"{json.dumps(options)}  {error}")
                continue
        a = 100 * outcome.matrix
        click.echo(
            f"{json.dumps(options)}  first task {a[0, 0]:.2f}, after the last {a[-1, 0]:.2f}, "
            f"mean after the last {a[-1].mean():.2f}  ({outcome.seconds:.0f} s)"
        )


if __name__ == "__main__":
    main()
