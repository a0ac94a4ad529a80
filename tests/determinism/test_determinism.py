"""A part of the table; `python -m tests.determinism` makes all of it."""

import json

import numpy as np
import pytest

from tests.determinism import matrix
from tests.determinism.__main__ import RESULTS
from tests.determinism.matrix import CASES, Way
from tests.engine import engines

FEW = [
    Way("numba", 1, 4096, False, False),
    Way("numba", 2, 7, True, True),
    Way("numba", 2, 100, False, True),
    Way("numba", 1, 7, True, False),
]


@pytest.mark.parametrize("way", FEW, ids=str)
@pytest.mark.parametrize("name", CASES)
def test_every_way_of_running_gives_the_stored_digest(name, way, tmp_path):
    """In both legs of the tests: with the newest and the lowest versions of Python, NumPy and Numba."""
    assert matrix.digest_of(CASES[name], way, tmp_path) == matrix.stored()[name]


@pytest.mark.slow
@pytest.mark.parametrize("engine", [*engines.OTHERS, "reference"])
def test_every_engine_gives_it(engine, tmp_path):
    engines.engine_class(engine, "test_every_engine_gives_it")
    way = Way(engine, 1, 100, True, True)
    assert matrix.digest_of(CASES["recurrent"], way, tmp_path) == matrix.stored()["recurrent"]


def test_the_ways_are_all_there_are():
    assert len(list(matrix.ways(("reference",)))) == 12
    assert len(list(matrix.ways(("numba",)))) == 24
    assert matrix.stored().keys() == CASES.keys()


def test_every_count_is_in_the_digest():
    counts = [np.array([[1, 2]]), np.array([3]), 4]
    digests = {matrix.combined("a", *counts), matrix.combined("b", *counts)}
    for place in range(3):
        digests.add(matrix.combined("a", *(one + (at == place) for at, one in enumerate(counts))))
    assert len(digests) == 5


def test_the_stored_table_is_of_one_digest_a_network():
    runs = json.loads(RESULTS.read_text(encoding="utf-8"))["runs"]
    expected = matrix.stored()
    for one in runs:
        assert {name: network["digests"] for name, network in one["networks"].items()} == {
            name: [digest] for name, digest in expected.items()
        }
