"""The one place for timing: fresh processes, taking turns, medians, fits, and what they were measured on."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from colanet.atomic import write_text
from colanet.continual.results import versions
from colanet.errors import ColanetError
from colanet.locks import make_folder

ROOT = Path(__file__).resolve().parents[2]
JOBS = Path(__file__).parent / "jobs"
RESULTS = ROOT / "experiments" / "results" / "benchmarks"
ONE_THREAD = {name: "1" for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}

Result = dict[str, Any]


def process(words: Sequence[str], checkout: Path = ROOT, environment: Mapping[str, str] | None = None) -> Result:
    """Run a command in a fresh process that imports colanet from `checkout`.

    Returns
    -------
    dict
        ``output``, and ``total_seconds``: CPU seconds of the process and of all that it started.

    Raises
    ------
    ColanetError
        If it fails; with the last line of its standard error.
    """
    full = os.environ | ONE_THREAD | {"PYTHONPATH": str(checkout)} | dict(environment or {})
    before = _of_children()
    done = subprocess.run(words, cwd=checkout, env=full, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["nothing on standard error"])[-1]
        raise ColanetError(f"{' '.join(words[1:3])}: exit status {done.returncode}: {last}")
    return {"output": done.stdout, "total_seconds": _of_children() - before}


def job(
    script: str, request: Mapping[str, Any], checkout: Path = ROOT, environment: Mapping[str, str] | None = None
) -> Result:
    """Run a script of `jobs`: its request is one JSON object, its answer the last line that it prints."""
    done = process([sys.executable, str(JOBS / f"{script}.py"), json.dumps(request)], checkout, environment)
    answer: Result = json.loads(done["output"].splitlines()[-1])
    return answer | {"total_seconds": done["total_seconds"]}


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def in_turns(jobs: Mapping[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """Every job once a round, in an order that turns round each time: what slows the machine slows all of them."""
    found: dict[str, list[Result]] = {name: [] for name in jobs}
    for number in range(rounds):
        for name in list(jobs) if number % 2 == 0 else reversed(list(jobs)):
            say(f"round {number + 1} of {rounds}: {name}")
            found[name].append(jobs[name]())
    return found


def middle(results: Sequence[Result], key: str) -> float:
    """Median of one figure."""
    return float(median(result[key] for result in results))


def lowest(results: Sequence[Result], key: str) -> float:
    """Smallest of one figure: what the machine can do when nothing else runs on it."""
    return float(min(result[key] for result in results))


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """The exponent p of y ~ x^p, by least squares of the logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def say(text: str) -> None:
    """Progress, on standard error."""
    print(text, file=sys.stderr, flush=True)


def store(name: str, words: Sequence[str], found: Result, folder: Path, packages: Sequence[str] = ()) -> Result:
    """Write a result with its command, versions and processor to ``folder/NAME.json``, and give it back."""
    known = versions() | {package: metadata.version(package) for package in packages}
    whole = {"command": " ".join(["python -m experiments.benchmarks", *words]), "versions": known, **found}
    make_folder(folder)
    write_text(folder / f"{name}.json", json.dumps(whole, indent=1) + "\n")
    return whole
