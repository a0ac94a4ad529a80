"""Every operation of a step has its function, under its name, in the same room of every engine."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import colanet.engine
from colanet.engine.reference import Network
from colanet.plan import build
from colanet.plan.operations import OPERATIONS
from colanet.plan.variables import NEURONS, PLASTIC, initial_state

from .networks import networks, random_input

ENGINE = Path(colanet.engine.__file__).parent


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_engine_has_it(operation):
    assert callable(getattr(Network, operation.name))
    tree = ast.parse((ENGINE / "cpu" / f"{operation.room}.py").read_text(encoding="utf-8"))
    assert operation.name in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
    text = (ENGINE / "cuda" / f"{operation.room}.cuh").read_text(encoding="utf-8")
    assert re.search(rf"^INLINE [\w ]+ {operation.name}\(", text, re.MULTILINE)


def test_both_compiled_engines_have_the_same_rooms():
    rooms = {"tables", "integers", "arrivals", "neurons", "plasticity", "run"}
    aside = {"__init__", "bundles", "clock", "feed", "future", "passes", "rows", "seen", "shifts"}
    assert {path.stem for path in (ENGINE / "cpu").glob("*.py")} - aside == rooms
    assert rooms <= {path.stem for path in (ENGINE / "cuda").glob("*.cuh")}


def values_of(network):
    """Every variable of a network by name, and its weights, as one array each."""
    found = {v.name: [getattr(p, v.name) for p in network.neurons] for v in NEURONS}
    found |= {v.name: [getattr(p, v.name) for p in network.plastic.values()] for v in PLASTIC}
    found["weight"] = list(network.weights.values())
    return {name: np.concatenate([a.ravel() for a in arrays] or [[]]) for name, arrays in found.items()}


@given(networks(), st.integers(0, 2**32))
@settings(max_examples=15, deadline=None)
def test_operations_change_only_what_they_say(described, seed):
    plan = build(described.model_copy(update={"copies": 1}), seed=seed)
    network = Network(plan, 0, initial_state(plan))

    def watched(operation, function):
        def run(*arguments):
            before = values_of(network)
            result = function(*arguments)
            changed = {name for name, a in values_of(network).items() if not np.array_equal(a, before[name])}
            assert changed <= set(operation.writes), operation.name
            return result

        return run

    for operation in OPERATIONS:
        setattr(network, operation.name, watched(operation, getattr(network, operation.name)))
    inputs = random_input(plan, 60, seed)
    for t in range(60):
        network.step(t, inputs, True)


def test_operations_read_and_write_variables_of_the_state():
    passing = {"inputs", "current", "forcing", "wake", "sleep", "reward", "weight", "threshold"}
    names = {variable.name for variable in (*NEURONS, *PLASTIC)} | passing
    for operation in OPERATIONS:
        assert set(operation.reads) | set(operation.writes) <= names
