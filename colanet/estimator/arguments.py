"""Arguments of the estimator, checked when it is fitted, as scikit-learn asks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from colanet.arguments import whole
from colanet.config.model import MAX_COPIES
from colanet.errors import ConfigError, Problem
from colanet.estimator.inputs import SCALERS
from colanet.estimator.network import Constants

MOST = 4096
"""Most microcolumns, steps of a presentation, and nodes a feature."""
WHOLE = {"microcolumns": MOST, "copies": MAX_COPIES, "presentation": MOST, "fields": MOST}
RANGES = {
    "tau_m": (1, 2**20), "threshold_weight_factor": (0, 1000), "w_min": (-32, 0), "w_max": (1e-3, 32),
    "hebbian_rate": (-100, 100), "reward": (-100, 100), "stability_rate": (-1000, 1000),
    "virtual_synapses": (-1, 1e6), "source_fraction": (1e-3, 1),
}  # fmt: skip
"""Lowest and highest value."""


class ArgumentError(ConfigError, ValueError):
    """An argument of the estimator cannot be used; a ValueError too, as scikit-learn expects."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(Problem(message, name))


def checked(name: str, value: Any, high: int | None = None) -> int:
    """A whole number of 1 or more. ArgumentError."""
    try:
        return whole(name, value, 1, high)
    except ConfigError as error:
        raise ArgumentError(name, error.problems[0].message) from error


def constants_with(constants: Constants, given: Mapping[str, Any]) -> Constants:
    """Constants, with what is given and not None in their place. ArgumentError if a value is out of its range."""
    chosen: dict[str, Any] = {}
    for name, value in given.items():
        if value is None:
            continue
        chosen[name] = checked(name, value, WHOLE[name]) if name in WHOLE else _number(name, value)
    return replace(constants, **chosen)


def _number(name: str, value: Any) -> float:
    low, high = RANGES[name]
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not real or not low <= float(value) <= high:
        raise ArgumentError(name, f"expected a number from {low:g} to {high:g}, not {value!r:.40}")
    return float(value)


def scaler_of(value: Any) -> str:
    """The name of a scaler. ArgumentError if there is none of that name."""
    if not isinstance(value, str) or value not in SCALERS:
        raise ArgumentError("scaler", f"expected one of {', '.join(SCALERS)}, not {value!r:.40}")
    return value


def threads_of(n_jobs: Any) -> int | None:
    """Threads that `n_jobs` means: None 1, -1 all cores (None for a session), -2 all but one. ArgumentError."""
    if n_jobs is None:
        return 1
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, int | np.integer) or n_jobs == 0:
        raise ArgumentError("n_jobs", f"expected a whole number but 0, or None, not {n_jobs!r:.40}")
    return int(n_jobs) if n_jobs > 0 else max((os.cpu_count() or 1) + 1 + int(n_jobs), 1)


NAMES = tuple(field.name for field in fields(Constants))
"""Arguments that an adapted network is made of."""
