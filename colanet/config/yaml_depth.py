"""How deep the flow collections of a YAML text nest, before a parser has come to a verdict about them.

YAML parsers read ahead: an opening bracket may begin a key, so they scan up to a thousand characters before they
tell of it. Some give up on deep nesting meanwhile, each at its own depth. The little that was read ahead is
scanned here again, so that the limit is ours, whatever the parser.
"""

from __future__ import annotations

import re

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML."""

_QUOTED = re.compile(r"""\"[^"\\]*(?:\\.[^"\\]*)*"?|'[^']*(?:''[^']*)*'?""", re.DOTALL)
_COMMENT = re.compile("#[^\n\r\x85\u2028\u2029]*")
_INDICATOR = {
    False: re.compile(r"---(?=\s|\Z)|[-?:,](?=\s|\Z)|%.*|[!&*]\S*"),
    True: re.compile(r"[?:,]|-(?=\s|\Z)|[!&*][^\s,\[\]{}]*"),
}
_PLAIN = {
    False: re.compile(r".+?(?=:\s|:\Z|\s#|\Z)", re.DOTALL),
    True: re.compile(r"[^\[\]{}]+?(?=:\s|:\Z|\s#|[\[\]{},]|\Z)"),
}
"""Indicators and plain scalars outside (False) and inside (True) of flow collections."""


def deep_bracket(text: str, start: int, end: int, depth: int, flows: int, limit: int) -> int | None:
    """Where a flow collection opens that is nested deeper than `limit`.

    Parameters
    ----------
    text : str
    start, end : int
        The part to scan; it starts between two tokens.
    depth : int
        Collections that are open at `start`.
    flows : int
        How many of them are flow collections; those are the innermost.
    limit : int

    Returns
    -------
    int or None
        Index of the opening bracket.
    """
    outside, end = depth - flows, min(end, len(text))
    position = start
    while position < end:
        flow = depth > outside
        char = text[position]
        if char.isspace():
            position += 1
        elif char in "[{":
            depth += 1
            if depth > limit:
                return position
            position += 1
        elif char in "]}":
            depth -= 1
            position += 1
        elif not flow and char in "|>":
            return None  # nothing is read ahead across a block scalar
        else:
            position = _after(text, position, end, flow)
    return None


def _after(text: str, position: int, end: int, flow: bool) -> int:
    """The end of the scalar, comment or indicator at `position`."""
    for kind in (_QUOTED, _COMMENT, _INDICATOR[flow], _PLAIN[flow]):
        found = kind.match(text, position, end)
        if found:
            return found.end()
    return position + 1
