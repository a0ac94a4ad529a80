"""Methods that keep sums over all images and nothing else: exact in one pass, whatever the order of the tasks.

Over all images so far, with features h and labels y, they keep

    n_c, the images of class c;    S_c = sum of h over class c;    G = sum of h h^T    (not `nearest-mean`).

Sums do not depend on the order in which they are added. So such a method ends as if it had seen all tasks mixed: it
forgets nothing by construction. What it may lack is room to tell more tasks apart.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colanet.continual.baselines.features import CHUNK, Pixels
from colanet.continual.cost import NUMBER, Cost, triangle

Tell = Callable[[int], None]
"""Called with so many more images learnt."""


class NearestMean:
    """The class whose mean is nearest: argmax over c of m_c . h - |m_c|^2 / 2, with m_c = S_c / n_c.

    Parameters
    ----------
    features : Pixels
    classes : int
    """

    squares = False
    """Whether G is kept."""

    def __init__(self, features: Pixels, classes: int) -> None:
        self.features, self.classes = features, classes
        size = features.size
        self.counts = np.zeros(classes, dtype=np.int64)
        self.sums = np.zeros((size, classes))
        self.gram = np.zeros((size, size) if self.squares else (0, 0))
        self.readout: tuple[np.ndarray, np.ndarray] | None = None
        self.solved = 0

    def lesson(self, images: np.ndarray, labels: np.ndarray, tell: Tell) -> None:
        """Learn a task: uint8 (n, pixels) and int64 (n,). Products are of single precision, sums of double."""
        for i in range(0, len(labels), CHUNK):
            h = self.features(images[i : i + CHUNK])
            one_hot = labels[i : i + CHUNK, None] == np.arange(self.classes)
            self.counts += one_hot.sum(axis=0)
            self.sums += h.T @ one_hot.astype(h.dtype)
            if self.squares:
                self.gram += h.T @ h
            tell(len(h))
        self.readout = None

    def finish(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Nothing: a task leaves its sums."""

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The class of each image, int64 of shape (n,); class 0 before anything is learnt."""
        if not self.counts.any():
            return np.zeros(len(images), dtype=np.int64)
        if self.readout is None:
            self.readout = self.solve()
            self.solved += 1
        weights, bias = self.readout
        parts = [
            (self.features(images[i : i + CHUNK]) @ weights + bias).argmax(axis=1)
            for i in range(0, len(images), CHUNK)
        ]
        return np.concatenate(parts)

    def means(self) -> np.ndarray:
        """m_c as columns; of a class that was never seen, 0."""
        found: np.ndarray = self.sums / np.maximum(self.counts, 1)
        return found

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights of shape (features, classes) and bias (classes,) of the readout."""
        means = self.means()
        return self.seen(means, -(means**2).sum(axis=0) / 2)

    def seen(self, weights: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A readout that never answers a class which was never seen."""
        kind = np.float32 if self.features.kept else np.float64
        return weights.astype(kind), np.where(self.counts > 0, bias, -np.inf).astype(kind)

    def cost(self) -> Cost:
        """Sums and readout; a solution takes d^3 / 6 operations by Cholesky, and d^2 for each class."""
        size, classes, learnt = self.features.size, self.classes, max(int(self.counts.sum()), 1)
        each = self.features.operations + size + (triangle(size) if self.squares else 0)
        solution = size**3 / 6 + classes * size**2 if self.squares else float(size * classes)
        kept = size * classes + (triangle(size) if self.squares else 0)
        return Cost(
            answering=self.features.kept + NUMBER * (size + 1) * classes,
            learning=NUMBER * (kept + classes),
            images=0,
            image_bytes=0,
            learn_operations=each + self.solved * solution / learnt,
            test_operations=float(self.features.operations + size * classes),
        )


class Ridge(NearestMean):
    """Ridge regression from features to one-hot labels: W = (G + r t I)^-1 S, with t the mean of G's diagonal.

    The solution of recursive least squares with the same start (Hoerl and Kennard, Technometrics 12, 1970; Liang et
    al., IEEE Trans. Neural Networks 17, 2006), by LAPACK when answers are asked for.

    Parameters
    ----------
    features : Pixels
    classes : int
    ridge : float
        r.
    """

    squares = True

    def __init__(self, features: Pixels, classes: int, ridge: float) -> None:
        super().__init__(features, classes)
        self.ridge = ridge

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights and a bias of 0."""
        matrix = self.gram.copy()
        diagonal = np.einsum("ii->i", matrix)
        diagonal += self.ridge * diagonal.mean()
        return self.seen(np.linalg.solve(matrix, self.sums), np.zeros(self.classes))


class StreamingLDA(NearestMean):
    """Streaming linear discriminant analysis: class means and one covariance.

    Hayes and Kanan, CVPR workshops 2020 (arXiv 1909.01520), equations 1 to 4:

        L = ((1 - e) C + e I)^-1,    w_c = L m_c,    b_c = -m_c . L m_c / 2,    C = (G - sum_c n_c m_c m_c^T) / n.

    They weigh the change of C by a new image with t / (t + 1), where t counts all images. Here C is the covariance
    within classes itself, which that approximates.

    Parameters
    ----------
    features : Pixels
    classes : int
    shrinkage : float
        e.
    """

    squares = True

    def __init__(self, features: Pixels, classes: int, shrinkage: float) -> None:
        super().__init__(features, classes)
        self.shrinkage = shrinkage

    def solve(self) -> tuple[np.ndarray, np.ndarray]:
        """w as columns, and b."""
        means = self.means()
        matrix = self.gram - (means * self.counts) @ means.T
        matrix *= (1 - self.shrinkage) / self.counts.sum()
        diagonal = np.einsum("ii->i", matrix)
        diagonal += self.shrinkage
        weights = np.linalg.solve(matrix, means)
        return self.seen(weights, -(means * weights).sum(axis=0) / 2)
