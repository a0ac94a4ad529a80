"""The errors a user can meet. Each prints as one clear line per problem.

The command line turns every `ColanetError` into those lines on standard error and exit status 2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


class ColanetError(Exception):
    """Base class of everything colanet reports to its user."""


def printable(text: str) -> str:
    r"""A text as one line; what a file puts into it cannot break the line or steer a terminal.

    Characters that do not print, line breaks among them, stand as Python writes them (`\n`, `\u202e`).
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class _OneLine(ColanetError):
    """An error of one line, whatever names it quotes."""

    def __str__(self) -> str:
        return printable(super().__str__())


class DataError(_OneLine):
    """A data file is missing, short, of the wrong size or holds impossible values."""


class DataWarning(UserWarning):
    """Data can be used, but probably not as meant."""


class CheckpointError(_OneLine):
    """A saved state does not fit the network, the seed or this version."""


class OutputError(_OneLine):
    """A file or folder cannot be written: the disk is full, the folder is gone, the path is a device."""


class BackendUnavailable(ColanetError):
    """An engine or an optional library cannot be used on this machine."""


def first_line(error: BaseException) -> str:
    """The first line of what an error says, or the name of its type if it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def one_line(error: BaseException) -> str:
    """One line about an error that another package raised: its type, and the first line of what it says."""
    name, line = type(error).__name__, first_line(error)
    return name if line == name else f"{name}: {line}"


_LONG_WORD = re.compile(r"\S{301,}")
"""A file can have names of any length; a message shows their beginning."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a configuration.

    Attributes
    ----------
    message : str
        What is wrong and what was expected.
    where : str
        The element or field, for example ``population L: tau_m``.
    file : str or None
        The configuration file.
    line : int or None
        Line in that file, counted from 1.
    """

    message: str
    where: str = ""
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.line is not None:
            place += f":{self.line}"
        said = (_LONG_WORD.sub(lambda word: word[0][:60] + "...", part) for part in (self.where, self.message))
        return printable(": ".join(part for part in (place, *said) if part))


MOST_SHOWN = 500
"""Of a flood of problems or warnings only so many are printed."""


class ConfigError(ColanetError):
    """A configuration cannot be used. Holds the problems found, one line each when printed.

    Parameters
    ----------
    problems : str, Problem or sequence of Problem
        When printed, only the first `MOST_SHOWN` and the number of the others.
    uncounted : int
        Problems beyond those that are given.
    """

    def __init__(self, problems: str | Problem | Sequence[Problem], uncounted: int = 0) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, cut_short(self.problems, uncounted, "problems"))))


def cut_short(found: Sequence[Problem], uncounted: int, what: str) -> list[Problem]:
    """The first `MOST_SHOWN`, and a last line that counts the others if there are any."""
    more = len(found) + uncounted - MOST_SHOWN
    rest = [Problem(f"and {more} more {what}", file=found[0].file)] if more > 0 else []
    return [*found[:MOST_SHOWN], *rest]
