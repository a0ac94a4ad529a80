"""Network copies shared out evenly to threads, a copy being cut in time where the numbers do not divide."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from itertools import pairwise
from threading import Event
from typing import TypeVar

Result = TypeVar("Result")
Piece = tuple[int, int, int]
"""Copy, first step, step after the last."""


def shares(copies: int, threads: int, start: int, stop: int) -> list[list[Piece]]:
    """What each thread runs, one piece after the other, so that all have the same number of steps to make.

    McNaughton's wrap-around rule (Management Science 6, 1959): the copies' steps are laid end to end and cut into
    as many equal parts as there are threads. A copy that is cut has its earlier steps at the beginning of one
    thread and its later ones at the end of the thread before, so that they rarely have to wait for each other.
    Needs threads <= copies.
    """
    length = stop - start
    if length == 0:
        return [[(copy, start, stop) for copy in range(copies)]]
    part = -(-copies * length // threads)
    result: list[list[Piece]] = [[] for _ in range(threads)]
    for copy in range(copies):
        left = length
        while left:
            thread = (copy * length + length - left) // part
            size = min(left, (thread + 1) * part - (copy * length + length - left))
            result[thread].append((copy, start + left - size, start + left))
            left -= size
    return result


def _wait_for(work: list[Future[None]]) -> None:
    """Wait until all of it has ended, however often the user interrupts: it changes what the caller owns."""
    while not all(one.done() for one in work):
        with contextlib.suppress(KeyboardInterrupt):
            wait(work)


def run_shares(
    plan: list[list[Piece]], one: Callable[[int, int, int], Result], helpers: Executor | None
) -> list[list[tuple[int, Result]]]:
    """Run the pieces, one thread a share; per copy the first step and the result of its pieces, in order of steps.

    The calling thread takes the first share, `helpers` the others; they need a thread for each. An exception of
    `one` is raised here, after all threads have ended.
    """
    pieces = sorted(piece for share in plan for piece in share)
    done = {piece: Event() for piece in pieces}
    before = {b: a for a, b in pairwise(pieces) if a[0] == b[0]}
    found: dict[Piece, Result] = {}

    def work(share: list[Piece]) -> None:
        try:
            for piece in share:
                if piece in before:
                    done[before[piece]].wait()
                if piece not in before or before[piece] in found:
                    found[piece] = one(*piece)
                done[piece].set()
        finally:
            for piece in share:
                done[piece].set()

    others: list[Future[None]] = []
    try:
        for share in plan[1:]:
            assert helpers is not None
            others.append(helpers.submit(work, share))
        work(plan[0])
    except BaseException:
        # Nobody may wait for a piece that nobody takes any more.
        for event in done.values():
            event.set()
        raise
    finally:
        _wait_for(others)
    for other in others:
        other.result()
    result: list[list[tuple[int, Result]]] = [[] for _ in {piece[0] for piece in pieces}]
    for piece in pieces:
        result[piece[0]].append((piece[1], found[piece]))
    return result
