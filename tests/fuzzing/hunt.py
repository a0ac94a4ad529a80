"""Read one changed file after another; whatever is neither read nor refused in one clear line is a finding."""

from __future__ import annotations

import contextlib
import hashlib
import random
import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from colanet.config import ConfigWarning
from colanet.errors import ColanetError, ConfigError, DataWarning, cut_short
from tests.fuzzing.kinds import KINDS, Kind
from tests.fuzzing.tape import Tape, spoiled

LONGEST = 10
"""Seconds of the processor that a reader may take for one of these small files."""
LONGEST_LINE = 1000
"""Characters of a line beside the path of the file."""
RAW, EDITED = b"\0", b"\1"
"""First byte of an input: the file follows as it is; or a tape that changes a whole file."""


class Hang(BaseException):
    """A reader takes too long; no `Exception`, for nothing may catch it."""


@dataclass
class Found:
    """What came of a hunt."""

    inputs: int = 0
    seconds: float = 0.0
    taken: int = 0
    refused: int = 0
    guided: bool = False
    coverage: int | None = None
    findings: list[str] = field(default_factory=list)


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """`Hang` inside when the processor has worked for too long; other work of the machine does not count."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LONGEST)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def misworded(error: ColanetError, path: Path) -> str | None:
    """What is wrong with a message; None if it is as it should be."""
    text = str(error).replace(str(path), "FILE")
    lines = text.splitlines()
    expected = len(cut_short(error.problems, 0, "problems")) if isinstance(error, ConfigError) else 1
    if not text.strip() or not all(line.strip() for line in lines):
        return "an empty line"
    if len(lines) != expected:
        return f"{len(lines)} lines, expected {expected}"
    if "Traceback" in text:
        return "a traceback"
    if not all(sign.isprintable() for line in lines for sign in line):
        return "a character that is not printable"
    if max(map(len, lines)) > LONGEST_LINE:
        return f"a line of {max(map(len, lines))} characters"
    return None


class Hunt:
    """Readers of one kind of files, and what was found so far.

    Parameters
    ----------
    name : str
        The kind.
    folder : Path
        To work in.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.kind, self.folder = name, KINDS[name], folder
        self.path = folder / ("file" + self.kind.suffix)
        self.seeds = self.kind.seeds(folder)
        self.found = Found()
        self.known: set[str] = set()
        self.kept = folder / "findings"
        self.kept.mkdir(exist_ok=True)

    def content(self, data: bytes) -> bytes:
        """The file that an input stands for."""
        if not data or data[0] % 2 == 0:
            return data[1:]
        tape = Tape(data[1:])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that fit into no other type
            return self.kind.edit(tape.pick(self.seeds), tape, self.folder)

    def take(self, data: bytes) -> list[str]:
        """Read what an input stands for; new findings."""
        self.path.write_bytes(self.content(data))
        self.found.inputs += 1
        new = []
        for number, _ in enumerate(self.kind.readers):
            said = self.judged(number)
            if said and said not in self.known:
                self.known.add(said)
                self.found.findings.append(said)
                new.append(said)
                kept = self.kept / f"{self.name}-{hashlib.sha256(said.encode()).hexdigest()[:8]}{self.kind.suffix}"
                kept.write_bytes(self.path.read_bytes())
        return new

    def judged(self, number: int) -> str | None:
        """What is wrong with how a reader takes the file; None if nothing is."""
        try:
            with limited(), warnings.catch_warnings():
                warnings.simplefilter("error")
                for allowed in (ConfigWarning, DataWarning):
                    warnings.simplefilter("ignore", allowed)
                self.kind.readers[number](self.path)
        except ColanetError as error:
            self.found.refused += 1
            wrong = misworded(error, self.path)
            return wrong and f"{type(error).__name__} with {wrong}, raised in {_place(error)}"
        except (Exception, Hang) as error:
            said = " ".join(str(error).split())[:200]
            return f"{type(error).__name__} in {_place(error)}: {said}"
        self.found.taken += 1
        return None

    def inputs(self, chance: random.Random) -> Iterator[bytes]:
        """Inputs without end: the seeds, then files spoiled and tapes drawn."""
        yield from (RAW + seed for seed in self.seeds)
        while True:
            if chance.random() < 0.5:
                yield RAW + spoiled(chance.choice(self.seeds), chance.choice(self.seeds), chance)
            else:
                yield EDITED + chance.randbytes(chance.choice((8, 20, 60)))


def _place(error: BaseException) -> str:
    """File and function of colanet that an error comes from, without the line, which changes."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "colanet/" in one.filename]
    ours = [one for one in frames if "/tests/" not in one.filename] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].name}" if ours else "a test"


def hunt(
    name: str, folder: Path, *, inputs: int | None = None, seconds: float | None = None, seed: int = 0
) -> Found:
    """Draw files at random until so many were read, or for so many seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    one, chance = Hunt(name, folder), random.Random(f"{name} {seed}")
    began = time.monotonic()
    for number, data in enumerate(one.inputs(chance)):
        if inputs is not None and number >= inputs:
            break
        if seconds is not None and time.monotonic() - began >= seconds:
            break
        one.take(data)
    one.found.seconds = time.monotonic() - began
    return one.found


__all__ = ["EDITED", "RAW", "Found", "Hang", "Hunt", "Kind", "hunt"]
