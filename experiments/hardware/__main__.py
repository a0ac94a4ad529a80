"""`python -m experiments.hardware`: measure, store, print."""

from __future__ import annotations

from pathlib import Path

import click

from colanet.errors import ConfigError
from colanet.programs import run_safely
from experiments.hardware import cores, tables, tools

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def main() -> None:
    """Place Verilog cores on FPGAs."""


@main.command("cycles")
@click.option("--train", type=click.IntRange(1), default=200, show_default=True, help="Images that are learnt.")
@click.option("--test", type=click.IntRange(1), default=100, show_default=True, help="Images of the test.")
@click.option("--data", type=FOLDER, help="Where to look for data sets first.")
def cycles_command(train: int, test: int, data: Path | None) -> None:
    """Clock cycles an image of every number of lanes, by Verilator."""
    cores.cycles(train, test, data)


@main.command("synthesise")
@click.option("--only", multiple=True, help="Only cores whose names contain this (repeatable).")
@click.option("--work", type=FOLDER, help="Folder that keeps the cores, the netlists and what the tools print.")
def synthesise_command(only: tuple[str, ...], work: Path | None) -> None:
    """Yosys and nextpnr for every core and device, of rows that are not there yet."""
    cores.synthesise(only, work)
    click.echo(f"{tables.fitting()}\n\n{tables.missing()}")


@main.command("bitstream")
@click.argument("core", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--device", type=click.Choice(list(tools.DEVICES)), default="LFE5U-85F", show_default=True)
def bitstream_command(core: Path, device: str) -> None:
    """The bitstream of the core in the folder CORE, for its board."""
    if not (core / "core.json").exists():
        raise ConfigError(f"{core}: holds no core.json, expected what colanet export --format verilog wrote")
    chosen = tools.DEVICES[device]
    tools.synthesise(core, chosen)
    placed = tools.place(core, chosen)
    if not placed["fits"]:
        raise ConfigError(f"{core} on {device}: {placed['reason']}")
    click.echo(f"{tools.pack(core, chosen)}: up to {placed['frequency']} MHz")


if __name__ == "__main__":
    run_safely(main, "python -m experiments.hardware")
