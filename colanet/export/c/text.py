"""Names, types and tables of C."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "step learning votes mask AWAKE BASE_THRESHOLD FOREVER MEMORY_KICK ONE POTENTIAL_LIMIT RAMP_LIMIT SCALE "
    "STABILITY_LIMIT OWN_SPIKE REWARD PRESYNAPTIC asm typeof unix linux errno EOF NULL NAN INFINITY bool true "
    "false class delete explicit export friend mutable namespace new operator private protected public template "
    "this throw try typename using virtual catch wchar_t"
)
_ENDINGS = (
    "_SIZE _WORDS _RING _COLUMNS _LEAK _BIAS _KICK _KEY _OFFSET _PERIOD _FLOOR _LIMIT _STEP _PHASE _INCREMENT "
    "_WEIGHT_BASE _ALPHA _SPAN _RESOURCE _GRAIN _HEBBIAN _WINDOW _ISI_MAX _RATE _PRESYNAPTIC _SYNAPSES"
)
KEYWORDS = frozenset(_KEYWORDS.split())
"""Names that nothing of a network can have: words of C99, its dialects, its headers and C++, members of every
state, constants of every source."""
ENDINGS = tuple(_ENDINGS.split())
"""Of constants of populations."""
WIDTH = 110


def identifier(name: str, taken: set[str]) -> str:
    """A C identifier for a name of the configuration, another one than those taken; it is taken from now on."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "x"
    if plain[0].isdigit():
        plain = f"x{plain}"
    chosen, number = plain, 1
    # Constants are called NAME_CONSTANT, so a name that ends like one could be taken for it.
    while chosen in taken or chosen in KEYWORDS or chosen.endswith(ENDINGS):
        number += 1
        chosen = f"{plain}_{number}"
    taken.add(chosen)
    return chosen


def comment(text: str) -> str:
    """A text that cannot end the comment it stands in."""
    return re.sub(r"[^\w .,:;()=<>+#-]", "_", text, flags=re.ASCII)


def integer_type(low: int, high: int) -> str:
    """The smallest type of stdint.h that holds low..high; unsigned if nothing is negative."""
    sign = "u" if low >= 0 else ""
    for bits in (8, 16, 32, 64):
        least, most = (0, (1 << bits) - 1) if low >= 0 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        if least <= low and high <= most:
            return f"{sign}int{bits}_t"
    raise OverflowError(f"no integer of C holds {low} to {high}")


def signed_type(low: int, high: int) -> str:
    """The smallest signed type that holds low..high."""
    return integer_type(min(low, -1), high)


def bytes_of(ctype: str) -> int:
    """Bytes of a type of stdint.h."""
    return int("".join(filter(str.isdigit, ctype))) // 8


def number(value: int) -> str:
    """An integer constant."""
    return str(value) if -(1 << 31) < value < 1 << 31 else f"INT64_C({value})"


def constant(value: int) -> str:
    """An integer constant for use in expressions: negative ones in brackets."""
    return f"({number(value)})" if value < 0 else number(value)


def rows(values: np.ndarray) -> str:
    """The initialiser of an array of one or two dimensions; uint32 are bit sets, in hexadecimal."""
    if values.ndim == 2:
        inner = ",\n".join(_row(row) for row in values)
        return f"{{\n{inner}\n}}"
    return f"{{\n{_lines(values, 4)}\n}}"


def _row(values: np.ndarray) -> str:
    text = _lines(values, 8)
    return f"    {{{text.strip()}}}" if "\n" not in text else f"    {{\n{text}\n    }}"


def _lines(values: np.ndarray, indent: int) -> str:
    bits = values.dtype == np.uint32
    words: Iterable[str] = (f"0x{int(value):X}u" if bits else number(int(value)) for value in values)
    lines: list[str] = []
    line: list[str] = []
    length = 0
    for word in words:
        if line and length + len(word) + 2 > WIDTH - indent:
            lines.append(" " * indent + ", ".join(line))
            line, length = [], 0
        line.append(word)
        length += len(word) + 2
    lines.append(" " * indent + ", ".join(line))
    return ",\n".join(lines)


def bit_words(bits: np.ndarray) -> np.ndarray:
    """Rows of 0 and 1 as bit sets: uint32 of shape (rows, words); bit j of word w stands for 32 w + j."""
    words = -(-bits.shape[1] // 32)
    padded = np.zeros((bits.shape[0], 32 * words), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").astype(np.uint32)


def packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Rows of codes of 1, 2 or 4 bits, several in a byte, the first in the lowest bits; uint8."""
    lanes = 8 // bits
    padded = np.zeros((codes.shape[0], -(-codes.shape[1] // lanes) * lanes), dtype=np.uint8)
    padded[:, : codes.shape[1]] = codes
    lane = padded.reshape(codes.shape[0], -1, lanes) << (bits * np.arange(lanes, dtype=np.uint8))
    result: np.ndarray = np.bitwise_or.reduce(lane, axis=2).astype(np.uint8)
    return result
