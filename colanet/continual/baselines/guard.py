"""What a backpropagation network does to its gradient against forgetting; the plain one does nothing."""

from __future__ import annotations

from typing import Any


class Guard:
    """Nothing: the interface of the others."""

    @property
    def kept(self) -> int:
        """Numbers that are kept beside the parameters."""
        return 0

    def penalty(self, network: Any) -> Any:
        """What is added to the loss, a tensor; None: nothing."""
        return None

    def before_step(self, network: Any) -> None:
        """The gradient of the loss stands in the parameters."""

    def after_step(self, network: Any) -> None:
        """The optimiser has moved the parameters."""

    def end_of_task(self, network: Any) -> None:
        """A task has been learnt."""

    def operations(self, batches: int) -> float:
        """Multiplications with additions that it took for so many minibatches."""
        return 0.0
