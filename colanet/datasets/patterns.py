"""Pictures of 31 x 31 pixels with a spot, a ring or a bar, for unsupervised learning."""

from __future__ import annotations

import numpy as np

SIZE = 31
CLASSES = ("spot", "ring", "bar")


def generate(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy pictures of the three patterns, shifted by up to one pixel.

    Parameters
    ----------
    n, seed : int

    Returns
    -------
    images : ndarray of uint8, shape (n, 31, 31)
    labels : ndarray of uint8, shape (n,)
        0 spot, 1 ring, 2 bar.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(CLASSES), n).astype(np.uint8)
    shift = rng.integers(-1, 2, (n, 2))
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE // 2
    images = np.zeros((n, SIZE, SIZE), dtype=np.uint8)
    for i, (label, (dy, dx)) in enumerate(zip(labels, shift, strict=True)):
        radius = np.hypot(y - dy, x - dx)
        shape = (
            radius < 4.5,
            (radius > 9) & (radius < 10.1),
            (abs(y - dy + x - dx) < 2) & (radius < 14.5),
        )
        images[i][shape[label]] = 255
    flipped = rng.random(images.shape) < 0.01
    return np.where(flipped, 255 - images, images).astype(np.uint8), labels
