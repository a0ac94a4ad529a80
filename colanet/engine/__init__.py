"""Engines: different machines for the same integers."""

from __future__ import annotations

from colanet.engine.base import Engine
from colanet.errors import BackendUnavailable
from colanet.plan import Plan

ENGINES = ("auto", "reference", "numba")


def make_engine(name: str, plan: Plan, threads: int = 1) -> Engine:
    """The engine of that name; `auto` is numba.

    Raises
    ------
    BackendUnavailable
        If there is no such engine, or it cannot be used here.
    """
    if name == "reference":
        from colanet.engine.reference import ReferenceEngine

        return ReferenceEngine(plan, threads)
    if name in ("numba", "auto"):
        from colanet.engine.numba_engine import NumbaEngine

        return NumbaEngine(plan, threads)
    raise BackendUnavailable(f"there is no engine called {name}; known are {', '.join(ENGINES)}")
