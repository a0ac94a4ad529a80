"""SIGKILL at random moments and in the middle of file work; then the run goes on to the undisturbed outcome."""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.work import Work, leftovers, refusal, unreadable

POLL_SECONDS = 0.0005


@dataclass
class Kills:
    """What came of killing one command.

    Attributes
    ----------
    kills, in_file_work : int
        Processes killed; those killed while a temporary file was there.
    runs : int
        Runs brought to their end afterwards.
    problems : list of str
    """

    kills: int = 0
    in_file_work: int = 0
    runs: int = 0
    problems: list[str] = field(default_factory=list)


def undisturbed(work: Work, folder: Path) -> tuple[Any, float]:
    """The outcome of a run that nobody kills, and its wall time in seconds."""
    folder.mkdir(parents=True)
    began = time.monotonic()
    child = work.start(folder)
    _, errors = child.communicate()
    if child.returncode:
        raise RuntimeError(f"{work.name} does not run: {errors}")
    return work.outcome(folder), time.monotonic() - began


def kill(work: Work, folder: Path, number: int, seed: int = 0) -> Kills:
    """Kill a command `number` times, every run as often as it takes to finish, and compare each outcome."""
    rng = random.Random(f"{work.name} {seed}")
    found = Kills()
    wanted, seconds = undisturbed(work, folder / "whole")
    span = seconds / 2
    while found.kills < number:
        place = folder / f"run{found.runs}"
        place.mkdir()
        before = found.kills
        _one_run(work, place, number, rng, span, found)
        # A run that ended too early to be killed: the machine is faster than it was.
        span = span if found.kills > before else span / 2
        if work.outcome(place) != wanted:
            found.problems.append(f"{place.name}: another outcome than undisturbed")
        found.problems += [f"{place.name}: left {name}" for name in leftovers(place / "out")]
        found.runs += 1
        shutil.rmtree(place)
    return found


def _one_run(work: Work, place: Path, number: int, rng: random.Random, span: float, found: Kills) -> None:
    """Kill and go on until the command ends by itself."""
    more: tuple[str, ...] = ()
    while True:
        child = work.start(place, *more)
        if found.kills < number:
            _kill_somewhere(child, place, rng, span, found)
        _, errors = child.communicate()
        if child.returncode == 0:
            return
        if child.returncode != -9:
            found.problems.append(f"{place.name}: {refusal(child.returncode, errors) or errors.strip()}")
            return
        found.problems += [f"{place.name}: half a file, {text}" for text in unreadable(place / "out")]
        more = ("--resume",)


def _kill_somewhere(child: subprocess.Popen, place: Path, rng: random.Random, span: float, found: Kills) -> None:
    """Half of the kills come at a random moment, half when a temporary file is seen.

    The moment is counted from the first change that the process makes in its folder; before lies the interpreter's
    start, in which every tenth kill falls.
    """
    before, hidden = _seen(place), set(leftovers(place / "out"))
    in_file_work, in_start = rng.random() < 0.5, rng.random() < 0.1
    # Runs that go on have less to do.
    moment = rng.uniform(0, span / 2)
    began: float | None = time.monotonic() if in_start else None
    while child.poll() is None:
        busy = bool(set(leftovers(place / "out")) - hidden)
        if began is None and _seen(place) != before:
            began = time.monotonic()
        passed = -1.0 if began is None else time.monotonic() - began
        if passed > moment and (busy or not in_file_work or passed > moment + span):
            # The pipes are still open: nobody reads them, and nobody needs to.
            child.kill()
            child.wait()
            found.kills += child.returncode == -9
            found.in_file_work += child.returncode == -9 and busy
            return
        time.sleep(POLL_SECONDS)


def _seen(place: Path) -> set[tuple[str, int]]:
    """Names and times of the files of a run."""
    found = set()
    for path in (place / "out").glob("*"):
        with contextlib.suppress(OSError):
            found.add((path.name, path.stat().st_mtime_ns))
    return found
