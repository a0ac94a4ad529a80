"""What linear methods see of an image: its pixels, or random features of them."""

from __future__ import annotations

import numpy as np

from colanet.continual.cost import NUMBER

CHUNK = 2000
"""Images whose features are held at once."""


class Pixels:
    """The pixels themselves, from 0 to 1.

    Attributes
    ----------
    size : int
        Numbers an image.
    kept : int
        Bytes that the map keeps.
    operations : int
        Multiplications with additions that an image takes.
    """

    kept = 0
    operations = 0

    def __init__(self, pixels: int) -> None:
        self.size = pixels

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of images: float of shape (n, size)."""
        return images / 255.0


class RandomFeatures(Pixels):
    """Random rectified linear features h = max(0, s W x / sqrt(P) + b), drawn once and never learnt.

    x are P pixels from 0 to 1; all entries of W and b are normal with variance 1. A linear readout of such a layer
    is an extreme learning machine (Huang, Zhu and Siew, Neurocomputing 70, 2006). As an approximate kernel see
    Rahimi and Recht, NIPS 2007. A factor common to W and b changes nothing, so s alone sets their ratio.

    Parameters
    ----------
    pixels, features : int
    scale : float
        s.
    rng : Generator
    """

    def __init__(self, pixels: int, features: int, scale: float, rng: np.random.Generator) -> None:
        self.size = features
        self.weights = rng.standard_normal((pixels, features), dtype=np.float32)
        self.weights *= np.float32(scale / (255 * pixels**0.5))
        self.bias = rng.standard_normal(features, dtype=np.float32)
        self.kept = NUMBER * (self.weights.size + self.bias.size)
        self.operations = self.weights.size

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of images: float32 of shape (n, size)."""
        found: np.ndarray = images.astype(np.float32) @ self.weights
        found += self.bias
        np.maximum(found, 0, out=found)
        return found


def make_features(pixels: int, features: int, scale: float, rng: np.random.Generator) -> Pixels:
    """Random features, or the pixels if there are none."""
    return RandomFeatures(pixels, features, scale, rng) if features else Pixels(pixels)
