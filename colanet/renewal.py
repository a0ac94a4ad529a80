"""Neuron renewal: a neuron that has been silent for long while the network learns begins anew.

Ours. A network that is shown tasks without end cannot keep all of them. Without renewal every neuron is taken one
day; then a new task writes over neurons that still know the last ones, and the network knows less and less of
anything. With it the neurons of what was shown long ago are free again, and those of what was shown lately stay as
they are. A neuron is judged by its own silence alone: there are no labels and no borders of tasks in the rule.

A neuron that begins anew has the state of a neuron before step 0, so engines need not know of renewal at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from colanet.errors import ConfigError, Problem
from colanet.plan import Plan, PopulationPlan
from colanet.plan.variables import PLASTIC, State, key_of


@dataclass(frozen=True)
class Renewal:
    """Which neurons begin anew, and when.

    Attributes
    ----------
    population : str
        The learning population.
    every : int
        Objects learnt between two rounds.
    silent : int
        Objects learnt without a spike of the neuron, counted in whole rounds, after which it begins anew.

    Raises
    ------
    ConfigError
        If a number is below 1.
    """

    population: str = "L"
    every: int = 10_000
    silent: int = 300_000

    def __post_init__(self) -> None:
        problems = [
            Problem(f"{value} is out of range, expected at least 1", f"renewal {name}")
            for name, value in (("every", self.every), ("silent", self.silent))
            if not value >= 1
        ]
        if problems:
            raise ConfigError(problems)


def check(renewal: Renewal, plan: Plan) -> PopulationPlan:
    """The population whose neurons begin anew.

    Raises
    ------
    ConfigError
        If it is missing or has no plasticity.
    """
    names = [p.name for p in plan.populations]
    if renewal.population not in names:
        message = f"there is no population {renewal.population}; there are {', '.join(names)}"
        raise ConfigError(Problem(message, "renewal"))
    learner = plan.population(renewal.population)
    if learner.plasticity is None:
        where = f"renewal, population {learner.name}"
        raise ConfigError(Problem("expected a plastic population: others have learnt nothing", where))
    return learner


def renew(plan: Plan, learner: PopulationPlan, state: State, new: State, copy: int, i: int) -> None:
    """Give neuron i of a copy, and its plastic synapses, the state `new` in place."""
    prefix = f"{copy}/{learner.name}/"
    for key in state:
        if key.startswith(prefix):
            state[key][..., i] = new[key][..., i]
    for projection in plan.projections:
        if projection.kind == "plastic" and projection.target == learner.index:
            own = plan.synapses(projection.index, copy).post == i
            for variable in PLASTIC:
                key = key_of(projection, variable, copy)
                if key in state:
                    state[key][own] = new[key][own]
