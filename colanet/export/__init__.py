"""Trained networks in other forms: one file a format, and a registry that packages add to."""

from colanet.export.registry import EXPORTS, Exporter, export

__all__ = ["EXPORTS", "Exporter", "export"]
