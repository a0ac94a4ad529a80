"""The three commands that run for long, small enough to be killed often, and how to look at what they left."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from colanet.continual.results import load_outcome
from colanet.spool import FILE
from colanet.storage import read_h5

ROOT = Path(__file__).parents[2]
MNIST = str(ROOT / "configs" / "mnist.yaml")
TASKS = {"dataset": "mnist", "repeat": 2, "permutation": 5, "train": 600, "test": 100}
EXPERIMENT = {
    "name": "faults",
    "network": MNIST,
    "set": {"population.L.size": 30},
    "copies": 1,
    "seeds": [0, 1],
    "tasks": [TASKS],
}
STUDY = {
    "name": "faults",
    "experiment": {**EXPERIMENT, "seeds": [0], "tasks": [{**TASKS, "train": 150, "test": 50}]},
    "permutation": 5000,
    "change": {"validation": 50},
    "seeds": [3],
    "sampler": {"kind": "tpe", "startup": 4},
    "generation": 4,
    "generations": 4,
    "parameters": {"population.L.hebbian_rate": {"low": -0.3, "high": -0.02}},
}


@dataclass(frozen=True)
class Work:
    """A command that can be interrupted.

    Attributes
    ----------
    name : str
    words : callable
        Words of the command line for a folder to work in; it writes to `out` inside.
    outcome : callable
        What must not depend on interruptions, of such a folder.
    finished : str
        A file of `out` that is there only at the end.
    """

    name: str
    words: Callable[[Path], list[str]]
    outcome: Callable[[Path], Any]
    finished: str

    def start(self, folder: Path, *more: str) -> subprocess.Popen:
        """Begin, or go on with ``--resume``."""
        words = [sys.executable, "-m", "colanet", *self.words(folder), *more]
        return subprocess.Popen(
            words, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip


def environment() -> dict[str, str]:
    """Of a child process: this very colanet, wherever it works."""
    return os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}


def call(words: list[str], folder: Path) -> subprocess.CompletedProcess:
    """Run a command of colanet to its end."""
    words = [sys.executable, "-m", "colanet", *words]
    return subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=False)


# ---------------------------------------------------------------- the commands


def run_words(folder: Path) -> list[str]:
    """Training and testing with all spikes recorded, a checkpoint every 200 images."""
    return [
        "run", MNIST, "--copies", "2", "--threads", "2", "--train", "3000", "--test", "500", "--quiet",
        "--out", "out", "--checkpoint", "3000", "--record", "text", "--record-sections", "R,L,OUT",
    ]  # fmt: skip


def run_outcome(folder: Path) -> Any:
    """Votes, spike counts and result but for times; every byte of the recordings."""
    arrays, attributes = read_h5(folder / "out" / "results.h5")
    result = json.loads(attributes["result"])
    kept = {key: value for key, value in result.items() if "second" not in key}
    sums = {path.name: digest_of(path) for path in sorted((folder / "out").glob("spikes.*"))}
    return kept, {key: value.tolist() for key, value in arrays.items() if key in ("votes", "spike_counts")}, sums


def continual_words(folder: Path) -> list[str]:
    """Two seeds of two tasks, a checkpoint every 100 images."""
    (folder / "faults.yaml").write_text(yaml.safe_dump(EXPERIMENT))
    return ["continual", "faults.yaml", "--out", "out", "--checkpoint", "100", "--threads", "1", "--quiet"]


def continual_outcome(folder: Path) -> Any:
    """Accuracies, confusions, fields and digests of both runs, and the table."""
    arrays = ("matrix", "confusion", "running", "fields", "boundaries")
    found = []
    for path in sorted((folder / "out").glob("*_seed?.h5")):
        one, _ = load_outcome(path)
        found.append([one.digest, *(digest_of(np.asarray(getattr(one, name)).tobytes()) for name in arrays)])
    return found, (folder / "out" / "faults.csv").read_text()


def search_words(folder: Path) -> list[str]:
    """Sixteen trials in four generations."""
    study = {**STUDY, "experiment": "experiment.yaml"}
    (folder / "experiment.yaml").write_text(yaml.safe_dump(STUDY["experiment"]))
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    return ["search", "study.yaml", "--out", "out", "--quiet"]


def search_outcome(folder: Path) -> Any:
    """The table of trials but for their times."""
    with open(folder / "out" / "trials.csv", encoding="utf-8") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


WORKS = {
    work.name: work
    for work in (
        Work("run", run_words, run_outcome, "results.h5"),
        Work("continual", continual_words, continual_outcome, "faults.csv"),
        Work("search", search_words, search_outcome, "trials.csv"),
    )
}


# ------------------------------------------------------------------- look at it


def digest_of(what: Path | bytes) -> str:
    """SHA-256 of a file or of bytes."""
    return hashlib.sha256(what if isinstance(what, bytes) else what.read_bytes()).hexdigest()


def refusal(status: int, errors: str) -> str | None:
    """What is wrong with how a command gave up; None if it is one plain line and status 2."""
    lines = [line for line in errors.strip().splitlines() if not line.startswith("warning: ")]
    if status != 2:
        return f"exit status {status}: {' | '.join(lines)[-300:]}"
    if len(lines) != 1 or "Traceback" in errors:
        return f"{len(lines)} lines: {' | '.join(lines)[-300:]}"
    return None


def unreadable(folder: Path) -> list[str]:
    """Files of a name that promises a whole file, and that are not."""
    bad = []
    for path in sorted(folder.rglob("*.h5")):
        if path.name.startswith("."):
            continue
        try:
            read_h5(path)
        except Exception as error:  # whatever it is, it is reported
            bad.append(f"{path.name}: {error}")
    return bad


def leftovers(folder: Path) -> list[str]:
    """Temporary files, and recorded spikes without the checkpoint that they belong to; locks may stay."""
    hidden = [path.name for path in folder.rglob(".*") if path.is_file() and not path.name.endswith(".lock")]
    spools = [path for path in folder.rglob(FILE) if not path.with_name("checkpoint.h5").exists()]
    return hidden + [path.name for path in spools]
