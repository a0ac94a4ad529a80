"""What a Lagrangian is: value, gradient, Hessian-vector product, and where its Hessian loses rank.

Krotov and Hopfield (arXiv 2008.06996) build their energy from L alone, and the energy falls when the Hessian
of L is positive semi-definite. Where that Hessian loses rank neurons are dead and the energy is flat
(Fanaskov and Oseledets, arXiv 2410.13866). All works on batches, the neurons on the last axis.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from colanet.associative import scaled
from colanet.associative.checks import Array
from colanet.associative.errors import RangeError, SemidefiniteError


class Lagrangian(ABC):
    """A scalar function of one group of neurons.

    Attributes
    ----------
    additive : bool
        L(x) = sum_i l(x_i), so the Hessian is diagonal.
    convex : bool
        The Hessian is positive semi-definite everywhere. Not so unless the class says it; what a class says is
        checked at the states where a system starts and ends.
    deficient : str
        Where the Hessian is not of full rank.
    """

    additive: ClassVar[bool] = False
    deficient: ClassVar[str] = "nowhere"

    @property
    def convex(self) -> bool:
        """Whether the class says that the Hessian is positive semi-definite everywhere."""
        return False

    @abstractmethod
    def value(self, x: Array) -> Array:
        """L(x), shape (...) for x of shape (..., n)."""

    @abstractmethod
    def gradient(self, x: Array) -> Array:
        """g(x) = dL/dx, shape (..., n)."""

    @abstractmethod
    def hvp(self, x: Array, w: Array) -> Array:
        """H(x) w with H = d2L/dx2, shape (..., n)."""

    def hessian(self, x: Array) -> Array:
        """H(x), shape (..., n, n)."""
        return self.hvp(x[..., None, :], np.eye(x.shape[-1]))


class Additive(Lagrangian):
    """L(x) = sum_i l(x_i): everything is said by l, l' and l''."""

    additive = True

    @abstractmethod
    def potential(self, x: Array) -> Array:
        """l(x), element by element."""

    @abstractmethod
    def gradient(self, x: Array) -> Array:
        """l'(x), element by element."""

    @abstractmethod
    def curvature(self, x: Array) -> Array:
        """l''(x), element by element."""

    def potential_parts(self, x: Array) -> scaled.Parts:
        """l(x) as value * 2^power, for a potential that can leave the range of floats."""
        with np.errstate(over="ignore"):
            return scaled.parts(self.potential(x))

    def gradient_parts(self, x: Array) -> scaled.Parts:
        """l'(x) as value * 2^power."""
        with np.errstate(over="ignore"):
            return scaled.parts(self.gradient(x))

    def value(self, x: Array) -> Array:
        """The sum of l(x_i), shape (...)."""
        total: Array = self.potential(x).sum(-1)
        return total

    def hvp(self, x: Array, w: Array) -> Array:
        """l''(x) w, shape (..., n)."""
        return self.curvature(x) * w


def need_convex(lagrangian: Lagrangian, name: str) -> None:
    """Refuse a Lagrangian under which the energy of Krotov and Hopfield may rise."""
    if not lagrangian.convex:
        raise SemidefiniteError(
            f"{name}: the Hessian of {lagrangian} must be positive semi-definite everywhere, "
            "which its attribute `convex` does not say"
        )


def need_semidefinite_at(lagrangian: Lagrangian, x: Array, name: str = "L") -> None:
    """Refuse a Lagrangian whose Hessian has a negative eigenvalue at one of the states x, shape (..., n).

    Negative means below -1e-10, or below -1e-10 of the largest eigenvalue if that is above 1.
    """
    with np.errstate(over="ignore"):
        if isinstance(lagrangian, Additive):
            eigenvalues = lagrangian.curvature(x)
        else:
            hessian = lagrangian.hessian(x)
            if not np.isfinite(hessian).all():
                raise RangeError(f"{name}: the Hessian of {lagrangian} is not finite at this state")
            eigenvalues = np.linalg.eigvalsh(hessian)
    smallest, largest = float(eigenvalues.min()), float(eigenvalues.max())
    if smallest < -1e-10 * max(largest, 1.0):
        raise SemidefiniteError(
            f"{name}: the Hessian of {lagrangian} must be positive semi-definite, "
            f"but at this state has the eigenvalue {smallest:g}"
        )
