"""Bytes as a row of choices, and what is put into files by them: a fuzzer that changes bytes changes choices."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any, TypeVar

T = TypeVar("T")

NASTY: list[Any] = [
    None, True, False, 0, 1, -1, 2, 0.5, -0.0, 255, 256, 65536, 2**31 - 1, 2**31, 2**32, 2**53 + 1, 2**60, 2**63,
    -(2**63) - 1, 10**30, 1e-320, 1e15, 1e16, 1e308, float("inf"), float("-inf"), float("nan"), "", " ", "0", "-1",
    "1e999", "nan", "infinity", "yes", "null", "9" * 5000, "x" * 3000, "a b", "a/b", "a.b", "a:b", "../../x",
    "/etc",
    "\\x", "é", "٣", "\u202e", "\u2028", "\u0085", "a\nb", "a\tb", "\x7f", "%s", "{0}", "<", "&a;", "'", '"',
    "#", "*a",
    "!!python/object:os.system", "- 1", "a: b", [], {}, [[]], [None], [1, 2], [1, 2, 3], {"a": 1}, {"": ""},
    {"uniform": [1, 3]}, {"uniform": [3, 1]}, {"log_normal": [1, 0]}, {"log_uniform": [0, 1]}, {"default": 0.1},
    {"values": [[1, 2]]}, "2020-01-01", "R", "L", "numba", "shipped",
]  # fmt: skip
"""Values that stand where others belong."""
PIECES = [
    b"<", b">", b"/>", b"</", b"<!--", b"-->", b"&a;", b"&#0;", b"<![CDATA[",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"?>",
    b"-", b"- ", b": ", b"? ", b"{", b"}", b"[", b"]", b"'", b'"', b"*a", b"&a ", b"!", b"|", b"%", b"---\n",
    b"...\n",
    b"#", b"\n", b"\r", b"\r\n", b"\t", b"\0", b"\xff", b"\xc3\x28", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0<",
    b"\xc2\x85", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"9" * 5000, b"1e999", b"nan", b"inf", b"-1", b"0x1",
    b"1_0", b",",
    b";", b"@", b".", b"\x1f\x8b\x08", b"PK\3\4", b"\x93NUMPY", b"\0\0\x08\x03", b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
]  # fmt: skip
"""Bytes that mean something in one of the kinds of files."""
MOST_CHANGES = 6


class Tape:
    """Choices that bytes make; when they are at their end, always the first one."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def below(self, end: int) -> int:
        """A whole number from 0 to end - 1, of two bytes."""
        two = self.data[self.at : self.at + 2]
        self.at += 2
        return int.from_bytes(two, "little") % end

    def pick(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.below(len(options))]

    def value(self) -> Any:
        """A nasty value, or a number."""
        return self.pick(NASTY) if self.below(4) else self.pick([1, 0.001, -1, 0.1]) * self.below(2000)

    def changes(self) -> range:
        """For a loop over some changes."""
        return range(1 + self.below(MOST_CHANGES))


def spoiled(content: bytes, other: bytes, chance: random.Random) -> bytes:
    """Bytes with some pieces cut out, doubled, put in or taken from others."""
    for _ in range(chance.choice((1, 1, 2, 3, 6))):
        start = chance.randrange(len(content) + 1)
        stop = min(len(content), start + chance.choice((0, 1, 1, 2, 5, 40, 400)))
        part = content[start:stop]
        new = chance.choice((
            b"", chance.choice(PIECES), part * 2, chance.randbytes(len(part) or 1), _slice(other, chance),
            bytes(byte ^ 1 << chance.randrange(8) for byte in part), part[::-1],
        ))  # fmt: skip
        content = content[:start] + new + content[stop:]
        numbers = list(re.finditer(rb"\d+", content)) if chance.random() < 0.3 else []
        if numbers:
            one = chance.choice(numbers)
            content = content[: one.start()] + str(chance.choice(NASTY)).encode() + content[one.end() :]
    return content


def _slice(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[start : start + chance.choice((1, 8, 60))]
