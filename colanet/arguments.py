"""Arguments of Python calls, checked as the command line checks its options."""

from __future__ import annotations

import operator
from typing import Any

from colanet.errors import ConfigError, Problem


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """A whole number in a range, as a Python int; those of NumPy count too.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    value : object
    low, high : int
        Both allowed; `high` None: any.

    Raises
    ------
    ConfigError
        If it is anything else.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        span = f"{low} or more" if high is None else f"{low} to {high}"
        raise ConfigError(Problem(f"expected a whole number, {span}, not {value!r:.40}", name))
    return number


def whole_or_none(name: str, value: Any, low: int, high: int | None = None) -> int | None:
    """`whole`, or None. ConfigError as for `whole`."""
    return None if value is None else whole(name, value, low, high)
