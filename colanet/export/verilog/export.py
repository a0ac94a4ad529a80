"""The format `verilog`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from colanet.atomic import write_text
from colanet.export.verilog.design import Design, design_of
from colanet.export.verilog.header import IDENTITY, REGIONS, Widths, header, registers
from colanet.export.verilog.memories import Memories
from colanet.export.verilog.readback import FORMAT, MANIFEST
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.version import __version__

HERE = Path(__file__).parent
BESIDE = ("bench", "boards")
"""Folders that come along: benches, and tops for boards with a serial line."""
SOURCES = (
    "memory.v", "arithmetic.v", "jenkins.v", "spike_list.v", "rows.v", "deliver.v", "neurons.v", "fire.v",
    "answer.v", "synapses.v", "plasticity.v", "registers.v", "colanet.v",
)  # fmt: skip


def verilog(
    plan: Plan,
    state: State,
    folder: Path,
    *,
    learn: bool = False,
    lanes: int = 1,
    load: bool = False,
    copy: int = 0,
    step: int = 0,
) -> list[Path]:
    """A synthesisable Verilog core of one network copy, in integers; with learn it goes on learning.

    Parameters
    ----------
    plan : Plan
    state : State
    folder : Path
    learn : bool
        With the learning rules.
    lanes : int
        Neurons of the learning population whose weights are added side by side.
    load : bool
        The memory of weights is empty at the start and loaded over the bus.
    copy : int
        Which network copy.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        If there is no such copy, or a core cannot hold the network.
    """
    d = design_of(plan, state, copy=copy, step=step, learn=learn, lanes=lanes, load=load)
    widths = Widths(d)
    widths |= {"EVENTS": 0, "DUES": 0}
    memories = Memories(d, widths, folder).write()
    texts = {file: (HERE / "rtl" / file).read_text() for file in SOURCES}
    for beside in BESIDE:
        (folder / beside).mkdir(exist_ok=True)
        for path in sorted((HERE / beside).iterdir()):
            if path.is_file():
                texts[f"{beside}/{path.name}"] = path.read_text()
    texts["network.vh"] = header(d, widths)
    told = _told(d, widths) | {"sources": list(SOURCES), "memories": [path.name for path in memories]}
    texts[MANIFEST] = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    for file, text in texts.items():
        write_text(folder / file, text)
    return [*memories, *(folder / file for file in texts)]


def _told(d: Design, w: Widths) -> dict[str, Any]:
    """The manifest: what a bench or a host has to know."""
    sizes = [size for _, size in d.plan.inputs]
    votes = d.votes
    return {
        "format": FORMAT,
        "colanet": __version__,
        "learn": d.learn,
        "lanes": d.lanes,
        "load": d.load,
        "copy": d.copy,
        "seed": d.plan.seed,
        "first_step": d.step,
        "history": d.plan.history,
        "period": votes.period if votes else 0,
        "classes": votes.classes if votes else 0,
        "deciding": d.plan.populations[votes.population].name if votes else None,
        "node_bits": w["NODE_BITS"],
        "neuron_bits": w["NEURON_BITS"],
        "class_bits": w["CLASS_BITS"],
        "inputs": [
            {"name": name, "first": first, "size": size}
            for (name, _), first, size in zip(d.plan.inputs, d.first_nodes, sizes, strict=True)
        ],
        "populations": [{"name": p.name, "first": p.start, "size": p.size} for p in d.plan.populations],
        "learner": d.learner.name,
        "plastic": d.plastic.name,
        "registers": list(_registers(d, w)),
        "regions": list(_regions(d, w)),
        "top": "colanet",
    }


_REGISTERS = {
    "freeze": "plasticity acts at steps below it",
    "rounding_key": "of stochastic rounding, docs/model.md, section 16",
    "hebbian_rate": "2^-20",
    "stability_hebbian": "change of stability at the first spike of a sequence, 2^-20",
    "stability_rate": "2^-20",
    "presynaptic_rate": "2^-20",
    "threshold_factor": "of the positive weights, 2^-20",
}


def _registers(d: Design, w: Widths) -> list[dict[str, Any]]:
    values = registers(d)

    def entry(
        name: str, index: int, value: int, text: str, *, writable: bool = True, bits: int = 32
    ) -> dict[str, Any]:
        signed = name in ("hebbian_rate", "stability_hebbian", "presynaptic_rate")
        return {
            "name": name, "index": index, "bits": bits, "signed": signed, "value": value, "writable": writable,
            "text": text,
        }  # fmt: skip

    made = [
        entry("identity", 0, IDENTITY, "the letters COLA", writable=False),
        entry("step", 1, d.step, "the step that comes next", writable=False),
    ]
    made += [entry(name, 2 + i, values[name.upper()], text) for i, (name, text) in enumerate(_REGISTERS.items())]
    keys = d.plan.kick_keys(d.copy)
    for p in d.plan.populations:
        if p.kick:
            at = 16 + 2 * p.index
            made.append(entry(f"kick_key {p.name}", at, int(keys[p.index]) & 0xFFFFFFFF, "of the random kicks"))
            text = "largest random kick, 1/1000"
            made.append(entry(f"kick {p.name}", at + 1, p.kick, text, bits=w["KICK_BITS"]))
    return made


def _regions(d: Design, w: Widths) -> list[dict[str, Any]]:
    """Memories on the bus."""
    everyone, learner, plastic = d.plan.n_neurons, d.learner.size, d.nodes * d.learner.size
    grain = d.rule.resource_grain

    def entry(region: str, of: str, entries: int, bits: int, unit: str, **more: Any) -> dict[str, Any]:
        told = {
            "name": region, "region": REGIONS.index(region), "of": of, "entries": entries, "bits": bits,
            "signed": True, "words": 1 if bits <= 32 else 2, "scale": 1, "unit": unit, "writable": False,
        }  # fmt: skip
        return told | more

    synapse = {"neurons": learner, "stride": 1 << w["ROW_BITS"]}
    made = [
        entry("potential", "", everyone, w["POTENTIAL_BITS"], "1/1000", writable=True),
        entry("gate", "", everyone, w["GATE_BITS"], "steps, the largest number: awake for good", writable=True),
        entry("code", d.plastic.name, plastic, w["CODE_BITS"], "1/1000", signed=False, writable=True,
              scale=d.rule.weight_step, base=d.rule.weight_base, **synapse),
        entry("threshold", d.learner.name, learner, w["THRESHOLD_BITS"], "1/1000", signed=False, writable=True),
    ]  # fmt: skip
    if d.learn:
        name = d.learner.name
        made += [
            entry("resource", d.plastic.name, plastic, w["RESOURCE_BITS"], "2^-20", scale=grain, **synapse),
            entry("contributes", d.plastic.name, plastic, 1, "0, 1", signed=False, **synapse),
            entry("stability", name, learner, w["STABILITY_BITS"], "2^-20"),
            entry("debt", name, learner, w["DEBT_BITS"], "2^-20", scale=grain),
            entry("last_spike", name, learner, 32, "step"),
            entry("sequence_start", name, learner, 32, "step"),
            entry("forced", name, learner, 1, "0, 1", signed=False),
        ]
    return made
