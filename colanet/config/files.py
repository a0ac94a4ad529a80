"""Loading and saving configurations by the suffix of the file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from colanet.config.check import check_draft
from colanet.config.draft import Draft, assemble
from colanet.config.model import Network
from colanet.config.notices import ConfigWarning
from colanet.config.plugins import put_in
from colanet.config.stand_ins import parse_stand_ins
from colanet.config.xml_reader import draft_xml
from colanet.config.xml_writer import write_xml
from colanet.config.yaml_io import draft_yaml, write_yaml
from colanet.errors import ConfigError, Problem

T = TypeVar("T")

_READERS: dict[str, Callable[..., Draft]] = {
    ".nnc": draft_xml,
    ".xml": draft_xml,
    ".yaml": draft_yaml,
    ".yml": draft_yaml,
}
_WRITERS: dict[str, Callable[..., str]] = {
    ".nnc": write_xml,
    ".xml": write_xml,
    ".yaml": write_yaml,
    ".yml": write_yaml,
}


def _by_suffix(table: dict[str, Callable[..., T]], path: str | os.PathLike[str]) -> Callable[..., T]:
    suffix = Path(path).suffix.lower()
    if suffix not in table:
        message = f"unknown kind of file {suffix!r:.60}; a configuration ends in {', '.join(table)}"
        raise ConfigError(Problem(message, file=os.fspath(path)))
    return table[suffix]


def check_suffix(path: str | os.PathLike[str]) -> None:
    """ConfigError unless a configuration can be written under this name, by its ending."""
    _by_suffix(_WRITERS, path)


def load_with_notices(
    path: str | os.PathLike[str], *, lenient: bool = False, stand_ins: Iterable[str] = ()
) -> tuple[Network, list[Problem]]:
    """A network and its warnings; see `load`.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    reader = _by_suffix(_READERS, path)
    draft = put_in(assemble(reader(path, lenient=lenient, stand_ins=parse_stand_ins(stand_ins))))
    check_draft(draft)
    return draft.result(), draft.notices()


def load(path: str | os.PathLike[str], *, lenient: bool = False, stand_ins: Iterable[str] = ()) -> Network:
    """Read and check a configuration (`.nnc`, `.xml`, `.yaml`, `.yml`).

    Parameters
    ----------
    path : path
    lenient : bool
        Unknown elements and fields give a `ConfigWarning` instead of an error.
    stand_ins : iterable of str
        ``NAME=noise``, ``NAME=noise:SIZE`` or ``NAME=noise:SIZE:RATE``: noise in the place of inputs of plug-ins,
        by the name of the input or of its library.

    Returns
    -------
    Network

    Raises
    ------
    ConfigError
        With every problem of the file, also if it is missing.
    """
    network, notices = load_with_notices(path, lenient=lenient, stand_ins=stand_ins)
    for notice in notices:
        warnings.warn(str(notice), ConfigWarning, stacklevel=2)
    return network


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a configuration in the format of the suffix; the file is whole or not there.

    Raises
    ------
    ConfigError
        If the suffix is unknown.
    OutputError
        If the file cannot be written.
    """
    _by_suffix(_WRITERS, path)(network, path)
