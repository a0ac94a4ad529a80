"""From the bytes of a `.nnc` file to a tree of elements, safely: no DTD, no entities, no network access."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import Path
from typing import Any

from lxml import etree

from colanet.config.xml_depth import TOO_DEEP, deep_element
from colanet.config.xml_words import OLD_LINKS, OLD_ROOT, OLD_WORDS
from colanet.errors import ConfigError, Problem

MAX_BYTES = 2 << 20
"""No network description comes near this; what does is refused before it is parsed."""

MAX_ATTRIBUTES = 1000
"""Of one element. lxml looks for every attribute among all of them, which takes minutes for 100,000."""

INCLUDE = "colanet-include"

_ENCODINGS = {
    "utf-8", "ascii", "utf-16", "iso8859-1", "iso8859-5", "iso8859-15", "cp1251", "cp1252", "cp866", "koi8-r",
}  # fmt: skip
_DECLARATION = re.compile(rb"\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"'>]*)["']""")
_INCLUDE_LINE = re.compile(r"^[ \t]*\\([^<>?\r\n]+?)[ \t]*\r?$", re.MULTILINE)
_OPENING = re.compile(r"<(!--|!\[CDATA\[|\?)")
_CLOSING = {"!--": "-->", "![CDATA[": "]]>", "?": "?>"}
_PROLOG = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)


def read_bytes(path: str | os.PathLike[str], shown: str | None = None) -> bytes:
    """The content of a configuration file.

    Raises
    ------
    ConfigError
        If it is missing, no regular file, unreadable, empty or too large.
    """
    name = shown or os.fspath(path)
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise ConfigError(Problem("not a regular file", file=name))
        with open(path, "rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(Problem(f"cannot be read: {reason}", file=name)) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(
            Problem(f"larger than the {MAX_BYTES >> 20} MiB a configuration may have", file=name)
        )
    if not content.strip():
        raise ConfigError(Problem("the file is empty", file=name, line=1))
    return content


def parse(path: str | os.PathLike[str], shown: str) -> Any:
    """The root element of an XML file; include lines have become processing instructions `colanet-include`.

    Raises
    ------
    ConfigError
        One line about whatever makes the file unreadable.
    """
    text = _decode(read_bytes(path, shown), shown)
    _refuse_doctype(text, shown)
    text = _mend_comments(text)
    text = _INCLUDE_LINE.sub(lambda found: f"<?{INCLUDE} {found[1]}?>", text)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise ConfigError(_unreadable(error, text, shown)) from error
    _refuse_old_dialect(root, shown)
    if root.tag != "SNN":
        raise ConfigError(
            Problem(f"the root element is {root.tag[:60]}, expected SNN", file=shown, line=root.sourceline)
        )
    _refuse_many_attributes(root, shown)
    return root


def _refuse_many_attributes(root: Any, shown: str) -> None:
    for element in root.iter("*"):
        count = len(element.attrib)
        if count > MAX_ATTRIBUTES:
            message = f"{element.tag:.60} has {count} attributes; an element has at most {MAX_ATTRIBUTES}"
            raise ConfigError(Problem(message, file=shown, line=element.sourceline))


def _decode(content: bytes, shown: str) -> str:
    """Text without its XML declaration, whose place is kept by its line breaks.

    Files of the field say ``encoding="utf - 8"``: blanks in the name are dropped.
    """
    encoding = "utf-8"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    content = content.removeprefix(codecs.BOM_UTF8)
    declaration = _DECLARATION.match(content)
    if declaration:
        named = _ENCODING.search(declaration[0])
        if named:
            encoding = _known_encoding(named[1], shown)
        content = b"\n" * declaration[0].count(b"\n") + content[declaration.end() :]
    try:
        text = content.decode(encoding)
    except UnicodeError as error:
        line = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise ConfigError(Problem(f"these bytes are not {encoding}", file=shown, line=line)) from error
    # A declaration that only shows after decoding (UTF-16).
    return re.sub(r"\A\s*<\?xml\b[^>]*\?>", lambda found: "\n" * found[0].count("\n"), text)


def _known_encoding(name: bytes, shown: str) -> str:
    plain = re.sub(r"\s+", "", name.decode("latin-1"))
    try:
        found = codecs.lookup(plain).name
    except (LookupError, ValueError):
        found = ""
    if found not in _ENCODINGS:
        raise ConfigError(Problem(f"unknown encoding {plain!r:.60}; use utf-8", file=shown, line=1))
    return found


def _refuse_doctype(text: str, shown: str) -> None:
    position = 0
    while found := _PROLOG.match(text, position):
        position = found.end()
    if text.startswith("<!DOCTYPE", position):
        line = text.count("\n", 0, position) + 1
        raise ConfigError(Problem("a DOCTYPE is not accepted (no DTD, no entities)", file=shown, line=line))


def _mend_comments(text: str) -> str:
    """Blanks between the hyphens of ``--`` inside comments, which files of the field have and XML forbids."""
    parts, position = [], 0
    while found := _OPENING.search(text, position):
        closing = _CLOSING[found[1]]
        end = text.find(closing, found.end())
        if end < 0:
            break
        inside = text[found.end() : end]
        if found[1] == "!--":
            inside = re.sub("-(?=-|$)", "- ", inside)
        parts.append(text[position : found.end()] + inside + closing)
        position = end + len(closing)
    return "".join([*parts, text[position:]])


def _refuse_old_dialect(root: Any, shown: str) -> None:
    """ConfigError with one line if that is a file of 2021 to 2023."""
    sign = root if root.tag == OLD_ROOT else next(filter(_is_old, root.iter("*")), None)
    if sign is not None:
        message = (
            "the dialect of 2021 to 2023 (root Network, Receptors, N, CHARTIME, links excitatory) is not read: "
            "its words mean other things; write the network in that of the manual 2.2 (root SNN) or in YAML"
        )
        raise ConfigError(Problem(message, file=shown, line=sign.sourceline))


def _is_old(element: Any) -> bool:
    """Whether an element stands in files of 2021 to 2023 only; Global may hold any words."""
    old_link = element.tag == "Link" and element.get("type", "").strip().lower() in OLD_LINKS
    return (old_link or element.tag in OLD_WORDS) and next(element.iterancestors("Global"), None) is None


def _unreadable(error: Any, text: str, shown: str) -> Problem:
    """In our words what an XML parser could not read; its own stand in brackets."""
    last = text.count("\n") + 1
    line = min(error.lineno or last, last)
    deep = deep_element(text, line)
    if deep is not None:
        return Problem(TOO_DEEP, file=shown, line=deep)
    said = re.sub(r",? line \d+, column \d+$", "", " ".join(str(error.msg).split()))
    return Problem(f"not well-formed XML ({said})" if said else "not well-formed XML", file=shown, line=line)
