"""Options that several commands share."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from colanet.errors import ConfigError

if TYPE_CHECKING:
    from colanet.watch.watcher import Watcher

    NameType = click.ParamType[str]
else:
    NameType = click.ParamType  # no generic class in the oldest click that we take


Command = TypeVar("Command", bound=Callable[..., Any])


class EngineName(NameType):
    """The name of an engine that is built in, registered or installed when the option is read."""

    name = "engine"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """The names, as click shows a choice."""
        return f"[{'|'.join(_engines())}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name itself; ConfigError, naming those there are, if there is no such engine."""
        if value not in _engines():
            raise ConfigError(f"--engine {value}: unknown engine; known: {', '.join(_engines())}")
        return str(value)


def _engines() -> tuple[str, ...]:
    from colanet.engine import engine_names  # only when it is asked for: it imports NumPy

    return engine_names()


engine_name = click.option("--engine", type=EngineName(), default="auto", show_default=True)
"""Belongs to every command that runs a network."""

lenient = click.option("--lenient", is_flag=True, help="Unknown words of a configuration are only warned of.")
"""Belongs to every command that reads a configuration."""

stand_ins = click.option(
    "--stand-in",
    "stand_ins",
    multiple=True,
    metavar="NAME=noise[:SIZE[:RATE]]",
    help="Noise instead of the plug-in of an input or library (repeatable).",
)
"""Belongs to commands that look at configurations with plug-ins."""

MOST_PORT = 65_535


def watch(command: Command) -> Command:
    """Options of commands whose run can be watched."""
    port = click.option("--watch-port", type=click.IntRange(1, MOST_PORT), metavar="PORT",
                        help="Of that page (needs --watch).  [default: a free one]")  # fmt: skip
    flag = click.option("--watch", is_flag=True, help="Show the run in a page of this machine while it lasts.")
    return flag(port(command))


def watched(title: str, watch: bool, port: int | None) -> contextlib.AbstractContextManager[Watcher | None]:
    """A page for what is run in the block, if it was asked for; its address is told in any case.

    Raises
    ------
    ConfigError
        If a port is given without a page, or is not free.
    BackendUnavailable
        If the extra `watch` is not installed.
    """
    if not watch:
        if port is not None:
            raise ConfigError("--watch-port needs --watch")
        return contextlib.nullcontext()
    from colanet.watch.watching import watching

    return watching(title, port, lambda text: click.echo(text, err=True))
