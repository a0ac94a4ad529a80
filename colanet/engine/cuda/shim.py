"""The kernels on the CPU, through a small shim and the C++ compiler: for tests, not for speed."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from colanet.engine.cuda.source import FOLDER, MAIN, source
from colanet.errors import BackendUnavailable

ORDERS = ("forwards", "backwards", "shuffled")
"""Orders in which the threads of a block run between two barriers."""

FLAGS = ("-std=c++17", "-O2", "-shared", "-fPIC", "-Wall", "-Wno-unknown-pragmas", "-U_FORTIFY_SOURCE")
_GUARD = 64
_GUARD_BYTE = 0xCB


def compiler() -> str:
    """Path of a C++ compiler.

    Raises
    ------
    BackendUnavailable
        If there is none.
    """
    path = shutil.which(os.environ.get("CXX", "g++")) or shutil.which("g++")
    if path is None:
        raise BackendUnavailable("the shim needs g++, which is not installed")
    return path


@cache
def build(text: str) -> ctypes.CDLL:
    """The shared library of a CUDA source text under the shim.

    Raises
    ------
    BackendUnavailable
        Without a C++ compiler, or if the text does not compile.
    """
    shim = (FOLDER / "shim.cpp").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="colanet-shim-") as folder:
        (Path(folder) / MAIN).write_text(text, encoding="utf-8")
        (Path(folder) / "shim.cpp").write_text(shim, encoding="utf-8")
        library = Path(folder) / f"shim-{hashlib.sha256(text.encode()).hexdigest()[:12]}.so"
        command = [compiler(), *FLAGS, "-o", str(library), str(Path(folder) / "shim.cpp")]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BackendUnavailable(f"the shim does not compile: {done.stderr[:2000]}")
        return ctypes.CDLL(str(library))


class ShimBackend:
    """Runs the kernels thread by thread; arrays are NumPy's, with guard bytes behind each.

    Parameters
    ----------
    order : {'forwards', 'backwards', 'shuffled'}
        Of the threads between barriers.
    seed : int
        Of the shuffling.
    text : str or None
        Another source text than the package's.
    shared_limit : int
        Bytes of shared memory that a block of the imagined device can have.
    free : int
        Bytes of memory that it says are free.

    Raises
    ------
    BackendUnavailable
        Without a C++ compiler.
    """

    name = "shim"
    device = "CPU shim"
    multiprocessors = 1

    def __init__(
        self,
        order: str = "forwards",
        seed: int = 0,
        *,
        text: str | None = None,
        shared_limit: int = 48 * 1024,
        free: int = 1 << 40,
    ) -> None:
        self.order, self.seed, self.shared_limit, self.free = ORDERS.index(order), seed, shared_limit, free
        self.library = build(source() if text is None else text)
        self._guarded: list[np.ndarray] = []

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        """A new array, aligned to 16 bytes, with guard bytes behind it."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        # numpy aligns to 16 bytes only by luck of the allocator; the kernels load vectors of 16 bytes.
        raw = np.zeros(size + _GUARD + 16, dtype=np.uint8)
        first = -raw.ctypes.data % 16
        raw[first + size : first + size + _GUARD] = _GUARD_BYTE
        self._guarded.append(raw[first + size : first + size + _GUARD])
        array: np.ndarray = raw[first : first + size].view(dtype).reshape(shape)
        return array

    def upload(self, array: np.ndarray) -> np.ndarray:
        """A copy with guard bytes behind it."""
        result = self.zeros(array.shape, array.dtype)
        result[...] = array
        return result

    def download(self, array: np.ndarray) -> np.ndarray:
        """A copy without them."""
        return array.copy()

    def address(self, array: np.ndarray) -> int:
        """The address of the first byte."""
        return array.ctypes.data

    def launch(self, kernel: str, blocks: int, threads: int, shared: int, *arguments: Any) -> None:
        """Run a kernel to its end.

        Raises
        ------
        RuntimeError
            If threads do not meet at the same barrier, or a kernel wrote beyond an array.
        """
        values = [a if isinstance(a, int) else self.address(a) for a in arguments]
        table = np.array([value & (1 << 64) - 1 for value in values], dtype=np.uint64)
        message = ctypes.create_string_buffer(2000)
        self.seed += 1
        failed = self.library.shim_launch(
            kernel.encode(), blocks, threads, shared, ctypes.c_void_p(table.ctypes.data), self.order,
            ctypes.c_uint64(self.seed), message, len(message),
        )  # fmt: skip
        if failed:
            raise RuntimeError(f"{kernel}: {message.value.decode()}")
        if any((guard != _GUARD_BYTE).any() for guard in self._guarded):
            raise RuntimeError(f"{kernel}: wrote beyond the end of an array")
        self._forget()

    def _forget(self) -> None:
        """Keep only the newest guards; they hold their arrays alive."""
        del self._guarded[:-200]

    def synchronize(self) -> None:
        """Nothing to wait for."""
