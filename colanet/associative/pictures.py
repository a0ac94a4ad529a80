"""Pictures as memories, spoiled pictures, and how much two pictures resemble each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError, ShapeError
from colanet.extras import need


@dataclass(frozen=True)
class Memories:
    """Pictures with class labels.

    Attributes
    ----------
    pictures : ndarray of shape (n_memories, n_pixels)
        From 0 to 1.
    labels : int ndarray of shape (n_memories,)
    """

    pictures: Array
    labels: np.ndarray

    def __post_init__(self) -> None:
        checks.memories(self.pictures, "pictures")
        if np.shape(self.labels) != (len(self.pictures),):
            raise ShapeError(f"{len(self.pictures)} pictures need as many labels, got {np.shape(self.labels)}")

    @property
    def signs(self) -> Array:
        """The pictures as patterns of -1 and +1, cut at one half."""
        return np.where(self.pictures > 0.5, 1.0, -1.0)


def from_weights(weights: ArrayLike, columns: ArrayLike, ink: float | None = None) -> Memories:
    """Memories from receptive fields.

    Parameters
    ----------
    weights : array of shape (n_pixels, n_neurons)
        As `Session.weights` gives them; missing synapses (nan) count as the smallest weight.
    columns : array of shape (n_neurons,)
        Column of each neuron, its class.
    ink : float, optional
        Part of the pixels to lie above one half: each field is cut at its own quantile. If not given, one
        half is the middle between a field's smallest and largest weight.

    Returns
    -------
    Memories
        Neurons whose weights are all equal have learnt nothing and are left out.
    """
    fields: Array = np.asarray(weights, dtype=np.float64).T
    labels = np.asarray(columns)
    if fields.ndim != 2 or labels.shape != (len(fields),):
        raise ShapeError(f"weights {fields.T.shape} and columns {labels.shape} do not name the same neurons")
    if ink is not None and not 0 < ink < 1:
        raise ParameterError(f"ink: expected a part between 0 and 1, got {ink:g}")
    fields = checks.memories(np.where(np.isnan(fields), np.nanmin(fields), fields), "weights")
    low, high = fields.min(1, keepdims=True), fields.max(1, keepdims=True)
    used = (high > low)[:, 0]
    if not used.any():
        raise ShapeError("weights: no neuron has learnt anything, all its weights are equal")
    pictures = (fields[used] - low[used]) / (high - low)[used]
    if ink is not None:
        cut = np.quantile(pictures, 1 - ink, axis=1, keepdims=True).clip(1e-6, 1 - 1e-6)
        below, above = 0.5 * pictures / cut, 0.5 + 0.5 * (pictures - cut) / (1 - cut)
        pictures = np.where(pictures <= cut, below, above)
    return Memories(pictures, labels[used].astype(int))


def prototypes(images: ArrayLike, labels: ArrayLike, per_class: int, seed: int = 0) -> Memories:
    """k-means centres of each class: what a column network without spikes would learn.

    Parameters
    ----------
    images : array of shape (n_images, n_pixels)
        From 0 to 1.
    labels : int array of shape (n_images,)
    """
    KMeans = need("sklearn.cluster", "associative").KMeans
    pixels, classes = checks.memories(images, "images"), np.asarray(labels)
    pictures, names = [], []
    for label in np.unique(classes):
        members = pixels[classes == label]
        if len(members) < per_class:
            raise ParameterError(f"class {label} has {len(members)} images, too few for {per_class} prototypes")
        centres = KMeans(per_class, n_init=1, max_iter=30, random_state=seed).fit(members).cluster_centers_
        pictures.append(centres)
        names.append(np.full(per_class, int(label)))
    return Memories(np.concatenate(pictures).clip(0, 1), np.concatenate(names))


def flip_pixels(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Replace each pixel with probability `level` by black or white."""
    hit = rng.random(images.shape) < level
    return np.where(hit, rng.integers(2, size=images.shape), images)


def cover(images: Array, level: float, rng: np.random.Generator) -> Array:
    """Blacken the upper `level` of each picture (its first pixels)."""
    spoiled = images.copy()
    spoiled[:, : round(level * images.shape[1])] = 0.0
    return spoiled


CORRUPTIONS: dict[str, Callable[[Array, float, np.random.Generator], Array]] = {
    "noise": flip_pixels,
    "cover": cover,
}


def directions(pictures: Array) -> Array:
    """Rows less their mean, scaled to length 1, or 0 where a row is constant."""
    centred = pictures - pictures.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    scaled: Array = centred / np.where(length > 0, length, 1.0)
    return scaled


def correlation(a: Array, b: Array) -> Array:
    """Correlation of the rows of a with the rows of b, shape (n_a, n_b)."""
    if np.ndim(a) != 2 or np.ndim(b) != 2 or a.shape[1] != b.shape[1]:
        raise ShapeError(f"pictures of as many pixels expected, found shapes {np.shape(a)} and {np.shape(b)}")
    return directions(a) @ directions(b).T


def check_level(kind: str, level: float) -> None:
    """Refuse what `corrupt` cannot do: ParameterError."""
    if kind not in CORRUPTIONS:
        raise ParameterError(f"corruption: expected one of {', '.join(CORRUPTIONS)}, got {kind!r}")
    if not 0 <= level <= 1:
        raise ParameterError(f"{kind}: expected a level from 0 to 1, got {level:g}")


def corrupt(images: ArrayLike, kind: str, level: float, seed: int = 0) -> Array:
    """Spoil pictures of shape (n_images, n_pixels): 'noise' or 'cover', level from 0 to 1."""
    images = checks.memories(images, "images")
    check_level(kind, level)
    return CORRUPTIONS[kind](images, level, np.random.default_rng(seed))
