"""What a search refuses to look at, and how an experiment becomes its subject."""

import numpy as np
import pytest
import yaml

from colanet import config
from colanet.config.overrides import current
from colanet.continual.sources import Schedule
from colanet.errors import ConfigError
from colanet.search.measures import MEASURES, measure, measured
from colanet.search.space import settings
from colanet.search.study import SHIPPED, load_study
from colanet.search.subject import (
    experiment_fields,
    filled,
    make_subject,
    permutations,
    refusals,
    renumbered,
    tasks_of,
)
from tests.search import toys

NAN = float("nan")


def test_measures_by_hand():
    """Three tasks: ACC (60 + 70 + 90) / 3, AIA of 80, 75, 73.3; FM (80 - 60 + 80 - 70) / 2."""
    found = measure(np.array([[0.8, NAN, NAN], [0.7, 0.8, NAN], [0.6, 0.7, 0.9]]))
    assert found["ACC"] == found["AA"] == pytest.approx(2.2 / 3)
    assert found["AIA"] == pytest.approx((0.8 + 0.75 + 2.2 / 3) / 3)
    assert found["FM"] == pytest.approx(0.15)
    assert found["BWT"] == pytest.approx(-0.15)
    assert found["drop"] == pytest.approx(0.2)


def test_forgetting_counts_from_the_best():
    """The first task is best in the middle, 0.9, and the last row does not count as a best."""
    found = measure(np.array([[0.8, NAN, NAN], [0.9, 0.5, NAN], [0.7, 0.6, 0.9]]))
    assert found["FM"] == pytest.approx((0.9 - 0.7 + 0.5 - 0.6) / 2)
    assert found["BWT"] == pytest.approx((0.7 - 0.8 + 0.6 - 0.5) / 2)


def test_one_task_has_no_forgetting():
    assert measure(np.array([[0.8]])) == {"ACC": 0.8, "AA": 0.8, "AIA": 0.8}


def test_permutations_and_their_renumbering():
    tasks = [
        {"dataset": "mnist", "repeat": 3, "permutation": 1000},
        {"dataset": "emnist-letters"},
        {"dataset": "mnist", "permutation": 7},
    ]
    assert permutations(tasks) == {1000, 1001, 1002, 7}
    assert permutations(None) == set()
    moved = renumbered(tasks, 5000)
    assert permutations(moved) == {5000, 5001, 5002, 5003}
    assert moved[1] == tasks[1]
    assert permutations(tasks) == {1000, 1001, 1002, 7}, "the tasks themselves were changed"


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"validation": 10}, []),
        ({}, ["must not look at test images"]),
        ({"validation": 0}, ["must not look at test images"]),
        ({"validation": "many"}, ["not 'many'"]),
        ({"validation": 10, "tasks": [{"permutation": 990, "repeat": 11}]}, ["that are reported: 1000; "]),
        ({"validation": 10, "tasks": [{"permutation": 990, "repeat": 10}]}, []),
        ({"tasks": [{"permutation": 1000, "repeat": 9}]}, ["test images", "1000, 1001, 1002, 1003, 1004, ...;"]),
        ({"validation": 10, "method": "backprop"}, ["only the method colanet"]),
    ],
)  # fmt: skip
def test_refusals(fields, messages):
    problems = refusals(fields, {1000, 1001, 1002, 1003, 1004, 1005}, toys.make_study())
    assert len(problems) == len(messages)
    for (_, text), message in zip(problems, messages, strict=True):
        assert message in text


def test_shipped_values_are_filled_in():
    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    study = filled(toys.make_study(start=[SHIPPED]), network, "study.yaml")
    assert study.start == (
        {
            "population.L.hebbian_rate": -0.185869,
            "population.L.threshold_weight_factor": 0.554776,
            "population.L.virtual_synapses": 3106,
        },
    )


def test_parameters_that_do_not_exist_are_refused_at_once():
    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    low = {"low": 0, "high": 1}
    parameters = {"population.M.tau_m": low, "population.L.tau": low, "tau_m": low}
    with pytest.raises(ConfigError) as caught:
        filled(toys.make_study(parameters=parameters, start=[]), network, "study.yaml")
    texts = [str(problem) for problem in caught.value.problems]
    assert len(texts) == 3
    assert texts[0].startswith("study.yaml: parameters.population.M.tau_m: there is no M; known: L, OUT")


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ({"network": "other.yaml"}, None),
        ({"network": "other.yaml", "set": {"b": "2"}}, {"b": "2"}),
        ({"set": {"b": "2"}}, {"a": "1", "b": "2"}),
    ],
)
def test_a_variant_with_a_network_of_its_own_gets_only_its_own_set(variant, expected, tmp_path):
    fields = {
        "name": "x", "network": "one.yaml", "set": {"a": "1"}, "tasks": [{"dataset": "mnist"}],
        "variants": [{"name": "v", **variant}],
    }  # fmt: skip
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(fields))
    study = toys.make_study(experiment="x.yaml", variant="v")
    assert experiment_fields(study, tmp_path / "study.yaml")[0].get("set") == expected


@pytest.mark.parametrize(("where", "change"), [
    ("experiment.folder", {"experiment": {"folder": "/", "network": "n.yaml"}}),
    ("change.variant", {"change": {"variant": "x"}}),
])  # fmt: skip
def test_fields_that_no_experiment_file_gives_are_refused(where, change, tmp_path):
    study = toys.make_study(**({"experiment": {"network": "n.yaml"}} | change))
    with pytest.raises(ConfigError, match=f"{where}: unknown field"):
        make_subject(study, tmp_path / "study.yaml")


def test_values_of_an_experiment_may_be_other_than_text(tmp_path):
    """`set` of a search's experiment is read as the runner reads it: a range, and a whole number."""
    values = {"projection.R->L.initial_resource": {"uniform": [0.25, 0.75]}, "population.L.tau_m": 4}
    inline = {
        "network": str(toys.ROOT / "configs" / "mnist.yaml"), "set": values, "copies": 3, "validation": 20,
        "tasks": [{"dataset": "mnist", "train": 60}],
    }  # fmt: skip
    subject, _ = make_subject(toys.make_study(experiment=inline), tmp_path / "study.yaml")
    assert current(subject.network, "projection.R->L.initial_resource").uniform == (0.25, 0.75)
    assert current(subject.network, "population.L.tau_m") == 4
    assert subject.network.copies == config.load(inline["network"]).copies
    [task] = tasks_of(subject)
    assert len(task.train_labels) == 40
    assert len(task.test_labels) == 20


def test_shipped_values_outside_the_range_are_refused():
    network = config.load(toys.ROOT / "configs" / "mnist.yaml")
    narrow = {"population.L.hebbian_rate": {"low": -0.05, "high": -0.02}}
    with pytest.raises(ConfigError, match=r"start number 1: .*expected from -0.05 to -0.02, not -0.185869"):
        filled(toys.make_study(parameters=narrow, start=[SHIPPED]), network, "study.yaml")


PRODUCTS = {
    "letters": "letters", "mnist_15": "mnist", "mnist_45": "mnist_45", "permuted_15": "permuted_mnist_15",
    "mnist_one": "mnist_one", "mnist_one_150": "mnist_one_150", "mnist_one_450": "mnist_one_450",
    "mnist_features": "mnist_features", "letters_features": "letters_features",
    "mnist_classes": "mnist_classes", "permuted_45_aroused": "permuted_mnist_45_aroused",
    "permuted_45": "permuted_mnist_45", "permuted_45_full": "permuted_mnist_45",
}  # fmt: skip
"""Which network a study is for."""
STUDIES = sorted(path.stem for path in (toys.ROOT / "experiments" / "search").glob("*.yaml"))


@pytest.mark.parametrize("name", STUDIES)
def test_shipped_studies(name):
    """They load, refuse nothing, could try what is shipped, and every corner of their ranges is a network."""
    path = toys.ROOT / "experiments" / "search" / f"{name}.yaml"
    study = load_study(path)
    assert study.name == name
    assert isinstance(study.experiment, dict)
    assert refusals(study.experiment, set(range(1000, 1010)), study) == []
    network = config.load(path.parent / study.experiment["network"])
    network = config.override_all(network, {k: str(v) for k, v in study.experiment.get("set", {}).items()})
    study = filled(study, network, str(path))
    product = config.load(toys.ROOT / "configs" / f"{PRODUCTS[name]}.yaml")
    assert all(parameter.holds(current(product, path)) for path, parameter in study.parameters.items())
    for corner in ("low", "high"):
        values = {name: as_number(p, corner) for name, p in study.parameters.items()}
        config.override_all(network, settings(network, values, study.zero_initial_weight))


def as_number(parameter, corner):
    value = getattr(parameter, corner)
    return int(value) if parameter.integer else value


def test_a_goal_that_the_tests_do_not_give_is_refused(tmp_path):
    """With the last two tasks tested only, there is no mean over all of them."""
    assert measured(Schedule(1, 2), 3) == {"last"}
    assert measured(Schedule(2), 4) == set(MEASURES) - {"last"}
    assert measured(Schedule(), 3, joint=True) == {"ACC", "AA"}
    assert measure(np.array([[0.8, NAN, NAN], [0.7, 0.8, NAN], [NAN, 0.7, 0.9]]), 2) == {"last": pytest.approx(0.8)}
    tasks = [{"dataset": "mnist", "repeat": 3, "permutation": 5000, "train": 30}]
    network = str(toys.ROOT / "configs" / "mnist.yaml")
    fields = {"network": network, "tasks": tasks, "validation": 10, "test_last": 2}
    make_subject(toys.make_study(experiment=fields, objective="last"), tmp_path / "study.yaml")
    with pytest.raises(ConfigError, match="the tests of the experiment do not give ACC, but last"):
        make_subject(toys.make_study(experiment=fields, objective="ACC"), tmp_path / "study.yaml")
