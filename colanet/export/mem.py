"""Memory files of hexadecimal words, as `$readmemh` of Verilog reads them: one word a line, nothing else."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import atomic_path


class Mem:
    """One file while it is written; it appears when the stack closes without an error.

    Parameters
    ----------
    stack : ExitStack
    path : Path
    width : int
        Bits of a word.
    signed : bool
        Two's complement.
    scale : int
        A word times it is the integer that colanet calculates with.
    **told
        More to be said about it in the manifest.
    """

    def __init__(
        self, stack: ExitStack, path: Path, *, width: int, signed: bool = False, scale: int = 1, **told: Any
    ) -> None:
        temporary = stack.enter_context(atomic_path(path))
        self._file = stack.enter_context(temporary.open("wb"))
        self.path, self.width, self.signed, self.scale, self.told = path, width, signed, scale, told
        self.lines, self._digest = 0, hashlib.sha256()

    def words(self, values: np.ndarray) -> None:
        """Append integers, one a line, in the order of the array.

        Raises
        ------
        ValueError
            If one does not fit.
        """
        flat = np.ascontiguousarray(values).reshape(-1).astype(np.int64)
        word = flat // self.scale
        low = -(1 << self.width - 1) if self.signed else 0
        high = low + (1 << self.width) - 1
        if flat.size and ((word * self.scale != flat).any() or word.min() < low or word.max() > high):
            raise ValueError(f"{self.path.name}: {flat.min()}..{flat.max()} do not fit {self.width} bits")
        self._write((word.view(np.uint64) & np.uint64((1 << self.width) - 1)).tolist())

    def bits(self, rows: np.ndarray) -> None:
        """Append rows of `width` truth values, one row a line; bit i of the word is entry i."""
        packed = np.packbits(np.atleast_2d(rows).astype(bool), axis=1, bitorder="little")
        self._write([int.from_bytes(row.tobytes(), "little") for row in packed])

    def _write(self, words: list[int]) -> None:
        digits = -(-self.width // 4)
        text = "".join(f"{word:0{digits}x}\n" for word in words).encode()
        self._file.write(text)
        self._digest.update(text)
        self.lines += len(words)

    def described(self) -> dict[str, Any]:
        """What the manifest says of it."""
        return {
            "file": self.path.name,
            **self.told,
            "lines": self.lines,
            "width": self.width,
            "signed": self.signed,
            "scale": self.scale,
            "sha256": self._digest.hexdigest(),
        }
