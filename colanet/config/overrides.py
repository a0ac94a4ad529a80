"""Changing single values of a network from the command line: ``population.L.hebbian_rate=-0.1``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from colanet.config import yaml_source
from colanet.config.check import check
from colanet.config.messages import explain
from colanet.config.model import Network, Readout
from colanet.errors import ConfigError, Problem

_SECTIONS = {"input": "inputs", "population": "populations", "projection": "projections"}
_SHAPES = "population.NAME.FIELD, input.NAME.FIELD, projection.SOURCE->TARGET.FIELD, projection.INDEX.FIELD"


def override(network: Network, path: str, value: str) -> Network:
    """The network with one value changed, validated and checked again.

    Parameters
    ----------
    network : Network
    path : str
        ``population.L.tau_m``, ``input.R.period``, ``projection.R->L.weight``, ``projection.2.weight``
        (counted from 0), ``readout.population``, ``copies`` or ``state``.
    value : str
        As in YAML; distributions as ``{uniform: [1, 30]}``, nothing as ``null``.

    Raises
    ------
    ConfigError
        If there is no such thing, naming what there is, or if the value does not fit.
    """
    return override_all(network, {path: value})


def override_all(network: Network, changes: Mapping[str, str]) -> Network:
    """The network with several values changed at once; only the result has to be consistent.

    Raises
    ------
    ConfigError
        With every problem of the changes.
    """
    problems: list[Problem] = []
    edits: dict[tuple[str, int], dict[str, tuple[str, Any]]] = {}
    for path, text in changes.items():
        try:
            section, index, field, value = _edit(network, path, text)
            edits.setdefault((section, index), {})[field] = (path, value)
        except ConfigError as error:  # noqa: PERF203 -- all of them at once
            problems.extend(Problem(problem.message, path) for problem in error.problems)
    parts: dict[str, Any] = {name: getattr(network, name) for name in Network.model_fields}
    for (section, index), fields in edits.items():
        problems.extend(_apply(parts, section, index, fields))
    if problems:
        raise ConfigError(problems)
    changed = Network.model_construct(**parts)
    problems = check(changed)
    if problems:
        raise ConfigError(problems)
    return changed


def _edit(network: Network, path: str, text: str) -> tuple[str, int, str, Any]:
    """Section, index, field and value of one change. ConfigError if there is no such field or it is no value."""
    section, index, field = _locate(network, path)
    # A hyphen alone begins a list in YAML; it is the usual label of no_class.
    plain = '"-"' if text.strip() == "-" else text
    value, _ = yaml_source.parse(f"{field}: {plain}" if "\n" not in text else "", path)
    if not isinstance(value, dict) or set(value) != {field}:
        raise ConfigError(Problem(f"{text!r:.60} is not a value, expected a number, a word or YAML", path))
    return section, index, field, value[field]


def parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """`FIELD=VALUE` of a command line's --set as changes for `override_all`.

    Raises
    ------
    ConfigError
        If there is no equals sign.
    """
    changes = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(f"--set {setting}: expected FIELD=VALUE")
        changes[path.strip()] = value.strip()
    return changes


def current(network: Network, path: str) -> Any:
    """The value of a field, named as for `override`.

    Raises
    ------
    ConfigError
        If there is no such thing, naming what there is.
    """
    section, index, field = _locate(network, path)
    owner: Any = getattr(network, section) if section else network
    return getattr(owner[index] if section in _SECTIONS.values() else owner, field, None)


def _locate(network: Network, path: str) -> tuple[str, int, str]:
    """(section, index, field); the section is '' for the network itself."""
    words = [word.strip() for word in path.strip().split(".")]
    if words in (["copies"], ["state"]):
        return "", 0, words[0]
    if len(words) == 2 and words[0] == "readout":
        return "readout", 0, _field(words[1], Readout, path)
    if len(words) != 3 or words[0] not in _SECTIONS:
        raise ConfigError(Problem(f"expected {_SHAPES}, readout.FIELD, copies or state", path))
    section = _SECTIONS[words[0]]
    items = getattr(network, section)
    index = _projection(items, words[1], path) if section == "projections" else _named(items, words[1], path)
    return section, index, _field(words[2], type(items[index]), path)


def _field(name: str, cls: type, path: str) -> str:
    fields = [field for field in cls.model_fields if field not in ("name", "kind") or cls is Readout]  # type: ignore[attr-defined]
    if "connection" in cls.model_fields:  # type: ignore[attr-defined]
        fields.append("kind")
    if name not in fields:
        raise ConfigError(Problem(f"there is no field {name}; known: {', '.join(fields)}", path))
    return name


def _named(items: Any, name: str, path: str) -> int:
    names = [item.name for item in items]
    if name not in names:
        raise ConfigError(Problem(f"there is no {name}; known: {', '.join(names) or 'none'}", path))
    return names.index(name)


def _projection(items: Any, word: str, path: str) -> int:
    names = [f"{item.source}->{item.target}" for item in items]
    listed = ", ".join(f"{index} ({name})" for index, name in enumerate(names))
    if word.isascii() and word.isdigit() and len(word) < 10 and int(word) < len(names):
        return int(word)
    found = names.count(word)
    if found == 1:
        return names.index(word)
    what = "there is no projection" if not found else "more than one projection is called"
    raise ConfigError(Problem(f"{what} {word}; known: {listed or 'none'}", path))


def _apply(
    parts: dict[str, Any], section: str, index: int, fields: dict[str, tuple[str, Any]]
) -> list[Problem]:
    """Replace one object by its changed copy; returns what is wrong with it."""
    values = {field: value for field, (_, value) in fields.items()}
    items = parts[section] if section in _SECTIONS.values() else None
    if section == "":
        old = Network.model_construct(**parts)
        cls: Any = Network
    else:
        old = items[index] if items is not None else parts["readout"]
        cls = Readout if section == "readout" else type(old)
    data = {name: getattr(old, name) for name in old.model_fields_set} if old is not None else {}
    data.update(values)
    try:
        new = cls.model_validate(data)
    except ValidationError as error:
        path = next(iter(fields.values()))[0]
        found = explain(error, data, cls)
        return [
            Problem(message, fields[str(p[0])][0] if p and p[0] in fields else path) for p, message in found
        ]
    if section == "":
        parts.update({name: getattr(new, name) for name in values})
    elif items is None:
        parts["readout"] = new
    else:
        parts[section] = (*items[:index], new, *items[index + 1 :])
    return []
