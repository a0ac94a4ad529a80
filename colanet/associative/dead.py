"""Dead neurons: where the energy of Krotov and Hopfield is flat (Fanaskov and Oseledets, arXiv 2410.13866).

    x' = W g(x) - x + b,  g = dL/dx,  W symmetric,
    E(x) = (x - b) . g - L(x) - 1/2 g . W g,    dE/dx = -H x',    dE/dt = -x' . H x',    H = d2L/dx2.

Where a neuron saturates H loses rank, and E is constant on a set that reaches to infinity: E alone gives
neither the steady state nor its stability. Three statements mend that, each a function here:

`recover`    the state follows from the flat set and g: x* = W g + b, if that lies in the set;
`stability`  W H - I has the eigenvalue -1 on the null space of H, so the range of H decides;
`flat_path`  g is constant on the flat set, the flow there is x' = x* - x, straight to x*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.base import Lagrangian, need_convex, need_semidefinite_at
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError, ShapeError
from colanet.associative.retrieval import Trajectory, integrate

TOLERANCE = 1e-9
REST = 1e-6
"""Largest velocity, relative to 1 + the largest coordinate, of what counts as a steady state."""


class OneGroup:
    """The general form of the system; two groups are one with W = [[0, xi^T], [xi, 0]].

    Parameters
    ----------
    matrix : array of shape (n, n)
        W, symmetric.
    lagrangian : Lagrangian
        L, convex: SemidefiniteError if it does not say so, or if `integrate` meets a state where it is not.
    bias : array of shape (n,), optional
        b.
    """

    def __init__(self, matrix: ArrayLike, lagrangian: Lagrangian, bias: ArrayLike | None = None) -> None:
        self.W = checks.symmetric(matrix, "W")
        need_convex(lagrangian, "L")
        self.L, self.size = lagrangian, len(self.W)
        self.b = np.zeros(self.size) if bias is None else checks.vector(bias, self.size, "b")

    def velocity(self, x: ArrayLike) -> Array:
        """x' = W g(x) - x + b, shape (..., n)."""
        return self._velocity(checks.states(x, self.size, "x"))

    def _velocity(self, x: Array) -> Array:
        return self.L.gradient(x) @ self.W - x + self.b

    def energy(self, x: ArrayLike) -> Array:
        """E(x), shape (...). RangeError if it is no finite number."""
        x = checks.states(x, self.size, "x")
        g = self.L.gradient(x)
        energy = ((x - self.b) * g).sum(-1) - self.L.value(x) - 0.5 * (g * (g @ self.W)).sum(-1)
        return checks.finite(energy, f"the energy with {self.L}")

    def slope(self, x: ArrayLike) -> Array:
        """dE/dx = -H x', shape (..., n)."""
        x = checks.states(x, self.size, "x")
        return -self.L.hvp(x, self._velocity(x))

    def power(self, x: ArrayLike) -> Array:
        """dE/dt = -x' . H x', shape (...); not positive."""
        x = checks.states(x, self.size, "x")
        velocity = self._velocity(x)
        power: Array = -(velocity * self.L.hvp(x, velocity)).sum(-1)
        return power

    def jacobian(self, x: ArrayLike) -> Array:
        """dx'/dx = W H - I, shape (..., n, n)."""
        return self.W @ self.L.hessian(checks.states(x, self.size, "x")) - np.eye(self.size)

    def integrate(self, x: ArrayLike, duration: float, **options: Any) -> Trajectory:
        """Solve the system from x of shape (..., n)."""
        x = checks.states(x, self.size, "x")

        def check(x: Array) -> None:
            need_semidefinite_at(self.L, x)

        return integrate(self._velocity, self.energy, x, duration, check=check, **options)

    def steady_state(self, x: ArrayLike, duration: float = 60.0, newton_steps: int = 8) -> Array:
        """The steady state that the flow from one state x of shape (n,) reaches."""
        state: Array = self.integrate(checks.vector(x, self.size, "x"), duration, method="LSODA").states[-1]
        for _ in range(newton_steps):
            state = state - np.linalg.pinv(self.jacobian(state)) @ self.velocity(state)
        if np.abs(self.velocity(state)).max() > 1e-8:
            raise ParameterError("no steady state was reached: the flow runs on or turns critical")
        return state


def dead_neurons(lagrangian: Lagrangian, x: ArrayLike, tolerance: float = TOLERANCE) -> np.ndarray:
    """Which neurons put out the same whatever they do: column i of H is 0. Bool of shape (..., n)."""
    array = checks.numbers(x, "x")
    if array.ndim == 0:
        raise ShapeError("x: expected states of shape (..., n), got one number")
    columns = np.abs(lagrangian.hessian(array)).max(-2)
    dead: np.ndarray = columns <= tolerance
    return dead


def flat_directions(lagrangian: Lagrangian, x: ArrayLike, tolerance: float = TOLERANCE) -> Array:
    """An orthonormal basis of the null space of H at one state x, shape (n, n_flat)."""
    return _split(lagrangian, x, tolerance)[1]


def range_directions(lagrangian: Lagrangian, x: ArrayLike, tolerance: float = TOLERANCE) -> Array:
    """An orthonormal basis of the range of H at one state x, shape (n, n - n_flat)."""
    return _split(lagrangian, x, tolerance)[0]


@dataclass(frozen=True)
class Recovered:
    """The steady state that belongs to a point where dE/dx = 0.

    Attributes
    ----------
    state : ndarray of shape (n,)
        W g + b.
    steady : bool
        The velocity vanishes there. If not, the point lies on a flat set without a steady state.
    """

    state: Array
    steady: bool


def recover(system: OneGroup, x: ArrayLike, tolerance: float = 1e-8) -> Recovered:
    """From any point x of shape (n,) where the energy is stationary to the steady state of its flat set.

    dE/dx = -H x' = 0 fixes x only in the range of H. But g is constant along the null space, and a steady
    state obeys x* = W g + b: this is it, if g(x*) = g(x).
    """
    x = checks.vector(x, system.size, "x")
    slope = float(np.abs(system.slope(x)).max())
    if slope > tolerance:
        raise ParameterError(f"x: the energy must be stationary there, but |dE/dx| reaches {slope:g}")
    state = system.L.gradient(x) @ system.W + system.b
    return Recovered(state, bool(np.abs(system.velocity(state)).max() <= tolerance))


@dataclass(frozen=True)
class Stability:
    """Linear stability of a steady state, tested in the range of H only.

    Attributes
    ----------
    eigenvalues : ndarray of shape (n - n_flat,)
        Of W H - I there; real, since H^1/2 W H^1/2 is symmetric.
    n_flat : int
        Dimension of the null space, where all eigenvalues are -1.
    """

    eigenvalues: Array
    n_flat: int

    @property
    def stable(self) -> bool:
        """Whether all eigenvalues are below 0."""
        return bool(self.eigenvalues.max(initial=-1.0) < 0)


def stability(system: OneGroup, x: ArrayLike, tolerance: float = TOLERANCE, rest: float = REST) -> Stability:
    """Stability of a steady state.

    Parameters
    ----------
    x : array of shape (n,)
        The steady state.
    tolerance : float
        Eigenvalues of H up to this size count as 0.
    rest : float
        How far from steady x may be: no |x'_i| above rest * (1 + the largest |x_i|).

    Raises
    ------
    ParameterError
        If the velocity does not vanish at x: linear stability says nothing there.
    """
    x = checks.vector(x, system.size, "x")
    speed, allowed = np.abs(system.velocity(x)).max(), rest * (1.0 + np.abs(x).max())
    if not speed <= allowed:
        raise ParameterError(
            f"x: the velocity must vanish there, for x to be steady, but |x'| reaches {speed:g}, above {allowed:g}"
        )
    need_semidefinite_at(system.L, x)
    basis, flat = _split(system.L, x, tolerance)
    if not basis.size:
        return Stability(np.empty(0), flat.shape[1])
    curvature = basis.T @ system.L.hessian(x) @ basis
    values, vectors = np.linalg.eigh(curvature)
    root = (vectors * np.sqrt(values)) @ vectors.T
    block = root @ (basis.T @ system.W @ basis) @ root
    return Stability(np.linalg.eigvalsh(block) - 1.0, flat.shape[1])


def in_flat_set(lagrangian: Lagrangian, x: ArrayLike, steady: ArrayLike, tolerance: float = 1e-12) -> np.ndarray:
    """Whether states x, shape (..., n), have the same output g as `steady`, (n,). Bool of shape (...)."""
    x, steady = _near(x, steady, "x")
    same: np.ndarray = np.abs(lagrangian.gradient(x) - lagrangian.gradient(steady)).max(-1) <= tolerance
    return same


def flat_path(steady: ArrayLike, start: ArrayLike, times: ArrayLike) -> Array:
    """x(t) = x* + (x(0) - x*) exp(-t): the flow on the flat set of x*.

    The set {g(x) = c} of a convex L is convex, so the straight way to x* never leaves it: a stable steady
    state that touches a flat set has all of it in its basin. `steady` has shape (n,), `start` (..., n), `times`
    (n_times,); the answer (n_times, ..., n).
    """
    start, steady = _near(start, steady, "start")
    times = checks.numbers(times, "times")
    if times.ndim != 1:
        raise ShapeError(f"times: expected shape (n_times,), got {times.shape}")
    decay = np.exp(-times).reshape(-1, *[1] * start.ndim)
    return steady + (start - steady) * decay


def _near(x: ArrayLike, steady: ArrayLike, name: str) -> tuple[Array, Array]:
    """States of shape (..., n) and a steady state of shape (n,)."""
    center = checks.numbers(steady, "steady")
    center = checks.vector(center, center.size, "steady")
    return checks.states(x, center.size, name), center


def _split(lagrangian: Lagrangian, x: ArrayLike, tolerance: float) -> tuple[Array, Array]:
    """Bases of the range and of the null space of H at x."""
    array = checks.numbers(x, "x")
    if array.ndim != 1:
        raise ShapeError(f"x: expected one state of shape (n,), got {array.shape}")
    values, vectors = np.linalg.eigh(lagrangian.hessian(array))
    null = np.abs(values) <= tolerance
    return vectors[:, ~null], vectors[:, null]
