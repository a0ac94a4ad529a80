"""Ctrl-C and SIGTERM: one exception each, which nothing can swallow for good.

An exception that a signal raises can fall into a callback of a library, where it is printed and forgotten. So the
signal is also noted, and whoever calls `check` raises it again.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

BURST_SECONDS = 0.5
"""Signals that follow sooner are the same interruption: they must not cut short what the first one sets off."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Noted:
    number = 0
    """Of the first signal; 0: none came."""
    when = float("-inf")
    """When the last one was heeded."""


def _receive(number: int, _: Any) -> None:
    now = time.monotonic()
    if now - _Noted.when >= BURST_SECONDS:
        _Noted.number, _Noted.when = _Noted.number or number, now
        raise KeyboardInterrupt


def came() -> bool:
    """Whether a signal came."""
    return _Noted.number != 0


def check() -> None:
    """Raise KeyboardInterrupt if a signal came whose exception was lost on its way."""
    if came():
        raise KeyboardInterrupt


def status() -> int:
    """Exit status of an interrupted process, 128 and the signal: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (_Noted.number or signal.SIGINT)


@contextlib.contextmanager
def noted(*, last: bool = False) -> Iterator[None]:
    """Note signals while the block runs. Those that whoever started the process wants ignored stay ignored.

    Parameters
    ----------
    last : bool
        The process ends with the block; once a signal has come, no further one disturbs that.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before, hook = {one: signal.getsignal(one) for one in SIGNALS}, sys.unraisablehook
    for one, handler in before.items():
        if handler in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(one, _receive)
    # What a callback swallows is noted, and need not be printed.
    sys.unraisablehook = lambda lost: None if lost.exc_type is KeyboardInterrupt else hook(lost)
    try:
        yield
    finally:
        if not (last and came()):
            _forget(before, hook)


def _forget(before: dict[signal.Signals, Any], hook: Any) -> None:
    sys.unraisablehook = hook
    for one, handler in before.items():
        if handler is not None:
            signal.signal(one, handler)
    _Noted.number, _Noted.when = 0, float("-inf")


def ignore() -> None:
    """Take no further signals inside a block of `noted`: the process is ending because of one."""
    for one in SIGNALS:
        if signal.getsignal(one) is _receive:
            signal.signal(one, signal.SIG_IGN)
