"""Engines agree bit for bit, however a run is cut into pieces."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from colanet import config
from colanet.engine.base import digest
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build
from colanet.session import Session

from .networks import networks, random_input, votes_of

CONFIGS = Path(__file__).parents[2] / "configs"


def assert_same_state(left, right):
    assert left.keys() == right.keys()
    different = [key for key in left if not np.array_equal(left[key], right[key])]
    assert not different, f"engines differ in {different}"


def run(engine, inputs, cuts, freeze, record):
    plan = engine.plan
    parts = [
        engine.run(inputs, start, stop, freeze=freeze, votes=votes_of(plan), record=record)
        for start, stop in pairwise(cuts)
    ]
    records = [np.concatenate([part.records[c] for part in parts]) for c in range(plan.copies)]
    return records, sum(part.spikes for part in parts), sum(part.synaptic_events for part in parts)


def test_every_engine_equals_the_reference(other_engine_of, drawn):
    @drawn(networks(), st.integers(0, 2**32), st.integers(0, 200))
    def same(network, seed, freeze_from_end):
        plan = build(network, seed=seed)
        stop = 220
        inputs = random_input(plan, stop, seed)
        everyone = range(len(plan.populations))
        reference, other = ReferenceEngine(plan), other_engine_of(plan)
        freeze = stop - freeze_from_end // 4
        expected = run(reference, inputs, [0, stop], freeze, everyone)
        found = run(other, inputs, [0, stop], freeze, everyone)
        for left, right in zip(expected[0], found[0], strict=True):
            np.testing.assert_array_equal(left, right)
        np.testing.assert_array_equal(expected[1], found[1])
        assert expected[2] == found[2]
        assert_same_state(reference.state(), other.state())
        assert digest(reference.state(), stop) == digest(other.state(), stop)


def test_pieces_threads_and_recording_change_nothing(other_engine_of, drawn):
    @drawn(
        networks(), st.integers(0, 2**32), st.lists(st.integers(1, 799), max_size=4, unique=True), st.integers(1, 3)
    )
    def same(network, seed, cuts, threads):
        plan = build(network, seed=seed)
        stop = 800
        inputs = random_input(plan, stop, seed, rate=0.05)
        whole, pieces = NumbaEngine(plan), other_engine_of(plan, threads)
        run(whole, inputs, [0, stop], 700, ())
        run(pieces, inputs, [0, *sorted(cuts), stop], 700, range(len(plan.populations)))
        assert_same_state(whole.state(), pieces.state())


@pytest.mark.slow
def test_a_state_moves_between_engines(other_engine_of, drawn):
    @drawn(networks(), st.integers(0, 2**32), st.integers(1, 129))
    def same(network, seed, cut):
        plan = build(network, seed=seed)
        stop = 150
        inputs = random_input(plan, stop, seed)
        one, reference, whole = other_engine_of(plan), ReferenceEngine(plan), NumbaEngine(plan)
        one.run(inputs, 0, cut, freeze=stop)
        reference.load(one.state())
        assert_same_state(reference.state(), one.state())
        reference.run(inputs, cut, stop - 20, freeze=stop)
        one.load(reference.state())
        one.run(inputs, stop - 20, stop, freeze=stop)
        whole.run(inputs, 0, stop, freeze=stop)
        assert_same_state(one.state(), whole.state())


def totals(plan, state):
    """Resource of every neuron that renormalises: of its synapses, owed, and of its virtual synapses."""
    result = []
    for copy in range(plan.copies):
        for p in plan.populations:
            if p.plasticity is None or p.plasticity.virtual_synapses < 0:
                continue
            total = state[f"{copy}/{p.name}/debt"] + state[f"{copy}/{p.name}/virtual"]
            for link in plan.projections:
                if link.kind == "plastic" and link.target == p.index:
                    post = plan.synapses(link.index, copy).post
                    np.add.at(total, post, state[f"{copy}/{link.name}/resource"].astype(np.int64))
            result.append(total)
    return result


def test_resource_is_conserved(other_engine_of, drawn):
    @drawn(networks(), st.integers(0, 2**32), few=3)
    def same(network, seed):
        plan = build(network, seed=seed)
        engine = other_engine_of(plan)
        before = totals(plan, engine.state())
        engine.run(random_input(plan, 1500, seed), 0, 1500, freeze=1500)
        for left, right in zip(before, totals(plan, engine.state()), strict=True):
            np.testing.assert_array_equal(left, right)


def test_no_steps_are_a_run_too(engine_of):
    plan = build(config.load(CONFIGS / "recurrent.yaml").model_copy(update={"copies": 2}))
    made = engine_of(plan, threads=2)
    before = digest(made.state(), 0)
    stretch = made.run(random_input(plan, 40, 1), 20, 20, freeze=99, votes=votes_of(plan), record=[0])
    assert stretch.synaptic_events == 0
    assert [len(record) for record in stretch.records] == [0, 0]
    assert not stretch.spikes.any()
    assert not stretch.votes.any()
    assert digest(made.state(), 0) == before


@pytest.mark.parametrize("steps", [1, 10])
def test_equal_before_the_rings_are_full(steps):
    """A population that never sleeps notes so from its first step on, on every engine."""
    path = CONFIGS / "mnist_five_layer.yaml"
    digests = set()
    for engine in ("reference", "numba"):
        session = Session(config.load(path), base_dir=CONFIGS, engine=engine, copies=1, train=1, test=0)
        digests.add(session.run(steps).digest)
    assert len(digests) == 1
