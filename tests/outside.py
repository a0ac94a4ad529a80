"""Packages that are not ours, made for a test: a module and its entry points on the path of imports."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def package(
    folder: Path, module: str, text: str, points: Mapping[str, Mapping[str, str]], patch: pytest.MonkeyPatch | None
) -> Path:
    """Write a package into a folder, and put it on the path of this process if there is a `patch`.

    Parameters
    ----------
    folder : Path
        Also what PYTHONPATH needs for another process.
    module : str
        Its only module.
    text : str
        The module's source.
    points : group -> name -> attribute of the module
    patch : MonkeyPatch or None
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    lines = []
    for group, named in points.items():
        lines += [f"[{group}]", *(f"{name} = {module}:{attribute}" for name, attribute in named.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    if patch is not None:
        patch.syspath_prepend(folder)
        patch.delitem(sys.modules, module, raising=False)
    return folder
