"""Orthogonal weights modification: gradients are projected away from the inputs of former tasks.

Zeng, Chen, Cui and Yu, Nature Machine Intelligence 1, 2019 (arXiv 1810.01256). Each layer has a projector P, at
first the identity. While a task is learnt, the gradient G of a layer's weights (outputs x inputs) becomes G P. With
x the mean input of a minibatch, recursive least squares gives

    k = P x / (a + x . P x),    P <- P - k (P x)^T.

Minibatches of a task change a copy of P that takes its place when the task is over. The authors pass through the
task once more to do so; here the inputs of the one pass are taken. A bias is the weight of an input that is always
1.
"""

from __future__ import annotations

from typing import Any

from colanet.continual.baselines.guard import Guard
from colanet.continual.baselines.network import torch
from colanet.continual.cost import triangle


class _Projector:
    """P of one layer, and the copy that the present task changes."""

    def __init__(self, layer: Any) -> None:
        library = torch()
        self.inputs, self.outputs = layer.in_features + 1, layer.out_features
        self.matrix = library.eye(self.inputs)
        self.coming = library.eye(self.inputs)
        self.mean = library.zeros(self.inputs)
        layer.register_forward_pre_hook(self._see)

    def _see(self, layer: Any, inputs: tuple[Any, ...]) -> None:
        if layer.training:
            library = torch()
            self.mean = library.cat([inputs[0].detach().mean(dim=0), library.ones(1)])


class OrthogonalWeights(Guard):
    """The projectors of all layers.

    Parameters
    ----------
    network : Module
        Of linear layers.
    alpha : float
        a: the smaller, the more completely an input is left out.
    """

    def __init__(self, network: Any, alpha: float) -> None:
        self.alpha = alpha
        self.layers = [layer for layer in network if hasattr(layer, "in_features")]
        self.projectors = [_Projector(layer) for layer in self.layers]
        self.learnt = False

    @property
    def kept(self) -> int:
        """Of each layer P and its copy."""
        return sum(2 * triangle(p.inputs) for p in self.projectors)

    def before_step(self, network: Any) -> None:
        """Project the gradients; take the mean inputs in."""
        library = torch()
        with library.no_grad():
            for layer, p in zip(self.layers, self.projectors, strict=True):
                if self.learnt:
                    both = library.cat([layer.weight.grad, layer.bias.grad[:, None]], dim=1) @ p.matrix
                    layer.weight.grad, layer.bias.grad = both[:, :-1].contiguous(), both[:, -1].contiguous()
                moved = p.coming @ p.mean
                p.coming.addr_(moved, moved, alpha=-1 / (self.alpha + float(p.mean @ moved)))

    def end_of_task(self, network: Any) -> None:
        """The inputs of the task are protected from now on."""
        for p in self.projectors:
            p.matrix = p.coming.clone()
        self.learnt = True

    def operations(self, batches: int) -> float:
        """The projection of each gradient, and the two products of recursive least squares."""
        return float(batches * sum(p.inputs**2 * (p.outputs + 1) + triangle(p.inputs) for p in self.projectors))
