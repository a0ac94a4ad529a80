"""`colanet continual` as a user meets it."""

import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from colanet.cli import cli
from colanet.programs import run_safely
from tests.continual.toys import ROOT

FIELDS = {
    "name": "toy",
    "title": "A toy",
    "network": str(ROOT / "configs" / "mnist.yaml"),
    "set": {"population.L.size": 30},
    "copies": 1,
    "seeds": [0, 1],
    "tasks": [{"dataset": "mnist", "repeat": 2, "permutation": 5, "train": 60, "test": 20}],
    "variants": [{"name": "plain"}, {"name": "less alpha", "set": {"population.L.threshold_weight_factor": 0.05}}],
    "published": [{"label": "theirs", "value": "92 %", "source": "arXiv 2506.17169"}],
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "toy.yaml"
    path.write_text(yaml.safe_dump(FIELDS))
    return path


def call(*words, code=0):
    """Run the command in this process; its output."""
    result = CliRunner().invoke(cli, ["continual", *map(str, words)])
    if code == 0:
        assert result.exit_code == 0, result.output
    return result


def refused(capsys, *words):
    """The one line of a refusal with exit status 2."""
    with pytest.raises(SystemExit) as caught:
        run_safely(cli, "colanet", ["continual", *map(str, words)])
    assert caught.value.code == 2
    out = capsys.readouterr()
    assert out.out == ""
    [line] = out.err.strip().splitlines()
    return line


def test_results_hold_everything(file, tmp_path):
    out = tmp_path / "out"
    call(file, "--out", out, "--quiet")
    rows = (out / "toy.csv").read_text().splitlines()
    assert rows[0] == "variant,seed,after_task,on_task,accuracy,unanswered"
    assert len(rows) == 1 + 2 * 2 * 3
    record = json.loads((out / "toy.json").read_text())
    assert [v["name"] for v in record["variants"]] == ["plain", "less alpha"]
    one = record["variants"][1]
    assert one["seeds"] == [0, 1]
    assert len(one["train_seconds"]) == 2
    assert len(set(one["digests"])) == 2
    sizes = [p["size"] for p in one["configuration"]["populations"] if p["name"] == "L"]
    assert sizes == [30]
    assert {"colanet", "numpy", "numba"} <= record["versions"].keys()
    text = (out / "toy.md").read_text()
    assert "less alpha" in text
    assert "92 %" in text
    assert "±" in text
    # The table's mean is that of the rows.
    last = [float(r.split(",")[4]) for r in rows if r.startswith("plain") and r.split(",")[2] == "2"]
    assert one["metrics"].keys() >= {"ACC", "FM", "BWT", "AIA", "drop"}
    assert record["variants"][0]["metrics"]["ACC"]["mean"] == pytest.approx(np.mean(last))


def test_quiet_prints_only_the_result(file, tmp_path):
    result = call(file, "--out", tmp_path / "o", "--quiet", "--seeds", "0", "--variant", "plain")
    [line] = result.output.splitlines()
    assert line.startswith("plain: ACC ")


def test_finished_runs_are_not_repeated_and_not_overwritten(file, tmp_path, capsys):
    out = tmp_path / "o"
    call(file, "--out", out, "--seeds", "0")
    before = {p: p.stat().st_mtime_ns for p in out.glob("*.h5")}
    assert "--resume" in refused(capsys, file, "--out", out, "--seeds", "0")
    result = call(file, "--out", out, "--resume")
    assert result.output.count("finished already") == 2
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in before.items())
    # The same folder with another network is refused.
    assert "another experiment" in refused(capsys, file, "--out", out, "--resume", "--copies", 2, "--quiet")


@pytest.mark.parametrize(("words", "said"), [
    (["--variant", "none"], "known: plain, less alpha"),
    (["--seeds", "a"], "expected whole numbers"),
    (["--seeds", "1,1"], "twice"),
    (["--set", "population.L.tau_m"], "expected FIELD=VALUE"),
    (["--set", "population.L.tau=3"], "there is no field tau"),
    (["--data", "nowhere"], "no such folder"),
])  # fmt: skip
def test_bad_options_are_one_line(file, tmp_path, capsys, words, said):
    out = tmp_path / "o"
    assert said in refused(capsys, file, "--out", out, *words)
    assert not out.exists()


def test_bad_files_are_one_line(tmp_path, capsys):
    assert "cannot be read" in refused(capsys, tmp_path / "none.yaml")
    path = tmp_path / "e.yaml"
    path.write_text(yaml.safe_dump({**FIELDS, "colour": "red"}))
    assert "colour" in refused(capsys, path)
    path.write_text(yaml.safe_dump({**FIELDS, "tasks": [{"dataset": "marsian"}]}))
    assert "marsian" in refused(capsys, path)
    path.write_text(yaml.safe_dump({**FIELDS, "network": "none.yaml"}))
    assert "none.yaml" in refused(capsys, path)
    path.write_text(yaml.safe_dump(FIELDS))
    (tmp_path / "file").write_text("")
    assert "cannot be made a folder" in refused(capsys, path, "--out", tmp_path / "file")


@pytest.mark.slow
def test_every_experiment_runs_in_its_quick_version(tmp_path):
    """All tables and figures, from a handful of images; letters only where their data are."""
    from colanet.errors import DataError
    from experiments.reproduce import NAMES, main

    pytest.importorskip("matplotlib")
    names = [name for name in NAMES if name != "fashion"]  # split_mnist has the same parts, its data ship
    data = ROOT.parent / "shared" / "data"
    if not (data / "emnist_letters.npz").exists():
        names = [name for name in names if "letters" not in name and name != "three_tasks"]
    try:
        import torch  # noqa: F401
    except ImportError:
        names = [name for name in names if "comparison" not in name and name != "split_mnist"]
    words = [*names, "--quick", "--quiet", "--runs", str(tmp_path / "r"), "--results", str(tmp_path / "t")]
    try:
        main.main([*words, *(["--data", str(data)] if data.exists() else [])], standalone_mode=False)
    except DataError as error:
        pytest.skip(str(error))
    for name in names:
        assert (tmp_path / "t" / f"{name}.md").stat().st_size > 300
    assert (tmp_path / "t" / "capacity.png").exists()
    assert (tmp_path / "t" / "permuted_mnist_45.png").exists()
