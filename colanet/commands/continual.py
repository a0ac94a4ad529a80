"""`colanet continual`: an experiment with all its variants and seeds, from its YAML file to its tables."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colanet.commands.options import engine_name, lenient, watch, watched
from colanet.commands.progress import Progress
from colanet.config.model import MAX_COPIES
from colanet.continual.results import summary
from colanet.continual.run import CHECKPOINT_IMAGES
from colanet.continual.study import StudyOptions, run_study
from colanet.continual.variants import MAX_WORKERS
from colanet.errors import ConfigError

if TYPE_CHECKING:
    from colanet.watch.board import Board


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--seeds", metavar="A,B,...", help="Instead of the experiment's.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only this variant (repeatable).")
@click.option("--copies", type=click.IntRange(1, MAX_COPIES), help="Network copies, instead of the experiment's.")
@click.option("--train", type=click.IntRange(1), metavar="N", help="Only the first N training images a task.")
@click.option("--test", type=click.IntRange(1), metavar="N", help="Only the first N test images a task.")
@click.option("--tasks", type=click.IntRange(1), metavar="N", help="Only the first N tasks.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field of every network, as in colanet run (repeatable).")  # fmt: skip
@engine_name
@click.option("--threads", type=click.IntRange(1),
              help="Copies that run side by side.  [default: all cores; elsewhere one]")  # fmt: skip
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: results/NAME]")
@click.option("--checkpoint", "every", type=click.IntRange(1), default=CHECKPOINT_IMAGES, show_default=True,
              metavar="IMAGES", help="Training images between two checkpoints.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, MAX_WORKERS), default=1, show_default=True,
              help="Processes that make runs side by side, one core each.")  # fmt: skip
@click.option("--dask", metavar="ADDRESS", help="Make the runs on a Dask cluster, for example tcp://host:8786.")
@click.option("--resume", is_flag=True, help="Go on where an interrupted call stopped; finished runs are kept.")
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@watch
@lenient
def continual(
    experiment: Path,
    seeds: str | None,
    variants: tuple[str, ...],
    copies: int | None,
    train: int | None,
    test: int | None,
    tasks: int | None,
    settings: tuple[str, ...],
    engine: str,
    threads: int | None,
    data_dir: Path | None,
    out: Path | None,
    every: int,
    workers: int,
    dask: str | None,
    resume: bool,
    quiet: bool,
    watch: bool,
    watch_port: int | None,
    lenient: bool,
) -> None:
    """Run the continual-learning EXPERIMENT (.yaml): all its variants, all its seeds."""
    options = StudyOptions(
        seeds=None if seeds is None else seeds_of(seeds), variants=variants, copies=copies, train=train, test=test,
        tasks=tasks, settings=settings, engine=engine, threads=threads, data_dir=data_dir, out=out, every=every,
        resume=resume, lenient=lenient, workers=workers, dask=dask,
    )  # fmt: skip
    if watch and options.away:
        raise ConfigError("--watch shows runs of this process; expected neither --workers nor --dask")
    with watched(str(experiment), watch, watch_port) as watcher:
        board = watcher.board if watcher else None

        def say(text: str) -> None:
            if not quiet:
                click.echo(text, err=True)
            if board:
                board.say(text)

        bars = progress_bars(quiet, board)
        click.echo(summary(run_study(experiment, options, say=say, progress=bars, onlooker=watcher)))


def progress_bars(
    quiet: bool, board: Board | None = None
) -> Callable[[int], contextlib.AbstractContextManager[Callable[[int, int, str], None]]]:
    """A bar for each run of a study, which tells the board of its page too."""

    @contextlib.contextmanager
    def bar(total: int) -> Iterator[Callable[[int, int, str], None]]:
        with Progress(total, "images", quiet) as progress:

            def tell(done: int, of: int, text: str) -> None:
                progress.retotal(of)
                progress.update(done, text)
                if board:
                    board.tell(done, of, text)

            yield tell

    return bar


def seeds_of(text: str) -> tuple[int, ...]:
    """`0,1,2` as numbers. ConfigError if it is anything else."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) < 99 for word in words):
        raise ConfigError(f"--seeds {text}: expected whole numbers with commas between them")
    return tuple(map(int, words))
