"""`colanet predict`: answers of a trained network to new samples, as CSV."""

from __future__ import annotations

from pathlib import Path

import click

from colanet.atomic import final_place, write_text
from colanet.commands.options import engine_name
from colanet.commands.outputs import check_apart
from colanet.own.answer import answer


@click.command()
@click.argument("state", type=click.Path(path_type=Path))
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv",
              help="Write the answers here instead of standard output.")  # fmt: skip
@click.option("--keep", multiple=True, metavar="NAME",
              help="A column of the table that stands in front of the answers too (repeatable).")  # fmt: skip
@engine_name
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--quiet", is_flag=True, help="Print nothing but the answers.")
def predict(
    state: Path, data: Path, out: Path | None, keep: tuple[str, ...], engine: str, threads: int | None, quiet: bool
) -> None:
    """Answer the samples of DATA with STATE, a network that `colanet train` has saved.

    DATA is of the same kind as what was learnt; labels in it are compared with the answers.
    """
    if out is not None:
        check_apart([state, data, out], None)
        final_place(out)
    found = answer(state, data, keep=tuple(dict.fromkeys(keep)), engine=engine, threads=threads)
    if out is None:
        click.echo(found.table(), nl=False)
    else:
        write_text(out, found.table())
        if not quiet:
            click.echo(f"{len(found.words)} answers written, {found.words.count('')} empty", err=True)
    right, known = found.right()
    if known and not quiet:
        click.echo(f"accuracy    {100 * right / known:.2f} % of {known} samples with a label", err=True)
