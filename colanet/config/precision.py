"""Precision of a population: the arithmetic of its fields, and what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from colanet.units import (
    BASE_THRESHOLD,
    MILLI,
    ONE,
    PLASTIC_WEIGHT,
    POTENTIAL,
    WEIGHT_LIMIT,
    potential_limit,
    resource_limit,
    weight_grid,
)

if TYPE_CHECKING:
    from colanet.config.model import Population

DEFAULTS: dict[str, Any] = {
    "weight_bits": 16,
    "resource_bits": 32,
    "resource_fraction": 20,
    "resource_rounding": "nearest",
    "potential_bits": 32,
    "potential_step": 0.001,
    "random_generator": "splitmix64",
}
"""What the fields are without a word of precision; a population then is written as before there were any."""


def problems(p: Population) -> Iterator[str]:
    """What is wrong with the precision of a population."""
    limit = potential_limit(p.potential_bits, POTENTIAL.integer(p.potential_step))
    if limit <= BASE_THRESHOLD:
        yield (
            f"potential_bits {p.potential_bits} with potential_step {p.potential_step:g} hold potentials up to "
            f"{limit / MILLI:g}, so none could exceed the threshold of {BASE_THRESHOLD / MILLI:g}"
        )
    if p.w_max is None or PLASTIC_WEIGHT.problem(p.w_max) or PLASTIC_WEIGHT.problem(p.w_min):
        return
    low, high = PLASTIC_WEIGHT.integer(p.w_min), PLASTIC_WEIGHT.integer(p.w_max)
    least, _, top = weight_grid(low, high, p.weight_bits)
    for end in (least, top):
        if abs(end) > WEIGHT_LIMIT:
            yield (
                f"weight_bits {p.weight_bits}: weights would reach {end / MILLI:g}, "
                f"plastic weights are at most {PLASTIC_WEIGHT.largest} in size"
            )


def resource_problem(p: Population, resource: float) -> str | None:
    """What is wrong with an initial resource under the precision of its target; None if it fits."""
    limit = resource_limit(p.resource_bits, p.resource_fraction)
    if abs(resource) * ONE <= limit:
        return None
    return (
        f"{resource:.12g} is out of range: with resource_bits {p.resource_bits} and resource_fraction "
        f"{p.resource_fraction} of {p.name} resources are at most {limit / ONE:.6g} in size"
    )
