"""Options that several commands share."""

from __future__ import annotations

import click

lenient = click.option("--lenient", is_flag=True, help="Unknown words of a configuration are only warned of.")
"""Belongs to every command that reads a configuration."""

stand_ins = click.option(
    "--stand-in",
    "stand_ins",
    multiple=True,
    metavar="NAME=noise[:SIZE[:RATE]]",
    help="Noise instead of the plug-in of an input or library (repeatable).",
)
"""Belongs to commands that look at configurations with plug-ins."""
