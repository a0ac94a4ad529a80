"""Optuna kept from talking out of turn."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from types import ModuleType

from colanet.extras import need


@contextlib.contextmanager
def quiet_optuna() -> Iterator[ModuleType]:
    """Optuna without its log lines and its notes that a feature is experimental.

    Raises
    ------
    BackendUnavailable
        If it is not installed.
    """
    optuna = need("optuna", "search")
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield optuna
    finally:
        optuna.logging.set_verbosity(before)
