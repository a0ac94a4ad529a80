"""Running a network until it stands still, and telling how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet.associative import scaled
from colanet.associative.checks import Array, finite, numbers
from colanet.associative.errors import ParameterError
from colanet.extras import need


@dataclass(frozen=True)
class Retrieval:
    """What a discrete-time retrieval gave.

    Attributes
    ----------
    states : ndarray of shape (..., n_features)
    energies : ndarray of shape (n_steps + 1, ...)
        Energy of the start and after each step, in units of 2^`exponent`.
    steps : int
        Steps made.
    change : ndarray of shape (...)
        Largest change of any neuron in the last step.
    converged : bool ndarray of shape (...)
        The change was not above the tolerance.
    exponent : int
        0, unless an energy is beyond the range of floats, as with F = exp and 710 neurons: the largest is then
        about 1 in units of 2^exponent, and those below 2^-1074 of it are 0.
    """

    states: Array
    energies: Array
    steps: int
    change: Array
    converged: np.ndarray
    exponent: int = 0

    @property
    def rise(self) -> float:
        """The largest rise of the energy in any step, in units of 2^`exponent`; 0 if it never rose."""
        return _rise(self.energies)


def iterate(
    step: Callable[[Array], Array],
    energy: Callable[[Array], Array | scaled.Parts],
    start: Array,
    max_steps: int,
    tolerance: float = 0.0,
) -> Retrieval:
    """Repeat x <- step(x) until no state changes by more than `tolerance`, or `max_steps` are made.

    Parameters
    ----------
    step : function from states of shape (..., n_features) to the next ones
    energy : function from states to energies of shape (...), or to their `scaled.Parts`
    start : array of shape (..., n_features)

    Raises
    ------
    RangeError
        If a state or an energy is not finite.
    """
    if max_steps < 1:
        raise ParameterError(f"max_steps: expected at least 1, got {max_steps}")

    def taken(x: Array) -> scaled.Parts:
        found = energy(x)
        return found if isinstance(found, tuple) else scaled.parts(finite(found, "the energy"))

    x, energies = start, [taken(start)]
    change = np.full(start.shape[:-1], np.inf)
    while len(energies) <= max_steps and (change > tolerance).any():
        new = finite(step(x), "the state")
        change = np.abs(new - x).max(-1)
        x = new
        energies.append(taken(x))
    values, powers = zip(*energies, strict=True)
    together, exponent = scaled.together((np.array(values), np.array(powers)))
    return Retrieval(x, together, len(energies) - 1, change, change <= tolerance, exponent)


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
    check: Callable[[Array], None] | None = None,
    **options: Any,
) -> Trajectory:
    """Solve x' = velocity(x) with `scipy.integrate.solve_ivp`, the whole batch as one system.

    Parameters
    ----------
    velocity, energy : functions of states of shape (..., n)
    start : array of shape (..., n)
    duration : float
        Above 0, in the units of the time constants.
    check : function, optional
        Called with the first and the last states; raises where the equations do not hold.

    Raises
    ------
    ParameterError
        If the duration is not positive, or the solver gives up.
    RangeError
        If the velocity at the start, or an energy, is not finite.
    """
    solve_ivp = need("scipy.integrate", "associative").solve_ivp
    shape = numbers(start, "start").shape
    if not (np.isfinite(duration) and duration > 0):
        raise ParameterError(f"duration: expected a time above 0, got {duration:g}")

    def flat(_: float, x: Array) -> Array:
        return velocity(x.reshape(shape)).ravel()

    if check is not None:
        check(start)
    # A trial step may leave the range of floats; the solver then takes a shorter one.
    with np.errstate(over="ignore", invalid="ignore"):
        finite(velocity(start), "the velocity at the start")
        answer = solve_ivp(
            flat, (0.0, duration), start.ravel(), method=method, rtol=rtol, atol=1e-2 * rtol, **options
        )
    if not answer.success:
        raise ParameterError(f"solve_ivp stopped at t = {answer.t[-1]:g}: {answer.message}")
    states = answer.y.T.reshape(-1, *shape)
    if check is not None:
        check(states[-1])
    speed = np.abs(velocity(states[-1])).max(-1)
    return Trajectory(answer.t, states, energy(states), speed, speed <= np.sqrt(rtol))


def _rise(energies: Array) -> float:
    return max(float(np.diff(energies, axis=0).max(initial=0.0)), 0.0)
