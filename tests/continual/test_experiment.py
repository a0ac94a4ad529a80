"""Experiment files, and the tasks they name."""

import dataclasses

import numpy as np
import pytest
import yaml

from colanet import datasets
from colanet.continual.experiment import expand, fields_of, load_experiment, make_experiment, merged
from colanet.errors import ConfigError, DataError
from colanet.migration import Migration
from colanet.search.subject import experiment_fields, permutations
from tests.continual.toys import ROOT, experiment, tasks
from tests.search.toys import make_study

FILES = sorted((ROOT / "experiments").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_shipped_experiments_are_right_and_find_their_networks(path):
    described = load_experiment(path)
    assert described.name == path.stem
    for variant in expand(described):
        if variant.method == "colanet":
            assert (variant.folder / variant.network).is_file()
        assert (variant.validation > 0) == ("choice" in path.stem), "what chooses constants may not see test images"
    if "choice" in path.stem:
        assert permutations(yaml.safe_load(path.read_text())["tasks"]).isdisjoint(range(1000, 2000))
    else:
        assert len(described.seeds) >= 3


def test_variants_add_to_set_and_replace_all_else(tmp_path):
    e = experiment(variants=[
        {"name": "a", "set": {"population.L.tau_m": 4}},
        {"name": "b", "copies": 1, "seeds": [7]},
        {"name": "c", "network": "other.yaml"},
        {"name": "d", "network": "other.yaml", "set": {"population.L.tau_m": 4}},
    ])  # fmt: skip
    a, b, c, d = expand(e)
    assert a.set == {"population.L.size": 30, "population.L.tau_m": 4}
    assert a.label == "a"
    assert b.set == e.set
    assert b.copies == 1
    assert b.seeds == (7,)
    # Another network does not get what was meant for the first one.
    assert c.set == {}
    assert d.set == {"population.L.tau_m": 4}


NULLS = [
    # (fields of the experiment, of the variant, what the variant then has)
    ({"copies": 5}, {"copies": None}, {}),
    ({"joint": True, "migration": {"empty": 1}}, {"joint": None, "migration": None}, {}),
    ({"set": {"a": 1, "b": 2}}, {"set": {"a": None, "c": 3}}, {"set": {"b": 2, "c": 3}}),
    ({"set": {"a": 1}}, {"set": None}, {}),
    ({"set": {"a": 1}}, {"set": {"a": None}}, {"set": {}}),
    ({"set": {"a": 1}}, {"network": "other.yaml", "set": {"b": None, "c": 3}},
     {"network": "other.yaml", "set": {"c": 3}}),
    ({"set": {"a": 1}}, {"method": "backprop", "network": None}, {"method": "backprop"}),
    ({"set": {"a": None, "b": 2}, "copies": None}, {}, {"set": {"b": 2}}),
    ({"set": {"a": "null"}}, {}, {"set": {"a": "null"}}),
]  # fmt: skip


@pytest.mark.parametrize(("own", "variant", "expected"), NULLS)
def test_null_is_the_default_in_experiments_variants_and_searches(own, variant, expected, tmp_path):
    """The same change as a variant, as the variant that a search is for, and as what a search changes."""
    fields = {"name": "toy", "network": "one.yaml", "tasks": [{"dataset": "mnist"}]} | own
    expected = {"name": "toy", "network": "one.yaml", "tasks": ({"dataset": "mnist"},)} | expected
    if variant.get("network", "") is None:
        del expected["network"]
    for name, variants in (("with", [{"name": "v", **variant}]), ("without", [])):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(fields | {"variants": variants}))
    [made] = expand(load_experiment(tmp_path / "with.yaml"))
    assert fields_of(made) == expected
    study = make_study(experiment="with.yaml", variant="v")
    assert experiment_fields(study, tmp_path / "study.yaml")[0] == expected
    plain = experiment_fields(make_study(experiment="without.yaml"), tmp_path / "study.yaml")[0]
    assert merged(plain, variant) == expected
    assert made == make_experiment(expected | {"variant": "v", "folder": tmp_path})


def test_what_is_merged_stays_as_it_was():
    fields, changes = {"set": {"a": 1}, "copies": 2}, {"set": {"a": None, "b": 2}}
    assert merged(fields, changes) == {"set": {"b": 2}, "copies": 2}
    assert (fields, changes) == ({"set": {"a": 1}, "copies": 2}, {"set": {"a": None, "b": 2}})


@pytest.mark.parametrize(("change", "said"), [
    ({"tasks": []}, "tasks"),
    ({"tasks": [{"dataset": "mnist", "repeat": 2}]}, "need a permutation"),
    ({"method": "magic"}, "method"),
    ({"network": None}, "network"),
    ({"seeds": [1, 1]}, "twice"),
    ({"colour": "red"}, "colour"),
    ({"variants": [{"name": "a"}, {"name": "a"}]}, "name of its own"),
    ({"variants": [{"name": "a", "copies": 0}]}, "copies"),
    ({"method": "backprop", "joint": True}, "joint: backprop learns task by task"),
    ({"joint": True, "variants": [{"name": "a", "method": "backprop-ewc"}]}, "joint: backprop-ewc learns task by"),
    ({"method": "backprop", "migration": {}}, "migration: is for method colanet"),
    ({"method": "backprop", "renewal": {}}, "renewal: is for method colanet"),
    ({"renewal": {"silent": 0}}, "renewal.silent: 0 is out of range, expected at least 1"),
    ({"options": {"lr": 0.1}}, "options: are for comparison methods"),
])  # fmt: skip
def test_mistakes_are_named(change, said, tmp_path):
    fields = {"name": "toy", "network": "x.yaml", "tasks": [{"dataset": "mnist"}]} | change
    path = tmp_path / "e.yaml"
    path.write_text(yaml.safe_dump(fields))
    with pytest.raises(ConfigError, match=said) as caught:
        load_experiment(path)
    assert "e.yaml" in str(caught.value)


@pytest.mark.parametrize("change", [
    {"method": "backprop-joint", "joint": True},
    {"method": "backprop", "options": {"lr": 0.1}},
    {"joint": True, "migration": {}, "options": {}},
    {"options": {"lr": 0.1}, "variants": [{"name": "a", "method": "backprop"}]},
])  # fmt: skip
def test_fields_that_the_method_takes_are_not_refused(change):
    assert expand(experiment(**change))


def test_permuted_tasks_can_be_put_back():
    plain = datasets.load("mnist").train_images[:60].reshape(60, -1)
    for task in tasks():
        back = np.empty_like(task.train_images)
        back[:, task.permutation] = task.train_images
        assert (back == plain).all()
        assert (task.train_images != plain).any()
    orders = [tuple(task.permutation) for task in tasks()]
    assert len(set(orders)) == 3


def test_validation_never_touches_test_images(monkeypatch):
    """Poisoned test images would show."""
    data = datasets.load("mnist")
    import dataclasses

    poisoned = dataclasses.replace(data, test_images=np.full_like(data.test_images, 77))
    monkeypatch.setattr(datasets, "load", lambda name, where=None: poisoned)
    [task] = tasks(tasks=[{"dataset": "mnist", "train": 60}], validation=15)
    flat = data.train_images.reshape(60000, -1)
    assert (task.train_images == flat[:45]).all()
    assert (task.test_images == flat[45:60]).all()
    assert (task.test_labels == data.train_labels[45:60]).all()


def test_too_few_images_are_refused():
    with pytest.raises(DataError, match="60 of 60"):
        tasks(validation=60)
    with pytest.raises(DataError, match="60001"):
        tasks(tasks=[{"dataset": "mnist", "train": 60001}])


def test_migration_has_the_fields_defaults_and_bounds_of_the_network_s():
    plain = {"name": "x", "network": "n.yaml", "tasks": [{"dataset": "mnist"}]}
    assert make_experiment(plain | {"migration": {}}).migration.model_dump() == dataclasses.asdict(Migration())
    given = {"empty": 0, "margin": 1.5, "population": "M"}
    found = make_experiment(plain | {"migration": given}).migration
    assert Migration(**found.model_dump()) == Migration(**given)
    assert found.model_dump(exclude_unset=True) == given
    wrong = {"every": 0, "margin": 0.5, "least": -1, "moves": "x", "speed": 3}
    with pytest.raises(ConfigError) as caught:
        make_experiment(plain | {"migration": wrong})
    assert [str(problem) for problem in caught.value.problems] == [
        "migration.every: 0 is out of range, expected at least 1",
        "migration.moves: expected a whole number, not 'x'",
        "migration.margin: 0.5 is out of range, expected at least 1",
        "migration.least: -1 is out of range, expected at least 0",
        "migration.speed: unknown field",
    ]
