"""Rules about numbers: whether they fit the integers of the engines, and what plastic synapses need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from colanet.config.draft import Path
from colanet.config.model import MAX_DELAY, LogNormal, LogUniform, Population, Uniform
from colanet.config.view import Finding, Rule, View

WEIGHT_LIMIT = 1_073_741
"""Potentials saturate at 2^30 in 1/1000."""
PLASTIC_LIMIT = 32.767
"""Plastic weights are int16 in 1/1000."""
RATE_LIMIT = 1000
RESOURCE_LIMIT = 2046
"""Resources are int32 in 2^-20."""
KICK_LIMIT = 65.535
"""The random kick is (k S) >> 16 with k and S of 16 bits."""
HISTORY_LIMIT = 4096
"""Longest look back of a plasticity rule in steps."""


# ------------------------------------------------------------- sizes of numbers


def _size_of(path: Path, value: float, limit: float, what: str) -> Iterator[Finding]:
    if abs(value) > limit:
        yield Finding(path, f"{value:g} is out of range: {what} are at most {limit:g} in size")


def _projection_numbers(view: View) -> Iterator[Finding]:
    limits = {
        "fixed": (WEIGHT_LIMIT, "weights"),
        "gating": (WEIGHT_LIMIT, "gating weights"),
        "reward": (RATE_LIMIT, "rewards"),
    }
    for index, projection in enumerate(view.network.projections):
        path: Path = ("projections", index)
        if projection.weight is not None and projection.kind in limits:
            yield from _size_of((*path, "weight"), projection.weight, *limits[projection.kind])
        resource = projection.initial_resource
        if isinstance(resource, Uniform):
            values = list(resource.uniform)
        elif isinstance(resource, int | float):
            values = [resource]
        else:
            values = [resource.default, *(value for value, _ in resource.values)]
        largest = max(values, key=abs)
        yield from _size_of((*path, "initial_resource"), largest, RESOURCE_LIMIT, "resources")
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
        for name in ("hebbian_rate", "presynaptic_rate", "stability_rate", "threshold_weight_factor"):
            yield from _size_of((*path, name), getattr(population, name), RATE_LIMIT, "rates")
        yield from _size_of((*path, "noise_amplitude"), population.noise_amplitude, KICK_LIMIT, "kicks")
        for name in ("min_potential", "threshold_increment", "bias"):
            yield from _size_of((*path, name), getattr(population, name) or 0, WEIGHT_LIMIT, "potentials")
        memory = population.memory
        if isinstance(memory, Uniform | LogUniform):
            bounds = memory.uniform if isinstance(memory, Uniform) else memory.log_uniform
            if bounds[0] < 1 or bounds[1] > 2**30:
                yield Finding((*path, "memory"), "the bounds are steps from 1 to 1073741824")
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
            yield from _size_of((*path, "w_max"), population.w_max, PLASTIC_LIMIT, "plastic weights")
        yield from _size_of((*path, "w_min"), population.w_min, PLASTIC_LIMIT, "plastic weights")
        yield from _windows(path, population)


def _windows(path: Path, population: Population) -> Iterator[Finding]:
    if math.isinf(population.tau_m):
        yield Finding((*path, "tau_m"), "must be finite: plastic synapses look back a multiple of it")
    elif population.hebbian_window * population.tau_m > HISTORY_LIMIT:
        steps = population.hebbian_window * population.tau_m
        yield Finding((*path, "hebbian_window"), f"reaches back {steps:g} steps; at most {HISTORY_LIMIT}")


RULES: tuple[Rule, ...] = (_projection_numbers, _population_numbers, _plastic_targets)
