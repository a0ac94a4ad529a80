"""Engines agree bit for bit on sparse, fixed, delayed, plastic-recurrent and mixed networks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import strategies as st

from colanet.engine.reference import ReferenceEngine
from colanet.plan import build

from .networks import votes_of
from .sparse_networks import image_input, networks
from .test_equality import assert_same_state

STOP = 130
MANY, FEW = 36, 8

inputs_like_images = st.tuples(st.integers(0, 2**32), st.sampled_from([10, 15, 25]), st.sampled_from([0.3, 0.99]))
cuts = st.lists(st.integers(1, STOP - 1), max_size=5, unique=True).map(sorted)


def pieces(engine, inputs, cuts, freeze, record):
    """Run from cut to cut; what came out of all pieces together, and how many synaptic events each had."""
    parts = [
        engine.run(inputs, start, stop, freeze=freeze, votes=votes_of(engine.plan), record=record)
        for start, stop in pairwise(cuts)
    ]
    records = [np.concatenate(rows) for rows in zip(*(part.records for part in parts), strict=True)]
    return records, [part.votes for part in parts], sum(p.spikes for p in parts), [p.synaptic_events for p in parts]


def assert_same(left, right):
    for one, other in zip(left[0], right[0], strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(left[1], right[1], strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(left[2], right[2])
    assert left[3] == right[3]


@pytest.mark.slow
def test_every_engine_equals_the_reference(other_engine_of, drawn):
    @drawn(
        networks(),
        inputs_like_images,
        cuts,
        st.integers(0, STOP),
        st.integers(1, 2),
        few=FEW,
        many=MANY,
    )
    def same(network, images, inside, freeze, threads):
        plan = build(network, seed=images[0])
        inputs, cuts = image_input(plan, STOP, *images), [0, *inside, STOP]
        everyone = range(len(plan.populations))
        reference, other = ReferenceEngine(plan), other_engine_of(plan, threads)
        expected = pieces(reference, inputs, cuts, freeze, everyone)
        assert_same(expected, pieces(other, inputs, cuts, freeze, everyone))
        assert_same_state(reference.state(), other.state())
