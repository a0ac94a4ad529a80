"""The CUDA engine's ring of future arrivals, and how its threads share out sparse rows, through the shim."""

from pathlib import Path

import numpy as np
import pytest

from colanet.config.model import Network
from colanet.engine.cuda import shim
from colanet.engine.cuda.shim import ORDERS, ShimBackend
from colanet.engine.cuda.source import source
from colanet.engine.cuda.tables import WIDE, Tables, lanes_of
from colanet.engine.cupy_engine import CupyBatch
from colanet.engine.numba_engine import NumbaEngine
from colanet.errors import BackendUnavailable
from colanet.plan import build
from experiments import row_lookups

from .networks import random_input
from .test_cupy import engine_of
from .test_equality import assert_same_state
from .test_sparse import assert_same, pieces

ROOT = Path(__file__).parents[2]
CUTS = [0, 50, 57, 58, 190]


@pytest.fixture(scope="module", autouse=True)
def compiler():
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))


def described(noise: float) -> dict:
    """Learners that are forced to fire, and others, all reached over several delays; `noise` kicks O."""
    several = {"delay": {"uniform": (1, 30)}, "connection": "random"}
    return {
        "inputs": [{"name": "R", "kind": "noise", "size": 70}, {"name": "T", "kind": "noise", "size": 20}],
        "populations": [
            {"name": "L", "size": 20, "columns": 2, "w_max": 1.5, "w_min": -0.1, "tau_m": 3, "hebbian_rate": -0.2,
             "isi_max": 3, "dopamine_window": 5, "stability_rate": 0.1},
            {"name": "O", "size": 40, "columns": 2, "tau_m": 3, "noise_amplitude": noise},
        ],
        "projections": [
            {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 5.0},
            {"source": "T", "target": "L", "weight": 12, "probability": 0.3, **several},
            {"source": "R", "target": "O", "weight": 3, "probability": 0.4, **several},
            {"source": "O", "target": "O", "weight": -1, "probability": 0.1, **several},
            {"source": "O", "target": "L", "kind": "reward", "weight": 0.2, "probability": 0.1, **several},
            {"source": "O", "target": "L", "weight": -0.5, "connection": "within_columns_except_same", "delay": 2},
        ],
    }  # fmt: skip


def plans():
    return [build(Network.model_validate(described(noise)), seed=2) for noise in (3.0, 0.0, 0.0)]


@pytest.fixture(scope="module")
def cases():
    """Plans, their input, and what numba makes of it."""
    result = []
    for number, (plan, rate) in enumerate(zip(plans(), (0.15, 0.03, 0.005), strict=True)):
        inputs, numba = random_input(plan, CUTS[-1], number, rate), NumbaEngine(plan)
        found = twice(numba, inputs)
        result.append((plan, inputs, found, numba.state()))
        assert found[0][2][0, 0] > 20, "too few spikes to test anything"
    return result


def twice(engine, inputs):
    """Run in pieces, and then the first steps once more from the state before."""
    before = engine.state()
    found = pieces(engine, inputs, CUTS, CUTS[-1], (0, 1))
    engine.load(before)
    return found, pieces(engine, inputs, CUTS[:3], CUTS[-1], (0, 1))


def differs(cases, order: str, text: str) -> bool:
    """Whether a source text gives other bits than numba, or stops."""
    for plan, inputs, expected, state in cases:
        engine = engine_of(plan, order, text=text)
        try:
            for one, other in zip(expected, twice(engine, inputs), strict=True):
                assert_same(one, other)
            assert_same_state(state, engine.state())
        except (AssertionError, RuntimeError):
            return True
    return False


FAULTS = {
    "no barrier between push and take": (
        "events += deliver(t, q, net, local);\n    __syncthreads();", "events += deliver(t, q, net, local);",
    ),
    "what was taken stays": ("        current = 0;\n", ""),
    "who was forced stays forced": ("net.future_forcing[i] &= ~now", "(void)now"),
    "nobody is forced": ("if (forces) atomicOr", "if (false) atomicOr"),
    "the ring of the run before is used": ("net.future[k] = 0", "(void)k"),
    "who was to be forced in the run before is": ("net.future_forcing[i] = 0", "(void)i"),
    "what is in flight is forgotten": ("in_flight(net.begin, true, net)", "in_flight(net.begin, false, net)"),
    "what has arrived is in flight": ("(int)most(t - s - projection.delay_min, 0)", "0"),
    "what is in flight at the end is counted": ("events -= in_flight", "in_flight"),
    "a step too early": ("(u32)(s + 1) % FUTURE", "(u32)s % FUTURE"),
    "a place beyond the ring": ("if (to >= size) to -= size;", "if (to > size) to -= size;"),
    "every warp takes a small projection": ("bool idle =", "bool idle = false &&"),
    "a part of a row is left out": ("k = first + share.lane; put", "k = first + 2 * share.lane; put"),
    "the gap of a span is reached": ("if (i < gap || i >= gap_end)", ""),
    "skipping over what was pushed": ("most(arriving, t + net.input_reach[source])", "most(arriving, t + 1)"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_kernels_is_seen(fault, cases):
    assert source().count(FAULTS[fault][0]) == 1
    assert any(differs(cases, order, source().replace(*FAULTS[fault])) for order in ORDERS)


@pytest.mark.parametrize("order", ORDERS)
def test_without_a_fault_nothing_is_seen(order, cases):
    assert not differs(cases, order, source())


def test_plans_with_and_without_a_ring_run_side_by_side():
    """One plan's arrivals are pushed; another's have a single delay."""
    networks = [described(3.0), described(3.0)]
    for projection in networks[1]["projections"]:
        projection["delay"] = 3
    several = [build(Network.model_validate({**network, "copies": 2}), seed=3) for network in networks]
    tables = Tables(several)
    assert tables.projections()["pushed"].any(axis=1).tolist() == [True, True, False, False]
    batch = CupyBatch(several, backend=ShimBackend("shuffled"), threads=64)
    inputs = random_input(several[0], 130, 5)
    found = [batch.run(inputs, a, b, freeze=130, record=[0, 1]) for a, b in ((0, 70), (70, 130))]
    for k, plan in enumerate(several):
        alone = NumbaEngine(plan)
        for stretch, (a, b) in zip(found, ((0, 70), (70, 130)), strict=True):
            expected = alone.run(inputs, a, b, freeze=130, record=[0, 1])
            assert expected.synaptic_events == stretch[k].synaptic_events
            for left, right in zip(expected.records, stretch[k].records, strict=True):
                np.testing.assert_array_equal(left, right)
        assert_same_state(alone.state(), batch.state(k))


def test_as_many_threads_take_a_row_as_it_has_synapses():
    assert [lanes_of(n, 10) for n in (0, 1, 10, 20, 30, 169, 170, 320, 5000)] == [1, 1, 1, 2, 4, 16, 32, 32, 32]
    assert lanes_of(0, 0) == 1
    plan = plans()[0]
    rows = Tables([plan]).projections()[0]
    counts = [plan.count(p.index) for p in plan.projections]
    assert counts[1] < WIDE < counts[2]
    assert rows["wide"].tolist()[1:3] == [0, 1]
    assert rows["pushed"].tolist() == [0, 1, 1, 1, 0, 0]
    # 20 x 0.3, 40 x 0.4 and 40 x 0.1 synapses of a source; 20 x 0.1 over 30 delays; nine in the same column.
    assert rows["lanes"].tolist()[1:] == [8, 16, 4, 1, 16]


def test_rows_are_counted():
    """Three sources with two delays: 40 and 0, 1 and 3, 2 and 2 synapses."""
    lengths = np.array([[40, 0], [1, 3], [2, 2]])
    assert row_lookups.every_delay(lengths) == (6, 2 + 0 + 4)
    assert row_lookups.pushed(lengths, 32) == (3, 2 + 1 + 1)
    assert row_lookups.pushed(lengths, 16) == (3, 3 + 1)
    assert row_lookups.pushed(lengths[:0], 4) == (0, 0)


@pytest.mark.slow
def test_the_page_has_the_counts_of_the_command_beside_it(capsys):
    page = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    row_lookups.main([str(ROOT / "configs" / "recurrent.yaml")])
    lines = capsys.readouterr().out.split("\n")
    assert "python -m experiments.row_lookups configs/recurrent.yaml\n" in page
    assert len(lines) == 7
    assert [line for line in lines if line not in page] == []
