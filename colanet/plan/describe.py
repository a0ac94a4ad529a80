"""A plan as text: what there is, and what a step does in which order."""

from __future__ import annotations

from colanet.plan.build import Plan, PopulationPlan, ProjectionPlan
from colanet.plan.fixed import MILLI, ONE
from colanet.plan.memory import network_bytes, size


def describe(plan: Plan) -> str:
    """Populations, projections with synapse counts, the operations of a step, memory; for one plan."""
    parts = [
        f"{plan.n_neurons} neurons, {_total(plan)} synapses a copy; copies: {plan.copies}; seed {plan.seed}",
        "",
        _table(["input", "nodes"], [[name, size] for name, size in plan.inputs]),
        _table(
            ["population", "neurons", "columns", "leak/1024", "kick", "threshold", "learning"],
            [_population(p) for p in plan.populations],
        ),
        _table(
            ["projection", "kind", "connection", "synapses", "weight", "delay"],
            [_projection(plan, p) for p in plan.projections],
        ),
        "one step",
        *(f"  {number:2d}. {text}" for number, text in enumerate(operations(plan), 1)),
        "",
        f"state: {memory(plan) / 1024:.0f} KiB a copy, {memory(plan) * plan.copies / 2**20:.1f} MiB in all; "
        f"a run takes at most about {size(network_bytes(plan))} beside the program and the data",
    ]
    return "\n".join(parts)


def operations(plan: Plan) -> list[str]:
    """What a step does, in order, each with what it reads and writes."""
    lines = [f"input {name}: spikes of this step" for name, _ in plan.inputs]
    for p in plan.projections:
        target = plan.populations[p.target].name
        to = {"fixed": "current, forced", "plastic": "current", "gating": "gate", "reward": "reward"}[p.kind]
        lines.append(f"deliver {p.name}: reads spikes of {_source(plan, p)}, writes {target} {to}")
    for q in plan.populations:
        if q.gated:
            lines.append(f"gate {q.name}: moves the activation counters, applies gating arrivals")
        parts = (("bias", q.bias), ("kick", q.kick), ("memory timer", q.memory_period))
        extra = [word for word, on in parts if on]
        reset = f", zeroes at t mod {q.reset_period} = {q.reset_phase}" if q.reset_period else ""
        lines.append(f"leak {q.name}: " + ", ".join([f"u := u {q.leak}/1024", *extra]))
        lines.append(f"integrate {q.name}: adds current where awake{reset}")
        winner = ", one a column" if q.winner_take_all else ""
        left = ", keeps u - threshold" if q.subtract else ""
        lines.append(f"fire {q.name}: u > threshold{winner}{left}; writes spikes")
    for q in plan.populations:
        if q.plasticity:
            lines.append(f"learn {q.name}: {', '.join(_rules(q))}")
    return lines


def memory(plan: Plan) -> int:
    """Bytes of state of one copy."""
    plastic = sum(plan.synapses(p.index).count for p in plan.projections if p.kind == "plastic")
    return plastic * (4 + 2 + 1) + plan.n_neurons * (3 * 4 + 6 * 8 + 2 * plan.history)


def _total(plan: Plan) -> int:
    return sum(plan.synapses(p.index).count for p in plan.projections)


def _source(plan: Plan, p: ProjectionPlan) -> str:
    return plan.inputs[p.source][0] if p.from_input else plan.populations[p.source].name


def _rules(q: PopulationPlan) -> list[str]:
    rule = q.plasticity
    assert rule is not None
    rules = [
        ("Hebbian", rule.hebbian),
        ("three-factor dopamine" if rule.three_factor else "two-factor dopamine", True),
        ("presynaptic", rule.presynaptic_period),
        ("stability", rule.stability_rate),
        ("renormalisation", rule.virtual_synapses >= 0),
    ]
    return [name for name, on in rules if on]


def _population(q: PopulationPlan) -> list[object]:
    threshold = "8.531"
    if q.ramp_period:
        threshold += f" + {q.ramp_increment / MILLI:g} a spike, gone in {q.ramp_period}"
    if q.alpha:
        threshold += f" + {q.alpha / ONE:.4g} x weights"
    columns = f"{q.columns}{', one winner' if q.winner_take_all else ''}" if q.columns else "-"
    learning = ", ".join(_rules(q)) if q.plasticity else "-"
    return [q.name, q.size, columns, q.leak, q.kick / MILLI or "-", threshold, learning]


def _projection(plan: Plan, p: ProjectionPlan) -> list[object]:
    synapses = plan.synapses(p.index)
    low, high = (synapses.delay.min(), synapses.delay.max()) if synapses.count else ("-", "-")
    weight: object = {
        "fixed": f"{p.weight / MILLI:g}",
        "gating": f"{p.weight:+d} steps",
        "reward": f"{p.weight / ONE:+.6g}",
        "plastic": "learnt",
    }[p.kind]
    count = f"{synapses.count}{' (copy 0)' if p.random else ''}"
    return [p.name, p.kind, p.description.connection, count, weight, low if low == high else f"{low}..{high}"]


def _table(head: list[str], rows: list[list[object]]) -> str:
    cells = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:], ""])
