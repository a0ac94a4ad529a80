"""`colanet search` on real networks, tiny ones: the same result however it is run, and what it refuses."""

import csv
import sys

import pytest
import yaml

pytest.importorskip("optuna")
pytest.importorskip("colanet.continual.runner")

from colanet import config, datasets
from colanet.cli import main
from colanet.config.overrides import current
from colanet.engine.cuda import shim
from colanet.errors import BackendUnavailable
from colanet.search import evaluate, run
from tests.engine import fake_cupy
from tests.search import toys

EXPERIMENT = f"""
name: permuted
network: {toys.ROOT / "configs" / "mnist.yaml"}
copies: 2
tasks:
  - {{dataset: mnist, repeat: 2, permutation: 1000, train: 150}}
variants:
  - {{name: weak, set: {{population.L.threshold_weight_factor: 0.05}}}}
"""
STUDY = """
name: tiny
experiment: experiment.yaml
variant: weak
permutation: 5000
change: {copies: 1, validation: 50}
seeds: [3, 4]
sampler: {kind: tpe, startup: 2}
generation: 2
generations: 2
parameters:
  population.L.hebbian_rate: {low: -0.3, high: -0.02}
  population.L.w_max: {low: 0.05, high: 0.5}
zero_initial_weight: [R->L]
objective: {ACC: 1.0, FM: -0.2}
start: [shipped]
"""


@pytest.fixture
def call(tmp_path, capfd, monkeypatch):
    """Runs `colanet search` on STUDY, altered: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)

    def run(*arguments, change=("", "")):
        assert change[0] in STUDY
        (tmp_path / "study.yaml").write_text(STUDY.replace(*change, 1))
        capfd.readouterr()
        status = 0
        try:
            main(["search", "study.yaml", *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        output = capfd.readouterr()
        return status, output.out, output.err

    return run


def table(path):
    """trials.csv without the wall times."""
    return [{**row, "seconds": ""} for row in csv.DictReader(path.read_text().splitlines())]


@pytest.mark.slow
def test_the_same_however_it_is_run(call, tmp_path):
    assert call("--out", "one", "--quiet", "--best", "best.yaml")[::2] == (0, "")
    assert call("--out", "two", "--quiet", "--workers", "2")[0] == 0
    assert call("--out", "three", "--quiet", "--generations", "1")[0] == 0
    assert call("--out", "three", "--quiet", "--resume")[0] == 0
    wanted = table(tmp_path / "one" / "trials.csv")
    assert len(wanted) == 4
    assert {row["state"] for row in wanted} == {"complete"}
    assert len({row["value"] for row in wanted}) > 1
    for other in ("two", "three"):
        assert table(tmp_path / other / "trials.csv") == wanted
        assert (tmp_path / other / "best.yaml").read_bytes() == (tmp_path / "one" / "best.yaml").read_bytes()
    check_best(tmp_path)


def check_best(folder):
    """The written network is the experiment's with the best values; the first trial was the shipped one."""
    found = yaml.safe_load((folder / "one" / "best.yaml").read_text())
    assert found["provenance"]["data"] == {"mnist": datasets.load("mnist").digest}
    network = config.load(folder / "best.yaml")
    for path, value in found["set"].items():
        assert current(network, path) == pytest.approx(value)
    assert current(network, "population.L.threshold_weight_factor") == 0.05
    assert network.copies == 15
    first = table(folder / "one" / "trials.csv")[0]
    assert float(first["population.L.hebbian_rate"]) == -0.185869


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((", validation: 50", ""), "study.yaml: change.validation: a search must not look at test images"),
        (("permutation: 5000", "permutation: 1001"), "study.yaml: permutation: a search must not look at the perm"),
        (("permutation: 5000\n", ""), "study.yaml: permutation: a search must not look at the permutations"),
        (("variant: weak", "variant: strong"), "study.yaml: variant: there is no variant strong in"),
        (("copies: 1", "copy: 1"), "copy"),
        (("L.w_max", "L.w_top"), "parameters.population.L.w_top: there is no field w_top"),
        (("[R->L]", "[R->M]"), "zero_initial_weight: "),
        (("experiment.yaml", "none.yaml"), "none.yaml"),
    ],
)  # fmt: skip
def test_refusals(call, tmp_path, change, message):
    status, out, err = call("--out", "out", change=change)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_options_that_exclude_each_other(call):
    assert "give one of them" in call("--dask", "tcp://localhost:1", "--workers", "2")[2]
    assert "a configuration ends in" in call("--best", "best.txt")[2]
    assert "no folder that can be written to" in call("--best", "nowhere/best.yaml")[2]


def test_a_second_search_in_the_same_folder(call):
    assert call("--out", "out", "--generations", "1", "--quiet")[0] == 0
    status, _, err = call("--out", "out")
    assert status == 2
    assert "--resume continues it" in err
    status, _, err = call("--out", "out", "--resume", change=("copies: 1", "copies: 2"))
    assert status == 2
    assert "differs in experiment" in err


def test_a_search_of_other_permutations_is_not_continued(call, monkeypatch):
    """A journal from before permutations were drawn by the hash says nothing of how they were drawn."""
    original = run.identity
    monkeypatch.setattr(run, "identity", lambda *given: {k: v for k, v in original(*given).items() if k != "draws"})
    assert call("--out", "out", "--generations", "1", "--quiet")[0] == 0
    monkeypatch.setattr(run, "identity", original)
    status, out, err = call("--out", "out", "--resume")
    assert (status, out) == (2, "")
    assert "was begun with permutations that are drawn otherwise now; start anew in another folder" in err


def test_settings_that_overflow_are_failed_trials(call, tmp_path):
    """Weights beyond 32.767 are no 16-bit numbers."""
    started = "start: [{population.L.w_max: 40.0}]"
    changed = STUDY.replace("{low: 0.05, high: 0.5}", "{choices: [0.1, 40.0]}").replace("start: [shipped]", started)
    status, _, err = call("--out", "out", "--quiet", change=(STUDY, changed))
    assert (status, err) == (0, "")
    failed = table(tmp_path / "out" / "trials.csv")[0]
    assert failed["state"] == "fail"
    assert "w_max" in failed["problem"]


# ------------------------------------------------------------------ on a GPU

SMALL = """
name: small
experiment:
  network: {network}
  copies: 1
  set: {{population.L.size: 20}}
  tasks: [{{dataset: mnist, repeat: 2, permutation: 5000, train: 16}}]
  validation: 4
seeds: [3, 4]
sampler: {{kind: random}}
generation: 5
generations: 2
parameters:
  population.L.hebbian_rate: {{low: -0.3, high: -0.02}}
  population.L.w_max: {{low: 0.05, high: 9000, log: true}}
objective: ACC
"""


@pytest.fixture
def gpu(monkeypatch):
    """A machine with one GPU, so it seems."""
    try:
        shim.compiler()
    except BackendUnavailable as error:
        pytest.skip(str(error))
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.make())


@pytest.fixture
def small(monkeypatch):
    text = SMALL.format(network=toys.ROOT / "configs" / "mnist.yaml")
    monkeypatch.setitem(globals(), "STUDY", text)


@pytest.mark.slow
def test_a_generation_on_a_gpu_is_one_launch_with_the_same_trials(call, small, gpu, tmp_path, monkeypatch):
    launches = []
    original = evaluate.run_together

    def spy(orders, *rest, **options):
        launches.append([(order.experiment.set["population.L.hebbian_rate"], order.seed) for order in orders])
        return original(orders, *rest, **options)

    monkeypatch.setattr(evaluate, "run_together", spy)
    assert call("--out", "one", "--quiet", "--engine", "numba")[::2] == (0, "")
    assert launches == []
    assert call("--out", "all", "--quiet", "--engine", "cupy")[::2] == (0, "")
    wanted = table(tmp_path / "one" / "trials.csv")
    assert table(tmp_path / "all" / "trials.csv") == wanted
    assert {row["state"] for row in wanted} == {"complete", "fail"}
    assert (tmp_path / "all" / "best.yaml").read_bytes() == (tmp_path / "one" / "best.yaml").read_bytes()
    assert len(launches) == 2
    assert all(len(set(runs)) == len(runs) for runs in launches)
    assert sum(map(len, launches)) == 2 * len(wanted)
    # What one engine has begun, another ends.
    assert call("--out", "two", "--quiet", "--engine", "cupy", "--generations", "1")[0] == 0
    assert call("--out", "two", "--quiet", "--engine", "numba", "--resume")[0] == 0
    assert table(tmp_path / "two" / "trials.csv") == wanted


def test_auto_takes_a_gpu_for_a_generation(call, small, gpu, tmp_path, monkeypatch):
    launches = []
    monkeypatch.setattr("os.cpu_count", lambda: 2)  # 10 networks; a GPU pays from 8 on
    original = evaluate.run_together
    monkeypatch.setattr(evaluate, "run_together", lambda *a, **k: launches.append(1) or original(*a, **k))
    assert call("--out", "out", "--quiet", "--generations", "1")[0] == 0
    assert launches == [1]
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert call("--out", "few", "--quiet", "--generations", "1")[0] == 0
    assert launches == [1]


def test_workers_and_a_launch_exclude_each_other(call, small):
    status, _, err = call("--workers", "2", "--engine", "cupy")
    assert status == 2
    assert "--engine cupy: a generation is one launch, expected neither --workers nor --dask" in err
    assert "unknown engine" in call("--engine", "none")[2]


def test_a_gpu_that_is_not_there_is_one_line(call, small, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    status, _, err = call("--engine", "cupy", "--out", "out")
    assert status == 2
    assert "the cupy engine needs cupy" in err
