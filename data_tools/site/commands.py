"""The page on commands, made from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from colanet.cli import cli
from colanet.commands.examples import EXAMPLES

HEAD = """# Commands

After reading this page you know every command and option. It is made from what `colanet COMMAND --help` prints.

| command | what it does |
| --- | --- |
"""


def leaves(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """The words and the command of everything that can be called."""
    if not isinstance(command, click.Group):
        yield " ".join(words), command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is not None:
            yield from leaves(inner, (*words, name))


def page() -> str:
    """The page in Markdown."""
    found = list(leaves(cli, ("colanet",)))
    rows = "".join(f"| [`{words}`](#{words.replace(' ', '-')}) | {_first(command)} |\n" for words, command in found)
    return HEAD + rows + "".join(_section(words, command) for words, command in found)


def _first(command: click.Command) -> str:
    return command.get_short_help_str(limit=200)


def _section(words: str, command: click.Command) -> str:
    context = click.Context(command, info_name=words)
    usage = " ".join([words, *command.collect_usage_pieces(context)])
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    rows = "".join(_row(option, context) for option in options)
    text = " ".join((command.help or "").split("\f")[0].split()).replace("*", r"\*").replace("<", r"\<")
    table = f"\n| option | meaning | default |\n| --- | --- | --- |\n{rows}"
    calls = "\n".join(EXAMPLES.get(words.partition(" ")[2], ()))
    return f"\n## {words}\n\n{text}\n\n```text\n{usage}\n```\n\n```bash\n{calls}\n```\n{table}"


def _row(option: click.Option, context: click.Context) -> str:
    record = option.get_help_record(context)
    if record is None:
        return ""
    default = option.default
    given = f"`{default}`" if isinstance(default, str | int | float) and default is not False else ""
    text = (option.help or "").replace("|", r"\|").replace("<", r"\<").replace("*", r"\*")
    times = " Repeatable." if option.multiple and "epeatable" not in text else ""
    needed = " Needed." if option.required else ""
    return f"| `{record[0].replace('|', chr(92) + '|')}` | {text}{times}{needed} | {given} |\n"
