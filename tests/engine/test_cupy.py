"""The cupy engine's kernels, run on the CPU by the shim: the same bits in any order of the threads."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import colanet
from colanet.config import override_all
from colanet.config.model import Network
from colanet.connections import CONNECTIONS, Rule, block
from colanet.encoding.coding import Integrating, Poisson, Schedule
from colanet.encoding.sources import Noise, Source
from colanet.engine.base import digest, input_spikes
from colanet.engine.cuda import shim
from colanet.engine.cuda.feed import DeviceEncoder, upload
from colanet.engine.cuda.shim import ORDERS, ShimBackend
from colanet.engine.cuda.source import source
from colanet.engine.cupy_engine import CupyBatch, CupyEngine
from colanet.engine.numba_engine import NumbaEngine
from colanet.engine.reference import ReferenceEngine
from colanet.errors import BackendUnavailable, CheckpointError, ConfigError
from colanet.migration import Migration
from colanet.plan import build
from colanet.session import Recording, Session
from tests import shipped

from .networks import networks, random_input, votes_of
from .test_equality import assert_same_state

CONFIGS = shipped.CONFIGS
SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture(scope="module", autouse=True)
def compiler():
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))


def assert_same_run(left, right):
    for one, other in zip(left.records, right.records, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(left.votes, right.votes)
    np.testing.assert_array_equal(left.spikes, right.spikes)
    assert left.synaptic_events == right.synaptic_events


def engine_of(plan, order="forwards", threads=64, **options) -> CupyEngine:
    engine = CupyEngine(plan, backend=ShimBackend(order, **options))
    engine.batch = CupyBatch([plan], backend=engine.batch.backend, threads=threads)
    return engine


# ----------------------------------------------------------- every feature


@pytest.mark.slow
@given(
    networks(),
    st.integers(0, 2**32),
    st.integers(0, 200),
    st.sampled_from(ORDERS),
    st.sampled_from([32, 64, 96]),
    st.sampled_from([48 * 1024, 0]),
)
@settings(max_examples=40, **SLOW)
def test_reference_equals_cuda(network, seed, freeze_from_end, order, threads, shared_limit):
    plan = build(network, seed=seed)
    stop = 220
    inputs = random_input(plan, stop, seed)
    reference = ReferenceEngine(plan)
    cuda = engine_of(plan, order, threads, seed=seed, shared_limit=shared_limit)
    assert cuda.batch.in_shared == (shared_limit > 0)
    options = {
        "freeze": stop - freeze_from_end // 4, "votes": votes_of(plan), "record": range(len(plan.populations)),
    }  # fmt: skip
    assert_same_run(reference.run(inputs, 0, stop, **options), cuda.run(inputs, 0, stop, **options))
    assert_same_state(reference.state(), cuda.state())
    assert digest(reference.state(), stop) == digest(cuda.state(), stop)


@pytest.mark.parametrize("stop", [1, 10, 40])
def test_the_first_steps(stop):
    """Before the rings of the past have been filled once, for populations that no gating synapse reaches."""
    for plan in [*variants(), *fault_plans()]:
        inputs = random_input(plan, stop, 1)
        reference, cuda = ReferenceEngine(plan), engine_of(plan)
        for engine in (reference, cuda):
            engine.run(inputs, 0, stop, freeze=stop)
        assert_same_state(reference.state(), cuda.state())


# ----------------------------------------------------- shipped configurations


def sessions(name: str, folder: Path, order: str, **values):
    """The same run with numba and with the shim, not yet started."""
    network = colanet.load(CONFIGS / f"{name}.yaml")
    base = shipped.base_of(network, folder, 12)
    made = [
        Session(network, base_dir=base, engine="numba", copies=2, recording=Recording(), seed=3, **values)
        for _ in range(2)
    ]
    made[1].engine = CupyEngine(made[1].plan, backend=ShimBackend(order))
    return made


@pytest.mark.parametrize(("name", "order"), list(zip(shipped.NAMES, itertools.cycle(ORDERS), strict=False)))
def test_shipped_configurations(name, order, tmp_path):
    few = {"train": 8, "test": 3} if colanet.load(CONFIGS / f"{name}.yaml").readout else {}
    stop = 11 * 20 if few else 180
    numba, cuda = sessions(name, tmp_path, order, **few)
    cuda.chunk_steps = 77
    for session in (numba, cuda):
        session.run(stop)
    assert numba.tally.spikes.sum() > 10
    np.testing.assert_array_equal(numba.tally.votes, cuda.tally.votes)
    np.testing.assert_array_equal(numba.tally.spikes, cuda.tally.spikes)
    assert numba.tally.events == cuda.tally.events
    for p in numba.plan.populations:
        for copy in range(2):
            np.testing.assert_array_equal(numba.spikes(p.name, copy), cuda.spikes(p.name, copy))
    assert numba.result().digest == cuda.result().digest


def test_neurons_that_migrate():
    """Empty places and moved neurons are states like any other."""
    network = override_all(colanet.load(CONFIGS / "mnist.yaml"), {"population.L.size": "40"})
    digests = []
    for on_shim in (False, True):
        session = Session(
            network, base_dir=CONFIGS, engine="numba", copies=1, train=40, test=5,
            migration=Migration(empty=1, every=10, silent=10, margin=1),
        )  # fmt: skip
        if on_shim:
            state = session.state()
            session.engine = CupyEngine(session.plan, backend=ShimBackend("shuffled"))
            session.engine.load(state)
        digests.append(session.run().digest)
        assert session.moves
    assert digests[0] == digests[1]


def test_a_checkpoint_resumes_on_the_other_engine(tmp_path):
    numba, cuda = sessions("mnist", tmp_path, "forwards", train=6, test=2)
    cuda.run(70)
    cuda.checkpoint(tmp_path / "half.h5")
    other, _ = sessions("mnist", tmp_path, "forwards", train=6, test=2)
    other.resume(tmp_path / "half.h5")
    assert other.run().digest == numba.run().digest


# ------------------------------------------------------------ device encoding


def spikes_of(feed, source: int, size: int):
    """(ptr, index) and bits of one input of a feed."""
    first, count, node = feed.first[0, source], feed.count[0, source], feed.node
    lists = [node[f : f + c] for f, c in zip(first, count, strict=True)]
    return np.concatenate([[0], np.cumsum(count)]), np.concatenate([*lists, np.zeros(0, np.int32)])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("mode", ["once", "repetitive", "endless"])
@pytest.mark.parametrize("stretch", [(0, 40), (35, 90), (7, 150)])
def test_poisson_coding_on_the_device(order, mode, stretch):
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (6, 70)).astype(np.uint8) * (rng.random((6, 70)) < 0.6).astype(np.uint8)
    schedule = Schedule(15, 10, 6, skip=4, mode=mode, steps=None if mode == "once" else 110)
    signal = Source("R", 70, schedule.n_steps, [Poisson(images, schedule, 0.7, (1 << 64) - 12345)])
    noisy = Source("N", 40, None, [Noise(40, 0.2, 99)])
    summed = Source("I", 70, schedule.n_steps, [Integrating(images.astype(np.int64), schedule, 1000)])
    network = Network.model_validate(
        {
            "inputs": [{"name": n, "kind": "noise", "size": s} for n, s in (("N", 40), ("R", 70), ("I", 70))],
            "populations": [{"name": "A", "size": 3, "w_max": 1.0}],
            "projections": [{"source": "R", "target": "A", "kind": "plastic"}],
        }
    )
    plan = build(network)
    backend = ShimBackend(order)
    encoder = DeviceEncoder(backend, plan, [noisy, signal, summed])
    assert set(encoder.images) == {1}
    feed = encoder.feed(1000, *stretch)
    expected = upload(backend, plan, [input_spikes(plan, [noisy, signal, summed], 1000, *stretch)])
    assert (feed.base, feed.stop) == (expected.base, expected.stop)
    for number in range(3):
        for found, wanted in zip(spikes_of(feed, number, 70), spikes_of(expected, number, 70), strict=True):
            np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(feed.bits, expected.bits)
    assert feed.bits.any()


# ------------------------------------------------------------------ batches


def variants():
    """Plans of one shape: other seeds, constants, windows (so other histories), copies, connections."""
    base = colanet.load(CONFIGS / "mnist.yaml")
    small = {
        "inputs": [
            {"name": "R", "kind": "noise", "size": 40}, {"name": "T", "kind": "noise", "size": 3},
        ],
        "populations": [
            base.populations[0].model_copy(update={"size": 12, "columns": 3, "reset_period": 15}).model_dump(),
            {"name": "OUT", "size": 3},
        ],
        "projections": [
            {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 8.0},
            {"source": "L", "target": "L", "kind": "gating", "connection": "within_columns", "weight": -4},
            {"source": "T", "target": "L", "kind": "reward", "connection": "one_to_one", "weight": 0.3},
            {"source": "L", "target": "OUT", "connection": "random", "probability": 0.6, "weight": 6},
        ],
        "copies": 2,
    }  # fmt: skip
    network = Network.model_validate(small)
    l_plans = []
    for seed, changes, copies in (
        (1, {}, 2), (2, {"hebbian_rate": -0.4, "w_max": 2.0, "threshold_weight_factor": 0.02}, 1),
        (3, {"tau_m": 20, "noise_amplitude": 0.0, "virtual_synapses": 0}, 2), (1, {"isi_max": 3}, 1),
    ):  # fmt: skip
        changed = network.populations[0].model_copy(update=changes)
        described = network.model_copy(
            update={"populations": (changed, *network.populations[1:]), "copies": copies}
        )
        l_plans.append(build(described, seed=seed))
    return l_plans


@pytest.mark.parametrize("own_inputs", [False, True])
def test_plans_side_by_side_equal_each_alone(own_inputs):
    plans, stop = variants(), 400
    assert len({plan.history for plan in plans}) > 1
    longest = max(plan.history for plan in plans)
    many = [random_input(plan, stop, 7 + k * own_inputs, base=-longest) for k, plan in enumerate(plans)]
    freeze = [300, 350, 400, 10]
    batch = CupyBatch(plans, backend=ShimBackend("shuffled"), threads=64)
    assert batch.networks == 6
    votes = votes_of(plans[0])
    parts = [
        batch.run(many if own_inputs else many[0], a, b, freeze=freeze, votes=votes, record=[0, 1])
        for a, b in ((0, 150), (150, stop))
    ]
    for k, plan in enumerate(plans):
        alone = NumbaEngine(plan)
        for part, (a, b) in zip(parts, ((0, 150), (150, stop)), strict=True):
            assert_same_run(alone.run(many[k], a, b, freeze=freeze[k], votes=votes, record=[0, 1]), part[k])
        assert_same_state(alone.state(), batch.state(k))


def test_a_state_of_one_plan_of_a_batch_is_loaded():
    plans = variants()
    batch = CupyBatch(plans, backend=ShimBackend(), threads=64)
    alone = NumbaEngine(plans[2])
    alone.run(random_input(plans[2], 100, 5), 0, 100, freeze=100)
    before = batch.state(1)
    batch.load(2, alone.state())
    assert_same_state(batch.state(2), alone.state())
    assert_same_state(batch.state(1), before)
    with pytest.raises(CheckpointError):
        batch.load(1, alone.state())


def test_long_recordings_are_run_in_several_launches(monkeypatch):
    plan = variants()[0]
    inputs = random_input(plan, 200, 3)
    cuda, numba = engine_of(plan), NumbaEngine(plan)
    monkeypatch.setattr("colanet.engine.cupy_engine.RECORD_BYTES", 4 * 2 * 37)
    launches = []
    launch = cuda.batch.backend.launch
    monkeypatch.setattr(cuda.batch.backend, "launch", lambda name, *a: (launches.append(name), launch(name, *a)))
    options = {"freeze": 200, "votes": votes_of(plan), "record": [1, 0]}
    assert_same_run(numba.run(inputs, 0, 200, **options), cuda.run(inputs, 0, 200, **options))
    assert launches.count("run_shared") == 6


def test_plans_of_a_batch_that_differ_in_a_rules_number_have_synapses_of_their_own():
    """A rule from outside that goes by `probability` without drawing."""

    def some(ends, first, last):
        pre, post = block(ends, first, last)
        keep = post < round(ends.probability * ends.target.size)
        return pre[keep], post[keep]

    CONNECTIONS.register("some", Rule("a part of the targets", some, takes=("probability",)))
    try:
        plans = [
            build(
                Network.model_validate(
                    {
                        "inputs": [{"name": "R", "kind": "noise", "size": 3}],
                        "populations": [{"name": "N", "size": 10}],
                        "projections": [
                            {"source": "R", "target": "N", "connection": "some", "probability": p, "weight": 9}
                        ],
                    }
                )
            )
            for p in (0.2, 0.9)
        ]
        inputs = random_input(plans[0], 40, 1)
        batch = CupyBatch(plans, backend=ShimBackend(), threads=32)
        found = batch.run(inputs, 0, 40, freeze=0, record=[0])
        for plan, stretch in zip(plans, found, strict=True):
            assert_same_run(ReferenceEngine(plan).run(inputs, 0, 40, freeze=0, record=[0]), stretch)
    finally:
        CONNECTIONS.unregister("some")


# ------------------------------------------------------------------- errors


def test_what_does_not_fit_is_refused_before_anything_starts():
    plans = variants()
    with pytest.raises(ConfigError, match="at least one"):
        CupyBatch([], backend=ShimBackend())
    described = {"populations": [{"name": "A", "size": 2}], "inputs": [], "projections": []}
    other = build(Network.model_validate(described))
    with pytest.raises(ConfigError, match="shape"):
        CupyBatch([plans[0], other], backend=ShimBackend())
    with pytest.raises(ConfigError, match="multiple of 32"):
        CupyBatch(plans, backend=ShimBackend(), threads=100)
    batch = CupyBatch(plans, backend=ShimBackend(), threads=32)
    inputs = [random_input(plan, 10, 0, base=-128) for plan in plans]
    with pytest.raises(ConfigError, match="expected one"):
        batch.run(inputs[:2], 0, 10, freeze=0)
    with pytest.raises(ConfigError, match="freezing"):
        batch.run(inputs, 0, 10, freeze=[1, 2])


def test_unsupported_plans_lead_to_a_clear_error():
    def plan_of(size: int, populations: int, connection: str):
        described = [{"name": f"A{k}", "size": size} for k in range(populations)]
        link = {"source": "R", "target": "A0", "weight": 1e-3, "connection": connection}
        inputs = [{"name": "R", "kind": "noise", "size": size}]
        return build(Network.model_validate({"inputs": inputs, "populations": described, "projections": [link]}))

    with pytest.raises(BackendUnavailable, match="2\\^31 - 1 synapses"):
        CupyEngine(plan_of(50_000, 1, "all_to_all"), backend=ShimBackend())
    with pytest.raises(BackendUnavailable, match="shared memory"):
        CupyEngine(plan_of(1, 300, "all_to_all"), backend=ShimBackend())
    # What only looks large is run, with its working arrays in global memory.
    plan = plan_of(50_000, 1, "one_to_one")
    engine = CupyEngine(plan, backend=ShimBackend())
    assert not engine.batch.in_shared
    inputs = random_input(plan, 5, 0, rate=0.01)
    assert engine.run(inputs, 0, 5, freeze=0).synaptic_events > 100


# ------------------------------------------------------- these tests can fail

FAULTS = {
    "no barrier after the arrivals": (
        "events += deliver(t, q, net, local);\n    __syncthreads();", "events += deliver(t, q, net, local);",
    ),
    "no barrier before learning": ("__syncthreads();  // what was read", "// what was read"),
    "no barrier in the bit sets": ("net.mask[w] = 0;\n    __syncthreads();", "net.mask[w] = 0;"),
    "too many rows added in 16 bits": ("0xFFFF / span", "0xFFFF / span * 8"),
    "the highest index wins": ("0xFFFFFFFFu - (u32)i", "(u32)i"),
    "a list not cleared": ("net.n_fired[after * net.populations + p] = 0", "(void)after"),
    "shares rounded down": (
        "owed / (sharers * population.resource_grain)",
        "(owed - (owed < 0 ? sharers - 1 : 0)) / (sharers * population.resource_grain)",
    ),
    "skipping over the last arrival": (
        "t < net.latest[p] + net.population", "t + 1 < net.latest[p] + net.population"
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def fault_cases():
    """Plans, their input, and what numba makes of it."""
    cases = []
    for number, (plan, rate) in enumerate(zip(fault_plans(), (0.3, 0.01, 0.3), strict=True)):
        inputs, numba = random_input(plan, 300, number, rate=rate), NumbaEngine(plan)
        cases.append((plan, inputs, numba.run(inputs, 0, 300, freeze=300), numba.state()))
    return cases


def differs(cases, order: str, text: str) -> bool:
    """Whether a source text gives other bits than numba, or stops, for any plan."""
    for plan, inputs, run, state in cases:
        engine = engine_of(plan, order, text=text)
        try:
            assert_same_run(run, engine.run(inputs, 0, 300, freeze=300))
            assert_same_state(state, engine.state())
        except (AssertionError, RuntimeError):
            return True
    return False


@pytest.mark.slow
@pytest.mark.usefixtures("unoptimised")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_kernels_is_seen(fault, fault_cases):
    wrong = source().replace(*FAULTS[fault])
    assert wrong != source()
    assert any(differs(fault_cases, order, wrong) for order in ORDERS)


@pytest.mark.parametrize("order", ORDERS)
def test_without_a_fault_nothing_is_seen(order, fault_cases):
    assert not differs(fault_cases, order, source())


def test_a_write_beyond_an_array_is_seen():
    backend = ShimBackend()
    node, first = backend.upload(np.array([68], dtype=np.int32)), backend.zeros((1,), np.int64)
    bits = backend.zeros((2,), np.uint32)
    with pytest.raises(RuntimeError, match="beyond the end"):
        backend.launch("fill_bits", 1, 32, 0, node, first, backend.upload(np.ones(1, np.int32)), bits, 2)


@pytest.mark.usefixtures("unoptimised")
def test_threads_that_do_not_meet_are_an_error():
    lonely = source().replace("if (threadIdx.x) return;", "if (!threadIdx.x) __syncthreads();")
    assert lonely != source()
    engine = engine_of(fault_plans()[0], text=source())
    with pytest.raises(RuntimeError, match="do not meet"):
        engine_of(fault_plans()[0], text=lonely).run(random_input(engine.plan, 20, 0), 0, 20, freeze=20)


def fault_plans():
    """Networks with ties and large weights; without kicks and with long delays; with steps that round to 0."""
    plastic = {
        "w_min": -3.0, "w_max": 30.0, "hebbian_rate": -0.3, "isi_max": 3, "dopamine_window": 5,
        "stability_rate": 0.1, "virtual_synapses": 3,
    }  # fmt: skip
    learner = {"name": "L", "size": 12, "columns": 3, "winner_take_all": True, "tau_m": 3, **plastic}
    tied = {
        "inputs": [{"name": "R", "kind": "noise", "size": 200}, {"name": "T", "kind": "noise", "size": 3}],
        "populations": [learner, {"name": "O", "size": 12, "noise_amplitude": 1.0}],
        "projections": [
            {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 900.0},
            {"source": "T", "target": "L", "kind": "reward", "connection": "one_to_one", "weight": 0.5},
            {"source": "L", "target": "O", "connection": "one_to_one", "weight": 9.0},
        ],
    }
    quiet = {
        "inputs": tied["inputs"],
        "populations": [{**learner, "tau_m": 10}, {"name": "O", "size": 12}],
        "projections": [
            {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 9.0},
            {"source": "T", "target": "O", "connection": "one_to_one", "weight": 9.0, "delay": 30},
            {"source": "O", "target": "O", "connection": "within_columns_except_same", "weight": 1.0},
            {"source": "O", "target": "L", "connection": "one_to_one", "weight": 12.0, "delay": 30},
        ],
    }
    rounded = {"hebbian_rate": 0.3, "stability_rate": 1.0, "presynaptic_rate": 1e-6, "presynaptic_period": 1}
    stable = {
        "inputs": tied["inputs"],
        "populations": [{**learner, **rounded}],
        "projections": [
            {"source": "R", "target": "L", "kind": "plastic", "initial_resource": 9.0},
            {"source": "T", "target": "L", "kind": "reward", "connection": "one_to_one", "weight": 0.01},
        ],
    }
    return [build(Network.model_validate(described), seed=4) for described in (tied, quiet, stable)]
