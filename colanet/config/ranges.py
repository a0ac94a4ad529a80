"""Rules about numbers: whether they fit the integers of the engines, and what plastic synapses need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from colanet.config import precision
from colanet.config.draft import Path
from colanet.config.model import LogNormal, LogUniform, Population, Uniform
from colanet.config.view import Finding, Rule, View
from colanet.units import (
    HISTORY_LIMIT,
    LONGEST_MEMORY,
    MAX_DELAY,
    PLASTIC_WEIGHT,
    RESOURCE,
    WEIGHT_OF_KIND,
    Unit,
    unit_of,
)

_POPULATION_UNITS = {
    name: unit for name, field in Population.model_fields.items() if (unit := unit_of(field.metadata))
}


# ------------------------------------------------------------- sizes of numbers


def _fits(path: Path, value: float, unit: Unit) -> Iterator[Finding]:
    wrong = unit.problem(value)
    if wrong:
        yield Finding(path, wrong)


def _projection_numbers(view: View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        path: Path = ("projections", index)
        if projection.weight is not None and projection.kind in WEIGHT_OF_KIND:
            yield from _fits((*path, "weight"), projection.weight, WEIGHT_OF_KIND[projection.kind])
        resource = projection.initial_resource
        if isinstance(resource, Uniform):
            values = list(resource.uniform)
        elif isinstance(resource, int | float):
            values = [resource]
        else:
            values = [resource.default, *(value for value, _ in resource.values)]
        largest = max(values, key=abs)
        yield from _fits((*path, "initial_resource"), largest, RESOURCE)
        target = view.populations.get(projection.target)
        if projection.kind == "plastic" and target and not RESOURCE.problem(largest):
            wrong = precision.resource_problem(target, largest)
            if wrong:
                yield Finding((*path, "initial_resource"), wrong)
        yield from _delay((*path, "delay"), projection.delay)


def _delay(path: Path, delay: Any) -> Iterator[Finding]:
    if isinstance(delay, Uniform):
        low, high = delay.uniform
        if low < 1 or high > MAX_DELAY or not low.is_integer() or not high.is_integer():
            yield Finding(
                path, f"uniform from {low:g} to {high:g}: bounds are whole numbers from 1 to {MAX_DELAY}"
            )
    elif isinstance(delay, LogNormal) and not 1 <= delay.log_normal[0] <= MAX_DELAY:
        yield Finding(path, f"a mean of {delay.log_normal[0]:g} steps: delays are 1 to {MAX_DELAY}")


def _population_numbers(view: View) -> Iterator[Finding]:
    for index, population in enumerate(view.network.populations):
        path: Path = ("populations", index)
        for name, unit in _POPULATION_UNITS.items():
            value = getattr(population, name)
            if value is not None and unit is not PLASTIC_WEIGHT:
                yield from _fits((*path, name), value, unit)
        memory = population.memory
        if isinstance(memory, Uniform | LogUniform):
            bounds = memory.uniform if isinstance(memory, Uniform) else memory.log_uniform
            if bounds[0] < 1 or bounds[1] > LONGEST_MEMORY:
                yield Finding((*path, "memory"), f"the bounds are steps from 1 to {LONGEST_MEMORY}")
            if isinstance(memory, Uniform) and not all(bound.is_integer() for bound in bounds):
                yield Finding((*path, "memory"), "the bounds of a uniform memory are whole numbers of steps")


# ------------------------------------------------------------------ plasticity


def _plastic_targets(view: View) -> Iterator[Finding]:
    for index, population in enumerate(view.network.populations):
        plastic = view.into(population.name, "plastic")
        if not plastic:
            continue
        path: Path = ("populations", index)
        if population.w_max is None:
            sources = ", ".join(projection.source for projection in plastic)
            yield Finding((*path, "w_max"), f"is needed: the projection from {sources} is plastic")
        else:
            yield from _fits((*path, "w_max"), population.w_max, PLASTIC_WEIGHT)
        yield from _fits((*path, "w_min"), population.w_min, PLASTIC_WEIGHT)
        yield from _windows(path, population)


def _windows(path: Path, population: Population) -> Iterator[Finding]:
    if math.isinf(population.tau_m):
        yield Finding((*path, "tau_m"), "must be finite: plastic synapses look back a multiple of it")
    elif population.hebbian_window * population.tau_m > HISTORY_LIMIT:
        steps = population.hebbian_window * population.tau_m
        yield Finding((*path, "hebbian_window"), f"reaches back {steps:g} steps; at most {HISTORY_LIMIT}")


RULES: tuple[Rule, ...] = (_projection_numbers, _population_numbers, _plastic_targets)
