"""What a readout is: an observer that has evidence for every class of every object, and so answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.config import model
from colanet.doors import READOUTS, wrong_options
from colanet.engine.base import Votes
from colanet.errors import ConfigError, Problem
from colanet.observers.base import Observer
from colanet.plan import PopulationPlan
from colanet.readout.score import decide

if TYPE_CHECKING:
    from colanet.session import Session


class Readout(Observer):
    """The common part of all rules. Options of the configuration come as keywords of the constructor.

    Attributes
    ----------
    population : PopulationPlan
        The deciding one. Neuron i speaks for class ``i * classes // population.size``.
    classes, objects, copies : int
        Known from `begin` on; `objects` are those of the data shown.
    period : int
        Steps an object.
    """

    name = "readout"
    place = "readout/"
    least = 0
    population: PopulationPlan
    classes: int
    objects: int
    copies: int
    period: int

    def begin(self, session: Session) -> None:
        """Other data are shown: note how many objects they have. Rules make their arrays here."""
        assert session.votes is not None
        p = session.presentation
        self.population = session.plan.populations[session.votes.population]
        self.classes, self.period = session.votes.classes, session.votes.period
        self.objects, self.copies = p.n_train + p.n_test, session.plan.copies

    def counted(self, classes: int) -> Votes:
        """The spikes of the deciding population, counted per object and for so many parts of equal size."""
        return Votes(self.population.index, classes, self.period)

    def evidence(self) -> np.ndarray:
        """How much speaks for every class of every object, at least 0, of shape (objects, classes)."""
        raise NotImplementedError

    def answers(self) -> np.ndarray:
        """Class of every object, -1 for none, int64 of shape (objects,)."""
        return decide(self.evidence())

    def results(self) -> dict[str, np.ndarray]:
        """Arrays for the file of results, beside evidence and answers."""
        return {}


def add(total: np.ndarray, part: np.ndarray, first: int) -> None:
    """Add rows to `total` from row `first` on; rows beyond its end are dropped."""
    part = part[: max(len(total) - first, 0)]
    total[first : first + len(part)] += part


def make(described: model.Readout) -> Any:
    """The readout that a configuration asks for.

    Raises
    ------
    ConfigError
        If there is no such rule, or it does not take these options.
    """
    rule = READOUTS.get(described.rule)
    wrong = wrong_options(rule, described.options)
    if wrong:
        raise ConfigError(Problem(wrong, f"readout: options of {described.rule}"))
    return rule(**described.options)
