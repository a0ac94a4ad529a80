"""The page on commands, made from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from colanet.cli import cli

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
    rows = "".join(_row(option, context) for option in command.get_params(context))
    text = " ".join((command.help or "").split("\f")[0].split()).replace("*", r"\*").replace("<", r"\<")
    table = f"\n| argument or option | meaning | default |\n| --- | --- | --- |\n{rows}"
    return f"\n## {words}\n\n{text}\n\n```text\n{usage}\n```\n{table}"


def metavar(argument: click.Argument) -> str:
    """How an argument is called in a command line."""
    return argument.metavar or (argument.name or "").upper()


def _row(option: click.Parameter, context: click.Context) -> str:
    if isinstance(option, click.Argument):
        return f"| `{metavar(option)}` | | |\n"
    assert isinstance(option, click.Option)
    record = option.get_help_record(context)
    if record is None:
        return ""
    default = option.default
    given = "" if default in (None, False, ()) or callable(default) or "UNSET" in repr(default) else f"`{default}`"
    text = (option.help or "").replace("|", r"\|").replace("<", r"\<").replace("*", r"\*")
    times = " Repeatable." if option.multiple else ""
    needed = " Needed." if option.required else ""
    return f"| `{record[0].replace('|', chr(92) + '|')}` | {text}{times}{needed} | {given} |\n"
