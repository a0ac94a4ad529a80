"""XML shapes of more than one number, each as a reader and a writer: columns, image shapes, distributions."""

from __future__ import annotations

from typing import Any

from lxml import etree

from colanet.config.model import Discrete, Population
from colanet.config.xml_words import SHAPE_WORDS, count, number

_DISTRIBUTIONS = {
    "uni": ("uniform", ("min", "max")),
    "ln": ("log_normal", ("mean", "stddev")),
}


def text_of(element: Any) -> str:
    """The element's own text without comments and the blanks around it."""
    tails = [child.tail or "" for child in element if not isinstance(child.tag, str)]
    return "".join([element.text or "", *tails]).strip()


def _leaves(element: Any) -> list[tuple[str, str, Any]]:
    """(name, text, element) of the attributes and child elements."""
    attributes = [(name, value.strip(), element) for name, value in element.attrib.items()]
    children = [(child.tag, text_of(child), child) for child in element if isinstance(child.tag, str)]
    return attributes + children


# ------------------------------------------------------------- whatever is inside


def read_tree(element: Any) -> dict[str, Any]:
    """Everything inside an element: attributes as ``@name``, elements by name (several of one name: a list).

    An element with neither attributes nor elements is its text; beside those its text is called ``#text``.
    """
    tree: dict[str, Any] = {f"@{name}": " ".join(text.split()) for name, text in element.attrib.items()}
    for child in element:
        if isinstance(child.tag, str):
            inside = read_tree(child)
            value = inside.get("#text", "") if inside.keys() <= {"#text"} else inside
            if child.tag not in tree:
                tree[child.tag] = value
            elif isinstance(tree[child.tag], list):
                tree[child.tag].append(value)
            else:
                tree[child.tag] = [tree[child.tag], value]
    text = " ".join(text_of(element).split())
    return tree | ({"#text": text} if text else {})


def write_tree(parent: Any, tree: dict[str, Any]) -> None:
    """Put into an element what `read_tree` gives."""
    for name, value in tree.items():
        if name == "#text":
            parent.text = value
        elif name.startswith("@"):
            parent.set(name[1:], value)
        else:
            for entry in value if isinstance(value, list) else [value]:
                child = etree.SubElement(parent, name)
                if isinstance(entry, dict):
                    write_tree(child, entry)
                else:
                    child.text = entry or None


# --------------------------------------------------------------- distributions


def read_value(element: Any) -> Any:
    """A number, or a distribution as `uni` (min, max), `ln` (mean, stddev) or `dis` (default, value share).

    The distribution is named by the attribute `type` or by a single child element.

    Raises
    ------
    ValueError
        With what was expected.
    """
    children = [child for child in element if isinstance(child.tag, str)]
    kind = (element.get("type") or "").strip().lower()
    if not kind and len(children) == 1 and children[0].tag in (*_DISTRIBUTIONS, "dis"):
        element, kind = children[0], children[0].tag
    if kind == "dis":
        return _read_discrete(element)
    if kind in _DISTRIBUTIONS:
        field, words = _DISTRIBUTIONS[kind]
        return {field: _numbers(element, kind, words)}
    if kind:
        raise ValueError(f"unknown distribution {kind!r:.60}, expected one of uni, ln, dis")
    if children or element.attrib:
        raise ValueError("expected a number, or a distribution of type uni, ln or dis")
    return count(text_of(element))


def _numbers(element: Any, kind: str, words: tuple[str, ...]) -> list[str]:
    found: dict[str, str] = {}
    for name, text, _ in _leaves(element):
        if name in words and name not in found:
            found[name] = text
        elif name != "type":
            raise ValueError(f"{kind} has exactly {' and '.join(words)}; {name!r:.60} is not expected")
    if len(found) < len(words):
        raise ValueError(f"{kind} needs {' and '.join(words)}")
    return [found[word] for word in words]


def _read_discrete(element: Any) -> dict[str, Any]:
    out: dict[str, Any] = {"values": []}
    for name, text, leaf in _leaves(element):
        if name == "value" and set(leaf.attrib) == {"share"}:
            out["values"].append([text, leaf.get("share").strip()])
        elif name == "default" and "default" not in out:
            out["default"] = text
        elif name != "type":
            raise ValueError('dis has one default and elements <value share="0.1">1.5</value>')
    return out


def write_value(parent: Any, words: tuple[str, str], value: Any) -> None:
    """Append a number (second word) or a distribution (first word) to `parent`."""
    if isinstance(value, float | int):
        etree.SubElement(parent, words[1]).text = number(value)
        return
    element = etree.SubElement(parent, words[0])
    if isinstance(value, Discrete):
        element.set("type", "dis")
        etree.SubElement(element, "default").text = number(value.default)
        for amount, share in value.values:
            etree.SubElement(element, "value", share=number(share)).text = number(amount)
        return
    for kind, (field, names) in _DISTRIBUTIONS.items():
        if hasattr(value, field):
            element.set("type", kind)
            for name, bound in zip(names, getattr(value, field), strict=True):
                etree.SubElement(element, name).text = number(bound)


# --------------------------------------------------------------------- columns


def read_structure(element: Any) -> dict[str, Any]:
    """`columns`, `winner_take_all` and, for type L, `size` of a Structure element.

    Raises
    ------
    ValueError
        With what was expected.
    """
    kind = (element.get("type") or "").strip().upper()
    leaves = [leaf for leaf in _leaves(element) if leaf[0] != "type"]
    if kind == "O" and [name for name, _, _ in leaves] == ["dimension"]:
        return {"columns": _whole("dimension", leaves[0][1])}
    if kind == "L" and [name for name, _, _ in leaves] == ["dim", "dim"]:
        neurons, columns = (_whole("dim", text) for _, text, _ in leaves)
        return {"columns": columns, "winner_take_all": True, "size": neurons * columns}
    if kind == "W":
        raise ValueError(
            'type="W" has no public definition; write type="O" with dimension="k" for k columns, '
            'or type="L" with two elements dim for columns in which one neuron fires at a time'
        )
    raise ValueError('expected type="O" with dimension="k", or type="L" with two elements dim')


def _whole(name: str, text: str) -> int:
    text = count(text)
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise ValueError(f"{name}: expected a whole number of at least 1, not {text!r:.60}")
    return int(text)


def write_structure(parent: Any, population: Population) -> None:
    """Append the Structure element of a population with columns."""
    columns = population.columns
    if columns is None:
        return
    element = etree.SubElement(parent, "Structure")
    if not population.winner_take_all:
        element.set("type", "O")
        element.set("dimension", str(columns))
        return
    element.set("type", "L")
    for dim in (population.size // columns, columns):
        etree.SubElement(element, "dim").text = str(dim)


# ---------------------------------------------------------------- image shapes


def read_shape(texts: dict[str, str]) -> list[str] | None:
    """(width, height, channels) out of the words found; channels default to 1, None if there are no words.

    Raises
    ------
    ValueError
        If only one of width and height is given.
    """
    if not texts:
        return None
    missing = [word for word in SHAPE_WORDS[:2] if word not in texts]
    if missing:
        raise ValueError(f"{missing[0]} is missing; an image has width, height and nchannels")
    return [texts["width"], texts["height"], texts.get("nchannels", "1")]
