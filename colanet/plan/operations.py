"""A step as data: its operations in order, what each reads and writes, and the room of every engine it lives in.

`colanet plan` prints them for a network. Every engine has a function of the operation's name: the reference engine
as a method of its `Network`, the others in the room's file (`engine/cpu/ROOM.py`, `engine/cuda/ROOM.cuh`). Where a
compiled engine adds several numbers at once, its function holds the heart of the operation: on the CPU bias, kick
and memory timer, which belong to `leak`, are added in the pass of `integrate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from colanet.plan.plan import Plan, Plasticity, PopulationPlan, ProjectionPlan
from colanet.units import BASE_THRESHOLD, MILLI, ONE, POTENTIAL_LIMIT


@dataclass(frozen=True)
class Operation:
    """One operation of a step.

    Attributes
    ----------
    name : str
        Of its function in every engine.
    room : str
        Of its file in the compiled engines.
    reads, writes : tuple of str
        Variables of `colanet.plan.variables`, and what passes from operation to operation within a step:
        ``inputs``, ``current``, ``forcing``, ``wake``, ``sleep``, ``reward``, ``weight``, ``threshold``.
    """

    name: str
    room: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


_LEARNT = ("resource", "weight", "threshold", "debt")

OPERATIONS = (
    Operation(
        "deliver", "arrivals", ("inputs", "spikes", "weight"), ("current", "forcing", "wake", "sleep", "reward")
    ),
    Operation("gate", "neurons", ("gate", "wake", "sleep"), ("gate", "awake")),
    Operation(
        "leak", "neurons", ("potential", "memory_next", "memory_end"), ("potential", "memory_next")
    ),
    Operation("integrate", "neurons", ("potential", "current", "gate"), ("potential",)),
    Operation(
        "fire", "neurons", ("potential", "threshold", "ramp", "gate"),
        ("potential", "ramp", "spikes", "memory_next", "memory_end"),
    ),
    Operation(
        "own_spike", "plasticity",
        ("spikes", "forcing", "inputs", "awake", "last_spike", "forced", "contributes", "stability"),
        (*_LEARNT, "contributes", "sequence_start", "stability", "last_spike", "forced"),
    ),
    Operation(
        "rewarded", "plasticity",
        ("reward", "inputs", "awake", "last_spike", "forced", "contributes", "stability", "sequence_start"),
        (*_LEARNT, "stability"),
    ),
    Operation("presynaptic", "plasticity", ("inputs", "spikes", "awake", "stability"), _LEARNT),
    Operation(
        "renormalise", "plasticity", ("debt", "forced", "last_spike"), (*_LEARNT, "virtual_resource")
    ),
)  # fmt: skip
"""In the order in which a step does them. The first is done for every projection, then the next four for every
population, then the others for every population that learns."""

BY_NAME = {operation.name: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Call:
    """One operation on one projection or population of a network.

    Attributes
    ----------
    operation : Operation
    of : str
        Name of the projection or population.
    detail : str
        Its constants, for people.
    """

    operation: Operation
    of: str
    detail: str

    def __str__(self) -> str:
        return f"{self.operation.name} {self.of}: {self.detail}"


def calls(plan: Plan) -> Iterator[Call]:
    """What a step of a network does, in order; operations that would do nothing are left out."""
    for projection in plan.projections:
        yield Call(BY_NAME["deliver"], projection.name, _deliver(plan, projection))
    for population in plan.populations:
        for name, says in _OF_POPULATIONS.items():
            detail = says(population)
            if detail is not None:
                yield Call(BY_NAME[name], population.name, detail)
    for population in plan.populations:
        for name, says in _OF_LEARNERS.items():
            detail = says(population) if population.plasticity else None
            if detail is not None:
                yield Call(BY_NAME[name], population.name, detail)


def _deliver(plan: Plan, p: ProjectionPlan) -> str:
    to = {"fixed": "current, forcing", "plastic": "current", "gating": "wake, sleep", "reward": "reward"}[p.kind]
    return f"spikes of {plan.source_name(p)} to {to} of {plan.populations[p.target].name}"


def _gate(q: PopulationPlan) -> str | None:
    return "activation counters move, gating arrivals set them" if q.gated else None


def _leak(q: PopulationPlan) -> str:
    parts = (("bias", q.bias), ("kick", q.kick), ("memory timer", q.memory_period))
    return ", ".join([f"u := u {q.leak}/1024", *(word for word, on in parts if on)])


def _integrate(q: PopulationPlan) -> str:
    reset = f", zeroes at t mod {q.reset_period} = {q.reset_phase}" if q.reset_period else ""
    return f"adds current where awake{_held(q)}{reset}"


def _held(q: PopulationPlan) -> str:
    if q.potential_limit >= POTENTIAL_LIMIT - 1 and q.potential_step == 1:
        return ""
    return f", holds {q.potential_limit / MILLI:g} at most, in steps of {q.potential_step / MILLI:g}"


def _fire(q: PopulationPlan) -> str:
    winner = ", one a column" if q.winner_take_all else ""
    return f"u > threshold{winner}{', keeps u - threshold' if q.subtract else ''}"


def _own_spike(q: PopulationPlan) -> str:
    fading = f", stability fades by 1 in {q.rule.stability_lifetime} steps" if q.rule.stability_lifetime else ""
    rule = f"{q.rule.hebbian / ONE:+.6g} to contributors, gaps up to {q.rule.isi_max} steps"
    return f"{rule}{fading}{_grains(q.rule)}"


def _grains(rule: Plasticity) -> str:
    if rule.resource_grain == 1 and rule.weight_step == 1:
        return ""
    rounding = "stochastic" if rule.stochastic else "nearest"
    limit, grain = rule.resource_limit / ONE, ONE // rule.resource_grain
    weights = f"weights in steps of {rule.weight_step / MILLI:g}"
    return f"; resources up to {limit:g} in steps of 1/{grain}, {rounding}; {weights}"


def _rewarded(q: PopulationPlan) -> str:
    rule = "three-factor" if q.rule.three_factor else "two-factor"
    stability = f", stability {q.rule.stability_rate / ONE:g}" if q.rule.stability_rate else ""
    return f"{rule}, window {q.rule.dopamine_window} steps{stability}"


def _presynaptic(q: PopulationPlan) -> str | None:
    period = q.rule.presynaptic_period
    return f"{q.rule.presynaptic / ONE:+.6g} every {period} steps" if period else None


def _renormalise(q: PopulationPlan) -> str | None:
    return f"{q.rule.virtual_synapses} virtual synapses" if q.rule.virtual_synapses >= 0 else None


_OF_POPULATIONS: dict[str, Callable[[PopulationPlan], str | None]] = {
    "gate": _gate, "leak": _leak, "integrate": _integrate, "fire": _fire,
}  # fmt: skip
_OF_LEARNERS: dict[str, Callable[[PopulationPlan], str | None]] = {
    "own_spike": _own_spike, "rewarded": _rewarded, "presynaptic": _presynaptic, "renormalise": _renormalise,
}  # fmt: skip


def threshold_text(q: PopulationPlan) -> str:
    """The threshold of a population, for people."""
    text = f"{BASE_THRESHOLD / MILLI:g}"
    if q.ramp_period:
        text += f" + {q.ramp_increment / MILLI:g} a spike, gone in {q.ramp_period}"
    if q.alpha:
        text += f" + {q.alpha / ONE:.4g} x weights"
    return text
