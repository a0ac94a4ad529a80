"""`colanet export`: a saved state, or a network that has learnt nothing, in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from colanet.checkpoints import Saved, saved
from colanet.commands.options import lenient, stand_ins
from colanet.commands.plan import PlanOptions, made_plan
from colanet.config.overrides import parse_settings
from colanet.errors import ColanetError, ConfigError
from colanet.export.registry import EXPORTS, about, checked_options, options_of
from colanet.export.registry import export as write
from colanet.plan.variables import initial_state
from colanet.units import LARGEST_SEED


@click.command()
@click.argument("source", required=False, metavar="STATE.h5|CONFIG", type=click.Path(path_type=Path))
@click.option("--format", "form", metavar="NAME", default="arrays", show_default=True, help="See --list.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", help="Where the files go.")
@click.option("--learn", is_flag=True, help="With the learning rules: the option learn of formats that have it.")
@click.option("--lanes", type=int, metavar="N", help="The option lanes of formats that have it.")
@click.option(
    "--option", "given", multiple=True, metavar="NAME=VALUE", help="An option of the format, see --list."
)
@click.option("--overwrite", is_flag=True, help="Replace files of the same names in FOLDER.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Of CONFIG: override a field, for example copies=1 (repeatable).")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), metavar="N", help="Of CONFIG.  [default: 0]")
@click.option("--data", type=click.Path(path_type=Path), help="Of CONFIG: where to look for data sets first.")
@stand_ins
@lenient
@click.option("--list", "listing", is_flag=True, help="Print the formats with their options and stop.")
def export(
    source: Path | None,
    form: str,
    out: Path | None,
    learn: bool,
    lanes: int | None,
    given: tuple[str, ...],
    overwrite: bool,
    listing: bool,
    **of_config: Any,
) -> None:
    """Write a network in another form: that of STATE.h5 (saved, or a checkpoint), or of CONFIG before it learns."""
    if listing:
        names = EXPORTS.names()
        width = max(map(len, names))
        for name in names:
            click.echo(f"{name:{width}}  {about(name)}{_options(name)}".rstrip())
        return
    if source is None or out is None:
        missing = "STATE.h5" if source is None else "--out FOLDER"
        raise ConfigError(f"{missing} is missing; see colanet export --help")
    # An unknown format or option is told before a large file is read.
    short = ({"learn": True} if learn else {}) | ({"lanes": lanes} if lanes is not None else {})
    options = checked_options(form, _pairs(given) | short)
    found = _found(source, of_config)
    for path in write(form, found.plan, found.state, out, overwrite=overwrite, options=options, step=found.step):
        click.echo(path)


def _found(source: Path, of_config: dict[str, Any]) -> Saved:
    """The network and its state: saved ones, or those of a configuration at step 0."""
    if _is_state(source):
        for name, option in (("settings", "--set"), ("seed", "--seed"), ("data", "--data")):
            if of_config[name] not in (None, ()):
                raise ConfigError(f"{option}: is for a configuration, {source} is a saved state")
        return saved(source)
    settings, seed = parse_settings(of_config.pop("settings")), of_config.pop("seed") or 0
    plan = made_plan(PlanOptions(source, seed, **of_config), settings)
    return Saved(plan, initial_state(plan), 0, {})


def _is_state(source: Path) -> bool:
    """Whether a file is a saved state rather than a configuration: by its name, or by what it is."""
    import h5py

    return source.suffix.lower() in (".h5", ".hdf5") or (source.is_file() and h5py.is_hdf5(source))


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
