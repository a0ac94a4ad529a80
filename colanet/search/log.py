"""The lines of a journal: each is one operation of Optuna in JSON, and ends with a checksum of all lines so far.

The checksum, `sha256`, is the SHA-256 of the checksum before it (nothing before the first line) followed by the
line without it. Optuna ignores the field, so its own tools read the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from colanet.errors import CheckpointError, OutputError
from colanet.reading import read_bytes

_SEALED = re.compile(r'(\{.*),"sha256":"([0-9a-f]{64})"\}')


class Log(BaseJournalBackend):
    """A file of such lines that one process at a time reads once and appends to.

    Raises
    ------
    CheckpointError
        If a line is damaged, missing in the middle, or no operation.
    DataError
        If the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.size, self.sum = path, 0, ""
        self.operations: list[dict[str, Any]] = []
        if path.exists():
            self._read()

    def _read(self) -> None:
        content = read_bytes(self.path, packed=False)
        # A machine that stopped in the middle of a write leaves a line without an end; what it said is lost.
        self.size = content.rfind(b"\n") + 1
        try:
            lines = content[: self.size].decode("utf-8").split("\n")[:-1]
        except UnicodeDecodeError as error:
            raise CheckpointError(f"{self.path}: cannot be read as a journal (not UTF-8)") from error
        sealed = [self._take(number, line) for number, line in enumerate(lines, 1)]
        if sealed and not any(sealed):
            warnings.warn(f"{self.path}: has no checksums, an older colanet wrote it", stacklevel=2)

    def _take(self, number: int, line: str) -> bool:
        """Take over a line; whether it has a checksum, as all have from the first one on."""
        found = _SEALED.fullmatch(line)
        body = found[1] + "}" if found else line
        after = _sum(self.sum, body)
        if found and found[2] != after:
            raise CheckpointError(f"{self.path}:{number}: damaged, its checksum does not fit")
        if not found and self.operations and "sha256" in self.operations[-1]:
            raise CheckpointError(f"{self.path}:{number}: damaged, it has no checksum")
        try:
            operation = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{self.path}:{number}: cannot be read as a journal ({error})") from error
        if not isinstance(operation, dict):
            raise CheckpointError(f"{self.path}:{number}: cannot be read as a journal (expected an object)")
        self.operations.append(operation)
        self.sum = after
        return found is not None

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """Operations from one on, for Optuna."""
        return self.operations[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Add operations, for Optuna; all of them or none. OutputError if they cannot be written."""
        total, lines = self.sum, []
        for log in logs:
            body = json.dumps(log, separators=(",", ":"))
            total = _sum(total, body)
            lines.append(f'{body[:-1]},"sha256":"{total}"}}')
        content = "".join(line + "\n" for line in lines).encode()
        self._append(content)
        self.operations += map(json.loads, lines)
        self.sum, self.size = total, self.size + len(content)

    def _append(self, content: bytes) -> None:
        try:
            with open(self.path, "r+b" if self.path.exists() else "xb", buffering=0) as file:
                file.truncate(self.size)
                try:
                    _write_all(file, content, self.size)
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(self.size)
                    raise
        except OSError as error:
            raise OutputError(f"{self.path}: cannot be written: {error.strerror or error}") from error


def _write_all(file: Any, content: bytes, position: int) -> None:
    """Write at a position, in as many pieces as the system takes."""
    file.seek(position)
    while content:
        content = content[file.write(content) :]


def _sum(before: str, body: str) -> str:
    return hashlib.sha256((before + body).encode()).hexdigest()
