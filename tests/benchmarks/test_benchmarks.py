"""`python -m experiments.benchmarks`: every part with tiny sizes; what must agree does."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from colanet import load
from colanet.datasets import idx
from colanet.errors import ColanetError, ConfigError, DataError
from colanet.plan import build
from experiments.benchmarks import microcontroller, recurrent, scale, speed, tables, timing, trials
from experiments.benchmarks.__main__ import main

ROOT = Path(__file__).parents[2]
RECURRENT = ROOT / "configs" / "recurrent.yaml"


@pytest.fixture
def measured(tmp_path, capsys):
    """Runs a part; what it has stored. It must have printed its tables too."""

    def run(name, *words):
        arguments = [name, *words, "--results", str(tmp_path)]
        main.main([str(word) for word in arguments], standalone_mode=False)
        found = json.loads((tmp_path / f"{name}.json").read_text())
        assert capsys.readouterr().out == tables.report(name, found) + "\n"
        assert found["versions"]["processor"]
        return found

    return run


# ------------------------------------------------------------------------ parts


@pytest.mark.slow
def test_colanet_alone_on_the_recurrent_network(measured):
    found = measured("recurrent", "--no-peers", "--steps", 200, "--rounds", 1)
    (row,) = found["rows"]
    assert row["step_microseconds"] >= row["lowest_microseconds"] > 0
    assert row["compile_seconds"] > 0 < row["setup_seconds"]
    assert row["agreement"]["spikes"] == row["agreement"]["in_both"] > 0
    assert row["agreement"]["first_difference"] is None


@pytest.mark.slow
@pytest.mark.parametrize("simulator", recurrent.PEERS)
def test_another_simulator_gives_the_same_spikes(simulator, monkeypatch):
    script, modules, told = recurrent.PEERS[simulator]
    if lacking := [module for module in modules if not find_spec(module)]:
        pytest.skip(f"{', '.join(lacking)}: not installed, extra peers")
    monkeypatch.setattr(recurrent, "PEERS", {simulator: (script, modules, told)})
    found = recurrent.measure(RECURRENT, steps=300, rounds=1)
    for row in found["rows"]:
        assert row["agreement"]["first_difference"] is None
        assert row["agreement"]["spikes"] > 1000
    assert [row["simulator"] for row in found["rows"]] == [recurrent.COLANET, simulator]


@pytest.mark.slow
def test_a_fixed_and_a_plastic_projection_fire_alike(measured):
    fixed, plastic = measured("dense", "--neurons", 10, "--images", 20, "--rounds", 1)["rows"]
    assert (fixed["projection"], plastic["projection"]) == ("fixed", "plastic")
    assert fixed["spikes"] == plastic["spikes"] > 0
    assert fixed["events"] == plastic["events"] > 0
    assert fixed["image_microseconds"] > 0 < plastic["image_microseconds"]


@pytest.mark.slow
def test_a_run_with_a_page_that_is_open_is_measured(measured):
    for library in ("starlette", "uvicorn", "plotly"):
        pytest.importorskip(library)
    found = measured("watch", "--copies", 1, "--train", 1500, "--test", 10, "--rounds", 1)
    assert [row["page"] for row in found["rows"]] == ["none", "closed", "open"]
    assert [row["snapshots"] for row in found["rows"][:2]] == [0, 0]
    assert all(row["cpu_seconds"] > 0 < row["wall_seconds"] for row in found["rows"])


SMALL = {
    "microcolumns": (15, 150), "inputs": (784, 7840), "copies": (1, 8), "images": (50, 100),
    "synapses": (10**5, 10**6),
}  # fmt: skip


@pytest.mark.slow
def test_time_and_memory_of_networks_grow_with_them(measured):
    sizes = [word for name, points in SMALL.items() for point in points for word in (f"--{name}", point)]
    found = measured("scale", *sizes, "--seconds", 0.01)
    curves = found["curves"]
    for name in ("microcolumns", "inputs"):
        small, large = curves[name]
        assert large["plastic"] == 10 * small["plastic"] == 10 * 784 * 150
        # At least resources (4 bytes), marks of contribution (1) and weights (2).
        assert large["bytes"] > 7 * large["plastic"]
        assert large["bytes"] > 2 * small["bytes"] > 0
        assert large["training_microseconds"] > small["training_microseconds"] > 0
    assert [row["images"] for row in curves["images"]] == [row["train"] + row["test"] for row in curves["images"]]
    for rows in curves.values():
        # The estimate is of the network; beside it are the images, the labels and what Python makes.
        assert all(row["bytes"] < row["estimate"] + 2 * row["inputs"] * 60 + (8 << 20) for row in rows)
    fitted = {(row["against"], row["quantity"]): row["all"] for row in found["exponents"]}
    assert len(fitted) == 4 * len(SMALL)
    assert fitted["inputs", "bytes"] > 0.5
    assert {row["against"] for row in found["parts"]} == SMALL.keys() - {"images"}


def test_the_synapses_of_a_point_are_at_least_those_asked_for():
    for point in (1, 10**6, 5 * 10**8):
        shape = scale.shape_of("synapses", point, 1.0)
        plastic = scale.COLUMNS * shape["microcolumns"] * shape["inputs"]
        assert point <= plastic < point + scale.COLUMNS * shape["microcolumns"]


def test_fits_over_all_points_and_over_the_upper_half():
    rows = [{"inputs": x} | dict.fromkeys(scale.FITTED, y) for x, y in ((1, 1), (10, 1), (100, 10), (1000, 100))]
    one, *others = scale.fits("inputs", rows)
    assert one["upper"] == pytest.approx(1)
    assert (one["from"], one["all"]) == (100, pytest.approx(0.7))
    assert [row["quantity"] for row in (one, *others)] == list(scale.FITTED)


def test_drawn_images_are_of_one_kind_at_every_size(tmp_path):
    for n in (1, 30):
        folder = tmp_path / str(n)
        folder.mkdir()
        scale.write_images(folder, 50 * n, 40)
        pictures = idx.read_idx(folder / "images.idx", idx.IMAGES).reshape(40, -1)
        labels = np.loadtxt(folder / "labels.txt", dtype=int)
        assert set(labels) <= set(range(10))
        assert pictures.shape == (40, 50 * n)
        for label in set(labels):
            assert len(np.unique(pictures[labels == label] > 0, axis=0)) == 1
    assert 0.15 < (pictures > 0).mean() < 0.25


@pytest.mark.slow
def test_trials_have_unit_costs_and_make_a_plan(measured):
    pytest.importorskip("optuna")
    found = measured("trials", "--train", 40, "--validation", 10, "--generations", 1, 2, "--after", 16)
    assert found["unit"]["trials"] == trials.GENERATION
    assert all(found["unit"][f"{name}_seconds"] > 0 for name in ("cpu", "wall", "start", "report"))
    assert found["unit"]["disk_bytes"] > 100
    assert {row["sampler"] for row in found["asked"]} == set(trials.SAMPLERS)
    assert [row["workers"] for row in found["plan"]] == list(trials.WORKERS)


def test_a_plan_by_hand():
    unit = {"cpu_seconds": 3.6, "start_seconds": 36.0, "memory_bytes": 7, "disk_bytes": 5}
    # Ten generations: before them lie 0, 1000, ..., 9000 trials, a millisecond each.
    (row,) = trials.plan(unit, 0.001, networks=10_000, workers=[10])
    assert row.pop("evaluating_hours") == pytest.approx(1.01)
    assert row.pop("asking_hours") == pytest.approx(45 / 3600)
    assert row.pop("core_hours") == pytest.approx(10.1125)
    assert row == {"workers": 10, "generation": 1000, "memory_bytes": 70, "disk_bytes": 50_000}
    (one,) = trials.plan(unit, 0.001, networks=10_000, workers=[1000])
    assert (one["generation"], one["asking_hours"]) == (10_000, 0)
    slow = {"sampler": "random", "trials": 400, "ask_seconds": 0.5}
    assert trials.growth_of([{"sampler": "tpe", "trials": 900}, slow, slow | {"trials": 4}]) == 0.01


@pytest.mark.slow
def test_a_checkout_beside_itself(measured, monkeypatch):
    monkeypatch.setattr(speed, "IMAGES", speed.IMAGES[:1])
    sizes = ("--train", 5, "--test", 5, "--steps", 20, "--copies", 1, "--rounds", 1, "--compilations", 0)
    rows = measured("speed", ROOT, *sizes)["rows"]
    assert [row["what"] for row in rows] == [
        *(f"{name}, {part}" for name in speed.IMAGES for part in ("training", "test")), "recurrent.yaml",
    ]  # fmt: skip
    for row in rows:
        assert row["ratio"] == pytest.approx(row["base"] / row["this"])


def test_the_other_checkout_must_be_one(tmp_path):
    with pytest.raises(ConfigError, match="no checkout of colanet"):
        speed.measure(tmp_path, 1, 1, 1, 10, 1, 0, None)


# ------------------------------------------------------------------ the same work


def test_the_work_has_the_synapses_of_the_plan_and_the_spikes_of_the_input(tmp_path):
    path = tmp_path / "work.npz"
    arrivals = recurrent.write_work(path, RECURRENT, steps=50)
    work, plan = np.load(path), build(load(RECURRENT), input_sizes={"R": 1000})
    for p in plan.projections:
        synapses = plan.synapses(p.index)
        for word in ("pre", "post", "delay"):
            assert np.array_equal(work[f"{word}{p.index}"], getattr(synapses, word))
    assert len(work["ptr0"]) == 51
    assert work["ptr0"][-1] == len(work["index0"])
    # Every input spike goes over two projections that each connect with probability 0.03.
    assert arrivals == pytest.approx(0.48 * 1000 * 0.03 * 1000, rel=0.05)


def test_what_other_simulators_would_not_compute_is_refused(tmp_path):
    network = load(RECURRENT)
    kicked = network.populations[0].model_copy(update={"noise_amplitude": 1.0})
    changed = network.model_copy(update={"populations": (kicked, network.populations[1])})
    plan = build(changed, input_sizes={"R": 1000})
    with pytest.raises(ConfigError, match="population E"):
        recurrent.check(plan)
    with pytest.raises(ConfigError, match="population L"):
        recurrent.check(build(load(ROOT / "configs" / "mnist.yaml"), input_sizes={"R": 784}))


def test_a_missing_simulator_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recurrent, "find_spec", lambda module: None)
    jobs, missing = recurrent._jobs(tmp_path, peers=True, warm=1)
    assert list(jobs) == [recurrent.COLANET]
    assert len(missing) == len(recurrent.PEERS)
    assert all('pip install "colanet[peers]"' in line for line in missing)
    assert capsys.readouterr().err.splitlines() == missing
    assert recurrent.packages() == []


def test_agreement_counts_spikes_and_finds_the_first_that_differs():
    ours = np.array([[0, 1], [3, 2], [5, 1]])
    theirs = np.array([[0, 1], [4, 2], [5, 1], [6, 0]])
    assert recurrent.agreement(ours, theirs) == {"spikes": 4, "in_both": 2, "first_difference": 3}
    assert recurrent.agreement(ours, ours) == {"spikes": 3, "in_both": 3, "first_difference": None}


# ----------------------------------------------------------------------- timing


def test_jobs_take_turns_and_the_order_turns_round():
    order = []
    jobs = {name: lambda name=name: order.append(name) or {"x": len(order)} for name in "ab"}
    found = timing.in_turns(jobs, 3)
    assert "".join(order) == "abbaab"
    assert timing.middle(found["a"], "x") == 4
    assert timing.lowest(found["a"], "x") == 1


def test_exponents():
    assert timing.exponent([1, 10, 100], [3, 300, 30000]) == pytest.approx(2)


def test_a_job_that_fails_is_told_with_its_last_line():
    with pytest.raises(ColanetError, match="exit status 1: KeyError: 'nothing of that name'"):
        timing.job("colanet_job", {"do": "nothing of that name"})


# ----------------------------------------------------------------------- tables


@pytest.mark.parametrize("name", tables.TABLES)
def test_a_stored_result_makes_its_tables(name):
    found = json.loads((timing.RESULTS / f"{name}.json").read_text())
    made = [make(found) for _, make in tables.TABLES[name]]
    assert all(len(text.splitlines()) >= 3 for text in made)
    assert [tables.stored()[f"benchmarks.{name}{end}"]() for end, _ in tables.TABLES[name]] == made


def test_a_result_that_is_not_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    with pytest.raises(DataError, match=r"speed\.json"):
        tables.stored()["benchmarks.speed"]()


@pytest.mark.slow
def test_networks_in_c_are_measured(measured, monkeypatch):
    if absent := microcontroller.missing():
        pytest.skip(f"{', '.join(absent)}: not installed")
    monkeypatch.setattr(microcontroller, "NETWORKS", ("mnist_chip",))
    found = measured("microcontroller", "--train", 40, "--images", 1)
    assert [row["network"] for row in found["rows"]] == ["mnist_chip"] * 4
    for row in found["rows"]:
        assert row["instructions"] > 1000
        assert 100_000 < row["flash"] < 1_000_000
        assert (row["state"] > 100_000) == row["learn"]
