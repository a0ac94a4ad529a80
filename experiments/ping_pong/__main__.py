"""Ping-pong: a network learns it, beside players that do not learn.

    python -m experiments.ping_pong

Writes ping_pong.json, ping_pong.md and ping_pong.png to experiments/results.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from colanet.commands.options import engine_name
from colanet.programs import run_safely
from experiments.ping_pong.measure import Options, measure


@click.command()
@click.option("--seeds", default=Options.seeds, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--first-seed", default=Options.first_seed, show_default=True, type=click.IntRange(0))
@click.option("--learning", default=Options.learning, show_default=True, type=click.IntRange(1),
              help="Frames with plasticity.")  # fmt: skip
@click.option("--frozen", default=Options.frozen, show_default=True, type=click.IntRange(1), help="Frames without.")
@click.option("--window", default=Options.window, show_default=True, type=click.IntRange(1),
              help="Frames of which a hit rate is told.")  # fmt: skip
@click.option("--results", default=Options.results, type=click.Path(path_type=Path), help="Folder of results.")
@engine_name
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
def main(quiet: bool, **given: Any) -> None:
    """Let a network learn ping-pong."""
    say = (lambda text: None) if quiet else (lambda text: click.echo(text, err=True))
    click.echo(measure(Options(**given), say))


if __name__ == "__main__":
    run_safely(main, "python -m experiments.ping_pong")
