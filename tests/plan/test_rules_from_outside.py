"""Connection rules of packages: whatever they do wrong is one clear line; sizes and random numbers they get."""

import re

import numpy as np
import pytest

from colanet import Session, config
from colanet.config import check
from colanet.config.model import Network
from colanet.connections import CONNECTIONS, Rule
from colanet.errors import ConfigError
from colanet.plan import build
from tests.outside import package

OUTSIDE = """
import numpy as np
from colanet.connections import Rule

def chain(ends, first, last):
    pre = np.arange(first, min(last, ends.target.size - 1))
    return pre, pre + 1

def fails(*args):
    raise ZeroDivisionError("oops\\nand more")

GOOD = Rule("good", chain)
SMALL = Rule("int32", lambda *a: tuple(array.astype(np.int32) for array in chain(*a)))
RAISES = Rule("raises", fails)
LISTS = Rule("lists", lambda ends, first, last: ([1], [2]))
ONE = Rule("one array", lambda ends, first, last: np.arange(2))
FLOATS = Rule("floats", lambda *a: tuple(array * 1.0 for array in chain(*a)))
SQUARE = Rule("square", lambda *a: (np.eye(2, dtype=int), np.eye(2, dtype=int)))
COUNTS = Rule("count", chain, count=fails)
WORDS = Rule("count", chain, count=lambda ends: "many")
FANS = Rule("fan-in", chain, fan_in=lambda ends: 1.5)
DRAWS = Rule("draws", chain, random=fails)
FLAG = Rule("flag", chain, random=True)
TAKES = Rule("takes", chain, takes="probability")
HALF = Rule("takes one", chain, takes=("max_inputs",))
RANGED = Rule("range", chain, spans=lambda ends, pre: (pre + 1, np.minimum(pre + 2, 8), 0, 0))
BEFORE = Rule("range", chain, spans=lambda ends, pre: (pre - 3, pre - 2, 0, 0))
WIDE = Rule("range", chain, fan_in=lambda ends: 1, spans=lambda ends, pre: (0, ends.target.size, 0, 0))
THREE = Rule("range", chain, spans=3)
SINGLE = Rule("range", chain, spans=lambda ends, pre: pre)
OTHER = Rule("range", chain, spans=lambda ends, pre: (pre, np.minimum(pre + 1, 8), 0, 0))
HALVES = Rule("range", chain, spans=lambda ends, pre: (pre / 2, pre, 0, 0))
TEXT = "no rule"

def drawn(ends, first, last):
    pre, post = chain(ends, first, last)
    keep = ends.uniform(pre * ends.target.size + post) < 0.5
    return pre[keep], post[keep]

SECRET = Rule("draws without saying so", drawn)
LARGE = Rule("random in large populations", drawn, random=lambda ends: ends.source.size > 5)
"""
NETWORK = """
inputs:
  - {name: R, kind: noise, size: 8, noise: 0.3, steps: 5}
populations:
  - {name: L, size: 8}
projections:
  - {source: R, target: L, weight: 9, connection: one_to_one}
  - {source: L, target: L, weight: 3, connection: %s}
"""


@pytest.fixture(autouse=True)
def outside(tmp_path, monkeypatch):
    names = re.findall(r"^([A-Z]+) =", OUTSIDE, re.MULTILINE)
    points = {"colanet.connections": {name.lower(): name for name in names}}
    package(tmp_path / "site", "my_links", OUTSIDE, points, monkeypatch)
    package(tmp_path / "gone", "gone_links", "", {"colanet.connections": {"gone": "GONE"}}, monkeypatch)
    (tmp_path / "gone" / "gone_links.py").unlink()


def network(rule: str, size: int = 10, **values) -> Network:
    return Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": size, "noise": 0.3, "steps": 5}],
            "populations": [{"name": "L", "size": 8}],
            "projections": [{"source": "R", "target": "L", "weight": 1, "connection": rule, **values}],
            "copies": 2,
        }
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("flag", "connection flag: random is True, expected a function"),
        (
            "takes",
            "connection takes: takes is 'probability', "
            "expected a tuple of probability, max_inputs, source_fraction",
        ),
        ("text", "connection text: expected a colanet.connections.Rule, found str"),
        ("gone", "connection gone: gone_links:GONE cannot be loaded: No module named 'gone_links'"),
        ("counts", "connection counts: count: ZeroDivisionError: oops"),
        ("words", "connection words: count: ValueError: expected a number of 0 or more, not 'many'"),
        ("fans", "connection fans: fan_in: TypeError: 'float' object cannot be interpreted as an integer"),
        ("draws", "connection draws: random: ZeroDivisionError: oops"),
        ("three", "connection three: spans is 3, expected a function"),
    ],
)
def test_what_the_description_shows_is_told_with_its_place(call, tmp_path, rule, message):
    path = tmp_path / "n.yaml"
    path.write_text(NETWORK % rule)
    for command in ("validate", "run"):
        assert call(command, path) == (2, "", f"{path}:8: projection L->L: connection: {message}\n")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("raises", "pairs: ZeroDivisionError: oops"),
        ("lists", "pairs: TypeError: expected two arrays, not ([1], [2])"),
        ("one", "pairs: TypeError: expected two arrays, not array([0, 1])"),
        ("floats", "pairs: TypeError: expected rows of integers, not float64 (7,)"),
        ("square", "pairs: TypeError: expected rows of integers, not int64 (2, 2)"),
        ("secret", "pairs: TypeError: 'NoneType' object is not callable"),
        ("before", "gives source neuron 0 the targets -3 to -2, expected 0 to 8"),
        ("wide", "gives neuron 0 7 synapses, its fan_in says at most 1"),
        ("halves", "spans: TypeError: expected whole numbers, not float64 (8,)"),
        ("single", "spans: TypeError: expected four arrays or whole numbers, not array([0, 1, 2, 3, 4, 5, 6, 7])"),
        ("other", "its spans and its pairs are not the same synapses"),
    ],
)
def test_wrong_pairs_are_one_line(call, tmp_path, rule, message):
    path = tmp_path / "n.yaml"
    path.write_text(NETWORK % rule)
    assert call("run", path, "--engine", "reference", "--quiet") == (2, "", f"connection {rule}: {message}\n")


def test_ranges_of_a_package_are_not_stored_and_change_nothing():
    plans = [build(network(rule, size=8)) for rule in ("good", "ranged")]
    assert [plan.spans(0) is None for plan in plans] == [True, False]
    assert plans[0].count(0) == plans[1].count(0) == 7
    runs = [Session(network(rule, size=8), engine="numba").run() for rule in ("good", "ranged")]
    assert runs[0].digest == runs[1].digest


def test_small_integers_will_do():
    found = [build(network(rule)).synapses(0) for rule in ("good", "small")]
    np.testing.assert_array_equal(found[0].post, found[1].post)
    assert found[0].post.tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_the_real_sizes_decide_whether_copies_differ():
    """Ten nodes: drawn, for each copy anew; of three neurons copies would share what was drawn, so nothing is."""
    plan = build(network("large"))
    assert plan.projections[0].random
    assert plan.synapses(0, 0).pre.tolist() != plan.synapses(0, 1).pre.tolist()
    plan = build(network("large", size=3))
    assert not plan.projections[0].random
    with pytest.raises(ConfigError, match=r"^connection large: pairs: TypeError"):
        plan.synapses(0)


@pytest.mark.parametrize(
    ("rule", "field", "value", "message"),
    [
        ("half", "probability", 0.5, "probability: the connection half takes max_inputs"),
        ("good", "max_inputs", 2, "max_inputs: the connection good takes none"),
        ("one_to_one", "probability", 0.5, "probability: the connection one_to_one takes none"),
    ],
)
def test_what_a_rule_does_not_take_is_named(tmp_path, rule, field, value, message):
    path = tmp_path / "n.yaml"
    path.write_text(NETWORK % f"{rule}, {field}: {value}")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == f"{path}:8: projection L->L: {message}"


def test_a_rule_that_takes_a_field_gets_it():
    assert check(network("half", max_inputs=2)) == []


def test_one_registered_by_a_call_is_checked_too():
    with pytest.raises(ConfigError, match="connection mine: fan_in is 3, expected a function"):
        CONNECTIONS.register("mine", Rule("mine", CONNECTIONS.get("all_to_all").pairs, fan_in=3))


def test_a_seed_that_does_not_matter_is_no_obstacle(tmp_path):
    """A saved state fits another seed if nothing of the network is drawn."""
    for rule, fits in (("good", True), ("large", False)):
        Session(network(rule), engine="reference").save(tmp_path / "s.h5")
        other = Session(network(rule), engine="reference", seed=1)
        if fits:
            other.load(tmp_path / "s.h5")
        else:
            with pytest.raises(Exception, match=r"seed 0, which its connections .* \(projection R->L\)"):
                other.load(tmp_path / "s.h5")
