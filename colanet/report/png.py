"""PNG files of one byte a pixel, as text that a page can hold."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

_SIGN = b"\x89PNG\r\n\x1a\n"
_GREY, _INDEXED = 0, 3
FASTEST, SMALLEST = 1, 9


def png(pixels: np.ndarray, palette: np.ndarray | None = None, level: int = SMALLEST) -> bytes:
    """A PNG file.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width)
        Grey from black to white, or places in the palette.
    palette : ndarray of uint8, shape (colours, 3), or None
    level : int
        Of zlib: from `FASTEST` to `SMALLEST`.
    """
    height, width = pixels.shape
    kind = _GREY if palette is None else _INDEXED
    rows = np.zeros((height, width + 1), dtype=np.uint8)  # the first byte of a row: no filter
    rows[:, 1:] = pixels
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0))]
    if palette is not None:
        parts.append((b"PLTE", palette.astype(np.uint8).tobytes()))
    parts += [(b"IDAT", zlib.compress(rows.tobytes(), level)), (b"IEND", b"")]
    return _SIGN + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def address(pixels: np.ndarray, palette: np.ndarray | None = None, level: int = SMALLEST) -> str:
    """The PNG as an address that holds it (a data URI); arguments as for `png`."""
    return "data:image/png;base64," + base64.b64encode(png(pixels, palette, level)).decode()


def mosaic(pictures: np.ndarray, across: int) -> np.ndarray:
    """Pictures of shape (n, height, width) side by side, `across` in a row, as one of the same type.

    Places that no picture fills are 0.
    """
    n, height, width = pictures.shape
    down = max(-(-n // across), 1)
    cells = np.zeros((down * across, height, width), dtype=pictures.dtype)
    cells[:n] = pictures
    return cells.reshape(down, across, height, width).swapaxes(1, 2).reshape(down * height, across * width)
