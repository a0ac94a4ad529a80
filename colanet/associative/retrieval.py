"""Running a network until it stands still, and telling how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet.associative.checks import Array, numbers
from colanet.associative.errors import ParameterError
from colanet.associative.extras import need


@dataclass(frozen=True)
class Retrieval:
    """What a discrete-time retrieval gave.

    Attributes
    ----------
    states : ndarray of shape (..., n_features)
    energies : ndarray of shape (n_steps + 1, ...)
        Energy of the start and after each step.
    steps : int
        Steps made.
    change : ndarray of shape (...)
        Largest change of any neuron in the last step.
    converged : bool ndarray of shape (...)
        The change was not above the tolerance.
    """

    states: Array
    energies: Array
    steps: int
    change: Array
    converged: np.ndarray

    @property
    def rise(self) -> float:
        """The largest rise of the energy in any step; 0 if it never rose."""
        return _rise(self.energies)


def iterate(
    step: Callable[[Array], Array],
    energy: Callable[[Array], Array],
    start: Array,
    max_steps: int,
    tolerance: float = 0.0,
) -> Retrieval:
    """Repeat x <- step(x) until no state changes by more than `tolerance`, or `max_steps` are made."""
    if max_steps < 1:
        raise ParameterError(f"max_steps: expected at least 1, got {max_steps}")
    x, energies = start, [energy(start)]
    change = np.full(start.shape[:-1], np.inf)
    while len(energies) <= max_steps and (change > tolerance).any():
        new = step(x)
        change = np.abs(new - x).max(-1)
        x = new
        energies.append(energy(x))
    return Retrieval(x, np.array(energies), len(energies) - 1, change, change <= tolerance)


@dataclass(frozen=True)
class Trajectory:
    """A solution of an ordinary differential equation at the solver's own steps.

    Attributes
    ----------
    times : ndarray of shape (n_times,)
    states : ndarray of shape (n_times, ..., n)
    energies : ndarray of shape (n_times, ...)
    speed : ndarray of shape (...)
        Largest |dx/dt| of any neuron at the end.
    converged : bool ndarray of shape (...)
        That speed is below the square root of the relative tolerance.
    """

    times: Array
    states: Array
    energies: Array
    speed: Array
    converged: np.ndarray

    @property
    def rise(self) -> float:
        """The largest rise of the energy between two steps; 0 if it never rose."""
        return _rise(self.energies)


def integrate(
    velocity: Callable[[Array], Array],
    energy: Callable[[Array], Array],
    start: Array,
    duration: float,
    rtol: float = 1e-8,
    method: str = "RK45",
    **options: Any,
) -> Trajectory:
    """Solve x' = velocity(x) with `scipy.integrate.solve_ivp`, the whole batch as one system."""
    solve_ivp = need("scipy.integrate").solve_ivp
    shape = numbers(start, "start").shape
    if not (np.isfinite(duration) and duration > 0):
        raise ParameterError(f"duration: expected a time above 0, got {duration:g}")

    def flat(_: float, x: Array) -> Array:
        return velocity(x.reshape(shape)).ravel()

    answer = solve_ivp(flat, (0.0, duration), start.ravel(), method=method, rtol=rtol, atol=1e-2 * rtol, **options)
    if not answer.success:
        raise ParameterError(f"solve_ivp stopped at t = {answer.t[-1]:g}: {answer.message}")
    states = answer.y.T.reshape(-1, *shape)
    speed = np.abs(velocity(states[-1])).max(-1)
    return Trajectory(answer.t, states, energy(states), speed, speed <= np.sqrt(rtol))


def _rise(energies: Array) -> float:
    return float(max(np.diff(energies, axis=0).max(initial=0.0), 0.0))
