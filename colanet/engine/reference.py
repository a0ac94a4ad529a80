"""The reference engine: one simulation step in plain NumPy, the definition of the model.

It is slow, and meant to be read. `Network.step` is the order of a step; each method below it is one paragraph
of the model. Every other engine must give the same integers.

Sources: ArNI-X 2.2 manual; Kiselev and Larionov, arXiv 2409.01230 (CoLaNET) and 2409.07833;
Larionov et al., arXiv 2506.17169.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colanet import hashing
from colanet.engine.base import (
    InputSpikes,
    SpikeSource,
    State,
    Stretch,
    Votes,
    check_state,
    initial_state,
    input_spikes,
)
from colanet.hashing import Stream
from colanet.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.bounds import check_steps
from colanet.plan.fixed import (
    AWAKE,
    BASE_THRESHOLD,
    MEMORY_KICK,
    ONE,
    POTENTIAL_LIMIT,
    RAMP_LIMIT,
    RESOURCE_LIMIT,
    SCALE_Q,
    STABILITY_LIMIT,
    Q,
    fixmul,
    scale_table,
    weight_of,
)

SCALE = scale_table()


class Arrivals:
    """What reaches the neurons of one population in one step."""

    def __init__(self, size: int):
        self.current = np.zeros(size, dtype=np.int64)
        self.forced = np.zeros(size, dtype=bool)
        self.wake = np.zeros(size, dtype=np.int64)
        self.sleep = np.zeros(size, dtype=np.int64)
        self.reward = np.zeros(size, dtype=np.int64)


class Network:
    """One network copy.

    Parameters
    ----------
    plan : Plan
    copy : int
    state : State
        The state of all copies; the arrays of this copy are changed in place.
    """

    def __init__(self, plan: Plan, copy: int, state: State):
        self.plan, self.copy = plan, copy
        self.s = {key.split("/", 1)[1]: value for key, value in state.items() if key.split("/", 1)[0] == str(copy)}
        self.synapses = [plan.synapses(p.index, copy) for p in plan.projections]
        self.memory = [plan.memory(p, copy) for p in plan.populations]
        self.kick_keys = [
            hashing.key(plan.seed, hashing.stream(Stream.KICK, p.index), copy) for p in plan.populations
        ]
        self.weights = {p.name: self._weights(p) for p in plan.projections if p.kind == "plastic"}
        self.events = 0

    def _weights(self, projection: ProjectionPlan) -> np.ndarray:
        rule = self.plan.populations[projection.target].rule
        return weight_of(self.s[f"{projection.name}/resource"], rule.w_min, rule.w_max)

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
            forced.append(arriving.forced[winners])
            if population.plasticity:
                self.s[f"{population.name}/awake"][t % self.plan.history] = awake
                arriving.reward[~awake] = 0
        for population, spikes in zip(self.plan.populations, fired, strict=True):
            row = self.s[f"{population.name}/spikes"][t % self.plan.history]
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

    def source_spikes(self, projection: ProjectionPlan, t: int, inputs: InputSpikes) -> np.ndarray:
        """Which source neurons spiked at step t, bool of shape (source_size,)."""
        if projection.from_input:
            spiked = np.zeros(projection.source_size, dtype=bool)
            spiked[inputs.at(projection.source, t)] = True
            return spiked
        source = self.plan.populations[projection.source]
        return self.s[f"{source.name}/spikes"][t % self.plan.history].astype(bool)

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
            np.add.at(to.current, post, self.weights[projection.name][hit].astype(np.int64))
        elif projection.kind == "fixed":
            np.add.at(to.current, post, projection.weight)
            if projection.weight > 0:
                to.forced[post] = True
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
        a = self.s[f"{population.name}/gate"]
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
        u = self.s[f"{population.name}/potential"]
        size = np.abs(u.astype(np.int64)) * population.leak >> 10
        u[:] = np.where(u < 0, -size, size)
        u += population.bias
        if population.kick:
            key = hashing.step_key(self.kick_keys[population.index], t)
            u += (hashing.draw16(key, np.arange(population.size)) * population.kick >> 16).astype(np.int32)
        kicked = np.zeros(population.size, dtype=bool)
        if population.memory_period:
            coming = self.s[f"{population.name}/memory_next"]
            kicked = (coming == t) & (t <= self.s[f"{population.name}/memory_end"])
            u[kicked] += MEMORY_KICK
            coming[kicked] = t + population.memory_period
        return kicked

    def integrate(self, t: int, population: PopulationPlan, arriving: Arrivals, awake: np.ndarray) -> None:
        """Add the arrivals of awake neurons; floor; periodic reset."""
        u = self.s[f"{population.name}/potential"]
        total = u + np.where(awake, arriving.current, 0)
        u[:] = np.clip(np.maximum(total, population.floor), -POTENTIAL_LIMIT, POTENTIAL_LIMIT)
        if population.reset_period and t % population.reset_period == population.reset_phase:
            u[:] = 0

    # -------------------------------------------------------------------- 6 fire

    def threshold(self, population: PopulationPlan) -> np.ndarray:
        """Base threshold + linear decay part + alpha * sum of positive plastic weights, in 1/1000."""
        threshold = np.full(population.size, BASE_THRESHOLD, dtype=np.int64)
        if population.ramp_period:
            ramp = self.s[f"{population.name}/ramp"].astype(np.int64)
            threshold += ramp * population.ramp_increment // population.ramp_period
        if population.alpha:
            positive = np.zeros(population.size, dtype=np.int64)
            for projection in self.plastic_inputs(population):
                weights = np.maximum(self.weights[projection.name], 0).astype(np.int64)
                np.add.at(positive, self.synapses[projection.index].post, weights)
            threshold += population.alpha * positive >> Q
        return threshold

    def fire(self, t: int, population: PopulationPlan, awake: np.ndarray, kicked: np.ndarray) -> np.ndarray:
        """Awake neurons above threshold fire, at most one a column under winner-take-all.

        The potential of those that fire becomes zero, or what it exceeded the threshold by.
        """
        u, ramp = self.s[f"{population.name}/potential"], self.s[f"{population.name}/ramp"]
        np.maximum(ramp - 1, 0, out=ramp)
        excess = u - self.threshold(population)
        fires = awake & (excess > 0)
        if population.winner_take_all:
            column = np.where(fires, excess, -1).reshape(population.columns, population.column_size)
            first_best = column.argmax(axis=1) + np.arange(population.columns) * population.column_size
            fires = np.zeros_like(fires)
            fires[first_best[column.max(axis=1) > 0]] = True
        u[fires] = excess[fires] if population.subtract else 0
        if population.ramp_period:
            ramp[fires] = np.minimum(ramp[fires].astype(np.int64) + population.ramp_period, RAMP_LIMIT)
        if population.memory_period:
            self.s[f"{population.name}/memory_next"][fires] = t + population.memory_period
            driven = fires & ~kicked
            end = np.minimum(t + self.memory[population.index], 1 << 62)
            self.s[f"{population.name}/memory_end"][driven] = end[driven]
        return np.flatnonzero(fires)

    # -------------------------------------------------------------- 7 plasticity

    def plastic_inputs(self, population: PopulationPlan) -> list[ProjectionPlan]:
        """The plastic projections that end in a population."""
        return [p for p in self.plan.projections if p.kind == "plastic" and p.target == population.index]

    def learn(self, t, population, spikes, forced, reward, inputs) -> None:
        """All rules of one step: own spikes, reward, presynaptic plasticity, renormalisation."""
        rule, name = population.rule, population.name
        for i, is_forced in zip(spikes, forced, strict=True):
            self.own_spike(t, population, int(i), bool(is_forced), inputs)
        for i in np.flatnonzero(reward):
            self.rewarded(t, population, int(i), int(reward[i]), inputs)
        if rule.presynaptic_period and t > 0 and t % rule.presynaptic_period == 0:
            for i in range(population.size):
                step = self.scaled(name, i, rule.presynaptic)
                for projection, mask in self.received(t, population, i, t - rule.presynaptic_period + 1, inputs):
                    self.change(population, projection, i, mask, step)
        if rule.virtual_synapses >= 0:
            self.renormalise(t, population)

    def received(self, t, population, i, since, inputs):
        """Per plastic projection, the synapses (bool mask) over which neuron i received a spike at steps
        since..t. Arrivals at a sleeping neuron are not received."""
        awake = self.s[f"{population.name}/awake"]
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

    def own_spike(self, t, population, i, forced, inputs) -> None:
        """Hebbian rule and tight spike sequences.

        A sequence is a maximal run of own non-forced spikes with gaps of at most isi_max; a forced spike ends
        it and is one of its own. A synapse contributes if it received a spike during the sequence or within
        the Hebbian window before its first spike.
        """
        rule, name = population.rule, population.name
        last, was_forced = self.s[f"{name}/last_spike"], self.s[f"{name}/forced"]
        continues = not forced and not was_forced[i] and t - last[i] <= rule.isi_max
        since = int(last[i]) + 1 if continues else t - rule.hebbian_window
        step = 0 if forced else self.scaled(name, i, rule.hebbian)
        for projection, mask in self.received(t, population, i, since, inputs):
            contributes = self.s[f"{projection.name}/contributes"]
            if not continues:
                contributes[self.synapses[projection.index].post == i] = 0
            self.change(population, projection, i, mask & (contributes == 0), step)
            contributes[mask] = 1
        if not continues:
            self.s[f"{name}/sequence_start"][i] = t
            self.stabilise(name, i, fixmul(rule.stability_rate, rule.hebbian))
        last[i], was_forced[i] = t, forced

    def rewarded(self, t, population, i, reward, inputs) -> None:
        """Dopamine plasticity: three-factor (contributing synapses) or two-factor (recently active ones)."""
        rule, name = population.rule, population.name
        recent = t - self.s[f"{name}/last_spike"][i] <= rule.dopamine_window
        forced = bool(self.s[f"{name}/forced"][i])
        if rule.three_factor and not recent:
            return
        if not (forced and reward <= 0):
            step = self.scaled(name, i, reward)
            if rule.three_factor:
                for projection in self.plastic_inputs(population):
                    own = self.synapses[projection.index].post == i
                    contributes = self.s[f"{projection.name}/contributes"] == 1
                    self.change(population, projection, i, own & contributes, step)
            else:
                for projection, mask in self.received(t, population, i, t - rule.dopamine_window + 1, inputs):
                    self.change(population, projection, i, mask, step)
        self.stabilise(name, i, self.stability_of_reward(t, population, i, reward, forced))

    def stability_of_reward(self, t, population, i, reward, forced) -> int:
        """Change of stability on reward R, the table of model.md section 3."""
        rule = population.rule
        product = fixmul(rule.stability_rate, reward)
        if forced:
            return -product if reward > 0 else 0
        if reward < 0:
            return product
        if rule.stability_three_factor:
            return 2 * product
        distance = abs(t - int(self.s[f"{population.name}/sequence_start"][i]) - rule.isi_max)
        if rule.isi_max:
            factor = max(2 * ONE - (distance << Q) // rule.isi_max, -ONE)
        else:
            # The limit for ISImax -> 0: 2 - 1 at the sequence's first spike, -1 at any later step.
            factor = ONE if distance == 0 else -ONE
        return fixmul(product, factor)

    def stabilise(self, name: str, i: int, change: int) -> None:
        """Stability changes by `change`; a non-positive stability can only increase."""
        stability = self.s[f"{name}/stability"]
        if stability[i] > 0 or change > 0:
            stability[i] = min(max(int(stability[i]) + change, -STABILITY_LIMIT), STABILITY_LIMIT)

    def scaled(self, name: str, i: int, rate: int) -> int:
        """rate * min(2^-stability, 1), truncated towards zero."""
        s = int(self.s[f"{name}/stability"][i])
        if s <= 0:
            return rate
        whole, fraction = s >> Q, (s & (ONE - 1)) >> (Q - 10)
        return fixmul(rate, int(SCALE[fraction]) >> whole if whole < SCALE_Q else 0, SCALE_Q)

    def change(self, population, projection, i, mask, step) -> None:
        """Change the resources of some synapses of neuron i; all its synapses owe what was added."""
        resource = self.s[f"{projection.name}/resource"]
        old = resource[mask].astype(np.int64)
        new = np.clip(old + step, -RESOURCE_LIMIT, RESOURCE_LIMIT)
        resource[mask] = new
        if population.rule.virtual_synapses >= 0:
            self.s[f"{population.name}/debt"][i] -= int((new - old).sum())
        self.weights[projection.name][mask] = self._weights(projection)[mask]

    def renormalise(self, t: int, population: PopulationPlan) -> None:
        """A debt of 1.0 or more is shared out equally once the neuron is not inside a spike sequence.

        Invariant: sum of resources + debt + what the virtual synapses hold never changes.
        """
        rule, name = population.rule, population.name
        debt, held = self.s[f"{name}/debt"], self.s[f"{name}/virtual"]
        inside = (self.s[f"{name}/forced"] == 0) & (t - self.s[f"{name}/last_spike"] < rule.isi_max)
        for i in np.flatnonzero((np.abs(debt) >= ONE) & ~inside):
            own = [(p, np.flatnonzero(self.synapses[p.index].post == i)) for p in self.plastic_inputs(population)]
            sharers = sum(len(index) for _, index in own) + rule.virtual_synapses
            if sharers == 0:
                continue
            owed = int(debt[i])
            share = owed // sharers if owed >= 0 else -(-owed // sharers)
            for projection, index in own:
                resource = self.s[f"{projection.name}/resource"]
                old = resource[index].astype(np.int64)
                new = np.clip(old + share, -RESOURCE_LIMIT, RESOURCE_LIMIT)
                resource[index] = new
                debt[i] -= int((new - old).sum())
                self.weights[projection.name][index] = self._weights(projection)[index]
            held[i] += share * rule.virtual_synapses
            debt[i] -= share * rule.virtual_synapses


class ReferenceEngine:
    """Runs a plan with the textbook step of `Network`, copy by copy."""

    name = "reference"
    encodes_ahead = True

    def __init__(self, plan: Plan, threads: int = 1):
        self.plan = plan
        self.load(initial_state(plan))

    def state(self) -> State:
        return {key: value.copy() for key, value in self._state.items()}

    def load(self, state: State) -> None:
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
        plan = self.plan
        check_steps(start, stop)
        counts = np.zeros((plan.copies, 0, 0), dtype=np.int32)
        if votes:
            objects = (stop - 1) // votes.period - start // votes.period + 1
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
                        counts[copy, now, int(i) * votes.classes // size] += 1
            out.synaptic_events += network.events
            out.records.append(np.array(sorted(rows), dtype=np.int64).reshape(-1, 2))
        return out
