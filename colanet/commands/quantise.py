"""`colanet quantise`: what fewer bits of weights and resources cost in accuracy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from colanet.commands.continual import seeds_of
from colanet.commands.options import engine_name, lenient
from colanet.commands.progress import Progress
from colanet.errors import ConfigError
from colanet.quantisation import RANGE_BITS, Grid, Study, table

ROUNDINGS = ("nearest", "stochastic")


@click.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--weights", default="16,8,4,2,1", show_default=True, metavar="BITS,...", help="Bits of weights.")
@click.option("--resources", default="32.20,16,12,8", show_default=True, metavar="BITS[.FRACTION],...",
              help="Bits of resources, and of their fraction; without it resources reach up to 4.")  # fmt: skip
@click.option("--rounding", default="nearest,stochastic", show_default=True, metavar="WORD,...",
              help="How changes are rounded while learning.")  # fmt: skip
@click.option("--copies", default="1", show_default=True, metavar="N,...", help="Network copies.")
@click.option("--seeds", default="0", show_default=True, metavar="A,B,...")
@click.option("--train", type=click.IntRange(1), metavar="N", help="Only the first N training images.")
@click.option("--test", type=click.IntRange(1), metavar="N", help="Only the first N test images.")
@click.option("--validation", type=click.IntRange(0), default=0, metavar="N",
              help="Test on the last N training images, which are not learnt then.")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field in every run, as in colanet run (repeatable).")  # fmt: skip
@engine_name
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: results/quantise-NAME]")
@click.option("--resume", is_flag=True, help="Keep the runs that are done and go on.")
@click.option("--quiet", is_flag=True, help="Print nothing but the table.")
@lenient
def quantise(
    configuration: Path,
    weights: str,
    resources: str,
    rounding: str,
    copies: str,
    seeds: str,
    train: int | None,
    test: int | None,
    validation: int,
    settings: tuple[str, ...],
    engine: str,
    threads: int | None,
    data_dir: Path | None,
    out: Path | None,
    resume: bool,
    quiet: bool,
    lenient: bool,
) -> None:
    """Run CONFIGURATION over a grid of precisions and print accuracy and bytes as a table in Markdown."""
    grid = Grid(
        weights=_numbers("--weights", weights), resources=_resources(resources), roundings=_roundings(rounding),
        copies=_numbers("--copies", copies), seeds=seeds_of(seeds), train=train, test=test, validation=validation,
        settings=settings,
    )  # fmt: skip
    study = Study(
        configuration, grid, out or Path("results") / f"quantise-{configuration.stem}", engine=engine,
        threads=threads, data_dir=data_dir, resume=resume, lenient=lenient,
        say=(lambda text: None) if quiet else (lambda text: click.echo(text, err=True)), bar=_bars(quiet),
    )  # fmt: skip
    click.echo(table(study.execute()))


def _bars(quiet: bool) -> Callable[[int], contextlib.AbstractContextManager[Callable[[int], None]]]:
    @contextlib.contextmanager
    def bar(total: int) -> Iterator[Callable[[int], None]]:
        with Progress(total, "steps", quiet) as progress:
            yield lambda done: progress.update(done, "")

    return bar


def _words(option: str, text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if len(set(words)) < len(words):
        raise ConfigError(f"{option} {text:.60}: a value is given twice")
    return words


def _numbers(option: str, text: str) -> tuple[int, ...]:
    words = _words(option, text)
    if not all(word.isascii() and word.isdigit() and 0 < len(word) < 9 and int(word) for word in words):
        raise ConfigError(f"{option} {text:.60}: expected whole numbers from 1 on with commas between them")
    return tuple(map(int, words))


def _resources(text: str) -> tuple[tuple[int, int], ...]:
    pairs = []
    for word in _words("--resources", text):
        bits, point, fraction = word.partition(".")
        if len(word) > 9 or not bits.isdecimal() or (point and not fraction.isdecimal()):
            raise ConfigError(f"--resources {word:.60}: expected bits, a point and bits of the fraction, like 12.9")
        pairs.append((int(bits), int(fraction) if point else max(int(bits) - RANGE_BITS, 0)))
    return tuple(pairs)


def _roundings(text: str) -> tuple[str, ...]:
    words = _words("--rounding", text)
    for word in words:
        if word not in ROUNDINGS:
            raise ConfigError(f"--rounding {word:.60}: expected {' or '.join(ROUNDINGS)}")
    return tuple(words)
