"""One bit of a file is flipped; what reads it must refuse it in one line, or read exactly what was written."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import random
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import colanet
from colanet import config
from colanet.associative import fields
from colanet.cli import main
from colanet.config.overrides import override_all
from colanet.continual.results import load_outcome
from colanet.datasets.idx import IMAGES, idx_bytes, read_idx
from colanet.errors import ColanetError
from colanet.session import Session
from colanet.storage import read_h5
from tests.faults import work

SIZE = {"population.L.size": "20"}


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes
    ----------
    make : callable
        Writes one into a folder; its path.
    read : callable
        What a program gets from it, as something that can be compared.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]


@dataclass
class Flips:
    """What came of the flipped bits of one kind of file."""

    flips: int = 0
    refused: int = 0
    harmless: int = 0
    size: int = 0
    problems: list[str] = field(default_factory=list)


def session(**options: Any) -> Session:
    """A small network on MNIST, always the same one."""
    network = override_all(config.load(work.MNIST), SIZE)
    return Session(network, copies=1, train=40, test=20, threads=1, **options)


def _plain(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {key: (str(value.dtype), value.shape, value.tobytes()) for key, value in arrays.items()}


def make_state(folder: Path) -> Path:
    """A saved network."""
    one = session()
    one.run(600)
    one.save(folder / "state.h5")
    return folder / "state.h5"


def read_state(path: Path) -> Any:
    """The network that goes on from it."""
    one = session()
    one.load(path)
    return one.origin, _plain(one.state())


def make_checkpoint(folder: Path) -> Path:
    """A run on its way."""
    one = session()
    one.run(600)
    one.checkpoint(folder / "checkpoint.h5")
    return folder / "checkpoint.h5"


def read_checkpoint(path: Path) -> Any:
    """The run that goes on from it."""
    one = session()
    one.resume(path)
    tally = one.tally
    counts = [tally.votes.tolist(), tally.spikes.tolist(), tally.events, tally.seconds]
    return one.origin, one.step, counts, _plain(one.state())


def make_results(folder: Path) -> Path:
    """Results of a run."""
    one = session()
    one.write_results(folder / "results.h5", one.run())
    return folder / "results.h5"


def read_results(path: Path) -> Any:
    """Everything in it."""
    arrays, attributes = read_h5(path)
    return {k: str(v.tolist()) for k, v in arrays.items()}, {k: str(v) for k, v in attributes.items()}


def _continual(folder: Path) -> None:
    done = work.call([*work.continual_words(folder), "--train", "200", "--seeds", "0"], folder)
    if done.returncode:
        raise RuntimeError(done.stderr)


def make_outcome(folder: Path) -> Path:
    """The result of one run of an experiment."""
    _continual(folder)
    return next((folder / "out").glob("*_seed0.h5"))


def read_outcome(path: Path) -> Any:
    """Everything in it."""
    outcome, of = load_outcome(path)
    values = vars(outcome)
    return of, {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in values.items()}


def make_journal(folder: Path) -> Path:
    """The journal of a search that is finished."""
    done = work.call([*work.search_words(folder), "--generations", "1"], folder)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return folder / "out" / "journal.log"


def read_journal(path: Path) -> Any:
    """The trials that the search goes on from; a trial that got lost is evaluated again."""
    words = ["search", str(path.parents[1] / "study.yaml"), "--out", str(path.parent), "--generations", "1"]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            main([*words, "--resume", "--quiet"])
        except SystemExit as end:
            if end.code:
                raise ColanetError(said.getvalue().strip()) from None
    return work.search_outcome(path.parents[1])


def make_archive(folder: Path) -> Path:
    """Receptive fields for associative memories."""
    rng = np.random.default_rng(0)
    np.savez(folder / "fields.npz", weights=rng.normal(size=(64, 6)), columns=np.arange(6))
    return folder / "fields.npz"


def read_archive(path: Path) -> Any:
    """Fields and columns."""
    weights, columns = fields.read(path)
    return _plain({"weights": np.asarray(weights), "columns": np.asarray(columns)})


def make_packed_images(folder: Path) -> Path:
    """Images in a gzipped IDX file."""
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28)).astype(np.uint8)
    path = folder / "images.gz"
    path.write_bytes(gzip.compress(idx_bytes(images), mtime=0))
    return path


def read_packed_images(path: Path) -> Any:
    """The images."""
    return read_idx(path, IMAGES).tobytes()


KINDS = {
    "saved state": Kind(make_state, read_state),
    "checkpoint of run": Kind(make_checkpoint, read_checkpoint),
    "results of run": Kind(make_results, read_results),
    "outcome of continual": Kind(make_outcome, read_outcome),
    "journal of search": Kind(make_journal, read_journal),
    "archive of fields": Kind(make_archive, read_archive),
    "gzipped IDX file": Kind(make_packed_images, read_packed_images),
}


def flip(name: str, folder: Path, number: int, seed: int = 0) -> Flips:
    """Flip `number` bits of a file, one at a time, each read in this process."""
    kind, rng = KINDS[name], random.Random(f"{name} {seed}")
    folder.mkdir(parents=True, exist_ok=True)
    path = kind.make(folder)
    content, wanted = path.read_bytes(), kind.read(path)
    found = Flips(size=len(content))
    for place in rng.sample(range(8 * len(content)), min(number, 8 * len(content))):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(changed)
        found.flips += 1
        print(f"bit {place}", flush=True, file=sys.stderr)
        try:
            same = kind.read(path) == wanted
        except ColanetError as error:
            found.refused += 1
            if len(str(error).splitlines()) != 1:
                found.problems.append(f"bit {place}: {len(str(error).splitlines())} lines, {error}")
        except Exception as error:
            found.problems.append(f"bit {place}: {type(error).__name__} {error}"[:300])
        else:
            found.harmless += same
            if not same:
                found.problems.append(f"bit {place}: taken, and another content")
    path.write_bytes(content)
    return found


def flip_apart(name: str, folder: Path, number: int, seed: int = 0) -> Flips:
    """`flip` in a process of its own, so that a crash of it is a finding and not an end."""
    words = [sys.executable, "-m", "tests.faults.flips", name, str(folder), str(number), str(seed)]
    done = subprocess.run(words, cwd=work.ROOT, env=work.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["nothing said"]
        return Flips(problems=[f"the process ended with status {done.returncode}, {last[0]}"])
    return Flips(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(colanet.__version__, file=sys.stderr)
    print(json.dumps(vars(flip(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))))
    shutil.rmtree(sys.argv[2])
