"""A column network as a classifier of River."""

import numpy as np
import pytest

pytest.importorskip("river", reason='pip install "colanet[river]" brings River')
pytest.importorskip("sklearn", reason='pip install "colanet[sklearn]" brings scikit-learn')

from river.stream import iter_array
from sklearn.datasets import load_digits

from colanet import CoLaNETClassifier
from colanet.bridges.river import Columns
from colanet.errors import ConfigError

SMALL = {"copies": 2, "microcolumns": 3}
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(2, size=40)
SAMPLES = RANDOM.integers(0, 100, (40, 4)) + 155 * (np.arange(4) // 2 == LABELS[:, None])
NAMES = np.array(["no", "yes"])[LABELS].tolist()
STREAM = [(dict(zip("abcd", map(float, row), strict=True)), y) for row, y in zip(SAMPLES, NAMES, strict=True)]


def test_it_is_the_classifier_on_the_same_samples():
    model = Columns(classes=3, warm_up=20, mini_batch=5, **SMALL)
    for x, y in STREAM:
        model.learn_one(x, y)
    plain = CoLaNETClassifier(max_classes=3, **SMALL)
    names = np.array(NAMES)
    for first, last in ((0, 20), (20, 25), (25, 30), (30, 35), (35, 40)):
        plain.partial_fit(SAMPLES[first:last], names[first:last])
    shares = plain.predict_proba(SAMPLES[:5])
    for (x, _), expected in zip(STREAM[:5], shares, strict=True):
        assert model.predict_proba_one(x) == dict(zip(["no", "yes"], expected, strict=True))
        assert model.predict_one(x) == ["no", "yes"][expected.argmax()]


def test_it_learns():
    digits = [(x, y) for x, y in iter_array(*load_digits(return_X_y=True)) if y < 3]
    model = Columns(classes=3, warm_up=50, mini_batch=25, **SMALL)
    for x, y in digits[:100]:
        model.learn_one(x, y)
    assert np.mean([model.predict_one(x) == y for x, y in digits[100:150]]) > 0.8


def test_before_there_is_a_network_the_most_frequent_class_is_the_answer():
    model = Columns(classes=2, warm_up=5)
    assert model.predict_one({"a": 1.0}) is None
    for y in (1, 0, 1):
        model.learn_one({"a": 1.0}, y)
    assert model.predict_proba_one({"a": 5.0}) == {1: 2 / 3, 0: 1 / 3}
    assert not model.is_ready


def test_features_may_be_missing_and_new_ones_come():
    model = Columns(classes=2, warm_up=6, **SMALL)
    model.learn_one({"a": 9.0}, 0)
    for i in range(5):
        model.learn_one({"b": float(i), "a": 1.0}, i % 2)
    assert model.names == ["a", "b"]
    assert model.predict_proba_one({"a": 1.0}) == model.predict_proba_one({"a": 1.0, "b": 0.0, "new": 7.0})


def test_a_clone_has_learnt_nothing():
    model = Columns(classes=2, warm_up=1, mini_batch=3, **SMALL)
    model.learn_one({"a": 1.0}, 0)
    other = model.clone()
    assert (other.classes, other.warm_up, other.mini_batch, other.constants) == (2, 1, 3, SMALL)
    assert model.is_ready
    assert not other.is_ready
    assert model._multiclass


def test_a_class_too_many_is_refused():
    model = Columns(classes=2, warm_up=2, **SMALL)
    for y in (0, 1):
        model.learn_one({"a": 1.0 + y}, y)
    with pytest.raises(ConfigError):
        model.learn_one({"a": 3.0}, 2)
    with pytest.raises(ConfigError, match="warm_up"):
        Columns(classes=2, warm_up=0)


def test_learning_goes_on_after_a_sample_that_was_refused():
    model = Columns(classes=2, warm_up=20, copies=1)
    generator = np.random.default_rng(0)
    stream = [(dict(enumerate(generator.random(6) + label)), label) for label in [0, 1] * 30]
    for x, y in stream[:20]:
        model.learn_one(x, y)
    lived = model.classifier.machine_.time
    with pytest.raises(ValueError, match="classes"):
        model.learn_one(stream[20][0], 7)
    for x, y in stream[20:]:
        model.learn_one(x, y)
    assert not model.kept
    assert model.classifier.machine_.time > lived
