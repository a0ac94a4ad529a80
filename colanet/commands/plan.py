"""`colanet plan`: print what a network is made of and what a step does."""

from __future__ import annotations

from pathlib import Path

import click

from colanet import config
from colanet.commands import options
from colanet.errors import ColanetError
from colanet.plan import build, memory
from colanet.plan.describe import describe


@click.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@options.stand_ins
@options.lenient
def plan(configuration: Path, seed: int, data: Path | None, stand_ins: tuple[str, ...], lenient: bool) -> None:
    """Print the plan of CONFIGURATION: populations, projections, the operations of a step, memory.

    Data files are opened only if they decide the size of an input.
    """
    network = config.load(configuration, lenient=lenient, stand_ins=stand_ins)
    try:
        made = build(network, seed=seed)
    except ColanetError:
        from colanet.encoding import build_sources

        presentation = build_sources(network.inputs, base_dir=configuration.parent, seed=seed, data_dir=data)
        made = build(network, input_sizes={s.name: s.size for s in presentation.sources}, seed=seed)
    memory.check(made)
    click.echo(describe(made))
