"""Blocks of code on the pages, and the commands in them, taken apart as a shell would."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
TOP = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in TOP), *sorted((ROOT / "docs").glob("*.md"))]
INDENTED = "indented"


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes
    ----------
    page : str
        Name of the file without its suffix.
    line : int
        Of its first line, from 1.
    language : str
        The word behind the fence, or `INDENTED`.
    text : str
    """

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}-{self.line}-{self.language or 'none'}"


def blocks_of(page: str, text: str) -> Iterator[Block]:
    """All blocks of a page: fenced ones, in lists too, and those of four blanks behind an empty line."""
    lines = text.splitlines()
    i = 0
    while i < len(lines):
        fence = re.match(r"( *)(```+)(\w*) *$", lines[i])
        if fence:
            stop = next(k for k in range(i + 1, len(lines)) if lines[k].strip() == fence[2])
            body = [line.removeprefix(fence[1]) for line in lines[i + 1 : stop]]
            yield Block(page, i + 2, fence[3], "\n".join(body) + "\n")
            i = stop + 1
        elif lines[i].startswith("    ") and i and not lines[i - 1].strip() and not _in_a_list(lines[:i]):
            stop = i
            while stop < len(lines) and (lines[stop].startswith("    ") or not lines[stop].strip()):
                stop += 1
            yield Block(page, i + 1, INDENTED, "\n".join(line[4:] for line in lines[i:stop]).rstrip() + "\n")
            i = stop
        else:
            i += 1


def _in_a_list(before: list[str]) -> bool:
    """Whether what is indented here goes on with a point of a list."""
    for line in reversed(before):
        if line.strip() and not line.startswith(" "):
            return re.match(r"([-*]|\d+\.) ", line) is not None
    return False


def commands_of(text: str) -> Iterator[list[str]]:
    """The words of each simple command of a script, without assignments, comments and redirections."""
    text = re.sub(r"(?:^|(?<=[ \t]))#[^\n]*", "", text.replace("\\\n", " "), flags=re.MULTILINE)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&<>\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    words: list[str] = []
    redirected = False
    for token in [*lexer, "\n"]:
        if set(token) <= set(";|&\n"):
            if words:
                yield words
            words = []
        elif set(token) <= set("<>"):
            redirected = True
        elif redirected:
            redirected = False
        elif (words or not re.match(r"\w+=", token)) and token not in ("do", "done"):
            words.append(token)


def parse(command: click.Command, words: list[str]) -> None:
    """Parse a command line without running it; `click.UsageError` if it could not be run."""
    context = click.Context(command)
    words = list(words)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        inner = command.get_command(context, name)
        if inner is None:
            raise click.UsageError(f"there is no command {name}")
        command, context = inner, click.Context(inner, info_name=name, parent=context)
    if not words and isinstance(command, click.Group):
        raise click.UsageError("a command is missing")
    values, rest, _ = command.make_parser(context).parse_args(words)
    if rest:
        raise click.UsageError(f"{rest[0]} is one word too many")
    if "help" in values:
        return
    for parameter in command.get_params(context):
        given = values.get(parameter.name or "")
        missing = not isinstance(given, str | int | float | list | tuple) or given == ()
        if missing and parameter.required:
            raise click.UsageError(f"{parameter.name} is missing")
        if not missing and isinstance(parameter.type, click.Choice | click.types.IntParamType):
            for one in given if isinstance(given, list | tuple) else [given]:
                if not (isinstance(one, str) and one.isupper()):
                    parameter.type.convert(one, parameter, context)
