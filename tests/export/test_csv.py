"""The tables of the format `csv`: a program that reads nothing else makes the same spikes."""

import csv
import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet.engine.reference import ReferenceEngine
from colanet.errors import ConfigError
from colanet.export import export
from colanet.export.csv import UNIT_OF
from colanet.plan import build
from colanet.plan.plan import Plasticity, PopulationPlan, ProjectionPlan
from colanet.plan.variables import initial_state
from tests.engine.networks import networks, random_input
from tests.export.from_tables import Tables
from tests.export.test_export import SMALL

BEFORE, AFTER = 45, 50


@settings(max_examples=30, deadline=None)
@given(networks(), st.integers(0, 2**16))
def test_a_network_rebuilt_from_the_tables_fires_alike(tmp_path_factory, network, seed):
    """Every feature but learning, from a state in the middle of a run."""
    sizes = {i.name: i.size for i in network.inputs}
    plan = build(network, input_sizes=sizes, seed=seed)
    engine, inputs = ReferenceEngine(plan), random_input(plan, BEFORE + AFTER, seed, 0.3)
    engine.run(inputs, 0, BEFORE, freeze=BEFORE)
    folder, copy = tmp_path_factory.mktemp("tables"), plan.copies - 1
    export("csv", plan, engine.state(), folder, options={"copy": copy}, step=BEFORE)
    tables = Tables(folder)
    done = engine.run(inputs, BEFORE, BEFORE + AFTER, freeze=0, record=[p.index for p in plan.populations])
    expected = done.records[copy].tolist()
    start = {p.name: p.start for p in plan.populations}
    found = []
    for t in range(BEFORE, BEFORE + AFTER):
        fired = tables.step(inputs.at)
        found += [[t, start[name] + i] for name, neurons in fired.items() for i in neurons]
    assert sorted(found) == expected


def test_numbers_of_a_small_network(tmp_path):
    plan = build(SMALL, input_sizes={"R": 2}, seed=5)
    paths = export("csv", plan, initial_state(plan), tmp_path / "out", step=0)
    assert [path.name for path in paths] == ["neurons.csv", "synapses.csv", "spikes.csv", "constants.csv"]
    tables = {path.name: list(csv.reader(path.read_text(encoding="utf-8").splitlines())) for path in paths}
    assert tables["synapses.csv"][:3] == [
        ["projection", "pre", "post", "weight [see constants.csv]", "delay [steps]", "resource [2^-20]"],
        ["R->L", "0", "0", "0", "3", "2097152"],
        ["R->L", "0", "1", "0", "3", "2097152"],
    ]
    assert [row for row in tables["synapses.csv"] if row[0] == "G->L"] == [
        ["G->L", "0", "0", "-4", "1", ""],
        ["G->L", "1", "1", "-4", "1", ""],
    ]
    assert tables["neurons.csv"][0][:4] == ["population", "index", "column", "threshold [1/1000]"]
    assert [row[:4] for row in tables["neurons.csv"][1:]] == [
        ["L", "0", "", "8531"], ["L", "1", "", "8531"], ["G", "0", "", "8531"], ["G", "1", "", "8531"],
    ]  # fmt: skip
    assert ["projection", "G->L", "weight_unit", "steps", ""] in tables["constants.csv"]
    assert ["population", "L", "w_min", "-1000", "1/1000"] in tables["constants.csv"]
    with pytest.raises(ConfigError, match=r"^option copy: there is no copy 2, expected 0\.\.1$"):
        export("csv", plan, initial_state(plan), tmp_path / "none", options={"copy": 2})
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("owner", [PopulationPlan, Plasticity, ProjectionPlan], ids=lambda c: c.__name__)
def test_every_number_of_a_plan_has_its_unit(owner):
    elsewhere = {"name", "plasticity", "kind", "description", "weight", "random"}
    assert {field.name for field in dataclasses.fields(owner)} - elsewhere - UNIT_OF.keys() == set()


def test_more_rows_than_are_made_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("colanet.export.csv.ROWS", 3)
    plan = build(SMALL, input_sizes={"R": 2}, seed=5)
    export("csv", plan, initial_state(plan), tmp_path / "out", step=0)
    read = [row for p in plan.projections for row in _synapses(plan, p)]
    written = list(csv.reader((tmp_path / "out" / "synapses.csv").read_text().splitlines()))[1:]
    assert [[name, int(pre), int(post)] for name, pre, post, *_ in written] == read


def _synapses(plan, projection):
    synapses = plan.synapses(projection.index, 0)
    return [[projection.name, *pair] for pair in np.stack([synapses.pre, synapses.post], axis=1).tolist()]
