"""How deep the elements of an XML text nest, so that the limit is ours and not a parser's."""

from __future__ import annotations

import re

MAX_DEPTH = 100
TOO_DEEP = f"elements are nested too deeply; at most {MAX_DEPTH} may stand inside each other"

_OTHERS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>", "<!": ">"}
_TAG = re.compile(r"""<[^"'>]*(?:"[^"]*"[^"'>]*|'[^']*'[^"'>]*)*>""")


def deep_element(text: str, last_line: int) -> int | None:
    """Line of the first element that is nested deeper than `MAX_DEPTH`, counted from 1.

    Parameters
    ----------
    text : str
    last_line : int
        The lines behind this one are not looked at: no parser has said what they are.
    """
    depth, line, position = 0, 1, 0
    while (start := text.find("<", position)) >= 0:
        line += text.count("\n", position, start)
        end = _end_of_markup(text, start)
        if end is None or line > last_line:
            return None
        if text[start + 1] == "/":
            depth -= 1
        elif text[start + 1] not in "!?" and text[end - 2] != "/":
            depth += 1
            if depth > MAX_DEPTH:
                return line
        line += text.count("\n", start, end)
        position = end
    return None


def _end_of_markup(text: str, start: int) -> int | None:
    """Index behind the tag, comment or instruction that starts here; None: it has no end."""
    for opening, closing in _OTHERS.items():
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            return end + len(closing) if end >= 0 else None
    tag = _TAG.match(text, start)
    return tag.end() if tag else None
