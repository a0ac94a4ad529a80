"""The backpropagation network with what it does against forgetting: images that it stores, or a guard."""

from __future__ import annotations

import numpy as np

from colanet.continual.baselines.ewc import Consolidation, fisher
from colanet.continual.baselines.guard import Guard
from colanet.continual.baselines.moments import Tell
from colanet.continual.baselines.network import Learner
from colanet.continual.baselines.options import BaselineOptions
from colanet.continual.baselines.owm import OrthogonalWeights
from colanet.continual.baselines.replay import Forgetful, ReservoirReplay, SelfReminder
from colanet.continual.baselines.si import SynapticIntelligence
from colanet.continual.cost import NUMBER, Cost, stored

UPDATE = {"sgd": 1, "adam": 5}
"""Multiplications with additions that an optimiser takes for a parameter and step."""
MOMENTS = {"sgd": 0, "adam": 2}
"""Numbers that it keeps for a parameter."""


class Backprop:
    """A network on its way through the tasks.

    Parameters
    ----------
    method : str
        One of those that begin with `backprop`.
    pixels, classes : int
    options : BaselineOptions
    rng : Generator
        Of what is stored; PyTorch's own draws everything else.
    """

    def __init__(
        self, method: str, pixels: int, classes: int, options: BaselineOptions, rng: np.random.Generator
    ) -> None:
        self.options, self.rng, self.pixels, self.classes = options, rng, pixels, classes
        dropout = options.dropout if method == "backprop-dropout" else 0.0
        self.active = min(options.active, options.hidden) if method == "backprop-kwta" else 0
        self.learner = Learner(pixels, classes, options, dropout, self.active)
        self.memory = self._memory(method)
        self.guard = self._guard(method)
        self.fresh = self.shown = self.batches = self.examined = 0

    def _memory(self, method: str) -> Forgetful:
        o = self.options
        if method == "backprop-self-reminder":
            return SelfReminder(o.batch, o.reminder, self.rng)
        if method == "backprop-reservoir":
            return ReservoirReplay(o.batch, o.memory, o.replayed, self.rng)
        return Forgetful(o.batch)

    def _guard(self, method: str) -> Guard:
        o, network = self.options, self.learner.network
        if method == "backprop-ewc":
            return Consolidation(o.strength, o.decay)
        if method == "backprop-si":
            return SynapticIntelligence(network, o.strength, o.damping)
        return OrthogonalWeights(network, o.alpha) if method == "backprop-owm" else Guard()

    def lesson(self, images: np.ndarray, labels: np.ndarray, tell: Tell) -> None:
        """Learn a task: uint8 (n, pixels) and int64 (n,)."""
        for batch in self.memory.batches(images, labels):
            self.learner.learn(batch.images, batch.labels, self.guard)
            self.fresh += batch.fresh
            self.shown += len(batch.labels)
            self.batches += 1
            tell(batch.fresh)

    def finish(self, images: np.ndarray, labels: np.ndarray) -> None:
        """Store and consolidate what is to be kept of a task that has been learnt."""
        self.memory.keep(images, labels)
        if isinstance(self.guard, Consolidation):
            n = min(self.options.fisher_images, len(labels))
            rows = self.rng.choice(len(labels), n, replace=False)
            self.guard.consolidate(self.learner.network, fisher(self.learner, images[rows]))
            self.examined += n
        self.guard.end_of_task(self.learner.network)

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The most probable class of each image, int64 of shape (n,)."""
        return self.learner.answers(images)

    def cost(self) -> Cost:
        """Counted from layers, images and minibatches.

        Of an image shown: forward, and the gradient of the weights, as many; and of the hidden units. Where only k
        of these are active, the others have no gradient. Of a minibatch: the optimiser, and the guard. Of an image
        whose Fisher information is taken: as one shown, and a square a parameter.
        """
        hidden, active = self.options.hidden, self.active or self.options.hidden
        parameters = sum(value.numel() for value in self.learner.network.parameters())
        forward = self.pixels * hidden + active * self.classes
        backward = active * (self.pixels + 2 * self.classes)
        total = (self.shown + self.examined) * (forward + backward) + self.examined * parameters
        total += self.batches * UPDATE[self.options.optimizer] * parameters + self.guard.operations(self.batches)
        return Cost(
            answering=NUMBER * parameters,
            learning=NUMBER * (MOMENTS[self.options.optimizer] * parameters + self.guard.kept),
            images=self.memory.stored,
            image_bytes=stored(self.memory.stored, self.pixels),
            learn_operations=total / max(self.fresh, 1),
            test_operations=float(forward),
        )
