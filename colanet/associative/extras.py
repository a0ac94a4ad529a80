"""The optional libraries, imported when they are first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from colanet.errors import BackendUnavailable


def need(module: str) -> ModuleType:
    """Import `module`; if it is missing, say which command installs it and chain the original error."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        message = f'{library} is not installed: pip install "colanet[associative]"'
        raise BackendUnavailable(message) from error
