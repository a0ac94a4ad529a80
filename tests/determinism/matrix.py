"""The ways of running a network, and the digest of what comes out of each."""

from __future__ import annotations

import hashlib
import itertools
import json
import platform
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import colanet
from colanet.session import CHUNK_STEPS, Recording, Session
from tests.engine import engines
from tests.shipped import CONFIGS

STORED = Path(__file__).with_name("digests.json")
PUBLISHED = Path(__file__).parents[1] / "plan" / "published.nnc"


class Case(NamedTuple):
    """A network and how much of it is run."""

    path: Path
    options: dict[str, Any]
    steps: int | None


CASES = {
    "published": Case(PUBLISHED, {"train": 12, "test": 4, "copies": 2}, None),
    "recurrent": Case(CONFIGS / "recurrent.yaml", {"copies": 2}, 100),
    "mnist_features": Case(CONFIGS / "mnist_features.yaml", {"train": 6, "test": 2, "copies": 2}, None),
}
"""CoLaNET on MNIST with constants that do not change, a recurrent network, and one with features."""


class Way(NamedTuple):
    """A way of running.

    Attributes
    ----------
    engine : str
    threads : int
    chunk : int
        Steps of a chunk.
    recording : bool
        Whether the spikes of all populations and inputs are recorded.
    resumed : bool
        Whether the run is cut, and continued by another session from its checkpoint.
    """

    engine: str
    threads: int
    chunk: int
    recording: bool
    resumed: bool


def ways(names: tuple[str, ...] = engines.NAMES, chunks: tuple[int, ...] = (7, 100, CHUNK_STEPS)) -> Iterator[Way]:
    """All ways on the engines that are there; only numba has threads."""
    for engine in names:
        if engines.missing(engine) is None:
            threads = (1, 2) if engine == "numba" else (1,)
            both = (False, True)
            yield from itertools.starmap(Way, itertools.product((engine,), threads, chunks, both, both))


def digest_of(case: Case, way: Way, folder: Path) -> str:
    """Digest of the final state, votes, spike counts and synaptic events."""

    def begun() -> Session:
        made = engines.engine_class(way.engine, "determinism")
        return Session(
            colanet.load(case.path), base_dir=CONFIGS, seed=3, threads=way.threads, chunk_steps=way.chunk,
            engine=lambda plan, threads: made(plan, threads), recording=Recording() if way.recording else None,
            **case.options,
        )  # fmt: skip

    one = begun()
    stop = case.steps or one.default_stop
    if way.resumed:
        one.run(stop // 3 + 1)
        one.checkpoint(folder / "checkpoint.h5")
        one = begun()
        one.resume(folder / "checkpoint.h5")
    state = one.run(stop).digest
    return combined(state, one.tally.votes, one.tally.spikes, one.tally.events)


def combined(state: str, *counts: Any) -> str:
    """Digest of a digest and of arrays of whole numbers."""
    found = hashlib.sha256(state.encode())
    for array in counts:
        found.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return found.hexdigest()


def table(names: tuple[str, ...] = engines.NAMES) -> dict[str, dict[str, Any]]:
    """Of every case: ways and digests of every engine."""
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for (name, case), way in itertools.product(CASES.items(), list(ways(names))):
            cells = found.setdefault(name, {}).setdefault("cells", [])
            cells.append([*way, digest_of(case, way, Path(folder))])
    return found


def versions() -> dict[str, str]:
    """What the digests must not depend on."""
    machine = {"python": platform.python_version(), "machine": platform.machine()}
    return machine | {name: version(name) for name in ("numpy", "numba")}


def stored() -> dict[str, str]:
    """The digest of every case."""
    return json.loads(STORED.read_text(encoding="utf-8"))
