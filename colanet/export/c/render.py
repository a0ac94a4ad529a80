"""Templates filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2

from colanet import units
from colanet.export.c.text import constant, number, rows
from colanet.plan.fixed import in_resources, scale_table
from colanet.version import __version__

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **known: Any) -> str:
    """The text of a template."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.globals.update(
        constant=constant, number=number, rows=rows, in_resources=in_resources, units=units, scale=scale_table(),
        version=__version__,
    )  # fmt: skip
    text = environment.get_template(template).render(known)
    lines = (line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"
