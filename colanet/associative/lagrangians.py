"""The Lagrangians: functions L whose gradient g = dL/dx is what a group of neurons puts out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colanet.associative import scaled
from colanet.associative.base import Additive, Lagrangian
from colanet.associative.checks import Array, positive
from colanet.associative.errors import ParameterError
from colanet.extras import need

LARGEST_ORDER = 2000
"""Of x^n: as far as `scaled.monomial` goes."""


@dataclass(frozen=True)
class Quadratic(Additive):
    """l(x) = x^2 / 2, g(x) = x: the linear neuron."""

    convex = True

    def potential(self, x: Array) -> Array:
        """x^2 / 2."""
        return 0.5 * x * x

    def gradient(self, x: Array) -> Array:
        """A copy of x."""
        return np.array(x, dtype=np.float64)

    def curvature(self, x: Array) -> Array:
        """1."""
        return np.ones_like(x)


@dataclass(frozen=True)
class Polynomial(Additive):
    """l(x) = x^n. Convex for even n only; for odd n see `RectifiedPolynomial`."""

    n: int = 3
    deficient = "at x = 0 for n > 2"

    def __post_init__(self) -> None:
        _order(self.n)

    @property
    def convex(self) -> bool:
        """For even n only."""
        return self.n % 2 == 0

    def potential(self, x: Array) -> Array:
        """x^n."""
        return x**self.n

    def gradient(self, x: Array) -> Array:
        """n x^(n - 1)."""
        return self.n * x ** (self.n - 1)

    def potential_parts(self, x: Array) -> scaled.Parts:
        """x^n as value * 2^power."""
        return scaled.monomial(x, self.n)

    def gradient_parts(self, x: Array) -> scaled.Parts:
        """n x^(n - 1) as value * 2^power."""
        value, power = scaled.monomial(x, self.n - 1)
        return self.n * value, power

    def curvature(self, x: Array) -> Array:
        """n (n - 1) x^(n - 2)."""
        return self.n * (self.n - 1) * x ** (self.n - 2)


@dataclass(frozen=True)
class RectifiedPolynomial(Additive):
    """l(x) = x^n for x > 0, else 0 (Krotov and Hopfield 2016). Convex for every n >= 2."""

    convex = True
    n: int = 3
    deficient = "where x <= 0"

    def __post_init__(self) -> None:
        _order(self.n)

    def potential(self, x: Array) -> Array:
        """max(x, 0)^n."""
        return np.maximum(x, 0.0) ** self.n

    def gradient(self, x: Array) -> Array:
        """n max(x, 0)^(n - 1)."""
        return self.n * np.maximum(x, 0.0) ** (self.n - 1)

    def potential_parts(self, x: Array) -> scaled.Parts:
        """max(x, 0)^n as value * 2^power."""
        return scaled.monomial(np.maximum(x, 0.0), self.n)

    def gradient_parts(self, x: Array) -> scaled.Parts:
        """n max(x, 0)^(n - 1) as value * 2^power."""
        value, power = scaled.monomial(np.maximum(x, 0.0), self.n - 1)
        return self.n * value, power

    def curvature(self, x: Array) -> Array:
        """n (n - 1) x^(n - 2) for x > 0, else 0."""
        return np.where(x > 0, self.n * (self.n - 1) * np.maximum(x, 0.0) ** (self.n - 2), 0.0)


@dataclass(frozen=True)
class Exponential(Additive):
    """l(x) = exp(beta x) / beta (beta = 1: Demircigil et al. 2017)."""

    convex = True
    beta: float = 1.0
    deficient = "nowhere, but vanishing as x goes to minus infinity"

    def __post_init__(self) -> None:
        positive(self.beta, "beta")

    def potential(self, x: Array) -> Array:
        """exp(beta x) / beta."""
        value: Array = np.exp(self.beta * x) / self.beta
        return value

    def gradient(self, x: Array) -> Array:
        """exp(beta x)."""
        gradient: Array = np.exp(self.beta * x)
        return gradient

    def curvature(self, x: Array) -> Array:
        """beta exp(beta x)."""
        curvature: Array = self.beta * np.exp(self.beta * x)
        return curvature

    def potential_parts(self, x: Array) -> scaled.Parts:
        """exp(beta x) / beta as value * 2^power."""
        value, power = self.gradient_parts(x)
        return value / self.beta, power

    def gradient_parts(self, x: Array) -> scaled.Parts:
        """exp(beta x) as value * 2^power."""
        return scaled.exponential(self.beta * x)


@dataclass(frozen=True)
class Abs(Additive):
    """l(x) = |x|, g(x) = sign(x): the two-state neuron."""

    convex = True
    deficient = "everywhere (the curvature sits at x = 0)"

    def potential(self, x: Array) -> Array:
        """|x|."""
        return np.abs(x)

    def gradient(self, x: Array) -> Array:
        """sign(x), 0 at x = 0."""
        return np.sign(x)

    def curvature(self, x: Array) -> Array:
        """0, also at x = 0."""
        return np.zeros_like(x)


@dataclass(frozen=True)
class Softplus(Additive):
    """l(x) = log(1 + exp(x)), g(x) = 1 / (1 + exp(-x)): the logistic neuron of Hopfield 1984."""

    convex = True
    deficient = "nowhere, but vanishing as |x| grows"

    def potential(self, x: Array) -> Array:
        """log(1 + exp(x))."""
        return np.logaddexp(0.0, x)

    def gradient(self, x: Array) -> Array:
        """1 / (1 + exp(-x))."""
        gradient: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
        return gradient

    def curvature(self, x: Array) -> Array:
        """1 / (4 cosh(x / 2)^2)."""
        curvature: Array = 0.25 / np.cosh(0.5 * np.clip(x, -700.0, 700.0)) ** 2
        return curvature


@dataclass(frozen=True)
class LogCosh(Additive):
    """l(x) = log cosh(x), g(x) = tanh(x)."""

    convex = True
    deficient = "nowhere, but vanishing as |x| grows"

    def potential(self, x: Array) -> Array:
        """log cosh(x)."""
        value: Array = np.logaddexp(x, -x) - np.log(2.0)
        return value

    def gradient(self, x: Array) -> Array:
        """tanh(x)."""
        return np.tanh(x)

    def curvature(self, x: Array) -> Array:
        """1 - tanh(x)^2."""
        return 1.0 - np.tanh(x) ** 2


@dataclass(frozen=True)
class ReLU(Additive):
    """l(x) = max(x, 0)^2 / 2, g(x) = max(x, 0). Dead below zero."""

    convex = True
    deficient = "where x <= 0"

    def potential(self, x: Array) -> Array:
        """max(x, 0)^2 / 2."""
        return 0.5 * np.maximum(x, 0.0) ** 2

    def gradient(self, x: Array) -> Array:
        """max(x, 0)."""
        return np.maximum(x, 0.0)

    def curvature(self, x: Array) -> Array:
        """1 for x > 0, else 0."""
        return (x > 0).astype(np.float64)


@dataclass(frozen=True)
class GELU(Additive):
    """l(x) = (x^2 P + x p - P) / 2, g(x) = x P(x), with p and P the normal density and distribution.

    g falls below x = -0.75, so L is not convex: the altered system takes it, the original one does not.
    """

    deficient = "where P + x p = 0, near x = -0.752, and vanishing as x goes to minus infinity"

    def potential(self, x: Array) -> Array:
        """(x^2 P + x p - P) / 2."""
        P, p = _normal(x)
        return 0.5 * (x * x * P + x * p - P)

    def gradient(self, x: Array) -> Array:
        """x P(x)."""
        return x * _normal(x)[0]

    def curvature(self, x: Array) -> Array:
        """P + x p."""
        P, p = _normal(x)
        return P + x * p


@dataclass(frozen=True)
class HardSigmoid(Additive):
    """g(x) = clip(1/2 + slope x, 0, 1). Dead beyond |x| = 1 / (2 slope)."""

    convex = True
    slope: float = 0.25
    deficient = "where |x| >= 1 / (2 slope)"

    def __post_init__(self) -> None:
        positive(self.slope, "slope")

    def potential(self, x: Array) -> Array:
        """The integral of the gradient, 0 far below zero."""
        inside = self.gradient(x) ** 2 / (2 * self.slope)
        value: Array = inside + np.maximum(x - 0.5 / self.slope, 0.0)
        return value

    def gradient(self, x: Array) -> Array:
        """clip(1/2 + slope x, 0, 1)."""
        gradient: Array = np.clip(0.5 + self.slope * x, 0.0, 1.0)
        return gradient

    def curvature(self, x: Array) -> Array:
        """slope for |x| < 1 / (2 slope), else 0."""
        return np.where(np.abs(x) < 0.5 / self.slope, self.slope, 0.0)


@dataclass(frozen=True)
class LogSumExp(Lagrangian):
    """L(x) = log(sum_i exp(beta x_i)) / beta, g(x) = softmax(beta x)."""

    convex = True
    beta: float = 1.0
    deficient = "everywhere along (1, ..., 1); wholly, in floating point, where one neuron takes all"

    def __post_init__(self) -> None:
        positive(self.beta, "beta")

    def value(self, x: Array) -> Array:
        """log(sum_i exp(beta x_i)) / beta, shape (...)."""
        top = x.max(-1, keepdims=True)
        value: Array = top[..., 0] + np.log(np.exp(self.beta * (x - top)).sum(-1)) / self.beta
        return value

    def gradient(self, x: Array) -> Array:
        """softmax(beta x), shape (..., n)."""
        weights = np.exp(self.beta * (x - x.max(-1, keepdims=True)))
        gradient: Array = weights / weights.sum(-1, keepdims=True)
        return gradient

    def hvp(self, x: Array, w: Array) -> Array:
        """beta (diag(p) - p p') w with p = softmax(beta x), shape (..., n)."""
        p = self.gradient(x)
        product: Array = self.beta * p * (w - (p * w).sum(-1, keepdims=True))
        return product


@dataclass(frozen=True)
class Norm(Lagrangian):
    """L(x) = sqrt(sum_i x_i^2), g(x) = x / |x|. At x = 0 the gradient is taken as 0."""

    convex = True
    deficient = "everywhere along x"

    def value(self, x: Array) -> Array:
        """|x|, shape (...)."""
        value: Array = np.linalg.norm(x, axis=-1)
        return value

    def gradient(self, x: Array) -> Array:
        """x / |x|, shape (..., n); 0 at x = 0."""
        length = np.linalg.norm(x, axis=-1, keepdims=True)
        return x / np.where(length > 0, length, 1.0)

    def hvp(self, x: Array, w: Array) -> Array:
        """(w - g (g . w)) / |x| with g = x / |x|, shape (..., n); 0 at x = 0."""
        length = np.linalg.norm(x, axis=-1, keepdims=True)
        g = self.gradient(x)
        product: Array = (w - g * (g * w).sum(-1, keepdims=True)) / np.where(length > 0, length, np.inf)
        return product


def _order(n: int) -> None:
    if not 2 <= n <= LARGEST_ORDER or int(n) != n:
        raise ParameterError(f"n: expected a whole number from 2 to {LARGEST_ORDER}, got {n}")


def _normal(x: Array) -> tuple[Array, Array]:
    """Distribution and density of the standard normal law."""
    density = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    return need("scipy.special", "associative").ndtr(x), density
