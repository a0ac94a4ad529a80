"""Permuted and cut data sets, and the generated patterns."""

import numpy as np
import pytest

from colanet import datasets
from colanet.datasets import patterns
from colanet.datasets.transform import cut, permutation, permute, permute_images
from colanet.errors import DataError


def test_permutation_is_fixed_and_seed_0_is_none():
    assert permutation(5, 0).tolist() == [0, 1, 2, 3, 4]
    assert sorted(permutation(784, 3)) == list(range(784))
    assert (permutation(784, 3) == permutation(784, 3)).all()
    assert (permutation(784, 3) != permutation(784, 4)).any()


def test_permuted_images_share_one_order():
    images = np.arange(2 * 12, dtype=np.uint8).reshape(2, 3, 4)
    moved = permute_images(images, 5)
    assert moved.shape == images.shape
    assert (moved[1] - moved[0] == 12).all()
    assert moved[0].ravel().tolist() == permutation(12, 5).tolist()
    assert permute_images(images[:0], 5).shape == (0, 3, 4)


def test_permute_and_cut_a_data_set():
    small = cut(datasets.load("mnist"), 30, 10)
    assert small.train_images.shape == (30, 28, 28)
    assert small.test_labels.shape == (10,)
    moved = permute(small, 2)
    assert moved.name == "mnist+permutation2"
    assert (moved.train_labels == small.train_labels).all()
    assert moved.train_images.sum() == small.train_images.sum()
    assert (moved.test_images != small.test_images).any()
    np.testing.assert_array_equal(permute(small, 0).train_images, small.train_images)


@pytest.mark.parametrize("wrong", [(60001, None), (None, 10001), (-1, None)])
def test_cut_too_much(wrong):
    with pytest.raises(DataError, match=r"mnist: .* images, expected 0.."):
        cut(datasets.load("mnist"), *wrong)


def test_patterns():
    images, labels = patterns.generate(60, 1)
    assert images.shape == (60, 31, 31)
    assert images.dtype == labels.dtype == np.uint8
    assert set(labels) == {0, 1, 2} == set(range(len(patterns.CLASSES)))
    again, _ = patterns.generate(60, 1)
    np.testing.assert_array_equal(images, again)
    assert (patterns.generate(60, 2)[0] != images).any()
    # Pictures of a class resemble one another more than those of another class.
    means = np.array([images[labels == k].mean(axis=0).ravel() for k in range(3)]) / 255
    assert all(means[i] @ means[i] > means[i] @ means[j] for i in range(3) for j in range(3) if i != j)
