"""A bench for cocotb 2: every step of a core must be that of golden vectors. It needs nothing of colanet.

    colanet export STATE.h5 --format verilog --out core --learn
    colanet export STATE.h5 --format vectors --out vectors --learn
    python test_core.py core vectors --seed 7

After every step the spikes, potentials and gates of all neurons are compared, at the end all memories of the core,
and the answers. A seed makes random stalls at all ports; 0: none. The simulator is Icarus Verilog.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge

TIMEOUT = 2_000_000
"""Cycles without a beat after which the core counts as stuck."""
WORD = 32
FOREVER = 0xFFFFFFFF
MOST_SHOWN = 20
OF_EACH_STEP = ("potential", "gate")


class Vectors:
    """The files of `colanet export --format vectors`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.files = {(told["what"], told["of"], told["when"]): told for told in self.manifest["files"]}

    def words(self, what: str, of: str, when: str) -> list[int]:
        """Numbers of a file, with their signs, in the units of colanet."""
        told = self.files[what, of, when]
        values = [int(line, 16) for line in (self.folder / told["file"]).read_text(encoding="ascii").split()]
        half = 1 << told["width"] - 1
        return [(v - 2 * half if told["signed"] and v >= half else v) * told["scale"] for v in values]

    def rows(self, of: str) -> list[list[int]]:
        """Who spikes in each step."""
        size = self.files["spikes", of, "step"]["width"]
        return [[i for i in range(size) if word >> i & 1] for word in self.words("spikes", of, "step")]


class Expected:
    """What the core must give, in the units of colanet and the core's order of neurons."""

    def __init__(self, core: dict[str, Any], vectors: Vectors) -> None:
        self.core, self.vectors, told = core, vectors, vectors.manifest
        self.steps = int(told["steps"])
        self.inputs: list[list[int]] = [[] for _ in range(self.steps)]
        for source in core["inputs"]:
            for nodes, row in zip(self.inputs, vectors.rows(source["name"]), strict=True):
                nodes += [source["first"] + node for node in row]
        self.fired: list[list[int]] = [[] for _ in range(self.steps)]
        for p in core["populations"]:
            for neurons, row in zip(self.fired, vectors.rows(p["name"]), strict=True):
                neurons += [p["first"] + neuron for neuron in row]
        self.regions = {region["name"]: region for region in core["regions"]}
        self.trace = {what: self._trace(what) for what in OF_EACH_STEP if what in self.regions}

    def _trace(self, what: str) -> list[list[int]]:
        """Of each step one word a neuron."""
        rows: list[list[int]] = [[] for _ in range(self.steps)]
        for p in self.core["populations"]:
            size = p["size"]
            if (what, p["name"], "step") in self.vectors.files:
                words = self.vectors.words(what, p["name"], "step")
            else:  # without gating synapses a neuron is awake for good
                words = [self.awake] * (size * self.steps)
            if what == "gate":
                words = [self.largest_gate if word == self.awake else word for word in words]
            for t, row in enumerate(rows):
                row += words[t * size : (t + 1) * size]
        return rows

    @property
    def awake(self) -> int:
        """A counter that means: for good."""
        return int(self.vectors.manifest["constants"]["awake"])

    @property
    def largest_gate(self) -> int:
        """The core's code of it."""
        return (1 << int(self.regions["gate"]["bits"]) - 1) - 1

    def after(self, region: dict[str, Any]) -> list[int]:
        """What a region holds at the end."""
        name = region["name"]
        return self.trace[name][-1] if name in self.trace else self.vectors.words(name, region["of"], "after")

    def answers(self) -> list[int]:
        """Class of every whole object, -1 for none; none where the core does not answer."""
        period, classes = self.core["period"], self.core["classes"]
        readout = self.vectors.manifest["configuration"]["readout"]
        if not period or not readout:
            return []
        p = next(p for p in self.core["populations"] if p["name"] == readout["population"])
        answers = []
        for start in range(0, self.steps - period + 1, period):
            votes = [0] * classes
            for neuron in (neuron for row in self.fired[start : start + period] for neuron in row):
                if p["first"] <= neuron < p["first"] + p["size"]:
                    votes[(neuron - p["first"]) * classes // p["size"]] += 1
            answers.append(votes.index(max(votes)) if any(votes) else -1)
        return answers


class Bench:
    """Drives all ports, one clock cycle after the other. Inputs change at falling edges."""

    def __init__(self, dut: Any, core: dict[str, Any], seed: int) -> None:
        self.dut, self.seed, self.random = dut, seed, random.Random(seed)
        self.none = (1 << core["node_bits"]) - 1
        self.closing = (1 << core["neuron_bits"]) - 1
        self.fired: list[list[int]] = []
        self.answers: list[int] = []
        self.now: list[int] = []
        self.held: dict[str, tuple[int, ...]] = {}
        self.quiet = self.cycles = 0
        self.ready = {"fired": -1, "answer": -1}

    def stalled(self, often: int) -> bool:
        """Whether a port waits in this cycle."""
        return self.seed != 0 and self.random.randrange(often) == 0

    async def start(self) -> None:
        """Clock and reset."""
        dut = self.dut
        for name in ("spike_valid", "spike_last", "spike_node", "fired_ready", "answer_ready", "bus_valid",
                     "bus_write", "bus_address", "bus_write_data"):  # fmt: skip
            getattr(dut, name).value = 0
        dut.reset.value = 1
        Clock(dut.clock, 10, "ns").start()
        for _ in range(4):
            await FallingEdge(dut.clock)
        dut.reset.value = 0

    async def tick(self) -> None:
        """One cycle: stands at a rising edge then, where all outputs are what they are taken as."""
        dut = self.dut
        await FallingEdge(dut.clock)
        for name, before in self.ready.items():
            ready = int(not self.stalled(3))
            if ready != before:
                getattr(dut, f"{name}_ready").value = ready
                self.ready[name] = ready
        await RisingEdge(dut.clock)
        self.cycles += 1
        self.quiet += 1
        assert self.quiet < TIMEOUT, f"stuck: no beat for {TIMEOUT} cycles (step {len(self.fired)})"
        self.beat("fired", ("fired_last", "fired_neuron"), self.took_fired)
        self.beat("answer", ("answer_none", "answer_class"), self.took_answer)

    def beat(self, name: str, data: tuple[str, ...], take: Any) -> None:
        """What a port gives out; while it waits, it must not change."""
        valid = int(getattr(self.dut, f"{name}_valid").value)
        held = self.held.pop(name, None)
        assert valid or held is None, f"the port {name} took back what it offered"
        if not valid:
            return
        values = tuple(getattr(self.dut, port).value for port in data)
        first = int(values[0])
        # Whether a class is defined does not matter where there is no answer.
        given = (first, 0) if name == "answer" and first else (first, int(values[1]))
        assert held in (None, given), f"the port {name} changed while it waited"
        if self.ready[name]:
            self.quiet = 0
            take(*given)
        else:
            self.held[name] = given

    def took_fired(self, last: int, neuron: int) -> None:
        """A neuron that fired, or the end of a step."""
        if last:
            assert neuron == self.closing, f"the closing beat names neuron {neuron}"
            self.fired.append(sorted(self.now))
            self.now = []
        else:
            self.now.append(neuron)

    def took_answer(self, none: int, number: int) -> None:
        """An answer."""
        self.answers.append(-1 if none else number)

    async def port(self, name: str, **values: int) -> None:
        """Offer a beat until it is taken."""
        dut = self.dut
        while self.stalled(4):
            await self.tick()
        for key, value in values.items():
            getattr(dut, f"{name}_{key}").value = value
        valid, ready = getattr(dut, f"{name}_valid"), getattr(dut, f"{name}_ready")
        # Values that are set at a rising edge are there after it, so the beat is taken at a later one.
        valid.value = 1
        await self.tick()
        while not int(ready.value):
            await self.tick()
        self.quiet = 0

    async def step(self, nodes: list[int]) -> None:
        """One step of input, and all spikes of neurons that it makes."""
        done, nodes = len(self.fired), list(nodes)
        if self.seed:
            self.random.shuffle(nodes)
        if not nodes or self.stalled(3):
            nodes.append(self.none)
        for i, node in enumerate(nodes):
            await self.port("spike", node=node, last=int(i == len(nodes) - 1))
            self.dut.spike_valid.value = 0
        while len(self.fired) == done:
            await self.tick()

    async def bus(self, address: int, write: int | None = None) -> int:
        """One word of the bus."""
        await self.port("bus", address=address, write=int(write is not None), write_data=write or 0)
        word = int(self.dut.bus_read_data.value) if write is None else 0
        self.dut.bus_valid.value = 0
        return word

    async def read(self, region: dict[str, Any]) -> list[int]:
        """All entries of a region times its scale; synapses in the order (pre, post)."""
        bits, start = region["bits"], region["region"] << 24
        each, neurons = 1 if bits <= WORD else 2, region.get("neurons", 0)
        found = []
        for entry in range(region["entries"]):
            place = each * entry if not neurons else entry % neurons * region["stride"] + entry // neurons
            words = [await self.bus(start | place + i) for i in range(each)]
            value = sum(word << WORD * i for i, word in enumerate(words)) & (1 << bits) - 1
            value -= (1 << bits) if region["signed"] and value >> bits - 1 else 0
            found.append(value * region["scale"])
        return found


class Report:
    """What differs; the first of it is shown."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.compared = 0

    def same(self, found: list[int], expected: list[int], what: str) -> None:
        """Compare entry by entry."""
        self.compared += len(expected)
        if len(found) != len(expected):
            self.wrong.append(f"{what}: {len(found)} entries {found[:8]}, expected {len(expected)} {expected[:8]}")
            return
        for i, (one, other) in enumerate(zip(found, expected, strict=True)):
            if one != other:
                self.wrong.append(f"{what} {i}: {one}, expected {other}")

    def finish(self) -> None:
        """AssertionError with the first differences."""
        assert not self.wrong, "\n".join([f"{len(self.wrong)} differences", *self.wrong[:MOST_SHOWN]])


def folder_of(name: str) -> Path:
    """A folder that the environment names."""
    return Path(os.environ[name])


@cocotb.test()  # type: ignore
async def every_step_is_that_of_the_vectors(dut: Any) -> None:
    """Spikes, potentials, gates of each step; all memories and answers at the end."""
    core = json.loads((folder_of("COLANET_CORE") / "core.json").read_text(encoding="utf-8"))
    vectors = Vectors(folder_of("COLANET_VECTORS"))
    told, report = vectors.manifest, Report()
    assert core["learn"] or not told["learn"], "the vectors are made with --learn, the core is not"
    assert core["copy"] == told["copy"], f"copy {core['copy']} of the core, {told['copy']} of the vectors"
    expected = Expected(core, vectors)
    bench = Bench(dut, core, int(os.environ.get("COLANET_SEED", "0")))
    await bench.start()
    resting = told["first_step"] - core["first_step"]
    assert resting >= 0, "the vectors begin before the core"
    freeze = next((r["index"] for r in core["registers"] if r["name"] == "freeze"), None)
    if freeze is not None:
        await bench.bus(freeze, 0)
    for _ in range(resting):
        await bench.step([])
    # An object that the rest ends has begun before the core was exported; who had spoken in it is not known.
    unknown = told["first_step"] // core["period"] - core["first_step"] // core["period"] if core["period"] else 0
    if freeze is not None:
        await bench.bus(freeze, FOREVER if told["learn"] else 0)
    for t in range(expected.steps):
        await bench.step(expected.inputs[t])
        report.same(bench.fired[-1], sorted(expected.fired[t]), f"step {t}: neurons that fired")
        for what, rows in expected.trace.items():
            report.same(await bench.read(expected.regions[what]), rows[t], f"step {t}: {what}")
        if len(report.wrong) >= MOST_SHOWN:
            break
    else:
        for region in core["regions"]:
            report.same(await bench.read(region), expected.after(region), region["name"])
    for _ in range(100):
        await bench.tick()
    if len(report.wrong) < MOST_SHOWN:
        report.same(bench.answers[unknown:], expected.answers(), "answers")
    report.finish()
    dut._log.info("%d steps, %d cycles, %d numbers equal", expected.steps, bench.cycles, report.compared)


def main() -> int:
    """Compile the core with Icarus Verilog, and run the bench."""
    from cocotb_tools.check_results import get_results
    from cocotb_tools.runner import get_runner

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("core", type=Path, help="folder of the exported core")
    parser.add_argument("vectors", type=Path, help="folder of the golden vectors")
    parser.add_argument("--seed", type=int, default=0, help="of random stalls at all ports; 0: none")
    parser.add_argument("--build", type=Path, default=Path("sim_build"), help="folder of what is compiled")
    given = parser.parse_args()
    core, build = given.core.resolve(), given.build.resolve()
    manifest = json.loads((core / "core.json").read_text(encoding="utf-8"))
    runner = get_runner("icarus")
    top = manifest["top"]
    runner.build(
        sources=[core / name for name in manifest["sources"]], includes=[core], hdl_toplevel=top, build_dir=build,
        build_args=["-g2005"], timescale=("1ns", "1ps"), always=True,
    )  # fmt: skip
    for name in manifest["memories"]:  # which $readmemh looks for in the folder that the simulator runs in
        if not (build / name).exists():
            (build / name).symlink_to(core / name)
    environment = {
        "COLANET_CORE": str(core), "COLANET_VECTORS": str(given.vectors.resolve()), "COLANET_SEED": str(given.seed)
    }  # fmt: skip
    results = runner.test(
        test_module=Path(__file__).stem, hdl_toplevel=top, build_dir=build, test_dir=build, extra_env=environment
    )
    tests, failed = get_results(results)
    return int(failed > 0 or tests == 0)


if __name__ == "__main__":
    sys.exit(main())
