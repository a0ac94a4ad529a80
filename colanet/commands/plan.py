"""`colanet plan`: print what a network is made of and what a step does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from colanet import config
from colanet.commands.options import lenient, stand_ins
from colanet.errors import ColanetError
from colanet.plan import Plan, build, memory
from colanet.plan.describe import describe
from colanet.units import LARGEST_SEED


@click.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True)
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@stand_ins
@lenient
def plan(**given: Any) -> None:
    """Print the plan of CONFIGURATION: populations, projections, the operations of a step, memory.

    Data files are opened only if they decide the size of an input.
    """
    click.echo(describe(made_plan(PlanOptions(**given))))


@dataclass(frozen=True)
class PlanOptions:
    """What `colanet plan` was asked for; the fields are the options of the same names."""

    configuration: Path
    seed: int
    data: Path | None
    stand_ins: tuple[str, ...]
    lenient: bool


def made_plan(options: PlanOptions, settings: Mapping[str, str] | None = None) -> Plan:
    """The plan of a configuration, with fields overridden by settings.

    Raises
    ------
    ConfigError, DataError
    """
    network = config.load(options.configuration, lenient=options.lenient, stand_ins=options.stand_ins)
    network = config.override_all(network, settings or {})
    try:
        made = build(network, seed=options.seed)
    except ColanetError:
        from colanet.encoding import build_sources

        presentation = build_sources(
            network.inputs, base_dir=options.configuration.parent, seed=options.seed, data_dir=options.data
        )
        made = build(network, input_sizes={s.name: s.size for s in presentation.sources}, seed=options.seed)
    memory.check(made)
    return made
