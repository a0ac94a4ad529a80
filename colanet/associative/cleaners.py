"""Networks that store pictures and clean spoiled ones.

Each cleaner stores the same pictures and takes the same spoiled ones. It returns cleaned pictures and, for each,
how much it resembles every memory; the label of the best one classifies it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from colanet.associative.checks import Array
from colanet.associative.hopfield import Hopfield, hebbian, pseudo_inverse
from colanet.associative.lagrangians import Exponential, RectifiedPolynomial
from colanet.associative.models import DenseMemory, ModernMemory, SphericalMemory
from colanet.associative.pictures import Memories, correlation, directions


class Cleaner(ABC):
    """Something that stores pictures and cleans others."""

    def __init__(self, memories: Memories) -> None:
        self.labels = memories.labels
        self.targets = memories.pictures

    @abstractmethod
    def clean(self, pictures: Array) -> tuple[Array, Array]:
        """Cleaned pictures (n, n_pixels), and their likeness to the memories (n, n_memories)."""

    def classify(self, likeness: Array) -> np.ndarray:
        """The label of the nearest memory (highest likeness), shape (n,)."""
        labels: np.ndarray = self.labels[likeness.argmax(-1)]
        return labels


class Nearest(Cleaner):
    """No dynamics: the memory with the largest correlation. What the networks have to be measured against."""

    def clean(self, pictures: Array) -> tuple[Array, Array]:
        """The nearest memory of each picture, and its correlations with all of them."""
        likeness = correlation(pictures, self.targets)
        return self.targets[likeness.argmax(1)], likeness


class Signs(Cleaner):
    """Networks of two-state neurons."""

    def __init__(self, memories: Memories) -> None:
        super().__init__(memories)
        self.patterns = memories.signs
        self.targets = 0.5 * (self.patterns + 1)

    def clean(self, pictures: Array) -> tuple[Array, Array]:
        """Pictures of zeros and ones at rest, and their correlations with the memories."""
        s = self.run(np.where(pictures > 0.5, 1.0, -1.0))
        return 0.5 * (s + 1), correlation(s, self.patterns)

    @abstractmethod
    def run(self, s: Array) -> Array:
        """States at rest, from states s."""


class Discrete(Signs):
    """Hopfield's network, with either storage."""

    def __init__(self, memories: Memories, storage: Callable[[ArrayLike], Array] = hebbian) -> None:
        super().__init__(memories)
        self.network = Hopfield(storage(self.patterns))

    def run(self, s: Array) -> Array:
        """States after at most 50 sweeps."""
        return self.network.retrieve(s, max_steps=50).states


class ModelA(Signs):
    """F = h^n on covariances h from -1 to 1.

    The memories are the patterns less their mean: then no memory is likelier for having less ink, and since the
    mean lies between -1 and +1 the signs are the same, so the patterns stay fixed points.
    """

    def __init__(self, memories: Memories, n: int = 100) -> None:
        super().__init__(memories)
        scaled = directions(self.patterns) / np.sqrt(self.patterns.shape[1])
        self.network = DenseMemory(scaled, RectifiedPolynomial(n))

    def run(self, s: Array) -> Array:
        """States where the energy no longer falls."""
        return self.network.retrieve(s).states


class Centred(Cleaner):
    """Networks of graded neurons, on pictures less their mean brightness, scaled to length 1.

    So a spoiled picture is first compared with the memories by its correlation, and no memory is likelier for
    being brighter.
    """

    def __init__(self, memories: Memories) -> None:
        super().__init__(memories)
        self.xi = directions(self.targets)

    def clean(self, pictures: Array) -> tuple[Array, Array]:
        """Memories mixed by the activity of the hidden neurons, and that activity, summing to 1."""
        activity = self.run(directions(pictures))
        share = activity / activity.sum(1, keepdims=True)
        return share @ self.targets, share

    @abstractmethod
    def run(self, v: Array) -> Array:
        """Activity f of the hidden neurons at rest, from directions v."""


class ModelB(Centred):
    """Attention over the memories, repeated until it rests."""

    def __init__(self, memories: Memories, beta: float = 100.0) -> None:
        super().__init__(memories)
        self.network = ModernMemory(self.xi, beta)

    def run(self, v: Array) -> Array:
        """Attention at the state where the iteration rests."""
        return self.network.attention(self.network.retrieve(v, tolerance=1e-6).states)


class ModelC(Centred):
    """The spherical memory with F = exp(beta h) / beta."""

    def __init__(self, memories: Memories, beta: float = 100.0) -> None:
        super().__init__(memories)
        self.network = SphericalMemory(self.xi, Exponential(beta))

    def run(self, v: Array) -> Array:
        """F'(h) at the state where the iteration rests, up to its length."""
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
