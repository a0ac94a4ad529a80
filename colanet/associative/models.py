"""Models A, B and C with fast hidden neurons, as networks that retrieve in a few steps.

    A   E = -sum_mu F(xi_mu . s),   s in {-1, 1}^d              Krotov, Hopfield 2016; Demircigil et al. 2017
    B   E = |v|^2 / 2 - log sum_mu exp(beta xi_mu . v) / beta   Ramsauer et al., arXiv 2008.02217
    C   E = -sum_mu F(xi_mu . u),   |u| = 1                     Krotov, Hopfield, arXiv 2008.06996

Every step here replaces the convex part of -E by its tangent and goes to the best state for the tangent, so
it cannot raise the energy. In A this holds for all neurons at once: xi_mu . s keeps its self-coupling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.base import Additive, need_convex
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError
from colanet.associative.hopfield import ORDERS, flip_sign
from colanet.associative.lagrangians import LogSumExp, Norm
from colanet.associative.retrieval import Retrieval, iterate


class DenseMemory:
    """Model A, the Dense Associative Memory.

    Parameters
    ----------
    memories : array of shape (n_memories, n_features)
        The matrix xi: patterns of -1 and +1, perhaps less their mean or times a factor that keeps F in range.
    interaction : Additive
        F. Parallel steps need it convex; asynchronous ones compare energies and take any F.
    """

    def __init__(self, memories: ArrayLike, interaction: Additive):
        self.xi = checks.memories(memories)
        self.F = interaction

    def energy(self, s: Array) -> Array:
        """E(s) = -sum_mu F(xi_mu . s), shape (...)."""
        return -self.F.value(s @ self.xi.T)

    def parallel_step(self, s: Array) -> Array:
        """s <- sign(sum_mu xi_mu F'(xi_mu . s)), all neurons at once."""
        return flip_sign(self.F.gradient(s @ self.xi.T) @ self.xi, s)

    def sweep(self, s: Array, order: np.ndarray) -> Array:
        """Turn neuron i where that lowers the energy (Krotov and Hopfield 2016, eq. 3), i in `order`."""
        batch = s.reshape(-1, self.xi.shape[1]).copy()
        h = batch @ self.xi.T
        present = self.F.value(h)
        for i in order:
            turned = h - 2 * batch[:, i, None] * self.xi[:, i]
            value = self.F.value(turned)
            rows = np.nonzero(value > present)[0]
            h[rows], present[rows] = turned[rows], value[rows]
            batch[rows, i] *= -1
        return batch.reshape(s.shape)

    def retrieve(self, start: ArrayLike, order: str = "parallel", max_steps: int = 100, seed: int = 0) -> Retrieval:
        """Run from `start`, of shape (..., n_features), until nothing changes."""
        s = checks.bipolar(checks.states(start, self.xi.shape[1], "start"), "start")
        if order not in ORDERS:
            raise ParameterError(f"order: expected one of {', '.join(ORDERS)}, got {order!r}")
        if order == "parallel":
            need_convex(self.F, "parallel steps of model A")
        rng = np.random.default_rng(seed)

        def step(s: Array) -> Array:
            if order == "parallel":
                return self.parallel_step(s)
            return self.sweep(s, rng.permutation(s.shape[-1]))

        return iterate(step, self.energy, s, max_steps)


class ModernMemory:
    """Model B, the modern Hopfield network: one step is dot-product attention.

    Parameters
    ----------
    memories : array of shape (n_memories, n_features)
    beta : float
        Inverse temperature; 1 / sqrt(n_features) in a transformer.
    """

    def __init__(self, memories: ArrayLike, beta: float = 1.0):
        self.xi = checks.memories(memories)
        self.hidden = LogSumExp(beta)

    def energy(self, v: Array) -> Array:
        """E(v) = |v|^2 / 2 - log sum_mu exp(beta xi_mu . v) / beta, shape (...)."""
        return 0.5 * (v * v).sum(-1) - self.hidden.value(v @ self.xi.T)

    def attention(self, v: Array) -> Array:
        """softmax(beta xi v), shape (..., n_memories)."""
        return self.hidden.gradient(v @ self.xi.T)

    def step(self, v: Array) -> Array:
        """v <- xi^T softmax(beta xi v)."""
        return self.attention(v) @ self.xi

    def retrieve(self, start: ArrayLike, max_steps: int = 1000, tolerance: float = 1e-10) -> Retrieval:
        """Run from `start`, of shape (..., n_features), until no neuron moves by more than `tolerance`."""
        v = checks.states(start, self.xi.shape[1], "start")
        return iterate(self.step, self.energy, v, max_steps, tolerance)


class SphericalMemory:
    """Model C: states on the unit sphere.

    Parameters
    ----------
    memories : array of shape (n_memories, n_features)
    interaction : Additive
        F, convex.
    """

    def __init__(self, memories: ArrayLike, interaction: Additive):
        self.xi = checks.memories(memories)
        need_convex(interaction, "model C")
        self.F = interaction

    def energy(self, u: Array) -> Array:
        """E(u) = -sum_mu F(xi_mu . u / |u|), shape (...)."""
        return -self.F.value(Norm().gradient(u) @ self.xi.T)

    def step(self, u: Array) -> Array:
        """u <- w / |w| with w = sum_mu xi_mu F'(xi_mu . u); u stays where w = 0."""
        w = self.F.gradient(u @ self.xi.T) @ self.xi
        length = np.linalg.norm(w, axis=-1, keepdims=True)
        return np.where(length > 0, w / np.where(length > 0, length, 1.0), u)

    def retrieve(self, start: ArrayLike, max_steps: int = 1000, tolerance: float = 1e-10) -> Retrieval:
        """Run from `start` / |start| until no neuron moves by more than `tolerance`."""
        v = checks.states(start, self.xi.shape[1], "start")
        if (np.linalg.norm(v, axis=-1) == 0).any():
            raise ParameterError("start: model C needs states other than 0, which has no direction")
        return iterate(self.step, self.energy, Norm().gradient(v), max_steps, tolerance)
