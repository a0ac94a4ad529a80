"""The cores that are placed: network, bits, lanes, learning; their rows, and the cycles of an image."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from colanet.atomic import write_text
from colanet.locks import make_folder
from experiments.benchmarks.timing import ROOT, process, say
from experiments.hardware import tools
from experiments.hardware.tools import DEVICES, Device, Found

RESULTS = ROOT / "experiments" / "results" / "hardware"
SECONDS = 3600.0
"""After which place and route is given up."""


@dataclass(frozen=True)
class Core:
    """One core.

    Attributes
    ----------
    configuration : str
        In configs/.
    learn : bool
    lanes : int
    weight_bits, resource_bits : int
    load : bool
        Weights come over the bus: a bitstream cannot fill the large memories of some devices.
    """

    configuration: str = "mnist_chip"
    learn: bool = True
    lanes: int = 150
    weight_bits: int = 8
    resource_bits: int = 12
    load: bool = False

    @property
    def name(self) -> str:
        """Of its files."""
        kind = "learning" if self.learn else "fixed"
        return f"{self.configuration}-{kind}-{self.lanes}-w{self.weight_bits}-r{self.resource_bits}"

    def export(self, folder: Path) -> Path:
        """Write it, before it learns: what it has learnt changes no figure here."""
        fraction = self.resource_bits - 3
        bits = {"weight_bits": self.weight_bits, "resource_bits": self.resource_bits, "resource_fraction": fraction}
        core = folder / self.name
        words = ["export", f"configs/{self.configuration}.yaml", "--format", "verilog", "--out", str(core)]
        words += ["--overwrite", "--lanes", str(self.lanes), *["--learn"] * self.learn]
        words += ["--option", "load=yes"] * self.load
        for name, value in bits.items():
            words += ["--set", f"population.L.{name}={value}"]
        process([sys.executable, "-m", "colanet", *words])
        return core


ECP5 = [name for name, device in DEVICES.items() if device.family is tools.ECP5]
"""The smallest first."""
PLANS: tuple[tuple[Core, tuple[str, ...]], ...] = (
    (Core("mnist_one", lanes=200, weight_bits=4), ("LFE5U-85F",)),
    (Core("mnist_one", learn=False, lanes=4, weight_bits=4, load=True), ("iCE40UP5K",)),
    *((Core(lanes=lanes), tuple(ECP5)) for lanes in (1, 10, 150)),
    (Core(lanes=10, weight_bits=4, resource_bits=8), tuple(ECP5)),
    (Core(lanes=150, weight_bits=4, resource_bits=12), tuple(ECP5)),
    *((Core(learn=False, lanes=lanes), tuple(ECP5)) for lanes in (1, 10, 150)),
    (Core(learn=False, lanes=10, weight_bits=4), tuple(ECP5)),
    *((Core(learn=False, lanes=lanes, load=True), ("iCE40UP5K",)) for lanes in (1, 2)),
    *((Core(learn=False, lanes=lanes, weight_bits=4, load=True), ("iCE40UP5K",)) for lanes in (1, 4)),
)
"""Cores and the devices that they are tried on, until they fit."""


def row_file(core: Core, device: str) -> Path:
    """Where a row is."""
    return RESULTS / f"{core.name}-{device}.json"


def stored() -> Iterator[Found]:
    """The rows that are there, in the order of `PLANS`."""
    for core, devices in PLANS:
        for device in devices:
            path = row_file(core, device)
            if path.exists():
                yield json.loads(path.read_text(encoding="utf-8"))


def tried(core: Core, folder: Path, device: Device, made: dict[str, Found]) -> Found:
    """One row of an exported core; `made` keeps what yosys told about it."""
    key = device.board
    if key not in made:
        made[key] = tools.synthesise(folder, device)
    placed = tools.place(folder, device, SECONDS)
    placed["used"].setdefault("flip_flops", [made[key]["flip_flops"], placed["used"]["luts"][1]])
    versions = {name: tools.version(name) for name in ("yosys", device.family.router)}
    seconds = {"synthesis": made[key]["seconds"], "place and route": placed.pop("seconds")}
    return {
        "command": "python -m experiments.hardware synthesise", "versions": versions, **asdict(core),
        "sources": tools.digest(folder), "device": device.name, "board": device.board,
        "latches": made[key]["latches"], **placed, "seconds": seconds,
    }  # fmt: skip


def synthesise(chosen: Iterable[str], work: Path | None) -> None:
    """Every row that is missing or of an older core; a core stops at the first device that it fits."""
    make_folder(RESULTS)
    wanted = tuple(chosen)
    with tempfile.TemporaryDirectory() as name:
        folder = work or Path(name)
        make_folder(folder)
        for core, devices in PLANS:
            if not wanted or any(text in core.name for text in wanted):
                _on_devices(core, core.export(folder), devices)


def _on_devices(core: Core, folder: Path, devices: Iterable[str]) -> None:
    sources = tools.digest(folder)
    made: dict[str, Found] = {}
    for device in devices:
        path = row_file(core, device)
        row = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if row.get("sources") != sources:
            row = tried(core, folder, DEVICES[device], made)
            write_text(path, json.dumps(row, indent=1) + "\n")
        say(f"{core.name} on {device}: {row['frequency']} MHz" if row["fits"] else
            f"{core.name} on {device}: {row['reason']}")  # fmt: skip
        if row["fits"]:
            break


# ------------------------------------------------------------------------ cycles


def cycles_file(configuration: str, lanes: int) -> Path:
    """Where the cycles of an image are."""
    return RESULTS / f"cycles-{configuration}-{lanes}.json"


def cycles(train: int, test: int, data: Path | None) -> None:
    """Cycles of an image for every number of lanes that is not there yet."""
    make_folder(RESULTS)
    for configuration, lanes in dict.fromkeys((core.configuration, core.lanes) for core, _ in PLANS):
        path = cycles_file(configuration, lanes)
        if not path.exists():
            say(f"{configuration}, lanes: {lanes}")
            words = [f"configs/{configuration}.yaml", "--lanes", str(lanes), "--out", os.path.relpath(path, ROOT)]
            words += ["--train", str(train), "--test", str(test), *(["--data", str(data)] if data else [])]
            process([sys.executable, "-m", "experiments.verilog_mnist", *words])


def cycles_of(row: Found) -> dict[str, float | None]:
    """Cycles of an image while learning and in the test, None where they are not known."""
    path = cycles_file(row["configuration"], row["lanes"])
    if not path.exists():
        return {"learning": None, "test": None}
    found: dict[str, float | None] = json.loads(path.read_text(encoding="utf-8"))["cycles_per_image"]
    return found if row["learn"] else {**found, "learning": None}
