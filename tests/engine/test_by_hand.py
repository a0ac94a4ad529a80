"""Numbers worked out by hand from docs/model.md, on every engine.

Resources and stability in units of 1.0 (2^20).
"""

import numpy as np
import pytest

from colanet.config.model import Network
from colanet.engine.base import InputSpikes
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build
from colanet.plan.variables import initial_state
from colanet.units import NEVER, ONE


def plan_of(populations, projections, inputs):
    sections = [{"name": name, "kind": "noise", "size": size} for name, size in inputs.items()]
    return build(
        Network.model_validate({"inputs": sections, "populations": populations, "projections": projections})
    )


def spikes_at(plan, stop, events):
    """events: {input: {step: [nodes]}}"""
    ptr, index = [], []
    for name, size in plan.inputs:
        hits = np.zeros((stop + plan.history, size), dtype=bool)
        for step, nodes in events.get(name, {}).items():
            if step < stop:
                hits[step + plan.history, nodes] = True
        ptr.append(np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int64))
        index.append(np.nonzero(hits)[1].astype(np.int32))
    return InputSpikes(-plan.history, stop, tuple(ptr), tuple(index))


def firing(engine_of, plan, stop, events):
    """(step, flat neuron) of every spike."""
    engine = engine_of(plan)
    inputs = spikes_at(plan, stop, events)
    stretch = engine.run(inputs, 0, stop, freeze=stop, record=range(len(plan.populations)))
    return [tuple(row) for row in stretch.records[0].tolist()]


# ---------------------------------------------------------- time, gates, winners


def test_delay_30_arrives_thirty_steps_later(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1}],
        [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 9, "delay": 30}],
        {"R": 1},
    )
    assert firing(engine_of, plan, 60, {"R": {5: [0]}}) == [(35, 0)]


def test_a_spike_needs_more_than_the_threshold(engine_of):
    for weight, expected in ((8.531, []), (8.532, [(1, 0)])):
        plan = plan_of(
            [{"name": "N", "size": 1}],
            [{"source": "R", "target": "N", "connection": "one_to_one", "weight": weight}],
            {"R": 1},
        )
        assert firing(engine_of, plan, 4, {"R": {0: [0]}}) == expected


def test_negative_gate_silences_for_its_size(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1}],
        [
            {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9},
            {"source": "G", "target": "N", "connection": "one_to_one", "kind": "gating", "weight": -3},
        ],
        {"R": 1, "G": 1},
    )
    drive = {step: [0] for step in range(12)}
    found = firing(engine_of, plan, 13, {"R": drive, "G": {4: [0]}})
    # The gate arrives at 5: asleep at 5, 6, 7 (A = -3, -2, -1), awake for good at 8.
    assert [t for t, _ in found] == [1, 2, 3, 4, 8, 9, 10, 11, 12]


def test_positive_gate_wakes_for_its_size(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1}],
        [
            {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9},
            {"source": "G", "target": "N", "connection": "one_to_one", "kind": "gating", "weight": 2},
        ],
        {"R": 1, "G": 1},
    )
    drive = {step: [0] for step in range(12)}
    found = firing(engine_of, plan, 13, {"R": drive, "G": {4: [0]}})
    # Asleep from the start; A = 2 at step 5, 1 at 6, 0 at 7 and asleep for good.
    assert [t for t, _ in found] == [5, 6]


def test_suppression_wins_over_waking_in_one_step(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1}],
        [
            {"source": "R", "target": "N", "connection": "one_to_one", "weight": 9},
            {"source": "G", "target": "N", "connection": "one_to_one", "kind": "gating", "weight": -2},
            {"source": "G", "target": "N", "connection": "one_to_one", "kind": "gating", "weight": 5},
        ],
        {"R": 1, "G": 1},
    )
    drive = {step: [0] for step in range(12)}
    found = firing(engine_of, plan, 10, {"R": drive, "G": {2: [0]}})
    # A = -2 at 3, -1 at 4, then awake for good.
    assert [t for t, _ in found] == [5, 6, 7, 8, 9]


def test_a_floor_above_zero_lifts_the_potential_in_silence_too(engine_of):
    # At rest u is 2; the leak 922/1024 leaves 1.8, and 1.8 + 6.8 lies above 8.531. After a spike u begins at 0.
    # Without the floor two of the spikes in a row are needed: 6.8 leaves 6.122, and 6.8 comes on top.
    for floor, expected in ((2.0, [(1, 0), (3001, 0), (3003, 0)]), (0.0, [(3002, 0)])):
        plan = plan_of(
            [{"name": "N", "size": 1, "tau_m": 10, "min_potential": floor}],
            [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 6.8}],
            {"R": 1},
        )
        events = {"R": {0: [0], 3000: [0], 3001: [0], 3002: [0]}}
        assert firing(engine_of, plan, 3010, events) == expected


@pytest.mark.parametrize("tau", [1, 2.5, "INFINITY"])
def test_a_floor_above_the_threshold_fires_at_every_step(engine_of, tau):
    plan = plan_of([{"name": "N", "size": 1, "tau_m": tau, "min_potential": 8.532}], [], {"R": 1})
    assert firing(engine_of, plan, 5, {}) == [(t, 0) for t in range(5)]


def test_a_fractional_time_constant_leaks_1024_div_tau(engine_of):
    # 1024 div 2.5 = 409: of 8 there remain 8000 * 615 div 1024 = 4.804, and 3.728 more is above 8.531.
    for weight, expected in ((3.727, []), (3.728, [(2, 0)])):
        plan = plan_of(
            [{"name": "N", "size": 1, "tau_m": 2.5}],
            [
                {"source": "R", "target": "N", "connection": "one_to_one", "weight": 8},
                {"source": "S", "target": "N", "connection": "one_to_one", "weight": weight},
            ],
            {"R": 1, "S": 1},
        )
        assert firing(engine_of, plan, 4, {"R": {0: [0]}, "S": {1: [0]}}) == expected


def test_winner_take_all_prefers_the_lowest_index_on_a_tie(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 3, "columns": 1, "winner_take_all": True, "tau_m": "INFINITY"}],
        [
            {"source": "X", "target": "N", "connection": "one_to_one", "weight": 9},
            {"source": "Y", "target": "N", "connection": "one_to_one", "weight": 1},
        ],
        {"X": 3, "Y": 3},
    )
    # A tie of all three: they fire one a step, lowest index first, for losers keep their potential.
    assert firing(engine_of, plan, 8, {"X": {0: [0, 1, 2]}}) == [(1, 0), (2, 1), (3, 2)]
    # Neuron 2 has 1.0 more and goes first.
    found = firing(engine_of, plan, 8, {"X": {0: [0, 1, 2]}, "Y": {0: [2]}})
    assert found == [(1, 2), (2, 0), (3, 1)]


def test_leak_truncates_towards_zero(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 2, "tau_m": 3}],
        [
            {"source": "P", "target": "N", "connection": "one_to_one", "weight": 0.1},
            {"source": "M", "target": "N", "connection": "one_to_one", "weight": -0.1},
        ],
        {"P": 2, "M": 2},
    )
    engine = engine_of(plan)
    events = {"P": {0: [0]}, "M": {0: [1]}}
    seen = []
    inputs = spikes_at(plan, 4, events)
    for t in range(4):
        engine.run(inputs, t, t + 1, freeze=4)
        seen.append(engine.state()["0/N/potential"].tolist())
    # 100 -> 100 * 683 / 1024 = 66.7 -> 66 -> 44.02 -> 44
    assert seen == [[0, 0], [100, -100], [66, -66], [44, -44]]


def test_linear_threshold_decays_in_its_period(engine_of):
    # One spike of 9 at 1 raises the threshold to 8.531 + 4 * k / 4, k = 3, 2, 1, 0 at steps 2, 3, 4, 5.
    plan = plan_of(
        [{"name": "N", "size": 1, "threshold_increment": 4, "threshold_decay": 4}],
        [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 10}],
        {"R": 1},
    )
    # 10 > 8.531 + 3? no; + 2? no; + 1 = 9.531? yes, at step 4.
    found = firing(engine_of, plan, 5, {"R": {step: [0] for step in range(5)}})
    assert [t for t, _ in found] == [1, 4]


def test_memory_neuron_keeps_firing_for_its_time(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1, "memory": 10, "memory_period": 3}],
        [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 9}],
        {"R": 1},
    )
    # Driven at 1: fires by itself every 3 steps as long as t <= 1 + 10.
    assert [t for t, _ in firing(engine_of, plan, 40, {"R": {0: [0]}})] == [1, 4, 7, 10]


# -------------------------------------------------------------------- plasticity

LEARNER = {
    "name": "N",
    "size": 1,
    "hebbian_rate": -0.5,
    "hebbian_window": 0,
    "isi_max": 4,
    "dopamine_window": 2,
    "dopamine_rule": "three_factor",
    "w_max": 30,
    "virtual_synapses": -1,
}


def learner(**changes):
    """One neuron that input D alone makes fire (resource 20, weight 12); inputs R, reward P, M, forcing F."""
    return plan_of(
        [LEARNER | changes],
        [
            {"source": "D", "target": "N", "kind": "plastic", "initial_resource": 20},
            {"source": "R", "target": "N", "kind": "plastic", "initial_resource": 0},
            {"source": "P", "target": "N", "kind": "reward", "connection": "one_to_one", "weight": 1},
            {"source": "M", "target": "N", "kind": "reward", "connection": "one_to_one", "weight": -1},
            {"source": "F", "target": "N", "connection": "one_to_one", "weight": 9},
        ],
        {"D": 1, "R": 2, "P": 1, "M": 1, "F": 1},
    )


def after(engine, inputs, start, stop):
    engine.run(inputs, start, stop, freeze=10**6)
    state = engine.state()
    resources = np.concatenate([state["0/D->N/resource"], state["0/R->N/resource"]]) / ONE
    return resources.tolist(), state


def test_a_spike_sequence_with_late_contributors(engine_of):
    plan = learner()
    events = {"D": {0: [0], 3: [0], 8: [0]}, "R": {0: [0], 1: [1], 2: [0]}, "P": {4: [0]}}
    inputs, engine = spikes_at(plan, 12, events), engine_of(plan)
    # Spike at 1: D and R0 contribute.
    assert after(engine, inputs, 0, 4)[0] == [19.5, -0.5, 0.0]
    # Spike at 4, gap 3: R1 has arrived at 2 and contributes now; D and R0 already did.
    assert after(engine, inputs, 4, 5)[0] == [19.5, -0.5, -0.5]
    # Reward +1 at 5: every contributor of the sequence.
    assert after(engine, inputs, 5, 6)[0] == [20.5, 0.5, 0.5]
    # Spike at 9, gap 5: a new sequence, only D has arrived.
    assert after(engine, inputs, 6, 12)[0] == [20.0, 0.5, 0.5]


def test_hebbian_window_reaches_back_before_the_first_spike(engine_of):
    # tau 2, window 1.5 tau = 3 steps: an arrival at t - 3 contributes, one at t - 4 does not.
    plan = learner(tau_m=2, hebbian_window=1.5)
    events = {"R": {1: [0], 2: [1]}, "D": {5: [0]}}
    assert after(engine_of(plan), spikes_at(plan, 8, events), 0, 8)[0] == [19.5, 0.0, -0.5]


def test_reward_comes_too_late(engine_of):
    # dopamine_window 2: the spike is at 1; a reward at 3 counts, one at 4 does not.
    for step, expected in ((2, 20.5), (3, 19.5)):
        plan = learner()
        events = {"D": {0: [0]}, "P": {step: [0]}}
        assert after(engine_of(plan), spikes_at(plan, 6, events), 0, 6)[0][0] == expected


def test_forced_firing_learns_only_from_positive_reward(engine_of):
    plan = learner()
    # R0 arrives together with the forcing spike at 1: no Hebbian change; reward +1 at 2 engraves it.
    inputs = spikes_at(plan, 6, {"F": {0: [0]}, "R": {0: [0]}, "P": {1: [0]}})
    resources, state = after(engine_of(plan), inputs, 0, 6)
    assert resources == [20.0, 1.0, 0.0]
    assert state["0/N/forced"][0] == 1
    inputs = spikes_at(plan, 6, {"F": {0: [0]}, "R": {0: [0]}, "M": {1: [0]}})
    assert after(engine_of(plan), inputs, 0, 6)[0] == [20.0, 0.0, 0.0]


def test_a_forced_spike_ends_the_sequence(engine_of):
    plan = learner()
    # Own spike at 1, forced at 2, own at 3 (gap 1): the last one begins a sequence, so D changes twice.
    inputs = spikes_at(plan, 6, {"D": {0: [0], 2: [0]}, "F": {1: [0]}})
    assert after(engine_of(plan), inputs, 0, 6)[0] == [19.0, 0.0, 0.0]


def test_a_sleeping_neuron_receives_nothing(engine_of):
    plan = plan_of(
        [LEARNER | {"hebbian_window": 3, "tau_m": 3}],
        [
            {"source": "D", "target": "N", "kind": "plastic", "initial_resource": 20},
            {"source": "R", "target": "N", "kind": "plastic", "initial_resource": 0},
            {"source": "G", "target": "N", "kind": "gating", "connection": "one_to_one", "weight": -2},
        ],
        {"D": 1, "R": 2, "G": 1},
    )
    # Asleep at 2 and 3: R0's arrival at 2 does not count, R1's at 4 does.
    inputs = spikes_at(plan, 8, {"G": {1: [0]}, "R": {1: [0], 3: [1]}, "D": {4: [0]}})
    assert after(engine_of(plan), inputs, 0, 8)[0] == [19.5, 0.0, -0.5]


def test_two_factor_changes_what_was_active_lately(engine_of):
    # dopamine_window 2: arrivals at 4 and 5 are within the last 2 steps of the reward at 5, that at 3 is not.
    plan = learner(dopamine_rule="two_factor", stability_rule="three_factor")
    events = {"D": {2: [0]}, "R": {3: [0], 4: [1]}, "P": {4: [0]}}
    resources, _ = after(engine_of(plan), spikes_at(plan, 6, events), 0, 6)
    assert resources == [19.5, 1.0, 1.0]


def test_presynaptic_plasticity_every_period(engine_of):
    plan = learner(presynaptic_rate=0.25, presynaptic_period=5)
    # Arrivals at 2 and 3 of R0 count once at step 5; R1's at 6 counts at 10; nothing at 15.
    events = {"R": {1: [0], 2: [0], 5: [1]}}
    assert after(engine_of(plan), spikes_at(plan, 20, events), 0, 20)[0] == [20.0, 0.25, 0.25]


def test_renormalisation_with_remainder(engine_of):
    # 3 real and 4 virtual synapses; two contributors lose 0.75 each, so 1.5 is shared by 7 when the sequence
    # (spike at 1, isi_max 2) is over at step 3: 1572864 = 7 * 224694 + 6.
    plan = learner(hebbian_rate=-0.75, virtual_synapses=4, isi_max=2)
    inputs, engine = spikes_at(plan, 6, {"D": {0: [0]}, "R": {0: [0]}}), engine_of(plan)
    _, state = after(engine, inputs, 0, 3)
    assert state["0/N/debt"][0] == 1572864
    _, state = after(engine, inputs, 3, 4)
    assert state["0/N/debt"][0] == 6
    assert state["0/N/virtual"][0] == 4 * 224694
    assert state["0/D->N/resource"].tolist() == [20 * ONE - 786432 + 224694]
    assert state["0/R->N/resource"].tolist() == [-786432 + 224694, 224694]


def test_a_debt_below_one_waits(engine_of):
    plan = learner(hebbian_rate=-0.99, virtual_synapses=0, isi_max=0, stability_rule="three_factor")
    inputs = spikes_at(plan, 20, {"D": {0: [0]}})
    _, state = after(engine_of(plan), inputs, 0, 20)
    assert state["0/N/debt"][0] / ONE == pytest.approx(0.99, abs=1e-6)


# --------------------------------------------------------------------- stability

ISI = 4


def stability_after(
    engine_of, *, reward, forced=0, since=0, start=4.0, rate=0.5, rule="three_factor", isi=ISI
):
    """Stability after a reward at step 50, the last spike one step before, the sequence begun `since` ago."""
    plan = learner(stability_rate=rate, stability_rule=rule, isi_max=isi)
    engine, state = engine_of(plan), initial_state(plan)
    state["0/N/last_spike"][:] = 49
    state["0/N/sequence_start"][:] = 50 - since
    state["0/N/forced"][:] = forced
    state["0/N/stability"][:] = int(start * ONE)
    engine.load(state)
    name = "P" if reward > 0 else "M"
    engine.run(spikes_at(plan, 51, {name: {49: [0]}}), 50, 51, freeze=100)
    return engine.state()["0/N/stability"][0] / ONE


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"reward": -1}, 3.5),  # r R
        ({"reward": 1}, 5.0),  # 2 r R
        ({"reward": 1, "forced": 1}, 3.5),  # -r R
        ({"reward": -1, "forced": 1}, 4.0),  # 0
        ({"reward": -1, "rule": "two_factor"}, 3.5),  # r R
        ({"reward": 1, "rule": "two_factor", "since": ISI}, 5.0),  # r R (2 - 0)
        ({"reward": 1, "rule": "two_factor", "since": 0}, 4.5),  # r R (2 - 1)
        ({"reward": 1, "rule": "two_factor", "since": 1}, 4.625),  # r R (2 - 3/4)
        ({"reward": 1, "rule": "two_factor", "since": 3 * ISI}, 4.0),  # r R (2 - 2)
        ({"reward": 1, "rule": "two_factor", "since": 4 * ISI}, 3.5),  # r R (2 - 3)
        ({"reward": 1, "rule": "two_factor", "since": 9 * ISI}, 3.5),  # never below -r R
        # Without a gap (isi_max 0) the formula's limit: r R at the sequence's first spike, -r R later.
        ({"reward": 1, "rule": "two_factor", "isi": 0, "since": 0}, 4.5),
        ({"reward": 1, "rule": "two_factor", "isi": 0, "since": 1}, 3.5),
        ({"reward": 1, "rule": "two_factor", "isi": 0, "since": 40}, 3.5),
        ({"reward": -1, "rule": "two_factor", "isi": 0, "since": 1}, 3.5),
        ({"reward": 1, "rule": "two_factor", "isi": 0, "since": 1, "start": 0.0}, 0.0),
        ({"reward": -1, "start": 0.25}, -0.25),  # may fall below 0 once ...
        ({"reward": -1, "start": -0.25}, -0.25),  # ... but a non-positive stability can only increase
        ({"reward": -1, "start": 0.0}, 0.0),
        ({"reward": 1, "start": -0.25}, 0.75),
    ],
)
def test_stability_on_reward(engine_of, case, expected):
    assert stability_after(engine_of, **case) == expected


def test_stability_on_own_spikes(engine_of):
    # r dH = 2 * 0.25 for the first spike of a sequence and for a forced spike, nothing for later ones.
    plan = learner(hebbian_rate=0.25, stability_rate=2.0)
    inputs, engine = spikes_at(plan, 20, {"D": {0: [0], 2: [0]}, "F": {9: [0]}}), engine_of(plan)
    assert after(engine, inputs, 0, 2)[1]["0/N/stability"][0] / ONE == 0.5
    assert after(engine, inputs, 2, 8)[1]["0/N/stability"][0] / ONE == 0.5
    assert after(engine, inputs, 8, 12)[1]["0/N/stability"][0] / ONE == 1.0


@pytest.mark.parametrize(
    ("start", "second", "expected"),
    [
        (1.0, 3, 0.92),  # 2 steps without a spike of a lifetime of 25 are 0.08
        (1.0, 26, 0.0),  # after 25 steps nothing is left of 1 ...
        (0.5, 26, 0.0),  # ... and of less neither
        (-1.0, 3, -1.0),  # what is not positive stays
    ],
)
def test_stability_fades_while_a_neuron_is_silent(engine_of, start, second, expected):
    plan = learner(stability_lifetime=25, hebbian_rate=0.0, isi_max=0)
    engine, state = engine_of(plan), initial_state(plan)
    state["0/N/stability"][:] = int(start * ONE)
    state["0/N/last_spike"][:] = 1
    engine.load(state)
    _, after_run = after(engine, spikes_at(plan, second + 2, {"D": {second - 1: [0]}}), 0, second + 2)
    assert after_run["0/N/stability"][0] / ONE == pytest.approx(expected, abs=1e-6)


def test_a_faded_stability_counts_at_once(engine_of):
    """The spike that ends the silence learns by what is left: 1 - 2 / 2 = 0, so by the whole rate."""
    plan = learner(stability_lifetime=2)
    engine, state = engine_of(plan), initial_state(plan)
    state["0/N/stability"][:] = ONE
    state["0/N/last_spike"][:] = 1
    engine.load(state)
    resources, _ = after(engine, spikes_at(plan, 6, {"D": {2: [0]}}), 0, 6)
    assert resources[0] == 19.5


@pytest.mark.parametrize(
    ("stability", "step"), [(-3, 1.0), (0, 1.0), (1, 0.5), (2, 0.25), (1.5, 2**-1.5), (40, 0.0)]
)
def test_stability_scales_the_step(engine_of, stability, step):
    plan = learner()
    engine, state = engine_of(plan), initial_state(plan)
    state["0/N/stability"][:] = int(stability * ONE)
    engine.load(state)
    resources, _ = after(engine, spikes_at(plan, 6, {"D": {0: [0]}}), 0, 6)
    assert resources[0] == pytest.approx(20 - 0.5 * step, abs=2e-6)


def test_nothing_is_learnt_after_the_freeze(engine_of):
    plan = learner(virtual_synapses=4)
    engine = engine_of(plan)
    engine.run(spikes_at(plan, 20, {"D": {0: [0]}, "P": {1: [0]}}), 0, 20, freeze=0)
    state = engine.state()
    assert state["0/D->N/resource"].tolist() == [20 * ONE]
    assert state["0/N/last_spike"].tolist() == [NEVER]


def test_silence_is_skipped_with_the_same_result(engine_of):
    # Slow leak, a running gate and a falling threshold across 3000 silent steps.
    plan = plan_of(
        [{"name": "N", "size": 2, "tau_m": 1000, "threshold_increment": 2, "threshold_decay": 900}],
        [
            {"source": "R", "target": "N", "connection": "one_to_one", "weight": 8.6},
            {"source": "G", "target": "N", "connection": "one_to_one", "kind": "gating", "weight": -2500},
        ],
        {"R": 2, "G": 2},
    )
    events = {"R": {0: [0, 1], 3: [1], 3000: [0, 1]}, "G": {3: [0]}}
    reference = ReferenceEngine(plan)
    inputs = spikes_at(plan, 3100, events)
    reference.run(inputs, 0, 3100, freeze=0)
    engine = engine_of(plan)
    engine.run(inputs, 0, 3100, freeze=0)
    for key, value in reference.state().items():
        np.testing.assert_array_equal(engine.state()[key], value, err_msg=key)


# ------------------------------------------------------- bias, reset by subtraction


def potentials(engine_of, plan, stop, events=None):
    engine = engine_of(plan)
    engine.run(spikes_at(plan, stop, events or {}), 0, stop, freeze=stop)
    return engine.state()["0/N/potential"].tolist()


def alone(**values):
    return plan_of([{"name": "N", "size": 1, **values}], [], {"R": 1})


def test_a_bias_is_added_at_every_step(engine_of):
    plan = alone(tau_m="INFINITY", bias=3.0)
    # 3, 6, 9 > 8.531: a spike at steps 2, 5, 8, ...
    assert firing(engine_of, plan, 10, {}) == [(2, 0), (5, 0), (8, 0)]
    assert potentials(engine_of, plan, 2) == [6000]


def test_a_negative_bias_comes_after_the_leak(engine_of):
    plan = alone(tau_m=10, bias=-1.5)
    # -1500; 1500 * 922 >> 10 = 1350, so -2850; 2850 * 922 >> 10 = 2566, so -4066.
    assert [potentials(engine_of, plan, stop)[0] for stop in (1, 2, 3)] == [-1500, -2850, -4066]
    assert potentials(engine_of, alone(tau_m=10, bias=-1.5, min_potential=-2.0), 3) == [-2000]


def test_a_bias_reaches_sleeping_neurons(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1, "tau_m": "INFINITY", "bias": 3.0}],
        [{"source": "R", "target": "N", "connection": "one_to_one", "kind": "gating", "weight": -4}],
        {"R": 1},
    )
    # Asleep at steps 1 to 4, awake at 5: it fires with 3 x 6 > 8.531.
    assert firing(engine_of, plan, 9, {"R": {0: [0]}}) == [(5, 0), (8, 0)]


def test_reset_by_subtraction_keeps_what_lies_above_the_threshold(engine_of):
    plan = alone(tau_m="INFINITY", bias=3.0, reset="subtract")
    # 0.469 more stays at every spike; after six spikes 2.814 + 6 = 8.814 is enough after two steps.
    assert [t for t, _ in firing(engine_of, plan, 23, {})] == [2, 5, 8, 11, 14, 17, 19, 22]
    assert potentials(engine_of, plan, 3) == [469]
    assert potentials(engine_of, plan, 20) == [7 * 9000 - 3000 - 7 * 8531]


def test_subtraction_takes_the_raised_threshold(engine_of):
    values = {"threshold_increment": 2.0, "threshold_decay": 4, "tau_m": "INFINITY"}
    for reset, spikes, left in (("subtract", [1, 2], 20_000 - 8531 - 10_031), ("zero", [1], 0)):
        plan = plan_of(
            [{"name": "N", "size": 1, "reset": reset, **values}],
            [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 20}],
            {"R": 1},
        )
        # 20 - 8.531 = 11.469; at step 2 the threshold is 8.531 + 3/4 x 2 = 10.031, which is taken too.
        assert [t for t, _ in firing(engine_of, plan, 9, {"R": {0: [0]}})] == spikes
        assert potentials(engine_of, plan, 9, {"R": {0: [0]}}) == [left]


def test_subtraction_goes_on_firing_without_input(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 1, "tau_m": "INFINITY", "reset": "subtract"}],
        [{"source": "R", "target": "N", "connection": "one_to_one", "weight": 1000}],
        {"R": 1},
    )
    # 1000 - 117 x 8.531 = 1.873: one spike a step, 117 of them, from step 1 on.
    assert firing(engine_of, plan, 400, {"R": {0: [0]}}) == [(t, 0) for t in range(1, 118)]
    assert potentials(engine_of, plan, 400, {"R": {0: [0]}}) == [1873]


def test_subtraction_under_winner_take_all_spares_the_losers(engine_of):
    plan = plan_of(
        [{"name": "N", "size": 2, "columns": 1, "winner_take_all": True, "tau_m": "INFINITY", "reset": "subtract"}],
        [{"source": "R", "target": "N", "connection": "all_to_all", "weight": 9}],
        {"R": 1},
    )
    # Both reach 9; the first wins and keeps 0.469, the second fires a step later.
    assert firing(engine_of, plan, 9, {"R": {0: [0]}}) == [(1, 0), (2, 1)]
    assert potentials(engine_of, plan, 9, {"R": {0: [0]}}) == [469, 469]
