"""The reference engine: one simulation step in plain NumPy, the definition of the model.

It is slow, and meant to be read. `Network.step` is the order of a step; each method below it is one paragraph of
docs/model.md. The learning rules, which a step ends with, are in `colanet.engine.reference_learning`. Every other
engine must give the same integers.

Sources: ArNI-X 2.2 manual; Kiselev and Larionov, arXiv 2409.01230 (CoLaNET) and 2409.07833;
Larionov et al., arXiv 2506.17169.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colanet.encoding.sources import SpikeSource
from colanet.engine.base import InputSpikes, Stretch, Votes, check_state, input_spikes
from colanet.engine.reference_learning import Learner
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.bounds import check_steps
from colanet.plan.fixed import weight_threshold
from colanet.plan.precision import held, kicks
from colanet.plan.variables import State, initial_state
from colanet.units import (
    AWAKE,
    FOREVER,
    LEAK_Q,
    MEMORY_KICK,
    RAMP_LIMIT,
)


class Arrivals:
    """What reaches the neurons of one population in one step."""

    def __init__(self, size: int) -> None:
        self.current = np.zeros(size, dtype=np.int64)
        self.forcing = np.zeros(size, dtype=bool)
        self.wake = np.zeros(size, dtype=np.int64)
        self.sleep = np.zeros(size, dtype=np.int64)
        self.reward = np.zeros(size, dtype=np.int64)


class Network(Learner):
    """One network copy: a step of it, from its input to what has been learnt.

    Parameters
    ----------
    plan, copy, state
        As for `Learner`.

    Attributes
    ----------
    events : int
        Spikes times the synapses they arrived at.
    """

    def __init__(self, plan: Plan, copy: int, state: State) -> None:
        super().__init__(plan, copy, state)
        self.memory = [plan.memory(p, copy) for p in plan.populations]
        self.kick_keys = plan.kick_keys(copy)
        self.events = 0

    # ------------------------------------------------------------------ one step

    def step(self, t: int, inputs: InputSpikes, learning: bool) -> list[np.ndarray]:
        """Advance by step t; the indices of the neurons that fire, one array a population."""
        arrivals = [Arrivals(p.size) for p in self.plan.populations]
        for projection in self.plan.projections:
            self.deliver(t, projection, inputs, arrivals[projection.target])

        fired, forced = [], []
        for population, arriving in zip(self.plan.populations, arrivals, strict=True):
            awake = self.gate(population, arriving)
            kicked = self.leak(t, population)
            self.integrate(t, population, arriving, awake)
            winners = self.fire(t, population, awake, kicked)
            fired.append(winners)
            forced.append(arriving.forcing[winners])
            if population.plasticity:
                self.neurons[population.index].awake[t % self.plan.history] = awake
                arriving.reward[~awake] = 0
        for population, spikes in zip(self.plan.populations, fired, strict=True):
            row = self.neurons[population.index].spikes[t % self.plan.history]
            row[:] = 0
            row[spikes] = 1

        if learning:
            for population, arriving, spikes, force in zip(
                self.plan.populations, arrivals, fired, forced, strict=True
            ):
                if population.plasticity:
                    self.learn(t, population, spikes, force, arriving.reward, inputs)
        return fired

    # ---------------------------------------------------------------- 2 arrivals

    def deliver(self, t: int, projection: ProjectionPlan, inputs: InputSpikes, to: Arrivals) -> None:
        """A spike emitted at step s over a synapse of delay d arrives at step s + d."""
        synapses = self.synapses[projection.index]
        hit = np.zeros(synapses.count, dtype=bool)
        for delay in np.unique(synapses.delay):
            spiked = self.source_spikes(projection, t - int(delay), inputs)
            hit |= spiked[synapses.pre] & (synapses.delay == delay)
        if not hit.any():
            return
        self.events += int(hit.sum())
        post = synapses.post[hit]
        if projection.kind == "plastic":
            np.add.at(to.current, post, self.weights[projection.index][hit].astype(np.int64))
        elif projection.kind == "fixed":
            np.add.at(to.current, post, projection.weight)
            if projection.weight > 0:
                to.forcing[post] = True
        elif projection.kind == "reward":
            np.add.at(to.reward, post, projection.weight)
        elif projection.weight > 0:
            to.wake[post] = np.maximum(to.wake[post], projection.weight)
        else:
            to.sleep[post] = np.minimum(to.sleep[post], projection.weight)

    # -------------------------------------------------------------------- 3 gate

    def gate(self, population: PopulationPlan, arriving: Arrivals) -> np.ndarray:
        """Move the activation counters and apply gating arrivals; which neurons are awake.

        The counter moves first, then arrivals set it: the positive ones, then the negative ones, so that
        suppression wins when both come in the same step.
        """
        a = self.neurons[population.index].gate
        waking_up = a == -1
        a += np.where(a < 0, 1, 0).astype(np.int32) - np.where((a > 0) & (a < AWAKE), 1, 0).astype(np.int32)
        a[waking_up] = AWAKE
        wake = (arriving.wake > 0) & (a < arriving.wake)
        a[wake] = arriving.wake[wake]
        sleep = (arriving.sleep < 0) & (a > arriving.sleep)
        a[sleep] = arriving.sleep[sleep]
        return a > 0

    # ------------------------------------------------------- 4 leak, 5 integrate

    def leak(self, t: int, population: PopulationPlan) -> np.ndarray:
        """Leak, bias, random kick, memory timer; which neurons a memory timer kicked."""
        neurons = self.neurons[population.index]
        u = neurons.potential
        size = np.abs(u.astype(np.int64)) * population.leak >> LEAK_Q
        u[:] = np.where(u < 0, -size, size)
        u += population.bias
        if population.kick:
            u += kicks(population, int(self.kick_keys[population.index]), t).astype(np.int32)
        kicked = np.zeros(population.size, dtype=bool)
        if population.memory_period:
            kicked = (neurons.memory_next == t) & (t <= neurons.memory_end)
            u[kicked] += MEMORY_KICK
            neurons.memory_next[kicked] = t + population.memory_period
        return kicked

    def integrate(self, t: int, population: PopulationPlan, arriving: Arrivals, awake: np.ndarray) -> None:
        """Add the arrivals of awake neurons; floor; what the bits of a potential can hold; periodic reset."""
        u = self.neurons[population.index].potential
        total = u + np.where(awake, arriving.current, 0)
        u[:] = held(np.maximum(total, population.floor), population)
        if population.reset_period and t % population.reset_period == population.reset_phase:
            u[:] = 0

    # -------------------------------------------------------------------- 6 fire

    def threshold(self, population: PopulationPlan) -> np.ndarray:
        """Base threshold + linear decay part + alpha * sum of positive plastic weights, in 1/1000."""
        positive = np.zeros(population.size, dtype=np.int64)
        if population.alpha:
            for projection in self.plastic_inputs(population):
                weights = np.maximum(self.weights[projection.index], 0).astype(np.int64)
                np.add.at(positive, self.synapses[projection.index].post, weights)
        threshold = weight_threshold(population.alpha, positive)
        if population.ramp_period:
            ramp = self.neurons[population.index].ramp.astype(np.int64)
            threshold += ramp * population.ramp_increment // population.ramp_period
        return threshold

    def fire(self, t: int, population: PopulationPlan, awake: np.ndarray, kicked: np.ndarray) -> np.ndarray:
        """Awake neurons above threshold fire, at most one a column under winner-take-all.

        The potential of those that fire becomes zero, or what it exceeded the threshold by.
        """
        neurons = self.neurons[population.index]
        u, ramp = neurons.potential, neurons.ramp
        np.maximum(ramp - 1, 0, out=ramp)
        excess = u - self.threshold(population)
        fires = awake & (excess > 0)
        if population.winner_take_all:
            column = np.where(fires, excess, -1).reshape(population.columns, population.column_size)
            first_best = column.argmax(axis=1) + np.arange(population.columns) * population.column_size
            fires = np.zeros_like(fires)
            fires[first_best[column.max(axis=1) > 0]] = True
        u[fires] = held(excess[fires], population) if population.subtract else 0
        if population.ramp_period:
            ramp[fires] = np.minimum(ramp[fires].astype(np.int64) + population.ramp_period, RAMP_LIMIT)
        if population.memory_period:
            neurons.memory_next[fires] = t + population.memory_period
            driven = fires & ~kicked
            end = np.minimum(t + self.memory[population.index], FOREVER)
            neurons.memory_end[driven] = end[driven]
        return np.flatnonzero(fires)


class ReferenceEngine:
    """Runs a plan with the textbook step of `Network`, copy by copy."""

    name = "reference"
    encodes_ahead = True

    def __init__(self, plan: Plan, threads: int = 1) -> None:
        self.plan = plan
        self.load(initial_state(plan))

    def state(self) -> State:
        """A copy of the state, as on every engine."""
        return {key: value.copy() for key, value in self._state.items()}

    def load(self, state: State) -> None:
        """Take over a state; CheckpointError if it does not belong to this plan."""
        check_state(self.plan, state)
        self._state = {key: value.copy() for key, value in state.items()}
        self.networks = [Network(self.plan, copy, self._state) for copy in range(self.plan.copies)]

    def encode(self, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> InputSpikes:
        """Input for a run over the data steps start..stop; see `colanet.engine.base.input_spikes`."""
        return input_spikes(self.plan, sources, origin, start, stop)

    def run(
        self,
        inputs: InputSpikes,
        start: int,
        stop: int,
        *,
        freeze: int,
        votes: Votes | None = None,
        record: Sequence[int] = (),
    ) -> Stretch:
        """Advance all copies; see `colanet.engine.base.Engine.run`."""
        plan = self.plan
        check_steps(start, stop)
        counts = np.zeros((plan.copies, 0, 0), dtype=np.int32)
        if votes:
            objects = votes.objects(start, stop)
            counts = np.zeros((plan.copies, objects, votes.classes), dtype=np.int32)
        out = Stretch(counts, np.zeros((plan.copies, len(plan.populations)), dtype=np.int64))
        for copy, network in enumerate(self.networks):
            network.events = 0
            rows: list[tuple[int, int]] = []
            for t in range(start, stop):
                fired = network.step(t, inputs, t < freeze)
                out.spikes[copy] += [len(spikes) for spikes in fired]
                for p in record:
                    rows.extend((t, plan.populations[p].start + int(i)) for i in fired[p])
                if votes:
                    size = plan.populations[votes.population].size
                    for i in fired[votes.population]:
                        now = t // votes.period - start // votes.period
                        counts[copy, now, votes.label(int(i), size)] += 1
            out.synaptic_events += network.events
            out.records.append(np.array(sorted(rows), dtype=np.int64).reshape(-1, 2))
        return out
