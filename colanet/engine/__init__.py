"""Engines: different machines for the same integers."""

from __future__ import annotations

from colanet.engine.base import Engine
from colanet.errors import BackendUnavailable
from colanet.plan import Plan

ENGINES = ("auto", "reference", "numba", "cupy")


def make_engine(name: str, plan: Plan, threads: int = 1) -> Engine:
    """The engine of that name; `auto` picks numba or cupy and gives the engine a `reason`.

    Raises
    ------
    BackendUnavailable
        If there is no such engine, or it cannot be used here.
    """
    if name == "auto":
        from colanet.engine.choice import choose

        choice = choose(plan.copies, threads)
        engine = make_engine(choice.engine, plan, threads)
        engine.reason = choice.reason  # type: ignore[attr-defined]
        return engine
    if name == "reference":
        from colanet.engine.reference import ReferenceEngine

        return ReferenceEngine(plan, threads)
    if name == "numba":
        from colanet.engine.numba_engine import NumbaEngine

        return NumbaEngine(plan, threads)
    if name == "cupy":
        from colanet.engine.cupy_engine import CupyEngine

        return CupyEngine(plan, threads)
    raise BackendUnavailable(f"there is no engine called {name}; known are {', '.join(ENGINES)}")
