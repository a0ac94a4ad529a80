"""The connection rule of docs/extending.md, from outside the package."""

from itertools import pairwise

import numpy as np
import pytest

from colanet.config import load, read_yaml, write_yaml
from colanet.config.model import Network
from colanet.connections import CONNECTIONS
from colanet.engine.cpu.tables import GRAIN
from colanet.engine.layout import Layout
from colanet.errors import ConfigError
from colanet.plan import build
from tests.extending import colanet, page
from tests.outside import package

TITLE = "A connection rule"
NETWORK = """
inputs:
  - {name: R, kind: noise, size: 1, noise: 0.02, steps: 400}
populations:
  - {name: L, size: 5, tau_m: 1}
projections:
  - {source: R, target: L, connection: one_to_one, weight: 9}
  - {source: L, target: L, connection: chain, weight: 9, delay: 2}
"""


@pytest.fixture
def folder(tmp_path):
    package(tmp_path, "my_package", page.code(TITLE), page.entry_points(TITLE, "my_package"), None)
    (tmp_path / "chain.yaml").write_text(NETWORK)
    return tmp_path


def test_a_spike_runs_along_the_chain(folder):
    assert colanet(folder, "validate", "chain.yaml")[0] == 0
    status, _, err = colanet(folder, "run", "chain.yaml", "--quiet", "--out", "out", "--record", "list")
    assert (status, err) == (0, "")
    lines = (folder / "out" / "spikes.L.0.csv").read_text().splitlines()
    fired = [[int(t) for t in line.split(",") if t] for line in lines]
    assert len(fired[0]) > 3
    # R drives all five (blocks of the integer ratio); the chain adds what its left neighbour fired 2 steps ago.
    for left, right in pairwise(fired):
        assert {t + 2 for t in left if t + 2 < 400} <= set(right)


def test_every_engine_sees_its_pairs(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    assert "chain" in CONNECTIONS.names()
    plan = build(load(folder / "chain.yaml"))
    synapses = plan.synapses(1)
    np.testing.assert_array_equal(synapses.pre, [0, 1, 2, 3])
    np.testing.assert_array_equal(synapses.post, [1, 2, 3, 4])
    write_yaml(plan.description, folder / "again.yaml")
    assert read_yaml(folder / "again.yaml") == plan.description


def test_ranges_are_the_same_synapses_and_are_not_stored(tmp_path, monkeypatch):
    text = page.code(TITLE) + page.code(TITLE, number=1)
    package(tmp_path, "both_chains", text, {"colanet.connections": {"chain": "CHAIN", "ranges": "RANGES"}}, None)
    monkeypatch.syspath_prepend(tmp_path)
    plans, spikes = [], []
    for name in ("chain", "ranges"):
        (tmp_path / f"{name}.yaml").write_text(NETWORK.replace("chain", name))
        plans.append(build(load(tmp_path / f"{name}.yaml")))
        run = ["run", f"{name}.yaml", "--quiet", "--out", name, "--record", "list"]
        status, _, err = colanet(tmp_path, *run)
        assert (status, err) == (0, "")
        spikes.append((tmp_path / name / "spikes.L.0.csv").read_text())
    stored, ranges = plans
    assert [int(Layout(plan, 0, GRAIN).projections[1]["span"]) >= 0 for plan in plans] == [False, True]
    np.testing.assert_array_equal(ranges.spans(1)[:, :2], [[1, 2], [2, 3], [3, 4], [4, 5], [5, 5]])
    np.testing.assert_array_equal(ranges.synapses(1).pre, stored.synapses(1).pre)
    np.testing.assert_array_equal(ranges.synapses(1).post, stored.synapses(1).post)
    assert spikes[0] == spikes[1]


def test_xml_calls_it_by_its_name(folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    assert colanet(folder, "convert", "chain.yaml", "chain.nnc") == (0, "", "")
    assert 'policy="chain"' in (folder / "chain.nnc").read_text()
    assert colanet(folder, "convert", "chain.nnc", "again.yaml") == (0, "", "")
    assert load(folder / "again.yaml").projections == load(folder / "chain.yaml").projections


@pytest.mark.parametrize("name", ["nothing", "one_to_one", "random"])
def test_xml_has_no_other_words_for_policies(folder, name):
    assert colanet(folder, "convert", "chain.yaml", "chain.nnc")[0] == 0
    text = (folder / "chain.nnc").read_text().replace("chain", name)
    (folder / "b.nnc").write_text(text)
    status, _, err = colanet(folder, "validate", "b.nnc")
    assert status == 2
    assert f"unknown policy '{name}', expected one of aligned, all-to-all" in err


def test_without_the_package_the_file_is_refused():
    with pytest.raises(ValueError, match="connection"):
        Network.model_validate(
            {
                "populations": [{"name": "L", "size": 5}],
                "projections": [{"source": "L", "target": "L", "connection": "chain", "weight": 1}],
            }
        )


def test_a_bound_that_is_too_small_is_seen(folder, monkeypatch):
    """The sums of a neuron are checked with `fan_in`; more synapses than that would leave the integers unseen."""
    monkeypatch.syspath_prepend(folder)
    rule = CONNECTIONS.get("chain")
    wrong = type(rule)("all, but says one", CONNECTIONS.get("all_to_all").pairs, fan_in=lambda ends: 1)
    CONNECTIONS.register("liar", wrong)
    try:
        described = load(folder / "chain.yaml")
        links = (described.projections[0], described.projections[1].model_copy(update={"connection": "liar"}))
        plan = build(described.model_copy(update={"projections": links}))
        says = r"connection liar: gives neuron \d 4 synapses, its fan_in says at most 1"
        with pytest.raises(ConfigError, match=says):
            plan.synapses(1)
    finally:
        CONNECTIONS.unregister("liar")
