"""`colanet export`: a saved state in another form."""

from __future__ import annotations

from pathlib import Path

import click

from colanet.checkpoints import saved_state
from colanet.errors import ConfigError
from colanet.export.registry import EXPORTS, about
from colanet.export.registry import export as write


@click.command()
@click.argument("state", required=False, metavar="STATE.h5", type=click.Path(path_type=Path))
@click.option("--format", "form", metavar="NAME", default="arrays", show_default=True, help="See --list.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Where the files go.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same names in FOLDER.")
@click.option("--list", "listing", is_flag=True, help="Print the formats and stop.")
def export(state: Path | None, form: str, out: Path | None, overwrite: bool, listing: bool) -> None:
    """Write the network that STATE.h5 holds, a saved state or a checkpoint, in another form."""
    if listing:
        names = EXPORTS.names()
        width = max(map(len, names))
        for name in names:
            click.echo(f"{name:{width}}  {about(name)}".rstrip())
        return
    if state is None or out is None:
        missing = "STATE.h5" if state is None else "--out FOLDER"
        raise ConfigError(f"{missing} is missing; see colanet export --help")
    EXPORTS.get(form)  # an unknown format is told before a large file is read
    for path in write(form, *saved_state(state), out, overwrite=overwrite):
        click.echo(path)
