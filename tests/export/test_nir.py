"""The format `nir`: what the graph says, read back by the package nir, and executed by colanet's own few lines."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import colanet
from colanet.config.model import Network, NoiseInput, Population, Projection
from colanet.engine.base import InputSpikes
from colanet.engine.reference import ReferenceEngine
from colanet.errors import BackendUnavailable, ConfigError
from colanet.export import export
from colanet.export.execution import run
from colanet.plan import build
from colanet.plan.variables import initial_state
from colanet.session import Session

nir = pytest.importorskip("nir")

CONFIG = Path(__file__).parents[1] / "plan" / "published.nnc"
DT = 1e-4
SIZES = {"A": 3, "B": 4, "C": 2}


def small(**more):
    """Two inputs, columns with winner-take-all, gates, a way that is one step longer than the other."""
    return Network(
        inputs=(NoiseInput(name="R", size=2, noise=0.5), NoiseInput(name="S", size=1, noise=0.5)),
        populations=(
            Population(name="a-b", size=4, columns=2, winner_take_all=True, tau_m=5, w_min=-1.0, w_max=1.0,
                       threshold_weight_factor=0.5, noise_amplitude=0.5, bias=0.25, **more),
            Population(name="out", size=2, tau_m="INFINITY"),
            Population(name="T", size=2),
        ),
        projections=(
            Projection(source="R", target="a-b", kind="plastic", connection="all_to_all", initial_resource=6.0),
            Projection(source="S", target="out", weight=2.5, connection="all_to_all", delay=4),
            Projection(source="a-b", target="a-b", kind="gating", connection="within_columns", weight=-4),
            Projection(source="a-b", target="out", weight=10.0, connection="one_to_one", delay=2),
            Projection(source="T", target="out", weight=5.0, connection="one_to_one"),
            Projection(source="out", target="T", kind="gating", weight=3, connection="one_to_one"),
        ),
    )  # fmt: skip


def exported(network, folder, **options):
    plan = build(network, input_sizes={i.name: i.size for i in network.inputs}, seed=3)
    options = {"output": "out"} | options
    paths = export("nir", plan, initial_state(plan), folder, options=options)
    return plan, nir.read(paths[0]), json.loads(paths[-1].read_text(encoding="utf-8"))


def test_the_graph_of_a_small_network(tmp_path):
    _, graph, told = exported(small(), tmp_path / "out")
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    assert kinds == {
        "input": "Input", "output": "Output", "a_b": "CubaLIF", "out": "CubaLIF",
        "input_to_a_b": "Affine", "a_b_to_out": "Linear", "input_later_1": "Delay", "input_to_out": "Linear",
    }  # fmt: skip
    assert set(map(tuple, graph.edges)) == {
        ("input", "input_to_a_b"), ("input_to_a_b", "a_b"), ("a_b", "a_b_to_out"), ("a_b_to_out", "out"),
        ("input", "input_later_1"), ("input_later_1", "input_to_out"), ("input_to_out", "out"), ("out", "output"),
    }  # fmt: skip
    # W = 6 between -1 and 1: w = -1 + 2 * 6 / (2 + 6) = 0.5, twice: threshold 8.531 + 0.5 * 1.0 = 9.031, and a half
    # of 1/1000; the kick is 0 .. 0.499, the bias 0.25.
    np.testing.assert_allclose(graph.nodes["input_to_a_b"].weight, [[500 / 9031.5, 500 / 9031.5, 0]] * 4, rtol=1e-6)
    np.testing.assert_allclose(graph.nodes["input_to_a_b"].bias, [(250 + 249.5) / 9031.5] * 4, rtol=1e-3)
    np.testing.assert_allclose(graph.nodes["input_to_out"].weight, [[0, 0, 2500 / 8531.5]] * 2, rtol=1e-6)
    np.testing.assert_allclose(graph.nodes["input_later_1"].delay, [DT] * 3)
    lif = graph.nodes["a_b"]
    # tau_m = 5: u := u * (1024 - 1024 div 5) / 1024 = u * 820 / 1024.
    np.testing.assert_allclose(1 - DT / lif.tau_mem, [820 / 1024] * 4)
    np.testing.assert_allclose(lif.r * DT / lif.tau_mem, 1)
    np.testing.assert_allclose(lif.tau_syn, DT)
    assert [lif.v_threshold.tolist(), lif.v_reset.tolist(), lif.v_leak.tolist()] == [[1] * 4, [0] * 4, [0] * 4]
    assert graph.nodes["out"].tau_mem[0] > 1e8 * DT
    left = {(o["what"], o["where"]) for o in told["left_out"]}
    assert left >= {("gate", "a-b->a-b"), ("winner-take-all", "a-b"), ("random kick", "a-b"), ("learning", "a-b"),
                    ("population", "T"), ("projection", "T->out")}  # fmt: skip
    assert told["inputs"] == [{"name": "R", "size": 2}, {"name": "S", "size": 1}]
    assert json.loads(graph.metadata["colanet"]["manifest"])["left_out"] == told["left_out"]


def test_late_inhibition_joins_the_mates_of_a_column(tmp_path):
    _, graph, told = exported(small(), tmp_path / "out", recurrent="late", inhibition=7)
    weight = graph.nodes["a_b_to_a_b"].weight
    assert weight.tolist() == [[0, -7, 0, 0], [-7, 0, 0, 0], [0, 0, 0, -7], [0, 0, -7, 0]]
    assert ("a_b", "a_b_to_a_b") in graph.edges
    instead = {(o["what"], o["where"]): o["instead"] for o in told["left_out"]}
    assert instead["gate", "a-b->a-b"] == instead["winner-take-all", "a-b"]
    assert instead["gate", "a-b->a-b"].startswith("inhibition that arrives one step after")


def test_late_inhibition_without_a_gate_follows_winner_take_all(tmp_path):
    network = small()
    rest = tuple(p for p in network.projections if p.kind != "gating")
    _, graph, _ = exported(network.model_copy(update={"projections": rest}), tmp_path / "out", recurrent="late")
    assert (graph.nodes["a_b_to_a_b"].weight < 0).sum() == 4


def test_the_same_state_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        exported(small(), tmp_path / name)
    one, two = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


# ------------------------------------------------------------------- execution


@st.composite
def exact(draw):
    """Networks that NIR holds to the bit: no or whole leak, no kick, no gate; any delays and loops."""
    leak = st.sampled_from([1, "INFINITY"])
    populations = [{"name": name, "size": size, "tau_m": draw(leak)} for name, size in SIZES.items()]
    links = [{"source": "R", "target": "A", "kind": "plastic", "connection": "all_to_all", "initial_resource": 5.0}]
    links += [
        {
            "source": draw(st.sampled_from(["R", *SIZES])),
            "target": draw(st.sampled_from(list(SIZES))),
            **draw(st.sampled_from([{"connection": "all_to_all"}, {"connection": "random", "probability": 0.7}])),
            "weight": draw(st.sampled_from([-9.0, -2.5, 1.25, 4.0, 9.0])),
            "delay": draw(st.sampled_from([1, 1, 2, 5, {"uniform": (1, 4)}])),
        }
        for _ in range(draw(st.integers(2, 6)))
    ]
    populations[0] |= {"w_min": -1.0, "w_max": 6.0, "tau_m": 1}  # one that learns has a leak
    inputs = [{"name": "R", "kind": "noise", "size": 6}]
    return Network.model_validate({"inputs": inputs, "populations": populations, "projections": links})


@settings(max_examples=60, deadline=None)
@given(exact(), st.sampled_from(list(SIZES)), st.integers(0, 2**16))
def test_the_graph_is_the_network_where_nothing_is_left_out(tmp_path_factory, network, output, seed):
    steps, folder = 40, tmp_path_factory.mktemp("nir")
    try:
        plan, graph, told = exported(network, folder, output=output)
    except ConfigError as error:
        assert "leads from the data to population" in str(error)
        assume(False)
    spikes = np.random.default_rng(seed).random((steps, 6)) < 0.3
    early = next(p["early"]["value"] for p in told["populations"] if p["name"] == output)
    ptr = np.concatenate([np.zeros(plan.history), np.cumsum([0, *spikes.sum(axis=1)]), [spikes.sum()] * early])
    node = np.nonzero(spikes)[1].astype(np.int32)
    inputs = InputSpikes(-plan.history, steps + early, (ptr.astype(np.int64),), (node,))
    engine, population = ReferenceEngine(plan), plan.population(output)
    found = engine.run(inputs, 0, steps + early, freeze=0, record=[population.index]).records[0]
    expected = np.bincount(found[:, 1] - population.start, minlength=population.size)
    assert run(graph, spikes[None], DT)[0].tolist() == expected.tolist()


# --------------------------------------------------------------------- figures


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("trained") / "s.h5"
    session = Session(_network(), train=300, test=0, seed=1)
    session.run()
    session.save(path)
    return path


def _network():
    return colanet.load(CONFIG).model_copy(update={"copies": 2})


def test_figures_of_images(call, trained, tmp_path):
    words = ["export", trained, "--format", "nir", "--out", tmp_path / "out"]
    status, out, err = call(*words, "--option", "images=40", "--option", "copy=1")
    assert (status, err) == (0, "")
    assert out.split() == [str(tmp_path / "out" / name) for name in ("network.nir", "images.npz", "manifest.json")]
    told = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))["evaluation"]
    with np.load(tmp_path / "out" / "images.npz") as file:
        arrays = dict(file)
    period = _network().inputs[0].period
    assert (arrays["spikes"].dtype, arrays["spikes"].shape) == (bool, (40, period, 784))
    # What colanet answers is what a session answers that shows the same images; its votes are those of both copies.
    session = Session(_network(), train=0, test=40, seed=1)
    session.load(trained)
    session.run()
    assert session.labels().tolist() == arrays["labels"].tolist()
    both = arrays["votes"] + _votes_of_copy(call, trained, tmp_path, 0)
    assert session.tally.votes.tolist() == both.tolist()
    assert both.sum() > 20
    assert told == {
        "images": 40,
        "steps": period,
        "accuracy_of_colanet": (arrays["answers"] == arrays["labels"]).mean(),
        "accuracy_of_this_file": (arrays["exported_answers"] == arrays["labels"]).mean(),
        "equal_answers": (arrays["answers"] == arrays["exported_answers"]).mean(),
        "no_answer_of_colanet": (arrays["votes"].sum(axis=1) == 0).sum(),
        "no_answer_of_this_file": (arrays["exported_votes"].sum(axis=1) == 0).sum(),
    }
    graph = nir.read(tmp_path / "out" / "network.nir")
    assert run(graph, arrays["spikes"], DT).tolist() == arrays["exported_votes"].tolist()


def _votes_of_copy(call, trained, tmp_path, copy):
    out = tmp_path / f"copy{copy}"
    words = ["export", trained, "--format", "nir", "--out", out, "--option", "images=40"]
    assert call(*words, "--option", f"copy={copy}")[0] == 0
    return np.load(out / "images.npz")["votes"]


# -------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"copy": 1}, "option copy: there is no copy 1, expected 0..0"),
        ({"copy": -1}, "option copy: there is no copy -1, expected 0..0"),
        ({"recurrent": "early"}, "option recurrent: expected none or late, not early"),
        ({"inhibition": 0}, "option inhibition: expected 1 or more thresholds, not 0"),
        ({"dt": "0"}, "option dt: expected seconds a step, for example 0.0001, not 0"),
        ({"dt": "fast"}, "option dt: expected seconds a step, for example 0.0001, not fast"),
        ({"output": None}, "the network has no readout: name the population that answers, --option output=NAME"),
        ({"output": "L"}, "option output: there is no population L; there are a-b, out, T"),
        ({"output": "T"}, "no plastic or fixed projection leads from the data to population T"),
        ({"images": 3}, "option images: the network has no labels (no input of kind object_target)"),
        ({"images": -3}, "option images: expected 0 or more, not -3"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, options, said):
    with pytest.raises(ConfigError) as error:
        exported(small(), tmp_path / "out", **options)
    assert str(error.value) == said
    assert not (tmp_path / "out").exists()


def test_without_the_package_the_command_that_installs_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(BackendUnavailable, match=r'^nir is not installed: pip install "colanet\[nir\]"$'):
        exported(small(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_matrix_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("colanet.export.nir.LARGEST", 11)
    with pytest.raises(ConfigError, match=r"^projection R->a-b: 3 x 4 weights, NIR holds at most 11$"):
        exported(small(), tmp_path / "out")
