"""How much device memory the networks of a plan take, found without the device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from colanet.engine.cuda.backend import Backend
from colanet.engine.cuda.tables import GRAIN
from colanet.engine.cupy_engine import CupyBatch
from colanet.plan import Plan
from colanet.plan.memory import CHUNK_STEPS


class _Counting:
    """A backend that only counts the bytes of the arrays that it is asked for."""

    name = "counting"
    free = 0

    def __init__(self, like: Backend) -> None:
        self.device, self.multiprocessors, self.shared_limit = like.device, like.multiprocessors, like.shared_limit
        self.bytes = 0

    def zeros(self, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
        array = np.zeros(shape, dtype=dtype)
        self.bytes += array.nbytes
        return array

    def upload(self, array: np.ndarray) -> np.ndarray:
        self.bytes += array.nbytes
        return array

    def download(self, array: Any) -> np.ndarray:
        return np.asarray(array)

    def address(self, array: Any) -> int:
        return 0

    def launch(self, kernel: str, blocks: int, threads: int, shared: int, *arguments: Any) -> None:
        pass

    def synchronize(self) -> None:
        pass


def bytes_of(plan: Plan, like: Backend, steps: int = CHUNK_STEPS) -> int:
    """Upper estimate of the device memory of a plan's networks, and of the input of so many steps.

    The images of the input, which networks can share, are not in it; nor are recorded spikes.

    Parameters
    ----------
    plan : Plan
    like : Backend
        The device.
    steps : int
        Of one launch.
    """
    counting = _Counting(like)
    CupyBatch([plan], backend=counting)
    nodes = sum(size for _, size in plan.inputs)
    words = sum(GRAIN.words(size) for _, size in plan.inputs)
    # Places and counts of the spikes of each input, room for all nodes, and their bit sets.
    fed = (steps + plan.history) * (12 * len(plan.inputs) + 4 * nodes + 4 * words)
    return counting.bytes + fed
