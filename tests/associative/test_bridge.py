"""Receptive fields as memories, and the comparison of the models."""

import numpy as np
import pytest

from colanet.associative import bridge
from colanet.associative.errors import ParameterError, ShapeError


@pytest.fixture(scope="module")
def glyphs():
    """Ten smooth random pictures of 12 x 12 pixels, with their classes."""
    rng = np.random.default_rng(0)
    rough = rng.normal(size=(10, 12, 12))
    for axis in (1, 2):
        rough = rough + np.roll(rough, 1, axis) + np.roll(rough, 2, axis)
    pictures = rough.reshape(10, -1)
    pictures = (pictures > np.quantile(pictures, 0.6, axis=1, keepdims=True)).astype(float)
    return bridge.Memories(pictures, np.arange(10))


def test_receptive_fields_become_pictures():
    weights = np.array([[0.0, 0.5, 0.1], [1.0, 0.5, np.nan], [0.5, 0.5, 0.3]])
    store = bridge.from_weights(weights, [4, 5, 6])
    assert np.allclose(store.pictures, [[0, 1, 0.5], [1 / 3, 0, 1]]), "the unused neuron is left out"
    assert np.array_equal(store.labels, [4, 6])
    ink = bridge.from_weights(np.random.default_rng(1).normal(size=(100, 5)), np.zeros(5), ink=0.2)
    assert np.allclose((ink.signs > 0).mean(1), 0.2)
    assert ink.pictures.min() == 0
    assert ink.pictures.max() == 1


def test_prototypes_lie_in_their_classes():
    rng = np.random.default_rng(2)
    images = np.concatenate([rng.random((50, 9)) * 0.2, 0.8 + rng.random((50, 9)) * 0.2])
    store = bridge.prototypes(images, np.repeat([3, 8], 50), 2)
    assert np.array_equal(store.labels, [3, 3, 8, 8])
    assert store.pictures[:2].max() < 0.2 < 0.8 < store.pictures[2:].min()


@pytest.mark.parametrize("name", bridge.CLEANERS)
@pytest.mark.parametrize(("kind", "level"), [("noise", 0.2), ("cover", 0.3)])
def test_models_clean_what_they_store(glyphs, name, kind, level):
    cleaner = bridge.CLEANERS[name](glyphs)
    found = bridge.recall(cleaner, kind, level, seed=3)
    assert found == 1.0 or (name == "hopfield" and found >= 0.5), "Hebbian storage mixes correlated pictures"
    cleaned, likeness = cleaner.clean(bridge.corrupt(glyphs.pictures, kind, level, 3))
    assert cleaned.shape == glyphs.pictures.shape
    assert cleaned.min() >= 0
    assert cleaned.max() <= 1 + 1e-12
    if name != "hopfield":
        assert np.array_equal(cleaner.classify(likeness), glyphs.labels)


def test_corruptions_do_what_they_say():
    images = np.full((200, 50), 0.5)
    noisy = bridge.corrupt(images, "noise", 0.3, seed=4)
    assert abs((noisy != 0.5).mean() - 0.3) < 0.02
    assert set(np.unique(noisy)) == {0.0, 0.5, 1.0}
    covered = bridge.corrupt(images, "cover", 0.5)
    assert not covered[:, :25].any()
    assert (covered[:, 25:] == 0.5).all()
    assert (images == 0.5).all()


def test_table_has_a_row_for_every_case_and_for_other_classifiers(glyphs):
    seen = []

    def colanet(pictures):
        seen.append(pictures)
        return glyphs.labels

    rows = bridge.compare(
        [glyphs, bridge.Memories(glyphs.pictures[:5], glyphs.labels[:5])],
        glyphs.pictures,
        glyphs.labels,
        [("noise", 0.0), ("noise", 0.1), ("cover", 0.5)],
        models=("nearest", "A", "B"),
        classifiers={"colanet": colanet},
    )
    assert len(rows) == 3 * (2 * 3 + 1)
    assert len(seen) == 3
    clean = [row for row in rows if row.level == 0]
    assert [row.accuracy for row in clean] == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
    assert all(row.recall == 1.0 for row in clean[1:])
    assert np.isnan(clean[0].recall)
    assert np.array_equal(seen[1], bridge.corrupt(glyphs.pictures, "noise", 0.1, seed=1))


def test_even_pictures_are_no_trouble(glyphs):
    for name, make in bridge.CLEANERS.items():
        cleaned, likeness = make(glyphs).clean(np.zeros((2, 144)))
        assert np.isfinite(cleaned).all(), name
        assert np.isfinite(likeness).all(), name


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ShapeError, "do not name the same neurons", lambda m: bridge.from_weights(np.ones((4, 3)), [0, 1])),
        (ShapeError, "learnt anything", lambda m: bridge.from_weights(np.ones((4, 3)), [0, 1, 2])),
        (ParameterError, "ink", lambda m: bridge.from_weights(np.eye(3), [0, 1, 2], ink=1.5)),
        (ShapeError, "10 pictures need as many labels", lambda m: bridge.Memories(m.pictures, m.labels[:3])),
        (ParameterError, "too few for 3", lambda m: bridge.prototypes(m.pictures, m.labels, 3)),
        (ShapeError, r"images: expected shape", lambda m: bridge.corrupt(m.pictures[0], "cover", 0.5)),
        (
            ShapeError,
            r"found shapes \(10, 144\) and \(2, 3\)",
            lambda m: bridge.correlation(m.pictures, np.eye(2, 3)),
        ),
        (ParameterError, "noise: expected a level", lambda m: bridge.corrupt(m.pictures, "noise", 1.5)),
        (
            ParameterError,
            "corruption: expected one of noise, cover",
            lambda m: bridge.corrupt(m.pictures, "rain", 0.1),
        ),
        (ParameterError, "model: expected one of", lambda m: bridge.compare([m], m.pictures, m.labels, [], ["D"])),
        (ShapeError, "images need as many labels", lambda m: bridge.compare([m], m.pictures, [1], [])),
        (
            ShapeError,
            "colanet: .* answers expected",
            lambda m: bridge.compare([m], m.pictures, m.labels, [("noise", 0)], [], {"colanet": lambda p: [1]}),
        ),
    ],
)
def test_errors_name_the_condition(glyphs, error, message, call):
    with pytest.raises(error, match=message):
        call(glyphs)
