r"""Files of an XML configuration: the main one, and those it includes by lines ``\name.nnc``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from colanet.config import xml_source
from colanet.config.draft import Draft
from colanet.errors import ConfigError, Problem

MAX_INCLUDES = 100

OnRoot = Callable[[Any], None]
OnText = Callable[[Any, Any, str | None], None]


def end_line(node: Any) -> int:
    """The line where an element, comment or processing instruction ends."""
    after = 0
    while len(node):
        node = node[-1]
        after += (node.tail or "").count("\n")
    text = node.text or "" if isinstance(node.tag, str) else ""
    line: int = node.sourceline
    return line + after + text.count("\n")


class Files:
    """Parses a configuration and its includes, and knows which file an element came from.

    Parameters
    ----------
    draft : Draft
        Where problems go.
    path : str
        The main file; its folder is the one that includes may not leave.
    """

    def __init__(self, draft: Draft, path: str) -> None:
        self.path = path
        self._draft = draft
        self._folder = Path(path).parent
        self._names: dict[Any, str] = {}
        self._count = 0

    def name_of(self, element: Any) -> str:
        """The file an element came from."""
        return self._names[element.getroottree().getroot()]

    def note(
        self, element: Any, where: str, message: str, *, warning: bool = False, line: int | None = None
    ) -> None:
        """Note a problem at an element, or at a line of its file."""
        problem = Problem(message, where, self.name_of(element), line or element.sourceline)
        self._draft.note(problem, warning=warning)

    def top_level(self, on_root: OnRoot, on_text: OnText) -> Iterator[tuple[Any, bool]]:
        """Yield (element, included) for the children of the roots, includes in their places.

        Each root is handed to `on_root`, text between the elements to `on_text` (root, node before it, text).

        Raises
        ------
        ConfigError
            If the main file is not readable as XML.
        """
        main = Path(self.path)
        yield from self._file(main, (os.path.realpath(main),), on_root, on_text)

    def _file(
        self, path: Path, stack: tuple[str, ...], on_root: OnRoot, on_text: OnText
    ) -> Iterator[tuple[Any, bool]]:
        root = xml_source.parse(path, str(path))
        self._names[root] = str(path)
        on_root(root)
        before, after = root.itersiblings(preceding=True), root.itersiblings()
        for node in (*reversed(list(before)), *root, *after):
            if isinstance(node.tag, str):
                yield node, len(stack) > 1
            elif getattr(node, "target", "") == xml_source.INCLUDE:
                yield from self._include(node, path, stack, on_root, on_text)
            if node.getparent() is root:
                on_text(root, node, node.tail)

    def _include(
        self, node: Any, path: Path, stack: tuple[str, ...], on_root: OnRoot, on_text: OnText
    ) -> Iterator[tuple[Any, bool]]:
        name = node.text.strip().replace("\\", "/")
        target = path.parent / name
        real = os.path.realpath(target)
        inside = Path(real).is_relative_to(os.path.realpath(self._folder))
        self._count += 1
        if os.path.isabs(name) or not inside:
            problem = f"the included file {name!r:.60} lies outside the configuration's folder"
        elif real in stack:
            problem = f"the included file {name!r:.60} includes itself (include cycle)"
        elif self._count > MAX_INCLUDES:
            problem = f"more than {MAX_INCLUDES} includes"
        elif not os.path.isfile(real):
            problem = f"the included file {name!r:.60} does not exist"
        else:
            try:
                yield from self._file(target, (*stack, real), on_root, on_text)
            except ConfigError as error:
                for found in error.problems:
                    self._draft.note(found)
            return
        if self._count <= MAX_INCLUDES + 1:
            self._draft.note(Problem(problem, "", str(path), node.sourceline))

    def misplaced(self, node: Any) -> None:
        """Note an include line inside an element other than SNN."""
        if getattr(node, "target", "") == xml_source.INCLUDE:
            message = "an include line belongs directly inside SNN"
            self._draft.note(Problem(message, "", self.name_of(node), node.sourceline))
