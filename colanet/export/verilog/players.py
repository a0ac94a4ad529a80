"""Builds a core with its bench, and plays programs: Icarus Verilog for small networks, Verilator for long runs."""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from colanet.errors import BackendUnavailable, ColanetError
from colanet.export.verilog.programs import Played, Program, played
from colanet.export.verilog.readback import FORMAT, MANIFEST, Manifest

BENCHES = Path(__file__).parent / "bench"
OPTIMISED = "-O3 -march=native"
_WAITING = 4
"""Pieces of a program that may wait for the player."""


def core_of(folder: Path) -> dict[str, Any]:
    """The manifest of an exported core. ColanetError if there is none of this format."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ColanetError(f"{path}: expected the manifest of a core ({error})") from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise ColanetError(f"{path}: format {found!r:.40}, expected {FORMAT}")
    return dict(manifest)


def tool(name: str) -> str:
    """Where a program is. BackendUnavailable where it is not."""
    found = shutil.which(name)
    if found is None:
        raise BackendUnavailable(f"{name} is not installed; on Debian: apt-get install {name}")
    return found


def _call(words: list[str], folder: Path, what: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        error = next((line for line in said if "rror" in line), said[0] if said else "nothing was said")
        raise ColanetError(f"{what}: exit status {done.returncode}: {error.strip()}")
    return done.stdout


# ------------------------------------------------------------------------ Icarus


def with_icarus(folder: Path, program: Program, out: Path, *, seed: int = 0, resets: bool = False) -> Played:
    """Play a program in Icarus Verilog.

    Parameters
    ----------
    folder : Path
        Of the exported core.
    program : Program
    out : Path
        Folder for what is compiled and written; made if it is not there.
    seed : int
        Of random stalls at all ports; 0: none.
    resets : bool
        Now and then a reset within a step. Its beats are lost, so nothing may be recorded.

    Raises
    ------
    ColanetError
        If the core does not compile, is stuck or breaks the rules of its ports.
    """
    manifest = program.manifest
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    compiled, asked = out / "stream.vvp", list(program.asked)
    values = {name: max(int(manifest[name]), 1) for name in ("node_bits", "neuron_bits", "class_bits")}
    values |= {"seed": seed, "resets": int(resets)}
    given = [f"-Pstream.{name.upper()}={value}" for name, value in values.items()]
    sources = [*manifest["sources"], str(BENCHES / "stream.v")]
    words = [tool("iverilog"), "-g2005", "-s", "stream", "-I.", "-o", str(compiled), *given, *sources]
    _call(words, folder, "iverilog")
    for name in manifest["memories"]:
        if not (out / name).exists():
            (out / name).symlink_to((folder / name).resolve())
    program.taken().astype(">u4").tofile(out / "program")
    said = _call([tool("vvp"), "-N", str(compiled)], out, "vvp")
    if not said.rstrip().rpartition("\n")[2].startswith("played: "):
        error = next((line for line in said.splitlines() if line.startswith("error: ")), said[-200:])
        raise ColanetError(f"core: {error.removeprefix('error: ').strip()}")
    return played(out, asked)


# --------------------------------------------------------------------- Verilator


def built(folder: Path, out: Path) -> Path:
    """The core compiled by Verilator with `bench/long.cpp`: the program to run. ColanetError if that fails.

    Parameters
    ----------
    folder : Path
        Of the exported core.
    out : Path
        Folder for what is compiled.
    """
    manifest, made = core_of(folder), out.resolve() / "verilated"
    words = [
        tool("verilator"), "--cc", "--exe", "--build", "-O3", "--x-assign", "fast", "--x-initial", "fast",
        "--noassert", "-Wno-fatal", "--default-language", "1364-2005", "-I.",
        "--top-module", manifest["top"], "--prefix", "Vcore", "--Mdir", str(made), "-o", "long",
        "-MAKEFLAGS", f"OPT_FAST='{OPTIMISED}' OPT_SLOW=-O1 OPT_GLOBAL='{OPTIMISED}'",
        *manifest["sources"], str(BENCHES / "long.cpp"),
    ]  # fmt: skip
    _call(words, folder, "verilator")
    return made / "long"


class Player:
    """A program of Verilator that plays words while they are made.

    Its files lie in the folder `out`. It is used in a `with` statement; whatever leaves that ends the process.

    Parameters
    ----------
    program : Path
        That `built` made.
    folder : Path
        Of the exported core.
    out : Path
        Folder for what is written; made if it is not there.
    seed : int
        Of random stalls at all ports; 0: none.
    progress : int
        Lines on standard error, one every so many images; 0: none.
    """

    def __init__(self, program: Path, folder: Path, out: Path, *, seed: int = 0, progress: int = 0) -> None:
        manifest: Manifest = core_of(folder)
        self.out = out.resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        given = {
            "node_bits": manifest["node_bits"], "seed": seed, "period": manifest["period"], "progress": progress,
        }  # fmt: skip
        words = [str(program.resolve()), str(self.out), *(str(word) for pair in given.items() for word in pair)]
        # In a session of its own: Ctrl-C reaches this process alone, which then ends the other.
        self._errors = (self.out / "errors").open("w+", encoding="utf-8") if not progress else None
        self._process = subprocess.Popen(
            words, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._errors,
            start_new_session=True,
        )  # fmt: skip
        self._queue: queue.Queue[np.ndarray | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def __enter__(self) -> Player:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._queue.put(None)
        self._thread.join()
        if self._errors:
            self._errors.close()

    def _write(self) -> None:
        """In a thread: the pipe takes words as fast as the core does."""
        pipe = self._process.stdin
        assert pipe is not None
        while (words := self._queue.get()) is not None:
            with contextlib.suppress(OSError):  # the process has ended; whoever waits for it finds out why
                pipe.write(words.astype("<u4").tobytes())
        with contextlib.suppress(OSError):
            pipe.close()

    def feed(self, words: np.ndarray) -> None:
        """Words to be played; waits while there are enough. ColanetError if the process has ended."""
        self._put(words)

    def _put(self, words: np.ndarray | None) -> None:
        while True:
            if self._process.poll() is not None:
                raise ColanetError(self._why())
            with contextlib.suppress(queue.Full):
                self._queue.put(words, timeout=0.5)
                return

    def _why(self) -> str:
        said = ""
        if self._errors:
            self._errors.seek(0)
            said = next((line for line in self._errors if line.startswith("error: ")), "")
        return f"core: {said.removeprefix('error: ').strip() or f'exit status {self._process.returncode}'}"

    def finish(self, program: Program) -> Played:
        """Wait for the end of all words, and read what was written. ColanetError if the process failed."""
        self._put(None)
        if self._process.wait():
            raise ColanetError(self._why())
        return played(self.out, program.asked)


def with_verilator(folder: Path, program: Program, out: Path, *, seed: int = 0, made: Path | None = None) -> Played:
    """Play a program in Verilator; parameters as `with_icarus`.

    Parameters
    ----------
    folder, program, out, seed
        As `with_icarus`.
    made : Path or None
        What `built` has made; None: it is built now.
    """
    with Player(made or built(folder, out), folder, out, seed=seed) as player:
        player.feed(program.taken())
        return player.finish(program)
