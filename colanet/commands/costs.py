"""The table of `colanet run --costs`."""

from __future__ import annotations

from collections.abc import Iterator

from colanet.costs import Costs

_NAME, _NUMBER = 34, 16
"""Widths of the columns."""


def costs_report(costs: Costs | None) -> str:
    """The costs for people: numbers of the network, then those of each part of the run, one line a number."""
    if costs is None:
        return "costs       not known: the checkpoint of an older colanet did not count the test apart"
    unit = "an image" if costs.period else "a step"
    lines = [_line(name, [value]) for name, value in _network(costs)]
    lines += ["", _line(f"{unit} in one copy", list(costs.parts))]
    lines += [_line(name, values) for name, values in _parts(costs)]
    if costs.not_left_out:
        lines.append(f"effective ACs of weight 0 are not left out in {', '.join(costs.not_left_out)}")
    return "\n".join(lines)


def _line(name: str, values: list[str]) -> str:
    return f"{name:{_NAME}}" + "".join(f"{value:>{_NUMBER}}" for value in values)


def _network(costs: Costs) -> Iterator[tuple[str, str]]:
    answering = costs.footprint.weights + costs.footprint.neurons
    yield "footprint (bytes)", f"{answering}"
    yield "footprint with learning (bytes)", f"{answering + costs.footprint.learning}"
    yield "connection sparsity", f"{costs.connection_sparsity:.4f}"


def _parts(costs: Costs) -> Iterator[tuple[str, list[str]]]:
    works = list(costs.parts.values())
    yield "activation sparsity", [f"{costs.activation_sparsity(work):.6f}" for work in works]
    yield "synaptic operations, dense", [f"{costs.dense():.1f}" for _ in works]
    yield "dense, existing synapses only", [f"{costs.existing():.1f}" for _ in works]
    yield "effective MACs", ["0.0" for _ in works]
    yield "effective ACs", [f"{costs.effective(work):.1f}" for work in works]
    if costs.pj_per_op is not None:
        yield "energy (uJ)", [f"{costs.energy(work):.6g}" for work in works]
