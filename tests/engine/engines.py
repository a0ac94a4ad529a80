"""The engines that the tests of this folder run on, and what an engine does not support and why.

An engine of another package is taken up by its entry point (`colanet.engines`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from colanet.engine import REGISTRY
from colanet.engine.cuda import shim
from colanet.engine.cuda.backend import import_cupy
from colanet.engine.cuda.shim import ShimBackend
from colanet.engine.cupy_engine import CupyEngine
from colanet.errors import BackendUnavailable
from colanet.plan import Plan

UNSUPPORTED: dict[tuple[str, str], str] = {}
"""(engine, name of a test without its parameters) -> why it is not run on that engine."""


def _shim(plan: Plan, threads: int = 1) -> CupyEngine:
    return CupyEngine(plan, backend=ShimBackend("shuffled"))


@cache
def missing(name: str) -> str | None:
    """Why an engine cannot be used on this machine; None if it can."""
    try:
        if name == "cupy":
            import_cupy()
        if name == "cuda-on-cpu":
            shim.compiler()
    except BackendUnavailable as error:
        return str(error)
    return None


NAMES = ("cuda-on-cpu", *REGISTRY.names())
"""The CUDA source runs on the CPU too, through the shim."""
OTHERS = tuple(name for name in NAMES if name != "reference")


def engine_class(name: str, test: str) -> Callable[..., Any]:
    """What makes an engine for a plan; skips where the engine is missing, or does not support what is tested."""
    reason = UNSUPPORTED.get((name, test)) or missing(name)
    if reason:
        pytest.skip(f"{name}: {reason}")
    made: Callable[..., Any] = _shim if name == "cuda-on-cpu" else REGISTRY.get(name)

    def make(plan: Plan, threads: int = 1) -> Any:
        try:
            return made(plan, threads)
        except BackendUnavailable as error:  # what the engine says it does not support
            pytest.skip(f"{name}: {error}")

    return make


EXAMPLES, FEW = 60, 10
"""Networks that hypothesis draws for an engine, and for a slow one: from outside, or the shim (see `test_cupy`)."""
FAST = ("numba", "cupy")


def drawn(
    name: str, *strategies: Any, few: int = FEW, many: int = EXAMPLES
) -> Callable[[Callable[..., None]], None]:
    """Run a test at once, with networks drawn by hypothesis: as many as that engine is fast enough for."""
    most = many if name in FAST else few

    def run(test: Callable[..., None]) -> None:
        enough = settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck))
        enough(given(*strategies)(test))()

    return run
