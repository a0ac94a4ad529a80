"""Costs under the names of NeuroBench: worked by hand, counted spike by spike, equal on all engines."""

import json
import types
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.config import override
from colanet.config.model import Network, NoiseInput, Population, Projection
from colanet.costs import Zeros, costs_of, node_counts
from colanet.session import Recording, Session
from colanet.storage import read_h5, write_h5
from tests.engine import engines

CONFIG = Path(__file__).parent / "plan" / "published.nnc"
SMALL = ["--train", 30, "--test", 10, "--copies", 2, "--quiet"]

TINY = Network(
    inputs=(NoiseInput(name="R", size=2, noise=1.0, steps=10),),
    populations=(
        Population(name="N", size=3),
        Population(name="L", size=2, w_min=-1.0, w_max=1.0),
        Population(name="Q", size=3, w_min=-1.0, w_max=1.0),
    ),
    projections=(
        Projection(source="R", target="N", connection="all_to_all", weight=5.0),
        # The resource 2 between -1 and 1 is the weight 0.
        Projection(source="R", target="L", kind="plastic", connection="all_to_all", initial_resource=2.0, delay=3),
        Projection(source="N", target="Q", kind="plastic", connection="one_to_one", initial_resource=2.0),
    ),
    copies=2,
)  # fmt: skip


def test_numbers_of_a_tiny_network():
    session = Session(TINY, engine="reference")
    session.run(freeze=0)
    costs = costs_of(session, pj_per_op=5.0)
    # Both nodes fire at steps 0 to 9. N gets 2 x 5 > 8.531 at steps 1 to 9 and fires each time.
    work = costs.parts["run"]
    assert list(costs.parts) == ["run"]
    assert (work.steps, work.input_spikes, work.spikes) == (10, 2 * 20, 2 * 27)
    # R -> N: 9 steps of 2 spikes to 3; R -> L: steps 3 to 9, 2 spikes to 2; N -> Q: steps 2 to 9, 3 spikes to 1.
    assert work.synaptic_events == 2 * (54 + 28 + 24)
    assert work.zero_weight_events == 2 * 28
    assert costs.not_left_out == ("N->Q",)  # of populations the spikes are not known neuron by neuron
    assert costs.effective(work) == (54 + 24) / 10
    assert costs.activation_sparsity(work) == 1 - 27 / 80
    # Those of steps 4 to 9 were emitted at steps 1 to 6.
    sources = session.presentation.sources
    later = Zeros(session.plan, session.state()).events(sources, [node_counts(sources[0], 4, 10)], 4, 10)
    assert later == 2 * 6 * 4
    # Possible: 2 x 3 + 2 x 2 + 3 x 3; there are 6 + 4 + 3, those of the plastic ones are 0.
    assert (costs.possible, costs.synapses, costs.zero_weights) == (19, 2 * 13, 2 * 7)
    assert costs.connection_sparsity == 1 - 6 / 19
    assert (costs.dense(), costs.existing()) == (19, 13)
    assert costs.energy(work) == pytest.approx(7.8 * 5e-6)
    # 4 bytes for the fixed weight, 2 for each of 4 and 3 plastic ones.
    assert costs.footprint.weights == 4 + 8 + 6


def test_footprint_of_the_state():
    session = Session(TINY, engine="reference")
    history, neurons, synapses = session.plan.history, (3, 2, 3), (4, 3)
    # Potential, ramp and activation counter are int32; spikes of the past are bits.
    held = sum(12 * n + -(-history * n // 8) for n in neurons)
    # Resources are int32, contributions bits; a plastic neuron has five numbers of 64 bits and one of yes or no.
    learning = sum(4 * n + -(-n // 8) for n in synapses)
    learning += sum(5 * 8 * n + -(-n // 8) + -(-history * n // 8) for n in neurons[1:])
    found = costs_of(session).footprint
    assert (found.neurons, found.learning) == (held, learning)


def test_footprint_at_fewer_bits():
    bits = {"weight_bits": 3, "resource_bits": 12, "resource_fraction": 8, "potential_bits": 15}
    less = TINY.populations[1].model_copy(update=bits)
    network = TINY.model_copy(update={"populations": (TINY.populations[0], less, TINY.populations[2])})
    full, few = (costs_of(Session(each, engine="reference")).footprint for each in (TINY, network))
    # Of L there are 2 neurons and 4 plastic synapses; whole bytes are counted.
    assert few.weights == full.weights - 8 + 2
    assert few.learning == full.learning - 16 + 6
    assert few.neurons == full.neurons - 8 + 4


def counted(session, first, last):
    """Arrivals of steps first..last-1 in all copies, and those at weights of 0, spike by spike."""
    plan = session.plan
    events = zero = 0
    for p in plan.projections:
        source = plan.inputs[p.source][0] if p.from_input else plan.populations[p.source].name
        for copy in range(plan.copies):
            step, neuron = session.spikes(source, 0 if p.from_input else copy).T
            synapses = plan.synapses(p.index, copy)
            weight = np.full(synapses.count, p.weight)
            if p.kind == "plastic":
                weight = np.rint(1000 * session.weights(p.name, copy))[synapses.pre, synapses.post]
            for pre, emitted in zip(neuron, step, strict=True):
                mine = slice(*np.searchsorted(synapses.pre, [pre, pre + 1]))  # they lie in the order (pre, post)
                arriving = emitted + synapses.delay[mine].astype(np.int64)
                hit = (arriving >= first) & (arriving < last)
                events += int(hit.sum())
                zero += int((hit & (weight[mine] == 0)).sum())
    return events, zero


@pytest.mark.parametrize("part", [1.0, 0.3])
def test_operations_are_those_counted_spike_by_spike(part):
    sections = ("R", "Target", "L", "OUT", "BIASGATE")
    network = override(colanet.load(CONFIG), "projection.R->L.source_fraction", str(part))
    session = Session(network, train=12, test=6, copies=2, threads=1, recording=Recording(sections))
    session.run()
    costs = costs_of(session)
    assert list(costs.parts) == ["training", "test"]
    test, training = costs.parts["test"], costs.parts["training"]
    assert (training.steps, test.steps) == (180, 90)
    assert (test.synaptic_events, test.zero_weight_events) == counted(session, 180, 270)
    assert training.synaptic_events == counted(session, 0, 180)[0]
    assert 0 < test.zero_weight_events < test.synaptic_events
    spikes = {p: [session.spikes(p, copy)[:, 0] for copy in range(2)] for p in ("L", "OUT", "BIASGATE")}
    assert test.spikes == sum((steps >= 180).sum() for both in spikes.values() for steps in both)
    assert training.spikes == sum((steps < 180).sum() for both in spikes.values() for steps in both)
    assert test.input_spikes == 2 * sum((session.spikes(name)[:, 0] >= 180).sum() for name in ("R", "Target"))


@pytest.fixture(scope="module")
def reference():
    session = Session(colanet.load(CONFIG), train=6, test=4, copies=2, engine="reference")
    session.run()
    return costs_of(session).as_dict()


@pytest.mark.parametrize("name", engines.OTHERS)
def test_all_engines_count_the_same(name, reference):
    make = engines.engine_class(name, "test_all_engines_count_the_same")
    session = Session(colanet.load(CONFIG), train=6, test=4, copies=2, engine=make, chunk_steps=40)
    session.run()
    assert costs_of(session).as_dict() == reference


def test_plasticity_in_the_test_leaves_no_weight_out():
    session = Session(colanet.load(CONFIG), train=6, test=4, copies=1, threads=1)
    session.run(freeze=100)
    assert costs_of(session).parts["test"].zero_weight_events is None


def test_a_resumed_run_has_the_same_costs(tmp_path):
    network = colanet.load(CONFIG)
    whole = Session(network, train=30, test=10, copies=2, threads=1)
    whole.run()
    for stop in (200, 500):
        begun = Session(network, train=30, test=10, copies=2, threads=1)
        begun.proceed(stop)
        begun.checkpoint(tmp_path / "c.h5")
        again = Session(network, train=30, test=10, copies=2, threads=1)
        again.resume(tmp_path / "c.h5")
        again.run()
        assert costs_of(again).as_dict() == costs_of(whole).as_dict()
        # As an older colanet wrote it: known if the test had not begun.
        arrays, attributes = read_h5(tmp_path / "c.h5")
        del arrays["tally/test_spikes"]
        for name in ("test_events", "test_learnt", "told_apart"):
            del attributes[name]
        write_h5(tmp_path / "old.h5", arrays, attributes)
        older = Session(network, train=30, test=10, copies=2, threads=1)
        older.resume(tmp_path / "old.h5")
        assert older.run().digest == whole.result().digest
        assert (costs_of(older) is None) == (stop == 500)


# -------------------------------------------------------------------- the command


def test_the_table_and_the_object(call):
    status, plain, err = call("run", CONFIG, *SMALL)
    assert (status, err) == (0, "")
    assert "footprint" not in plain
    status, out, err = call("run", CONFIG, *SMALL, "--costs", "--pj-per-op", 10)
    assert (status, err) == (0, "")
    assert out.splitlines()[:12] == plain.splitlines()[:12]
    table = {line[:34].strip(): line[34:].split() for line in out.splitlines()}
    costs = json.loads(call("run", CONFIG, *SMALL, "--json", "--pj-per-op", 10)[1])["costs"]
    assert table["footprint (bytes)"] == [str(costs["footprint"])]
    assert table["an image in one copy"] == ["training", "test"]
    effective = [costs[part]["synaptic_operations"]["Effective_ACs"] for part in ("training", "test")]
    assert table["effective ACs"] == [f"{value:.1f}" for value in effective]
    assert [costs[part]["energy_uj"] for part in ("training", "test")] == pytest.approx(
        [value * 10e-6 for value in effective]
    )


@pytest.mark.parametrize(
    "words", [("--pj-per-op", "5"), ("--costs", "--pj-per-op", "nan"), ("--costs", "--pj-per-op", "-1")]
)
def test_refused(call, words):
    status, out, err = call("run", CONFIG, *words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("--pj-per-op")


# ------------------------------------------------------------------ another's count


@pytest.mark.slow
def test_neurobench_counts_the_same():
    torch = pytest.importorskip("torch", reason="NeuroBench counts in PyTorch")
    pytest.importorskip("neurobench", reason="pip install neurobench brings what this compares with")
    from neurobench.hooks.layer import LayerHook
    from neurobench.metrics.static import ConnectionSparsity
    from neurobench.metrics.workload import SynapticOperations

    network = colanet.load(CONFIG)
    sections = ("R", "Target", "L", "OUT", "BIASGATE")
    session = Session(network, train=30, test=10, copies=1, threads=1, recording=Recording(sections))
    session.run()
    costs, plan = costs_of(session), session.plan
    hooks, layers = [], []
    for p in plan.projections:
        synapses = plan.synapses(p.index)
        matrix = np.zeros((p.target_size, p.source_size), dtype=np.float32)
        plastic = p.kind == "plastic"
        matrix[synapses.post, synapses.pre] = session.weights(p.name)[synapses.pre, synapses.post] if plastic else 1
        layer = torch.nn.Linear(p.source_size, p.target_size, bias=False)
        layer.weight.data = torch.from_numpy(matrix)
        layers.append(layer)
        source = plan.inputs[p.source][0] if p.from_input else plan.populations[p.source].name
        spikes = np.zeros((600, p.source_size), dtype=np.float32)
        steps, neurons = session.spikes(source).T
        spikes[steps, neurons] = 1
        delay = int(synapses.delay[0])
        hooks.append(LayerHook(layer))
        with torch.no_grad():
            for row in spikes[450 - delay : 600 - delay]:
                layer(torch.from_numpy(row)[None])
    found = SynapticOperations()(
        types.SimpleNamespace(connection_hooks=hooks), None, (torch.zeros(10, 1), None)
    )
    work = costs.parts["test"]
    assert found["Effective_ACs"] == costs.effective(work)
    assert (found["Effective_MACs"], found["Dense"]) == (0, costs.dense())
    model = types.SimpleNamespace(__net__=lambda: torch.nn.ModuleList(layers))
    assert ConnectionSparsity()(model) == pytest.approx(costs.connection_sparsity, abs=5e-5)
