"""Elastic weight consolidation, online.

Kirkpatrick et al. 2017 (arXiv 1612.00796), in the online form of Schwarz et al. 2018 (arXiv 1805.06370, section 4):
after task k

    F*  <- gamma F* + F_k,    theta* <- theta,

and while the next task is learnt the loss is

    L = cross-entropy + lambda / 2 sum_i F*_i (theta_i - theta*_i)^2.

F_k is the diagonal of the Fisher information: the mean over images x of task k of (d log p(y | x) / d theta_i)^2
with y drawn from the network's own answer p(. | x).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from colanet.continual.baselines.guard import Guard
from colanet.continual.baselines.network import Learner, pixels_of, torch

HELD = 1 << 24
"""Derivatives that are held at once."""


def fisher(learner: Learner, images: np.ndarray) -> dict[str, Any]:
    """Diagonal Fisher information of every parameter, estimated from the images; draws from PyTorch's generator."""
    library = torch()
    network = learner.network.eval()
    parameters = {name: value.detach() for name, value in network.named_parameters()}

    def log_probability(values: dict[str, Any], x: Any, y: Any) -> Any:
        logits = library.func.functional_call(network, values, (x.unsqueeze(0),))
        return library.nn.functional.log_softmax(logits, dim=1)[0].gather(0, y.unsqueeze(0))[0]

    gradients = library.func.vmap(library.func.grad(log_probability), in_dims=(None, 0, 0))
    total = {name: library.zeros_like(value) for name, value in parameters.items()}
    chunk = max(HELD // sum(value.numel() for value in parameters.values()), 1)
    for i in range(0, len(images), chunk):
        x = pixels_of(images[i : i + chunk])
        with library.no_grad():
            y = library.multinomial(library.softmax(network(x), dim=1), 1)[:, 0]
        for name, value in gradients(parameters, x, y).items():
            total[name] += value.square_().sum(dim=0)
    return {name: value / max(len(images), 1) for name, value in total.items()}


class Consolidation(Guard):
    """The penalty of online EWC.

    Parameters
    ----------
    strength, decay : float
        lambda and gamma.
    """

    def __init__(self, strength: float, decay: float) -> None:
        self.strength, self.decay = strength, decay
        self.importance: dict[str, Any] = {}
        self.anchor: dict[str, Any] = {}

    @property
    def size(self) -> int:
        """Parameters that are held."""
        return sum(value.numel() for value in self.anchor.values())

    @property
    def kept(self) -> int:
        """F* and theta*."""
        return 2 * self.size

    def consolidate(self, network: Any, information: dict[str, Any]) -> None:
        """Take in what a task just learnt found important, and where its parameters are."""
        for name, value in information.items():
            before = self.importance.get(name)
            self.importance[name] = value if before is None else self.decay * before + value
        self.anchor = {name: value.detach().clone() for name, value in network.named_parameters()}

    def penalty(self, network: Any) -> Any:
        """lambda / 2 sum_i F*_i (theta_i - theta*_i)^2, a tensor; 0 before the first task is over."""
        terms = [
            (self.importance[name] * (value - self.anchor[name]).square()).sum()
            for name, value in network.named_parameters()
            if name in self.importance
        ]
        return self.strength / 2 * sum(terms) if terms else torch().zeros(())

    def operations(self, batches: int) -> float:
        """Two for the penalty's gradient, for each parameter."""
        return 2.0 * self.size * batches
