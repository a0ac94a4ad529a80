"""The discrete Hopfield network (J. J. Hopfield, PNAS 79, 2554, 1982).

N patterns x in {-1, 1}^d are stored in a symmetric matrix M without diagonal; a state runs down the energy

    E(y) = -1/2 y^T M y,    y_i <- sign((M y)_i).

One neuron at a time the energy never rises. All at once it may: the state can end in a cycle of two.
A neuron with field 0 keeps its value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError, SymmetryError
from colanet.associative.retrieval import Retrieval, iterate

ORDERS = ("asynchronous", "parallel")


def hebbian(patterns: ArrayLike) -> Array:
    """M = X^T X / N - I, whose diagonal is 0.

    Parameters
    ----------
    patterns : array of shape (n_patterns, n_features)
        Made of -1 and +1.

    Returns
    -------
    M : ndarray of shape (n_features, n_features)
    """
    x = checks.bipolar(checks.memories(patterns, "patterns"), "patterns")
    return x.T @ x / len(x) - np.eye(x.shape[1])


def pseudo_inverse(patterns: ArrayLike) -> Array:
    """The projection on the span of the patterns, M = X^+ X, less its diagonal.

    Personnaz, Guyon and Dreyfus (1985). M x = x before the diagonal is removed, and the diagonal of a
    projection is at most 1, so every pattern stays a fixed point as long as no diagonal element is 1.
    """
    x = checks.bipolar(checks.memories(patterns, "patterns"), "patterns")
    projection = np.linalg.pinv(x) @ x
    np.fill_diagonal(projection, 0.0)
    return 0.5 * (projection + projection.T)


def flip_sign(fields: Array, y: Array) -> Array:
    """sign(fields), or the present value y where the field is 0."""
    return np.where(fields == 0, y, np.sign(fields))


class Hopfield:
    """A network of two-state neurons with symmetric couplings.

    Parameters
    ----------
    matrix : array of shape (n_features, n_features)
        Symmetric, with diagonal 0.
    """

    def __init__(self, matrix: ArrayLike) -> None:
        self.matrix = checks.symmetric(matrix, "M")
        diagonal = np.abs(np.diag(self.matrix))
        if diagonal.max() > 1e-10 * max(np.abs(self.matrix).max(), 1.0):
            raise SymmetryError(f"M must have no self-coupling: its diagonal reaches {diagonal.max():g}")
        self.size = len(self.matrix)

    def energy(self, y: ArrayLike) -> Array:
        """E(y) = -1/2 y^T M y, shape (...) for y of shape (..., n_features)."""
        y = checks.states(y, self.size, "y")
        return checks.finite(-0.5 * ((y @ self.matrix) * y).sum(-1), "the energy of Hopfield's network")

    def parallel_step(self, y: ArrayLike) -> Array:
        """y <- sign(M y), all neurons at once, shape (..., n_features)."""
        y = checks.states(y, self.size, "y")
        return flip_sign(y @ self.matrix, y)

    def sweep(self, y: ArrayLike, order: ArrayLike) -> Array:
        """y_i <- sign((M y)_i) for the neurons in `order`, one after the other.

        Parameters
        ----------
        y : array of shape (..., n_features)
            Made of -1 and +1.
        order : int array of shape (n_steps,)
            Neurons, counted from 0.
        """
        y = checks.bipolar(checks.states(y, self.size, "y"), "y")
        batch = y.reshape(-1, self.size).copy()
        fields = batch @ self.matrix
        for i in checks.order(order, self.size):
            rows = np.nonzero(fields[:, i] * batch[:, i] < 0)[0]
            # Flips are few, so the fields are mended rather than computed anew.
            fields[rows] -= 2 * batch[rows, i, None] * self.matrix[i]
            batch[rows, i] *= -1
        return batch.reshape(y.shape)

    def retrieve(
        self, start: ArrayLike, order: str = "asynchronous", max_steps: int = 100, seed: int = 0
    ) -> Retrieval:
        """Run from `start` until nothing changes.

        Parameters
        ----------
        start : array of shape (..., n_features)
            Made of -1 and +1.
        order : {'asynchronous', 'parallel'}
            An asynchronous step is one sweep over all neurons in a random order.
        """
        y = checks.bipolar(checks.states(start, self.size, "start"), "start")
        if order not in ORDERS:
            raise ParameterError(f"order: expected one of {', '.join(ORDERS)}, got {order!r}")
        rng = np.random.default_rng(seed)

        def step(y: Array) -> Array:
            if order == "parallel":
                return self.parallel_step(y)
            return self.sweep(y, rng.permutation(self.size))

        return iterate(step, self.energy, y, max_steps)
