"""Optuna and Dask, imported when they are first needed, and kept from talking out of turn."""

from __future__ import annotations

import contextlib
import importlib
import warnings
from collections.abc import Iterator
from types import ModuleType

from colanet.errors import BackendUnavailable


def need(module: str, extra: str) -> ModuleType:
    """Import `module`; if it is missing, say which command installs it and chain the original error."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise BackendUnavailable(f'{library} is not installed: pip install "colanet[{extra}]"') from error


@contextlib.contextmanager
def quiet_optuna() -> Iterator[ModuleType]:
    """Optuna without its log lines and its notes that a feature is experimental."""
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
