"""Command `doctor`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click

from colanet.doctor import machine, selftest

_WIDTH = 20


@click.command()
@click.option("--data", "folder", type=click.Path(path_type=Path), help="Where to look for data sets first.")
def doctor(folder: Path | None) -> None:
    """Say what is installed, which engines work, where data lie: what a bug report needs.

    Every engine runs a small network whose result is known to the bit. Exit status 1 if one gives another result.
    """
    given = folder or os.environ.get("COLANET_DATA")
    _print("machine", machine.machine())
    _print("libraries", machine.libraries())
    _print("extras", machine.extras())
    _print("data sets", machine.data(Path(given) if given else None))
    _print("caches", machine.caches())
    click.echo("engines")
    trials = []
    for engine in selftest.ENGINES:
        trials.append(selftest.try_engine(engine))
        click.echo(_line(engine, _told(trials[-1])))
    if any(trial.is_fault for trial in trials):
        sys.exit(1)


def _print(title: str, rows: Iterable[tuple[str, str]]) -> None:
    click.echo(title)
    for name, text in rows:
        click.echo(_line(name, text))
    click.echo()


def _line(name: str, text: str) -> str:
    return f"  {name:{_WIDTH}} {text}"


def _told(trial: selftest.Trial) -> str:
    if trial.failed:
        return f"FAILS: {trial.reason}"
    if trial.digest is None:
        return f"not here: {trial.reason}"
    if trial.is_right:
        return f"right, {trial.seconds:.1f} s"
    return f"WRONG: digest {trial.digest}, expected {selftest.DIGEST}"
