"""Runs on a file system that is too small for what they write."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import work

SMALLEST, LARGEST = 8 << 10, 4 << 20
"""Bytes of the file systems."""


@dataclass
class Disks:
    """What came of full disks.

    Attributes
    ----------
    disks, commands : int
        File systems made; commands run on them.
    full, enough : int
        Commands that found no room, and those that did.
    continued : int
        Runs that went on from their older checkpoint when there was room again, to the undisturbed outcome.
    problems : list of str
    """

    disks: int = 0
    commands: int = 0
    full: int = 0
    enough: int = 0
    continued: int = 0
    problems: list[str] = field(default_factory=list)


def can_mount(folder: Path) -> bool:
    """Whether this process may make a small file system."""
    try:
        with small_disk(folder / "try", SMALLEST):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextlib.contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A file system in memory of so many bytes, in pages of 4 KiB."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def resize(place: Path, size: int) -> None:
    """Give a small disk another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True, capture_output=True)


def sizes(number: int) -> list[int]:
    """So many sizes, evenly spread on a logarithmic scale."""
    step = math.log(LARGEST / SMALLEST) / max(number - 1, 1)
    return [round(SMALLEST * math.exp(i * step)) & ~4095 for i in range(number)]


def commands(disk: Path) -> dict[str, list[str]]:
    """What writes, each in another way."""
    short = ["run", work.MNIST, "--copies", "2", "--train", "1500", "--test", "100", "--quiet", "--threads", "1"]
    out = ["--out", str(disk / "out")]
    record = ["--record-sections", "R,L", "--record"]
    # Their input files lie beside the disk.
    experiment, search = work.continual_words(disk.parent)[:2], work.search_words(disk.parent)[:2]
    return {
        "results": [*short, *out],
        "checkpoints": [*short, *out, "--checkpoint", "1500"],
        "text recordings": [*short, *out, *record, "text"],
        "lists of spikes": [*short, *out, *record, "list"],
        "binary recordings": [*short, *out, *record, "binary"],
        "recordings in HDF5": [*short, *out, *record, "hdf5"],
        "a state": [*short, "--save", str(disk / "state.h5")],
        "a picture": [*short, "--fields", str(disk / "fields.png")],
        "a configuration": ["convert", work.MNIST, str(disk / "mnist.nnc")],
        "continual": [*experiment, *out, "--train", "100", "--checkpoint", "50", "--quiet"],
        "search": [*search, *out, "--generations", "1", "--quiet"],
    }


def fill(folder: Path, number: int) -> Disks:
    """Run every command on `number` disks of different sizes, and go on with a run whose disk was full."""
    found = Disks()
    interrupted, wanted = _interrupted(folder)
    for size in sizes(number):
        found.disks += 1
        with small_disk(folder / "disk", size) as disk:
            for name in commands(disk):
                _one(name, disk, size, found)
                for path in disk.iterdir():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        _go_on(folder, interrupted, wanted, size, found)
    return found


def _one(name: str, disk: Path, size: int, found: Disks) -> None:
    """One command on an empty disk."""
    # The smallest disks hold nothing at all, and some commands write little.
    (disk / "filler").write_bytes(bytes(min(4096, size // 2)))
    done = work.call(commands(disk)[name], disk.parent)
    found.commands += 1
    _judge(f"{name} on {size} bytes", done, disk, found)


def _judge(what: str, done: subprocess.CompletedProcess, disk: Path, found: Disks) -> None:
    if done.returncode == 0:
        found.enough += 1
    else:
        found.full += 1
        wrong = work.refusal(done.returncode, done.stderr)
        if wrong is None and os.strerror(28) not in done.stderr:
            wrong = f"does not say why: {done.stderr.strip()}"
        if wrong:
            found.problems.append(f"{what}: {wrong}")
    found.problems += [f"{what}: left {name}" for name in work.leftovers(disk)]
    found.problems += [f"{what}: half a file, {text}" for text in work.unreadable(disk)]


def _interrupted(folder: Path) -> tuple[Path, object]:
    """A folder in which a run was killed after its first checkpoint, and the outcome of a whole run."""
    job = work.WORKS["run"]
    whole, part = folder / "whole", folder / "part"
    for place in (whole, part):
        place.mkdir(parents=True)
    done = work.call(job.words(whole), whole)
    if done.returncode:
        raise RuntimeError(done.stderr)
    child = job.start(part)
    while child.poll() is None and not (part / "out" / "checkpoint.h5").exists():
        pass
    child.kill()
    child.communicate()
    return part, job.outcome(whole)


def _go_on(folder: Path, interrupted: Path, wanted: object, size: int, found: Disks) -> None:
    """Resume on a disk with `size` bytes of room; the checkpoint must outlive it, and room must be all it takes."""
    job = work.WORKS["run"]
    held = sum(-(-path.stat().st_size // 4096) * 4096 for path in interrupted.rglob("*") if path.is_file())
    with small_disk(folder / "disk", held + size + (64 << 10)) as disk:
        shutil.copytree(interrupted, disk, dirs_exist_ok=True)
        done = work.call([*job.words(disk), "--resume"], disk)
        found.commands += 1
        _judge(f"resuming with {size} bytes of room", done, disk, found)
        if done.returncode and not (disk / "out" / "checkpoint.h5").exists():
            found.problems.append(f"resuming with {size} bytes of room: the checkpoint is gone")
        if done.returncode:
            resize(disk, 1 << 30)
            done = work.call([*job.words(disk), "--resume"], disk)
            if done.returncode or job.outcome(disk) != wanted:
                found.problems.append(f"resuming after {size} bytes: {done.stderr.strip() or 'another outcome'}")
            else:
                found.continued += 1
