"""The feature layer: numbers worked by hand, a second definition in NumPy, what it learns, and what keeps it."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colanet import checkpoints, config
from colanet.config.check import require
from colanet.config.inputs import Features
from colanet.config.model import Network
from colanet.continual.cost import cost_of
from colanet.costs import footprint_of
from colanet.encoding.arrays import present_arrays
from colanet.encoding.features import FeatureLayer, fit, from_text, learnt_of, to_text
from colanet.errors import CheckpointError, ConfigError, DataError
from colanet.session import Session
from colanet.viz.sources import fields_of

EDGE = [-418, 0, 418] * 3


def layer(prototypes, shape, **more):
    prototypes = np.asarray(prototypes, dtype=np.int16)
    described = Features(prototypes=len(prototypes), **more)
    return FeatureLayer(described, shape, prototypes)


def test_one_patch_by_hand():
    """An edge between 0 and 90, looked at by an edge detector."""
    # The prototype has length sqrt(6 * 418^2) = 1023.9.
    edge = layer([EDGE], (3, 3, 1), patch=3, pool=1, threshold=0.1, contrast=0, active=1)
    image = np.array([[0, 90, 90]] * 3, dtype=np.uint8)
    # The middle: n sum(x^2) - sum(x)^2 = 9 * 6 * 8100 - 540^2 = 145800, whose root is 381. w . x = 3 * 418 * 90 =
    # 112860. F = 16 * 255 * 3 = 12240. v = 112860 * 12240 / (2^14 * 381) = 221.3, which is 255 * 0.87.
    found = edge.encode(image.reshape(1, 9)).reshape(3, 3)
    assert found[1, 1] == 221
    # The left column sees zeros outside the image to its left: x = (0, 0, 90), twice or three times. In the middle
    # 9 * 3 * 8100 - 270^2 = 145800 again, w . x the same, so the same brightness.
    assert found[1, 0] == 221
    # On the right it is dark outside: x = (90, 90, 0), the wrong way round.
    assert found[1, 2] == 0


def test_a_faint_patch_counts_as_fainter():
    edge = layer([EDGE], (3, 3, 1), patch=3, pool=1, threshold=0.1, contrast=20, active=1)
    image = np.array([[0, 9, 9]] * 3, dtype=np.uint8)
    # w . x = 11286; the contrast is 38, but counts as 9 * 20 = 180: 11286 * 12240 / (2^14 * 180) = 46.8.
    assert edge.encode(image.reshape(1, 9)).reshape(3, 3)[1, 1] == 46


def defined(layer, images):
    """What `FeatureLayer.encode` says, place by place, in Python's own integers."""
    d, (height, width, channels) = layer.described, layer.shape
    n, half = d.patch * d.patch * channels, d.patch // 2
    rows, columns = -(-height // d.pool), -(-width // d.pool)
    out = np.zeros((len(images), d.prototypes, rows, columns), dtype=np.uint8)
    around = ((0, 0), (half, d.patch), (half, d.patch), (0, 0))
    padded = np.pad(images.reshape(-1, height, width, channels), around)
    for k, y, x in np.ndindex(len(images), height, width):
        patch = [int(v) for v in padded[k, y : y + d.patch, x : x + d.patch].ravel()]
        square = n * sum(v * v for v in patch) - sum(patch) ** 2
        if square == 0:
            continue
        contrast = max(math.isqrt(square), n * d.contrast)
        products = [sum(int(w) * v for w, v in zip(row, patch, strict=True)) for row in layer.prototypes]
        factor = round(16 * 255 * math.sqrt(n))
        values = [product * factor // (contrast << 14) for product in products]
        order = sorted(range(d.prototypes), key=lambda p: (-products[p], p))
        order = [p for p in order if values[p] >= max(round(255 * d.threshold), 1)]
        for p in order[: d.active]:
            place = k, p, y // d.pool, x // d.pool
            out[place] = max(out[place], min(values[p], 255))
    return out.reshape(len(images), -1)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_encoding_is_what_it_is_defined_to_be(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    shape = tuple(data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(1, 2))))
    patch = data.draw(st.integers(2, 4))
    prototypes = rng.normal(size=(data.draw(st.integers(1, 6)), patch * patch * shape[2]))
    prototypes *= 1024 / np.linalg.norm(prototypes, axis=1, keepdims=True)
    made = layer(
        np.rint(prototypes), shape, patch=patch, pool=data.draw(st.integers(1, 4)),
        active=data.draw(st.integers(1, 4)), threshold=data.draw(st.floats(0.01, 1)),
        contrast=data.draw(st.integers(0, 60)),
    )  # fmt: skip
    top = data.draw(st.sampled_from([1, 20, 255]))
    images = rng.integers(0, top + 1, size=(3, math.prod(shape)), dtype=np.uint8)
    assert np.array_equal(made.encode(images), defined(made, images))


def test_weights_are_drawn_where_their_features_stand():
    """One prototype, squares of 2 x 2 in an image of 4 x 4: each square's weight is spread over four places."""
    made = layer([[1024, 0, 0, -1024]], (4, 4, 1), patch=2, pool=2)
    weights = np.array([[4.0], [0], [0], [np.nan]])
    picture = made.in_pixels(weights).reshape(4, 4)
    # A patch of two pixels begins one above and left of its place: +1 at (y - 1, x - 1), -1 at (y, x).
    expected = np.zeros((4, 4))
    for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
        expected[y, x] -= 1
        if y and x:
            expected[y - 1, x - 1] += 1
    assert np.allclose(picture, expected)


# -------------------------------------------------------------------- learning


def strokes(n=200, seed=0):
    """Images of 12 x 12 with horizontal and vertical strokes of two pixels."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, 12, 12), dtype=np.uint8)
    for image in images:
        at = rng.integers(1, 10)
        if rng.integers(2):
            image[at : at + 2] = 200
        else:
            image[:, at : at + 2] = 200
    return images.reshape(n, 144)


def test_prototypes_are_unit_vectors_without_a_mean():
    found = fit(Features(prototypes=12, patch=3, patches=3000), (12, 12, 1), strokes(), 5).prototypes
    assert found.dtype == np.int16
    assert np.all(found.sum(axis=1) == 0)
    assert np.allclose(np.linalg.norm(found, axis=1), 1024, rtol=0.01)


def test_competition_finds_what_the_images_are_made_of():
    """A patch of such an image shows one or two pixels of a stroke, at either side, along either axis."""
    found = fit(Features(prototypes=14, patch=3, patches=4000), (12, 12, 1), strokes(), 1).prototypes / 1024
    for across in ([-1, -1, 2], [-2, 1, 1], [1, 1, -2], [2, -1, -1]):
        for pattern in (np.tile(across, (3, 1)), np.tile(across, (3, 1)).T):
            unit = pattern.ravel() / np.linalg.norm(pattern)
            assert (found @ unit).max() > 0.97


def test_learning_gives_the_same_integers_everywhere():
    found = fit(Features(prototypes=5, patch=3, patches=500), (12, 12, 1), strokes(50), 3).prototypes
    assert hashlib.sha256(found.astype("<i2").tobytes()).hexdigest()[:16] == "836dacf35827cb58"


def test_blank_images_teach_nothing():
    with pytest.raises(DataError, match="features: 0 patches of contrast"):
        fit(Features(prototypes=5), (12, 12, 1), np.full((10, 144), 7, dtype=np.uint8), 0)


# ------------------------------------------------------------- sources and networks


def network(coding="poisson", **features):
    return Network.model_validate({
        "inputs": [
            {"name": "R", "kind": "image", "shape": [12, 12, 1], "period": 6, "presentation": 4, "coding": coding,
             "features": {"prototypes": 6, "patch": 3, "patches": 600} | features},
            {"name": "T", "kind": "object_target", "size": 2, "target_file": "x", "learning_time": 600,
             "period": 6},
        ],
        "populations": [
            {"name": "L", "size": 4, "columns": 2, "winner_take_all": True, "tau_m": 3, "hebbian_rate": -0.1,
             "dopamine_rule": "three_factor", "dopamine_window": 6, "isi_max": 4, "w_min": -0.5, "w_max": 1,
             "noise_amplitude": 3},
        ],
        "projections": [
            {"source": "R", "target": "L", "kind": "plastic", "connection": "all_to_all", "initial_resource": 2},
            {"source": "T", "target": "L", "kind": "reward", "connection": "one_to_one", "weight": 0.1},
        ],
        "readout": {"kind": "object", "population": "L"},
    })  # fmt: skip


def labels(images):
    """0: the stroke is horizontal."""
    return (images.reshape(-1, 12, 12).max(axis=2).min(axis=1) > 0).astype(np.int64)


def shown(described, images, taught=None, seed=0):
    taught = len(images) if taught is None else taught
    return present_arrays(described.inputs, images, labels(images), taught, seed=seed)


@pytest.mark.parametrize("coding", ["poisson", "integrate", "regular"])
def test_stretches_give_the_spikes_of_the_whole(coding):
    source = shown(network(coding), strokes(30)).sources[0]
    ptr, index = source.spikes(0, 180)
    assert len(index) > 100
    for start, stop in ((0, 7), (7, 100), (31, 33), (100, 180), (60, 60)):
        part_ptr, part = source.spikes(start, stop)
        assert np.array_equal(part_ptr, ptr[start : stop + 1] - ptr[start])
        assert np.array_equal(part, index[ptr[start] : ptr[stop]])


def test_every_engine_sees_the_same():
    digests = set()
    for engine in ("reference", "numba"):
        described = network()
        session = Session(described, engine=engine, seed=2, presentation=shown(described, strokes(40)))
        digests.add(session.run().digest)
    assert len(digests) == 1


def test_the_network_keeps_what_was_learnt_and_never_learns_it_again():
    described = network()
    session = Session(described, seed=2, presentation=shown(described, strokes(40)))
    first = learnt_of(session.network)
    assert set(first) == {"R"}
    assert learnt_of(described) == {}
    others = 255 - strokes(40, seed=9)
    session.present(shown(session.network, others))
    session.proceed()
    assert learnt_of(session.network) == first
    with pytest.raises(ConfigError, match="other features"):
        session.present(shown(described, others, seed=4))


def test_a_saved_state_brings_its_features_along(tmp_path):
    described, images = network(), strokes(60)
    session = Session(described, seed=2, presentation=shown(described, images))
    session.proceed()
    session.save(tmp_path / "s.h5")
    session.present(shown(session.network, images[:20], taught=0))
    session.proceed(freeze=0)
    # Another session, without training images: nothing is learnt that could be shown, until the state is there.
    other = Session(described, seed=2, presentation=shown(described, images[:20], taught=0))
    with pytest.raises(DataError, match="input R: its features are not learnt yet"):
        other.proceed(freeze=0)
    other = Session(described, seed=2, presentation=shown(described, images[:20], taught=0))
    other.load(tmp_path / "s.h5")
    other.proceed(freeze=0)
    assert learnt_of(other.network) == learnt_of(session.network)
    assert learnt_of(other.plan.description) == learnt_of(session.network)  # pictures go by it
    assert fields_of(other.plan, other.state()).weights.shape == (1, 144, 4)
    assert np.array_equal(other.readout.evidence(), session.readout.evidence())
    assert learnt_of(checkpoints.saved_state(tmp_path / "s.h5")[0].description) == learnt_of(session.network)


def test_a_state_with_other_features_is_refused(tmp_path):
    described = network()
    session = Session(described, presentation=shown(described, strokes(40)))
    session.save(tmp_path / "s.h5")
    changed = network(threshold=0.5)
    other = Session(changed, presentation=shown(changed, strokes(40)))
    with pytest.raises(CheckpointError, match="other features of input R"):
        other.load(tmp_path / "s.h5")


def test_interrupted_and_resumed_is_uninterrupted(tmp_path):
    described, images = network(), strokes(60)
    whole = Session(described, seed=3, presentation=shown(described, images))
    digest = whole.run().digest
    first = Session(described, seed=3, presentation=shown(described, images))
    first.proceed(100)
    first.checkpoint(tmp_path / "c.h5")
    second = Session(described, seed=3, presentation=shown(described, images))
    second.resume(tmp_path / "c.h5")
    assert second.run().digest == digest


def test_features_cost_memory_and_operations_once_for_all_copies():
    """Six prototypes of nine numbers of two bytes; compared with all 144 patches of an image."""
    described = network()
    plan = Session(described, copies=3, presentation=shown(described, strokes(40))).plan
    footprint = footprint_of(plan)
    found = cost_of(plan, (100, 10), (0, 0))
    assert found.answering == 3 * (footprint.weights + footprint.neurons) + 6 * 9 * 2
    assert found.learn_operations == 10 + 144 * 6 * 9


def test_files_keep_prototypes(tmp_path):
    described = network()
    session = Session(described, presentation=shown(described, strokes(40)))
    for name in ("a.yaml", "a.nnc"):
        config.save(session.network, tmp_path / name)
        assert config.load(tmp_path / name) == session.network


def test_texts_of_prototypes():
    described = Features(prototypes=3, patch=2)
    prototypes = np.arange(-6, 6, dtype=np.int16).reshape(3, 4)
    text = to_text(prototypes)
    assert np.array_equal(from_text(described, (4, 4, 1), text).prototypes, prototypes)
    for wrong, says in (("?", "no text of base 64"), (text[:8], "3 numbers, expected 3 prototypes of 4"),
                        (to_text(np.full((3, 4), 9999, dtype=np.int16)), "longer than")):  # fmt: skip
        with pytest.raises(DataError, match=says):
            from_text(described, (4, 4, 1), wrong)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shape": None}, "features need the shape"),
        ({"features": {"patch": 31}, "shape": [40, 40, 3]}, "a patch of 2883 numbers, expected at most 1024"),
        ({"size": 144}, "144 nodes, but the shape 12x12x1 has 54 features"),
    ],
)
def test_descriptions_that_cannot_be(change, says):
    fields = network().model_dump(mode="json")
    fields["inputs"][0] |= change
    with pytest.raises((ValueError, ConfigError), match=says):
        require(Network.model_validate(fields))


def test_images_of_another_size_are_refused():
    described = network()
    with pytest.raises(DataError, match="input R: images of 100 pixels, expected 12 x 12 x 1"):
        present_arrays(described.inputs, np.zeros((4, 100), np.uint8), np.zeros(4, np.int64), 4, seed=0)
