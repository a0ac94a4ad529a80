"""The options of `colanet run`, which `ArNIGPU` and `ArNICPU` put their letters into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from colanet.errors import ConfigError

MOST_PICOJOULES = 1e12
"""One joule an operation."""


@dataclass(frozen=True)
class RunOptions:
    """What `colanet run` was asked for; the fields are the options of the same names.

    Raises
    ------
    ConfigError
        If an option needs another one that is not there, or cannot stand beside one that is.
    """

    configuration: Path
    engine: str = "auto"
    seed: int = 0
    threads: int | None = None
    copies: int | None = None
    train: int | None = None
    test: int | None = None
    freeze_at: int | None = None
    stop_at: int | None = None
    settings: tuple[str, ...] = ()
    dataset: str | None = None
    data: Path | None = None
    out: Path | None = None
    record: str | None = None
    protocol: str | None = None
    protocol_inputs: bool = False
    record_steps: str | None = None
    record_sections: str | None = None
    monitor: int | None = None
    save: Path | None = None
    load: Path | None = None
    fields: Path | None = None
    checkpoint: int | None = None
    resume: bool = False
    overwrite: bool = False
    quiet: bool = False
    as_json: bool = False
    costs: bool = False
    pj_per_op: float | None = None
    watch: bool = False
    watch_port: int | None = None
    stand_ins: tuple[str, ...] = ()
    lenient: bool = False

    def __post_init__(self) -> None:
        for name in ("checkpoint", "resume", "overwrite", "record", "protocol"):
            if getattr(self, name) and self.out is None:
                raise ConfigError(f"--{name} needs --out DIR")
        if self.resume and self.overwrite:
            raise ConfigError("--resume and --overwrite: give one of them")
        if self.record_sections is not None and not self.record:
            raise ConfigError("--record-sections needs --record")
        if self.record_steps is not None and not (self.record or self.protocol):
            raise ConfigError("--record-steps needs --record or --protocol")
        if self.protocol_inputs and not self.protocol:
            raise ConfigError("--protocol-inputs needs --protocol")
        if self.pj_per_op is not None:
            if not (self.costs or self.as_json):
                raise ConfigError("--pj-per-op needs --costs or --json")
            if not 0 <= self.pj_per_op <= MOST_PICOJOULES:
                expected = f"expected picojoules, a number from 0 to {MOST_PICOJOULES:g}"
                raise ConfigError(f"--pj-per-op {self.pj_per_op}: {expected}")

    @property
    def checkpoint_file(self) -> Path | None:
        """Where checkpoints go, if there is a folder."""
        return self.out / "checkpoint.h5" if self.out else None

    @property
    def say(self) -> Callable[[str], None]:
        """Says a line on standard error, or nothing with ``--quiet``."""
        return (lambda text: None) if self.quiet else (lambda text: click.echo(text, err=True))
