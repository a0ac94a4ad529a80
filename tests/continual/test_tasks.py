"""Tasks: permutations that can be undone, validation without test images, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from colanet import datasets
from colanet.continual import tasks as module
from colanet.continual.tasks import make_tasks
from colanet.errors import ColanetError, ConfigError, DataError
from tests.continual import tiny


def named(*sources, **fields):
    return make_tasks(tiny.experiment(tasks=list(sources), **fields))


def test_permuted_tasks_are_permuted_each_otherwise_and_can_be_undone():
    plain, *permuted = named(
        {"dataset": "mnist", "train": 20, "test": 10},
        {"dataset": "mnist", "train": 20, "test": 10, "repeat": 3, "permutation": 40},
    )
    assert plain.permutation is None
    assert [t.name for t in permuted] == [f"mnist, permutation {seed}" for seed in (40, 41, 42)]
    for task in permuted:
        assert sorted(task.permutation) == list(range(784))
        back = np.empty_like(task.train_images)
        back[:, task.permutation] = task.train_images
        np.testing.assert_array_equal(back, plain.train_images)
        np.testing.assert_array_equal(task.test_images, plain.test_images[:, task.permutation])
        np.testing.assert_array_equal(task.train_labels, plain.train_labels)
        np.testing.assert_array_equal(task.test_labels, plain.test_labels)
        assert (task.train_images != plain.train_images).any(axis=1).all()
    assert len({t.permutation.tobytes() for t in permuted}) == 3


def test_a_sample_of_the_test_images_is_spread_over_them():
    whole, sample, few = named(
        {"dataset": "mnist", "train": 9},
        {"dataset": "mnist", "train": 9, "test_every": 40},
        {"dataset": "mnist", "train": 9, "test": 100, "test_every": 40},
    )
    np.testing.assert_array_equal(sample.test_images, whole.test_images[np.arange(250) * 40])
    np.testing.assert_array_equal(sample.test_labels, whole.test_labels[np.arange(250) * 40])
    np.testing.assert_array_equal(few.test_labels, whole.test_labels[[0, 40, 80]])
    assert len(sample.train_labels) == 9


def test_permutation_0_is_the_data_set_itself():
    plain, first = named({"dataset": "mnist", "test": 5}, {"dataset": "mnist", "permutation": 0, "test": 5})
    np.testing.assert_array_equal(first.test_images, plain.test_images)


@pytest.fixture
def poisoned(monkeypatch):
    """Data sets whose test images and labels are noise."""
    original = datasets.load

    def load(*arguments):
        data = original(*arguments)
        noise = np.random.default_rng(0).integers(0, 256, data.test_images.shape).astype(np.uint8)
        return replace(data, test_images=noise, test_labels=data.test_labels[::-1] * 0 + 9)

    return lambda: monkeypatch.setattr(module.datasets, "load", load)


@pytest.mark.parametrize("permutation", [None, 3])
def test_validation_never_touches_test_images(poisoned, permutation):
    source = {"dataset": "mnist", "train": 50, "test": 7, "permutation": permutation}
    (clean,) = named(source, validation=10)
    (plain,) = named(source)
    poisoned()
    (task,) = named(source, validation=10)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(task, name), getattr(clean, name))
    assert len(task.train_labels) == 40
    assert len(task.test_labels) == 10
    # What is tested on are the last training images, and these are not learnt.
    np.testing.assert_array_equal(np.vstack([task.train_images, task.test_images]), plain.train_images)


def test_the_poison_works(poisoned):
    poisoned()
    (task,) = named({"dataset": "mnist", "train": 5, "test": 5})
    assert (task.test_labels == 9).all()


@pytest.mark.parametrize("validation", [50, 51])
def test_validation_leaves_something_to_learn(validation):
    with pytest.raises(DataError, match="of 50 training images for validation"):
        named({"dataset": "mnist", "train": 50}, validation=validation)


def test_refusals():
    with pytest.raises(DataError, match=r"60001 training images, expected 0\.\.60000"):
        named({"dataset": "mnist", "train": 60001})
    with pytest.raises(ColanetError, match="nonsense"):
        named({"dataset": "nonsense"})


def test_tasks_of_different_shapes_are_refused(monkeypatch):
    data = datasets.load("mnist")
    small = replace(data, train_images=data.train_images[:, :14], test_images=data.test_images[:, :14])
    monkeypatch.setattr(module.datasets, "load", lambda name, folder: small if name == "small" else data)
    with pytest.raises(ConfigError, match=r"small has images of \(14, 28\)"):
        named({"dataset": "mnist"}, {"dataset": "small"})
