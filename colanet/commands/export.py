"""`colanet export`: a saved state in another form."""

from __future__ import annotations

from pathlib import Path

import click

from colanet.checkpoints import saved
from colanet.errors import ColanetError, ConfigError
from colanet.export.registry import EXPORTS, about, checked_options, options_of
from colanet.export.registry import export as write


@click.command()
@click.argument("state", required=False, metavar="STATE.h5", type=click.Path(path_type=Path))
@click.option("--format", "form", metavar="NAME", default="arrays", show_default=True, help="See --list.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Where the files go.")
@click.option("--learn", is_flag=True, help="With the learning rules: the option learn of formats that have it.")
@click.option(
    "--option", "given", multiple=True, metavar="NAME=VALUE", help="An option of the format, see --list."
)
@click.option("--overwrite", is_flag=True, help="Replace files of the same names in FOLDER.")
@click.option("--list", "listing", is_flag=True, help="Print the formats with their options and stop.")
def export(
    state: Path | None,
    form: str,
    out: Path | None,
    learn: bool,
    given: tuple[str, ...],
    overwrite: bool,
    listing: bool,
) -> None:
    """Write the network that STATE.h5 holds, a saved state or a checkpoint, in another form."""
    if listing:
        names = EXPORTS.names()
        width = max(map(len, names))
        for name in names:
            click.echo(f"{name:{width}}  {about(name)}{_options(name)}".rstrip())
        return
    if state is None or out is None:
        missing = "STATE.h5" if state is None else "--out FOLDER"
        raise ConfigError(f"{missing} is missing; see colanet export --help")
    # An unknown format or option is told before a large file is read.
    options = checked_options(form, _pairs(given) | ({"learn": True} if learn else {}))
    found = saved(state)
    for path in write(form, found.plan, found.state, out, overwrite=overwrite, options=options, step=found.step):
        click.echo(path)


def _options(name: str) -> str:
    """The options of a format with their defaults, in brackets; nothing for one that cannot be loaded."""
    try:
        options = options_of(name)
    except ColanetError:
        return ""
    words = {False: "no", True: "yes", None: ""}
    told = [
        f"{key}={words[value] if value is None or isinstance(value, bool) else value}"
        for key, value in options.items()
    ]
    return f" [{', '.join(told)}]" if told else ""


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ConfigError(f"--option {text:.60}: expected NAME=VALUE")
        pairs[name] = value
    return pairs
