"""Data sets made from data sets: permuted pixels, fewer images."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from colanet import hashing
from colanet.datasets.dataset import Dataset
from colanet.errors import DataError
from colanet.hashing import Stream


def permutation(n_pixels: int, seed: int) -> np.ndarray:
    """A fixed permutation of pixel numbers; seed 0 is the identity, so that task 0 is the plain one.

    It is drawn by the hash, so it is the same with every version of NumPy.
    """
    if seed == 0:
        return np.arange(n_pixels)
    return hashing.shuffled(seed, hashing.stream(Stream.PIXELS, 0), n_pixels)


def permute_images(images: np.ndarray, seed: int) -> np.ndarray:
    """The same permutation of pixels in every image.

    Parameters
    ----------
    images : ndarray, shape (n, ...)
    seed : int
        Of the permutation; 0: none.

    Returns
    -------
    ndarray of the same shape
    """
    flat = images.reshape(len(images), math.prod(images.shape[1:]))
    return flat[:, permutation(flat.shape[1], seed)].reshape(images.shape)


def permute(dataset: Dataset, seed: int) -> Dataset:
    """A data set with the same permutation of pixels in every image (Goodfellow et al., arXiv 1312.6211)."""
    return replace(
        dataset,
        name=f"{dataset.name}+permutation{seed}",
        train_images=permute_images(dataset.train_images, seed),
        test_images=permute_images(dataset.test_images, seed),
    )


def cut(dataset: Dataset, n_train: int | None = None, n_test: int | None = None) -> Dataset:
    """Only the first images of each part; None: all.

    Raises
    ------
    DataError
        If there are fewer than asked for.
    """
    for asked, there, part in (
        (n_train, len(dataset.train_images), "training"),
        (n_test, len(dataset.test_images), "test"),
    ):
        if asked is not None and not 0 <= asked <= there:
            raise DataError(f"{dataset.name}: {asked} {part} images, expected 0..{there}")
    return replace(
        dataset,
        train_images=dataset.train_images[:n_train],
        train_labels=dataset.train_labels[:n_train],
        test_images=dataset.test_images[:n_test],
        test_labels=dataset.test_labels[:n_test],
    )
