"""Command `report`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from colanet.commands.options import engine_name
from colanet.commands.progress import Progress
from colanet.errors import ConfigError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RESULTS.h5...")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.html", help="The page.")
@click.option("--load", "states", multiple=True, type=click.Path(path_type=Path), metavar="STATE.h5",
              help="State that the run ended with; for several runs, in order (repeatable).")  # fmt: skip
@click.option("--config", "configuration", type=click.Path(path_type=Path), metavar="CONFIG",
              help="Configuration that was run: its files are looked for beside it.  [default: here]")  # fmt: skip
@click.option("--copy", type=click.IntRange(0), default=0, show_default=True, help="Network copy, from 0.")
@click.option("--images", type=click.IntRange(0), default=500, show_default=True, metavar="N",
              help="Test images to show to the saved network again; 0: none.")  # fmt: skip
@click.option("--image", "chosen", type=click.IntRange(0), multiple=True, metavar="N",
              help="Explain this decision too; test images follow the training images (repeatable).")  # fmt: skip
@click.option("--decisions", type=click.IntRange(0, 50), default=3, show_default=True, metavar="N",
              help="Right, wrong and unanswered images to explain, so many of each.")  # fmt: skip
@engine_name
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--title", metavar="TEXT", help="Of the page.  [default: the names of the files]")
@click.option("--quiet", is_flag=True, help="Nothing on standard error but warnings and errors.")
def report(**given: Any) -> None:
    """Write results as one HTML page that needs no network.

    RESULTS.h5 is what colanet run --out or colanet continual has written. Several results are compared.

    \b
    colanet report out/results.h5 --out report.html
    colanet report out/results.h5 --load state.h5 --out report.html
    """  # noqa: D301
    write_report(ReportOptions(**given))


@dataclass(frozen=True)
class ReportOptions:
    """What `colanet report` was asked for; the fields are the options of the same names."""

    files: tuple[Path, ...]
    out: Path
    states: tuple[Path, ...]
    configuration: Path | None
    copy: int
    images: int
    chosen: tuple[int, ...]
    decisions: int
    engine: str
    data: Path | None
    title: str | None
    quiet: bool


def write_report(options: ReportOptions) -> None:
    """Read the results, run what must be run again, write the page."""
    from colanet.atomic import final_place, write_bytes
    from colanet.extras import need
    from colanet.report.whole import Wishes, page_of

    need("plotly", "report")
    read = {os.path.realpath(path) for path in (*options.files, *options.states)}
    if os.path.realpath(final_place(options.out)) in read:
        raise ConfigError(f"{options.out}: is read, expected another file for the page")
    wishes = Wishes(
        states=options.states, copy=options.copy, images=options.images, chosen=options.chosen,
        decisions=options.decisions, engine=options.engine, data_dir=options.data, title=options.title,
        base_dir=options.configuration.parent if options.configuration else Path(),
    )  # fmt: skip
    with Progress(len(wishes.states) * wishes.work, "images", options.quiet) as progress:
        page = page_of(options.files, wishes, progress.update)
    write_bytes(options.out, page.encode())
    if not options.quiet:
        click.echo(f"wrote {options.out}", err=True)
