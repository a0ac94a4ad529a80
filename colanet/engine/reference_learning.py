"""The learning rules of the reference engine, one method a rule: sections 8 to 13 of docs/model.md in plain NumPy.

It is slow, and meant to be read after `colanet.engine.reference`, which has the rest of a step. Every other engine
must give the same integers.

Sources: Kiselev and Larionov, arXiv 2409.01230 (CoLaNET) and 2409.07833; Larionov et al., arXiv 2506.17169.
"""

from __future__ import annotations

import numpy as np

from colanet import hashing
from colanet.engine.base import InputSpikes
from colanet.hashing import Rounding
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.fixed import fixmul, rounded, scale_table
from colanet.plan.variables import Neurons, State, neurons_of, plastic_of
from colanet.units import ONE, SCALE_Q, STABILITY_LIMIT, Q

SCALE = scale_table()


class Learner:
    """The state of one network copy, and what learning does to it.

    Parameters
    ----------
    plan : Plan
    copy : int
    state : State
        The state of all copies; the arrays of this copy are changed in place.

    Attributes
    ----------
    neurons : list of Neurons
        State of each population.
    plastic : dict of int to Plastic
        State of each plastic projection, by its index.
    weights : dict of int to ndarray
        Weights of their resources.
    """

    def __init__(self, plan: Plan, copy: int, state: State) -> None:
        self.plan, self.copy = plan, copy
        self.neurons = [neurons_of(state, p, copy) for p in plan.populations]
        self.plastic = {p.index: plastic_of(state, p, copy) for p in plan.projections if p.kind == "plastic"}
        self.synapses = [plan.synapses(p.index, copy) for p in plan.projections]
        self.weights = {index: self._weights(plan.projections[index]) for index in self.plastic}
        self.rounding_keys = plan.rounding_keys(copy)

    def _weights(self, projection: ProjectionPlan) -> np.ndarray:
        rule = self.plan.populations[projection.target].rule
        return rule.weights(self.plastic[projection.index].resource)

    def source_spikes(self, projection: ProjectionPlan, t: int, inputs: InputSpikes) -> np.ndarray:
        """Which source neurons spiked at step t, bool of shape (source_size,)."""
        if projection.from_input:
            spiked = np.zeros(projection.source_size, dtype=bool)
            spiked[inputs.at(projection.source, t)] = True
            return spiked
        now: np.ndarray = self.neurons[projection.source].spikes[t % self.plan.history].astype(bool)
        return now

    def plastic_inputs(self, population: PopulationPlan) -> list[ProjectionPlan]:
        """The plastic projections that end in a population."""
        return [p for p in self.plan.projections if p.kind == "plastic" and p.target == population.index]

    def learn(
        self,
        t: int,
        population: PopulationPlan,
        spikes: np.ndarray,
        forced: np.ndarray,
        reward: np.ndarray,
        inputs: InputSpikes,
    ) -> None:
        """All rules of one step: own spikes, reward, presynaptic plasticity, renormalisation."""
        rule = population.rule
        for i, is_forced in zip(spikes, forced, strict=True):
            self.own_spike(t, population, int(i), bool(is_forced), inputs)
        for i in np.flatnonzero(reward):
            self.rewarded(t, population, int(i), int(reward[i]), inputs)
        if rule.presynaptic_period and t > 0 and t % rule.presynaptic_period == 0:
            for i in range(population.size):
                self.presynaptic(t, population, i, inputs)
        if rule.virtual_synapses >= 0:
            self.renormalise(t, population)

    def received(
        self, t: int, population: PopulationPlan, i: int, since: int, inputs: InputSpikes
    ) -> list[tuple[ProjectionPlan, np.ndarray]]:
        """Per plastic projection, a bool mask of the synapses that brought neuron i a spike at steps since..t.

        Arrivals at a sleeping neuron are not received.
        """
        awake = self.neurons[population.index].awake
        result = []
        for projection in self.plastic_inputs(population):
            synapses = self.synapses[projection.index]
            mask = np.zeros(synapses.count, dtype=bool)
            own = synapses.post == i
            for step in range(max(since, 0), t + 1):
                if not awake[step % self.plan.history, i]:
                    continue
                for delay in np.unique(synapses.delay[own]):
                    if step >= delay:
                        spiked = self.source_spikes(projection, step - int(delay), inputs)
                        mask |= own & (synapses.delay == delay) & spiked[synapses.pre]
            result.append((projection, mask))
        return result

    def own_spike(self, t: int, population: PopulationPlan, i: int, forced: bool, inputs: InputSpikes) -> None:
        """Hebbian rule and tight spike sequences.

        A sequence is a maximal run of own non-forced spikes with gaps of at most isi_max; a forced spike ends
        it and is one of its own. A synapse contributes if it received a spike during the sequence or within
        the Hebbian window before its first spike.
        """
        rule, neurons = population.rule, self.neurons[population.index]
        last = int(neurons.last_spike[i])
        if rule.stability_lifetime:
            self.fade(neurons, i, (t - last) * ONE // rule.stability_lifetime)
        continues = not forced and not neurons.forced[i] and t - last <= rule.isi_max
        since = last + 1 if continues else t - rule.hebbian_window
        step = 0 if forced else self.step_of(t, population, i, rule.hebbian, Rounding.OWN_SPIKE)
        for projection, mask in self.received(t, population, i, since, inputs):
            contributes = self.plastic[projection.index].contributes
            if not continues:
                contributes[self.synapses[projection.index].post == i] = 0
            self.change(population, projection, i, mask & (contributes == 0), step)
            contributes[mask] = 1
        if not continues:
            neurons.sequence_start[i] = t
            self.stabilise(neurons, i, fixmul(rule.stability_rate, rule.hebbian))
        neurons.last_spike[i], neurons.forced[i] = t, forced

    def rewarded(self, t: int, population: PopulationPlan, i: int, reward: int, inputs: InputSpikes) -> None:
        """Dopamine plasticity: three-factor (contributing synapses) or two-factor (recently active ones)."""
        rule, neurons = population.rule, self.neurons[population.index]
        recent = t - neurons.last_spike[i] <= rule.dopamine_window
        forced = bool(neurons.forced[i])
        if rule.three_factor and not recent:
            return
        if not (forced and reward <= 0):
            step = self.step_of(t, population, i, reward, Rounding.REWARD)
            if rule.three_factor:
                for projection in self.plastic_inputs(population):
                    own = self.synapses[projection.index].post == i
                    contributes = self.plastic[projection.index].contributes == 1
                    self.change(population, projection, i, own & contributes, step)
            else:
                for projection, mask in self.received(t, population, i, t - rule.dopamine_window + 1, inputs):
                    self.change(population, projection, i, mask, step)
        self.stabilise(neurons, i, self.stability_of_reward(t, population, i, reward, forced))

    @staticmethod
    def fade(neurons: Neurons, i: int, loss: int) -> None:
        """Stability that was not used is lost; one that is not positive stays as it is."""
        stability = int(neurons.stability[i])
        if stability > 0:
            neurons.stability[i] = max(stability - loss, 0)

    def presynaptic(self, t: int, population: PopulationPlan, i: int, inputs: InputSpikes) -> None:
        """One-factor plasticity: every synapse active within the period changes by the same rate."""
        rule = population.rule
        step = self.step_of(t, population, i, rule.presynaptic, Rounding.PRESYNAPTIC)
        for projection, mask in self.received(t, population, i, t - rule.presynaptic_period + 1, inputs):
            self.change(population, projection, i, mask, step)

    def stability_of_reward(self, t: int, population: PopulationPlan, i: int, reward: int, forced: bool) -> int:
        """Change of stability on reward R, the table of docs/model.md, section 12."""
        rule = population.rule
        product = fixmul(rule.stability_rate, reward)
        if forced:
            return -product if reward > 0 else 0
        if reward < 0:
            return product
        if rule.stability_three_factor:
            return 2 * product
        distance = abs(t - int(self.neurons[population.index].sequence_start[i]) - rule.isi_max)
        if rule.isi_max:
            factor = max(2 * ONE - (distance << Q) // rule.isi_max, -ONE)
        else:
            # The limit for ISImax -> 0: 2 - 1 at the sequence's first spike, -1 at any later step.
            factor = ONE if distance == 0 else -ONE
        return fixmul(product, factor)

    def stabilise(self, neurons: Neurons, i: int, change: int) -> None:
        """Stability changes by `change`; a non-positive stability can only increase."""
        stability = int(neurons.stability[i])
        if stability > 0 or change > 0:
            neurons.stability[i] = min(max(stability + change, -STABILITY_LIMIT), STABILITY_LIMIT)

    def scaled(self, neurons: Neurons, i: int, rate: int) -> int:
        """rate * min(2^-stability, 1), truncated towards zero."""
        s = int(neurons.stability[i])
        if s <= 0:
            return rate
        whole, fraction = s >> Q, (s & (ONE - 1)) >> (Q - 10)
        return fixmul(rate, int(SCALE[fraction]) >> whole if whole < SCALE_Q else 0, SCALE_Q)

    def step_of(self, t: int, population: PopulationPlan, i: int, rate: int, number: Rounding) -> int:
        """The change of a rule: its rate by the neuron's stability, in whole grains of the resources.

        Stochastic rounding has one draw for a neuron and a rule in a step: all synapses change alike.
        """
        rule = population.rule
        more = rule.resource_grain // 2
        if rule.stochastic:
            key, index = int(self.rounding_keys[population.index]), np.array([4 * i + number])
            if population.jenkins:
                draw = hashing.draw32(hashing.step_key32(key, t), index)
            else:
                draw = hashing.draw64(hashing.step_key(key, t), index)
            more = int(draw[0]) & (rule.resource_grain - 1)
        return rounded(self.scaled(self.neurons[population.index], i, rate), rule.resource_grain, more)

    def change(
        self, population: PopulationPlan, projection: ProjectionPlan, i: int, mask: np.ndarray, step: int
    ) -> None:
        """Change the resources of some synapses of neuron i; all its synapses owe what was added."""
        resource = self.plastic[projection.index].resource
        old = resource[mask].astype(np.int64)
        new = np.clip(old + step, -population.rule.resource_limit, population.rule.resource_limit)
        resource[mask] = new
        if population.rule.virtual_synapses >= 0:
            self.neurons[population.index].debt[i] -= int((new - old).sum())
        self.weights[projection.index][mask] = self._weights(projection)[mask]

    def renormalise(self, t: int, population: PopulationPlan) -> None:
        """A debt of 1.0 or more is shared out equally, in whole grains, once no spike sequence goes on.

        Invariant: sum of resources + debt + what the virtual synapses hold never changes.
        """
        rule, neurons = population.rule, self.neurons[population.index]
        debt = neurons.debt
        inside = (neurons.forced == 0) & (t - neurons.last_spike < rule.isi_max)
        for i in np.flatnonzero((np.abs(debt) >= ONE) & ~inside):
            own = [(p, np.flatnonzero(self.synapses[p.index].post == i)) for p in self.plastic_inputs(population)]
            sharers = sum(len(index) for _, index in own) + rule.virtual_synapses
            if sharers == 0:
                continue
            owed, grain = int(debt[i]), rule.resource_grain
            share = abs(owed) // (sharers * grain) * grain * (1 if owed >= 0 else -1)
            for projection, index in own:
                resource = self.plastic[projection.index].resource
                old = resource[index].astype(np.int64)
                new = np.clip(old + share, -rule.resource_limit, rule.resource_limit)
                resource[index] = new
                debt[i] -= int((new - old).sum())
                self.weights[projection.index][index] = self._weights(projection)[index]
            neurons.virtual_resource[i] += share * rule.virtual_synapses
            debt[i] -= share * rule.virtual_synapses
