"""Noise in the place of plug-ins: the words of a command line that ask for it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from colanet.config.whole import whole
from colanet.errors import ConfigError
from colanet.units import LARGEST_SIZE

RATE = 0.01
"""Probability of a spike per node and step, unless a stand-in says another."""

_STAND_IN = re.compile(r"(?P<name>[^=]+)=noise(:(?P<size>[^:]*))?(:(?P<rate>[^:]+))?")


@dataclass(frozen=True)
class StandIn:
    """Noise in the place of a plug-in.

    Attributes
    ----------
    name : str
        Of an input, or of the library that inputs or the readout name.
    size : int or None
        Nodes; None: as the file says.
    rate : float
        Probability of a spike per node and step.
    """

    name: str
    size: int | None = None
    rate: float = RATE


def parse_stand_ins(words: Iterable[str]) -> tuple[StandIn, ...]:
    """`NAME=noise`, `NAME=noise:SIZE` or `NAME=noise:SIZE:RATE` of a command line; SIZE may be empty.

    Raises
    ------
    ConfigError
    """
    return tuple(map(_parse, words))


def _parse(word: str) -> StandIn:
    found = _STAND_IN.fullmatch(word.strip())
    if not found:
        raise ConfigError(f"--stand-in {word}: expected NAME=noise, NAME=noise:SIZE or NAME=noise:SIZE:RATE")
    size = whole(found["size"]) if found["size"] else None
    if found["size"] and (size is None or not 1 <= size <= LARGEST_SIZE):
        expected = f"a whole number from 1 to {LARGEST_SIZE}"
        raise ConfigError(f"--stand-in {word}: the size is {expected}, not {found['size']}")
    try:
        rate = RATE if found["rate"] is None else float(found["rate"])
    except ValueError:
        rate = -1.0
    if not 0 <= rate <= 1:
        raise ConfigError(f"--stand-in {word}: the rate is a probability from 0 to 1, not {found['rate']}")
    return StandIn(found["name"].strip(), size, rate)
