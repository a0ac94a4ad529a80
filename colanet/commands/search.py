"""`colanet search`: find parameters of an experiment, repeatably."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from colanet.commands.options import engine_name, lenient
from colanet.commands.progress import Progress

if TYPE_CHECKING:
    from colanet.search.run import Found, SearchOptions, Watch
    from colanet.search.study import Study


@click.command()
@click.argument("study_file", metavar="STUDY.yaml", type=click.Path(path_type=Path))
@click.option("--workers", type=click.IntRange(1, 4096), default=1, show_default=True,
              help="Processes that evaluate trials side by side, one core each.")  # fmt: skip
@click.option("--dask", metavar="ADDRESS", help="Evaluate on a Dask cluster, for example tcp://host:8786.")
@click.option("--resume", is_flag=True, help="Continue the search in --out; finished trials are kept.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder.  [default: runs/NAME]")
@click.option("--generations", type=click.IntRange(1), metavar="N", help="Instead of the study's.")
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--best", type=click.Path(path_type=Path), metavar="FILE.yaml",
              help="Write the network with the best parameters put in.")  # fmt: skip
@engine_name
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@lenient
def search(
    study_file: Path,
    workers: int,
    dask: str | None,
    resume: bool,
    out: Path | None,
    generations: int | None,
    data_dir: Path | None,
    best: Path | None,
    engine: str,
    quiet: bool,
    lenient: bool,
) -> None:
    """Search the parameters of an experiment as STUDY.yaml says.

    The result does not depend on the number of workers, nor on the engine, nor on interruptions.
    """
    from colanet.search.run import SearchOptions, run_search

    options = SearchOptions(workers, dask, resume, out, generations, data_dir, best, lenient, engine)

    @contextlib.contextmanager
    def bar(total: int) -> Iterator[Watch]:
        with Progress(total, "trials", quiet) as progress:
            yield progress.update

    def announce(study: Study, folder: Path) -> None:
        if not quiet:
            _announce(study, folder, options)

    click.echo(_summary(run_search(study_file, options, announce=announce, progress=bar)))


def _announce(study: Study, folder: Path, options: SearchOptions) -> None:
    """One line about what is going to run, one if the first trial takes longer than the others."""
    from colanet.compiled import is_compiled

    generations = options.generations or study.generations
    where = options.dask or f"{options.workers} worker" + "s" * (options.workers > 1)
    click.echo(
        f"{study.name}: {generations} generations of {study.generation} trials, {len(study.seeds)} runs each, "
        f"{study.sampler.kind} sampler, {where}, journal in {folder.as_posix()}",
        err=True,
    )
    if not is_compiled():
        click.echo("compiling kernels, once on this machine (some ten seconds) ...", err=True)


def _summary(found: Found) -> str:
    """The best trial, and the files."""
    from colanet.search.loop import outcome

    trials, top = found.trials, found.top
    failed = sum(trial.value is None for trial in trials)
    lines = [f"{len(trials)} trials, {failed} failed; best: trial {top.number}, objective {top.value:.6f}"]
    lines += [f"  {name} = {text}" for name, text in outcome(top)["settings"].items()]
    return "\n".join([*lines, "wrote " + ", ".join(path.as_posix() for path in found.files)])
