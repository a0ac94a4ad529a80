"""A plain execution of a graph that the format `nir` wrote, in NumPy, for the figures of its manifest."""

from __future__ import annotations

from typing import Any

import numpy as np

BATCH = 500
"""Images at a time."""


def run(graph: Any, spikes: np.ndarray, dt: float) -> np.ndarray:
    """Spikes of the answering population, image by image from rest, in Euler steps.

    Parameters
    ----------
    graph : nir.NIRGraph
        With one node `input`, one node `output`, Linear, Affine, Delay and CubaLIF.
    spikes : ndarray of bool, shape (images, steps, input nodes)
    dt : float
        Seconds a step.

    Returns
    -------
    ndarray of int64, shape (images, output neurons)
    """
    order, answer = _order(graph), next(source for source, target in graph.edges if target == "output")
    counts = [_counts(graph, order, answer, spikes[i : i + BATCH], dt) for i in range(0, len(spikes), BATCH)]
    return np.concatenate(counts) if counts else np.zeros((0, *graph.nodes["output"].output_type["output"]), int)


def _before(graph: Any, name: str) -> list[str]:
    return [source for source, target in graph.edges if target == name]


def _loops(node: Any) -> bool:
    """Whether a node closes a loop: what it gives out counts in the next step."""
    return bool(int(node.metadata.get("colanet", {}).get("loop", 0)))


def _order(graph: Any) -> list[str]:
    """Nodes, each after those that it reads in the same step."""
    done: list[str] = []
    waiting = [name for name in sorted(graph.nodes) if name != "output"]
    while waiting:
        ready = [
            name
            for name in waiting
            if all(source in done or _loops(graph.nodes[source]) for source in _before(graph, name))
        ]
        done += ready
        waiting = [name for name in waiting if name not in ready]
    return done


def _counts(graph: Any, order: list[str], answer: str, spikes: np.ndarray, dt: float) -> np.ndarray:
    """`run` of a batch."""
    kept: dict[str, Any] = {}
    last: dict[str, np.ndarray] = {}
    counts = np.zeros(1, dtype=np.int64)
    for t in range(spikes.shape[1]):
        given: dict[str, np.ndarray] = {}
        for name in order:
            node = graph.nodes[name]
            if name == "input":
                given[name] = spikes[:, t].astype(np.float32)
                continue
            arriving = sum(
                (last.get(source, np.float32(0)) if _loops(graph.nodes[source]) else given[source])
                for source in _before(graph, name)
            )
            given[name] = _step(node, arriving, kept, name, dt)
        last = given
        counts = counts + given[answer].astype(np.int64)
    return counts


def _step(node: Any, x: Any, kept: dict[str, Any], name: str, dt: float) -> Any:
    """What one node gives out in a step."""
    kind = type(node).__name__
    if kind == "Linear":
        return x @ node.weight.T
    if kind == "Affine":
        return x @ node.weight.T + node.bias
    if kind == "Delay":
        line = kept.setdefault(name, [np.zeros_like(x)] * round(float(node.delay[0]) / dt))
        line.append(x)
        return line.pop(0)
    current, v = kept.get(name, (0.0, 0.0))
    current = current + dt / node.tau_syn * (node.w_in * x - current)
    v = v + dt / node.tau_mem * (node.v_leak - v + node.r * current)
    fires = v > node.v_threshold
    kept[name] = current, np.where(fires, node.v_reset, v)
    return fires.astype(np.float32)
