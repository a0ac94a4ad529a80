"""Unified diffs, applied to a copy of the package: what a change in colanet itself may cost."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).with_name("patches")
NAMES = sorted(path.stem for path in PATCHES.glob("*.patch"))

_FILE = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Hunk:
    """Lines of a file, before and after."""

    file: str
    old: str
    new: str


def hunks(name: str) -> list[Hunk]:
    """The changes of a patch, in order."""
    found = []
    file, old, new = "", [], []
    for line in [*(PATCHES / f"{name}.patch").read_text(encoding="utf-8").splitlines(keepends=True), "@@"]:
        if line.startswith(("@@", "diff ")):
            if old or new:
                found.append(Hunk(file, "".join(old), "".join(new)))
            old, new = [], []
        elif line.startswith("+++ b/"):
            file = line[6:].strip()
        elif line[:1] in " -+" and not line.startswith("--- "):
            old += [line[1:]] if line[0] != "+" else []
            new += [line[1:]] if line[0] != "-" else []
    return found


def files(name: str) -> set[str]:
    """The files that a patch changes."""
    return {hunk.file for hunk in hunks(name)}


def copy(folder: Path) -> Path:
    """A copy of what the tests of a changed package need."""
    skipped = shutil.ignore_patterns("__pycache__", "*.gz", ".*")
    for part in ("colanet", "tests/engine", "tests/extending"):
        shutil.copytree(ROOT / part, folder / part, ignore=skipped)
    for file in ("pyproject.toml", "tests/outside.py"):
        shutil.copy(ROOT / file, folder / file)
    return folder


def apply(name: str, folder: Path) -> None:
    """Apply a patch to a copy; every hunk must fit one place of its file.

    Raises
    ------
    ValueError
        If it does not: the code has moved on, and the patch (and its recipe) must follow.
    """
    for hunk in hunks(name):
        path = folder / hunk.file
        text = path.read_text(encoding="utf-8")
        if text.count(hunk.old) != 1:
            raise ValueError(f"{name}: a hunk fits {text.count(hunk.old)} places of {hunk.file}:\n{hunk.old}")
        path.write_text(text.replace(hunk.old, hunk.new), encoding="utf-8")
