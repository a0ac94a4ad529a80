"""Images in memory give the spikes that the same images named in a configuration give."""

import numpy as np
import pytest

from colanet import datasets
from colanet.config.model import ImageInput, NoiseInput, TargetInput
from colanet.encoding import build_sources
from colanet.encoding.arrays import present_arrays
from colanet.errors import ConfigError, DataError

TARGET = TargetInput(name="T", kind="object_target", size=10, target_file="mnist", learning_time=60 * 20, period=20)


def inputs(coding: str) -> tuple:
    return (ImageInput(name="R", source="mnist", period=20, presentation=10, coding=coding), TARGET)


@pytest.mark.parametrize("coding", ["poisson", "integrate"])
@pytest.mark.parametrize("order", [1, -1])
def test_spike_for_spike_the_same(coding, order):
    described = inputs(coding)[::order]
    named = build_sources(described, seed=5, n_train=60, n_test=20)
    data = datasets.load("mnist")
    images = np.concatenate([data.train_images[:60], data.test_images[:20]]).reshape(80, -1)
    labels = np.concatenate([data.train_labels[:60], data.test_labels[:20]]).astype(np.int64)
    given = present_arrays(described, images, labels, 60, seed=5)
    assert (given.n_train, given.n_test, given.n_steps, given.period) == (60, 20, 1600, 20)
    assert given.learning_time == named.learning_time
    for a, b in zip(given.sources, named.sources, strict=True):
        assert a.name == b.name
        for x, y in zip(a.spikes(100, 1500), b.spikes(100, 1500), strict=True):
            assert np.array_equal(x, y)


def test_other_inputs_are_refused():
    noise = NoiseInput(name="N", size=3, noise=0.1)
    with pytest.raises(ConfigError, match="one image input and one target, there are R, T, N"):
        present_arrays((*inputs("poisson"), noise), np.zeros((1, 784), np.uint8), np.zeros(1, np.int64), 1, seed=0)


@pytest.mark.parametrize(("labels", "taught", "said"), [
    ([0], 1, "2 images, 1 labels"), ([0, 1], 3, "3 of them taught"), ([0, 10], 2, "labels up to 10"),
])  # fmt: skip
def test_what_does_not_fit_is_refused(labels, taught, said):
    with pytest.raises(DataError, match=said):
        present_arrays(inputs("poisson"), np.zeros((2, 784), np.uint8), np.array(labels), taught, seed=0)
