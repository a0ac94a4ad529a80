"""Every field of a description: bounds, default, unit, word in XML, meaning; made from the classes themselves.

``python -m colanet.config.fields > docs/fields.md`` writes the page.
"""

from __future__ import annotations

import inspect
import math
import re
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from colanet.config import model as m
from colanet.config.inputs import _Input
from colanet.config.values import Discrete, Frozen, LogNormal, LogUniform, Uniform
from colanet.config.xml_words import XML
from colanet.units import LARGEST_SIZE, unit_of

SECTIONS: tuple[tuple[str, str, type[Frozen]], ...] = (
    ("Document", "", m.Network),
    ("Inputs of every kind", "inputs", _Input),
    ("Inputs: noise", "inputs", m.NoiseInput),
    ("Inputs: text", "inputs", m.TextInput),
    ("Inputs: binary", "inputs", m.BinaryInput),
    ("Inputs: image", "inputs", m.ImageInput),
    ("Inputs: text_values", "inputs", m.ValuesInput),
    ("Inputs: plugin", "inputs", m.PluginInput),
    ("Targets: object_target, state_target", "inputs", m.TargetInput),
    ("Populations", "populations", m.Population),
    ("Projections", "projections", m.Projection),
    ("Readout", "readout", m.Readout),
)
"""Heading, the list of the file that such descriptions stand in, their class."""
_SHAPES = {
    Uniform: "`{uniform: [low, high]}`", LogUniform: "`{log_uniform: [low, high]}`",
    LogNormal: "`{log_normal: [mean, s.d.]}`", Discrete: "`{default: value, values: [[value, share], ...]}`",
}  # fmt: skip
INFINITE = "`.inf`"
LARGE = 10**6
_PLAIN = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text", dict: "names with values"}

_HEAD = """# Fields of a configuration

After reading this page you know every field: what it may hold, what it is unless given, and what it means.

```bash
python -m colanet.config.fields > docs/fields.md      # makes this page from the classes in colanet/config
```

[Configurations](configuration.md) shows how a file is written, and names the page of the equations.
[Words](words.md) lists every word of XML. *Ours* stands for what ArNI-X has not.
The potential's unit is that in which the base threshold is 8.531. A step is 1 ms.
"""
_COLUMNS = "| field | meaning | allowed | default | unit | in XML |\n| --- | --- | --- | --- | --- | --- |\n"


# ------------------------------------------------------------------- what is said


def meanings(cls: type[BaseModel]) -> dict[str, tuple[str, str]]:
    """Unit and meaning of each field, out of the part Attributes of the class's docstring and of those below it."""
    found: dict[str, tuple[str, str]] = {}
    for one in reversed(cls.__mro__):
        if issubclass(one, Frozen) and one.__doc__:
            text = inspect.cleandoc(one.__doc__).partition("Attributes\n----------\n")[2]
            for entry in re.split(r"\n(?=\w+ : )", text):
                head, _, body = entry.partition("\n")
                name, _, kind = head.partition(" : ")
                unit = re.search(r" \(([\w ]+)\)$", kind)
                body = body.partition("\n\n")[0]
                found[name] = (unit[1] if unit else "", re.sub(r"\bNone\b", "none", " ".join(body.split())))
    return found


def own_fields(cls: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """The fields of a class without those of every input, which have a section of their own; its kind first."""
    common = _Input.model_fields if cls is not _Input and issubclass(cls, _Input) else {}
    yield from ((name, field) for name, field in cls.model_fields.items() if name not in common)


# ----------------------------------------------------------------- what is allowed


def allowed(annotation: Any, metadata: tuple[Any, ...] = ()) -> str:
    """Type and bounds in words: ``whole number, 1 to 16``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return allowed(inner, (*metadata, *more))
    if origin is Literal:
        return ", ".join(f"`{value}`" if value != "" else "nothing" for value in get_args(annotation))
    if origin in (Union, types.UnionType):
        parts = [allowed(part, metadata) for part in get_args(annotation) if part is not type(None)]
        return " or ".join(part for part in dict.fromkeys(parts) if part.replace(_PLAIN[int], "number") == part or
                           part.replace(_PLAIN[int], "number") not in parts)  # fmt: skip
    if origin is tuple:
        return _listed(get_args(annotation))
    if origin is dict or annotation in _PLAIN:
        range_ = _range(metadata)
        return range_ if range_ == INFINITE else _PLAIN[origin or annotation] + range_
    return _SHAPES.get(annotation, "a mapping, see there" if annotation is m.Readout else "a mapping")


def _listed(parts: tuple[Any, ...]) -> str:
    if parts[-1] is Ellipsis:
        return "list of pairs" if get_origin(parts[0]) is tuple else "list"
    return f"{len(parts)} of: {allowed(parts[0])}"


def _range(metadata: tuple[Any, ...]) -> str:
    """Bounds in words; those that only keep integers from overflowing stand in docs/limits.md."""
    flat = [inner for item in metadata for inner in (item.metadata if isinstance(item, FieldInfo) else (item,))]
    low, above, high = (
        next((getattr(item, name) for item in flat if hasattr(item, name)), None) for name in ("ge", "gt", "le")
    )
    if low == math.inf:
        return INFINITE
    unit = unit_of(flat)
    if unit and (largest := float(unit.largest)) < LARGE:
        high = largest if high is None else high
        low = -largest if low is None and above is None else low
    high = None if high is not None and high > LARGEST_SIZE else high
    most = "" if high is None else f", at most {_number(high)}"
    if above is not None:
        return f", above {_number(above)}{most}"
    if low is None:
        return most
    return f", at least {_number(low)}" if high is None else f", {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.12g}" if isinstance(value, float) else f"{value:,}"


# --------------------------------------------------------------------------- page


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "needed"
    if field.default is None:
        return "none"
    if field.default in ((), {}):
        return "empty"
    if isinstance(field.default, bool):
        return f"`{field.default}`".lower()
    return f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`"


def _rows(place: str, cls: type[BaseModel]) -> Iterator[str]:
    said = meanings(cls)
    for name, field in own_fields(cls):
        unit, meaning = said.get(name, ("", ""))
        holds = allowed(field.annotation, tuple(field.metadata))
        cells = [f"`{name}`", meaning, holds, _default(field), unit, _in_xml(place, cls, name)]
        yield f"| {' | '.join(cells)} |\n"


def _in_xml(place: str, cls: type[BaseModel], name: str) -> str:
    if cls is m.Network and name in XML.nouns:
        return f"`{XML.nouns[name]}`"
    if name == "kind" and cls in (m.TargetInput, m.PluginInput):
        return "`lib`"
    kind = cls.model_fields["kind"].default if "kind" in cls.model_fields else ""
    return f"`{XML.field_name(place, kind, name)}`"


def page() -> str:
    """The page in Markdown."""
    parts = [_HEAD]
    for title, place, cls in SECTIONS:
        first = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0]
        parts.append(f"\n## {title}\n\n{' '.join(first.split())}\n\n{_COLUMNS}")
        parts.extend(_rows(place, cls))
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
