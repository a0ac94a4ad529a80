"""Pages of files and folders of the repository that the documentation links to: code, configurations, results."""

from __future__ import annotations

import shutil
from pathlib import Path

from data_tools.site.contents import ROOT

LANGUAGES = {
    ".py": "python", ".yaml": "yaml", ".nnc": "xml", ".toml": "toml", ".patch": "diff", ".cu": "cuda",
    ".json": "json",
}  # fmt: skip
SHOWN = {*LANGUAGES, ".csv", ".md", ".txt", ""}
HEAD = "---\norphan: true\nnosearch: true\n---\n"
MOST_SHOWN = 200_000
"""Bytes; a larger file is offered for download only."""


def write(place: str, source: Path) -> None:
    """Write the page of a file or folder under `files`, and what it offers for download under `raw`."""
    page = source / "files" / f"{place}.md"
    page.parent.mkdir(parents=True, exist_ok=True)
    up = "../" * place.count("/") + "../"
    path = ROOT / place
    text = _folder(place, source, up) if path.is_dir() else _file(place, source, up)
    page.write_text(HEAD + text, encoding="utf-8")


def keep(place: str, source: Path) -> None:
    """Copy a file to `raw`, which pages show or offer for download."""
    copy = source / "raw" / place
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / place, copy)


def _download(place: str, up: str) -> str:
    return f"{{download}}`{Path(place).name} <{up}raw/{place}>`"


def _file(place: str, source: Path, up: str) -> str:
    keep(place, source)
    head = f"# {place}\n\nA file of the repository: {_download(place, up)}\n"
    path = ROOT / place
    if path.suffix not in SHOWN or path.stat().st_size > MOST_SHOWN:
        return head
    language = LANGUAGES.get(path.suffix, "text")
    return f"{head}\n``````{language}\n{path.read_text(encoding='utf-8').rstrip()}\n``````\n"


def _folder(place: str, source: Path, up: str) -> str:
    lines = [f"# {place}", "", "A folder of the repository.", "", "| file | size (bytes) |", "| --- | --- |"]
    for path in sorted(path for path in (ROOT / place).rglob("*") if path.is_file()):
        inside = path.relative_to(ROOT).as_posix()
        keep(inside, source)
        name = path.relative_to(ROOT / place).as_posix()
        lines.append(f"| {{download}}`{name} <{up}raw/{inside}>` | {path.stat().st_size} |")
    return "\n".join(lines) + "\n"
