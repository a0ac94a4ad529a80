"""Two groups of neurons, coupled both ways by one matrix (Krotov and Hopfield 2020, arXiv 2008.06996).

    tau_f dv_i/dt  = sum_mu xi_{mu i} f_mu - v_i + I_i        f = dL_h/dh        (visible, "features")
    tau_h dh_mu/dt = sum_i  xi_{mu i} g_i  - h_mu             g = dL_v/dv        (hidden, "memories")

    E = [(v - I) . g - L_v] + [h . f - L_h] - f . xi g,       dE/dt = -tau_f v' H_v v' - tau_h h' H_h h' <= 0

Row mu of xi is a memory. With fast hidden neurons (tau_h -> 0) h = xi g(v), and what is left is

    tau_f dv/dt = xi^T f(xi g(v)) - v + I,                    E = (v - I) . g - L_v - L_h(xi g).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.base import Additive, Lagrangian, need_convex, need_semidefinite_at
from colanet.associative.checks import Array
from colanet.associative.lagrangians import Abs, LogSumExp, Norm, Quadratic
from colanet.associative.retrieval import Trajectory, integrate


class TwoGroups:
    """The full system. All methods take batches on the leading axes.

    Parameters
    ----------
    memories : array of shape (n_memories, n_features)
        The matrix xi.
    visible, hidden : Lagrangian
        L_v and L_h; both convex, or the energy could rise: SemidefiniteError if they do not say that they are,
        or if `integrate` meets a state where they are not.
    tau_f, tau_h : float
        Time constants of the visible and the hidden neurons.
    current : array of shape (n_features,), optional
        The input I.
    """

    def __init__(
        self,
        memories: ArrayLike,
        visible: Lagrangian,
        hidden: Lagrangian,
        tau_f: float = 1.0,
        tau_h: float = 1.0,
        current: ArrayLike | None = None,
    ) -> None:
        self.xi = checks.memories(memories)
        self.n_memories, self.n_features = self.xi.shape
        need_convex(visible, "visible neurons")
        need_convex(hidden, "hidden neurons")
        self.visible, self.hidden = visible, hidden
        self.tau_f, self.tau_h = checks.positive(tau_f, "tau_f"), checks.positive(tau_h, "tau_h")
        zero = np.zeros(self.n_features)
        self.current = zero if current is None else checks.vector(current, self.n_features, "current")

    def _states(self, v: ArrayLike, h: ArrayLike) -> tuple[Array, Array]:
        v, h = checks.states(v, self.n_features, "v"), checks.states(h, self.n_memories, "h")
        checks.same_batch(v, h, "v and h")
        return v, h

    def velocity(self, v: ArrayLike, h: ArrayLike) -> tuple[Array, Array]:
        """(dv/dt, dh/dt) of v and h, shapes (..., n_features) and (..., n_memories)."""
        return self._velocity(*self._states(v, h))

    def _velocity(self, v: Array, h: Array) -> tuple[Array, Array]:
        g, f = self.visible.gradient(v), self.hidden.gradient(h)
        return (f @ self.xi - v + self.current) / self.tau_f, (g @ self.xi.T - h) / self.tau_h

    def energy(self, v: ArrayLike, h: ArrayLike) -> Array:
        """E(v, h), shape (...). RangeError if it is no finite number."""
        v, h = self._states(v, h)
        g, f = self.visible.gradient(v), self.hidden.gradient(h)
        features = ((v - self.current) * g).sum(-1) - self.visible.value(v)
        memories = (h * f).sum(-1) - self.hidden.value(h)
        return checks.finite(features + memories - (f * (g @ self.xi.T)).sum(-1), f"the energy with {self.hidden}")

    def power(self, v: ArrayLike, h: ArrayLike) -> Array:
        """dE/dt along the flow, shape (...); not positive."""
        v, h = self._states(v, h)
        dv, dh = self.velocity(v, h)
        visible = (dv * self.visible.hvp(v, dv)).sum(-1)
        power: Array = -self.tau_f * visible - self.tau_h * (dh * self.hidden.hvp(h, dh)).sum(-1)
        return power

    def integrate(self, v: ArrayLike, duration: float, h: ArrayLike | None = None, **options: Any) -> Trajectory:
        """Solve the full system from v, and from h = xi g(v) unless h is given.

        The trajectory's states hold v and h side by side; `split` takes them apart. `options` go to
        `colanet.associative.retrieval.integrate` (rtol, method, ...).
        """
        v, h = self._states(v, self.settled(v) if h is None else h)

        def velocity(x: Array) -> Array:
            return np.concatenate(self._velocity(*self.split(x)), axis=-1)

        def check(x: Array) -> None:
            self._check(*self.split(x))

        start = np.concatenate([v, h], axis=-1)
        return integrate(velocity, lambda x: self.energy(*self.split(x)), start, duration, check=check, **options)

    def _check(self, v: Array, h: Array) -> None:
        need_semidefinite_at(self.visible, v, "visible neurons")
        need_semidefinite_at(self.hidden, h, "hidden neurons")

    def split(self, x: Array) -> tuple[Array, Array]:
        """v and h out of joint states of shape (..., n_features + n_memories)."""
        return x[..., : self.n_features], x[..., self.n_features :]

    def settled(self, v: ArrayLike) -> Array:
        """h = xi g(v), where fast hidden neurons stand, shape (..., n_memories)."""
        return self.visible.gradient(checks.states(v, self.n_features, "v")) @ self.xi.T

    def reduced_velocity(self, v: ArrayLike) -> Array:
        """dv/dt when the hidden neurons are fast, shape (..., n_features)."""
        return self._reduced_velocity(checks.states(v, self.n_features, "v"))

    def _reduced_velocity(self, v: Array) -> Array:
        f = self.hidden.gradient(self.visible.gradient(v) @ self.xi.T)
        return (f @ self.xi - v + self.current) / self.tau_f

    def reduced_energy(self, v: ArrayLike) -> Array:
        """E when the hidden neurons are fast: the Legendre terms of h cancel, -L_h(xi g) is left. Shape (...).

        RangeError if it is no finite number.
        """
        v = checks.states(v, self.n_features, "v")
        g = self.visible.gradient(v)
        own = ((v - self.current) * g).sum(-1) - self.visible.value(v)
        return checks.finite(own - self.hidden.value(g @ self.xi.T), f"the energy with {self.hidden}")

    def integrate_reduced(self, v: ArrayLike, duration: float, **options: Any) -> Trajectory:
        """Solve the reduced system from v."""
        v = checks.states(v, self.n_features, "v")

        def check(v: Array) -> None:
            self._check(v, self.settled(v))

        return integrate(self._reduced_velocity, self.reduced_energy, v, duration, check=check, **options)


def model_a(memories: ArrayLike, hidden: Additive, **options: Any) -> TwoGroups:
    """Two-state features, L_v = sum |v_i|: Dense Associative Memory. `Quadratic` gives Hopfield's network."""
    return TwoGroups(memories, Abs(), hidden, **options)


def model_b(memories: ArrayLike, beta: float = 1.0, **options: Any) -> TwoGroups:
    """Linear features, L_h = log sum exp(beta h) / beta: the modern Hopfield network."""
    return TwoGroups(memories, Quadratic(), LogSumExp(beta), **options)


def model_c(memories: ArrayLike, hidden: Additive, **options: Any) -> TwoGroups:
    """Features on a sphere, L_v = |v|: the spherical memory."""
    return TwoGroups(memories, Norm(), hidden, **options)
