"""Thresholds that stay as they were before synapses died, as `experiments.robustness` holds them."""

import numpy as np

from colanet.damage import dead_synapses
from colanet.engine.reference import ReferenceEngine
from colanet.inspection import thresholds
from colanet.session import Recording, Session
from experiments import robustness

from .networks import network, planned


def test_held_thresholds_are_those_of_the_definition():
    """The engine numba with thresholds put back gives the spikes of the textbook step with these thresholds."""
    plan, state = planned(seed=1)
    before = [thresholds(plan, state, "L", copy) for copy in range(2)]
    dead = dead_synapses(plan, state, 0.5, seed=1)

    class Held(ReferenceEngine):
        def load(self, state):
            super().load(state)
            for one, found in zip(self.networks, before, strict=True):
                one.threshold = lambda population, found=found: found

    def spikes(engine, held=False):
        session = Session(network(), seed=1, engine=engine, recording=Recording(("L",)))
        own = robustness.thresholds_of(session) if held else []
        session.engine.load(dead)
        if held:
            robustness.hold(session, own)
        session.proceed(600, freeze=0)
        return [session.spikes("L", copy).tolist() for copy in range(2)]

    kept = spikes("numba", held=True)
    assert kept == spikes(Held)
    assert kept != spikes("numba")
    np.testing.assert_array_equal(thresholds(plan, dead, "L") < before[0], True)
