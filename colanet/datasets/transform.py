"""Data sets made from data sets: permuted pixels, fewer images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from colanet.datasets.registry import Dataset


def permutation(n_pixels: int, seed: int) -> np.ndarray:
    """A fixed permutation of pixel numbers; seed 0 is the identity, so that task 0 is the plain one."""
    if seed == 0:
        return np.arange(n_pixels)
    return np.random.default_rng(seed).permutation(n_pixels)


def permute(dataset: Dataset, seed: int) -> Dataset:
    """The same permutation of pixels in every image (Goodfellow et al., arXiv 1312.6211)."""
    order = permutation(int(np.prod(dataset.train_images.shape[1:])), seed)

    def moved(images: np.ndarray) -> np.ndarray:
        return images.reshape(len(images), -1)[:, order].reshape(images.shape)

    return replace(
        dataset,
        name=f"{dataset.name}+permutation{seed}",
        train_images=moved(dataset.train_images),
        test_images=moved(dataset.test_images),
    )


def cut(dataset: Dataset, n_train: int | None = None, n_test: int | None = None) -> Dataset:
    """Only the first images of each part."""
    return replace(
        dataset,
        train_images=dataset.train_images[:n_train],
        train_labels=dataset.train_labels[:n_train],
        test_images=dataset.test_images[:n_test],
        test_labels=dataset.test_labels[:n_test],
    )
