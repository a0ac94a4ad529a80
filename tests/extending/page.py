"""The examples of docs/extending.md, taken out of the page."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


def section(title: str) -> str:
    """The text of a section."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/extending.md has no section {title}"
    return found.group(1)


def code(title: str, language: str = "python", number: int = 0) -> str:
    """A block of code of a section in a language, by default the first one."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL)
    assert len(found) > number, f"docs/extending.md, {title}: {len(found)} blocks of {language}"
    return found[number]


def entry_points(title: str, module: str) -> dict[str, dict[str, str]]:
    """The entry points that a section names for the module that the reader calls my_package."""
    text = code(title, "toml")
    group = re.search(r'entry-points\."(.*?)"', text)
    assert group
    return {group.group(1): dict(re.findall(r'^(\w+) = "my_package:(\w+)"$', text, re.MULTILINE))}
