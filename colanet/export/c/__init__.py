"""The format `c`: a network copy as one C99 source and its header, for computers as small as microcontrollers."""

from colanet.export.c.export import c

__all__ = ["c"]
