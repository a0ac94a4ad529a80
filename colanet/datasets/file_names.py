"""Under which names the files of a data set are found: the official ones, and those that unpackers give them."""

from __future__ import annotations

import os
import re
from pathlib import Path

_ENDS = re.compile(r"(-(idx[13]-ubyte|ubyte|idx[13]?))+\Z")
_PARTS = {"t10k": "test", "training": "train", "testing": "test"}


def plain(name: str) -> str:
    """What is left of a file's name without case, packing, ending and separators.

    `train-images-idx3-ubyte.gz`, `train-images.idx3-ubyte` (7-Zip, WinZip, Kaggle) and `TRAIN_IMAGES.IDX3-UBYTE`
    are all `train-images`; `t10k` and `test` are the same part.
    """
    words = re.sub(r"[._\s-]+", "-", name.lower().removesuffix(".gz"))
    return "-".join(_PARTS.get(word, word) for word in _ENDS.sub("", words).split("-"))


def find(place: Path, file: str) -> Path | None:
    """The file of a data set in a folder, by its official name if that is there; None: there is none.

    Kaggle's copies hold each file in a folder of its own name; that is looked into.
    """
    for official in (place / f"{file}.gz", place / file):
        if official.is_file():
            return official
    wanted = plain(file)
    for path in _entries(place):
        if plain(path.name) != wanted:
            continue
        if path.is_file():
            return path
        inside = next((p for p in _entries(path) if plain(p.name) == wanted and p.is_file()), None)
        if inside:
            return inside
    return None


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder / name for name in os.listdir(folder))
    except OSError:
        return []
