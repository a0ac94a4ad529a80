"""The tables of cores on FPGAs, made from the stored rows; `experiments.tables` writes them into pages."""

from __future__ import annotations

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from colanet.config import load
from colanet.continual.tables import NOTHING, markdown_table
from colanet.errors import DataError
from colanet.export import export
from colanet.plan import build
from colanet.plan.variables import initial_state
from experiments.benchmarks.timing import ROOT
from experiments.hardware.cores import RESULTS, cycles_of, stored
from experiments.hardware.tools import Found

MNIST_ONE = RESULTS / "mnist_one.json"
"""What the one documented command wrote: all of MNIST, learnt in Verilog."""
PUBLISHED = Path(__file__).with_name("published.yaml")
RESOURCES = {
    "luts": "look-up tables", "flip_flops": "flip-flops", "memories": "block memories",
    "large_memories": "large memories", "multipliers": "multipliers",
}  # fmt: skip


def _rows(fits: bool) -> list[Found]:
    rows = [row for row in stored() if row["fits"] == fits]
    if not rows and fits:
        raise DataError("experiments/results/hardware holds no core that fits")
    return rows


def _core(row: Found) -> list[Any]:
    bits = row["resource_bits"] if row["learn"] else NOTHING
    neurons = load(ROOT / "configs" / f"{row['configuration']}.yaml").populations[0].size
    learns = "yes" if row["learn"] else "no"
    return [f"`{row['configuration']}`", neurons, learns, row["lanes"], row["weight_bits"], bits]


CORE = ["network", "neurons", "learning", "lanes", "weights (bits)", "resources (bits)"]


def fitting() -> str:
    """Cores on the smallest device that they fit: what they take and how fast they are."""
    head = [*CORE, "device", *RESOURCES.values(), "share of the scarcest (%)", "clock (MHz)"]
    rows = []
    for row in _rows(True):
        used = [row["used"].get(name, [NOTHING])[0] for name in RESOURCES]
        share = max(100 * needed / there for needed, there in row["used"].values() if there)
        rows.append([*_core(row), row["device"], *used, f"{share:.0f}", f"{row['frequency']:.1f}"])
    return markdown_table(head, rows)


def speed() -> str:
    """Images a second at the clock that was reached."""
    head = [*CORE, "device", "clock (MHz)", "cycles an image, learning", "cycles an image, test",
            "images/s, learning", "images/s, test"]  # fmt: skip
    rows = []
    for row in _rows(True):
        needed = [cycles_of(row)[name] for name in ("learning", "test")]
        shown = [NOTHING if n is None else f"{n:,.0f}" for n in needed]
        images = [NOTHING if n is None else f"{row['frequency'] * 1e6 / n:,.0f}" for n in needed]
        rows.append([*_core(row), row["device"], f"{row['frequency']:.1f}", *shown, *images])
    return markdown_table(head, rows)


def missing() -> str:
    """Cores that do not fit a device: what is too little."""
    head = [*CORE, "device", "what is short", "needed", "there", "missing"]
    rows = []
    for row in _rows(False):
        for name, lack in row["short"].items() or [(None, NOTHING)]:
            needed, there = row["used"][name] if name else (NOTHING, NOTHING)
            what = RESOURCES[name] if name else row["reason"]
            rows.append([*_core(row), row["device"], what, needed, there, lack])
    return markdown_table(head, rows)


def tools() -> str:
    """What placed them."""
    found = {name: number for row in stored() for name, number in row["versions"].items()}
    return markdown_table(["program", "version"], [[f"`{name}`", number] for name, number in found.items()])


def published() -> str:
    """The core of `mnist_one`, and designs of others with their sources."""
    found = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    head = ["design", "technology", "learns on the chip", "task", "accuracy (%)", "time an image (us)",
            "energy of a synaptic operation (pJ)", "source"]  # fmt: skip
    keys = ("design", "technology", "learns", "task", "accuracy", "microseconds", "picojoules", "source")
    return markdown_table(head, [_own(), *([row.get(key, NOTHING) for key in keys] for row in found)])


def _own() -> list[Any]:
    """The row of `mnist_one`: what it has learnt in Verilator, and its time of an image at its clock."""
    run = json.loads(MNIST_ONE.read_text(encoding="utf-8"))
    row = next(r for r in _rows(True) if r["configuration"] == "mnist_one" and r["learn"])
    time = run["cycles_per_image"]["test"] / row["frequency"]
    accuracy = f"{100 * run['accuracy']['core']:.2f}"
    return ["`mnist_one`", row["device"], "yes", "MNIST", accuracy, f"{time:.0f}", NOTHING, "above"]


def learnt() -> str:
    """All of MNIST in the simulated core."""
    run = json.loads(MNIST_ONE.read_text(encoding="utf-8"))
    differ = ", ".join(run["differs"]) or "none"
    cycles = run["cycles_per_image"]
    rows = [
        ["images learnt", f"{run['train']:,}"],
        ["images of the test", f"{run['test']:,}"],
        ["answers compared with the simulator's", f"{run['answers']:,}"],
        ["answers and memories that differ", differ],
        ["digest of the final state, simulator", f"`{run['digest']['simulator'][:16]}`"],
        ["digest of the final state, core", f"`{run['digest']['core'][:16]}`"],
        ["accuracy of the test (%)", f"{100 * run['accuracy']['core']:.2f}"],
        ["not answered (%)", f"{100 * run['unanswered']:.2f}"],
        ["clock cycles an image, learning", f"{cycles['learning']:,.0f}"],
        ["clock cycles an image, test", f"{cycles['test']:,.0f}"],
        ["Verilator (s)", f"{run['seconds']['run']:.0f}"],
    ]
    return markdown_table(["what", "value"], rows)


# ---------------------------------------------------------------- what a core is told


@functools.cache
def manifest() -> Found:
    """core.json of configs/mnist_one.yaml with learning."""
    plan = build(load(ROOT / "configs" / "mnist_one.yaml"))
    with tempfile.TemporaryDirectory() as name:
        options = {"learn": True, "lanes": 10}
        export("verilog", plan, initial_state(plan), Path(name), overwrite=True, options=options)
        told: Found = json.loads((Path(name) / "core.json").read_text(encoding="utf-8"))
    return told


def registers() -> str:
    """The registers of a core of configs/mnist_one.yaml."""
    head = ["register", "index", "bits", "signed", "writable", "first value", "what it is"]
    return markdown_table(head, [
        [f"`{one['name']}`", one["index"], one["bits"], _word(one["signed"]), _word(one["writable"]), one["value"],
         one["text"]] for one in manifest()["registers"]
    ])  # fmt: skip


def regions() -> str:
    """The memories of the same core on the bus."""
    head = ["memory", "region", "of", "entries", "bits", "words an entry", "signed", "writable", "scale", "unit"]
    return markdown_table(head, [
        [f"`{one['name']}`", one["region"], one["of"] or "all", f"{one['entries']:,}", one["bits"], one["words"],
         _word(one["signed"]), _word(one["writable"]), one["scale"], one["unit"]] for one in manifest()["regions"]
    ])  # fmt: skip


def _word(value: bool) -> str:
    return "yes" if value else "no"


TABLES = {
    "hardware.cores": fitting, "hardware.speed": speed, "hardware.missing": missing, "hardware.tools": tools,
    "hardware.published": published, "hardware.learnt": learnt,
    "hardware.registers": registers, "hardware.regions": regions,
}  # fmt: skip
"""By the names that pages use."""
