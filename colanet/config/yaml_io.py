"""Configurations in YAML: the fields of the description, one to one."""

from __future__ import annotations

import math
import os
import warnings
from typing import Any

import yaml

from colanet.atomic import write_text
from colanet.config import yaml_source
from colanet.config.draft import SECTIONS, Draft, Place, assemble
from colanet.config.model import Network
from colanet.config.notices import ConfigWarning
from colanet.config.stand_ins import StandIn
from colanet.config.xml_source import read_bytes
from colanet.errors import ConfigError, Problem

_WIDTH = 110


def read_yaml(path: str | os.PathLike[str], *, lenient: bool = False) -> Network:
    """Read a network from a YAML file; `colanet.config.load` checks it across objects too.

    Raises
    ------
    ConfigError
        With every problem of the file.
    """
    draft = assemble(draft_yaml(path, lenient=lenient))
    network = draft.result()
    for warning in draft.notices():
        warnings.warn(str(warning), ConfigWarning, stacklevel=2)
    return network


def draft_yaml(
    path: str | os.PathLike[str], *, lenient: bool = False, stand_ins: tuple[StandIn, ...] = ()
) -> Draft:
    """Read a file into a draft.

    Raises
    ------
    ConfigError
        If the file is not readable as YAML at all.
    """
    shown = os.fspath(path)
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise ConfigError(Problem("these bytes are not utf-8", file=shown, line=line)) from error
    data, lines = yaml_source.parse(text, shown)
    draft = Draft(lenient=lenient, stand_ins=stand_ins)
    draft.places = {path: Place(shown, line) for path, line in lines.items()}
    draft.places.setdefault((), Place(shown, 1))
    if not isinstance(data, dict):
        raise ConfigError(
            Problem("expected a mapping with the key populations at the top", file=shown, line=1)
        )
    # An empty section or readout is the same as none.
    optional = (*SECTIONS, "readout", "globals")
    draft.data = {key: value for key, value in data.items() if value is not None or key not in optional}
    return draft


# --------------------------------------------------------------------- writing


def write_yaml(network: Network, path: str | os.PathLike[str] | None = None) -> str:
    """The network in YAML, fields at their defaults left out; also written to `path` if that is given.

    Raises
    ------
    OutputError
        If the file cannot be written; then nothing is left behind.
    """
    lines: list[str] = []
    for field in ("copies", "state"):
        value = getattr(network, field)
        if value != type(network).model_fields[field].default:
            lines.append(f"{field}: {_flow(value)}")
    lines += _section("inputs", [_sparse(item, ("name", "kind")) for item in network.inputs])
    lines += _section("populations", [_sparse(item, ("name",)) for item in network.populations])
    lines += _section("projections", [_sparse(item) for item in network.projections], flow=True)
    if network.readout is not None:
        lines += ["", f"readout: {_flow(_sparse(network.readout, ('kind',)))}"]
    if network.globals:
        lines += ["", "globals:", *(f"  - {_flow(list(pair))}" for pair in network.globals)]
    text = "\n".join(lines).lstrip("\n") + "\n"
    if path is not None:
        write_text(path, text)
    return text


def _sparse(item: Any, always: tuple[str, ...] = ()) -> dict[str, Any]:
    """Fields that differ from their defaults, and those of `always`, in the order of the class."""
    dumped = item.model_dump(exclude_defaults=True)
    first = {field: getattr(item, field) for field in always}
    return first | {field: value for field, value in dumped.items() if field not in always}


def _section(name: str, items: list[dict[str, Any]], *, flow: bool = False) -> list[str]:
    if not items:
        return []
    lines = ["", f"{name}:"]
    for item in items:
        one_line = f"  - {_flow(item)}"
        if flow and len(one_line) <= _WIDTH:
            lines.append(one_line)
            continue
        pairs = [f"{key}: {_flow(value)}" for key, value in item.items()]
        lines += [f"  - {pairs[0]}", *(f"    {pair}" for pair in pairs[1:])]
    return lines


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _text(value)
    return str(value)


def _float(value: float) -> str:
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    mantissa, e, exponent = repr(value).partition("e")
    # YAML 1.1 takes 1e-05 for text; with a point it is a number everywhere.
    return mantissa + (".0" if e and "." not in mantissa else "") + e + exponent


def _text(value: str) -> str:
    if yaml_source.means_text(value):
        return value
    return yaml.dump(value, default_style='"', allow_unicode=True, width=1 << 30).rstrip("\n")
