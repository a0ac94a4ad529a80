"""From the text of a YAML file to plain data, with the line of every piece, safely.

Only what a description needs: mappings, lists and scalars. Aliases, tags, several documents and repeated keys
are refused, and so is deep nesting, before any of it can cost time or memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import yaml

from colanet.config.draft import Path
from colanet.config.yaml_depth import BREAK, deep_bracket
from colanet.errors import ConfigError, Problem

MAX_DEPTH = 32
TOO_DEEP = f"nested too deeply; at most {MAX_DEPTH} lists and mappings may stand inside each other"
BOOLEAN_FIELDS = frozenset({"winner_take_all", "no_class"})

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?(\.inf|\.Inf|\.INF)")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Frame:
    """A mapping or list that is being filled."""

    def __init__(self, content: Any, path: Path, in_flow: bool) -> None:
        self.content = content
        self.path = path
        self.in_flow = in_flow
        self.key: str | None = None


def parse(text: str, shown: str | None) -> tuple[Any, dict[Path, int]]:
    """Data of the one document in `text`, and the line of every path in it.

    Raises
    ------
    ConfigError
        With one line about the first thing that cannot be read.
    """
    bad = _UNPRINTABLE.search(text)
    if bad:
        line = _line_of(text, bad.start())
        raise ConfigError(Problem(f"unprintable character {bad[0]!r}", file=shown, line=line))
    builder = _Builder(shown)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(_unreadable(error, text, builder)) from error
    return builder.root, builder.lines


def _unreadable(error: Exception, text: str, builder: _Builder) -> Problem:
    """In our words what a YAML parser could not read; its own stand in brackets."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    end = mark.index + 1 if mark else len(text)
    flows = sum(frame.in_flow for frame in builder.stack)
    deep = deep_bracket(text, builder.end, end, len(builder.stack), flows, MAX_DEPTH)
    if deep is not None:
        return Problem(TOO_DEEP, file=builder.shown, line=_line_of(text, deep))
    line = _line_of(text, mark.index) if mark else 1
    said = getattr(error, "problem", None) or getattr(error, "context", None)
    message = "not readable as YAML" + (f" ({said})" if said else "")
    return Problem(message, file=builder.shown, line=line)


def _line_of(text: str, index: int) -> int:
    """The line, counted from 1, of the character at `index`."""
    return 1 + sum(1 for _ in BREAK.finditer(text, 0, index))


class _Builder:
    """Builds data from YAML events without recursion."""

    def __init__(self, shown: str | None) -> None:
        self.shown = shown
        self.root: Any = None
        self.lines: dict[Path, int] = {}
        self.stack: list[_Frame] = []
        self.documents = 0
        self.end = 0
        """Index behind the last event."""

    def refuse(self, event: Any, message: str) -> None:
        raise ConfigError(Problem(message, file=self.shown, line=event.start_mark.line + 1))

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.refuse(event, "a second document; a configuration is one document")
        elif isinstance(event, yaml.AliasEvent):
            self.refuse(event, "aliases are not accepted; write the value out")
        elif isinstance(event, yaml.ScalarEvent):
            self.check_plain(event)
            self.scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.check_plain(event)
            self.start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
        self.end = event.end_mark.index

    def check_plain(self, event: Any) -> None:
        if event.anchor is not None:
            self.refuse(event, "anchors and aliases are not accepted; write the value out")
        if event.tag is not None:
            self.refuse(event, f"the tag {event.tag!r:.60} is not accepted")

    def start(self, event: Any) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.refuse(event, TOO_DEEP)
        content: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self.put(event, content)
        self.stack.append(_Frame(content, path, bool(event.flow_style)))

    def scalar(self, event: Any) -> None:
        frame = self.stack[-1] if self.stack else None
        if frame is not None and isinstance(frame.content, dict) and frame.key is None:
            if event.value in frame.content:
                self.refuse(event, f"the key {event.value!r:.60} is given twice")
            frame.key = event.value
            self.lines[(*frame.path, event.value)] = event.start_mark.line + 1
            return
        key = frame.key if frame else None
        self.put(event, plain_value(event.value, key) if event.implicit[0] else event.value)

    def put(self, event: Any, value: Any) -> Path:
        """Hang a value into the innermost open collection; returns its path."""
        if not self.stack:
            path: Path = ()
            self.root = value
        else:
            frame = self.stack[-1]
            if isinstance(frame.content, list):
                path = (*frame.path, len(frame.content))
                frame.content.append(value)
            else:
                if frame.key is None:
                    self.refuse(event, "a key must be a single word")
                path = (*frame.path, str(frame.key))
                frame.content[frame.key] = value
                frame.key = None
        self.lines.setdefault(path, event.start_mark.line + 1)
        return path


def plain_value(text: str, key: str | None = None) -> Any:
    """What a plain scalar means; true and false only where a field is a truth value."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if key in BOOLEAN_FIELDS and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) < 4000:
        return int(text)
    if _INFINITY.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    if _FLOAT.fullmatch(text):
        return float(text)
    if text in (".nan", ".NaN", ".NAN"):
        return math.nan
    return text


def means_text(text: str) -> bool:
    """Whether a plain scalar of this spelling is read as itself by any YAML reader."""
    plain: Callable[[str], Any] = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*").fullmatch
    words = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
    return bool(plain(text)) and text.lower() not in words
