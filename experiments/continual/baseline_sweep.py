"""Settings of the comparison methods, compared on permuted MNIST without a look at its test images.

    python experiments/continual/baseline_sweep.py backprop '{"lr": 0.1}' '{"lr": 0.3}' --tasks 10

Learns the first 50,000 training images of each task and tests on the last 10,000 training images; the permutations
(seeds 2000, 2001, ...) are others than those of the reported runs. Prints one line for each setting: accuracy on
the first task when it has just been learnt, the same after the last task, and the mean over all after the last.
"""

from __future__ import annotations

import json
from types import SimpleNamespace

import click
import numpy as np

from colanet import datasets
from colanet.commands.progress import Progress
from colanet.continual.baselines import METHODS, read_options, run_baseline
from colanet.datasets.transform import permute_images
from colanet.errors import ConfigError

HELD_BACK = 10_000
FIRST_SEED = 2000


def make_task(seed: int, train: int) -> SimpleNamespace:
    """Training images of permuted MNIST, the last 10,000 of them as the test."""
    data = datasets.load("mnist")
    images = permute_images(data.train_images.reshape(len(data.train_images), -1), seed)
    labels = data.train_labels.astype(np.int64)
    return SimpleNamespace(
        name=f"permutation {seed}",
        train_images=images[:-HELD_BACK][:train],
        train_labels=labels[:-HELD_BACK][:train],
        test_images=images[-HELD_BACK:],
        test_labels=labels[-HELD_BACK:],
        classes=data.classes,
    )


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
    tasks = [make_task(FIRST_SEED + i, train) for i in range(n_tasks)]
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
