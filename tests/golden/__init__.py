"""The digest of a short run of every shipped configuration: a change of results is never an accident.

`python -m tests.golden` renews `digests.json`; a commit that does so says why the results changed.
"""

from __future__ import annotations

import json
from pathlib import Path

import colanet
from colanet.session import Session
from tests.shipped import CONFIGS, NAMES, ROOT, base_of

__all__ = ["NAMES", "digest_of", "needs_emnist", "stored"]

STORED = Path(__file__).with_name("digests.json")
EMNIST = ROOT.parent / "shared" / "data"
"""EMNIST does not ship with the package."""
STEPS, PICTURES = 2000, 100


def needs_emnist(name: str) -> bool:
    """Whether a configuration's data may be missing."""
    return "letters" in (CONFIGS / f"{name}.yaml").read_text(encoding="utf-8").partition("populations:")[0]


def digest_of(name: str, suffix: str, folder: Path, engine: str = "numba") -> str:
    """Digest of the state after a short run with two copies.

    Parameters
    ----------
    name, suffix : str
        Of the configuration.
    folder : Path
        Made-up pictures are written here, for the configuration that asks for them.
    engine : str
    """
    network = colanet.load(CONFIGS / f"{name}{suffix}")
    base, data = base_of(network, folder, PICTURES), EMNIST if needs_emnist(name) else None
    if network.readout is not None:
        session = Session(network, base_dir=base, copies=2, train=300, test=100, engine=engine, data_dir=data)
        return session.run().digest
    session = Session(network, base_dir=base, copies=2, engine=engine)
    return session.run(min(STEPS, session.default_stop)).digest


def stored() -> dict[str, str]:
    """Digests by name."""
    return json.loads(STORED.read_text(encoding="utf-8"))
