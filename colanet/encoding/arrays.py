"""Images and labels that are already in memory, shown to a network in the coding of its configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from colanet.config.model import ImageInput, Input, TargetInput
from colanet.encoding.build import Presentation
from colanet.encoding.context import Context
from colanet.encoding.inputs import image_source, target_input
from colanet.encoding.sources import Source
from colanet.errors import ConfigError, DataError, Problem


def present_arrays(
    inputs: Sequence[Input], images: np.ndarray, labels: np.ndarray, n_taught: int, *, seed: int
) -> Presentation:
    """Show images instead of those that the configuration names.

    Parameters
    ----------
    inputs : sequence of Input
        One image input and one target, in any order.
    images : ndarray of uint8, shape (n, pixels)
    labels : ndarray of int64, shape (n,)
    n_taught : int
        The first so many are taught.
    seed : int
        Of the coding.

    Raises
    ------
    ConfigError
        If the network has other inputs.
    DataError
        If images and labels do not fit the inputs or each other.
    """
    pictures = [i for i in inputs if isinstance(i, ImageInput)]
    targets = [i for i in inputs if isinstance(i, TargetInput)]
    if len(pictures) != 1 or len(targets) != 1 or len(inputs) != 2:
        names = ", ".join(i.name for i in inputs) or "none"
        raise ConfigError(Problem(f"expected one image input and one target, there are {names}", "inputs"))
    target = targets[0]
    if images.ndim != 2 or images.dtype != np.uint8:
        raise DataError(f"images of {images.dtype}, shape {images.shape}, expected uint8, shape (n, pixels)")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(f"labels of {labels.dtype}, shape {labels.shape}, expected whole numbers, shape (n,)")
    if len(images) != len(labels) or not 0 <= n_taught <= len(labels):
        raise DataError(f"{len(images)} images, {len(labels)} labels, {n_taught} of them taught")
    lowest = 0 if target.no_class is None else -1
    if len(labels) and not lowest <= labels.min() <= labels.max() < target.size:
        span = f"from {labels.min()} to {labels.max()}"
        raise DataError(f"labels {span}, but input {target.name} has {target.size} classes")
    context = Context(tuple(inputs), Path("."), seed, None, None, None, None)
    sources: list[Source] = []
    for number, described in enumerate(inputs):
        if isinstance(described, ImageInput):
            once = described.model_copy(update={"skip": 0, "mode": "once", "steps": None})
            sources.append(image_source(context, number, once, images, n_taught))
        else:
            sources.append(target_input(context, target, labels, n_taught))
    period, n = target.period, len(labels)
    return Presentation(
        tuple(sources), period, n_taught, n - n_taught, labels, target.size, n_taught * period, n * period,
        -1 if target.no_class is not None else None, learnt=context.learnt,
    )  # fmt: skip
