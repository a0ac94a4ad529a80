"""Walking the elements of an XML configuration: scalars by a table, the rest by handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from colanet.config.draft import ANY_NAME, Draft, Path, Place
from colanet.config.xml_include import Files, end_line
from colanet.config.xml_shapes import text_of
from colanet.config.xml_words import REFUSED, Row

Handler = Callable[[Any, Path], None]


def _what_is(word: str, parent: Any, kind: str, where: str) -> str:
    """What to say about a word that is not taken inside `parent`."""
    reason = REFUSED.get(parent.tag, {}).get(word)
    if reason is not None:
        return f"{word} in {parent.tag} is known but not taken: {reason}"
    return f"unknown {kind} {word:.60} {where} {parent.tag}"


class Walker:
    """Base of the reader: takes elements apart and notes whatever is unknown.

    Parameters
    ----------
    draft : Draft
        Filled by the walk.
    path : str
        The main file.
    """

    def __init__(self, draft: Draft, path: str) -> None:
        self.draft = draft
        self.files = Files(draft, path)

    def _take(
        self,
        element: Any,
        path: Path,
        item: dict[str, Any],
        rows: tuple[Row, ...],
        handlers: dict[str, Handler] | None = None,
        *,
        ignore: tuple[str, ...] = (),
        places: bool = True,
    ) -> None:
        """Distribute the attributes and children of an element: scalars by `rows`, the rest by `handlers`."""
        handlers = handlers or {}
        by_word = {word: row for row in rows for word in (row.xml, *row.aliases)}
        for name, text in element.attrib.items():
            if name in by_word:
                self._scalar(element, name, text, path, item, by_word[name], places)
            elif name not in ignore:
                self._unknown(element, _what_is(name, element, "attribute", "of"), path)
        self._stray(element, None, element.text, path)
        for child in self._children(element, path):
            if child.tag in handlers:
                handlers[child.tag](child, path)
            elif child.tag in by_word:
                if self._is_leaf(child, path):
                    row = by_word[child.tag]
                    self._scalar(child, child.tag, text_of(child), path, item, row, places)
            else:
                self._unknown(child, _what_is(child.tag, element, "element", "in"), path)

    def _scalar(
        self, element: Any, word: str, text: str, path: Path, item: dict[str, Any], row: Row, places: bool
    ) -> None:
        if row.field in item:
            both = f"{word} and {row.xml} are the same" if word != row.xml else word
            self._note(element, f"{both}: given twice", path)
            return
        if places:
            self.draft.places[(*path, row.field)] = self._place(element)
        try:
            item[row.field] = row.read(text.strip())
        except ValueError as error:
            self._note(element, f"{word}: {error}", path)

    def _is_leaf(self, element: Any, path: Path) -> bool:
        allowed = {"absolute"} if element.tag == "saturation_level" else set()
        if allowed and element.get("absolute", "yes").strip() != "yes":
            self._note(
                element, 'only absolute="yes" is supported: other levels have no public definition', path
            )
            return False
        for name in filter(lambda name: name not in allowed, element.attrib):
            self._unknown(element, f"unknown attribute {name:.60} of {element.tag}", path)
        inside = [child for child in element if isinstance(child.tag, str)]
        for child in inside:
            self._unknown(child, f"unknown element {child.tag:.60} in {element.tag}", path)
        return not inside

    def _children(self, element: Any, path: Path) -> Iterator[Any]:
        for child in element:
            if isinstance(child.tag, str):
                yield child
            else:
                self.files.misplaced(child)
            self._stray(element, child, child.tail, path)

    def _try(self, element: Any, path: Path, read: Callable[[Any], Any]) -> Any:
        try:
            return read(element)
        except ValueError as error:
            self._note(element, f"{element.tag}: {error}" if len(path) == 2 else str(error), path)
            return None

    def _stray(self, parent: Any, before: Any, text: str | None, path: Path = ()) -> None:
        """Note text where elements are expected: the parent's first text, or what follows `before`."""
        if text and text.strip():
            blanks = text[: len(text) - len(text.lstrip())]
            line = (parent.sourceline if before is None else end_line(before)) + blanks.count("\n")
            message = f"unexpected text {text.strip()!r:.60}"
            self.files.note(parent, self.draft.where(path), message, warning=self.draft.lenient, line=line)

    # -------------------------------------------------------------------- notes

    def _new(self, section: str, element: Any) -> tuple[Path, dict[str, Any]]:
        item: dict[str, Any] = {}
        items = self.draft.data[section]
        items.append(item)
        path: Path = (section, len(items) - 1)
        self.draft.places[path] = self._place(element)
        return path, item

    def _drop(self, section: str, item: dict[str, Any]) -> None:
        """Take back an object whose problem is noted already; its name stays known."""
        items = self.draft.data[section]
        items.pop()
        for field in item:
            self.draft.places.pop((section, len(items), field), None)
        self.draft.broken.add(str(item.get("name", ANY_NAME)))

    def _place(self, element: Any) -> Place:
        return Place(self.files.name_of(element), element.sourceline)

    def _note(self, element: Any, message: str, path: Path = (), *, warning: bool = False) -> None:
        self.files.note(element, self.draft.where(path), message, warning=warning)

    def _unknown(self, element: Any, message: str, path: Path = ()) -> None:
        self._note(element, message, path, warning=self.draft.lenient)
