"""Flash, RAM and instructions of networks exported as C, on the two processors that QEMU emulates."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from pathlib import Path

from colanet.errors import ColanetError
from experiments.benchmarks.timing import Result, process, say

NETWORKS = ("mnist", "mnist_chip")
BOARDS = {
    "Cortex-M4": (
        "cortex_m4",
        ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb"),
        "arm-none-eabi-size",
        ("qemu-system-arm", "-M", "mps2-an386"),
    ),
    "RISC-V rv32imac": (
        "riscv32",
        ("riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"),
        "riscv64-unknown-elf-size",
        ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
    ),
}
FLAGS = ("-std=c99", "-O2", "-ffunction-sections", "-nostartfiles", "-Wl,--gc-sections")
QEMU = ("-nographic", "-icount", "shift=0", "-semihosting-config", "enable=on,target=native", "-kernel")


def missing() -> list[str]:
    """Programs that the measurement needs and that are not there."""
    needed = [(compiler, size, machine) for _, (compiler, *_), size, (machine, *_) in BOARDS.values()]
    return [tool for tools in needed for tool in tools if shutil.which(tool) is None]


def measure(train: int, images: int, data: Path | None) -> Result:
    """Train, export, compile and run one copy of each network, with and without learning.

    Parameters
    ----------
    train, images : int
        Images learnt before the export, and shown afterwards.
    data : Path or None
        Where to look for data sets first.

    Raises
    ------
    ColanetError
        If a compiler or an emulator is missing, or a digest differs from the simulator's.
    """
    if absent := missing():
        raise ColanetError(f"{', '.join(absent)}: not installed (docs/microcontroller.md)")
    rows, where = [], ("--data", str(data)) if data else ()
    source = ("--option", f"data={data}") if data else ()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for network in NETWORKS:
            say(f"{network}: {train} images")
            state = folder / f"{network}.h5"
            words = ("run", f"configs/{network}.yaml", "--copies", "1", "--train", str(train), "--test", "0")
            _colanet(*words, "--quiet", *where, "--save", str(state))
            for learn in (False, True):
                out = folder / f"{network}{learn}"
                more = ("--option", f"images={images}", *source, *["--learn"] * learn)
                _colanet("export", str(state), "--format", "c", "--out", str(out), *more)
                rows += [_on(board, out) | {"network": network, "learn": learn} for board in BOARDS]
    return {"train": train, "images": images, "tools": tools(), "rows": rows}


def tools() -> dict[str, str]:
    """Versions of the compilers and emulators."""
    found = {}
    for _, (compiler, *_), _, (machine, *_) in BOARDS.values():
        for name in (compiler, machine):
            found[name] = _found(r"\d+\.\d+(?:\.\d+)?", process([name, "--version"])["output"])
    return found


def _found(pattern: str, text: str) -> str:
    """The first place of a text that a pattern fits."""
    match = re.search(pattern, text)
    if match is None:
        raise ColanetError(f"no {pattern} in what a program printed: {text[:200]!r}")
    return match[0]


def _colanet(*words: str) -> str:
    return str(process([sys.executable, "-m", "colanet", *words])["output"])


def _on(board: str, folder: Path) -> Result:
    """Compile and run one export."""
    name, (compiler, *target), size, (machine, *options) = BOARDS[board]
    alone, program = folder / "network.o", folder / "example.elf"
    source = folder / "network.c"
    process([compiler, *target, *FLAGS[:3], "-c", str(source), "-o", str(alone)])
    text, data, _ = map(int, process([size, str(alone)])["output"].splitlines()[1].split()[:3])
    board_files = [str(folder / "boards" / f"{name}.{end}") for end in ("ld", "c")]
    files = ["-T", *board_files, str(folder / "example.c"), str(source), "-o", str(program)]
    process([compiler, *target, *FLAGS, *files])
    out = process(["sh", "-c", 'exec "$@" 2>&1', "sh", machine, *options, *QEMU, str(program)])["output"]
    if ", equal" not in out:
        raise ColanetError(f"{board}: {out.strip().splitlines()[-1]}")
    found = {key: int(_found(rf"{key} +\d+", out).split()[-1]) for key in ("instructions", "state", "right")}
    return {"board": board, "flash": text + data, **found}
