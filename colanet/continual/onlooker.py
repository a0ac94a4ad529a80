"""Who looks on at runs of several tasks while they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from colanet.observers import Observer

if TYPE_CHECKING:
    from colanet.continual.run import Run


class Onlooker(Observer):
    """An observer of a run's session that is told which run it is. It may look on at one run after another."""

    name = "onlooker"

    def of(self, run: Run) -> None:
        """The run begins, or goes on; its session has begun."""

    def over(self) -> None:
        """All lessons of the run are learnt and tested; it need not be kept in memory."""
