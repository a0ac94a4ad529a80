"""Options that several commands share."""

from __future__ import annotations

import click

lenient = click.option("--lenient", is_flag=True, help="Unknown words of a configuration are only warned of.")
"""Belongs to every command that reads a configuration."""
