"""Work that runs a piece at a time, in a thread of its own: what it asks for comes from whoever resumes it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Stopped(BaseException):
    """Raised in work that will not be resumed any more, so that it cleans up behind itself."""


class Fiber(Generic[T]):
    """A coroutine whose body needs not know that it is one.

    Only one of the two threads runs at any time: that of the work, while it is resumed, or that of its owner. So
    the order of everything is fixed, and what they share needs no locks.

    Parameters
    ----------
    work : callable

    Attributes
    ----------
    asked : object
        What the work waits for, unless it has ended.
    ended : bool
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self.asked: Any = None
        self.ended = False
        self._work, self._answer = work, None
        self._found: T
        self._error: BaseException | None = None
        self._turn, self._back = SimpleQueue[None](), SimpleQueue[None]()
        self._stopping = False
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        self._turn.get()
        try:
            if self._stopping:
                raise Stopped
            self._found = self._work()
        except BaseException as error:  # it is raised where `result` is called
            self._error = error
        self.ended = True
        self._back.put(None)

    def resume(self, answer: Any = None) -> None:
        """Let the work go on, with what it asked for, until it asks again or ends."""
        self._answer = answer
        self._turn.put(None)
        self._back.get()

    def ask(self, what: Any) -> Any:
        """To be called by the work: what it is resumed with.

        Raises
        ------
        Stopped
            If it is not to go on.
        """
        self.asked = what
        self._back.put(None)
        self._turn.get()
        if self._stopping:
            raise Stopped
        return self._answer

    def result(self) -> T:
        """What ended work has returned, or what it has raised."""
        if self._error is not None:
            raise self._error
        return self._found

    def stop(self) -> None:
        """End the work where it stands, also if its owner was interrupted while it ran."""
        self._stopping = True
        # After an interruption the work may still run, so that it takes this turn when it asks next.
        while not self.ended:
            self.resume()
        self._thread.join()
