"""The `colanet` command. Subcommands are imported only when they are called."""

from __future__ import annotations

import importlib
import sys
import warnings

import click

from colanet import __version__
from colanet.errors import ColanetError

COMMANDS = {
    "run": ("colanet.commands.run", "run", "Train and test the network of a configuration."),
    "continual": ("colanet.commands.continual", "continual", "Learn task after task, test what is remembered."),
    "picture": ("colanet.commands.picture", "picture", "Draw receptive fields and spikes."),
    "plan": ("colanet.commands.plan", "plan", "Print what a step of a network does, in which order."),
    "bench": ("colanet.commands.bench", "bench", "Measure the speed of training and testing."),
    "search": ("colanet.commands.search", "search", "Search the parameters of an experiment."),
    "validate": ("colanet.config.commands", "validate", "Check configurations and report every problem."),
    "convert": ("colanet.config.commands", "convert", "Convert a configuration between XML and YAML."),
    "memory": (
        "colanet.associative.commands",
        "memory",
        "Associative memories: retrieval, capacity, energy.",
    ),
}


class LazyGroup(click.Group):
    """Knows its subcommands by name; `colanet --help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        return getattr(importlib.import_module(module), attribute)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="colanet")
def cli() -> None:
    """Simulate spiking column networks, bit for bit."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    run_safely(cli, "colanet", arguments)


def run_safely(command: click.Command, name: str, arguments: list[str] | None = None) -> None:
    """Run a command; every `ColanetError` becomes one line per problem and exit status 2."""
    warnings.showwarning = lambda message, *_, **__: click.echo(f"warning: {message}", err=True)
    try:
        command.main(args=arguments, prog_name=name, standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except ColanetError as error:
        for line in str(error).splitlines():
            click.echo(line, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        click.echo("interrupted", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
