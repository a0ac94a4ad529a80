"""The altered system, with the same steady states and no flat energy (Fanaskov and Oseledets, 2410.13866).

    y' = g(W y + b) - y,    steady where y* = g(x*), x* = W y* + b.

    E(y)   = 1/2 y . W y   - L(W y + b)                  dE/dt   = -y' . W y'
    E_R(y) = 1/2 y . R W y - sum_i r_i L_i((W y + b)_i)  dE_R/dt = -y' . R W y'

They fall if W, or R W, is symmetric positive semi-definite. L need not be convex, and in E_R (for additive L)
W need not be symmetric. Dead neurons make g constant, not E: where H = 0 the Hessian of E is W itself. And
u = W y + b obeys u' = W g(u) + b - u, the original system.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.base import Additive, Lagrangian
from colanet.associative.checks import Array
from colanet.associative.errors import AdditiveError, ParameterError, ShapeError, SymmetryError
from colanet.associative.retrieval import Trajectory, integrate


class Altered:
    """y' = g(W y + b) - y with one of its Lyapunov functions.

    Parameters
    ----------
    matrix : array of shape (n, n)
        W; symmetric positive semi-definite, or R W is.
    lagrangian : Lagrangian
        L; additive if R is given. Convexity is not needed.
    bias : array of shape (n,), optional
        b.
    weights : array of shape (n,), optional
        The diagonal of R, positive; all ones if not given. `symmetrizer` finds one.
    """

    def __init__(
        self,
        matrix: ArrayLike,
        lagrangian: Lagrangian,
        bias: ArrayLike | None = None,
        weights: ArrayLike | None = None,
    ) -> None:
        self.W = checks.square(matrix, "W")
        self.L, self.size = lagrangian, len(self.W)
        self.b = np.zeros(self.size) if bias is None else checks.vector(bias, self.size, "b")
        self.r = None if weights is None else _weights(weights, lagrangian, self.size)
        self.metric = self._metric()

    def _metric(self) -> Array:
        if self.r is None:
            return checks.semidefinite(self.W, "W")
        return checks.semidefinite(self.r[:, None] * self.W, "R W")

    def velocity(self, y: ArrayLike) -> Array:
        """y' = g(W y + b) - y, shape (..., n)."""
        return self._velocity(checks.states(y, self.size, "y"))

    def _velocity(self, y: Array) -> Array:
        return self.L.gradient(y @ self.W.T + self.b) - y

    def inner(self, y: ArrayLike) -> Array:
        """u = W y + b: the state of the original system, shape (..., n)."""
        return checks.states(y, self.size, "y") @ self.W.T + self.b

    def energy(self, y: ArrayLike) -> Array:
        """E(y), or E_R(y) where R was given, shape (...). RangeError if it is no finite number."""
        y = checks.states(y, self.size, "y")
        quadratic = 0.5 * (y * (y @ self.metric)).sum(-1)
        u = self.inner(y)
        if self.r is None:
            return checks.finite(quadratic - self.L.value(u), f"the energy with {self.L}")
        assert isinstance(self.L, Additive)
        return checks.finite(quadratic - self.L.potential(u) @ self.r, f"the energy with {self.L}")

    def slope(self, y: ArrayLike) -> Array:
        """dE/dy = -W y', or -R W y', shape (..., n)."""
        return -self.velocity(y) @ self.metric

    def power(self, y: ArrayLike) -> Array:
        """dE/dt = -y' . W y', or -y' . R W y', shape (...); not positive."""
        velocity = self.velocity(y)
        power: Array = -(velocity * (velocity @ self.metric)).sum(-1)
        return power

    def integrate(self, y: ArrayLike, duration: float, **options: Any) -> Trajectory:
        """Solve the system from y of shape (..., n)."""
        y = checks.states(y, self.size, "y")
        return integrate(self._velocity, self.energy, y, duration, **options)


def symmetrizer(matrix: ArrayLike) -> Array:
    """The positive diagonal R, of shape (n,), that makes R W symmetric; largest element 1.

    It exists if W_ij and W_ji have the same sign and the ratios agree around every loop (Kolmogorov's
    condition). r is carried from neuron to neuron by r_j = r_i W_ij / W_ji and then checked.
    """
    W = checks.square(matrix, "W")
    if (np.sign(W) != np.sign(W.T)).any():
        i, j = np.argwhere(np.sign(W) != np.sign(W.T))[0]
        raise SymmetryError(
            f"no positive diagonal R makes R W symmetric: W[{i},{j}] = {W[i, j]:g} and "
            f"W[{j},{i}] = {W[j, i]:g} differ in sign"
        )
    r = np.zeros(len(W))
    for root in range(len(W)):
        if r[root] == 0:
            r[root] = 1.0
            _spread(W, r, root)
    product = r[:, None] * W
    gap = np.abs(product - product.T)
    if gap.max() > 1e-10 * np.abs(product).max():
        raise SymmetryError(
            "no positive diagonal R makes R W symmetric: the ratios W_ij / W_ji disagree around a loop"
        )
    scaled: Array = r / r.max()
    return scaled


def _spread(W: Array, r: Array, root: int) -> None:
    queue = deque([root])
    while queue:
        i = queue.popleft()
        for j in np.nonzero((W[i] != 0) & (r == 0))[0]:
            r[j] = r[i] * W[i, j] / W[j, i]
            queue.append(int(j))


def _weights(values: ArrayLike, lagrangian: Lagrangian, size: int) -> Array:
    r = checks.numbers(values, "R")
    if r.shape != (size,):
        raise ShapeError(f"R: expected the diagonal, shape ({size},), got {r.shape}")
    if r.min() <= 0:
        raise ParameterError(f"R must be positive: its smallest element is {r.min():g}")
    if not lagrangian.additive:
        raise AdditiveError(f"E_R needs an additive Lagrangian, a sum over neurons, and {lagrangian} is none")
    return r
