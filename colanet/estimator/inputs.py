"""From numbers of any scale to intensities: limits or quantiles learnt once, and fields that share a feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALERS = ("auto", "range", "quantile")
BRIGHTEST = 255
NODES = 192
"""Nodes that a sample gets at least, as far as `MOST_FIELDS` allows."""
MOST_FIELDS = 16
DARK = 0.2
"""Share of zeros from which numbers that are never negative are taken for pictures or counts."""
TINY = np.finfo(np.float64).tiny
QUANTILES = 1000
"""Most quantiles that are kept of a feature."""
CHUNK = 1024
"""Samples that are coded in one go."""
MEASURED = 4096
"""Samples of the first batch that the activity is measured on."""


@dataclass(frozen=True, eq=False)
class InputCoding:
    """How samples become intensities, learnt from the first batch and never again.

    Every feature is brought to 0..1 first: by common limits (`range`), or by its rank among the values of the
    first batch (`quantile`). Then `fields` nodes share it: node j is brightest at j / (fields - 1), and dark from
    the next node's place on. With one field the node is as bright as the feature is large.

    Attributes
    ----------
    scaler : {'range', 'quantile'}
    fields : int
        Nodes a feature.
    limits : ndarray of float64
        `range`: lowest and highest value, shape (2,). `quantile`: quantiles, shape (quantiles, features).
    """

    scaler: str
    fields: int
    limits: np.ndarray

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Intensities, uint8 of shape (samples, features * fields), of samples of shape (samples, features)."""
        images = np.empty((len(X), X.shape[1] * self.fields), dtype=np.uint8)
        for first in range(0, len(X), CHUNK):
            images[first : first + CHUNK] = self._coded(X[first : first + CHUNK].astype(np.float64))
        return images

    def activity(self, X: np.ndarray) -> float:
        """Mean number of input spikes a step: the sum of a sample's intensities, divided by 255."""
        return float(self(X[:MEASURED]).mean(axis=0).sum()) / BRIGHTEST

    def _coded(self, X: np.ndarray) -> np.ndarray:
        part = self._in_range(X) if self.scaler == "range" else self._ranks(X)
        if self.fields > 1:
            centres = np.arange(self.fields)
            part = np.maximum(1 - np.abs(part[:, :, None] * (self.fields - 1) - centres), 0)
        images: np.ndarray = np.rint(BRIGHTEST * part).astype(np.uint8).reshape(len(X), -1)
        return images

    def _in_range(self, X: np.ndarray) -> np.ndarray:
        low, high = self.limits
        part: np.ndarray = np.clip(X, low, high)
        return np.asarray((part - low) / max(high - low, TINY))

    def _ranks(self, X: np.ndarray) -> np.ndarray:
        """Rank of every value among the quantiles of its feature; of equal quantiles the middle of their ranks."""
        part = np.empty(X.shape)
        grid = np.linspace(0, 1, len(self.limits))
        for feature, quantiles in enumerate(self.limits.T):
            x = X[:, feature]
            above = np.interp(x, quantiles, grid)
            below = 1 - np.interp(-x, -quantiles[::-1], grid)
            part[:, feature] = (above + below) / 2
        return part


def learn_coding(X: np.ndarray, scaler: str, fields: int | None) -> InputCoding:
    """The coding for samples like those of X, of shape (samples, features).

    Parameters
    ----------
    X : ndarray
    scaler : {'auto', 'range', 'quantile'}
        `auto`: `range` if nothing is negative and at least one number in five is 0, else `quantile`.
    fields : int or None
        None: as many as bring the sample to `NODES` nodes, at most `MOST_FIELDS`, and at least 2 for `quantile`.
    """
    if scaler == "auto":
        scaler = "range" if X.min() >= 0 and (X == 0).mean() >= DARK else "quantile"
    if fields is None:
        fields = min(max(round(NODES / X.shape[1]), 2 if scaler == "quantile" else 1), MOST_FIELDS)
    if scaler == "range":
        return InputCoding(scaler, fields, np.array([X.min(), X.max()], dtype=np.float64))
    n = min(max(len(X), 2), QUANTILES)
    quantiles = np.quantile(X.astype(np.float64), np.linspace(0, 1, n), axis=0)
    return InputCoding(scaler, fields, np.maximum.accumulate(quantiles, axis=0))
