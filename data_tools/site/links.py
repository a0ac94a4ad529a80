"""Links of the Markdown pages, which are relative to the repository, made links of the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator

from colanet.errors import DataError
from data_tools.site.contents import ROOT, name_of

_FENCE = re.compile(r"^ *(```+|~~~+)")
_CODE_OR_LINK = re.compile(r"(`+)(?:(?!\1).)+?\1(?!`)|\]\((?P<target>[^)\s]+)")
FIGURES = "docs/figures/"


def outside_of_code(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is text rather than part of a fenced block."""
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
            yield line, False
        elif fence:
            if mark and mark[1].startswith(fence):
                fence = ""
            yield line, False
        else:
            yield line, True


def change_links(text: str, change: Callable[[str], str]) -> str:
    """The text with every link outside of code changed; line breaks stay where they are."""

    def changed(found: re.Match[str]) -> str:
        target = found["target"]
        return found[0] if target is None else "](" + change(target)

    lines = outside_of_code(text)
    return "".join(_CODE_OR_LINK.sub(changed, line) if is_text else line for line, is_text in lines)


class Links:
    """Rewrites links, and remembers which files and folders beside the pages they lead to, and which pictures."""

    def __init__(self) -> None:
        self.wanted: set[str] = set()
        self.pictures: set[str] = set()

    def of_page(self, path: str, text: str) -> str:
        """The text of the page that the file `path` of the repository is, with links of the site."""
        return change_links(text, lambda target: self._target(path, target))

    def _target(self, path: str, target: str) -> str:
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return target
        file, mark, anchor = target.partition("#")
        place = posixpath.normpath(posixpath.join(posixpath.dirname(path), file))
        page = name_of(place)
        if page is not None:
            return f"{page}.md{mark}{anchor}"
        if not (ROOT / place).exists():
            raise DataError(f"{path}: link to {target}: there is no {place}")
        if place.startswith(FIGURES):
            return place.removeprefix("docs/")
        if place.endswith((".png", ".svg")):
            self.pictures.add(place)
            return f"raw/{place}"
        self.wanted.add(place)
        return f"files/{place}.md"
