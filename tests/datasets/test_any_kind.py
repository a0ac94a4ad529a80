"""Data sets of any shape and type: how values become intensities and labels become classes, and readers' errors."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from colanet import datasets
from colanet.config.model import ImageInput, TargetInput
from colanet.datasets import from_arrays, registry
from colanet.datasets.transform import cut, permute
from colanet.encoding import build_sources
from colanet.errors import ConfigError, DataError
from tests.outside import package


@pytest.fixture
def add(monkeypatch):
    """Registers a data set for one test."""
    monkeypatch.delenv("COLANET_DATA", raising=False)
    added = []

    def register(name, reader, **more):
        datasets.register(name, reader, **more)
        added.append(name)

    yield register
    for name in added:
        datasets.unregister(name)


def made(train, test, train_labels=None, test_labels=None, **more):
    train, test = np.asarray(train), np.asarray(test)
    marks = [np.zeros(len(part), int) for part in (train, test)]
    return from_arrays("d", train, train_labels or marks[0], test, test_labels or marks[1], **more)


@pytest.mark.parametrize(
    ("train", "test", "bounds", "expected"),
    [
        # 255 (x + 1) / 4: -1, 0, 1, 3 become 0, 63.75, 127.5, 255; halves go up; what lies beyond is clipped.
        ([[-1.0, 0.0], [1.0, 3.0]], [[-7.0, 9.0]], (-1, 3), ([[0, 64], [128, 255]], [[0, 255]])),
        # Integers within 0..255 are intensities as they are, whatever their type.
        (np.array([[0, 16]], np.int64), [[3, 8]], (0, 255), ([[0, 16]], [[3, 8]])),
        # The test part has no say in that: it is clipped.
        (np.array([[0, 16]], np.int64), [[300, -4]], (0, 255), ([[0, 16]], [[255, 0]])),
        (np.array([[0, 510]], np.int32), [[1, 2]], (0, 510), ([[0, 255]], [[1, 1]])),
        ([[False, True]], [[True, True]], (0, 1), ([[0, 255]], [[255, 255]])),
    ],
)
def test_values_become_intensities(train, test, bounds, expected):
    data = made(train, test)
    assert data.bounds == bounds
    assert [part.tolist() for part in data.intensities] == list(expected)
    assert all(part.dtype == np.uint8 for part in data.intensities)
    np.testing.assert_array_equal(data.train_images, train)


def test_given_bounds_go_before_those_of_the_training_part():
    data = made(np.array([[4, 8]]), [[16, 0]], low=0, high=16)
    assert [part.tolist() for part in data.intensities] == [[[64, 128]], [[255, 0]]]
    assert made([[0.5, 0.75]], [[0.0, 1.0]], high=1.0).bounds == (0.5, 1.0)


def test_a_part_of_a_data_set_keeps_its_bounds():
    data = made([[0.0, 1.0], [2.0, 4.0]], [[1.0, 2.0]])
    assert cut(data, 1, 1).intensities[0].tolist() == [[0, 64]]
    assert sorted(permute(data, 3).intensities[0].ravel()) == [0, 64, 128, 255]


def test_8_bit_pictures_are_shown_from_the_same_memory():
    data = datasets.load("mnist")
    assert np.shares_memory(data.intensities[0], data.train_images)
    assert (data.shape, data.nodes, data.picture) == ((28, 28), 784, (28, 28))


@pytest.mark.parametrize(
    ("shape", "nodes", "picture", "said"),
    [((5,), 5, (1, 5), (5, 1, 1)), ((2, 3), 6, (2, 3), (3, 2, 1)), ((2, 3, 4), 24, (2, 12), (3, 2, 4))],
)
def test_samples_of_any_shape_are_shown(add, shape, nodes, picture, said):
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(4, *shape)), rng.normal(size=(2, *shape))
    add("shapes", lambda folder: (train, [0, 1, 0, 1], test, [1, 0]))
    data = datasets.load("shapes")
    assert (data.nodes, data.picture) == (nodes, picture)
    inputs = (
        ImageInput(name="R", source="shapes", shape=said, period=2),
        TargetInput(name="T", size=2, target_file="shapes", learning_time=100, period=2, label_step=1),
    )
    shown = build_sources(inputs)
    assert (shown.sources[0].size, shown.n_train, shown.n_test) == (nodes, 4, 2)
    assert shown.labels.tolist() == [0, 1, 0, 1, 1, 0]
    # The brightest value of the training part spikes at every step, the darkest never.
    ptr, index = shown.sources[0].spikes(0, 8)
    steps = np.repeat(np.arange(8), np.diff(ptr))
    fired = {(step // 2, node) for step, node in zip(steps.tolist(), index.tolist(), strict=True)}
    flat = train.reshape(4, -1)
    assert tuple(int(i) for i in np.unravel_index(flat.argmax(), flat.shape)) in fired
    assert tuple(int(i) for i in np.unravel_index(flat.argmin(), flat.shape)) not in fired
    with pytest.raises(DataError, match=r"shapes: images of \d+ x \d+ x \d+, not \(9, 1, 1\)"):
        build_sources((inputs[0].model_copy(update={"shape": (9, 1, 1)}), inputs[1]))


@pytest.mark.parametrize(
    ("labels", "given", "classes", "indices"),
    [
        (["oak", "elm", "oak"], None, ("elm", "oak"), [1, 0, 1]),
        ([10, 9, 10], None, ("9", "10"), [1, 0, 1]),
        ([0.5, 2.0, 0.5], None, ("0.5", "2.0"), [0, 1, 0]),
        ([1, 0, 1], ("elm", "oak"), ("elm", "oak"), [1, 0, 1]),
        (["oak", "elm", "oak"], ("oak", "ash", "elm"), ("oak", "ash", "elm"), [0, 2, 0]),
    ],
)
def test_labels_become_indices(labels, given, classes, indices):
    data = made([[0.0], [1.0], [2.0]], [[1.0]], labels, labels[:1], classes=given)
    assert (data.classes, data.train_labels.tolist(), data.test_labels.tolist()) == (classes, indices, indices[:1])


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (([[0.0], [1.0]], [0], [[1.0]], [0]), r"training part: samples of shape \(2, 1\), labels of \(1,"),
        (([[0.0], [1.0]], [0, 0], [[1.0, 2.0]], [0]), r"test part: samples of shape \(2,\), expected \(1,\)"),
        (([[0.0], [np.nan]], [0, 0], [[1.0]], [0]), "training part: sample 1 holds a value that is no finite"),
        (([["a"], ["b"]], [0, 0], [[1.0]], [0]), "training part: values of type <U1, expected integers"),
        (([[1.0], [1.0]], [0, 0], [[1.0]], [0]), "values from 1 to 1 cannot be scaled"),
        (([[0.0], [1.0]], ["a", "b"], [[1.0]], ["c"]), "test part: label c of sample 0, expected one of a, b"),
        (([[0.0, 1.0], [1.0]], [0, 0], [[1.0]], [0]), "training part: samples: expected an array, all of one"),
        ((np.zeros((0, 3)), [], [[1.0]], [0]), r"training part: holds no numbers, its shape is \(0, 3\)"),
        (([[0.0], [1.0]], [0, 0], [[1.0]]), "returns tuple, expected a Dataset or training samples"),
        (ZeroDivisionError("a\nb"), r"its reader failed \(ZeroDivisionError: a\)$"),
        (KeyError(), r"its reader failed \(KeyError\)$"),
    ],
)
def test_what_a_reader_gives_is_checked_in_one_line(add, arrays, said):
    def reader(folder):
        if isinstance(arrays, Exception):
            raise arrays
        return arrays

    add("odd", reader)
    with pytest.raises(DataError, match=said) as caught:
        datasets.load("odd")
    assert str(caught.value).startswith("data set odd: ")
    assert "\n" not in str(caught.value)


def test_registered_ones_are_told_classes_and_bounds(add, tmp_path, monkeypatch):
    folders = []

    def reader(folder):
        folders.append(folder)
        return np.array([[1], [2]]), [1, 0], np.array([[2]]), [0]

    add("two", reader, classes=("no", "yes"), low=0, high=2, licence="CC0")
    data = datasets.load("two", tmp_path)
    assert (data.name, data.classes, data.licence, data.bounds) == ("two", ("no", "yes"), "CC0", (0, 2))
    assert data.source.endswith("reader")
    assert datasets.known_classes("two") == ("no", "yes")
    assert "two" in datasets.names()
    assert datasets.names() == datasets.NAMES
    assert datasets.load("two", tmp_path) is data
    assert folders == [Path(tmp_path)]
    with pytest.raises(ConfigError, match="data set mnist: exists already"):
        datasets.register("mnist", reader, replace=True)
    datasets.register("two", lambda folder: made([[0.0], [1.0]], [[1.0]]), replace=True)
    assert datasets.load("two").classes == ("0",)
    assert datasets.known_classes("two") is None
    monkeypatch.setenv("COLANET_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match=f"COLANET_DATA={tmp_path / 'none'}: no such folder of data"):
        datasets.load("two")


def test_the_digest_knows_shape_type_values_and_bounds():
    data = made([[0.0, 1.0], [2.0, 4.0]], [[1.0, 2.0]])
    others = [
        made([[0.0, 1.0], [2.0, 4.0]], [[1.0, 3.0]]),
        made([[[0.0, 1.0]], [[2.0, 4.0]]], [[[1.0, 2.0]]]),
        made(np.array([[0.0, 1.0], [2.0, 4.0]], np.float32), np.array([[1.0, 2.0]], np.float32)),
        made([[0.0, 1.0], [2.0, 4.0]], [[1.0, 2.0]], high=8.0),
    ]
    assert len({data.digest, *(other.digest for other in others)}) == 5
    expected = hashlib.sha256(b"0.0 4.0\n")
    for head, array in (
        (b"<f8 (2, 2)\n", data.train_images), (b"|u1 (2,)\n", data.train_labels),
        (b"<f8 (1, 2)\n", data.test_images), (b"|u1 (1,)\n", data.test_labels),
    ):  # fmt: skip
        expected.update(head + array.tobytes())
    assert data.digest == expected.hexdigest()


def test_a_package_brings_a_data_set(tmp_path, monkeypatch):
    text = "def read(folder):\n    return [[0, 1]], ['a'], [[1, 0]], ['a']\n"
    package(tmp_path, "far_data", text, {"colanet.datasets": {"far": "read"}}, monkeypatch)
    assert datasets.names()[-1] == "far"
    assert datasets.load("far").source == "far_data:read"
    registry._load.cache_clear()
