"""What a run costs beside its accuracy: memory, stored images, operations an image; of CoLaNET and of its rivals.

Rules of counting, the same for all:

- A number that is kept takes its own width in CoLaNET (`colanet.costs.footprint_of`), 4 bytes elsewhere.
  A symmetric matrix is counted as one triangle. So a rival is never said to take more than it needs.
- A stored image takes a byte a pixel, and one for its label.
- Working memory that one image or one minibatch needs is not counted.
- An operation is a multiplication with an addition; in CoLaNET an addition, once for each spike and each synapse
  that it arrives at (`colanet.costs.Work.synaptic_events`), and the products of a layer of features, once for all
  copies. Zeros are not left out. Changes of weights are counted for rivals, not for CoLaNET.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from colanet.costs import footprint_of
from colanet.encoding.features import layer_of
from colanet.plan import Plan

NUMBER = 4
"""Bytes of a number that is kept."""


@dataclass(frozen=True)
class Cost:
    """Memory and operations of a run, all network copies together.

    Attributes
    ----------
    answering : int
        Bytes that answers depend on, stored images left out.
    learning : int
        Bytes that are kept for learning alone, stored images left out.
    images : int
        Images stored at the end.
    image_bytes : int
        What they take.
    learn_operations, test_operations : float
        Of an image, the mean over the run; NaN where not known.
    """

    answering: int
    learning: int
    images: int
    image_bytes: int
    learn_operations: float
    test_operations: float

    @property
    def memory(self) -> int:
        """All bytes that are kept."""
        return self.answering + self.learning + self.image_bytes

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON: None for what is not known."""
        known = {name: None if math.isnan(value) else value for name, value in asdict(self).items()}
        return {"memory": self.memory} | known


def read_cost(text: str) -> Cost | None:
    """What `json.dumps` of `Cost.as_dict` wrote; None of a run that did not count.

    Raises
    ------
    ValueError
        If it is anything else.
    """
    found = json.loads(text)
    if found is None:
        return None
    names = [field.name for field in fields(Cost)]
    if not isinstance(found, Mapping) or not set(names) <= set(found):
        raise ValueError(f"expected {', '.join(names)}")
    values: dict[str, Any] = {name: float("nan") if found[name] is None else found[name] for name in names}
    if any(isinstance(v, bool) or not isinstance(v, (int, float)) or v < 0 for v in values.values()):
        raise ValueError("expected numbers of at least 0")
    return Cost(**values)


def stored(images: int, pixels: int) -> int:
    """Bytes of so many images with their labels."""
    return images * (pixels + 1)


def triangle(size: int) -> int:
    """Different numbers of a symmetric matrix."""
    return size * (size + 1) // 2


def cost_of(plan: Plan, learnt: tuple[float, float], tested: tuple[float, float]) -> Cost:
    """The cost of a run of CoLaNET.

    Parameters
    ----------
    plan : Plan
    learnt, tested : (events, images)
        Spikes times the synapses they arrived at, all copies; and the images they were counted over.
    """
    each = footprint_of(plan)
    layers = [layer for layer in map(layer_of, plan.description.inputs) if layer is not None]
    seen = sum(layer.operations for layer in layers)
    per_image = [seen + events / images if images else float("nan") for events, images in (learnt, tested)]
    return Cost(
        answering=(each.weights + each.neurons) * plan.copies + sum(layer.prototypes.nbytes for layer in layers),
        learning=each.learning * plan.copies,
        images=0,
        image_bytes=0,
        learn_operations=per_image[0],
        test_operations=per_image[1],
    )
