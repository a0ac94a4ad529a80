"""`colanet continual`: what it writes, what it refuses, and a real kill."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from colanet.cli import main
from colanet.continual import running
from colanet.storage import read_h5
from tests.continual import tiny

NET = tiny.ROOT / "tests" / "plan" / "published.nnc"
EXPERIMENT = {
    "name": "small",
    "network": "net.nnc",
    "set": {"population.L.size": 20},
    "copies": 1,
    "seeds": [0, 1],
    "tasks": [{"dataset": "mnist", "repeat": 2, "permutation": 5, "train": 30, "test": 10}],
}
VARIANTS = [{"name": "one"}, {"name": "two", "set": {"population.L.size": 30}, "forward": True}]


@pytest.fixture
def call(tmp_path, capfd, monkeypatch):
    """Runs `colanet continual e.yaml` in a folder of its own: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.nnc").write_bytes(NET.read_bytes())

    def run(*arguments, text=None, **change):
        fields = {name: value for name, value in (EXPERIMENT | change).items() if value is not None}
        (tmp_path / "e.yaml").write_text(text or yaml.safe_dump(fields))
        capfd.readouterr()
        status = 0
        try:
            main(["continual", "e.yaml", *arguments])
        except SystemExit as end:
            status = int(end.code or 0)
        output = capfd.readouterr()
        return status, output.out, output.err

    return run


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_all_variants_and_seeds(call, tmp_path):
    status, out, err = call(variants=VARIANTS)
    assert status == 0, err
    assert [line.partition(":")[0] for line in out.splitlines()] == ["one", "two"]
    results = tmp_path / "results" / "small"
    runs = [f"{v}_seed{s}.h5" for v in ("one", "two") for s in (0, 1)]
    assert files(results) == sorted([*runs, "small.csv", "small.json", "small.md"])
    rows = list(csv.DictReader((results / "small.csv").open()))
    assert len(rows) == 2 * 3 + 2 * 4
    found = json.loads((results / "small.json").read_text())
    sizes = [v["configuration"]["populations"][0]["size"] for v in found["variants"]]
    assert sizes == [20, 30]
    assert found["command"] == "colanet continual e.yaml"
    for name in ("small.csv", "small.json", "small.md"):
        assert str(tmp_path) not in (results / name).read_text()


def test_quiet_prints_only_the_result(call):
    status, out, err = call("--quiet", "--seeds", "4")
    assert status == 0
    assert err == ""
    assert out.startswith("small: ACC ")
    assert out.count("\n") == 1


def test_comparison_methods_tell_what_they_went_by(call, tmp_path):
    torch = pytest.importorskip("torch")
    methods = ("backprop", "backprop-dropout", "backprop-self-reminder", "backprop-reservoir", "backprop-ewc")
    variants = [{"name": method, "method": method} for method in methods]
    variants[0]["options"] = {"lr": 0.25, "hidden": 7}
    status, _, err = call("--seeds", "3", variants=variants)
    assert status == 0, err
    results = tmp_path / "results" / "small"
    found = json.loads((results / "small.json").read_text())
    plain, dropout, reminder, reservoir, ewc = (variant["configuration"] for variant in found["variants"])
    assert plain == {"method": "backprop", "layers": [784, 7, 10], "optimizer": "sgd", "lr": 0.25, "batch": 10}
    common = {"layers": [784, 512, 10], "optimizer": "sgd", "lr": 0.1, "batch": 10}
    assert dropout == {"method": "backprop-dropout", **common, "dropout": 0.5}
    assert reminder == {"method": "backprop-self-reminder", **common, "reminder": 0.1}
    assert reservoir == {"method": "backprop-reservoir", **common, "memory": 6000, "replay": 10}
    assert ewc == {"method": "backprop-ewc", **common, "strength": 30.0, "decay": 1.0, "fisher_images": 1000}
    assert found["versions"]["torch"] == torch.__version__
    assert f"PyTorch {torch.__version__}" in (results / "small.md").read_text()
    attributes = read_h5(results / "backprop_seed3.h5")[1]
    assert json.loads(attributes["versions"])["torch"] == torch.__version__
    assert json.loads(attributes["configuration"]) == plain
    assert call("--seeds", "3", "--resume", variants=variants)[0] == 0


def test_the_largest_seed_is_kept(call, tmp_path):
    largest = 2**63 - 1
    assert call("--quiet", "--train", "5", "--test", "4", seeds=[largest])[0] == 0
    results = tmp_path / "results" / "small"
    assert read_h5(results / f"small_seed{largest}.h5")[1]["seed"] == largest
    assert json.loads((results / "small.json").read_text())["variants"][0]["seeds"] == [largest]


def test_the_longest_names_can_be_written(call, tmp_path):
    change = {"name": "n" * 100, "variants": [{"name": "v" * 100}], "seeds": [2**63 - 1]}
    status, _, err = call("--quiet", "--train", "5", "--test", "4", "--checkpoint", "2", **change)
    assert status == 0, err
    assert len(files(tmp_path / "results" / ("n" * 100))) == 4


def test_options_cut_and_override(call, tmp_path):
    status, _, err = call(
        "--quiet", "--seeds", "7", "--copies", "2", "--train", "5", "--test", "4", "--tasks", "1",
        "--set", "population.L.size=40", "--variant", "two", "--out", "out", variants=VARIANTS,
    )  # fmt: skip
    assert status == 0, err
    assert files(tmp_path / "out") == ["small.csv", "small.json", "small.md", "two_seed7.h5"]
    arrays, attributes = read_h5(tmp_path / "out" / "two_seed7.h5")
    assert arrays["matrix"].shape == (1, 1)
    assert arrays["boundaries"].tolist() == [5]
    assert arrays["fields"].shape == (1, 784, 40)
    assert attributes["seed"] == 7
    shown = json.loads((tmp_path / "out" / "small.json").read_text())
    assert shown["variants"][0]["configuration"]["copies"] == 2
    assert "--set population.L.size=40" in shown["command"]


def test_resume_does_not_repeat_finished_runs(call, tmp_path, monkeypatch):
    assert call("--seeds", "0")[0] == 0
    results = tmp_path / "results" / "small"
    before = (results / "small_seed0.h5").stat().st_mtime_ns
    (results / "small_seed0.checkpoint.h5").write_bytes(b"left by a kill after the result was written")
    ran = []
    original = running.run_one
    monkeypatch.setattr(running, "run_one", lambda v, seed, **k: ran.append(seed) or original(v, seed, **k))
    status, out, err = call("--resume")
    assert status == 0
    assert ran == [1]
    assert "seed 0: finished already" in err
    assert (results / "small_seed0.h5").stat().st_mtime_ns == before
    assert files(results) == ["small.csv", "small.json", "small.md", "small_seed0.h5", "small_seed1.h5"]
    assert call("--resume", "--quiet") == (0, out, "")
    assert ran == [1]


def test_results_of_another_experiment_are_refused_before_anything_runs(call, tmp_path, monkeypatch):
    assert call("--variant", "two", "--quiet", variants=VARIANTS)[0] == 0
    monkeypatch.setattr(running, "run_one", pytest.fail)
    kept = {p: p.read_bytes() for p in (tmp_path / "results" / "small").iterdir()}
    for arguments, change in (
        ((), {"joint": True}), (("--train", "9"), {}), (("--set", "population.L.tau_m=4"), {}), ((), {"copies": 2})
    ):  # fmt: skip
        status, out, err = call("--resume", *arguments, variants=VARIANTS, **change)
        assert (status, out) == (2, "")
        assert "is of another experiment" in err
        assert err.count("\n") == 1
    assert {p: p.read_bytes() for p in (tmp_path / "results" / "small").iterdir()} == kept


REFUSED = {
    "YAML": ({"text": "name: [\n"}, (), "e.yaml:2: not readable as YAML"),
    "no mapping": ({"text": "- a\n"}, (), "e.yaml: expected the fields of an experiment"),
    "empty": ({"text": "# nothing\n"}, (), "e.yaml"),
    "unknown field": ({"sead": [0]}, (), "sead: unknown field"),
    "hidden field": ({"folder": "/"}, (), "folder: unknown field"),
    "hidden field of a variant": ({"variants": [{"name": "a", "folder": "x"}]}, (), "variants.a.folder: unknown"),
    "name": ({"name": "a b"}, (), "name: expected a name of letters, digits, '_' and '-', not 'a b'"),
    "long name": ({"name": "a" * 101}, (), "name: expected at most 100 characters, not 'aaaa"),
    "long name of a variant": ({"variants": [{"name": "b" * 101}]}, (), "expected names of at most 100 characters"),
    "task": ({"tasks": ["mnist"]}, (), "tasks.0: expected fields with values, not 'mnist'"),
    "field of a task": ({"tasks": [{"dataset": "mnist", "x": 1}]}, (), "tasks.0.x: unknown field"),
    "repeat": ({"tasks": [{"dataset": "mnist", "repeat": 2}]}, (), "tasks that repeat need a permutation"),
    "no tasks": ({"tasks": []}, (), "tasks: has too few entries"),
    "no network": ({"network": None}, (), "network: the file of a configuration is missing"),
    "network": ({"network": "lost.nnc"}, (), "lost.nnc"),
    "set": ({"set": {"population.L.seize": 1}}, (), "seize"),
    "seeds": ({"seeds": [0, 0]}, (), "seeds: a seed is given twice"),
    "copies": ({"copies": 65537}, (), "copies: expected at most 65536, not 65537"),
    "copies of a variant": ({"variants": [{"name": "a", "copies": 65537}]}, (), "copies: expected at most 65536"),
    "large seed": ({"seeds": [2**63]}, (), "seeds.0: expected at most 9223372036854775807, not 922337203685"),
    "huge seed": ({"variants": [{"name": "a", "seeds": [2**64]}]}, (), "seeds.0: expected at most 92233720"),
    "method": ({"method": "magic"}, (), "method: expected"),
    "options": ({"method": "backprop", "options": {"lr": -1}}, (), "options.lr: expected more than 0, not -1"),
    "migration": ({"migration": {"demand": "NONE"}}, (), "there is no population NONE"),
    "second variant": ({"variants": [{"name": "a"}, {"name": "b", "copies": 0}]}, (), "expected at least 1"),
    "same variants": ({"variants": [{"name": "a"}, {"name": "a"}]}, (), "each needs a name of its own"),
    "same files": ({"variants": [{"name": "a b"}, {"name": "a/b"}]}, (), "a b and a/b: their files"),
    "nested": ({"variants": [{"name": "a", "variants": []}]}, (), "a variant cannot have variants"),
    "dataset": ({"tasks": [{"dataset": "nonsense"}]}, (), "nonsense"),
    "images": ({"tasks": [{"dataset": "mnist", "train": 99999}]}, (), "99999 training images, expected 0.."),
    "variant": ({}, ("--variant", "x"), "--variant x: unknown variant; known: small"),
    "--seeds": ({}, ("--seeds", "1,,2"), "--seeds 1,,2: expected whole numbers"),
    "--seeds negative": ({}, ("--seeds=-1",), "--seeds -1: expected whole numbers"),
    "--seeds large": ({}, ("--seeds", "9223372036854775808"), "seeds: expected a whole number, 0 to 922337203685"),
    "--seeds twice": ({}, ("--seeds", "3,3"), "a seed is given twice"),
    "--set": ({}, ("--set", "copies"), "--set copies: expected FIELD=VALUE"),
    "--set field": ({}, ("--set", "population.L.seize=1"), "seize"),
    "--out": ({}, ("--out", "net.nnc"), "net.nnc: cannot be made a folder"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_is_one_line_and_leaves_nothing(call, tmp_path, name):
    change, arguments, message = REFUSED[name]
    status, out, err = call(*arguments, **change)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert files(tmp_path) == ["e.yaml", "net.nnc"]


def test_no_file(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["continual", "lost.yaml"])
    assert end.value.code == 2
    assert capfd.readouterr().err == "lost.yaml: cannot be read: No such file or directory\n"


def test_results_that_are_there_are_not_overwritten(call, tmp_path):
    assert call("--quiet", "--seeds", "0")[0] == 0
    status, out, err = call("--seeds", "0")
    assert (status, out) == (2, "")
    assert "small_seed0.h5: exists already; --resume continues it" in err


@pytest.mark.slow
def test_killed_for_real_and_resumed(call, tmp_path):
    """SIGKILL as soon as a checkpoint lies there, within the first of two tasks."""
    sizes = {"tasks": [{"dataset": "mnist", "repeat": 2, "permutation": 5, "train": 2000, "test": 40}]}
    assert call("--quiet", "--seeds", "0,1", "--out", "whole", **sizes)[0] == 0
    words = ["continual", "e.yaml", "--seeds", "0,1", "--out", "cut", "--checkpoint", "100", "--quiet"]
    environment = os.environ | {"PYTHONPATH": str(tiny.ROOT)}
    process = subprocess.Popen([sys.executable, "-m", "colanet", *words], cwd=tmp_path, env=environment)
    checkpoint = tmp_path / "cut" / "small_seed0.checkpoint.h5"
    end = time.monotonic() + 600
    while not checkpoint.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert checkpoint.exists()
    assert not (tmp_path / "cut" / "small_seed0.h5").exists()
    status, _, err = call(*words[2:], "--resume", **sizes)
    assert status == 0, err
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert (whole / "small.csv").read_bytes() == (cut / "small.csv").read_bytes()
    left, right = (json.loads((f / "small.json").read_text())["variants"][0] for f in (whole, cut))
    assert left["digests"] == right["digests"]
    assert left["metrics"] == right["metrics"]
    assert not [name for name in files(cut) if "checkpoint" in name and not name.startswith(".")]
