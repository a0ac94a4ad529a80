"""What can be wrong with an associative memory. Every message names the condition that does not hold."""

from __future__ import annotations

from colanet.errors import ColanetError


class IllPosed(ColanetError):
    """The equations need a condition that the input does not meet."""


class ShapeError(IllPosed):
    """Arrays do not fit together, are empty or are not finite."""


class PatternError(IllPosed):
    """Patterns or states are not made of -1 and +1."""


class SymmetryError(IllPosed):
    """A matrix must be symmetric, or made so by a positive diagonal factor, and is not."""


class SemidefiniteError(IllPosed):
    """A matrix or a Hessian must be positive semi-definite and is not."""


class AdditiveError(IllPosed):
    """A Lagrangian must be a sum over single neurons and is not."""


class RangeError(IllPosed):
    """A result is too large for a floating-point number."""


class ParameterError(IllPosed):
    """A number lies outside the range in which the model is defined."""
