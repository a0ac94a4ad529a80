"""The page: parts put into a template, with the script of Plotly inside."""

from __future__ import annotations

import base64
import functools
import json
import zlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from colanet.extras import need
from colanet.report.parts import Chart, Mosaic, Part, Section
from colanet.version import __version__

FILES = Path(__file__).with_name("page")
"""The template, its style and its script."""


def script(extra: str = "report") -> bytes:
    """Plotly's script. BackendUnavailable, saying that `extra` brings it, without it."""
    need("plotly", extra)
    return (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()


@functools.cache
def packed() -> str:
    """Plotly's script, packed by zlib, as text. BackendUnavailable without it."""
    return base64.b64encode(zlib.compress(script(), 9)).decode()


def text_of(name: str) -> str:
    """A file of `FILES`."""
    return (FILES / name).read_text(encoding="utf-8")


def environment(*folders: Path) -> jinja2.Environment:
    """Templates of these folders and of `FILES`."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, FILES]), undefined=jinja2.StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.globals["style_of"] = _style_of
    return made


def render(title: str, parts: Sequence[Part], comparison: Section | None = None) -> str:
    """The HTML of a page.

    Parameters
    ----------
    title : str
    parts : sequence of Part
    comparison : Section or None
        What stands above them.
    """
    figures: list[dict[str, Any]] = []
    mosaics: list[dict[str, Any]] = []

    def drawn(chart: Chart) -> int:
        figures.append(chart.figure)
        return len(figures) - 1

    def placed(mosaic: Mosaic) -> int:
        mosaics.append(plain(mosaic))
        return len(mosaics) - 1

    templates = environment()
    templates.globals |= {"drawn": drawn, "placed": placed}
    body = templates.get_template("body.html").render(parts=parts, comparison=comparison)
    return templates.get_template("page.html").render(
        title=title, version=__version__, parts=parts, comparison=comparison, body=_safe(body),
        style=_safe(text_of("page.css")), program=_safe(text_of("tools.js") + text_of("page.js")),
        plotly=_safe(packed()), content=_json({"figures": figures, "mosaics": mosaics}),
    )  # fmt: skip


def _safe(text: str) -> Markup:
    """Text of our own, not to be escaped again."""
    return Markup(text)


def _json(value: Any) -> Markup:
    """JSON that can stand in a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return _safe(text.replace("<", "\\u003c"))


def _style_of(mosaic: Mosaic, place: int) -> str:
    """Style of an element that shows one picture of a mosaic."""
    row, column = divmod(place, mosaic.across)
    x = 100 * column / max(mosaic.across - 1, 1)
    y = 100 * row / max(mosaic.down - 1, 1)
    return f"background-position:{x:.4f}% {y:.4f}%"


def plain(mosaic: Mosaic) -> dict[str, Any]:
    """A mosaic as the script of a page reads it."""
    images = mosaic.images
    return {
        "stages": [{"name": stage.name, "picture": stage.picture} for stage in mosaic.stages],
        "across": mosaic.across,
        "down": mosaic.down,
        "shape": mosaic.shape,
        "neurons": mosaic.neurons,
        "best": mosaic.best,
        "images": images and plain(images),
    }
