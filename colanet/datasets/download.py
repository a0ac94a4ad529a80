"""Downloads into the user's cache, checked by SHA-256."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from colanet.errors import DataError, DataWarning


def cache_dir() -> Path:
    """Folder for downloaded data."""
    return Path(platformdirs.user_cache_dir("colanet"))


@dataclass(frozen=True, kw_only=True)
class Official:
    """How the files of a data set are called and where they come from.

    Attributes
    ----------
    name : str
    files : tuple of str
        Four IDX files without the ending .gz: training images and labels, test images and labels.
    urls, hashes : tuple of str
        Official places and the SHA-256 of what is there: one for each file, or one archive with all of them.
    archive : str
        Folder of the files inside the archive, if it is one.
    """

    name: str
    files: tuple[str, str, str, str]
    urls: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    archive: str = ""


def _pooch() -> Any:
    """The library of downloads; it loads a web client, and bars of progress that warn in some notebooks."""
    import pooch

    return pooch


def download(entry: Official, place: Path) -> list[Path]:
    """Fetch the four files of a data set into `place`.

    Returns
    -------
    list of Path

    Raises
    ------
    DataError
        If the data set has no official place, or the download fails in any way; nothing broken is left behind.
    """
    name = entry.name
    todo = f"put {entry.files[0]}.gz and its three fellows into a folder and set COLANET_DATA to that"
    if not entry.urls:
        raise DataError(f"{name}: its files are missing from the package; {todo}")
    # In our words, through the one channel of warnings; pooch would write to standard error by itself.
    _pooch().get_logger().setLevel("ERROR")
    warnings.warn(f"{name}: not on this machine; downloading it into {place}", DataWarning, stacklevel=2)
    try:
        return _from_archive(entry, place) if entry.archive else _one_by_one(entry, place)
    except Exception as error:  # pooch raises whatever its transport raises
        reason = (str(error).splitlines() or [""])[0][:120]
        raise DataError(
            f"{name}: not on this machine, and the download failed ({type(error).__name__}: {reason}); {todo}"
        ) from error


def _one_by_one(entry: Official, place: Path) -> list[Path]:
    wanted = zip(entry.urls, entry.hashes, entry.files, strict=True)
    return [Path(_pooch().retrieve(url, known, f"{file}.gz", place)) for url, known, file in wanted]


def _from_archive(entry: Official, place: Path) -> list[Path]:
    """Keep the four files of the archive, not the rest of its half gigabyte."""
    members = [f"{entry.archive}/{file}.gz" for file in entry.files]
    pooch = _pooch()
    fetched = pooch.retrieve(entry.urls[0], entry.hashes[0], "archive.zip", place, processor=pooch.Unzip(members))
    unpacked = {Path(path).name: path for path in fetched}
    paths = [place / f"{file}.gz" for file in entry.files]
    for path in paths:
        os.replace(unpacked[path.name], path)
    (place / "archive.zip").unlink()
    return paths
