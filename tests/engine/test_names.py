"""Populations called like a second projection: engines agree, a resumed run equals an uninterrupted one."""

import numpy as np
import pytest

from colanet.config.model import Network
from colanet.engine.base import digest
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.plan import build
from colanet.plan.variables import initial_state

from .networks import random_input
from .test_equality import assert_same_state

RULE = {"w_max": 3, "w_min": -1, "hebbian_rate": -0.3, "tau_m": 3, "noise_amplitude": 9}


def plastic(*targets: str, sizes) -> Network:
    """A plastic projection into each of the targets, with different resources; some targets repeat."""
    populations = [
        {"name": name, "size": size, **RULE} for name, size in zip(dict.fromkeys(targets), sizes, strict=True)
    ]
    links = [
        {"source": "R", "target": name, "kind": "plastic", "connection": "all_to_all", "initial_resource": 1 + i}
        for i, name in enumerate(targets)
    ]
    inputs = [{"name": "R", "kind": "noise", "size": 3, "steps": 200}]
    return Network.model_validate({"inputs": inputs, "populations": populations, "projections": links})


@pytest.mark.parametrize(
    ("targets", "sizes"),
    [(("L", "L", "L#2"), (2, 2)), (("L", "L", "L#2"), (4, 7)), (("L#2", "L", "L", "L#2"), (3, 2))],
)
def test_engines_agree_when_a_population_is_called_like_a_number(targets, sizes):
    plan = build(plastic(*targets, sizes=sizes))
    state = initial_state(plan)
    assert len([key for key in state if key.endswith("/resource")]) == len(targets)
    inputs = random_input(plan, 200, 3)
    reference, numba, resumed = ReferenceEngine(plan), NumbaEngine(plan), NumbaEngine(plan)
    reference.run(inputs, 0, 200, freeze=200)
    numba.run(inputs, 0, 200, freeze=200)
    resumed.run(inputs, 0, 90, freeze=200)
    resumed.load(resumed.state())
    resumed.run(inputs, 90, 200, freeze=200)
    assert_same_state(reference.state(), numba.state())
    assert digest(numba.state(), 200) == digest(resumed.state(), 200)
    for name, resource in state.items():
        if name.endswith("/resource"):
            assert not np.array_equal(resource, numba.state()[name]), "nothing was learnt"
