"""Locks that end with their process, however it ends: `flock` on a file.

Where the system or the file system has no such locks (Windows, some network file systems), everything is taken for
free: a run then goes on without protection, and nothing that might belong to a living run is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from colanet.errors import ConfigError, OutputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FOLDER_LOCK = ".colanet.lock"
_held: dict[Path, int] = {}
"""Locks of the folders that this process keeps others out of."""
_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


def lock(descriptor: int) -> bool | None:
    """Lock an open file until it is closed; False: another process holds it, None: there are no locks here."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _TAKEN else None
    return True


def is_linked(descriptor: int, path: str | os.PathLike[str]) -> bool:
    """Whether an open file still has its name; another process may have removed it before it was locked."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def hold_folder(
    folder: str | os.PathLike[str], what: str = "colanet", name: str = FOLDER_LOCK
) -> Iterator[None]:
    """Keep other runs out of a folder, made where it is missing, until the block or the process ends.

    Parameters
    ----------
    folder : path
    what : str
        Who may be there already, for the message.
    name : str
        Of the lock file; runs whose files differ in name may share a folder.

    Raises
    ------
    ConfigError
        If another process holds the folder.
    OutputError
        If the folder cannot be made or written to.
    """
    folder = Path(folder)
    path, place = folder / name, Path(os.path.realpath(folder), name)
    make_folder(folder)
    opened: list[int] = []
    try:
        _open_lock(opened, path, folder, what)
        _held[place] = opened[0]
        yield
    finally:
        for descriptor in opened:
            if _held.get(place) == descriptor:
                del _held[place]
            _let_go(descriptor, path)


def check_held(folder: str | os.PathLike[str]) -> None:
    """OutputError if a folder that this process holds was removed meanwhile; it must not be made again."""
    real = Path(os.path.realpath(folder))
    if not all(is_linked(descriptor, path) for path, descriptor in _held.items() if path.parent == real):
        raise OutputError(f"{folder}: cannot be written: the folder was removed or emptied while it was in use")


def make_folder(folder: str | os.PathLike[str]) -> None:
    """Make a folder with its parents unless it is there. OutputError if it cannot be made or written to."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made a folder: {error.strerror or error}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: cannot be written: no permission")


def _open_lock(opened: list[int], path: Path, folder: Path, what: str) -> None:
    """Put the descriptor of the locked file into `opened`."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    while True:
        try:
            # Opened and noted in one call of C: a signal comes before both or after both.
            opened.extend(map(os.open, [path], [flags], [0o666]))
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written: {error.strerror or error}") from error
        if lock(opened[0]) is False:
            raise ConfigError(f"{folder}: another {what} is writing here")
        if is_linked(opened[0], path):
            return
        os.close(opened.pop())


def _let_go(descriptor: int, path: Path) -> None:
    """Close a lock file, and remove it if no other process holds it."""
    # Removed while it is still locked, so that no process locks a file without a name.
    with contextlib.suppress(OSError):
        if lock(descriptor) is not False and is_linked(descriptor, path):
            path.unlink()
    os.close(descriptor)
