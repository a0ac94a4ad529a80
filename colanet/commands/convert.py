"""Command `convert`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from colanet.commands import options
from colanet.config.files import load_with_notices, save
from colanet.config.model import Network
from colanet.errors import ColanetError


@click.command()
@click.argument("source", metavar="A", type=click.Path())
@click.argument("destination", metavar="B", type=click.Path())
@click.option("--force", is_flag=True, help="Overwrite B if it exists.")
@options.lenient
def convert(source: str, destination: str, force: bool, lenient: bool) -> None:
    """Write the configuration A as B: .nnc and .xml are the XML dialect, .yaml and .yml are YAML.

    Nothing is lost but comments. Bad input gives exit status 2 and writes nothing.
    """
    try:
        network = load(source, lenient)
        if os.path.lexists(destination) and not force:
            raise ColanetError(f"{destination}: exists already; --force overwrites it")
        save(network, destination)
    except ColanetError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    here, there = Path(source).resolve().parent, Path(destination).resolve().parent
    files = _relative_files(network)
    if here != there and files:
        note = f"relative file names now start from {there}: {', '.join(files)}"
        click.echo(f"note: {note}", err=True)


def load(file: str, lenient: bool, stand_ins: tuple[str, ...] = ()) -> Network:
    """A configuration, its notices printed as warnings on standard error."""
    network, notices = load_with_notices(file, lenient=lenient, stand_ins=stand_ins)
    for notice in notices:
        click.echo(f"warning: {notice}", err=True)
    return network


def _relative_files(network: Network) -> list[str]:
    fields = ("source", "labels", "target_file")
    named: list[Any] = [getattr(item, field, None) for item in network.inputs for field in fields]
    return sorted({name for name in (*named, network.state) if name and not os.path.isabs(name)})
