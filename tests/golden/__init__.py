"""The digest of a short run of every shipped configuration: a change of results is never an accident.

`python -m tests.golden` renews `digests.json`; a commit that does so says why the results changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import colanet
from colanet.plan import Plan
from colanet.session import Session
from tests.shipped import CONFIGS, NAMES, ROOT, base_of

__all__ = ["NAMES", "digest_of", "needs_emnist", "short_digest", "stored"]

STORED = Path(__file__).with_name("digests.json")
STORED_SHORT = Path(__file__).with_name("short.json")
"""Of runs so short that every engine can make them."""
EMNIST = ROOT.parent / "shared" / "data"
"""EMNIST does not ship with the package."""
STEPS, SHORT, PICTURES = 2000, 80, 100


def needs_emnist(name: str) -> bool:
    """Whether a configuration's data may be missing."""
    return "letters" in (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").partition("populations:")[0]


def digest_of(name: str, folder: Path, engine: str = "numba") -> str:
    """Digest of the state after a short run with two copies.

    Parameters
    ----------
    name : str
        Of the configuration; its two forms are the same network (`tests/config/test_check.py`).
    folder : Path
        Made-up pictures are written here, for the configuration that asks for them.
    engine : str
    """
    network = colanet.load(CONFIGS / f"{name}.yaml")
    base, data = base_of(network, folder, PICTURES), EMNIST if needs_emnist(name) else None
    if network.readout is not None:
        session = Session(network, base_dir=base, copies=2, train=300, test=100, engine=engine, data_dir=data)
        return session.run().digest
    session = Session(network, base_dir=base, copies=2, engine=engine)
    return session.run(min(STEPS, session.default_stop)).digest


def short_digest(name: str, folder: Path, make: Callable[[Plan], Any]) -> str:
    """Digest after a very short run of one copy, long enough for labels and for learning, on a given engine.

    Parameters
    ----------
    name : str
    folder : Path
    make : callable
        Makes the engine of a plan.
    """
    network = colanet.load(CONFIGS / f"{name}.yaml")
    base, data = base_of(network, folder, PICTURES), EMNIST if needs_emnist(name) else None
    few = {"train": 3, "test": 1} if network.readout is not None else {}
    session = Session(network, base_dir=base, copies=1, data_dir=data, engine="numba", **few)
    session.engine = make(session.plan)
    return session.run(min(SHORT, session.default_stop)).digest


def stored(file: Path = STORED) -> dict[str, str]:
    """Digests by name."""
    return json.loads(file.read_text(encoding="utf-8"))
