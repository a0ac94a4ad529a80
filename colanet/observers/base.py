"""What an observer is, what it may ask for, and what one stretch of a run brings it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet import contents
from colanet.engine.base import Stretch, Votes
from colanet.errors import CheckpointError
from colanet.plan import Plan, PopulationPlan

if TYPE_CHECKING:
    from colanet.session import Session


@dataclass(frozen=True)
class Wants:
    """What the engine must deliver for an observer.

    Attributes
    ----------
    votes : Votes or None
        Spikes of a population, counted per object and class.
    spikes : tuple of str
        Populations whose spikes are delivered one by one.
    """

    votes: Votes | None = None
    spikes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Seen:
    """What one stretch of a run brought. Steps are steps of the data.

    Attributes
    ----------
    start, stop : int
        The stretch, `stop` excluded.
    end : int
        Where the run ends.
    freeze : int or None
        First step without plasticity; None: never.
    plan : Plan
    origin : int
        The engine's step at step 0 of the data.
    brought : Stretch
        What the engine gave, in steps of the engine.
    counted : Votes or None
        What the engine counted; other votes are counted here, from the spikes.
    """

    start: int
    stop: int
    end: int
    freeze: int | None
    plan: Plan
    origin: int
    brought: Stretch
    counted: Votes | None

    @property
    def learning(self) -> bool:
        """Whether plasticity was on in the whole stretch."""
        return self.freeze is None or self.stop <= self.freeze

    def spikes(self, population: str, copy: int) -> np.ndarray:
        """Step and neuron of every spike of a population that was asked for, int64 of shape (n_spikes, 2)."""
        return self._rows(self.plan.population(population), copy)

    def votes(self, wanted: Votes) -> np.ndarray:
        """Votes that were asked for, int32 of shape (copies, objects, classes).

        The objects are those from ``start // wanted.period`` to the one that the last step belongs to.
        """
        if wanted == self.counted:
            return self.brought.votes
        population = self.plan.populations[wanted.population]
        first = self.start // wanted.period
        shape = (self.plan.copies, wanted.objects(self.start, self.stop), wanted.classes)
        found = np.zeros(shape, dtype=np.int32)
        for copy in range(self.plan.copies):
            step, neuron = self._rows(population, copy).T
            np.add.at(found[copy], (step // wanted.period - first, wanted.label(neuron, population.size)), 1)
        return found

    def _rows(self, population: PopulationPlan, copy: int) -> np.ndarray:
        rows = self.brought.records[copy]
        neuron = rows[:, 1] - population.start
        own = (neuron >= 0) & (neuron < population.size)
        return np.stack([rows[own, 0] - self.origin, neuron[own]], axis=1)


class Observer:
    """Looks on while a session runs. This one does nothing; others change what they need.

    Attributes
    ----------
    name : str
        No two observers of a session have the same.
    keeps : tuple of str
        Attributes that hold arrays; they go with checkpoints, and keep their type and shape.
    least : float or None
        No value of these arrays may be below it.
    """

    name = "observer"
    keeps: tuple[str, ...] = ()
    least: float | None = None

    @property
    def place(self) -> str:
        """Beginning of all names that this observer gives to arrays and attributes of checkpoints."""
        return f"observers/{self.name}/"

    def begin(self, session: Session) -> None:
        """The session begins to show data: when it is made, and whenever `Session.present` shows others."""

    def wants(self) -> Wants:
        """What the engine must deliver."""
        return Wants()

    def cuts(self, start: int, stop: int, freeze: int | None) -> Iterable[int]:
        """Steps at which a stretch of a run from `start` to `stop` must end.

        `freeze` is the first step without plasticity; None: never.
        """
        return ()

    def seen(self, stretch: Seen) -> None:
        """Take in what one stretch brought; the session stands at its end."""

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Copies of the arrays, and attributes (int, float, str), that a checkpoint holds."""
        return {self.place + name: getattr(self, name).copy() for name in self.keeps}, {}

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over what `snapshot` gave.

        Parameters
        ----------
        path : path
            For messages.
        arrays, attributes : dict
            All of the checkpoint.

        Raises
        ------
        CheckpointError
            If it cannot be; then nothing is changed.
        """
        found = {}
        for name in self.keeps:
            key = self.place + name
            if key not in arrays:
                raise CheckpointError(f"{path}: it lacks {key}; expected a run with the observer {self.name}")
            found[name] = contents.array(path, arrays, key, getattr(self, name), low=self.least)
        for name, array in found.items():
            setattr(self, name, array)


def worlds_of(made: Iterable[Any]) -> tuple[Observer, ...]:
    """Those of what packages made that look on while their spikes are shown: they close the loop."""
    return tuple(one for one in made if isinstance(one, Observer))
