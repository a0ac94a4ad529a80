"""Warnings: networks that run, but probably not as meant."""

from __future__ import annotations

from collections.abc import Iterator

from colanet.config.draft import Path
from colanet.config.model import Population, Projection
from colanet.config.view import Finding, Rule, View
from colanet.connections import rule_named
from colanet.errors import ConfigError
from colanet.units import BASE_THRESHOLD, MILLI, ONE

_SMALLEST_RATE = 0.5 / ONE
_SMALLEST_WEIGHT = 0.5 / MILLI


def _warn(path: Path, message: str) -> Finding:
    return Finding(path, message, warning=True)


def _symmetry(view: View) -> Iterator[Finding]:
    """docs/model.md, section 14: without a source of difference all neurons of a column stay clones."""
    for index, population in enumerate(view.network.populations):
        plastic = view.into(population.name, "plastic")
        if not plastic or population.noise_amplitude or any(_is_random(view, p) for p in plastic):
            continue
        own_inputs = any(p.connection in ("one_to_one", "within_columns_except_same") for p in plastic)
        clones = population.size > _distinct(view, population) and not own_inputs
        if clones or (view.network.copies > 1 and all(p.source_fraction == 1 for p in plastic)):
            yield _warn(
                ("populations", index),
                f"symmetry is not broken: same inputs, same weights, no random kick; {_which(clones)} "
                "stay clones; give noise_amplitude (stochastic_stimulation), random connections or resources",
            )


def _which(clones: bool) -> str:
    return "the neurons of a column" if clones else "the network copies"


def _is_random(view: View, projection: Projection) -> bool:
    """Whether synapses, delays or resources are drawn, so that neurons and copies differ."""
    if not isinstance(projection.delay, int) or not isinstance(projection.initial_resource, int | float):
        return True
    ends = view.ends(projection)
    if ends is None:
        return projection.probability < 1 or projection.max_inputs is not None
    try:
        return rule_named(projection.connection).random(ends)
    except ConfigError:  # `colanet.config.check` tells it
        return True


def _distinct(view: View, population: Population) -> int:
    """How many neurons the labels can tell apart: one a column, or each if the labels are aligned to them."""
    if population.columns:
        return population.columns
    aligned = [p for kind in ("fixed", "gating", "reward") for p in view.into(population.name, kind)]
    labelled = any(
        p.connection == "one_to_one" and p.source in view.inputs and view.size(p.source) == population.size
        for p in aligned
    )
    return population.size if labelled else 1


def _idle(view: View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        path: Path = ("projections", index)
        rewarded = projection.kind == "reward" and projection.target in view.populations
        if rewarded and not view.broken and not view.into(projection.target, "plastic"):
            yield _warn(path, f"has no effect: {projection.target} has no plastic inputs")
        if projection.kind == "fixed" and projection.weight and abs(projection.weight) < _SMALLEST_WEIGHT:
            yield _warn(
                (*path, "weight"), f"{projection.weight:g} is rounded to 0 (weights are held in 1/1000)"
            )
        population = view.populations.get(projection.target)
        own = projection.source == projection.target and population is not None and population.columns is None
        if own and projection.connection == "within_columns":
            yield _warn((*path, "connection"), f"connects nothing: {projection.target} has no columns")


def _lost_rates(view: View) -> Iterator[Finding]:
    for index, population in enumerate(view.network.populations):
        for name in ("hebbian_rate", "presynaptic_rate", "stability_rate", "threshold_weight_factor"):
            rate = getattr(population, name)
            if rate and abs(rate) < _SMALLEST_RATE:
                yield _warn(
                    ("populations", index, name), f"{rate:g} is rounded to 0 (rates are held in 2^-20)"
                )


def _unequal_blocks(view: View) -> Iterator[Finding]:
    for index, projection in enumerate(view.network.projections):
        source, target = view.size(projection.source), view.size(projection.target)
        if projection.connection != "one_to_one" or source is None or target is None:
            continue
        rest = max(source, target) % min(source, target)
        if rest:
            message = f"sizes {source} and {target} are not in an integer ratio: {rest} stay unconnected"
            yield _warn(("projections", index, "connection"), message)


def _not_public(view: View) -> Iterator[Finding]:
    for index, target in view.targets():
        for name in ("criterion", "prediction_file"):
            if getattr(target, name) is not None and view.network.readout is None:
                yield _warn(("inputs", index, name), "has no effect: there is no readout, so nothing is answered")
        if target.sequential_test:
            message = "is kept but not used: its meaning is not public"
            yield _warn(("inputs", index, "sequential_test"), message)
        if target.criterion == "weighted_error":
            message = "weighted_error is known but its definition is not public; accuracy is reported"
            yield _warn(("inputs", index, "criterion"), message)


def _high_floors(view: View) -> Iterator[Finding]:
    for index, population in enumerate(view.network.populations):
        floor = population.min_potential
        if floor is not None and floor > BASE_THRESHOLD / MILLI:
            threshold = BASE_THRESHOLD / MILLI
            message = f"{floor:g} lies above the threshold of {threshold}: every neuron fires at every step"
            yield _warn(("populations", index, "min_potential"), message)


RULES: tuple[Rule, ...] = (_symmetry, _idle, _lost_rates, _unequal_blocks, _not_public, _high_floors)
