"""Whole numbers as texts of all kinds write them."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_EXACT = 2**53
"""Above this not every whole number is a float."""


def whole(text: str) -> int | None:
    """The whole number that a text is, also as ``1E3`` or ``3.000e+00``; None if it is none.

    Digits alone may be up to 40; with a point or an exponent the number lies below 2^53 in size.
    """
    if _DIGITS.fullmatch(text):
        return int(text)
    value = float(text) if _NUMBER.fullmatch(text) else 0.5
    return int(value) if abs(value) < _EXACT and value.is_integer() else None
