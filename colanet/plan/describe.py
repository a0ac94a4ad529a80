"""A plan as text: what there is, and what a step does in which order."""

from __future__ import annotations

from collections.abc import Sequence

from colanet.plan.memory import network_bytes, size
from colanet.plan.operations import Call, calls, threshold_text
from colanet.plan.plan import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.variables import state_bytes
from colanet.units import MILLI, ONE


def describe(plan: Plan) -> str:
    """Populations, projections with synapse counts, the operations of a step, memory; for one plan."""
    state, steps = state_bytes(plan), list(calls(plan))
    parts = [
        f"{plan.n_neurons} neurons, {_total(plan)} synapses a copy; copies: {plan.copies}; seed {plan.seed}",
        "",
        _table(["input", "nodes"], [[name, size] for name, size in plan.inputs]),
        _table(
            ["population", "neurons", "columns", "leak/1024", "kick", "threshold", "learning"],
            [_population(p, _learning(p, steps)) for p in plan.populations],
        ),
        _table(
            ["projection", "kind", "connection", "synapses", "weight", "delay"],
            [_projection(plan, p) for p in plan.projections],
        ),
        "one step",
        *(f"  {number:2d}. {call}" for number, call in enumerate(steps, 1)),
        "",
        _table(
            ["operation", "reads", "writes"],
            [[o.name, ", ".join(o.reads), ", ".join(o.writes)] for o in dict.fromkeys(c.operation for c in steps)],
        ),
        f"state: {state / 1024:.0f} KiB a copy, {state * plan.copies / 2**20:.1f} MiB in all; "
        f"a run takes at most about {size(network_bytes(plan))} beside the program and the data",
    ]
    return "\n".join(parts)


def _total(plan: Plan) -> int:
    return sum(plan.count(p.index) for p in plan.projections)


def _learning(q: PopulationPlan, steps: Sequence[Call]) -> str:
    """The operations that change what a population has learnt."""
    found = [call.operation.name for call in steps if call.of == q.name and call.operation.room == "plasticity"]
    return ", ".join(found) or "-"


def _population(q: PopulationPlan, learning: str) -> list[object]:
    columns = f"{q.columns}{', one winner' if q.winner_take_all else ''}" if q.columns else "-"
    return [q.name, q.size, columns, q.leak, q.kick / MILLI or "-", threshold_text(q), learning]


def _projection(plan: Plan, p: ProjectionPlan) -> list[object]:
    many = plan.count(p.index)
    low, high = _delays(plan, p) if many else ("-", "-")
    weight: object = {
        "fixed": f"{p.weight / MILLI:g}",
        "gating": f"{p.weight:+d} steps",
        "reward": f"{p.weight / ONE:+.6g}",
        "plastic": "learnt",
    }[p.kind]
    count = f"{many}{' (copy 0)' if p.random else ''}"
    part, connection = p.description.source_fraction, p.description.connection
    connection += "" if part == 1 else f", of {plan.ends(p).n_seen} of {p.source_size} sources"
    return [p.name, p.kind, connection, count, weight, low if low == high else f"{low}..{high}"]


def _delays(plan: Plan, p: ProjectionPlan) -> tuple[object, object]:
    if isinstance(p.description.delay, int):
        return p.description.delay, p.description.delay
    delay = plan.synapses(p.index).delay
    return delay.min(), delay.max()


def _table(head: list[str], rows: list[list[object]]) -> str:
    cells = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:], ""])
