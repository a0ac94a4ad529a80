"""The backpropagation network and its optimiser, by PyTorch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from colanet.continual.baselines.guard import Guard
from colanet.continual.baselines.options import BaselineOptions
from colanet.errors import ConfigError
from colanet.extras import need

TEST_BATCH = 2000

def torch() -> Any:
    """PyTorch. BackendUnavailable, with the command that installs it, if it is missing."""
    return need("torch", "torch")


@contextlib.contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """PyTorch's own random numbers from `seed`, on one thread, so that sums are always added in the same order.

    The caller's generator and number of threads are put back.
    """
    library = torch()
    threads = library.get_num_threads()
    with library.random.fork_rng(devices=[]):
        library.manual_seed(seed)
        library.set_num_threads(1)
        try:
            yield
        finally:
            library.set_num_threads(threads)


class Learner:
    """A network of one hidden layer that learns from minibatches.

    Parameters
    ----------
    pixels, classes : int
    options : BaselineOptions
    dropout : float
        Probability that a hidden unit is silent while learning; 0: none.
    active : int
        Hidden units that stay active for an image, see `winners`; 0: all.
    """

    def __init__(
        self, pixels: int, classes: int, options: BaselineOptions, dropout: float = 0.0, active: int = 0
    ) -> None:
        library = torch()
        nn = library.nn
        self.classes = classes
        between = winners(active) if active else nn.Dropout(dropout)
        self.network = nn.Sequential(
            nn.Linear(pixels, options.hidden), nn.ReLU(), between, nn.Linear(options.hidden, classes)
        )
        kind = {"sgd": library.optim.SGD, "adam": library.optim.Adam}[options.optimizer]
        self.optimizer = kind(self.network.parameters(), lr=options.lr)
        self.loss = nn.CrossEntropyLoss()

    def learn(self, images: np.ndarray, labels: np.ndarray, guard: Guard | None = None) -> float:
        """One step of the optimiser on a minibatch; the loss before it, with the guard's penalty.

        Raises
        ------
        ConfigError
            If the loss is no longer finite.
        """
        self.network.train()
        loss = self.loss(self.network(pixels_of(images)), torch().from_numpy(labels))
        guard = guard or Guard()
        penalty = guard.penalty(self.network)
        if penalty is not None:
            loss = loss + penalty
        self.optimizer.zero_grad()
        loss.backward()
        guard.before_step(self.network)
        self.optimizer.step()
        guard.after_step(self.network)
        value = float(loss.detach())
        if not np.isfinite(value):
            raise ConfigError("options: the loss grew without bounds; try a smaller lr or strength")
        return value

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The most probable class of each image, int64 of shape (n,)."""
        self.network.eval()
        with torch().no_grad():
            parts = [
                self.network(pixels_of(images[i : i + TEST_BATCH])).argmax(dim=1).numpy()
                for i in range(0, len(images), TEST_BATCH)
            ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def winners(active: int) -> Any:
    """A layer that leaves the `active` largest values of each row and sets all others to 0 (k-winner-take-all).

    Makhzani and Frey, ICLR 2014 (arXiv 1312.5663); Ahmad and Scheinkman, arXiv 1903.11257, without their boosting.
    """
    library = torch()

    class Winners(library.nn.Module):  # type: ignore[name-defined, misc]
        """The layer; PyTorch is imported when it is made."""

        def forward(self, values: Any) -> Any:
            least = values.topk(min(active, values.shape[1]), dim=1).values[:, -1:]
            return values * (values >= least)

    return Winners()


def pixels_of(images: np.ndarray) -> Any:
    """A tensor of shape (n, pixels) from 0 to 1."""
    return torch().tensor(images).float().div_(255)
