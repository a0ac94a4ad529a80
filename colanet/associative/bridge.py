"""From a trained CoLaNET to an associative memory: receptive fields are prototypes, prototypes are memories.

Each cleaner stores the same pictures and takes the same spoiled ones. It returns cleaned pictures and, for each,
how much it resembles every memory; the label of the best one classifies it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative import checks
from colanet.associative.checks import Array
from colanet.associative.errors import ParameterError, ShapeError
from colanet.associative.extras import need
from colanet.associative.hopfield import Hopfield, hebbian, pseudo_inverse
from colanet.associative.lagrangians import Exponential, RectifiedPolynomial
from colanet.associative.models import DenseMemory, ModernMemory, SphericalMemory

RECALLED = 0.95


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
    KMeans = need("sklearn.cluster").KMeans
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


class Cleaner(ABC):
    """Something that stores pictures and cleans others."""

    def __init__(self, memories: Memories):
        self.labels = memories.labels
        self.targets = memories.pictures

    @abstractmethod
    def clean(self, pictures: Array) -> tuple[Array, Array]:
        """Cleaned pictures (n, n_pixels), and their likeness to the memories (n, n_memories)."""

    def classify(self, likeness: Array) -> np.ndarray:
        """The label of the likest memory, shape (n,)."""
        return self.labels[likeness.argmax(-1)]


class Nearest(Cleaner):
    """No dynamics: the memory with the largest correlation. What the networks have to be measured against."""

    def clean(self, pictures: Array) -> tuple[Array, Array]:
        likeness = correlation(pictures, self.targets)
        return self.targets[likeness.argmax(1)], likeness


class Signs(Cleaner):
    """Networks of two-state neurons."""

    def __init__(self, memories: Memories):
        super().__init__(memories)
        self.patterns = memories.signs
        self.targets = 0.5 * (self.patterns + 1)

    def clean(self, pictures: Array) -> tuple[Array, Array]:
        s = self.run(np.where(pictures > 0.5, 1.0, -1.0))
        return 0.5 * (s + 1), s @ self.patterns.T / s.shape[1]

    @abstractmethod
    def run(self, s: Array) -> Array:
        """States at rest, from states s."""


class Discrete(Signs):
    """Hopfield's network, with either storage."""

    def __init__(self, memories: Memories, storage: Callable[[ArrayLike], Array] = hebbian):
        super().__init__(memories)
        self.network = Hopfield(storage(self.patterns))

    def run(self, s: Array) -> Array:
        return self.network.retrieve(s, max_steps=50).states


class ModelA(Signs):
    """F = h^n on overlaps h from -1 to 1."""

    def __init__(self, memories: Memories, n: int = 100):
        super().__init__(memories)
        self.network = DenseMemory(self.patterns / self.patterns.shape[1], RectifiedPolynomial(n))

    def run(self, s: Array) -> Array:
        return self.network.retrieve(s).states


class Centred(Cleaner):
    """Networks of graded neurons, on pictures less their mean brightness, scaled to length 1.

    So a spoiled picture is first compared with the memories by its correlation, and no memory is likelier for
    being brighter.
    """

    def __init__(self, memories: Memories):
        super().__init__(memories)
        self.xi = directions(self.targets)

    def clean(self, pictures: Array) -> tuple[Array, Array]:
        activity = self.run(directions(pictures))
        share = activity / activity.sum(1, keepdims=True)
        return share @ self.targets, share

    @abstractmethod
    def run(self, v: Array) -> Array:
        """Activity f of the hidden neurons at rest, from directions v."""


class ModelB(Centred):
    """Attention over the memories, repeated until it rests."""

    def __init__(self, memories: Memories, beta: float = 100.0):
        super().__init__(memories)
        self.network = ModernMemory(self.xi, beta)

    def run(self, v: Array) -> Array:
        return self.network.attention(self.network.retrieve(v, tolerance=1e-6).states)


class ModelC(Centred):
    """The spherical memory with F = exp(beta h) / beta."""

    def __init__(self, memories: Memories, beta: float = 100.0):
        super().__init__(memories)
        self.network = SphericalMemory(self.xi, Exponential(beta))

    def run(self, v: Array) -> Array:
        # An even picture has no direction; any will do.
        v = np.where(np.abs(v).max(1, keepdims=True) > 0, v, 1.0)
        return self.network.F.gradient(self.network.retrieve(v, tolerance=1e-6).states @ self.xi.T)


CLEANERS: dict[str, Callable[[Memories], Cleaner]] = {
    "nearest": Nearest,
    "hopfield": Discrete,
    "pseudo-inverse": lambda memories: Discrete(memories, pseudo_inverse),
    "A": ModelA,
    "B": ModelB,
    "C": ModelC,
}


def directions(pictures: Array) -> Array:
    """Rows less their mean, scaled to length 1, or 0 where a row is constant."""
    centred = pictures - pictures.mean(1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 0, length, 1.0)


def correlation(a: Array, b: Array) -> Array:
    """Correlation of the rows of a with the rows of b, shape (n_a, n_b)."""
    return directions(a) @ directions(b).T


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes
    ----------
    recall : float
        Part of the spoiled memories that came back with a correlation above 0.95; nan if not measured.
    accuracy : float
        Part of the spoiled test pictures that got the right label.
    """

    corruption: str
    level: float
    n_memories: int
    model: str
    recall: float
    accuracy: float


def compare(
    stores: Sequence[Memories],
    images: ArrayLike,
    labels: ArrayLike,
    conditions: Iterable[tuple[str, float]],
    models: Sequence[str] = tuple(CLEANERS),
    classifiers: dict[str, Callable[[Array], np.ndarray]] | None = None,
    seed: int = 0,
) -> list[Row]:
    """Recall of spoiled memories and accuracy on spoiled test pictures.

    Parameters
    ----------
    stores : sequence of Memories
        One for each number of memories.
    images : array of shape (n_images, n_pixels)
        Test pictures from 0 to 1.
    labels : int array of shape (n_images,)
    conditions : pairs of corruption ('noise', 'cover') and level
    models : names out of `CLEANERS`
    classifiers : dict, optional
        Others that see the same spoiled pictures, for example CoLaNET itself: a function from pictures of shape
        (n_images, n_pixels) to labels of shape (n_images,).
    """
    pixels, truth = checks.memories(images, "images"), np.asarray(labels)
    if truth.shape != (len(pixels),):
        raise ShapeError(f"{len(pixels)} images need as many labels, got {truth.shape}")
    cleaners = [(store, name, _cleaner(name)(store)) for store in stores for name in models]
    rows = []
    for number, (kind, level) in enumerate(conditions):
        spoiled = corrupt(pixels, kind, level, seed + number)
        for name, classify in (classifiers or {}).items():
            answers = np.asarray(classify(spoiled))
            if answers.shape != truth.shape:
                raise ShapeError(f"{name}: {truth.shape} answers expected, got {answers.shape}")
            rows.append(Row(kind, level, 0, name, float("nan"), float((answers == truth).mean())))
        for store, name, cleaner in cleaners:
            _, likeness = cleaner.clean(spoiled)
            accuracy = (cleaner.classify(likeness) == truth).mean()
            rows.append(
                Row(kind, level, len(store.labels), name, recall(cleaner, kind, level, seed), float(accuracy))
            )
    return rows


def recall(cleaner: Cleaner, kind: str, level: float, seed: int = 0) -> float:
    """Part of the stored pictures that come back, with a correlation above 0.95, after they were spoiled."""
    cleaned, _ = cleaner.clean(corrupt(cleaner.targets, kind, level, seed))
    return float((np.diag(correlation(cleaned, cleaner.targets)) > RECALLED).mean())


def corrupt(images: Array, kind: str, level: float, seed: int = 0) -> Array:
    """Spoil pictures: 'noise' or 'cover', level from 0 to 1."""
    if kind not in CORRUPTIONS:
        raise ParameterError(f"corruption: expected one of {', '.join(CORRUPTIONS)}, got {kind!r}")
    if not 0 <= level <= 1:
        raise ParameterError(f"{kind}: expected a level from 0 to 1, got {level:g}")
    return CORRUPTIONS[kind](images, level, np.random.default_rng(seed))


def _cleaner(name: str) -> Callable[[Memories], Cleaner]:
    if name not in CLEANERS:
        raise ParameterError(f"model: expected one of {', '.join(CLEANERS)}, got {name!r}")
    return CLEANERS[name]
