"""All GPU checks and measurements in one command, under 8 minutes:

    python -m experiments.gpu_check

Writes `experiments/results/gpu.json` and `gpu.md` after every part, so a run that is cut keeps what it has. Exit
status 1 if any digest differs from numba's or compute-sanitizer finds something. `--shim --quick` runs the same
code on the CPU with tiny sizes, without a GPU; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

# So that the path of this file is a command too.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import colanet
from colanet import config
from colanet.atomic import atomic_path
from colanet.datasets import patterns
from colanet.encoding import build_sources
from colanet.engine.base import Votes, digest
from colanet.engine.cuda.backend import Backend, CupyBackend
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.cuda.tables import GRAIN
from colanet.engine.cupy_engine import CupyEngine
from colanet.errors import ColanetError
from colanet.plan import build
from colanet.session import Session
from colanet.units import FOREVER
from experiments.gpu_report import failed, report

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
NETWORKS = ((15, 1), (15, 15), (15, 132), (15, 1056), (45, 1), (45, 15), (45, 132))
"""(microcolumns, networks) measured; training images of mnist.yaml, learning on."""
FOUND = 9
"""Exit status of compute-sanitizer when it found something."""


class Check:
    """One run: the machine, the deadline, and the results so far."""

    def __init__(self, backend: Backend, out: Path, *, quick: bool, minutes: float):
        self.backend, self.out, self.quick = backend, out, quick
        self.fewer: Backend | None = None
        self.began, self.deadline = time.monotonic(), time.monotonic() + 60 * minutes
        self.results: dict[str, Any] = {"complete": False, "quick": quick}

    def variants(self) -> dict[str, Backend]:
        """The kernels with all the registers they want, and with half of them."""
        if not isinstance(self.backend, CupyBackend):
            return {"shim": self.backend}
        if self.fewer is None:
            self.fewer = CupyBackend(min_blocks=2)
        return {"all registers": self.backend, "64 registers": self.fewer}

    def left(self) -> float:
        """Seconds to the deadline."""
        return self.deadline - time.monotonic()

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    def part(self, name: str, work: Callable[[], Any], needs: float | None = None) -> None:
        """Run one part unless less than `needs` seconds are left; keep its result, or its error, at once."""
        if needs is not None and self.left() < needs:
            self.say(f"{name}: left out, {self.left():.0f} s are left")
            self.results[name] = {"left_out": "no time left"}
        else:
            self.say(name)
            try:
                self.results[name] = work()
            except (ColanetError, RuntimeError, MemoryError) as error:
                self.results[name] = {"error": f"{type(error).__name__}: {error}"}
                self.say(f"{name}: {error}")
        self.write()

    def write(self) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        for name, text in (("gpu.json", json.dumps(self.results, indent=1)), ("gpu.md", report(self.results))):
            with atomic_path(self.out / name) as path:
                path.write_text(text + "\n", encoding="utf-8")


# --------------------------------------------------------------------- the machine


def machine(check: Check) -> dict[str, Any]:
    """What it runs on."""
    backend = check.backend
    result: dict[str, Any] = {
        "device": backend.device,
        "multiprocessors": backend.multiprocessors,
        "cpu_cores": os.cpu_count(),
        "colanet": colanet.__version__,
        "python": sys.version.split()[0],
    }
    if isinstance(backend, CupyBackend):
        runtime = backend.cupy.cuda.runtime
        result |= {
            "cupy": backend.cupy.__version__,
            "driver": runtime.driverGetVersion(),
            "runtime": runtime.runtimeGetVersion(),
            "l2_bytes": backend.attribute("L2CacheSize"),
            "clock_kHz": backend.attribute("ClockRate"),
        }
    return result


def timed(backend: Backend, call: Callable[[], Any]) -> float:
    """Seconds of a call and all kernels it starts."""
    backend.synchronize()
    began = time.perf_counter()
    call()
    backend.synchronize()
    return time.perf_counter() - began


def probes(check: Check) -> dict[str, Any]:
    """Read bandwidth for several footprints, and integer operations a second, with kernels of our own.

    Each block reads its own part of the footprint over and over with loads of 16 bytes that bypass the first-level
    cache; best of three launches.
    """
    backend = check.backend
    blocks, threads = 4 * backend.multiprocessors, 256
    sink = backend.zeros((1,), np.uint32)
    footprints = (4096, 16384) if check.quick else (8 << 20, 24 << 20, 1 << 30)
    result: dict[str, Any] = {}
    for footprint in footprints:
        vectors = footprint // 16 // blocks
        data = backend.zeros((blocks * vectors, 4), np.uint32)
        rounds = 2 if check.quick else max(1, (8 << 30) // footprint)

        def read(data=data, vectors=vectors, rounds=rounds) -> None:
            backend.launch("read_rows", blocks, threads, 0, data, vectors, vectors, rounds, sink)

        read()
        seconds = min(timed(backend, read) for _ in range(3))
        result[f"read_bytes_per_second_of_{footprint}"] = 16 * vectors * blocks * rounds / seconds
    rounds = 10 if check.quick else 200_000

    def add() -> None:
        backend.launch("add_integers", blocks, threads, 0, rounds, sink)

    add()
    seconds = min(timed(backend, add) for _ in range(3))
    result["integer_operations_per_second"] = 16 * rounds * blocks * threads / seconds
    reads = [value for key, value in result.items() if key.startswith("read")]
    return result | {"cache_bytes_per_second": max(reads[:-1]), "memory_bytes_per_second": reads[-1]}


# ------------------------------------------------------------------------ equality


def equality(check: Check) -> list[dict[str, Any]]:
    """Digest of every shipped configuration after 10,000 images with learning, numba and GPU."""
    images = 6 if check.quick else 10_000
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        pictures, _ = patterns.generate(images, 0)
        (Path(folder) / "patterns.bin").write_bytes(pictures.tobytes())
        for path in sorted(CONFIGS.glob("*.yaml")):
            base = Path(folder) if path.stem == "patterns" else path.parent
            rows.append(compare(check, path, base, images))
            check.say(f"  {path.stem}: {'equal' if rows[-1]['equal'] else 'DIFFERENT'}")
    return rows


def compare(check: Check, path: Path, base: Path, images: int) -> dict[str, Any]:
    """One configuration on both engines, recording on, one plan of two copies."""
    labelled = path.stem.startswith("mnist")
    train, test = (images, max(images // 10, 1)) if labelled else (None, None)

    def session() -> Session:
        return Session(config.load(path), base_dir=base, engine="numba", copies=2, seed=1, train=train, test=test)

    numba, gpu = session(), session()
    gpu.engine = CupyEngine(gpu.plan, backend=check.backend)
    period = numba.presentation.period or 20
    stop = images * period if not labelled else numba.default_stop
    found = []
    for one in (numba, gpu):
        began = time.perf_counter()
        result = one.run(stop)
        found.append((result.digest, one.tally.events, one.tally.votes.tolist(), time.perf_counter() - began))
    return {
        "configuration": path.stem, "steps": stop, "images": images, "digest": found[0][0],
        "equal": found[0][:3] == found[1][:3], "numba_seconds": found[0][3], "gpu_seconds": found[1][3],
    }  # fmt: skip


# ---------------------------------------------------------------------- throughput


def with_microcolumns(network, microcolumns: int):
    """mnist.yaml with so many microcolumns a column."""
    learner = network.populations[0]
    learner = learner.model_copy(update={"size": learner.columns * microcolumns})
    return network.model_copy(update={"populations": (learner, *network.populations[1:])})


class Trainer:
    """Networks of mnist.yaml that learn the training images, input made on the device."""

    def __init__(self, backend: Backend, microcolumns: int, networks: int, threads: int | None = None):
        network = with_microcolumns(config.load(CONFIGS / "mnist.yaml"), microcolumns)
        network = network.model_copy(update={"copies": networks})
        self.presentation = build_sources(network.inputs, base_dir=CONFIGS, seed=0)
        sizes = {source.name: source.size for source in self.presentation.sources}
        self.plan = build(network, input_sizes=sizes)
        self.engine = CupyEngine(self.plan, backend=backend)
        if threads:
            self.engine.batch.threads = threads
        self.period, self.step, self.events = int(self.presentation.period or 1), 0, 0
        self.votes = Votes(self.plan.population("OUT").index, 10, self.period)

    def train(self, images: int, chunk: int = 3000) -> None:
        """Go on by so many images."""
        stop = self.step + images * self.period
        while self.step < stop:
            end = min(self.step + chunk * self.period, stop)
            feed = self.engine.encode(self.presentation.sources, 0, self.step, end)
            out = self.engine.run(feed, self.step, end, freeze=FOREVER, votes=self.votes)
            self.events += out.synaptic_events
            self.step = end


def throughput(check: Check, microcolumns: int, networks: int) -> dict[str, Any]:
    """Networks x images a second, training, from untrained networks on."""
    seconds_box, most = (0.1, 3) if check.quick else (20.0, 60_000)
    warm = 1 if check.quick else 50
    tried: dict[str, tuple[float, int, Backend]] = {}
    for threads in (64,) if check.quick else (128, 256, 512):
        for name, backend in check.variants().items():
            trainer = Trainer(backend, microcolumns, networks, threads)
            trainer.train(warm)  # compiles, and tells how fast it is
            seconds = timed(backend, partial(trainer.train, warm)) / warm
            tried[f"{threads} threads, {name}"] = seconds, threads, backend
            del trainer
    best = min(tried, key=lambda name: tried[name][0])
    each, threads, backend = tried[best]
    trainer = Trainer(backend, microcolumns, networks, threads)
    images = int(max(warm, min(most, seconds_box / each)))
    seconds = timed(backend, lambda: trainer.train(images))
    learner = trainer.plan.populations[0].size
    row_bytes = 2 * GRAIN.padded(learner) / learner * trainer.events
    batch = trainer.engine.batch
    result = {
        "microcolumns": microcolumns, "networks": networks, "images": images, "seconds": seconds,
        "network_images_per_second": networks * images / seconds, "threads": threads, "variant": best,
        "seconds_per_image_by_variant": {name: row[0] for name, row in tried.items()},
        "weight_bytes_of_all_networks": 2 * networks * batch.tables.weights,
        "weight_row_bytes_per_image_and_network": row_bytes / images / networks,
        "weight_row_bytes_per_second": row_bytes / seconds,
        "packed_additions_per_second": trainer.events / 2 / seconds,
    }  # fmt: skip
    if isinstance(backend, CupyBackend):
        kernel = "run_shared" if batch.in_shared else "run_global"
        result["occupancy"] = backend.occupancy(kernel, threads, batch.shared)
    limits = check.results.get("probes", {})
    cached = result["weight_bytes_of_all_networks"] <= check.results["machine"].get("l2_bytes", 0)
    limit = limits.get("cache_bytes_per_second" if cached else "memory_bytes_per_second")
    if limit:
        result["limit"] = "cache" if cached else "memory"
        result["fraction_of_limit"] = result["weight_row_bytes_per_second"] / limit
        result["fraction_of_integer_limit"] = (
            result["packed_additions_per_second"] / limits["integer_operations_per_second"]
        )
    return result


def numba_throughput(check: Check) -> list[dict[str, Any]]:
    """The numba engine on all cores of this machine, the same training."""
    rows = []
    cores = 1 if check.quick else os.cpu_count() or 1
    images = 3 if check.quick else 3000
    for microcolumns in (15, 45):
        network = with_microcolumns(config.load(CONFIGS / "mnist.yaml"), microcolumns)
        copies = cores if check.quick else 2 * cores
        session = Session(
            network, base_dir=CONFIGS, engine="numba", threads=cores, copies=copies, train=2 * images, test=1
        )
        assert session.votes is not None
        warm, stop = session.votes.period, (images + 1) * session.votes.period
        session.advance(warm, None)
        began = time.perf_counter()
        while session.step < stop:
            session.advance(min(session.step + session.chunk_steps, stop), None)
        seconds = time.perf_counter() - began
        row = {"microcolumns": microcolumns, "copies": copies, "cores": cores, "images": images}
        rows.append(row | {"network_images_per_second": copies * images / seconds})
    return rows


# --------------------------------------------------------------------- sanitizers


def sanitizer(check: Check, tool: str) -> dict[str, Any]:
    """compute-sanitizer over a small run with learning."""
    program = shutil.which("compute-sanitizer")
    if program is None or not isinstance(check.backend, CupyBackend):
        return {"left_out": "no compute-sanitizer here"}
    command = [program, "--tool", tool, "--error-exitcode", str(FOUND)]
    command += [sys.executable, "-m", "experiments.gpu_check", "--small-run"]
    limit = max(min(check.left(), 90), 10)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, cwd=ROOT)
    except subprocess.TimeoutExpired:
        return {"left_out": "took too long"}
    last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-8:]
    # Sanitizers that cannot attach to the device say so and fail too; the lines tell which it was.
    return {"exit_status": done.returncode, "clean": done.returncode == 0, "last_lines": last}


def small_run(backend: Backend, networks: int = 3, images: int = 20) -> str:
    """A few images with learning; the digest."""
    if isinstance(backend, CupyBackend):
        backend.cupy.cuda.set_allocator(None)  # a pool would hide accesses beyond an array
    trainer = Trainer(backend, 15, networks)
    trainer.train(images)
    return digest(trainer.engine.state(), trainer.step)


def main(arguments: list[str] | None = None) -> int:
    """Run all parts; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shim", action="store_true", help="run the kernels on the CPU instead of a GPU")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to test the script")
    parser.add_argument("--minutes", type=float, default=7.5, help="parts that would begin later are left out")
    parser.add_argument("--out", type=Path, default=ROOT / "experiments" / "results")
    parser.add_argument("--small-run", action="store_true", help="only a few images, for compute-sanitizer")
    options = parser.parse_args(arguments)
    try:
        backend: Backend = ShimBackend() if options.shim else CupyBackend()
    except ColanetError as error:
        print(error, file=sys.stderr)
        return 2
    if options.small_run:
        print(small_run(backend))
        return 0
    check = Check(backend, options.out, quick=options.quick, minutes=options.minutes)
    check.part("machine", lambda: machine(check))
    check.part("probes", lambda: probes(check))
    check.part("equality", lambda: equality(check))
    sizes = ((15, 1), (15, 2)) if options.quick else NETWORKS
    check.part("numba_throughput", lambda: numba_throughput(check), needs=20)
    for microcolumns, networks in sizes:
        name = f"throughput {microcolumns} x {networks}"
        check.part(
            name, partial(throughput, check, microcolumns, networks), needs=0 if options.quick else 45
        )
    for tool in ("memcheck", "racecheck"):
        check.part(f"sanitizer {tool}", partial(sanitizer, check, tool), needs=30)
    check.results["complete"] = True
    check.write()
    check.say(f"results in {check.out}")
    return int(failed(check.results, FOUND))


if __name__ == "__main__":
    sys.exit(main())
