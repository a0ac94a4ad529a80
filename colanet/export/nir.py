"""The format `nir`: a graph for inference in the Neuromorphic Intermediate Representation.

Source of the nodes' equations: J. E. Pedersen et al., Nature Communications 15, 8122 (2024).
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from colanet.atomic import write_bytes, write_text
from colanet.errors import ConfigError
from colanet.export import images as shown
from colanet.export.execution import run
from colanet.export.inference import Inference, Layer, Link, inference_of, manifest, one_copy
from colanet.extras import need
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.units import LEAK_Q
from colanet.version import __version__

FORMAT = "colanet nir 1"
NETWORK, MANIFEST, IMAGES = "network.nir", "manifest.json", "images.npz"
LARGEST = 1 << 28
"""Most entries of a weight matrix; NIR has no sparse ones."""
NO_LEAK = 1 << 30
"""Time constant in steps of a population that does not leak: so near to none that float32 sees none."""
SECONDS = re.compile(r"\d+(\.\d*)?([eE][-+]?\d+)?")


def nir(
    plan: Plan,
    state: State,
    folder: Path,
    *,
    copy: int = 0,
    output: str | None = None,
    recurrent: str = "none",
    inhibition: int = 100,
    dt: str = "0.0001",
    images: int = 0,
    step: int,
) -> list[Path]:
    """Graph for inference (network.nir) and manifest.json; with images=N also images.npz, their spikes and answers.

    Parameters
    ----------
    plan : Plan
    state : State
    folder : Path
    copy : int
    output : str or None
        Population that answers; None: that of the readout.
    recurrent : {'none', 'late'}
        `late`: negative gates and winner-take-all as inhibition that arrives one step after the spike.
    inhibition : int
        Weight of an inhibitory synapse, in thresholds.
    dt : str
        Seconds a step.
    images : int
        How many test images are shown to colanet and to the graph.
    step : int
        The step that comes next in the state.

    Returns
    -------
    list of Path

    Raises
    ------
    ConfigError
        If an option has no such value, or the network has no such answer.
    BackendUnavailable
        If the package `nir` is not installed.
    """
    library, seconds, late = need("nir", "nir"), _seconds(dt), _late(recurrent)
    if inhibition < 1:
        raise ConfigError(f"option inhibition: expected 1 or more thresholds, not {inhibition}")
    network = inference_of(plan, state, one_copy(plan, copy), output)
    if late:
        network = _inhibited(network)
    evaluation = shown.show(plan, state, network, copy, images, step) if images else None
    options = {"copy": copy, "recurrent": recurrent, "inhibition": inhibition, "dt": seconds}
    graph = _graph(library, plan, network, seconds, inhibition if late else 0)
    return _write(library, plan, network, folder, graph, evaluation, options)


def _write(
    library: Any,
    plan: Plan,
    network: Inference,
    folder: Path,
    graph: Any,
    evaluation: shown.Shown | None,
    options: dict[str, Any],
) -> list[Path]:
    """The files, the manifest last."""
    path, file = folder / NETWORK, io.BytesIO()
    library.write(file, graph)  # into memory, for HDF5 cannot write a file that is locked
    write_bytes(path, file.getvalue())
    sha256 = hashlib.sha256(file.getvalue()).hexdigest()
    written = [path]
    told = {"format": FORMAT, "colanet": __version__, "file": NETWORK, "sha256": sha256, "seed": plan.seed}
    told |= options | _about(plan, network) | {"evaluation": None}
    if evaluation is not None:
        counts = run(library.read(path), evaluation.spikes, options["dt"])
        told["evaluation"] = evaluation.judged(counts)
        written.append(evaluation.write(folder / IMAGES, counts))
    write_text(folder / MANIFEST, manifest(told | {"configuration": plan.description.model_dump(mode="json")}))
    return [*written, folder / MANIFEST]


def _late(recurrent: str) -> bool:
    if recurrent not in ("none", "late"):
        raise ConfigError(f"option recurrent: expected none or late, not {recurrent:.60}")
    return recurrent == "late"


def _seconds(dt: str) -> float:
    seconds = float(dt) if SECONDS.fullmatch(dt) else 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"option dt: expected seconds a step, for example 0.0001, not {dt:.60}")
    return seconds


def _inhibited(network: Inference) -> Inference:
    """The same network, of which less is left out."""
    gates = {gate.name for gate in network.gates}
    late = "inhibition that arrives one step after the spike and fades by the leak"
    left = tuple(
        o._replace(instead=late) if o.what == "winner-take-all" or o.where in gates else o for o in network.left_out
    )
    return replace(network, left_out=left)


# ----------------------------------------------------------------------- graph
Edge = tuple[str, str]


class _Graph:
    """Nodes and edges while they are put together; names are made of letters, digits and underscores."""

    def __init__(self, library: Any, network: Inference, dt: float) -> None:
        self.library, self.network, self.dt = library, network, dt
        self.nodes: dict[str, Any] = {"input": library.Input(input_type={"input": np.array([network.input_size])})}
        self.loops: list[Edge] = []
        self.edges: list[Edge] = []
        self.names = [self.add(layer.population.name, self._neurons(layer)) for layer in network.layers]
        answer = network.layers[network.output].population
        self.nodes["output"] = library.Output(output_type={"output": np.array([answer.size])})

    def finished(self, about: dict[str, Any]) -> Any:
        """The graph. Loops come first and the answer last among its edges, for some readers go depth first."""
        last = (self.names[self.network.output], "output")
        return self.library.NIRGraph(
            nodes=self.nodes, edges=[*self.loops, *self.edges, last], metadata={"colanet": about}
        )

    def add(self, name: str, node: Any) -> str:
        """Take in a node; the name it has, which no other has."""
        start = plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "_"
        number = 2
        while plain in self.nodes or plain in ("input", "output"):
            plain, number = f"{start}_{number}", number + 1
        self.nodes[plain] = node
        return plain

    def _neurons(self, layer: Layer) -> Any:
        """u := u leak / 1024 + arrivals, in thresholds, as one Euler step of `dt` seconds."""
        p, one = layer.population, np.ones(layer.population.size)
        steps = (1 << LEAK_Q) / ((1 << LEAK_Q) - p.leak) if p.leak < 1 << LEAK_Q else NO_LEAK
        return self.library.CubaLIF(
            tau_syn=one * self.dt, tau_mem=one * steps * self.dt, r=one * steps, v_leak=0 * one, v_threshold=one,
            v_reset=0 * one, w_in=one, metadata=_metadata(population=p.name, leak_1024=p.leak),
        )  # fmt: skip

    def connect(self, link: Link, weight: np.ndarray, bias: np.ndarray | None, **told: Any) -> None:
        """Source, what is left of the delay, weights, target."""
        source = "input" if link.source < 0 else self.names[link.source]
        target, loop = self.names[link.target], link.source >= link.target
        steps = self._waiting(link) - loop
        before, edges = source, self.loops if loop else self.edges
        if steps:
            size = self.network.input_size if link.source < 0 else weight.shape[1]
            before = self.add(f"{source}_later_{steps}", self.library.Delay(delay=np.full(size, steps * self.dt)))
            edges.append((source, before))
        about = _metadata(**told, delay=link.delay, loop=int(loop))
        if bias is None:
            node = self.library.Linear(weight=weight, metadata=about)
        else:
            node = self.library.Affine(weight=weight, bias=bias, metadata=about)
        name = self.add(f"{source}_to_{target}", node)
        edges += [(before, name), (name, target)]

    def _waiting(self, link: Link) -> int:
        """Steps that a spike waits if every population is read as many steps early as its depth says."""
        layers = self.network.layers
        return link.delay + (layers[link.source].depth if link.source >= 0 else 0) - layers[link.target].depth


def _graph(library: Any, plan: Plan, network: Inference, dt: float, inhibition: int) -> Any:
    made = _Graph(library, network, dt)
    driven = {number for number, layer in enumerate(network.layers) if layer.drive}
    for link in network.links:
        layer, bias = network.layers[link.target], None
        if link.target in driven and link.source < link.target:
            driven.discard(link.target)
            bias = (layer.drive / _level(layer)).astype(np.float32)
        weight = _matrix(network, link, link.weight / _level(layer)[link.post])
        made.connect(link, weight, bias, projection=link.name)
    for gate in _inhibition(network) if inhibition else ():
        made.connect(gate, _matrix(network, gate, -float(inhibition)), None, inhibition=gate.name)
    about = {"format": FORMAT, "version": __version__, "dt": dt, "manifest": json.dumps(_about(plan, network))}
    return made.finished(about)


def _metadata(**told: Any) -> dict[str, Any]:
    return {"colanet": told}


def _level(layer: Layer) -> np.ndarray:
    """What the graph takes for a threshold, in 1/1000.

    A potential is a whole number of 1/1000; half of one more makes `potential > threshold` certain in float32.
    """
    return layer.threshold + 0.5


def _matrix(network: Inference, link: Link, value: np.ndarray | float) -> np.ndarray:
    """Weights as float32 of shape (target neurons, source neurons)."""
    source = network.input_size if link.source < 0 else network.layers[link.source].population.size
    target = network.layers[link.target].population.size
    if source * target > LARGEST:
        raise ConfigError(f"projection {link.name}: {source} x {target} weights, NIR holds at most {LARGEST}")
    weight = np.zeros((target, source), dtype=np.float32)
    weight[link.post, link.pre] = value
    return weight


def _inhibition(network: Inference) -> Iterator[Link]:
    """Negative gates, and winner-take-all where no gate does the same, as if they were synapses."""
    yield from network.gates
    for number, layer in enumerate(network.layers):
        p = layer.population
        if p.winner_take_all and not any(gate.source == gate.target == number for gate in network.gates):
            pre, post = (a.ravel() for a in np.indices((p.size, p.size)))
            mates = (pre // p.column_size == post // p.column_size) & (pre != post)
            yield Link("winner-take-all", number, number, pre[mates], post[mates], np.full(mates.sum(), -1), 1)


# -------------------------------------------------------------------- manifest


def _about(plan: Plan, network: Inference) -> dict[str, Any]:
    """What the graph is made of, and what it leaves out."""
    return {
        "inputs": [{"name": name, "size": size} for name, _, size in network.inputs],
        "populations": [_population(layer) for layer in network.layers],
        "output": network.layers[network.output].population.name,
        "left_out": [omission._asdict() for omission in network.left_out],
    }


def _population(layer: Layer) -> dict[str, Any]:
    p = layer.population
    return {
        "name": p.name,
        "size": p.size,
        "leak": {"value": p.leak, "unit": "1/1024 of the potential that stays, each step"},
        "bias": {"value": layer.drive, "unit": "1/1000 of the potential unit a step"},
        "early": {"value": layer.depth, "unit": "steps that its spikes come before those of colanet"},
    }
