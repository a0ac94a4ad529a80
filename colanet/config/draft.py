"""Between a file and the description: plain data, where each piece of it stood, and what is wrong with it.

A reader fills a `Draft`; `assemble` turns it into a `Network`. Nothing stops at the first problem.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from colanet.config import model
from colanet.config.messages import explain
from colanet.config.stand_ins import StandIn
from colanet.errors import ConfigError, Problem, cut_short

Path = tuple[str | int, ...]

INPUT_CLASSES: dict[str, type[model.Frozen]] = {
    "noise": model.NoiseInput,
    "text": model.TextInput,
    "binary": model.BinaryInput,
    "image": model.ImageInput,
    "text_values": model.ValuesInput,
    "plugin": model.PluginInput,
    "object_target": model.TargetInput,
    "state_target": model.TargetInput,
}
KEPT_PROBLEMS = 5000
"""Of a flood of problems or warnings so many are kept, and the others counted."""
SECTIONS = ("inputs", "populations", "projections")
ANY_NAME = ":any"
"""Among the broken names: an object whose name is not known either. No object can be called so."""


@dataclass(frozen=True)
class Place:
    """File and line, counted from 1."""

    file: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The words of a file format, for messages: nouns of the objects, and names of their fields."""

    nouns: Mapping[str, str]
    field_name: Callable[[str, Any, str], str] = lambda section, kind, name: name


OURS = Vocabulary(
    {"inputs": "input", "populations": "population", "projections": "projection", "readout": "readout"}
)


@dataclass
class Draft:
    """What a reader found.

    Attributes
    ----------
    stand_ins : tuple of StandIn
        What takes the place of plug-ins.
    data : dict
        Field names and values of `Network`, not validated.
    places : dict of path to Place
        For example ``("populations", 0, "tau_m")``; ``()`` is the document.
    problems, warnings
        What the reader itself had to say.
    network : Network or None
        Set by `assemble`: what could be understood, also when there are problems.
    kept : dict of section to list of int
        Original indices of the objects in `network`.
    broken : set of str
        Names of the objects that could not be understood.
    uncounted, uncounted_warnings : int
        Problems and warnings beyond those that are kept.
    left_out : set of str
        Libraries whose part the reader left out, because a stand-in takes their place.
    """

    vocabulary: Vocabulary = OURS
    lenient: bool = False
    stand_ins: tuple[StandIn, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    network: model.Network | None = None
    kept: dict[str, list[int]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    uncounted: int = 0
    uncounted_warnings: int = 0
    left_out: set[str] = field(default_factory=set)

    def place(self, path: Path) -> Place:
        """The place of the longest known prefix of the path."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place())

    def where(self, path: Path) -> str:
        """The object and field in the words of the file, for example ``Section L: chartime``."""
        if not path:
            return ""
        section = str(path[0])
        noun = self.vocabulary.nouns.get(section)
        if noun is None:
            return self.vocabulary.field_name("", None, section)
        rest = path[1:]
        item = self.data.get(section)
        if section in SECTIONS and not rest:
            return section
        label = noun
        if section in SECTIONS and rest and isinstance(item, list):
            item = item[int(rest[0])]
            label = f"{noun} {_title(item, int(rest[0]))}"
            rest = rest[1:]
        if not rest:
            return label
        kind = item.get("kind") if isinstance(item, dict) else None
        return f"{label}: {self.vocabulary.field_name(section, kind, str(rest[0]))}"

    def add(self, path: Path, message: str, *, warning: bool = False) -> None:
        """Note a problem (or a warning) of the thing at `path`."""
        if self.is_full(warning=warning):
            self.count(1, warning=warning)
            return
        place = self.place(path)
        self.note(Problem(message, self.where(path), place.file, place.line), warning=warning)

    def note(self, problem: Problem, *, warning: bool = False) -> None:
        """Keep a problem or a warning; of a flood of them only the first few thousand."""
        if self.is_full(warning=warning):
            self.count(1, warning=warning)
        else:
            (self.warnings if warning else self.problems).append(problem)

    def is_full(self, *, warning: bool = False) -> bool:
        """Whether problems (or warnings) are only counted from here on."""
        return len(self.warnings if warning else self.problems) >= KEPT_PROBLEMS

    def count(self, number: int, *, warning: bool = False) -> None:
        """Count problems (or warnings) that are not kept."""
        if warning:
            self.uncounted_warnings += number
        else:
            self.uncounted += number

    def unknown(self, path: Path, message: str) -> None:
        """Note something unknown: a problem, or a warning when reading leniently."""
        self.add(path, message, warning=self.lenient)

    def result(self) -> model.Network:
        """The network.

        Raises
        ------
        ConfigError
            With every problem noted so far, in the order of the lines.
        """
        if self.problems or self.network is None:
            problems = sorted(self.problems, key=lambda p: (p.file or "", p.line or 0))
            raise ConfigError(problems, self.uncounted)
        return self.network

    def notices(self) -> list[Problem]:
        """The warnings to show."""
        return cut_short(self.warnings, self.uncounted_warnings, "warnings")


def _title(item: Any, index: int) -> str:
    if isinstance(item, dict):
        if isinstance(item.get("name"), str):
            return f"{item['name']:.60}"
        if "source" in item or "target" in item:
            return f"{item.get('source', '?')!s:.60}->{item.get('target', '?')!s:.60}"
    return f"number {index + 1}"


def assemble(draft: Draft) -> Draft:
    """Validate the data of a draft object by object; sets `network`, `kept`, `broken` and adds problems."""
    data, before = draft.data, len(draft.problems)
    _drop_unknown(draft, (), data, model.Network)
    parts: dict[str, Any] = {name: _objects(draft, name) for name in SECTIONS}
    readout = data.get("readout")
    if readout is not None:
        parts["readout"] = _object(draft, ("readout",), readout, model.Readout)
    rest = {key: value for key, value in data.items() if key not in (*SECTIONS, "readout")}
    head = _object(draft, (), {**rest, "populations": [_STAND_IN]}, model.Network)
    if not data.get("populations") and len(draft.problems) == before:
        draft.add(("populations",), "a network needs at least one population")
    values = {name: getattr(head, name) for name in model.Network.model_fields} if head else {}
    draft.network = model.Network.model_construct(**{**values, **parts})
    return draft


_STAND_IN = {"name": "stand-in", "size": 1}


def _objects(draft: Draft, section: str) -> tuple[Any, ...]:
    items = draft.data.get(section)
    found: list[Any] = []
    draft.kept[section] = []
    if items is not None and not isinstance(items, list):
        draft.add((section,), "expected a list")
        draft.broken.add(ANY_NAME)
        return ()
    for index, item in enumerate(items or []):
        path: Path = (section, index)
        cls = _class_of(draft, path, item)
        made = _object(draft, path, item, cls) if cls else None
        if made is not None:
            found.append(made)
            draft.kept[section].append(index)
        elif isinstance(item, dict):
            draft.broken.add(str(item.get("name", "" if section == "projections" else ANY_NAME)))
        elif section != "projections":
            draft.broken.add(ANY_NAME)
    return tuple(found)


def _class_of(draft: Draft, path: Path, item: Any) -> type[model.Frozen] | None:
    if path[0] != "inputs":
        return model.Population if path[0] == "populations" else model.Projection
    if not isinstance(item, dict):
        return model.NoiseInput  # any class: the item is refused for not being a mapping
    kind = item.get("kind")
    if isinstance(kind, str) and kind in INPUT_CLASSES:
        return INPUT_CLASSES[kind]
    expected = "expected one of " + ", ".join(INPUT_CLASSES)
    draft.add((*path, "kind"), "is missing; " + expected if kind is None else f"{expected}, not {kind!r:.60}")
    return None


def _object(draft: Draft, path: Path, item: Any, cls: type[model.Frozen]) -> Any:
    if not isinstance(item, dict):
        draft.add(path, f"expected a mapping with the fields {', '.join(cls.model_fields)}")
        return None
    _drop_unknown(draft, path, item, cls)
    try:
        return cls.model_validate(item)
    except ValidationError as error:
        if draft.is_full():
            draft.count(error.error_count())
            return None
        for sub_path, message in explain(error, item, cls):
            draft.add(path + sub_path, message)
        return None


def _drop_unknown(draft: Draft, path: Path, item: dict[str, Any], cls: type[model.Frozen]) -> None:
    for key in [key for key in item if key not in cls.model_fields]:
        draft.unknown((*path, key), "unknown field; known: " + ", ".join(cls.model_fields))
        del item[key]
