"""The `colanet` command. Subcommands are imported only when they are called."""

from __future__ import annotations

import importlib

import click

from colanet.commands.examples import with_examples
from colanet.programs import run_safely
from colanet.version import __version__

COMMANDS = {
    "run": ("colanet.commands.run", "run", "Train and test the network of a configuration."),
    "train": ("colanet.commands.train", "train", "Make a network for your own data, train and test it."),
    "predict": ("colanet.commands.predict", "predict", "Answer new samples with a trained network."),
    "continual": ("colanet.commands.continual", "continual", "Learn task after task, test what is remembered."),
    "picture": ("colanet.commands.picture", "picture", "Draw receptive fields and spikes."),
    "report": ("colanet.commands.report", "report", "Write results as one HTML page."),
    "plan": ("colanet.commands.plan", "plan", "Print what a step of a network does, in which order."),
    "export": ("colanet.commands.export", "export", "Write a trained network in another form."),
    "quantise": ("colanet.commands.quantise", "quantise", "Measure what fewer bits cost in accuracy."),
    "damage": ("colanet.commands.damage", "damage", "Damage synapses, neurons and weights of a saved network."),
    "bench": ("colanet.commands.bench", "bench", "Measure the speed of training and testing."),
    "search": ("colanet.commands.search", "search", "Search the parameters of an experiment."),
    "validate": ("colanet.commands.validate", "validate", "Check configurations and report every problem."),
    "convert": ("colanet.commands.convert", "convert", "Convert a configuration between XML and YAML."),
    "doctor": ("colanet.commands.doctor", "doctor", "Say what is installed, which engines work, where data lie."),
    "memory": (
        "colanet.associative.commands",
        "memory",
        "Associative memories: retrieval, capacity, energy.",
    ),
}


class LazyGroup(click.Group):
    """Knows its subcommands by name; `colanet --help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all subcommands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The subcommand of that name, imported; None if there is none."""
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        return with_examples(name, getattr(importlib.import_module(module), attribute))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of all subcommands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="colanet")
def cli() -> None:
    """Simulate spiking column networks, bit for bit."""


def main(arguments: list[str] | None = None) -> None:
    """Entry point."""
    run_safely(cli, "colanet", arguments)


if __name__ == "__main__":
    main()
