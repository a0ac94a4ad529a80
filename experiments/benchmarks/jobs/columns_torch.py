"""What the jobs of libraries on PyTorch share: matrices, and the rule by which own spikes change weights."""

import numpy as np
import torch
from columns_work import weights_of

LANES = 100
"""Stretches of images that run side by side where nothing is learnt."""


def matrix(shape, pairs, weight):
    """A dense matrix with one weight at these pairs."""
    made = torch.zeros(shape)
    made[pairs] = float(weight)
    return made


class Learner:
    """Resources, and when each node spiked last.

    Section 9 of docs/model.md without sequences: every synapse that brought a spike within the window, or at this
    step, gains. A spike of step s arrives at step s + 1.
    """

    def __init__(self, stored, told):
        self.told = told
        self.resource = torch.as_tensor(stored["resource"].astype(np.float64).reshape(stored["weight"].shape))
        self.last = torch.full((told["nodes"],), -told["steps"])

    def own_spikes(self, step, fired, weight):
        """Change the weights of the neurons that fired, in place; before the input spikes of this step are told."""
        who = torch.nonzero(fired)[:, 0]
        if len(who):
            nodes = torch.nonzero(self.last >= step - 1 - self.told["window"])
            limit = self.told["limit"]
            changed = torch.clamp(self.resource[nodes, who] + self.told["rate"], -limit, limit)
            self.resource[nodes, who] = changed
            weight[nodes, who] = torch.as_tensor(weights_of(changed.numpy(), self.told)).to(weight.dtype)

    def inputs(self, step, spikes):
        """Input spikes of this step, as numbers or truth values of shape (nodes,)."""
        self.last[spikes > 0] = step
