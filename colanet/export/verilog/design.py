"""What a core is made of: the network's parts that it holds, or why it cannot hold them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from colanet.engine.base import Votes
from colanet.errors import ConfigError, Problem
from colanet.export.inference import one_copy, votes_of
from colanet.plan import Plan, Plasticity, PopulationPlan, ProjectionPlan
from colanet.plan.fixed import fixmul, weight_threshold
from colanet.plan.variables import Neurons, Plastic, State, neurons_of, plastic_of

MOST_RESOURCE_BITS = 16
"""With more bits the table from resources to codes would be larger than the memory of a device."""
LAST_STEP = 1 << 31
"""Steps have 32 bits, a sign included."""
MOST_STEPS = 255
"""That the rules look back: each neuron and each node has a word of so many bits."""
INDEX_BITS = 24
"""Of an address on the bus."""


@dataclass(frozen=True, eq=False)
class Design:
    """One copy of a network as a core.

    Attributes
    ----------
    plan, state, copy
        What is exported.
    step : int
        The step that comes next.
    learn : bool
        With the learning rules.
    lanes : int
        Neurons whose weights are added side by side.
    load : bool
        Weights are loaded over the bus; their memory is empty at the start.
    """

    plan: Plan
    state: State
    copy: int
    step: int
    learn: bool
    lanes: int
    load: bool

    @cached_property
    def plastic(self) -> ProjectionPlan:
        """The projection that learns."""
        return next(p for p in self.plan.projections if p.kind == "plastic")

    @property
    def learner(self) -> PopulationPlan:
        """The population that learns."""
        return self.plan.populations[self.plastic.target]

    @property
    def rule(self) -> Plasticity:
        """Its constants."""
        return self.learner.rule

    @property
    def nodes(self) -> int:
        """Nodes of the input that the learning population sees."""
        return self.plastic.source_size

    @property
    def delay(self) -> int:
        """Of the projection that learns, in steps."""
        return delay_of(self.plastic)

    @property
    def groups(self) -> int:
        """Parts of the learning population that are added one after another."""
        return -(-self.learner.size // self.lanes)

    @cached_property
    def small(self) -> list[ProjectionPlan]:
        """The other projections that do something."""
        return [
            p
            for p in self.plan.projections
            if p is not self.plastic
            and self.plan.count(p.index, self.copy)
            and (p.kind != "reward" or (self.learn and p.target == self.learner.index))
        ]

    @cached_property
    def first_nodes(self) -> list[int]:
        """Number of the first node of each input."""
        sizes = [size for _, size in self.plan.inputs]
        return [sum(sizes[:i]) for i in range(len(sizes))]

    @property
    def all_nodes(self) -> int:
        """Nodes of all inputs."""
        return sum(size for _, size in self.plan.inputs)

    def first_source(self, projection: ProjectionPlan) -> int:
        """Number of a projection's first source: neurons of all populations, then nodes of all inputs."""
        if projection.from_input:
            return self.plan.n_neurons + self.first_nodes[projection.source]
        return self.plan.populations[projection.source].start

    def neurons(self, population: PopulationPlan) -> Neurons:
        """State of a population."""
        return neurons_of(self.state, population, self.copy)

    @cached_property
    def synapses(self) -> Plastic:
        """State of the plastic synapses, by node, then neuron."""
        return plastic_of(self.state, self.plastic, self.copy)

    @property
    def longest_delay(self) -> int:
        """Of the other projections."""
        return max((delay_of(p) for p in self.small), default=1)

    @property
    def spreading(self) -> tuple[set[int], set[int]]:
        """Inputs and populations that other projections begin at."""
        inputs = {p.source for p in self.small if p.from_input}
        return inputs, {p.source for p in self.small if not p.from_input}

    def most_spikes(self, population: PopulationPlan) -> int:
        """How many neurons of a population can fire in a step."""
        return population.columns if population.winner_take_all else population.size

    @cached_property
    def rewards(self) -> int:
        """Bound of the size of the rewards of a neuron in a step, in 2^-20."""
        return sum(abs(p.weight) * self.plan.fan_in(p) for p in self.small if p.kind == "reward")

    @cached_property
    def votes(self) -> Votes | None:
        """How the answer is counted; None without an answer."""
        return votes_of(self.plan)


def largest_threshold(learner: PopulationPlan, nodes: int) -> int:
    """The threshold of a neuron all of whose synapses have the largest weight, in 1/1000."""
    return int(weight_threshold(learner.alpha, np.array(max(learner.rule.weight_top, 0) * nodes)))


def delay_of(projection: ProjectionPlan) -> int:
    """The one delay of a projection, in steps."""
    delay = projection.description.delay
    assert isinstance(delay, int)
    return delay


def design_of(plan: Plan, state: State, *, copy: int, step: int, learn: bool, lanes: int, load: bool) -> Design:
    """A core of a network copy.

    Raises
    ------
    ConfigError
        With all that a core cannot hold of it.
    """
    one_copy(plan, copy)
    problems = list(_problems(plan, copy, learn))
    if problems:
        raise ConfigError(problems)
    made = Design(plan, state, copy, step, learn, lanes, load)
    if not 1 <= lanes <= made.learner.size:
        size = made.learner.size
        raise ConfigError(f"option lanes: expected 1 to {size}, the neurons of {made.learner.name}, not {lanes}")
    if step >= LAST_STEP - plan.history:
        raise ConfigError(f"the state stands at step {step}, a core counts to {LAST_STEP}")
    if (made.learner.size << (made.nodes - 1).bit_length()) > 1 << INDEX_BITS:
        raise ConfigError(f"projection {made.plastic.name}: more synapses than the bus has addresses")
    if learn and load:
        raise ConfigError("option load: a core that learns holds its weights from the start")
    if learn:
        grain = made.rule.resource_grain
        for name in ("resource", "debt"):
            values = made.synapses.resource if name == "resource" else made.neurons(made.learner).debt
            if (np.asarray(values, dtype=np.int64) % grain).any():
                raise ConfigError(f"the state has a {name} that is no multiple of the resources' least change")
    return made


def _problems(plan: Plan, copy: int, learn: bool) -> Iterator[Problem]:
    plastic = [p for p in plan.projections if p.kind == "plastic"]
    if len(plastic) != 1 or not plan.count(plastic[0].index, copy):
        text = f"a core has one plastic projection, with synapses; the network has {len(plastic)}"
        yield Problem(text, "projections")
        return
    found = plastic[0]
    where = f"projection {found.name}"
    if not found.from_input:
        yield Problem("plastic synapses of a core come from an input", where)
    if found.description.source_fraction < 1:
        yield Problem("a core sees all of its input", f"{where}: source_fraction")
    elif not plan.is_full(found.index):
        yield Problem("plastic synapses of a core are all_to_all, with one delay", where)
    for p in plan.projections:
        if p.kind != "plastic" and plan.count(p.index, copy) and plan.spans(p.index) is None:
            text = "a core has no connections at random or limited in number, and one delay a projection"
            yield Problem(text, f"projection {p.name}")
    for population in plan.populations:
        yield from _population(population)
    learner = plan.populations[found.target]
    if largest_threshold(learner, found.source_size) >= 1 << 31:
        yield Problem("thresholds would not fit 32 bits", f"population {learner.name}: threshold_weight_factor")
    if learn:
        yield from _learning(plan, learner)


def _population(p: PopulationPlan) -> Iterator[Problem]:
    where = f"population {p.name}"
    if p.memory_period:
        yield Problem("a core has no memory timers", f"{where}: memory")
    if p.ramp_period:
        yield Problem("a core has no linear thresholds", f"{where}: threshold_increment")
    if p.kick and not p.jenkins:
        yield Problem("random kicks of a core come from jenkins32", f"{where}: random_generator")
    if p.potential_step & (p.potential_step - 1):
        yield Problem("expected a power of two of 0.001 for a core", f"{where}: potential_step")


def _learning(plan: Plan, p: PopulationPlan) -> Iterator[Problem]:
    where, rule = f"population {p.name}", p.rule
    bits = plan.description.populations[p.index].resource_bits
    if bits > MOST_RESOURCE_BITS:
        yield Problem(f"{bits}, a core that learns has at most {MOST_RESOURCE_BITS}", f"{where}: resource_bits")
    if rule.stochastic and rule.resource_grain > 1 and not p.jenkins:
        yield Problem("stochastic rounding of a core comes from jenkins32", f"{where}: random_generator")
    if rule.window > MOST_STEPS:
        text = f"they reach {rule.window} steps back, a core {MOST_STEPS}"
        yield Problem(text, f"{where}: hebbian_window, isi_max, dopamine_window, presynaptic_period")
    if rule.stability_lifetime:
        yield Problem("the stability of a core does not fade", f"{where}: stability_lifetime")
    if rule.stability_rate < 0:
        yield Problem("a core needs 0 or more", f"{where}: stability_rate")
    if abs(fixmul(rule.stability_rate, rule.hebbian)) >= 1 << 31:
        text = "times hebbian_rate: a core holds changes of a stability below 2048"
        yield Problem(text, f"{where}: stability_rate")
