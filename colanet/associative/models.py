"""Models A, B and C with fast hidden neurons, as networks that retrieve in a few steps.

    A   E = -sum_mu F(xi_mu . s),   s in {-1, 1}^d              Krotov, Hopfield 2016; Demircigil et al. 2017
    B   E = |v|^2 / 2 - log sum_mu exp(beta xi_mu . v) / beta   Ramsauer et al., arXiv 2008.02217
    C   E = -sum_mu F(xi_mu . u),   |u| = 1                     Krotov, Hopfield, arXiv 2008.06996

Every step here replaces the convex part of -E by its tangent and goes to the best state for the tangent, so
it cannot raise the energy. In A this holds for all neurons at once: xi_mu . s keeps its self-coupling.

F may leave the range of floats, exp(d) from d = 710 on. A common factor changes neither the signs of A nor the
direction of C, so the steps are computed without it (`scaled`); `scaled_energy` keeps it apart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks, scaled
from colanet.associative.base import Additive, need_convex, need_semidefinite_at
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError, RangeError
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

    def __init__(self, memories: ArrayLike, interaction: Additive) -> None:
        self.xi = checks.memories(memories)
        self.F = interaction

    def fields(self, s: ArrayLike) -> Array:
        """h = xi s, shape (..., n_memories)."""
        return checks.states(s, self.xi.shape[1], "s") @ self.xi.T

    def energy(self, s: ArrayLike) -> Array:
        """E(s) = -sum_mu F(xi_mu . s), shape (...) for s of shape (..., n_features).

        RangeError if it is beyond the range of floats; `scaled_energy` has it then.
        """
        return _as_floats(self.scaled_energy(s), self.F)

    def scaled_energy(self, s: ArrayLike) -> scaled.Parts:
        """(value, power) with E(s) = value * 2^power, both of shape (...), for energies of any size."""
        return _negative_total(self.F, self.fields(s))

    def parallel_step(self, s: ArrayLike) -> Array:
        """s <- sign(sum_mu xi_mu F'(xi_mu . s)), all neurons at once, shape (..., n_features)."""
        s = checks.states(s, self.xi.shape[1], "s")
        pull, _ = scaled.align(self.F.gradient_parts(self.fields(s)), self.F)
        return flip_sign(pull @ self.xi, s)

    def sweep(self, s: ArrayLike, order: ArrayLike) -> Array:
        """Turn neuron i where that lowers the energy (Krotov and Hopfield 2016, eq. 3), i in `order`.

        Parameters
        ----------
        s : array of shape (..., n_features)
            Made of -1 and +1.
        order : int array of shape (n_steps,)
            Neurons, counted from 0.
        """
        s = checks.bipolar(checks.states(s, self.xi.shape[1], "s"), "s")
        batch = s.reshape(-1, self.xi.shape[1]).copy()
        h = batch @ self.xi.T
        value, power = scaled.total(self.F.potential_parts(h), self.F)
        for i in checks.order(order, self.xi.shape[1]):
            turned = h - 2 * batch[:, i, None] * self.xi[:, i]
            other = scaled.total(self.F.potential_parts(turned), self.F)
            rows = np.nonzero(scaled.greater(other, (value, power)))[0]
            h[rows], value[rows], power[rows] = turned[rows], other[0][rows], other[1][rows]
            batch[rows, i] *= -1
        return batch.reshape(s.shape)

    def retrieve(self, start: ArrayLike, order: str = "parallel", max_steps: int = 100, seed: int = 0) -> Retrieval:
        """Run from `start`, of shape (..., n_features), until nothing changes.

        Energies beyond the range of floats come in units of 2^`Retrieval.exponent`. SemidefiniteError if parallel
        steps meet an F that is not convex at the first or the last fields.
        """
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

        answer = iterate(step, self.scaled_energy, s, max_steps)
        if order == "parallel":
            for state in (s, answer.states):
                need_semidefinite_at(self.F, self.fields(state), "parallel steps of model A")
        return answer


class ModernMemory:
    """Model B, the modern Hopfield network: one step is dot-product attention.

    Parameters
    ----------
    memories : array of shape (n_memories, n_features)
    beta : float
        Inverse temperature; 1 / sqrt(n_features) in a transformer.
    """

    def __init__(self, memories: ArrayLike, beta: float = 1.0) -> None:
        self.xi = checks.memories(memories)
        self.hidden = LogSumExp(beta)

    def energy(self, v: ArrayLike) -> Array:
        """E(v) = |v|^2 / 2 - log sum_mu exp(beta xi_mu . v) / beta, shape (...)."""
        v = checks.states(v, self.xi.shape[1], "v")
        with np.errstate(over="ignore", invalid="ignore"):
            energy = 0.5 * (v * v).sum(-1) - self.hidden.value(v @ self.xi.T)
        return checks.finite(energy, "the energy of model B")

    def attention(self, v: ArrayLike) -> Array:
        """softmax(beta xi v), shape (..., n_memories)."""
        return self.hidden.gradient(checks.states(v, self.xi.shape[1], "v") @ self.xi.T)

    def step(self, v: ArrayLike) -> Array:
        """v <- xi^T softmax(beta xi v), shape (..., n_features)."""
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

    def __init__(self, memories: ArrayLike, interaction: Additive) -> None:
        self.xi = checks.memories(memories)
        need_convex(interaction, "model C")
        self.F = interaction

    def energy(self, u: ArrayLike) -> Array:
        """E(u) = -sum_mu F(xi_mu . u / |u|), shape (...) for u of shape (..., n_features).

        RangeError if it is beyond the range of floats; `scaled_energy` has it then.
        """
        return _as_floats(self.scaled_energy(u), self.F)

    def scaled_energy(self, u: ArrayLike) -> scaled.Parts:
        """(value, power) with E(u) = value * 2^power, both of shape (...), for energies of any size."""
        u = checks.states(u, self.xi.shape[1], "u")
        return _negative_total(self.F, Norm().gradient(u) @ self.xi.T)

    def step(self, u: ArrayLike) -> Array:
        """u <- w / |w| with w = sum_mu xi_mu F'(xi_mu . u), shape (..., n_features); u stays where w = 0."""
        u = checks.states(u, self.xi.shape[1], "u")
        pull, _ = scaled.align(self.F.gradient_parts(u @ self.xi.T), self.F)
        w = pull @ self.xi
        length = np.linalg.norm(w, axis=-1, keepdims=True)
        return np.where(length > 0, w / np.where(length > 0, length, 1.0), u)

    def retrieve(self, start: ArrayLike, max_steps: int = 1000, tolerance: float = 1e-10) -> Retrieval:
        """Run from `start` / |start|, of shape (..., n_features), until no neuron moves by more than `tolerance`.

        Energies beyond the range of floats come in units of 2^`Retrieval.exponent`. SemidefiniteError if F is not
        convex at the first or the last fields.
        """
        v = checks.states(start, self.xi.shape[1], "start")
        if (np.linalg.norm(v, axis=-1) == 0).any():
            raise ParameterError("start: model C needs states other than 0, which has no direction")
        u = Norm().gradient(v)
        answer = iterate(self.step, self.scaled_energy, u, max_steps, tolerance)
        for state in (u, answer.states):
            need_semidefinite_at(self.F, state @ self.xi.T, "model C")
        return answer


def _negative_total(F: Additive, h: Array) -> scaled.Parts:
    value, power = scaled.total(F.potential_parts(h), F)
    return -value, power


def _as_floats(energy: scaled.Parts, F: Additive) -> Array:
    values, exponent = scaled.together(energy)
    if exponent:
        raise RangeError(
            f"the energy with {F} is beyond the range of floats, about 2^{exponent}: "
            "take `scaled_energy`, or scale the memories down"
        )
    return values
