"""Images in memory are coded as the data set of a configuration is, and what does not fit is refused."""

from pathlib import Path

import numpy as np
import pytest

from colanet import config, datasets
from colanet.config.model import ImageInput
from colanet.encoding import build_sources
from colanet.encoding.arrays import present_arrays
from colanet.errors import ConfigError, DataError

ROOT = Path(__file__).parents[2]
N, TAUGHT = 30, 20


@pytest.fixture(scope="module")
def inputs():
    return config.load(ROOT / "configs" / "mnist.yaml").inputs


@pytest.fixture(scope="module")
def mnist():
    """The first images of both parts, with their labels."""
    data = datasets.load("mnist")
    images = np.concatenate([data.train_images[:TAUGHT], data.test_images[: N - TAUGHT]]).reshape(N, -1)
    return images, np.concatenate([data.train_labels[:TAUGHT], data.test_labels[: N - TAUGHT]]).astype(np.int64)


@pytest.mark.parametrize("coding", ["poisson", "integrate", "regular"])
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("seed", [0, 7])
def test_spike_for_spike_as_the_data_set(inputs, mnist, coding, swapped, seed):
    changed = tuple(i.model_copy(update={"coding": coding}) if isinstance(i, ImageInput) else i for i in inputs)
    changed = changed[::-1] if swapped else changed
    expected = build_sources(changed, base_dir=ROOT, seed=seed, n_train=TAUGHT, n_test=N - TAUGHT)
    found = present_arrays(changed, *mnist, TAUGHT, seed=seed)
    assert found.period == 20
    assert (found.n_train, found.n_test) == (TAUGHT, N - TAUGHT)
    for name in ("period", "n_train", "n_test", "n_classes", "learning_time", "n_steps", "no_class_value"):
        assert getattr(found, name) == getattr(expected, name), name
    np.testing.assert_array_equal(found.labels, expected.labels)
    for ours, theirs in zip(found.sources, expected.sources, strict=True):
        assert (ours.name, ours.size) == (theirs.name, theirs.size)
        for first, last in ((0, N * 20), (137, 391)):
            for one, other in zip(ours.spikes(first, last), theirs.spikes(first, last), strict=True):
                np.testing.assert_array_equal(one, other)
        assert len(ours.spikes(0, N * 20)[1])


def test_another_seed_gives_other_spikes(inputs, mnist):
    shown = (present_arrays(inputs, *mnist, TAUGHT, seed=seed) for seed in (0, 1))
    left, right = (one.sources[0].spikes(0, 100)[1] for one in shown)
    assert not np.array_equal(left, right)


@pytest.mark.parametrize("taught", [0, N])
def test_all_or_none_taught(inputs, mnist, taught):
    shown = present_arrays(inputs, *mnist, taught, seed=0)
    target = next(s for s in shown.sources if s.name == "Target")
    assert np.diff(target.spikes(0, N * 20)[0]).sum() == taught


def test_what_the_configuration_says_of_length_does_not_matter(inputs, mnist):
    changed = tuple(
        i.model_copy(update={"skip": 3, "mode": "loop", "steps": 50}) if isinstance(i, ImageInput) else i
        for i in inputs
    )
    shown = (present_arrays(i, *mnist, TAUGHT, seed=0) for i in (inputs, changed))
    left, right = (one.sources[0].spikes(0, N * 20) for one in shown)
    np.testing.assert_array_equal(left[1], right[1])


@pytest.mark.parametrize("name", ["patterns", "recurrent", "single_neuron"])
def test_networks_with_other_inputs_are_refused(mnist, name):
    with pytest.raises(ConfigError, match="expected one image input and one target"):
        present_arrays(config.load(ROOT / "configs" / f"{name}.yaml").inputs, *mnist, 0, seed=0)


def test_two_of_a_kind_and_none_are_refused(inputs, mnist):
    for some in (inputs[:1], inputs[1:], (), (*inputs, inputs[0]), (inputs[0], inputs[0])):
        with pytest.raises(ConfigError, match="expected one image input and one target"):
            present_arrays(some, *mnist, 0, seed=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y: (x, y[:-1], 0), "30 images, 29 labels"),
        (lambda x, y: (x, y, 31), "31 of them taught"),
        (lambda x, y: (x, y, -1), "-1 of them taught"),
        (lambda x, y: (x, np.where(y == y[3], 10, y), 0), "to 10, but input Target has 10 classes"),
        (lambda x, y: (x, np.where(y == y[3], -1, y), 0), "from -1 to"),
        (lambda x, y: (x, y.astype(float), 0), "labels of float64"),
        (lambda x, y: (x, y[:, None], 0), r"labels of int64, shape \(30, 1\)"),
        (lambda x, y: (x / 255, y, 0), "images of float64"),
        (lambda x, y: (x.reshape(-1, 28, 28), y, 0), r"shape \(30, 28, 28\)"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(inputs, mnist, change, message):
    images, labels, taught = change(*mnist)
    with pytest.raises(DataError, match=message):
        present_arrays(inputs, images, labels, taught, seed=0)
