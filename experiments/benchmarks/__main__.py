"""`python -m experiments.benchmarks`: measure, store, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from colanet.programs import run_safely
from experiments.benchmarks import (
    columns,
    dense,
    microcontroller,
    once,
    peers,
    recurrent,
    scale,
    speed,
    tables,
    trials,
    watching,
)
from experiments.benchmarks.timing import RESULTS, ROOT, Result, store

COUNT = click.IntRange(1)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


ROUNDS = click.option("--rounds", type=COUNT, default=5, show_default=True, help="Medians are reported.")
PEERS = click.option("--peers/--no-peers", default=True, help="Run the others too, not colanet alone.")
DATA = click.option("--data", type=FOLDER, help="Where to look for data sets first.")
INTO = click.option("--results", type=FOLDER, default=RESULTS, help="Where the JSON goes.")


@click.group()
def main() -> None:
    """Measure speed and memory, beside other simulators and beside another checkout."""


def finish(
    name: str, found: Result, results: Path, packages: tuple[str, ...] = (), base: Path | None = None
) -> None:
    """Store and print a result; the folder `base` is not named in it."""
    words = ["BASE" if base is not None and Path(word) == base else word for word in sys.argv[1:]]
    whole = store(name, words, found, results, packages)
    click.echo(tables.report(name, whole))


@main.command("recurrent")
@click.option("--network", type=FILE, default=ROOT / "configs" / "recurrent.yaml")
@click.option("--steps", type=click.IntRange(2), default=10_000, show_default=True)
@PEERS
@ROUNDS
@INTO
def recurrent_command(network: Path, steps: int, peers: bool, rounds: int, results: Path) -> None:
    """A recurrent network in colanet, Brian2 and NEST, on the same synapses and input spikes."""
    packages = tuple(recurrent.packages()) if peers else ()
    finish("recurrent", recurrent.measure(network, steps, rounds, peers), results, packages)


@main.command("columns")
@click.option("--images", type=COUNT, default=1000, show_default=True, help="Shown while the time is taken.")
@click.option("--train", type=COUNT, default=6000, show_default=True, help="Learnt before, for the static form.")
@PEERS
@ROUNDS
@DATA
@INTO
def columns_command(
    images: int, train: int, peers: bool, rounds: int, data: Path | None, results: Path
) -> None:
    """A column network in colanet, Brian2, ANNarchy, NEST, BindsNET and snnTorch, static and learning."""
    packages = tuple(columns.packages()) if peers else ()
    finish("columns", columns.measure(images, train, rounds, peers, data), results, packages)


@main.command("once")
@click.option("--train", type=COUNT, default=60_000, show_default=True, help="Training images.")
@click.option("--test", type=COUNT, default=10_000, show_default=True, help="Test images.")
@PEERS
@ROUNDS
@DATA
@INTO
def once_command(train: int, test: int, peers: bool, rounds: int, data: Path | None, results: Path) -> None:
    """MNIST once, in colanet, scikit-learn and PyTorch."""
    packages = tuple(once.packages()) if peers else ()
    finish("once", once.measure(train, test, rounds, peers, data), results, packages)


@main.command("peers")
@ROUNDS
@DATA
@INTO
@click.pass_context
def peers_command(context: click.Context, rounds: int, data: Path | None, results: Path) -> None:
    """All three with all others that are installed: `columns`, `recurrent` and `once`, in one table."""
    context.invoke(columns_command, rounds=rounds, data=data, results=results)
    context.invoke(recurrent_command, rounds=rounds, results=results)
    context.invoke(once_command, rounds=rounds, data=data, results=results)
    click.echo(peers.table(results))


@main.command("dense")
@click.option("--neurons", type=COUNT, default=150, show_default=True)
@click.option("--images", type=COUNT, default=1000, show_default=True)
@ROUNDS
@DATA
@INTO
def dense_command(neurons: int, images: int, rounds: int, data: Path | None, results: Path) -> None:
    """A fixed all-to-all projection beside the same one plastic."""
    finish("dense", dense.measure(neurons, images, rounds, data), results)


def points(against: str) -> Any:
    """The option with the points of a curve."""
    told = "Points of this curve; give it more than once."
    return click.option(f"--{against}", type=COUNT, multiple=True, default=scale.SIZES[against], help=told,
                        show_default=True)  # fmt: skip


@main.command("scale")
@points("microcolumns")
@points("inputs")
@points("copies")
@points("images")
@points("synapses")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=scale.SECONDS, show_default=True,
              help="CPU seconds of training at a point.")  # fmt: skip
@INTO
def scale_command(seconds: float, results: Path, **sizes: tuple[int, ...]) -> None:
    """Time and memory of a column network against its size, its copies and the images that it is shown."""
    finish("scale", scale.measure({name: sizes[name] for name in scale.SIZES}, seconds), results)


@main.command("trials")
@click.option("--train", type=COUNT, default=50_000, show_default=True, help="Images that a trial learns.")
@click.option("--validation", type=COUNT, default=10_000, show_default=True, help="Images that judge it.")
@click.option("--generations", type=COUNT, nargs=2, default=(1, 4), show_default=True,
              help="Of a short and of a longer search.")  # fmt: skip
@click.option("--after", type=COUNT, multiple=True, default=trials.AFTER, show_default=True,
              help="Trials after which asking for more is measured.")  # fmt: skip
@INTO
def trials_command(
    train: int, validation: int, generations: tuple[int, int], after: tuple[int, ...], results: Path
) -> None:
    """What a trial of a search costs, and what very many of them would."""
    finish("trials", trials.measure(train, validation, generations, after), results, ("optuna",))


@main.command("speed")
@click.argument("base", type=FOLDER)
@click.option("--copies", type=COUNT, default=3, show_default=True)
@click.option("--train", type=COUNT, default=6000, show_default=True, help="Training images.")
@click.option("--test", type=COUNT, default=2000, show_default=True, help="Test images.")
@click.option("--steps", type=click.IntRange(2), default=5000, show_default=True, help="Of recurrent.yaml.")
@click.option("--compilations", type=click.IntRange(0), default=3, show_default=True, help="First runs to measure.")
@ROUNDS
@DATA
@INTO
def speed_command(base: Path, results: Path, **sizes: Any) -> None:
    """This checkout beside the one in the folder BASE, for example a `git worktree`."""
    finish("speed", speed.measure(base, **sizes), results, base=base)


@main.command("microcontroller")
@click.option("--train", type=COUNT, default=6000, show_default=True, help="Images learnt before the export.")
@click.option("--images", type=COUNT, default=50, show_default=True, help="Images shown on the processors.")
@DATA
@INTO
def microcontroller_command(train: int, images: int, data: Path | None, results: Path) -> None:
    """Flash, RAM and instructions of networks exported as C, on emulated processors."""
    finish("microcontroller", microcontroller.measure(train, images, data), results)


@main.command("watch")
@click.option("--network", type=FILE, default=ROOT / "configs" / "mnist.yaml")
@click.option("--copies", type=COUNT, default=15, show_default=True)
@click.option("--train", type=COUNT, default=60_000, show_default=True, help="Training images.")
@click.option("--test", type=COUNT, default=10_000, show_default=True, help="Test images.")
@ROUNDS
@DATA
@INTO
def watch_command(
    network: Path, copies: int, train: int, test: int, rounds: int, data: Path | None, results: Path
) -> None:
    """A run without a page, with one, and with one that is open."""
    finish("watch", watching.measure(network, copies, train, test, rounds, data), results)


if __name__ == "__main__":
    run_safely(main, "python -m experiments.benchmarks")
