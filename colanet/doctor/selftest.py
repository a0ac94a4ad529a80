"""A small network that every engine must run to the same known digest."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet import config
from colanet.encoding.arrays import present_arrays
from colanet.errors import BackendUnavailable, one_line
from colanet.session import Session

NETWORK = Path(__file__).with_name("network.yaml")
ENGINES = ("reference", "numba", "cupy")
NEEDED = ("reference", "numba")
"""Engines that every installation has."""
DIGEST = "1297709b546f25b8c7f8686cda4ec88bfa7fcc4d08e0e8035c57dbe7419699e9"
"""Of the network after its images; all engines, versions and machines give the same."""
N_TRAIN, N_TEST, CLASSES = 6, 3, 3


@dataclass(frozen=True)
class Trial:
    """How the self-test of an engine ended.

    Attributes
    ----------
    engine : str
    digest : str or None
        None: the engine is not there.
    seconds : float
        Compilation included.
    reason : str
        Why the engine is not there, or what it failed with.
    failed : bool
        Whether it is there and does not run.
    """

    engine: str
    digest: str | None
    seconds: float
    reason: str = ""
    failed: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the engine runs and gives the known bits."""
        return self.digest == DIGEST

    @property
    def is_fault(self) -> bool:
        """Whether the engine gives other bits, or should be there and is not."""
        return not self.is_right and (self.digest is not None or self.failed or self.engine in NEEDED)


def try_engine(engine: str) -> Trial:
    """Run the network of the self-test on an engine."""
    began = time.perf_counter()
    images, labels = _images()
    network = config.load(NETWORK)
    shown = present_arrays(network.inputs, images, labels, N_TRAIN, seed=0)
    try:
        digest = Session(network, engine=engine, seed=0, threads=1, presentation=shown).run().digest
    except BackendUnavailable as error:
        return Trial(engine, None, time.perf_counter() - began, str(error))
    except Exception as error:  # whatever a driver or a library raises belongs into a bug report
        return Trial(engine, None, time.perf_counter() - began, one_line(error), failed=True)
    return Trial(engine, digest, time.perf_counter() - began)


def _images() -> tuple[np.ndarray, np.ndarray]:
    """Intensities uint8 of shape (n, 64) and labels: every class lights another part of the nodes."""
    labels = np.arange(N_TRAIN + N_TEST) % CLASSES
    image, node = np.indices((len(labels), 64))
    values = (image * image * 7 + node * node * 13 + image * node * 5) % 256
    return np.where(node % CLASSES == labels[:, None], values, values // 8).astype(np.uint8), labels
