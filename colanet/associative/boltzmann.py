"""The Boltzmann machine (Ackley, Hinton and Sejnowski 1985): a Hopfield network with a temperature.

A neuron j is drawn at random; turning it changes the energy by dE = 2 y_j (M y + b)_j, with
E(y) = -1/2 y^T M y - b^T y. It is turned with probability

    heat_bath    1 / (1 + exp(dE / T))
    metropolis   1 if dE <= 0, else exp(-dE / T)
    lecture      1 if dE <= 0, else 1 / (1 + exp(dE / T))

The first two keep detailed balance, so at fixed T the states visited follow exp(-E / T) / Z. The third, as
written on the lecture's slide, does not: its ratio of rates is 1 / (1 + exp(dE / T)), not exp(-dE / T). It is
a sound way to anneal, where only the limit T -> 0 counts, and is kept for that.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError, ShapeError
from colanet.associative.hopfield import Hopfield

LARGEST_ENUMERATION = 16


def cooling(t: ArrayLike, start: float = 1.0) -> Array:
    """T(t) = T0 / (1 + ln t) for t = 1, 2, ..."""
    times = checks.numbers(t, "t")
    if times.min() < 1:
        raise ParameterError(f"t: the cooling T0 / (1 + ln t) begins at t = 1, got {times.min():g}")
    return checks.positive(start, "T0") / (1.0 + np.log(times))


def heat_bath(rise: Array, temperature: float) -> Array:
    """1 / (1 + exp(dE / T))."""
    probability: Array = 0.5 * (1.0 - np.tanh(0.5 * rise / temperature))
    return probability


def metropolis(rise: Array, temperature: float) -> Array:
    """min(1, exp(-dE / T))."""
    return np.exp(-np.maximum(rise, 0.0) / temperature)


def lecture(rise: Array, temperature: float) -> Array:
    """1 if dE <= 0, else 1 / (1 + exp(dE / T))."""
    return np.where(rise <= 0, 1.0, heat_bath(rise, temperature))


RULES: dict[str, Callable[[Array, float], Array]] = {
    "heat_bath": heat_bath,
    "metropolis": metropolis,
    "lecture": lecture,
}


class Boltzmann:
    """A batch of chains over the states of one network.

    Parameters
    ----------
    matrix : array of shape (n_features, n_features)
        Symmetric, with diagonal 0.
    bias : array of shape (n_features,), optional
    rule : {'heat_bath', 'metropolis', 'lecture'}
        Probability of turning the neuron that was drawn.
    """

    def __init__(self, matrix: ArrayLike, bias: ArrayLike | None = None, rule: str = "heat_bath") -> None:
        self.matrix = Hopfield(matrix).matrix
        self.size = len(self.matrix)
        self.bias = np.zeros(self.size) if bias is None else checks.vector(bias, self.size, "bias")
        if rule not in RULES:
            raise ParameterError(f"rule: expected one of {', '.join(RULES)}, got {rule!r}")
        self.accept = RULES[rule]

    def energy(self, y: ArrayLike) -> Array:
        """E(y) = -1/2 y^T M y - b^T y, shape (...) for y of shape (..., n_features)."""
        y = checks.states(y, self.size, "y")
        energy = -0.5 * ((y @ self.matrix) * y).sum(-1) - y @ self.bias
        return checks.finite(energy, "the energy of the Boltzmann machine")

    def step(self, y: Array, temperature: float, rng: np.random.Generator) -> None:
        """Draw one neuron in each chain and turn it or not, in place; y has shape (n_chains, n_features)."""
        if np.shape(y)[1:] != (self.size,):
            raise ShapeError(f"y: expected shape (n_chains, {self.size}), got {np.shape(y)}")
        chains = np.arange(len(y))
        j = rng.integers(self.size, size=len(y))
        rise = 2 * y[chains, j] * ((y * self.matrix[j]).sum(-1) + self.bias[j])
        turned = rng.random(len(y)) < self.accept(rise, temperature)
        y[chains[turned], j[turned]] *= -1

    def run(self, start: ArrayLike, temperatures: ArrayLike, seed: int = 0) -> tuple[Array, Array]:
        """One sweep of n_features draws at each temperature.

        Parameters
        ----------
        start : array of shape (n_chains, n_features), or (n_features,) for one chain
            Made of -1 and +1.
        temperatures : array of shape (n_sweeps,), or one number for one sweep
            Constant to sample, `cooling(np.arange(1, n + 1), T0)` to anneal.

        Returns
        -------
        states : ndarray of shape (n_chains, n_features)
        energies : ndarray of shape (n_sweeps + 1, n_chains)
        """
        y = np.atleast_2d(checks.bipolar(checks.states(start, self.size, "start"), "start")).copy()
        if y.ndim != 2:
            raise ShapeError(f"start: expected shape (n_chains, {self.size}), got {y.shape}")
        schedule = np.atleast_1d(checks.numbers(temperatures, "temperatures"))
        if schedule.ndim != 1:
            raise ShapeError(f"temperatures: expected shape (n_sweeps,), got {schedule.shape}")
        checks.positive(float(schedule.min()), "temperature")
        rng, energies = np.random.default_rng(seed), [self.energy(y)]
        for temperature in schedule:
            for _ in range(self.size):
                self.step(y, float(temperature), rng)
            energies.append(self.energy(y))
        return y, np.array(energies)

    def distribution(self, temperature: float) -> Array:
        """exp(-E / T) / Z over `all_states`, shape (2^n_features,)."""
        exponent = -self.energy(all_states(self.size)) / checks.positive(temperature, "temperature")
        weights = np.exp(exponent - exponent.max())
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    def transitions(self, temperature: float) -> Array:
        """The matrix of one draw, P[s, t] = probability of t after s, over `all_states`."""
        states = all_states(self.size)
        rise = 2 * states * (states @ self.matrix + self.bias)
        turn = self.accept(rise, checks.positive(temperature, "temperature")) / self.size
        matrix = np.zeros((len(states), len(states)))
        here = np.arange(len(states))
        for j in range(self.size):
            matrix[here, here ^ (1 << j)] = turn[:, j]
        matrix[here, here] = 1 - turn.sum(1)
        return matrix


def all_states(size: int) -> Array:
    """All 2^size states, number s having +1 at neuron j where bit j of s is set."""
    if not 1 <= size <= LARGEST_ENUMERATION:
        raise ParameterError(f"states are enumerated for 1 to {LARGEST_ENUMERATION} neurons, not {size}")
    bits = np.arange(2**size)[:, None] >> np.arange(size) & 1
    return 2.0 * bits - 1.0


def state_number(y: Array) -> np.ndarray:
    """The place of states y of shape (..., n_features) in `all_states`."""
    number: np.ndarray = ((y > 0) << np.arange(y.shape[-1])).sum(-1)
    return number
