"""Loading and saving configurations by the suffix of the file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

from colanet.config.check import check_draft
from colanet.config.draft import Draft, assemble
from colanet.config.model import Network
from colanet.config.notices import ConfigWarning
from colanet.config.xml_reader import draft_xml
from colanet.config.xml_writer import write_xml
from colanet.config.yaml_io import draft_yaml, write_yaml
from colanet.errors import ConfigError, Problem

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


def _by_suffix(table: dict[str, Callable], path: str | os.PathLike[str]) -> Callable:
    suffix = Path(path).suffix.lower()
    if suffix not in table:
        message = f"unknown kind of file {suffix!r:.60}; a configuration ends in {', '.join(table)}"
        raise ConfigError(Problem(message, file=os.fspath(path)))
    return table[suffix]


def load_with_notices(
    path: str | os.PathLike[str], *, lenient: bool = False
) -> tuple[Network, list[Problem]]:
    """A network and its warnings.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    draft = assemble(_by_suffix(_READERS, path)(path, lenient=lenient))
    check_draft(draft)
    return draft.result(), draft.notices()


def load(path: str | os.PathLike[str], *, lenient: bool = False) -> Network:
    """Read and check a configuration (`.nnc`, `.xml`, `.yaml`, `.yml`).

    Parameters
    ----------
    path : path
    lenient : bool
        Unknown elements and fields give a `ConfigWarning` instead of an error.

    Returns
    -------
    Network

    Raises
    ------
    ConfigError
        With every problem of the file, also if it is missing.
    """
    network, notices = load_with_notices(path, lenient=lenient)
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
