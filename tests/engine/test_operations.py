"""Every operation of a step has its function, under its name, in the same room of every engine."""

import ast
import re
from pathlib import Path

import pytest

import colanet.engine
from colanet.engine.reference import Network
from colanet.plan.operations import OPERATIONS
from colanet.plan.variables import NEURONS, PLASTIC

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
    assert {path.stem for path in (ENGINE / "cpu").glob("*.py")} - {"__init__"} == rooms
    assert rooms <= {path.stem for path in (ENGINE / "cuda").glob("*.cuh")}


def test_operations_read_and_write_variables_of_the_state():
    passing = {"inputs", "current", "forcing", "wake", "sleep", "reward", "weight", "threshold"}
    names = {variable.name for variable in (*NEURONS, *PLASTIC)} | passing
    for operation in OPERATIONS:
        assert set(operation.reads) | set(operation.writes) <= names
