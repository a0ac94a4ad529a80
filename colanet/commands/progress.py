"""How long work shows itself: a bar on a terminal, plain lines otherwise, nothing when asked to be quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click
from tqdm import tqdm

from colanet import interruption

LINE_SECONDS = 5.0


class Progress:
    """Progress over a known number of units, with a short text at the end of the line.

    Parameters
    ----------
    total : int
    unit : str
        What is counted, for example ``images``.
    quiet : bool
    done : int
        Units that were finished before, which took none of the time measured here.
    """

    def __init__(self, total: int, unit: str, quiet: bool = False, *, done: int = 0) -> None:
        self.total, self.unit, self.quiet = total, unit, quiet
        self.done = self.before = done
        self.began = self.last_line = time.monotonic()
        terminal = sys.stderr.isatty() and not quiet
        self.bar = tqdm(total=total, initial=done, unit=f" {unit}", smoothing=0.1, leave=True) if terminal else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.close()

    def retotal(self, total: int) -> None:
        """Set the number of units, where it is known only after the work has begun."""
        self.total = total
        if self.bar is not None:
            self.bar.total = total

    def update(self, done: int, text: str = "") -> None:
        """Report that `done` units are finished. KeyboardInterrupt if a signal was lost meanwhile."""
        interruption.check()
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(done - self.done)
        self.done = done
        now = time.monotonic()
        if self.quiet or self.bar is not None or (now - self.last_line < LINE_SECONDS and done < self.total):
            return
        self.last_line = now
        rate = (done - self.before) / max(now - self.began, 1e-9)
        left = (self.total - done) / rate if rate else 0.0
        speed = f"{rate:.0f} a second" if rate >= 1 else f"{60 * rate:.1f} a minute"
        line = f"{done}/{self.total} {self.unit}, {speed}, {left:.0f} s left"
        click.echo(f"{line}, {text}" if text else line, err=True)
