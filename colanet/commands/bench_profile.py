"""`colanet bench --profile`: where the CPU time of training and testing goes, part by part.

The kernels count the processor's cycles of their parts (`colanet.engine.cpu.clock`). Such kernels are others than
those of a run, so the command starts itself anew for them.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import median

import numpy as np

from colanet.compiled import PROFILE_VARIABLE
from colanet.errors import ConfigError
from colanet.session import Session

ENCODING = "encoding and laying out, an image"
MACHINES = ("x86_64", "amd64")

def in_profiling_process(arguments: Sequence[str]) -> int:
    """Run the command again with kernels that count; its exit status.

    Raises
    ------
    ConfigError
        On processors whose cycles cannot be counted.
    """
    if platform.machine().lower() not in MACHINES:
        raise ConfigError(f"--profile counts the cycles of x86 processors, not of {platform.machine()}")
    environment = {**os.environ, PROFILE_VARIABLE: "1"}
    return subprocess.run([sys.executable, "-m", "colanet", "bench", *arguments], env=environment).returncode


def profiled(sessions: Sequence[Session]) -> dict[str, dict[str, float]]:
    """Microseconds of CPU time an image and copy of each part, of training and test; medians over sessions."""
    rounds = [_one(session) for session in sessions]
    return {
        part: {name: median(found[part][name] for found in rounds) for name in rounds[0][part]}
        for part in ("training", "test")
    }


def _one(session: Session) -> dict[str, dict[str, float]]:
    from colanet.engine.cpu.clock import PARTS

    assert session.votes is not None
    p, period, copies, engine = session.presentation, session.votes.period, session.plan.copies, session.engine
    cut, stop = p.n_train * period, (p.n_train + p.n_test) * period
    result: dict[str, dict[str, float]] = {}
    for part, first, last in (("training", 0, cut), ("test", cut, stop)):
        cycles, encoding, running = np.zeros(len(PARTS)), 0.0, 0.0
        for start in range(first, last, session.chunk_steps):
            end = min(start + session.chunk_steps, last)
            begun = time.process_time()
            inputs = engine.encode(p.sources, 0, start, end)
            encoded = time.process_time()
            engine.run(inputs, start, end, freeze=cut, votes=session.votes)
            running += time.process_time() - encoded
            encoding += encoded - begun
            cycles += sum(runner.scratch.clock[:-1] for runner in engine.runners)  # type: ignore[attr-defined]
        images = (last - first) / period
        parts = 1e6 * running / images / copies * cycles / max(cycles.sum(), 1)
        result[part] = dict(zip(PARTS, parts.tolist(), strict=True)) | {ENCODING: 1e6 * encoding / images}
    return result


def report(result: dict[str, dict[str, float]]) -> str:
    """The profile for people: microseconds of CPU time an image and copy."""
    training, test = result["training"], result["test"]
    width = max(map(len, training))
    lines = [f"{'us of CPU time an image and copy':{width}s}  training    test"]
    lines += [f"{name:{width}s} {training[name]:9.2f} {test[name]:7.2f}" for name in training]
    return "\n".join(lines)
