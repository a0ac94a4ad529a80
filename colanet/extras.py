"""The optional libraries, imported when they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from colanet.errors import BackendUnavailable


def need(module: str, extra: str) -> ModuleType:
    """Import `module`; if it is missing, say which command installs it and chain the original error.

    Parameters
    ----------
    module : str
        For example ``matplotlib.figure``.
    extra : str
        The extra of this package that brings it, for example ``plot``.

    Raises
    ------
    BackendUnavailable
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise BackendUnavailable(f'{library} is not installed: pip install "colanet[{extra}]"') from error
