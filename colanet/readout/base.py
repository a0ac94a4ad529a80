"""What a readout is: an observer that has evidence for every class of every object, and so answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet.config import model
from colanet.doors import READOUTS, wrong_options
from colanet.engine.base import Votes
from colanet.errors import ColanetError, ConfigError, Problem, one_line
from colanet.observers.base import Observer, Seen
from colanet.plan import Plan, PopulationPlan
from colanet.readout.score import decide
from colanet.storage import Blocks

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
        self.population = session.plan.populations[session.votes.population]
        self.classes, self.period = session.votes.classes, session.votes.period
        self.objects, self.copies = session.presentation.objects, session.plan.copies

    def needs(self, plan: Plan, votes: Votes, objects: int) -> int:
        """Upper bound of the bytes of its arrays for so many objects, asked before `begin`; here the evidence's."""
        return 8 * objects * votes.classes

    def counted(self, classes: int) -> Votes:
        """The spikes of the deciding population, counted per object and for so many parts of equal size."""
        return Votes(self.population.index, classes, self.period)

    def spikes_of(self, stretch: Seen) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Object, step of its period and class of each spike of the deciding population, all copies.

        Three int64 arrays of one length. Spikes after the last object are left out. `wants` asks for the spikes.
        """
        rows = [stretch.spikes(self.population.name, copy) for copy in range(self.copies)]
        step, neuron = np.concatenate(rows).T
        known = step < self.objects * self.period
        label = self.counted(self.classes).label(neuron[known], self.population.size)
        return step[known] // self.period, step[known] % self.period, label

    def evidence(self) -> np.ndarray:
        """How much speaks for every class of every object, at least 0, of shape (objects, classes)."""
        raise NotImplementedError

    def written(self) -> np.ndarray | Blocks:
        """The evidence for the file of results; a rule may give it in blocks, so that nothing of all is copied."""
        return evidence_of(self)

    def answers(self) -> np.ndarray:
        """Class of every object, -1 for none, int64 of shape (objects,)."""
        return decide(evidence_of(self))

    def chosen(self, first: int, last: int) -> np.ndarray:
        """Class of the objects first..last-1, int64; a rule may know it without looking at all others."""
        return answers_of(self)[first:last]

    @property
    def knows_some(self) -> bool:
        """Whether `chosen` takes less than all answers; if not, it is asked once for all that are wanted."""
        return type(self).chosen is not Readout.chosen

    def results(self) -> dict[str, np.ndarray]:
        """Arrays for the file of results, beside evidence and answers."""
        return {}


def votes_of(session: Session) -> Votes | None:
    """Deciding population, classes and period; None without a readout.

    The classes are those of the target; without one every column speaks for a class, and objects are those of a
    plug-in.
    """
    described, period = session.network.readout, session.presentation.period
    if described is None or period is None:
        return None
    population = session.network.population(described.population)
    classes = session.target.size if session.target else population.columns or population.size
    return Votes(session.plan.population(population.name).index, classes, period)


def add(total: np.ndarray, part: np.ndarray, first: int) -> None:
    """Add rows to `total` from row `first` on; rows beyond its end are dropped."""
    part = part[: max(len(total) - first, 0)]
    total[first : first + len(part)] += part


# ----------------------------------------------------------- rules from outside


@contextlib.contextmanager
def blamed(rule: Any, what: str = "readout") -> Iterator[None]:
    """Whatever a rule raises in this block becomes one line that names its class. ConfigError."""
    try:
        yield
    except (ColanetError, MemoryError):
        raise
    except Exception as error:
        raise _wrong(rule, one_line(error), what) from error


def _wrong(rule: Any, message: str, what: str = "readout") -> ConfigError:
    cls = rule if isinstance(rule, type) else type(rule)
    return ConfigError(Problem(message, f"{what} {cls.__module__}.{cls.__qualname__}"))


def bytes_of(readout: Readout | None, plan: Plan, votes: Votes | None, objects: int) -> int:
    """What a readout keeps, and the copy of it that a checkpoint makes; 0 without one. ConfigError if it fails."""
    if readout is None or votes is None:
        return 0
    with blamed(readout):
        return 2 * int(readout.needs(plan, votes, objects))


def evidence_of(readout: Readout) -> np.ndarray:
    """What `Readout.evidence` says. ConfigError if the rule fails, or its array is of another shape or type."""
    with blamed(readout):
        found = readout.evidence()
    expected = (readout.objects, readout.classes)
    if getattr(found, "shape", None) != expected or found.dtype.kind not in "biuf":
        raise _wrong(readout, f"the evidence is {_told(found)}, expected numbers of shape {expected}")
    return found


def answers_of(readout: Readout, first: int = 0, last: int | None = None) -> np.ndarray:
    """What `Readout.answers` says, or `chosen` of some. ConfigError if the rule fails, or an answer is no class."""
    with blamed(readout):
        found = readout.answers() if last is None else readout.chosen(first, last)
    shape = (readout.objects if last is None else last - first,)
    if getattr(found, "shape", None) != shape or found.dtype.kind not in "iu":
        raise _wrong(readout, f"the answers are {_told(found)}, expected integers of shape {shape}")
    if len(found) and not -1 <= found.min() <= found.max() < readout.classes:
        raise _wrong(readout, f"answers {found.min()}..{found.max()}, expected -1..{readout.classes - 1}")
    return found


def written_of(readout: Readout) -> np.ndarray | Blocks:
    """What `Readout.written` says. ConfigError if the rule fails."""
    with blamed(readout):
        return readout.written()


def results_of(readout: Readout) -> dict[str, np.ndarray]:
    """What `Readout.results` says. ConfigError if the rule fails, or these are no arrays of numbers."""
    with blamed(readout):
        found = dict(readout.results())
    for name, array in found.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise _wrong(readout, f"the result {name} is {_told(array)}, expected an array of numbers")
    return found


def _told(found: Any) -> str:
    return f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else f"a {type(found).__name__}"


def make(described: model.Readout) -> Any:
    """The readout that a configuration asks for.

    Raises
    ------
    ConfigError
        If there is no such rule, it does not take these options, or it cannot be made.
    """
    rule = READOUTS.get(described.rule)
    wrong = wrong_options(rule, described.options)
    if wrong:
        raise ConfigError(Problem(wrong, f"readout: options of {described.rule}"))
    with blamed(rule):
        return rule(**described.options)
