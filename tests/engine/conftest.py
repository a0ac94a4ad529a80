"""Fixtures over engines: whatever holds on one holds on all."""

from __future__ import annotations

from functools import partial

import pytest

from colanet.engine.cuda import shim
from tests.engine import engines


@pytest.fixture(params=engines.NAMES)
def engine_of(request):
    """Makes an engine for a plan; every engine in turn."""
    return engines.engine_class(request.param, request.node.originalname)


@pytest.fixture(params=engines.OTHERS)
def other_engine_of(request):
    """Every engine but the reference."""
    return engines.engine_class(request.param, request.node.originalname)


@pytest.fixture
def drawn(request):
    """Decorator: run the test with what hypothesis draws, see `tests.engine.engines.drawn`."""
    name = request.node.callspec.params["other_engine_of"]
    return partial(engines.drawn, name)


@pytest.fixture
def unoptimised(monkeypatch):
    """For sources that run once: to optimise them takes longer than they run."""
    monkeypatch.setattr(shim, "FLAGS", tuple("-O0" if flag == "-O2" else flag for flag in shim.FLAGS))
