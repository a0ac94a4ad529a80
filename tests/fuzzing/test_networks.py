"""The short form of `python -m tests.fuzzing networks`; `tests/engine/test_equality.py` draws for each engine."""

import pytest

from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from tests.fuzzing import networks


class Forgetful(NumbaEngine):
    """An engine that is wrong in one bit, late."""

    def state(self):
        found = super().state()
        if found["0/A/potential"].any():
            found["0/A/potential"][-1] ^= 1
        return found


@pytest.mark.slow
def test_inputs_of_every_kind_on_every_engine(monkeypatch):
    monkeypatch.setattr(networks, "GPU_EVERY", 1 << 30)  # tests/engine/test_cupy.py has those
    assert networks.draw_sessions(12, 0) >= 12


@pytest.mark.parametrize("part", [networks.draw_engines, networks.draw_sessions])
def test_a_difference_is_found(part, monkeypatch):
    monkeypatch.setattr(networks, "makers", lambda number: [ReferenceEngine, Forgetful])
    monkeypatch.setattr(networks, "SHRINK", False)
    with pytest.raises(AssertionError, match=r"engines differ in .*/A/potential"):
        part(60, 0)
