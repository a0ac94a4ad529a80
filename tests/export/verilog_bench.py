"""Runs an exported Verilog core: in the bench for cocotb on golden vectors, or over a long stream of spikes."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from colanet.export.verilog.players import BENCHES, core_of, with_icarus, with_verilator
from colanet.export.verilog.programs import Program, readback
from colanet.export.verilog.readback import Readback

COCOTB = "COLANET_COCOTB"
"""Environment variable: a Python that has cocotb, where the one that runs the tests has not."""
LIMIT = 600


def need(*tools: str) -> None:
    """Skip where a program is missing."""
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")


def cocotb_python() -> str:
    """A Python that has cocotb; skips where there is none."""
    named = os.environ.get(COCOTB)
    if named:
        return named
    if importlib.util.find_spec("cocotb") is None:
        pytest.skip("cocotb is not installed")
    return sys.executable


def run_bench(core: Path, vectors: Path, seed: int, build: Path) -> subprocess.CompletedProcess:
    """`bench/test_core.py` on a core and golden vectors; its status is 0 if all is equal.

    Parameters
    ----------
    core, vectors : Path
        Folders of the two exports.
    seed : int
        Of random stalls at all ports; 0: none.
    build : Path
        Folder for what is compiled.
    """
    need("iverilog", "vvp")
    words = [cocotb_python(), BENCHES / "test_core.py", core, vectors, "--seed", seed, "--build", build]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=LIMIT, env=environment
    )


@dataclass(frozen=True, eq=False)
class Ran:
    """What `run_long` brings.

    Attributes
    ----------
    answers : ndarray of int64
        Class of each object that ended, -1 for none.
    fired : ndarray of int64, shape (spikes, 2)
        Step of the model and flat neuron, in order.
    regions : dict of str to ndarray of int64
        Entries of every memory at the end.
    read : Readback
        For `colanet.export.verilog.readback.state_of`.
    cycles : int
        Clock cycles of the steps that were not watched.
    """

    answers: np.ndarray
    fired: np.ndarray
    regions: dict[str, np.ndarray]
    read: Readback
    cycles: int


def run_long(core: Path, inputs, start: int, stop: int, freeze: int, out: Path, *, seed=0, player="icarus") -> Ran:
    """A core over a stream of spikes, all of whose spikes, answers and memories come back.

    Parameters
    ----------
    core : Path
        Folder of the export.
    inputs : InputSpikes
        Of the steps start..stop-1 of the model.
    start, stop : int
        `start` is the first step of the core.
    freeze : int
        Plasticity acts below this step.
    out : Path
        Folder for what is compiled and written.
    seed : int
        Of random stalls at all ports; 0: none.
    player : {'icarus', 'verilator'}
        The first starts at once, the second is faster by orders.
    """
    need(*(("iverilog", "vvp") if player == "icarus" else ("verilator", "make", "c++")))
    manifest = core_of(core)
    assert start == manifest["first_step"]
    program = Program(manifest)
    watched = max(stop - manifest["history"], start)
    program.freeze(freeze)
    program.record(True)
    program.mark()
    program.spikes(stretch(manifest, inputs, start, watched))
    program.mark()
    program.watched(stretch(manifest, inputs, watched, stop))
    program.regions()
    got = (with_icarus if player == "icarus" else with_verilator)(core, program, out, seed=seed)
    read = readback(manifest, got, stop, stop - watched, stop - start)
    fired = got.fired + np.array([start, 0])
    return Ran(got.answers, fired, dict(read.regions), read, int(got.marks[1, 0] - got.marks[0, 0]))


def stretch(manifest, inputs, start: int, stop: int):
    """Spikes of every input at the steps start..stop-1, as (ptr, index)."""
    made = []
    for number in range(len(manifest["inputs"])):
        nodes = [inputs.at(number, t) for t in range(start, stop)]
        ptr = np.concatenate([[0], np.cumsum([len(each) for each in nodes])]).astype(np.int64)
        made.append((ptr, np.concatenate([np.zeros(0, dtype=np.int32), *nodes])))
    return made
