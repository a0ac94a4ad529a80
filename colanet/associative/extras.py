"""The optional libraries, imported when they are first needed."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from colanet.errors import BackendUnavailable


def memory_limit() -> int:
    """Bytes that one computation may take: half of this machine's memory, or 4 GiB where that is not known."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return 4 * 2**30


def need(module: str) -> ModuleType:
    """Import `module`; if it is missing, say which command installs it and chain the original error."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        message = f'{library} is not installed: pip install "colanet[associative]"'
        raise BackendUnavailable(message) from error
