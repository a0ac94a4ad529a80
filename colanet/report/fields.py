"""Receptive fields as mosaics of pictures, and what is known of each neuron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from colanet.errors import ConfigError
from colanet.inspection import thresholds, weights
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.report.charts import histogram
from colanet.report.parts import Chart, Mosaic, Stage
from colanet.report.png import address, mosaic
from colanet.report.replay import Shown
from colanet.units import MILLI, ONE
from colanet.viz.fields import limit_of
from colanet.viz.sources import Fields, fields_of, projection_of

MOST_NEURONS = 3000
"""More fields are left out: a page must open on a phone."""
MOST_STAGES = 12
BEST = 4
"""Best images of a neuron."""
_ANCHORS = np.array([[33, 102, 172], [103, 169, 207], [209, 229, 240], [247, 247, 247], [253, 219, 199],
                     [239, 138, 98], [178, 24, 43]])  # fmt: skip
"""Blue, white, red: negative, no, positive weight."""
_LEVELS = 255
_NOWHERE = 255
"""Place in the palette of pixels without a synapse."""


def palette() -> np.ndarray:
    """Colours of weights from the most negative to the most positive, then that of no synapse; uint8 (256, 3)."""
    at = np.linspace(0, len(_ANCHORS) - 1, _LEVELS)
    colours = np.stack([np.interp(at, np.arange(len(_ANCHORS)), channel) for channel in _ANCHORS.T], axis=1)
    return np.vstack([colours.round(), [[200, 200, 200]]]).astype(np.uint8)


def coloured(values: np.ndarray, limit: float) -> np.ndarray:
    """Places in the palette, uint8 of the same shape; NaN: no synapse."""
    level = np.clip(values / limit, -1, 1) * (_LEVELS // 2) + _LEVELS // 2
    return np.where(np.isnan(values), _NOWHERE, np.nan_to_num(level).round()).astype(np.uint8)


def mosaic_of(fields: Fields, names: Sequence[str] = ()) -> Mosaic:
    """Fields as a mosaic with a row for each column; of very many neurons the first of each column.

    Parameters
    ----------
    fields : Fields
    names : sequence of str
        One a stage.
    """
    stages, _, neurons = fields.weights.shape
    size = -(-neurons // fields.columns)
    across = min(size, max(MOST_NEURONS // fields.columns, 1))
    rows = min(fields.columns, MOST_NEURONS)
    kept = [[n for n in range(row * size, row * size + across) if n < neurons] for row in range(rows)]
    pictures = np.swapaxes(fields.weights, 1, 2).reshape(stages, neurons, *fields.shape)
    # Without a word on it, a neuron has learnt if its weights are no longer all equal.
    used = fields.used
    if used is None:
        used = np.nanmax(fields.weights, axis=1) > np.nanmin(fields.weights, axis=1)
    limit = limit_of(list(pictures), used)
    chosen = np.array([n for row in kept for n in row])
    colours = palette()
    made = [
        Stage(names[i] if names else "", address(mosaic(coloured(pictures[i, chosen], limit), across), colours))
        for i in range(stages)
    ]
    labels = fields.labels or tuple(map(str, range(fields.columns)))
    note = f"red: positive weights, blue: negative ones, from -{limit:.3g} to {limit:.3g}"
    if len(chosen) < neurons:
        note += f"; {len(chosen)} of {neurons} neurons are shown"
    return Mosaic(
        made, across, rows, fields.shape, list(zip(labels, kept, strict=False)),
        frozenset(np.flatnonzero(~used.any(axis=0)).tolist()), note=note,
    )  # fmt: skip


def titled(label: str, column: int) -> str:
    """Name of a column, and its number where that is another word."""
    return label if label == str(column) else f"{label} (number {column})"


class Neurons:
    """What a saved state holds of the neurons that learn, in one copy.

    Parameters
    ----------
    plan, state
        Of a saved network.
    copy : int
    shown : Shown or None
        What the network did when it was shown images again.
    projection : str or None
        Plastic projection from an input; None: the only one.

    Raises
    ------
    ConfigError
        If there is no such copy or projection, or its source is no picture.
    """

    def __init__(
        self, plan: Plan, state: State, copy: int, shown: Shown | None, projection: str | None = None
    ) -> None:
        if not 0 <= copy < plan.copies:
            raise ConfigError(f"--copy {copy}: expected 0..{plan.copies - 1}, there are {plan.copies} copies")
        self.copy, self.shown = copy, shown
        link = plan.projection(projection_of(plan, projection))
        population = plan.populations[link.target]
        self.name, self.size, self.column_size = population.name, population.size, population.column_size
        self.fields = fields_of(plan, state, copy=copy, projection=link.name)
        self.weights = weights(plan, state, link.name, copy)
        post = plan.synapses(link.index, copy).post
        resource = state[f"{copy}/{link.name}/resource"] / ONE
        self.resources = resource
        self.resource_sums = np.bincount(post, resource, minlength=population.size)
        self.thresholds = thresholds(plan, state, population.name, copy) / MILLI
        self.stability = state[f"{copy}/{population.name}/stability"] / ONE

    def mosaic(self) -> Mosaic:
        """The fields, with what is known of each neuron."""
        made = mosaic_of(self.fields)
        for column, (label, members) in enumerate(made.columns):
            for place, neuron in enumerate(members):
                made.neurons[str(neuron)] = self._facts(neuron, titled(label, column), place)
        if self.shown is None:
            return made
        best = self.shown.best(self.name, self.copy, BEST)
        places = {image: i for i, image in enumerate(sorted({image for row in best for image, _ in row}))}
        for neuron, row in enumerate(best):
            if str(neuron) in made.neurons:
                made.best[str(neuron)] = [(places[image], self.shown.caption(image, n)) for image, n in row]
        return replace(made, images=self.shown.pictures(list(places)))

    def _facts(self, neuron: int, column: str, place: int) -> list[tuple[str, str]]:
        own = self.weights[:, neuron]
        facts = [("column", column), ("microcolumn", str(place))]
        if self.shown is not None:
            counts = self.shown.counts(self.name, self.copy)
            facts.append((f"spikes, {self.shown.n} images", str(int(counts[:, neuron].sum()))))
        facts += [("threshold", f"{self.thresholds[neuron]:.3f}"), ("stability", f"{self.stability[neuron]:.3f}")]
        if not np.isnan(own).all():
            facts.append(("weights", f"{np.nanmin(own):.3f} to {np.nanmax(own):.3f}"))
        facts.append(("sum of resources", f"{self.resource_sums[neuron]:.2f}"))
        return facts

    def charts(self) -> list[Chart]:
        """Distributions of weights, resources, stability and thresholds."""
        known = self.weights[np.isfinite(self.weights)]
        return [
            histogram("Weights of the plastic synapses", known, "weight (potential)", "synapses"),
            histogram("Resources of the plastic synapses", self.resources, "resource", "synapses"),
            histogram("Stability of the neurons", self.stability, "stability", "neurons"),
            histogram("Thresholds of the neurons", self.thresholds, "threshold (potential)", "neurons"),
        ]
