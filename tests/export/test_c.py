"""`colanet export --format c`: what gcc makes of it gives the simulator's integers."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from colanet.engine.base import check_state
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.export.c.build import model_of
from colanet.plan import build
from tests.engine.networks import networks, random_input
from tests.export.harness import arrays_of, built, ran

EXAMPLES = int(os.environ.get("C_EXAMPLES", "25"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Every example calls the compiler: shrinking one that fails would take minutes."""


def assert_same_state(plan, copy, net, found, state, step):
    """The arrays of a C program beside those that the exporter makes of the state that the engine reached."""
    expected = model_of(plan, state, copy=copy, learn=net.learn, name=net.name, step=step)
    wanted = {(owner.id, array.name): array for owner, array in arrays_of(expected)}
    inputs = {source.id for source in net.inputs}
    for key, array in wanted.items():
        if key[0] not in inputs:  # which a state does not keep
            np.testing.assert_array_equal(found[key], array.values, err_msg=str(key))


@pytest.fixture
def sanitised():
    return ("-O1", "-fsanitize=undefined", "-fno-sanitize-recover")


def compare(folder, network, seed, cut, learn, flags):
    """Export at a step, go on with the engine and in C, freeze at last; input is silent before the cut."""
    plan, stop = build(network, seed=seed), 200
    copy = plan.copies - 1
    before, after = random_input(plan, cut, seed, base=-plan.history), random_input(plan, stop, seed + 1)
    hits = [index[ptr[cut - after.base] :] for ptr, index in zip(after.ptr, after.index, strict=True)]
    ptrs = [np.maximum(ptr - ptr[cut - after.base], 0) for ptr in after.ptr]
    silent = type(after)(after.base, stop, tuple(ptrs), tuple(hits))
    engine = NumbaEngine(plan)
    engine.run(before, 0, cut, freeze=cut)
    state = engine.state()
    freeze = stop - 20 if learn else cut
    program, net = built(folder, plan, state, learn=learn, step=cut, copy=copy, flags=flags)
    spikes, found = ran(program, net, silent, cut, stop, freeze)
    stretch = engine.run(silent, cut, stop, freeze=freeze, record=range(len(plan.populations)))
    np.testing.assert_array_equal(spikes[np.lexsort(spikes.T[::-1])], stretch.records[copy])
    assert_same_state(plan, copy, net, found, engine.state(), stop)


@pytest.mark.slow
def test_random_networks_give_the_same_integers(tmp_path_factory, sanitised):
    folder = tmp_path_factory.mktemp("c")

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(networks(), st.integers(0, 2**32), st.integers(0, 60), st.booleans())
    def same(network, seed, cut, learn):
        compare(folder, network, seed, cut, learn, sanitised)

    same()
