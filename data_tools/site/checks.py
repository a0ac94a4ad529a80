"""Looks at a site that was built: every link leads somewhere, and nothing is loaded from another host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import html

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""Elements that load what they name, and the attribute that names it; a `link` does so by its href."""


@dataclass(frozen=True)
class Page:
    """What a page offers and what it names.

    Attributes
    ----------
    anchors : frozenset of str
    links : tuple of str
        Where one can go from it.
    loaded : tuple of str
        What it loads by itself.
    """

    anchors: frozenset[str]
    links: tuple[str, ...]
    loaded: tuple[str, ...]


def read(path: Path) -> Page:
    """A page of HTML."""
    tree = html.parse(str(path), html.HTMLParser(encoding="utf-8")).getroot()
    anchors = {one.get("id") for one in tree.iter() if one.get("id")}
    links = tuple(one.get("href") for one in tree.iter("a") if one.get("href"))
    loaded = [one.get(LOADED[one.tag]) for one in tree.iter(*LOADED)]
    loaded += [one.get("href") for one in tree.iter("link")]
    return Page(frozenset(anchors), links, tuple(name for name in loaded if name))


def problems(folder: Path) -> Iterator[str]:
    """One line for each link that leads nowhere, and for each thing that comes from elsewhere."""
    pages = {path: read(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        for target in page.loaded:
            if urlsplit(target).scheme in ("http", "https") or target.startswith("//"):
                yield f"{name}: loads {target}, expected a file of the site"
            elif not target.startswith("data:") and not (path.parent / unquote(urlsplit(target).path)).exists():
                yield f"{name}: loads {target}, which is not there"
        for target in page.links:
            wrong = _wrong(path, target, pages)
            if wrong:
                yield f"{name}: link to {target}: {wrong}"


def _wrong(path: Path, target: str, pages: dict[Path, Page]) -> str | None:
    parts = urlsplit(target)
    if parts.scheme:
        known = parts.scheme == "mailto" or (parts.scheme in ("http", "https") and "." in parts.netloc)
        return None if known else "expected http, https or a page of the site"
    place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not place.exists():
        return "there is no such file"
    if parts.fragment and place in pages and unquote(parts.fragment) not in pages[place].anchors:
        return "there is no such anchor"
    return None
