"""The benches of the Verilog core: what they read becomes a state again, and they notice what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import colanet
from colanet.config import override_all
from colanet.engine import make_engine
from colanet.engine.base import Votes, digest, joined, rest
from colanet.errors import ColanetError
from colanet.export import export
from colanet.export.verilog.players import with_icarus
from colanet.export.verilog.programs import MARK, READ, RECORD, STEP, Program, spike_words
from colanet.export.verilog.readback import Readback, entries_of, regions_of, state_of, words_of
from colanet.plan import build
from colanet.session import Session
from experiments import verilog_mnist
from tests.export.verilog_bench import need, run_bench, run_long

ROOT = Path(__file__).parents[2]
LEARNT, OBJECTS, PERIOD = 400, 6, 20


class Small:
    """The network of mnist_chip.yaml with few nodes and neurons, its core, and what numba makes of some objects."""

    def __init__(self, folder):
        self.plan = build(small_network(30, w_max="2"), input_sizes={"R": 40})
        engine = make_engine("numba", self.plan)
        engine.run(shown(self.plan, 0, LEARNT), 0, LEARNT, freeze=LEARNT)
        self.start, self.stop = LEARNT + PERIOD, LEARNT + PERIOD * (1 + OBJECTS)
        rest(engine, LEARNT, self.start)  # no spike of an input is under way
        self.before, self.core = engine.state(), folder / "core"
        export("verilog", self.plan, self.before, self.core, options={"learn": True, "lanes": 7}, step=self.start)
        self.manifest = json.loads((self.core / "core.json").read_text())
        self.inputs = shown(self.plan, self.start, self.stop)
        ran = engine.run(
            self.inputs, self.start, self.stop, freeze=self.stop, votes=Votes(1, 10, PERIOD),
            record=range(len(self.plan.populations)),
        )  # fmt: skip
        self.records, self.after = ran.records[0], engine.state()
        votes = ran.votes[0]
        self.answers = np.where(votes.any(axis=1), votes.argmax(axis=1), -1)


def small_network(size, **fields):
    changed = {f"population.L.{key}": value for key, value in {"size": str(size), **fields}.items()}
    return override_all(colanet.load(ROOT / "configs" / "mnist_chip.yaml"), changed)


def shown(plan, start, stop):
    """Objects of two classes: ten steps in which a half of the nodes spikes often, then the label."""
    made, rng = [], np.random.default_rng(start)
    for name, size in plan.inputs:
        rows = np.zeros((stop - start, size), dtype=bool)
        for t in range(start, stop):
            label = t // PERIOD % 2
            if name == "R" and t % PERIOD < 10:
                rows[t - start, label::2] = rng.random(size // 2) < 0.4
            elif name == "Target" and t % PERIOD == 11:
                rows[t - start, label] = True
        ptr = np.concatenate([[0], np.cumsum(rows.sum(axis=1))]).astype(np.int64)
        made.append((ptr, np.nonzero(rows)[1].astype(np.int32)))
    return joined(made, 0, start - plan.history, start, stop)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return Small(tmp_path_factory.mktemp("small"))


# ---------------------------------------------------------------------- readback


def on_the_bus(manifest, regions):
    """Words of entries, as the bus gives them: the inverse of `entries_of`."""
    words = {}
    for region in manifest["regions"]:
        values = regions[region["name"]]
        if "stride" in region:
            values = values.reshape(-1, region["neurons"]).T.ravel()
        if region["bits"] > 32:
            values = np.stack([values, values >> 32], axis=1).ravel()
        words[region["name"]] = values & 0xFFFFFFFF
        assert len(words[region["name"]]) == words_of(region)
    return words


def test_words_of_the_bus_become_the_state(small):
    words = on_the_bus(small.manifest, regions_of(small.plan, small.after, small.manifest))
    values = {r["name"]: entries_of(r, words[r["name"]]) for r in small.manifest["regions"]}
    history, neurons = small.plan.history, small.plan.n_neurons
    fired = small.records[small.records[:, 0] >= small.stop - history]
    # Who was awake is in the state of the learning population only.
    gates = np.ones((history, neurons), dtype=np.int64)
    learner = small.plan.populations[0]
    past = np.arange(small.stop - history, small.stop) % history
    gates[:, learner.start : learner.stop] = small.after["0/L/awake"][past].astype(np.int64)
    found = state_of(small.plan, small.before, small.manifest, Readback(small.stop, history, fired, gates, values))
    assert [key for key in found if (found[key] != small.after[key]).any()] == []
    assert digest(found, small.stop) == digest(small.after, small.stop)
    changed = [key for key in found if (found[key] != small.before[key]).any()]
    assert {"0/R->L/resource", "0/L/virtual", "0/L/stability", "0/L/awake", "0/OUT/spikes"} <= set(changed)


def test_what_was_not_recorded_stays(small):
    values = regions_of(small.plan, small.after, small.manifest)
    read = Readback(small.stop, 0, np.zeros((0, 2), dtype=np.int64), np.zeros((0, small.plan.n_neurons)), values)
    found = state_of(small.plan, small.before, small.manifest, read)
    np.testing.assert_array_equal(found["0/L/awake"], small.before["0/L/awake"])
    np.testing.assert_array_equal(found["0/OUT/spikes"], small.before["0/OUT/spikes"])
    np.testing.assert_array_equal(found["0/L/virtual"], small.after["0/L/virtual"])


@pytest.mark.parametrize(
    ("bits", "signed", "words", "values"),
    [
        (5, True, [15, 16, 31], [15, -16, -1]),
        (5, False, [31, 0xFFFFFFE1], [31, 1]),
        (32, True, [0x80000000, 7], [-(2**31), 7]),
        (40, True, [5, 0xFFFFFFFF, 5, 1], [5 - 2**32, 5 + 2**32]),
        (64, True, [0, 0x80000000], [-(2**63)]),
    ],
)
def test_words_and_signs(bits, signed, words, values):
    region = {"bits": bits, "signed": signed, "entries": len(values)}
    assert entries_of(region, np.array(words)).tolist() == values


# ---------------------------------------------------------------------- programs


def test_spikes_become_words():
    manifest = {"inputs": [{"first": 0}, {"first": 100}]}
    one = np.array([0, 2, 2, 3]), np.array([5, 7, 1], dtype=np.int32)
    other = np.array([0, 1, 1, 2]), np.array([3, 4], dtype=np.int32)
    assert spike_words(manifest, [one, other]).tolist() == [5, 7, 103, STEP, STEP, 1, 104, STEP]


def test_commands_become_words(small):
    program = Program(small.manifest)
    program.read({"region": 9, "entries": 6, "bits": 40})
    program.read({"region": 3, "entries": 6, "bits": 8, "neurons": 2, "stride": 4})
    program.record(True)
    program.mark()
    words = [READ, 9 << 24, 12, READ, 3 << 24, 3, READ, 3 << 24 | 4, 3, RECORD, 1, READ, 1 << 24, 1, MARK]
    assert program.taken().tolist() == words
    assert program.asked == [12, 6, 1]
    assert program.taken().tolist() == []


# ----------------------------------------------------------------------- players


@pytest.mark.parametrize(
    ("player", "seed"), [("icarus", 0), ("icarus", 3), pytest.param("verilator", 5, marks=pytest.mark.slow)]
)
def test_players_bring_the_spikes_answers_and_memories(small, player, seed, tmp_path):
    times = (small.start, small.stop, small.stop)
    ran = run_long(small.core, small.inputs, *times, tmp_path, seed=seed, player=player)
    np.testing.assert_array_equal(ran.fired, small.records)
    np.testing.assert_array_equal(ran.answers, small.answers)
    assert len(set(ran.answers)) > 1
    expected = regions_of(small.plan, small.after, small.manifest)
    assert [name for name in expected if (ran.regions[name] != expected[name]).any()] == []
    found = state_of(small.plan, small.before, small.manifest, ran.read)
    assert digest(found, small.stop) == digest(small.after, small.stop)


def test_frozen_steps_do_not_learn(small, tmp_path):
    middle = small.start + 3 * PERIOD
    ran = run_long(small.core, small.inputs, small.start, small.stop, middle, tmp_path)
    engine = make_engine("numba", small.plan)
    engine.load(small.before)
    engine.run(small.inputs, small.start, small.stop, freeze=middle)
    expected = regions_of(small.plan, engine.state(), small.manifest)
    assert [name for name in expected if (ran.regions[name] != expected[name]).any()] == []
    assert (expected["resource"] != regions_of(small.plan, small.after, small.manifest)["resource"]).any()


STUCK = """
module colanet (input clock, input reset, input spike_valid, output spike_ready, input spike_last,
    input [1:0] spike_node, output fired_valid, input fired_ready, output fired_last, output [1:0] fired_neuron,
    output answer_valid, input answer_ready, output answer_none, output answer_class,
    input bus_valid, output bus_ready, input bus_write, input [27:0] bus_address, input [31:0] bus_write_data,
    output [31:0] bus_read_data);
    reg [7:0] t = 0;
    always @(posedge clock) t <= t + 1;
    assign spike_ready = 1, answer_valid = 0, bus_ready = 1;
    assign fired_valid = {valid}, fired_last = {last}, fired_neuron = 3;
endmodule
"""


@pytest.mark.parametrize(
    ("valid", "last", "said"),
    [
        ("1'bx", "1", "a port is undefined"),
        ("1", "t[0]", "the port fired changed while it waited"),
        ("t[0]", "1", "the port fired changed while it waited"),
    ],
)
def test_a_port_that_breaks_its_rules_is_noticed(valid, last, said, tmp_path):
    need("iverilog", "vvp")
    (tmp_path / "colanet.v").write_text(STUCK.format(valid=valid, last=last))
    manifest = {
        "format": "colanet-verilog/1", "node_bits": 2, "neuron_bits": 2, "class_bits": 1, "learn": False,
        "sources": ["colanet.v"], "memories": [], "regions": [], "registers": [], "inputs": [],
    }  # fmt: skip
    program = Program(manifest)
    program.silence(50)
    with pytest.raises(ColanetError, match=said):
        with_icarus(tmp_path, program, tmp_path / "out", seed=1)


# ------------------------------------------------------------------------ cocotb


@pytest.mark.slow
def test_cocotb_compares_every_step(tmp_path):
    session = Session(small_network(10), train=100, test=0, engine="numba")
    session.proceed(50 * PERIOD)
    core, vectors, state = tmp_path / "core", tmp_path / "vectors", session.state()
    options = {"images": 2, "first": 50, "learn": True}
    export("vectors", session.plan, state, vectors, options=options, step=session.step)
    # The core begins earlier than the vectors: it rests until then.
    export("verilog", session.plan, state, core, options={"learn": True, "lanes": 4}, step=session.step)
    done = run_bench(core, vectors, 7, tmp_path / "build")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    path = vectors / "L.potential.mem"
    lines = path.read_text().splitlines()
    for number in range(23, 60):
        lines[number] = f"{int(lines[number], 16) ^ 1:0{len(lines[number])}x}"
    path.write_text("\n".join(lines) + "\n")
    done = run_bench(core, vectors, 0, tmp_path / "build")
    assert done.returncode == 1
    assert "step 2: potential 3: " in done.stdout + done.stderr


# -------------------------------------------------- python -m experiments.verilog_mnist


@pytest.mark.slow
def test_a_core_learns_what_the_simulator_learns(tmp_path, monkeypatch):
    need("verilator", "make", "c++")
    words = ["--set", "population.L.size=10", "--lanes", "10", "--progress", "0", "--train", "400", "--test", "50"]
    words += ["--work", str(tmp_path), "--out", str(tmp_path / "figures.json")]
    done = CliRunner().invoke(verilog_mnist.main, words)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "equal"
    found = json.loads((tmp_path / "figures.json").read_text())
    assert (found["answers"], found["train"], found["test"], found["differs"]) == (450, 400, 50, [])
    assert found["digest"]["core"] == found["digest"]["simulator"]
    assert found["accuracy"]["core"] == found["accuracy"]["simulator"] > 0.1
    assert found["cycles_per_image"]["learning"] > found["cycles_per_image"]["test"] > 1000

    def another(plan, state):
        state = {key: array.copy() for key, array in state.items()}
        state["0/R->L/resource"][0] += plan.populations[0].rule.resource_grain
        return state

    def exported(session, folder, lanes):
        options = {"learn": True, "lanes": lanes}
        state = another(session.plan, session.state())
        export("verilog", session.plan, state, folder, overwrite=True, options=options)

    monkeypatch.setattr(verilog_mnist, "exported", exported)
    # Its memory files alone are others, and they are read when it runs.
    monkeypatch.setattr(verilog_mnist, "built", lambda core, out: out / "verilated" / "long")
    done = CliRunner().invoke(verilog_mnist.main, words)
    assert done.exit_code == 1
    assert "DIFFERENT: region resource: 1 of 7840 entries" in done.output.splitlines()
    assert "DIFFERENT: digest of the state" in done.output.splitlines()
