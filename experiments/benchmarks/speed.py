"""This checkout beside another one: the same networks in turns, and the ratio of their CPU times."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from colanet.errors import ConfigError
from experiments.benchmarks.recurrent import WARM, write_work
from experiments.benchmarks.timing import ROOT, Result, in_turns, job, middle, process

IMAGES = ("mnist.yaml", "permuted_mnist_45.yaml")
THIS, BASE = "this", "base"


def measure(
    base: Path, copies: int, train: int, test: int, steps: int, rounds: int, compilations: int, data: Path | None
) -> Result:
    """Medians of both checkouts and base / this, a row for each quantity.

    Parameters
    ----------
    base : Path
        The other checkout.
    copies, train, test : int
        Copies and images of the networks that are shown images.
    steps : int
        Of configs/recurrent.yaml.
    rounds : int
    compilations : int
        How often a first run, with an empty cache of kernels, is measured; it may be 0.
    data : Path or None
        Where to look for data sets first.
    """
    if not (base / "colanet" / "__init__.py").exists():
        raise ConfigError(f"{base}: no checkout of colanet, expected a folder with colanet/__init__.py")
    checkouts = {THIS: ROOT, BASE: base.resolve()}
    rows = []
    for name in IMAGES:
        request = {"do": "images", "network": str(ROOT / "configs" / name), "copies": copies, "train": train,
                   "test": test, "data": data and str(data)}  # fmt: skip
        found = in_turns({k: partial(job, "colanet_job", request, path) for k, path in checkouts.items()}, rounds)
        rows += [row(f"{name}, {part}", "us an image and copy", found, part) for part in ("training", "test")]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work.npz"
        write_work(work, ROOT / "configs" / "recurrent.yaml", steps)
        warm = min(WARM, steps // 2)
        request = {"do": "recurrent", "work": str(work), "spikes": f"{folder}/spikes.npy", "warm": warm}
        found = in_turns({k: partial(job, "colanet_job", request, path) for k, path in checkouts.items()}, rounds)
        rows.append(row("recurrent.yaml", "us a step", found, "run_seconds", 1e6 / (steps - warm)))
    found = in_turns({k: partial(_first_run, path, data) for k, path in checkouts.items()}, compilations)
    for word in ("first", "later") if compilations else ():
        rows.append(row(f"small run of mnist.yaml, {word}", "s", found, word))
    return {"copies": copies, "train": train, "test": test, "steps": steps, "rounds": rounds, "rows": rows}


def row(what: str, unit: str, found: Mapping[str, Sequence[Result]], key: str, scale: float = 1.0) -> Result:
    """Medians of one quantity, and how often this checkout is as fast as the other."""
    this, base = (scale * middle(found[name], key) for name in (THIS, BASE))
    return {"what": what, "unit": unit, "base": base, "this": this, "ratio": base / this}


def _first_run(checkout: Path, data: Path | None) -> Result:
    """CPU seconds of a small run with an empty cache of kernels, and of the same run again."""
    words = [sys.executable, "-m", "colanet", "run", str(ROOT / "configs" / "mnist.yaml"), "--train", "300",
             "--test", "100", "--copies", "1", "--quiet", *(("--data", str(data)) if data else ())]  # fmt: skip
    with tempfile.TemporaryDirectory() as cache:
        first, later = (process(words, checkout, {"NUMBA_CACHE_DIR": cache})["total_seconds"] for _ in range(2))
    return {"first": first, "later": later}
