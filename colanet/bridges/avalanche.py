"""A strategy of Avalanche: its benchmarks, plugins, metrics and loggers drive a column network.

>>> strategy = Columns(classes=10)
>>> for experience in benchmark.train_stream:
...     strategy.train(experience)
>>> strategy.eval(benchmark.test_stream)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from colanet.estimator.classifier import CoLaNETClassifier
from colanet.extras import need

torch = need("torch", "avalanche")
templates = need("avalanche.training.templates", "avalanche")

LEAST_SHARE = 1e-9
"""Of a class without evidence, whose logarithm is asked for."""


class Evidence(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A classifier as a module without parameters: samples in, logarithms of the shares of its evidence out."""

    def __init__(self, classifier: CoLaNETClassifier, classes: int) -> None:
        super().__init__()
        self.classifier, self.classes = classifier, classes

    def forward(self, x: Any) -> Any:
        """Shape (n_samples, classes), float32; equal shares before anything was learnt."""
        shares = np.full((len(x), self.classes), 1 / self.classes)
        if hasattr(self.classifier, "machine_"):
            shares = self.classifier.predict_proba(rows(x))
        return torch.from_numpy(np.log(np.maximum(shares, LEAST_SHARE)).astype(np.float32)).to(x.device)


class Columns(templates.SupervisedTemplate):  # type: ignore[misc, name-defined]
    """Shows every sample of an experience to a column network once, mini-batch after mini-batch.

    There is neither loss nor gradient in learning. Loss metrics are those of the shares of evidence.

    Parameters
    ----------
    classes : int
        Of the whole benchmark; there is a column for each from the beginning.
    classifier : CoLaNETClassifier or None
        Not fitted yet; None: one with its defaults.
    train_mb_size : int
        The first mini-batch also teaches how numbers become intensities, and how many spikes there will be.
    eval_mb_size : int
    **others
        Of `avalanche.training.templates.SupervisedTemplate`: plugins, evaluator, eval_every, ...
    """

    def __init__(
        self,
        *,
        classes: int,
        classifier: CoLaNETClassifier | None = None,
        train_mb_size: int = 500,
        eval_mb_size: int = 500,
        **others: Any,
    ) -> None:
        self.classifier = CoLaNETClassifier() if classifier is None else classifier
        self.all_classes = np.arange(classes)
        super().__init__(
            model=Evidence(self.classifier, classes), optimizer=None, train_mb_size=train_mb_size,
            eval_mb_size=eval_mb_size, **others,
        )  # fmt: skip

    def make_optimizer(self, **others: Any) -> None:
        """Nothing: no gradients are followed."""

    def training_epoch(self, **others: Any) -> None:
        """Teach the mini-batches of the data loader, with the calls that plugins expect."""
        for self.mbatch in self.dataloader:  # noqa: B020 -- what plugins read is an attribute
            if self._stop_training:
                break
            self._unpack_minibatch()
            self._before_training_iteration(**others)
            self._before_forward(**others)
            self.mb_output = self.forward()
            self._after_forward(**others)
            self.loss = self.criterion()
            self._before_update(**others)
            self.classifier.partial_fit(rows(self.mb_x), self.mb_y.cpu().numpy(), self.all_classes)
            self._after_update(**others)
            self._after_training_iteration(**others)


def rows(x: Any) -> np.ndarray:
    """Samples of a tensor as rows, float64 of shape (n_samples, n_features)."""
    flat: np.ndarray = x.detach().cpu().numpy().reshape(len(x), -1).astype(np.float64)
    return flat
