"""Command `validate`."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from colanet.commands import options
from colanet.commands.convert import load
from colanet.config.model import Network
from colanet.errors import ColanetError, ConfigError
from colanet.plan import build, memory


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
        network = load(file, lenient, stand_ins)
        _check_integers_and_memory(file, network)
    except ColanetError as error:
        click.echo(str(error), err=True)
        return False
    click.echo(f"{file}: ok ({_summary(network)})")
    return True


def _check_integers_and_memory(file: str, network: Network) -> None:
    """What only a plan knows; inputs whose size the data decide count as one node."""
    unknown = {item.name: 1 for item in network.inputs if item.size is None}
    try:
        memory.check(build(network, input_sizes=unknown))
    except ConfigError as error:
        raise ConfigError([replace(problem, file=file) for problem in error.problems]) from error


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
