"""The format `sanafe`: a network description for SANA-FE, and a plain chip to run it on.

SANA-FE is a program of its own (GPL-3); nothing of it is imported here. Source of the file format: its
documentation, https://sana-fe.readthedocs.io, and J. A. Boyle et al., doi:10.1109/TCAD.2025.3537971.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from colanet.atomic import atomic_path, write_text
from colanet.errors import ConfigError
from colanet.export import images as shown
from colanet.export.inference import Inference, Link, Omission, inference_of, manifest, one_copy
from colanet.plan import Plan, PopulationPlan
from colanet.plan.variables import State
from colanet.units import LEAK_Q, POTENTIAL_LIMIT
from colanet.version import __version__

FORMAT = "colanet sanafe 1"
NETWORK, CHIP, MANIFEST, IMAGES = "network.yaml", "architecture.yaml", "manifest.json", "images.npz"
CORE = 1024
"""Neurons a core; a soma of SANA-FE has no more."""
GRAIN = 64
"""SANA-FE cuts potentials to multiples of 1/64. So 1/1000 of colanet's unit becomes 1/64: only the leak makes
something to be cut, and colanet cuts it alike."""


def sanafe(
    plan: Plan, state: State, folder: Path, *, copy: int = 0, output: str | None = None, images: int = 0, step: int
) -> list[Path]:
    """Description for SANA-FE (network.yaml), a plain chip (architecture.yaml), manifest.json; spikes of images=N.

    Parameters
    ----------
    plan : Plan
    state : State
    folder : Path
    copy : int
    output : str or None
        Population that answers; None: that of the readout.
    images : int
        How many test images the input nodes spike for, one after the other.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        If an option has no such value, the network has no such answer, or a delay is not 1.
    """
    network = inference_of(plan, state, one_copy(plan, copy), output)
    for link in network.links:
        if link.delay != 1:
            raise ConfigError(f"projection {link.name}: delay {link.delay}, the format sanafe holds delay 1 only")
    evaluation = shown.show(plan, state, network, copy, images, step) if images else None
    names = _names(network)
    with atomic_path(folder / NETWORK) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        _write(file, network, names, evaluation.spikes if evaluation else None)
    write_text(folder / CHIP, "\n".join(_chip(network)) + "\n")
    written = [folder / NETWORK, folder / CHIP]
    told: dict[str, Any] = {"format": FORMAT, "colanet": __version__, "seed": plan.seed, "copy": copy}
    told |= {
        "unit": f"{GRAIN}/1000 of the potential unit",
        "input": "input",
        "inputs": [{"name": name, "size": size} for name, _, size in network.inputs],
        "populations": [{"name": layer.population.name, "group": name, "size": layer.population.size}
                        for layer, name in zip(network.layers, names, strict=True)],
        "output": names[network.output],
        "left_out": [omission._asdict() for omission in _left_out(network)],
        "evaluation": None,
    }  # fmt: skip
    if evaluation is not None:
        counts = run(network, evaluation.spikes)
        told["evaluation"] = evaluation.judged(counts)
        written.append(evaluation.write(folder / IMAGES, counts))
    write_text(folder / MANIFEST, manifest(told | {"configuration": plan.description.model_dump(mode="json")}))
    return [*written, folder / MANIFEST]


def _names(network: Inference) -> list[str]:
    """Names of groups, made of letters, digits and underscores; `input` is that of the data."""
    names: list[str] = []
    for layer in network.layers:
        start = name = re.sub(r"\W", "_", layer.population.name, flags=re.ASCII) or "_"
        number = 2
        while name in names or name == "input":
            name, number = f"{start}_{number}", number + 1
        names.append(name)
    return names


def _left_out(network: Inference) -> Iterator[Omission]:
    """What this format leaves out; its neurons have a truncated leak, a floor and both kinds of reset."""
    floored = {layer.population.name for layer in network.layers if _floored(layer.population)}
    for omission in network.left_out:
        held = omission.what in ("truncation of the leak", "reset by subtraction")
        if not held and not (omission.what == "floor of the potential" and omission.where in floored):
            yield omission


def _floored(p: PopulationPlan) -> bool:
    """Whether a population has a floor that SANA-FE can hold: one that a reset does not lie below."""
    return -POTENTIAL_LIMIT < p.floor <= 0


# --------------------------------------------------------------------- network


def _scaled(value: Any) -> str:
    """A whole number of 1/1000 in SANA-FE's unit, exact: a multiple of 1/64."""
    return repr(int(value) / GRAIN)


def _write(file: TextIO, network: Inference, names: list[str], spikes: np.ndarray | None) -> None:
    file.write("network:\n  name: colanet\n  groups:\n    - name: input\n      attributes: [log_spikes: false]\n")
    file.write("      neurons:\n")
    steps = None if spikes is None else spikes.reshape(-1, network.input_size)
    for node in range(network.input_size):
        train = "" if steps is None else f"spikes: [{', '.join('01'[int(s)] for s in steps[:, node])}]"
        file.write(f"        - {node}: [{train}]\n")
    for layer, name in zip(network.layers, names, strict=True):
        p = layer.population
        same = f"leak_decay: {p.leak / (1 << LEAK_Q)!r}, reset: 0.0, reset_mode: {'soft' if p.subtract else 'hard'}"
        if _floored(p):
            same += f", reverse_threshold: {_scaled(p.floor)}, reverse_reset_mode: saturate"
        same += f", bias: {_scaled(round(layer.drive))}"
        file.write(f"    - name: {name}\n      attributes: [log_spikes: true]\n      neurons:\n")
        for neuron, threshold in enumerate(layer.threshold):
            file.write(f"        - {neuron}: [soma: {{threshold: {_scaled(threshold)}, {same}}}]\n")
    file.write("  edges:\n")
    for link in network.links:
        file.writelines(_edges(network, link, names))
    file.write("mappings:\n")
    for node in range(network.input_size):
        file.write(f"  - input.{node}: [core: 0.{node // CORE}, soma: \"source[{node % CORE}]\"]\n")
    core = -(-network.input_size // CORE)
    for layer, name in zip(network.layers, names, strict=True):
        for neuron in range(layer.population.size):
            file.write(f"  - {name}.{neuron}: [core: 0.{core + neuron // CORE}, soma: neurons]\n")
        core += -(-layer.population.size // CORE)


def _edges(network: Inference, link: Link, names: list[str]) -> Iterator[str]:
    source = "input" if link.source < 0 else names[link.source]
    size = network.input_size if link.source < 0 else network.layers[link.source].population.size
    target = names[link.target]
    if len(link.weight) == size * network.layers[link.target].population.size:
        weights = ", ".join(_scaled(w) for w in link.weight)  # sorted by source, then target
        yield f"    - {source} -> {target}: [type: dense, weight: [{weights}]]\n"
        return
    for pre, post, weight in zip(link.pre, link.post, link.weight, strict=True):
        yield f"    - {source}.{pre} -> {target}.{post}: [weight: {_scaled(weight)}]\n"


# ------------------------------------------------------------------------ chip


def _chip(network: Inference) -> Iterator[str]:
    """One tile: cores for the data, cores for the neurons; every operation costs 1 pJ and 1 ns."""
    yield "# Every operation costs 1 pJ and 1 ns: energies count operations. Put the figures of your chip there."
    yield "architecture:"
    yield "  name: plain"
    yield "  attributes: {link_buffer_size: 16, width: 1, height: 1}"
    yield "  tile:"
    yield "    - name: tile"
    hops = ", ".join(f"{w}_{d}_hop: {c}" for d in ("north", "east", "south", "west") for w, c in _COSTS)
    yield f"      attributes: {{{hops}}}"
    yield "      core:"
    yield from _cores("data", -(-network.input_size // CORE), f"source[0..{CORE - 1}]", "input")
    neurons = sum(-(-layer.population.size // CORE) for layer in network.layers)
    yield from _cores("neurons", neurons, "neurons", "leaky_integrate_fire")


_COSTS = (("energy", "1.0e-12"), ("latency", "1.0e-9"))


def _costs(*operations: str) -> str:
    return ", ".join(f"{what}_{operation}: {cost}" for operation in operations for what, cost in _COSTS)


def _cores(name: str, number: int, soma: str, model: str) -> Iterator[str]:
    yield f"        - name: {name}_core[0..{number - 1}]" if number > 1 else f"        - name: {name}_core"
    yield f"          attributes: {{buffer_position: soma, max_neurons_supported: {CORE}}}"
    units = (
        ("axon_in", "axon_in", "", _costs("message_in")),
        ("synapse", "synapse", "current_based", _costs("process_spike")),
        ("dendrite", "dendrite", "accumulator", "update_every_timestep: true, " + _costs("update")),
        ("soma", soma, model, _costs("access_neuron", "update_neuron", "spike_out")),
        ("axon_out", "axon_out", "", _costs("message_out")),
    )
    for kind, called, of_model, costs in units:
        yield f"          {kind}:"
        yield f"            - name: {called}"
        yield f"              attributes: {{{f'model: {of_model}, ' if of_model else ''}{costs}}}"


# ------------------------------------------------------------------- execution


def run(network: Inference, spikes: np.ndarray) -> np.ndarray:
    """What the description says, in whole numbers: spikes of the answering population, image by image from rest.

    Parameters
    ----------
    network : Inference
        With delays of 1 step.
    spikes : ndarray of bool, shape (images, steps, input nodes)

    Returns
    -------
    ndarray of int64, shape (images, output neurons)
    """
    images, layers = len(spikes), network.layers
    sizes = [layer.population.size for layer in layers]
    matrices = []
    for link in network.links:
        source = network.input_size if link.source < 0 else sizes[link.source]
        matrix = np.zeros((source, sizes[link.target]))  # float64 holds these whole numbers, and multiplies fast
        matrix[link.pre, link.post] = link.weight
        matrices.append(matrix)
    u = [np.zeros((images, size), dtype=np.int64) for size in sizes]
    before = [np.zeros((images, size), dtype=bool) for size in sizes]
    counts = np.zeros((images, sizes[network.output]), dtype=np.int64)
    for t in range(spikes.shape[1]):
        fired = []
        for number, layer in enumerate(layers):
            size = np.abs(u[number]) * layer.population.leak >> LEAK_Q
            potential: np.ndarray = np.where(u[number] < 0, -size, size) + round(layer.drive)
            for link, matrix in zip(network.links, matrices, strict=True):
                if link.target == number and (t or link.source >= 0):
                    arriving = spikes[:, t - 1] if link.source < 0 else before[link.source]
                    potential += (arriving.astype(np.float64) @ matrix).astype(np.int64)
            if _floored(layer.population):
                potential = np.maximum(potential, layer.population.floor)
            fired.append(potential > layer.threshold)
            rest = potential - layer.threshold if layer.population.subtract else 0
            u[number] = np.where(fired[-1], rest, potential)
        before = fired
        counts += fired[network.output]
    return counts
