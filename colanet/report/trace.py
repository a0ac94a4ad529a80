"""One network copy, watched neuron by neuron while it sees an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colanet.engine.base import InputSpikes
from colanet.engine.reference import Arrivals, Network
from colanet.plan import Plan, PopulationPlan
from colanet.plan.variables import State
from colanet.units import MILLI


@dataclass(frozen=True, eq=False)
class Trace:
    """A population over the steps of an image.

    Attributes
    ----------
    population : PopulationPlan
    potential, threshold : ndarray of float, shape (steps, neurons)
        As they are compared: before a spike resets the potential.
    awake, fired : ndarray of bool, shape (steps, neurons)
    """

    population: PopulationPlan
    potential: np.ndarray
    threshold: np.ndarray
    awake: np.ndarray
    fired: np.ndarray

    @property
    def excess(self) -> np.ndarray:
        """Potential above the threshold, float of shape (steps, neurons)."""
        found: np.ndarray = self.potential - self.threshold
        return found

    def column(self, neuron: int) -> int:
        """Column of a neuron; -1 without columns."""
        return neuron // self.population.column_size if self.population.column_size else -1


class _Watched(Network):
    """The textbook step, which notes what is compared."""

    def __init__(self, plan: Plan, copy: int, state: State) -> None:
        super().__init__(plan, copy, state)
        self.noted: dict[str, list[list[np.ndarray]]] = {p.name: [[], [], [], []] for p in plan.populations}

    def gate(self, population: PopulationPlan, arriving: Arrivals) -> np.ndarray:
        awake = super().gate(population, arriving)
        self.noted[population.name][2].append(awake.copy())
        return awake

    def threshold(self, population: PopulationPlan) -> np.ndarray:
        found = super().threshold(population)
        self.noted[population.name][0].append(self.neurons[population.index].potential / MILLI)
        self.noted[population.name][1].append(found / MILLI)
        return found

    def fire(self, t: int, population: PopulationPlan, awake: np.ndarray, kicked: np.ndarray) -> np.ndarray:
        winners = super().fire(t, population, awake, kicked)
        fired = np.zeros(population.size, dtype=bool)
        fired[winners] = True
        self.noted[population.name][3].append(fired)
        return winners


def traced(plan: Plan, copy: int, state: State, inputs: InputSpikes, start: int, stop: int) -> dict[str, Trace]:
    """What the populations of one copy do in the steps start..stop-1 without learning, by their names.

    Parameters
    ----------
    plan, copy
    state : State
        Before step `start`; it is changed.
    inputs : InputSpikes
    start, stop : int
        Steps of the engine.
    """
    network = _Watched(plan, copy, state)
    for t in range(start, stop):
        network.step(t, inputs, learning=False)
    return {p.name: Trace(p, *(np.array(rows) for rows in network.noted[p.name])) for p in plan.populations}
