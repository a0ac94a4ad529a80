"""What linear methods see of an image: its pixels, a layer of learnt features, or random features of either."""

from __future__ import annotations

import numpy as np

from colanet.continual.baselines.options import BaselineOptions
from colanet.continual.cost import NUMBER
from colanet.encoding.features import FeatureLayer, fit

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


class Patches(Pixels):
    """A layer of features of the kind that CoLaNET's networks have (`colanet.encoding.features`), from 0 to 1.

    Parameters
    ----------
    layer : FeatureLayer
    """

    def __init__(self, layer: FeatureLayer) -> None:
        self.size = layer.nodes
        self.layer = layer
        self.kept = layer.prototypes.nbytes
        self.operations = layer.operations

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of images: float32 of shape (n, size)."""
        found: np.ndarray = self.layer.encode(images).astype(np.float32)
        found /= 255
        return found


class Chain(Pixels):
    """Random features of learnt features.

    Parameters
    ----------
    first : Patches
    second : RandomFeatures
        Of as many numbers as `first` gives.
    """

    def __init__(self, first: Patches, second: RandomFeatures) -> None:
        self.first, self.second = first, second
        self.size = second.size
        self.kept = first.kept + second.kept
        self.operations = first.operations + second.operations

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of images: float32 of shape (n, size)."""
        return self.second(self.first.layer.encode(images))


def make_features(
    options: BaselineOptions, images: np.ndarray, shape: tuple[int, int], seed: int, rng: np.random.Generator
) -> Pixels:
    """What a linear method sees.

    Parameters
    ----------
    options : BaselineOptions
    images : ndarray of uint8, shape (n, pixels)
        The first task's training images.
    shape : (height, width)
        Of an image.
    seed : int
        Of the places that patches are taken from.
    rng : Generator
        Of random features.

    Raises
    ------
    DataError
        If the images hold too few patches with contrast.
    """
    seen = Pixels(images.shape[1])
    if options.patches is not None:
        seen = Patches(fit(options.patches, (*shape, 1), images, seed))
    if not options.features:
        return seen
    drawn = RandomFeatures(seen.size, options.features, options.scale, rng)
    return Chain(seen, drawn) if isinstance(seen, Patches) else drawn
