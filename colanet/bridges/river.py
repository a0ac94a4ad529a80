"""A classifier of River: `learn_one` and `predict_one` drive a column network.

>>> model = Columns(classes=3)
>>> for x, y in stream:
...     answer = model.predict_one(x)
...     model.learn_one(x, y)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from colanet.arguments import whole
from colanet.estimator.classifier import CoLaNETClassifier
from colanet.extras import need

base = need("river.base", "river")


class Columns(base.Classifier):  # type: ignore[misc, name-defined]
    """Keeps the first samples of a stream, makes a network for them, and from then on learns one after another.

    The features are those of the samples that were kept, in the order in which they came. Later on a missing one
    counts as 0, and a new one is left out.

    Parameters
    ----------
    classes : int
        Most classes that will come.
    warm_up : int
        Samples that are kept: they teach how numbers become intensities, and are learnt together. Until then the
        most frequent class so far is the answer.
    mini_batch : int
        Samples that are learnt together later on. More of them take less time.
    **constants
        Of `CoLaNETClassifier`, without `max_classes`.
    """

    def __init__(self, classes: int, warm_up: int = 100, mini_batch: int = 1, **constants: Any) -> None:
        self.classes, self.warm_up = whole("classes", classes, 1), whole("warm_up", warm_up, 1)
        self.mini_batch = whole("mini_batch", mini_batch, 1)
        self.constants = constants
        self.classifier = CoLaNETClassifier(max_classes=classes, **constants)
        self.names: list[Hashable] = []
        self.kept: list[tuple[dict[Hashable, float], Any]] = []

    @property
    def _multiclass(self) -> bool:
        return True

    @property
    def is_ready(self) -> bool:
        """Whether there is a network."""
        return hasattr(self.classifier, "machine_")

    def learn_one(self, x: Mapping[Hashable, float], y: Any) -> None:
        """Learn a sample, or keep it until there are enough."""
        if not self.is_ready:
            self.names += [name for name in x if name not in self.names]
        self.kept.append((dict(x), y))
        if len(self.kept) >= (self.mini_batch if self.is_ready else self.warm_up):
            # Samples that are refused must not stay in the way of those that follow.
            batch, self.kept = self.kept, []
            rows = np.concatenate([self._row(one) for one, _ in batch])
            self.classifier.partial_fit(rows, np.array([label for _, label in batch]))

    def predict_proba_one(self, x: Mapping[Hashable, float], **others: Any) -> dict[Any, float]:
        """The share of evidence of each class that has come; empty before the first sample."""
        if not self.is_ready:
            labels = [label for _, label in self.kept]
            return {label: labels.count(label) / len(labels) for label in dict.fromkeys(labels)}
        shares = self.classifier.predict_proba(self._row(x))[0]
        return dict(zip(self.classifier.classes_.tolist(), shares.tolist(), strict=True))

    def _row(self, x: Mapping[Hashable, float]) -> np.ndarray:
        return np.array([[float(x.get(name, 0)) for name in self.names]])
