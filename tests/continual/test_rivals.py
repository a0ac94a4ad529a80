"""Rivals without backpropagation: numbers by hand, invariants, other ways."""

import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet.continual.baselines import check_room, read_options, run_baseline, used
from colanet.continual.baselines.features import Pixels, RandomFeatures, make_features
from colanet.continual.baselines.moments import NearestMean, Ridge, StreamingLDA
from colanet.continual.baselines.run import make_rival
from colanet.encoding.features import fit
from colanet.errors import BackendUnavailable, ConfigError
from tests.continual.test_baselines import toy


def taught(rival, images, labels, parts=1):
    """A method that has learnt some images, in so many tasks."""
    images, labels = np.array(images, dtype=np.uint8), np.array(labels)
    for rows in np.array_split(np.arange(len(labels)), parts):
        rival.lesson(images[rows], labels[rows], lambda fresh: None)
        rival.finish(images[rows], labels[rows])
    return rival


def digits(seed, n=120, pixels=6, classes=3):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    centres = rng.integers(0, 200, (classes, pixels))
    return (centres[labels] + rng.integers(0, 56, (n, pixels))).astype(np.uint8), labels


# ---------------------------------------------------------------------------- linear


def test_ridge_by_hand():
    # h = (1, 0) of class 0 and (1, 1) of class 1: G = (2 1, 1 1), its mean diagonal 1.5. With r = 2/3 I is added:
    # (3 1, 1 2)^-1 = (2 -1, -1 3) / 5. S_0 = (1, 0), S_1 = (1, 1).
    rival = taught(Ridge(Pixels(2), 2, 2 / 3), [[255, 0], [255, 255]], [0, 1])
    weights, bias = rival.solve()
    np.testing.assert_allclose(weights, [[2 / 5, 1 / 5], [-1 / 5, 2 / 5]], rtol=1e-12)
    assert bias.tolist() == [0, 0]
    # (1, 0): 2/5 to 1/5. (0, 1): -1/5 to 2/5.
    assert rival.answers(np.array([[255, 0], [0, 255]], np.uint8)).tolist() == [0, 1]


def test_ridge_is_recursive_least_squares():
    images, labels = digits(0)
    rival = taught(Ridge(Pixels(6), 3, 0.01), images, labels, parts=4)
    strength = 0.01 * np.diag(rival.gram).mean()
    inverse, weights = np.eye(6) / strength, np.zeros((6, 3))
    for h, y in zip(images / 255, np.eye(3)[labels], strict=True):  # one image at a time
        gain = inverse @ h / (1 + h @ inverse @ h)
        weights += np.outer(gain, y - h @ weights)
        inverse -= np.outer(gain, h @ inverse)
    np.testing.assert_allclose(rival.solve()[0], weights, rtol=1e-7, atol=1e-9)


def test_slda_by_hand():
    # One pixel; class 0 at 0 and 0.4, class 1 at 0.8 and 0.8: means 0.2 and 0.8, C = (0.04 + 0.04) / 4 = 0.02.
    # e = 0.1: L = 1 / (0.9 x 0.02 + 0.1) = 1 / 0.118.
    rival = taught(StreamingLDA(Pixels(1), 2, 0.1), [[0], [102], [204], [204]], [0, 0, 1, 1])
    weights, bias = rival.solve()
    np.testing.assert_allclose(weights, [[0.2 / 0.118, 0.8 / 0.118]], rtol=1e-12)
    np.testing.assert_allclose(bias, [-0.02 / 0.118, -0.32 / 0.118], rtol=1e-12)
    assert rival.answers(np.array([[127], [128]], np.uint8)).tolist() == [0, 1]  # the border is at 0.5


def test_slda_is_the_streaming_update():
    images, labels = digits(1)
    rival = taught(StreamingLDA(Pixels(6), 3, 0.05), images, labels, parts=3)
    means, counts, scatter = np.zeros((3, 6)), np.zeros(3), np.zeros((6, 6))
    for h, c in zip(images / 255, labels, strict=True):  # Welford's update, one image at a time
        apart = h - means[c]
        scatter += counts[c] / (counts[c] + 1) * np.outer(apart, apart)
        counts[c] += 1
        means[c] += apart / counts[c]
    inverse = np.linalg.inv(0.95 * scatter / len(labels) + 0.05 * np.eye(6))
    weights, bias = rival.solve()
    np.testing.assert_allclose(weights, inverse @ means.T, rtol=1e-8)
    np.testing.assert_allclose(bias, [-m @ inverse @ m / 2 for m in means], rtol=1e-8)


def test_nearest_mean_by_hand_and_no_answer_of_a_class_never_seen():
    rival = taught(NearestMean(Pixels(2), 3), [[0, 0], [200, 0], [255, 255]], [0, 0, 2])
    # Means (100, 0) and (255, 255); class 1, whose mean would be the origin, was never seen.
    assert rival.answers(np.array([[0, 0], [230, 120], [230, 90]], np.uint8)).tolist() == [0, 2, 0]


class Whole(Pixels):
    """Pixels as whole numbers, whose sums are exact in any order."""

    def __call__(self, images):
        return images.astype(np.float64)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from([NearestMean, Ridge, StreamingLDA]))
def test_sums_know_no_order(seed, parts, kind):
    """However the images are ordered and cut into tasks, the readout is the same: nothing can be forgotten."""
    images, labels = digits(seed)
    order = np.random.default_rng(seed).permutation(len(labels))
    own = () if kind is NearestMean else (0.01,)
    for features in (Whole(6), RandomFeatures(6, 9, 3.0, np.random.default_rng(seed))):
        a = taught(kind(features, 3, *own), images, labels)
        b = taught(kind(features, 3, *own), images[order], labels[order], parts)
        np.testing.assert_allclose(a.sums, b.sums, rtol=1e-5)
        # Of random features the sums are rounded, which the inverse of a matrix makes larger without bound.
        if isinstance(features, Whole):
            for x, y in zip(a.solve(), b.solve(), strict=True):
                np.testing.assert_array_equal(x, y)


def test_random_features_by_hand():
    features = RandomFeatures(4, 3, 2.0, np.random.default_rng(0))
    images = np.array([[0, 0, 0, 0], [255, 0, 51, 0]], np.uint8)
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((4, 3), dtype=np.float32), rng.standard_normal(3, dtype=np.float32)
    # s / sqrt(P) = 1.
    np.testing.assert_allclose(features(images), np.maximum([b, w[0] + 0.2 * w[2] + b], 0), rtol=1e-5)


PATCHES = {"prototypes": 4, "patch": 2, "pool": 2, "patches": 60, "contrast": 5, "active": 1, "threshold": 0.5}


def test_learnt_features_are_those_of_the_first_task_and_no_others():
    """What a method sees is what the layer makes of an image, and random features may follow."""
    tasks = [toy(k) for k in range(2)]
    options = read_options("ridge", {"features": 0, "patches": PATCHES})
    layer = fit(options.patches, (4, 4, 1), tasks[0].train_images, 5)
    images = tasks[1].test_images
    seen = make_features(options, tasks[0].train_images, (4, 4), 5, np.random.default_rng(0))
    assert (seen.size, seen.kept, seen.operations) == (16, layer.prototypes.nbytes, layer.operations)
    np.testing.assert_array_equal(seen(images), (layer.encode(images) / 255).astype(np.float32))
    rival = make_rival("ridge", tasks[0], options, 5, np.random.default_rng(0))
    shown = layer.encode(tasks[0].train_images)
    encoded = taught(Ridge(Pixels(16), 3, options.ridge), shown, tasks[0].train_labels)
    rival.lesson(tasks[0].train_images, tasks[0].train_labels, lambda fresh: None)
    np.testing.assert_array_equal(rival.answers(images), encoded.answers(layer.encode(images)))
    other = make_features(options, tasks[1].train_images, (4, 4), 5, np.random.default_rng(0))
    assert (other.layer.prototypes != layer.prototypes).any()
    random = read_options("ridge", {"features": 7, "patches": PATCHES})
    both = make_features(random, tasks[0].train_images, (4, 4), 5, np.random.default_rng(3))
    alone = RandomFeatures(16, 7, random.scale, np.random.default_rng(3))
    np.testing.assert_array_equal(both(images), alone(layer.encode(images)))
    assert (both.size, both.operations) == (7, layer.operations + alone.operations)
    assert json.loads(json.dumps(used("ridge", random, 16, 3)))["patches"]["prototypes"] == 4
    assert "patches" not in used("ridge", read_options("ridge"), 16, 3)


def test_a_record_tells_how_many_images_are_replayed():
    """As many as a batch has, if nobody says otherwise."""
    for options, many in (({}, 10), ({"batch": 7}, 7), ({"replay": 3}, 3)):
        assert used("backprop-reservoir", read_options("backprop-reservoir", options), 16, 3)["replay"] == many
    assert "replay" not in used("backprop", read_options("backprop"), 16, 3)


def test_methods_without_backpropagation_forget_nothing_by_mixing():
    tasks = [toy(k) for k in range(3)]
    for method in ("ridge", "slda", "nearest-mean"):
        options = {"features": 0}
        there = run_baseline(tasks, method, 0, options=options).matrix[-1]
        back = run_baseline(tasks[::-1], method, 0, options=options).matrix[-1]
        np.testing.assert_array_equal(there, back[::-1])


def test_nearest_neighbour_knows_every_image_it_was_shown():
    pytest.importorskip("sklearn")
    tasks = [toy(k, n=40) for k in range(2)]
    for task in tasks:
        task.test_images, task.test_labels = task.train_images[::-1], task.train_labels[::-1]
    found = run_baseline(tasks, "nearest-neighbour", 0)
    assert found.matrix[np.tril_indices(2)].tolist() == [1, 1, 1]
    assert (found.cost.images, found.cost.image_bytes, found.cost.memory) == (80, 80 * 17, 80 * 17)
    # 40 tests against 40 images, then twice 40 against 80: on average 66 2/3 distances of 16 pixels.
    assert found.cost.test_operations == pytest.approx(16 * 200 / 3)


# ------------------------------------------------------------------------------ costs


def test_costs_of_sums_by_hand():
    tasks = [toy(k) for k in range(2)]
    ridge = run_baseline(tasks, "ridge", 0, options={"features": 10}).cost
    mapped, triangle = 16 * 10, 55
    assert ridge.answering == 4 * (mapped + 10 + 33)
    assert ridge.learning == 4 * (triangle + 30 + 3)
    # Two tasks, two solutions, over 400 images.
    assert ridge.learn_operations == pytest.approx(mapped + 10 + triangle + 2 * (1000 / 6 + 300) / 400)
    assert ridge.test_operations == mapped + 30
    mean = run_baseline(tasks, "nearest-mean", 0).cost
    assert (mean.answering, mean.learning) == (4 * 17 * 3, 4 * (16 * 3 + 3))


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("ridge", {"lr": 1}, "options.lr: ridge has no such option, but features, patches, ridge, scale"),
        ("ridge", {"ridge": 0}, "options.ridge: expected more than 0, not 0"),
        ("slda", {"shrinkage": 1}, "options.shrinkage: expected less than 1, not 1"),
        ("nearest-neighbour", {"features": 5}, "options.features: nearest-neighbour has no such option, but none"),
        ("nearest-mean", {"features": -1}, "options.features: expected at least 0, not -1"),
        ("slda", {"patches": {"patch": 1}}, "options.patches.patch: expected at least 2, not 1"),
        ("nearest-neighbour", {"patches": {}}, "options.patches: nearest-neighbour has no such option"),
        ("backprop-owm", {"alpha": 0}, "options.alpha: expected more than 0, not 0"),
        ("backprop-si", {"decay": 0.5}, "options.decay: backprop-si has no such option, but batch, damping"),
    ],
)
def test_bad_options_are_one_line(method, options, message):
    with pytest.raises(ConfigError) as caught:
        read_options(method, options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_memory_than_there_is_is_refused(monkeypatch):
    monkeypatch.setenv("COLANET_MEMORY", "1000000")
    check_room("nearest-mean", read_options("nearest-mean"), 784, 60_000)
    for method, where in (("ridge", "options.features"), ("nearest-neighbour", "method")):
        with pytest.raises(ConfigError, match=rf"^{where}: {method} needs about .* and 976.6 KiB are free"):
            check_room(method, read_options(method), 784, 60_000)
    monkeypatch.setenv("COLANET_MEMORY", str(10**12))
    check_room("ridge", read_options("ridge", {"features": 10_000}), 784, 60_000)


def test_without_scikit_learn_the_install_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.neighbors", None)
    with pytest.raises(BackendUnavailable) as caught:
        run_baseline([toy()], "nearest-neighbour", 0)
    assert str(caught.value) == 'sklearn is not installed: pip install "colanet[rivals]"'


def test_no_library_is_needed_for_sums(monkeypatch):
    for name in ("torch", "sklearn", "scipy"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run_baseline([toy()], "ridge", 0).matrix[0, 0] > 0.9


def test_costs_there_and_back():
    from colanet.continual.cost import Cost, read_cost

    cost = Cost(1, 2, 3, 4, math.nan, 0.5)
    found = read_cost(json.dumps(cost.as_dict()))
    assert math.isnan(found.learn_operations)
    assert (found.memory, found.images, found.test_operations) == (7, 3, 0.5)
    assert read_cost("null") is None
    for text in ("[]", "{}", json.dumps(cost.as_dict() | {"images": -1}), "7", "{"):
        with pytest.raises(ValueError, match=r"expected|Expecting"):
            read_cost(text)
