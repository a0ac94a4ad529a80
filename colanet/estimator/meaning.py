"""What the nodes and columns of a network mean: kept with its state, so that new samples can be answered."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet.errors import CheckpointError
from colanet.estimator.arguments import MOST
from colanet.estimator.inputs import SCALERS, InputCoding

ABOUT, LIMITS = "samples/about", "samples/limits"
"""Names of the two arrays in `colanet.Session.kept`: JSON in UTF-8 as bytes, and the limits of the coding."""
_TEXTS = ("classes", "features")


@dataclass(frozen=True, eq=False)
class Meaning:
    """How samples are coded, and what answers are called.

    Attributes
    ----------
    coding : InputCoding
    classes : tuple of str
        Name of every column.
    shape : tuple of int
        Of one sample.
    features : tuple of str, or None
        Names of the numbers of a sample.
    label : str or None
        Name of the column of labels.
    """

    coding: InputCoding
    classes: tuple[str, ...]
    shape: tuple[int, ...]
    features: tuple[str, ...] | None = None
    label: str | None = None

    def kept(self) -> dict[str, np.ndarray]:
        """Arrays for `colanet.Session.kept`, which `meaning_of` reads."""
        about = {
            "scaler": self.coding.scaler, "fields": self.coding.fields, "classes": self.classes,
            "shape": self.shape, "features": self.features, "label": self.label,
        }  # fmt: skip
        return {ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8), LIMITS: self.coding.limits}


def meaning_of(path: str | os.PathLike[str], kept: Mapping[str, np.ndarray]) -> Meaning:
    """What `Meaning.kept` gave.

    Raises
    ------
    CheckpointError
        If it is not there, or damaged; `path` is for the message.
    """
    if ABOUT not in kept or LIMITS not in kept:
        advice = "colanet train DATA --network CONFIG --save STATE makes a state that does"
        raise CheckpointError(f"{path}: does not say how samples are coded; {advice}")
    try:
        return _read(json.loads(kept[ABOUT].tobytes().decode()), kept[LIMITS])
    except (ValueError, TypeError, LookupError, RecursionError, AttributeError) as error:
        raise CheckpointError(f"{path}: damaged, what it says of samples cannot be read") from error


def _read(about: dict[str, Any], limits: np.ndarray) -> Meaning:
    """ValueError, TypeError or LookupError if something is not as `Meaning.kept` writes it."""
    for name in _TEXTS:
        if about[name] is not None and not all(isinstance(text, str) for text in about[name]):
            raise ValueError(name)
    shape = tuple(int(n) for n in about["shape"])
    n = int(np.prod(shape))
    features = None if about["features"] is None else tuple(about["features"])
    scaler, fields = about["scaler"], about["fields"]
    wanted = (2,) if scaler == "range" else (len(limits), n)
    right = scaler in SCALERS and isinstance(fields, int) and 1 <= fields <= MOST
    if not right or limits.dtype != np.float64 or limits.shape != wanted or not np.isfinite(limits).all():
        raise ValueError("coding")
    if n < 1 or len(features or range(n)) != n or not isinstance(about["label"], str | None):
        raise ValueError("features")
    return Meaning(InputCoding(scaler, fields, limits), tuple(about["classes"]), shape, features, about["label"])
