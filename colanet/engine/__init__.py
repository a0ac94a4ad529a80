"""Engines: different machines for the same integers.

A package adds an engine by the entry point group ``colanet.engines``: a class with the interface of
`colanet.engine.base.Engine`, called with a plan and a number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from colanet.engine.base import Engine
from colanet.errors import BackendUnavailable
from colanet.plan import Plan
from colanet.registry import Registry

AUTO = "auto"

EngineMaker = Callable[[Plan, int], Engine]
"""Gives the engine of a plan, with a number of threads."""

REGISTRY: Registry[Any] = Registry(
    "engine",
    "colanet.engines",
    {
        "reference": "colanet.engine.reference:ReferenceEngine",
        "numba": "colanet.engine.numba_engine:NumbaEngine",
        "cupy": "colanet.engine.cupy_engine:CupyEngine",
    },
    check=lambda thing: None if callable(thing) else "expected a class with the interface of Engine",
    error=BackendUnavailable,
)


def engine_names() -> tuple[str, ...]:
    """What `make_engine` knows."""
    return (AUTO, *REGISTRY.names())


def make_engine(name: str | EngineMaker, plan: Plan, threads: int = 1) -> Engine:
    """The engine of that name; `auto` picks numba or cupy and gives the engine a `reason`.

    What makes engines itself may stand in the place of a name.

    Raises
    ------
    BackendUnavailable
        If there is no such engine, or it cannot be used here.
    """
    if callable(name):
        return name(plan, threads)
    if name == AUTO:
        from colanet.engine.choice import choose

        choice = choose(plan.copies, threads)
        engine: Any = make_engine(choice.engine, plan, threads)  # the reason is no part of the interface
        engine.reason = choice.reason
        chosen: Engine = engine
        return chosen
    made: Engine = REGISTRY.get(name)(plan, threads)
    return made
