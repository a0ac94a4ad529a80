"""Yosys, nextpnr and the packers: where they are, what they are told, what their output says."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colanet.errors import ColanetError
from experiments.benchmarks.timing import say

OLDEST_YOSYS = (0, 30)
BRINGS = "pip install 'colanet[hardware]' brings all of them"

Found = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """What is told to the tools of one family of devices.

    Attributes
    ----------
    synth : str
        Command of yosys.
    router : str
        Program of place and route.
    packer : str
        Program that makes the bitstream.
    constraints, routed, image : str
        Ends of the names of the pins' file, of what place and route writes, and of the bitstream.
    pins, result : str
        Options for the first two of them.
    resources : dict of str to str
        Names of the resources here, by their names in nextpnr.
    """

    synth: str
    router: str
    packer: str
    constraints: str
    routed: str
    image: str
    pins: str
    result: str
    resources: dict[str, str]


ECP5 = Family(
    "synth_ecp5", "nextpnr-ecp5", "ecppack", "lpf", "config", "bit", "--lpf", "--textcfg",
    {"TRELLIS_COMB": "luts", "TRELLIS_FF": "flip_flops", "DP16KD": "memories", "MULT18X18D": "multipliers"},
)  # fmt: skip
ICE40 = Family(
    "synth_ice40 -device u -spram -dsp", "nextpnr-ice40", "icepack", "pcf", "asc", "bin", "--pcf", "--asc",
    {"ICESTORM_LC": "luts", "ICESTORM_RAM": "memories", "ICESTORM_SPRAM": "large_memories",
     "ICESTORM_DSP": "multipliers"},
)  # fmt: skip


@dataclass(frozen=True)
class Device:
    """A device on a board whose top module and pins are in colanet/export/verilog/boards."""

    name: str
    board: str
    family: Family
    words: tuple[str, ...]
    clock: str


SIZES = {f"LFE5U-{size}F": f"--{size}k" for size in (25, 45, 85)}
"""Those of 12 thousand cells are left out: nextpnr gives them all of the silicon, which is that of 25 thousand."""
DEVICES = {
    **{
        name: Device(name, "ulx3s", ECP5, (size, "--package", "CABGA381"), "clk_25mhz")
        for name, size in SIZES.items()
    },
    "iCE40UP5K": Device("iCE40UP5K", "icebreaker", ICE40, ("--up5k", "--package", "sg48"), "clk_12mhz"),
}


# ---------------------------------------------------------------------- programs


def program(name: str) -> str:
    """The program of that name: the one of YoWASP, or one of the system."""
    for candidate in (f"yowasp-{name}", name):
        found = shutil.which(candidate)
        if found and (name != "yosys" or _version(found) >= OLDEST_YOSYS):
            return found
    raise ColanetError(f"{name}: not installed, or too old; {BRINGS}")


def _version(path: str) -> tuple[int, ...]:
    text = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
    number = re.search(r"(\d+)\.(\d+)", text)
    return tuple(map(int, number.groups())) if number else (0,)


def version(name: str) -> str:
    """`0.70` of what a program says about itself."""
    done = subprocess.run([program(name), "--version"], capture_output=True, text=True)
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0] if found else "?"


def called(
    words: Sequence[str], folder: Path, log: Path, limit: float | None = None
) -> tuple[int | None, str, float]:
    """Run a program in a folder.

    Returns
    -------
    status : int or None
        None: stopped after `limit` seconds.
    text : str
        What it printed; also in `log`.
    seconds : float
    """
    began = time.perf_counter()
    status: int | None = None
    with log.open("w+", encoding="utf-8", errors="replace") as file:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = subprocess.run(words, cwd=folder, stdout=file, stderr=file, timeout=limit).returncode
        file.seek(0)
        return status, file.read(), time.perf_counter() - began


# ------------------------------------------------------------------------- steps


def script(manifest: Found, board: str, family: Family) -> str:
    """What yosys is told, in the folder of the core."""
    sources = [*manifest["sources"], *(f"boards/{name}.v" for name in ("serial", "board", board))]
    return f"read_verilog {' '.join(sources)}; {family.synth} -top {board} -json {board}.json; stat"


def digest(core: Path) -> str:
    """Of a core's Verilog and its parameters, and of the boards; without comments, in which versions stand."""
    found = hashlib.sha256()
    for path in (*sorted(core.glob("*.v*")), *sorted((core / "boards").glob("*.v"))):
        lines = (line.partition("//")[0].rstrip() for line in path.read_text().splitlines())
        found.update("\n".join(line for line in lines if line).encode())
    return found.hexdigest()[:16]


def synthesise(core: Path, device: Device) -> Found:
    """Netlist ``BOARD.json`` of a core with its board in the core's folder; how long it took.

    Raises
    ------
    ColanetError
        If yosys fails; with its words.
    """
    manifest = json.loads((core / "core.json").read_text())
    words = [program("yosys"), "-p", script(manifest, device.board, device.family)]
    say(f"{core.name}: yosys")
    status, text, seconds = called(words, core, core / f"{device.board}.yosys.log")
    if status:
        raise ColanetError(f"yosys: {core.name}: {_error(text)}")
    return {"seconds": round(seconds), **counts(text)}


def counts(text: str) -> dict[str, int]:
    """Flip-flops and latches in what the command stat prints."""
    cells = {name: int(number) for number, name in re.findall(r"^ +(\d+) +(\S+)$", text, re.MULTILINE)}
    flip_flops = sum(n for name, n in cells.items() if name.startswith(("SB_DFF", "TRELLIS_FF")))
    latches = sum(n for name, n in cells.items() if "LATCH" in name.upper())
    return {"flip_flops": flip_flops, "latches": latches}


def place(core: Path, device: Device, limit: float | None = None) -> Found:
    """Place and route what `synthesise` made.

    Returns
    -------
    dict
        ``used``: for every resource how many and out of how many; ``short``: those that are too few, by how many;
        ``fits``; ``frequency`` in MHz, or None; ``reason`` if it does not fit; ``seconds``.
    """
    family, board = device.family, device.board
    pins, routed = f"boards/{board}.{family.constraints}", f"{board}.{family.routed}"
    words = [program(family.router), *device.words, "--json", f"{board}.json", family.pins, pins]
    words += [family.result, routed, "--report", "report.json", "--timing-allow-fail"]
    say(f"{core.name}: {device.name}")
    (core / "report.json").unlink(missing_ok=True)
    status, text, seconds = called(words, core, core / f"{device.name}.log", limit)
    used = utilisation(text, family)
    short = {name: needed - there for name, (needed, there) in used.items() if needed > there}
    found: Found = {"fits": status == 0, "used": used, "short": short, "frequency": None, "seconds": round(seconds)}
    if status == 0:
        found["frequency"] = frequency(json.loads((core / "report.json").read_text()), device.clock)
    else:
        found["reason"] = f"not routed in {limit:g} s" if status is None else _error(text)
    return found


def utilisation(text: str, family: Family) -> dict[str, list[int]]:
    """The table of used and available resources that nextpnr prints before it places, also if that fails."""
    rows = re.findall(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s", text, re.MULTILINE)
    return {family.resources[n]: [int(used), int(there)] for n, used, there in rows if n in family.resources}


def frequency(report: Found, clock: str) -> float:
    """Reached MHz of the clock that comes from a pin."""
    (found,) = [one["achieved"] for name, one in report["fmax"].items() if clock in name]
    return round(float(found), 2)


def pack(core: Path, device: Device) -> Path:
    """The bitstream of what `place` made."""
    routed, image = (f"{device.board}.{end}" for end in (device.family.routed, device.family.image))
    words = [program(device.family.packer), routed, image]
    status, text, _ = called(words, core, core / "pack.log")
    if status:
        raise ColanetError(f"{device.family.packer}: {_error(text)}")
    return core / image


def _error(text: str) -> str:
    """The first line that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "nothing was printed")
