"""Commands `validate` and `convert`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from colanet.commands import options
from colanet.config.files import load_with_notices, save
from colanet.config.model import Network
from colanet.errors import ColanetError, ConfigError


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@options.stand_ins
@options.lenient
def validate(files: tuple[str, ...], stand_ins: tuple[str, ...], lenient: bool) -> None:
    """Check configurations: prints `FILE: ok`, or every problem with its line and exits with status 2.

    Data files that a configuration names are not opened.
    """
    if not all([_is_good(file, lenient, stand_ins) for file in files]):
        sys.exit(2)


def _is_good(file: str, lenient: bool, stand_ins: tuple[str, ...]) -> bool:
    """Whether a configuration can be run; says so, or why not."""
    try:
        network = _load(file, lenient, stand_ins)
        _check_integers_and_memory(file, network)
    except ColanetError as error:
        click.echo(str(error), err=True)
        return False
    click.echo(f"{file}: ok ({_summary(network)})")
    return True


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
        network = _load(source, lenient)
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


def _check_integers_and_memory(file: str, network: Network) -> None:
    """What only a plan knows; inputs whose size the data decide count as one node."""
    from colanet.plan import build, memory

    unknown = {item.name: 1 for item in network.inputs if item.size is None}
    try:
        memory.check(build(network, input_sizes=unknown))
    except ConfigError as error:
        raise ConfigError([replace(problem, file=file) for problem in error.problems]) from error


def _load(file: str, lenient: bool, stand_ins: tuple[str, ...] = ()) -> Network:
    network, notices = load_with_notices(file, lenient=lenient, stand_ins=stand_ins)
    for notice in notices:
        click.echo(f"warning: {notice}", err=True)
    return network


def _relative_files(network: Network) -> list[str]:
    fields = ("source", "labels", "target_file")
    named: list[Any] = [getattr(item, field, None) for item in network.inputs for field in fields]
    return sorted({name for name in (*named, network.state) if name and not os.path.isabs(name)})


def _summary(network: Network) -> str:
    neurons = sum(population.size for population in network.populations)
    counts = [
        (len(network.inputs), "input"),
        (len(network.populations), "population"),
        (neurons, "neuron"),
        (len(network.projections), "projection"),
        (network.copies, "copy" if network.copies == 1 else "copie"),
    ]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts)
