"""From a checked description to a plan."""

from __future__ import annotations

from dataclasses import fields
from functools import partial
from typing import Any

from colanet.config.model import Network, Population, Projection
from colanet.connections import Shape
from colanet.errors import ConfigError, Problem
from colanet.plan import bounds
from colanet.plan.connect import is_random
from colanet.plan.fixed import leak_factor
from colanet.plan.names import projection_names
from colanet.plan.plan import Plan, Plasticity, PopulationPlan, ProjectionPlan
from colanet.units import (
    BASE_THRESHOLD,
    HISTORY_LIMIT,
    MILLI,
    POTENTIAL_LIMIT,
    WEIGHT_OF_KIND,
    Unit,
    potential_limit,
    resource_grain,
    resource_limit,
    unit_of,
    weight_grid,
)


def build(network: Network, *, input_sizes: dict[str, int] | None = None, seed: int = 0) -> Plan:
    """Make the plan of a network.

    Parameters
    ----------
    network : Network
        A checked description.
    input_sizes : dict of str to int
        Nodes of the inputs whose size only the data decide.
    seed : int
        Of random connections, delays and resources, and of every random kick.

    Raises
    ------
    ConfigError
        With every value, or sum of values, that does not fit its integer type.
    """
    builder = _Builder(network, input_sizes or {}, seed)
    plan = builder.plan()
    bounds.check(plan)
    return plan


class _Builder:
    """Collects problems while it converts, so that all are reported at once."""

    def __init__(self, network: Network, input_sizes: dict[str, int], seed: int) -> None:
        self.network = network
        self.input_sizes = input_sizes
        self.seed = seed
        self.problems: list[Problem] = []

    def number(self, value: float, unit: Unit, where: str) -> int:
        """A number as an integer of its unit."""
        wrong = unit.problem(value)
        if wrong:
            self.problems.append(Problem(wrong, where))
            return 0
        return unit.integer(value)

    def field(self, p: Population, name: str, missing: float = 0.0) -> int:
        """A field of a population, by the unit that the description names."""
        unit = unit_of(Population.model_fields[name].metadata)
        if unit is None:
            raise TypeError(f"field {name} has no unit")
        value = getattr(p, name)
        return self.number(missing if value is None else value, unit, f"population {p.name}: {name}")

    def constants(self, p: Population, plan: type, converted: dict[str, Any]) -> dict[str, Any]:
        """The constants of a plan: converted ones, and those that bear the name of a field of the description."""
        result = dict(converted)
        for constant in fields(plan):
            described = Population.model_fields.get(constant.name)
            if described is not None and constant.name not in result:
                unit = unit_of(described.metadata)
                result[constant.name] = getattr(p, constant.name) if unit is None else self.field(p, constant.name)
        return result

    def plan(self) -> Plan:
        network = self.network
        inputs = tuple((i.name, self._input_size(i)) for i in network.inputs)
        start = 0
        populations = []
        for index, described in enumerate(network.populations):
            populations.append(self._population(index, described, start))
            start += described.size
        projections = self._projections(dict(inputs))
        if self.problems:
            raise ConfigError(self.problems)
        return Plan(network, inputs, tuple(populations), tuple(projections), network.copies, self.seed)

    def _input_size(self, described: Any) -> int:
        size = described.size or self.input_sizes.get(described.name) or getattr(described, "nodes", None)
        if size is None:
            self.problems.append(Problem("its size is known only with its data", f"input {described.name}"))
            return 1
        return size

    def _incoming(self, name: str, kind: str) -> bool:
        return any(p.target == name and p.kind == kind for p in self.network.projections)

    def _population(self, index: int, p: Population, start: int) -> PopulationPlan:
        field = partial(self.field, p)
        converted = {
            "index": index,
            "start": start,
            "column_size": p.size // p.columns if p.columns else 0,
            "leak": leak_factor(p.tau_m),
            "floor": -POTENTIAL_LIMIT if p.min_potential is None else field("min_potential"),
            "kick": field("noise_amplitude"),
            "subtract": p.reset == "subtract",
            "ramp_increment": field("threshold_increment"),
            "ramp_period": (p.threshold_decay or 0) if p.threshold_increment else 0,
            "alpha": field("threshold_weight_factor"),
            "reset_period": p.reset_period or 0,
            "memory_period": p.memory_period if p.memory is not None else 0,
            "gated": self._incoming(p.name, "gating"),
            "potential_limit": potential_limit(p.potential_bits, field("potential_step")),
            "jenkins": p.random_generator == "jenkins32",
            "plasticity": self._plasticity(p) if self._incoming(p.name, "plastic") else None,
        }
        return PopulationPlan(**self.constants(p, PopulationPlan, converted))

    def _plasticity(self, p: Population) -> Plasticity:
        field, where = partial(self.field, p), f"population {p.name}: "
        if p.w_max is None:
            self.problems.append(Problem("plastic synapses need w_max", where + "w_max"))
        window = p.hebbian_window * p.tau_m
        if not window <= HISTORY_LIMIT:
            message = f"hebbian_window x tau_m is {window} steps, at most {HISTORY_LIMIT} are supported"
            self.problems.append(Problem(message, where + "hebbian_window"))
            window = 0
        stability_rule = p.stability_rule or p.dopamine_rule
        high, low = field("w_max", missing=1.0), field("w_min")
        base, step, top = weight_grid(low, high, p.weight_bits)
        converted = {
            "hebbian": field("hebbian_rate"),
            "hebbian_window": round(window),
            "three_factor": p.dopamine_rule == "three_factor",
            "stability_three_factor": stability_rule == "three_factor",
            "stability_lifetime": p.stability_lifetime or 0,
            "w_min": low,
            "w_max": high,
            "presynaptic": field("presynaptic_rate"),
            "presynaptic_period": (p.presynaptic_period or 0) if p.presynaptic_rate else 0,
            "weight_base": base,
            "weight_step": step,
            "weight_top": top,
            "resource_grain": resource_grain(p.resource_fraction),
            "resource_limit": resource_limit(p.resource_bits, p.resource_fraction),
            "stochastic": p.resource_rounding == "stochastic",
        }
        return Plasticity(**self.constants(p, Plasticity, converted))

    def _projections(self, input_sizes: dict[str, int]) -> list[ProjectionPlan]:
        network = self.network
        inputs = [i.name for i in network.inputs]
        populations = [p.name for p in network.populations]
        shapes = {p.name: Shape(p.size, p.size // p.columns if p.columns else 0) for p in network.populations}
        shapes |= {name: Shape(size) for name, size in input_sizes.items()}
        plans = []
        for index, (described, name) in enumerate(zip(network.projections, projection_names(network), strict=True)):
            from_input = described.source in inputs
            plans.append(
                ProjectionPlan(
                    index=index,
                    name=name,
                    kind=described.kind,
                    from_input=from_input,
                    source=(inputs if from_input else populations).index(described.source),
                    source_size=shapes[described.source].size,
                    target=populations.index(described.target),
                    target_size=shapes[described.target].size,
                    weight=self._weight(described, name),
                    description=described,
                    random=is_random(described, shapes[described.source], shapes[described.target]),
                )
            )
        return plans

    def _weight(self, described: Projection, name: str) -> int:
        if described.kind == "plastic":
            return 0
        if described.weight is None:
            return BASE_THRESHOLD + MILLI
        return self.number(described.weight, WEIGHT_OF_KIND[described.kind], f"projection {name}: weight")
