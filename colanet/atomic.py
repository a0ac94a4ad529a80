"""Files that are whole or absent: written under a temporary name, synced, renamed.

A temporary file is called ``.NAME.PID-XXXXXXXX.colanet-tmp`` and is locked as long as its writer lives. One that a
killed process left behind is removed by the next process that writes into the same folder. One that a signal kept
its writer from removing goes when the process ends.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from colanet import interruption
from colanet.errors import OutputError
from colanet.locks import check_held, is_linked, lock

SUFFIX = ".colanet-tmp"
_MOST_LINKS = 40
_LONGEST = 120
"""Bytes of the final name that a temporary name keeps; together they must not exceed those of a file name."""
_swept: set[str] = set()
"""Folders that this process has looked through for leftovers."""
_unfinished: set[tuple[int, Path]] = set()
"""Temporary files that this process has begun: its number and the name, noted before the file is made."""


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary file beside `path` that replaces it when the block ends without an error.

    The file behind a symbolic link is replaced, the link stays.

    Raises
    ------
    OutputError
        If the folder, made where it is missing, or the file cannot be written, also by the block; the old file, if
        any, is untouched, and nothing is left behind.
    """
    interruption.check()
    with _in_words(path):
        target = final_place(path)
        check_held(target.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        descriptor, temporary = _new_file(target)
        held = open(descriptor, "rb")  # noqa: SIM115
        try:
            yield temporary
            os.fsync(descriptor)
            if os.name == "nt":
                held.close()  # Windows renames no open file
            os.replace(temporary, target)
            _sync_folder(target.parent)
        finally:
            held.close()
            temporary.unlink(missing_ok=True)
            _unfinished.discard((os.getpid(), temporary))


def final_place(path: str | os.PathLike[str]) -> Path:
    """Where a file called `path` is to be written: there, or where the symbolic link of that name leads.

    Raises
    ------
    OutputError
        If something else than a file stands there: a folder, a device, a pipe.
    """
    with _in_words(path):
        target = _followed(Path(path))
        try:
            mode = target.stat().st_mode
        except FileNotFoundError:
            return target
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path}: cannot be written: is a folder")
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path}: cannot be written: not a regular file")
    return target


def _followed(path: Path) -> Path:
    """Where a symbolic link leads in the end; OSError for a ring."""
    for _ in range(_MOST_LINKS):
        # Links to open files (/dev/stdout) have a name, but who holds the file does not see what replaces it.
        if os.path.realpath(path.parent).startswith("/proc/"):
            raise OSError(errno.EINVAL, "not a regular file")
        if not path.is_symlink():
            return path
        path = path.parent / os.readlink(path)
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def write_bytes(path: str | os.PathLike[str], *parts: bytes) -> None:
    """Write bytes, one part after the other, atomically. OutputError as for `atomic_path`."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        for part in parts:
            file.write(part)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write UTF-8 text atomically into a folder that exists. OutputError as for `atomic_path`."""
    if not Path(path).parent.is_dir():
        raise OutputError(f"{path}: cannot be written: no such folder as {Path(path).parent}")
    write_bytes(path, text.encode("utf-8"))


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder, the first time it is written to."""
    key = os.path.realpath(folder)
    if key in _swept:
        return
    _swept.add(key)
    for leftover in folder.glob(f".*{SUFFIX}"):
        with contextlib.suppress(OSError):
            _remove_if_free(leftover)


def _remove_if_free(leftover: Path) -> None:
    if not stat.S_ISREG(leftover.lstat().st_mode):
        return
    descriptor = os.open(leftover, os.O_RDWR)
    try:
        if lock(descriptor):
            leftover.unlink()
    finally:
        os.close(descriptor)


def _new_file(target: Path) -> tuple[int, Path]:
    """A locked temporary file: its open descriptor and its name."""
    short = os.fsdecode(os.fsencode(target.name)[:_LONGEST])
    while True:
        path = target.with_name(f".{short}.{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}").absolute()
        # A signal can come between any two lines: not even then is a file left behind.
        _unfinished.add((os.getpid(), path))
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            _unfinished.discard((os.getpid(), path))
            continue
        # Between its making and its lock another process that sweeps may have taken it for a leftover.
        if lock(descriptor) is not False and is_linked(descriptor, path):
            return descriptor, path
        os.close(descriptor)
        _unfinished.discard((os.getpid(), path))


@atexit.register
def _tidy() -> None:
    """Remove what signals left; a forked process leaves alone what is its parent's."""
    for process, path in list(_unfinished):
        if process == os.getpid():
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the renaming last; some systems cannot open a folder, or not sync one."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _in_words(path: str | os.PathLike[str]) -> Iterator[None]:
    """Every failure of the system becomes one line about the file that was asked for."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
