"""Synaptic Intelligence: a penalty from how much each parameter has lowered the loss.

Zenke, Poole and Ganguli, ICML 2017 (arXiv 1703.04200), equations 3 to 5. While a task is learnt,

    w_i <- w_i - g_i (theta_i(t + 1) - theta_i(t)),    g the gradient of the cross-entropy alone;

after it, D_i being how far parameter i has moved in it,

    Omega_i <- Omega_i + max(0, w_i) / (D_i^2 + xi),    theta* <- theta,    w <- 0;

and the loss is the cross-entropy + c sum_i Omega_i (theta*_i - theta_i)^2.
"""

from __future__ import annotations

from typing import Any

from colanet.continual.baselines.guard import Guard
from colanet.continual.baselines.network import torch


class SynapticIntelligence(Guard):
    """Path integrals and the penalty.

    Parameters
    ----------
    network : Module
    strength, damping : float
        c and xi.
    """

    def __init__(self, network: Any, strength: float, damping: float) -> None:
        self.strength, self.damping = strength, damping
        values = list(network.parameters())
        self.size: int = sum(value.numel() for value in values)
        zeros = torch().zeros_like
        self.path, self.importance = [zeros(v) for v in values], [zeros(v) for v in values]
        self.anchor = [value.detach().clone() for value in values]
        self.learnt = False

    @property
    def kept(self) -> int:
        """w, Omega and theta*."""
        return 3 * self.size

    def before_step(self, network: Any) -> None:
        """Note gradient and place; add the penalty's gradient, 2 c Omega_i (theta_i - theta*_i)."""
        library = torch()
        with library.no_grad():
            self.before = []
            for value, anchor, weight in zip(network.parameters(), self.anchor, self.importance, strict=True):
                self.before.append((value.grad.clone(), value.detach().clone()))
                if self.learnt:
                    value.grad += 2 * self.strength * weight * (value - anchor)

    def after_step(self, network: Any) -> None:
        """Add up -g_i times what parameter i has moved."""
        with torch().no_grad():
            for value, path, (gradient, place) in zip(network.parameters(), self.path, self.before, strict=True):
                path -= gradient * (value - place)

    def end_of_task(self, network: Any) -> None:
        """Turn the path integrals into importances, and hold the parameters where they are."""
        with torch().no_grad():
            parts = zip(network.parameters(), self.anchor, self.path, self.importance, strict=True)
            for value, anchor, path, weight in parts:
                weight += path.clamp(min=0) / ((value - anchor) ** 2 + self.damping)
                anchor.copy_(value)
                path.zero_()
        self.learnt = True

    def operations(self, batches: int) -> float:
        """Two for the penalty's gradient and one for the path integral, for each parameter."""
        return 3.0 * self.size * batches
