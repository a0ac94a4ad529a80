"""SIGKILL at random moments and in the middle of file work; then the run goes on to the undisturbed outcome."""

from __future__ import annotations

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
    start_up = _seconds_to_work(work, folder / "start")
    while found.kills < number:
        place = folder / f"run{found.runs}"
        place.mkdir()
        _one_run(work, place, number, rng, (start_up, seconds), found)
        if work.outcome(place) != wanted:
            found.problems.append(f"{place.name}: another outcome than undisturbed")
        found.problems += [f"{place.name}: left {name}" for name in leftovers(place / "out")]
        found.runs += 1
        shutil.rmtree(place)
    return found


def _one_run(work: Work, place: Path, number: int, rng: random.Random, times: tuple, found: Kills) -> None:
    """Kill and go on until the command ends by itself."""
    more: tuple[str, ...] = ()
    while True:
        child = work.start(place, *more)
        if found.kills < number:
            _kill_somewhere(child, place, rng, times, found)
        _, errors = child.communicate()
        if child.returncode == 0:
            return
        if child.returncode != -9:
            # A run that was killed before it had written anything begins anew.
            found.problems.append(f"{place.name}: {refusal(child.returncode, errors) or errors.strip()}")
            return
        found.problems += [f"{place.name}: half a file, {text}" for text in unreadable(place / "out")]
        more = ("--resume",)


def _kill_somewhere(child: subprocess.Popen, place: Path, rng: random.Random, times: tuple, found: Kills) -> None:
    """Half of the kills come at a random moment, half when a temporary file is seen."""
    start_up, seconds = times
    began, at_work = time.monotonic(), rng.random() < 0.5
    before = set(leftovers(place / "out"))
    # Early enough that several kills fall on one run, and mostly behind the start of the interpreter.
    moment = rng.uniform(0.7 * start_up, start_up + 0.6 * (seconds - start_up))
    while child.poll() is None:
        busy = at_work and bool(set(leftovers(place / "out")) - before)
        late = time.monotonic() - began > moment
        if late and (not at_work or busy or time.monotonic() - began > seconds):
            # The pipes are still open: nobody reads them, and nobody needs to.
            child.kill()
            child.wait()
            found.kills += child.returncode == -9
            found.in_file_work += child.returncode == -9 and bool(set(leftovers(place / "out")) - before)
            return
        time.sleep(POLL_SECONDS)


def _seconds_to_work(work: Work, folder: Path) -> float:
    """Wall time until the first file is written."""
    folder.mkdir(parents=True)
    began = time.monotonic()
    child = work.start(folder)
    while child.poll() is None and not any((folder / "out").glob("*")):
        time.sleep(0.01)
    seconds = time.monotonic() - began
    child.kill()
    child.communicate()
    return seconds
