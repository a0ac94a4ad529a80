"""A page for a run, open while the run lasts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from colanet.errors import first_line
from colanet.watch.board import Board
from colanet.watch.server import Server
from colanet.watch.watcher import Watcher


@contextlib.contextmanager
def watching(title: str, port: int | None = None, say: Callable[[str], None] = print) -> Iterator[Watcher]:
    """Serve a page about what is done in the block; what is given is an observer, for one session or for a study.

    Parameters
    ----------
    title : str
    port : int or None
        On 127.0.0.1; None: any that is free.
    say : callable
        Called with a line that has the address.

    Raises
    ------
    ConfigError
        If the port is not free.
    BackendUnavailable
        If the extra `watch` is not installed.
    """
    board = Board(title)
    with Server(board, port) as server:
        say(f"watch it at {server.address}")
        watcher = Watcher(board)
        try:
            yield watcher
            watcher.look()
        except KeyboardInterrupt:
            board.finish("The run was interrupted.")
            raise
        except BaseException as error:
            board.finish(f"The run has failed: {first_line(error)}")
            raise
        board.finish("The run has ended.")
