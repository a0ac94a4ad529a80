"""`colanet run` as its user meets it: results, files, messages, exit codes, and a run that is killed."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from colanet import __version__
from colanet.commands.recordings import parse_range
from colanet.commands.run import run as run_command
from colanet.config import load
from colanet.config.model import Network
from colanet.datasets import patterns
from colanet.errors import ConfigError
from colanet.session import Recording, Session
from colanet.storage import read_h5

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "tests" / "plan" / "published.nnc"
SMALL = ["--train", "60", "--test", "20", "--copies", "2", "--threads", "1", "--quiet"]
PERIOD, STEPS = 15, 80 * 15
KEYS = {
    "accuracy", "unanswered", "confusion", "train_images", "test_images", "copies", "seconds",
    "image_copies_per_second", "synaptic_events_per_second", "engine", "threads", "seed", "digest",
}  # fmt: skip


@pytest.fixture
def run(call):
    """A short `colanet run` that must succeed; its JSON result."""

    def short(*arguments):
        status, out, err = call("run", CONFIG, *SMALL, "--json", *arguments)
        assert (status, err) == (0, "")
        return json.loads(out)

    return short


@pytest.fixture(scope="module")
def whole():
    session = Session(
        load(CONFIG), train=60, test=20, copies=2, threads=1, recording=Recording(("L", "OUT", "BIASGATE", "R"))
    )
    return session, session.run()


# -------------------------------------------------------------------- the result


def test_json_is_one_object_with_the_promised_keys(call, whole):
    status, out, err = call("run", CONFIG, *SMALL, "--json")
    assert (status, err) == (0, "")
    assert out.count("\n") == 1
    result = json.loads(out)
    assert result.keys() >= KEYS
    assert result["digest"] == whole[1].digest
    assert result["accuracy"] == whole[1].accuracy
    assert (result["train_images"], result["test_images"], result["copies"]) == (60, 20, 2)
    assert (result["threads"], result["seed"]) == (1, 0)
    assert np.array(result["confusion"]).shape == (11, 11)
    assert np.sum(result["confusion"]) == 20
    assert result["seconds"] > 0
    assert result["synaptic_events_per_second"] > 0
    assert result["image_copies_per_second"] == pytest.approx(160 / result["seconds"])


def test_standard_output_stays_clean_without_quiet(call):
    loud = [argument for argument in SMALL if argument != "--quiet"]
    status, out, err = call("run", CONFIG, *loud, "--json")
    assert status == 0
    json.loads(out)
    assert "170 neurons, 2 copies, 60 training and 20 test images" in err
    assert "80/80 images" in err
    assert "0 s left" in err


def test_quiet_prints_only_the_report(call, whole):
    status, out, err = call("run", CONFIG, *SMALL)
    assert (status, err) == (0, "")
    assert out.startswith(f"accuracy    {100 * whole[1].accuracy:.2f} % of 20 test images\n")
    for word in (
        "unanswered",
        "confusion",
        "image-copies a second",
        "synaptic events a second",
        "threads 1, seed 0",
    ):
        assert word in out
    assert out.splitlines()[-1] == f"digest      {whole[1].digest}"


def test_engines_agree_on_the_command_line(run):
    few = ("--train", 4, "--test", 1)
    one, other = run("--engine", "reference", *few), run("--engine", "numba", *few)
    assert (one["engine"], other["engine"]) == ("reference", "numba")
    assert one["digest"] == other["digest"]


def test_stop_at(run):
    result = run("--stop-at", 30 * PERIOD)
    assert (result["steps"], result["train_images"], result["test_images"]) == (30 * PERIOD, 30, 0)
    assert result["accuracy"] is None
    assert result["confusion"] is None
    assert result["digest"] == digest_of(stop=30 * PERIOD)


def digest_of(stop=None, freeze=None, **values):
    described = load(CONFIG)
    return Session(described, train=60, test=20, copies=2, threads=1, **values).run(stop, freeze=freeze).digest


def test_stopping_later_than_the_data_is_the_end(run, whole):
    assert run("--stop-at", 10 * STEPS)["digest"] == whole[1].digest


def test_freeze_at(run, whole):
    frozen = run("--freeze-at", 20 * PERIOD)["digest"]
    assert frozen == digest_of(freeze=20 * PERIOD) != whole[1].digest
    # The learning time is over at step 900 anyway.
    assert run("--freeze-at", 60 * PERIOD)["digest"] == whole[1].digest


def test_set_overrides_fields(run, whole):
    same = run("--set", "population.L.hebbian_rate=-0.1765261")
    assert same["digest"] == whole[1].digest
    other = run("--set", "population.L.hebbian_rate=-0.1", "--set", "projection.Target->L.weight=0.3")
    assert other["digest"] != same["digest"]
    assert run("--set", "copies=1", "--copies", 2)["digest"] == whole[1].digest


def test_networks_without_labels_run_too(call, tmp_path):
    pictures, _ = patterns.generate(10, 0)
    (tmp_path / "patterns.bin").write_bytes(pictures.tobytes())
    text = (ROOT / "configs" / "patterns.nnc").read_text()
    (tmp_path / "p.nnc").write_text(text)
    status, out, _ = call("run", tmp_path / "p.nnc", "--quiet", "--json")
    result = json.loads(out)
    assert status == 0
    assert result["accuracy"] is None
    assert result["steps"] >= 10
    status, out, _ = call("run", ROOT / "configs" / "single_neuron.nnc", "--quiet")
    assert status == 0
    assert "accuracy" not in out
    assert "1000 steps" in out


# ----------------------------------------------------------------- files of --out


def test_results_file(run, whole, tmp_path):
    session, expected = whole
    result = run("--out", tmp_path / "new" / "out", "--seed", 0)
    assert [p.name for p in (tmp_path / "new" / "out").iterdir()] == ["results.h5"]
    arrays, attributes = read_h5(tmp_path / "new" / "out" / "results.h5")
    assert arrays.keys() == {"votes", "labels", "answers", "spike_counts", "confusion"}
    np.testing.assert_array_equal(arrays["votes"], session.tally.votes)
    np.testing.assert_array_equal(arrays["labels"], session.labels())
    np.testing.assert_array_equal(arrays["spike_counts"], session.tally.spikes)
    np.testing.assert_array_equal(arrays["confusion"], expected.confusion)
    assert np.mean(arrays["answers"][60:] == arrays["labels"][60:]) == expected.accuracy
    assert attributes["kind"] == "results"
    assert int(attributes["seed"]) == 0
    assert json.loads(attributes["result"]) | {"costs": result["costs"]} == result
    assert Network.model_validate_json(attributes["configuration"]) == session.network
    assert json.loads(attributes["versions"]).keys() == {"colanet", "python", "numpy", "numba"}
    assert attributes["colanet_version"] == __version__


RECORDING = ("--record-steps", "100:500", "--record-sections", "L,R")


def windows(whole):
    """What `RECORDING` must find: name of the file's middle part -> rows of (step - 100, neuron), size."""
    session, _ = whole
    found = {}
    for name, copy, size in (("L", 0, 150), ("L", 1, 150), ("R", 0, 784)):
        rows = session.spikes(name, copy)
        rows = rows[(rows[:, 0] >= 100) & (rows[:, 0] < 500)] - [100, 0]
        assert len(rows)
        found[f"{name}.{copy}"] = (rows, size)
    return found


@pytest.mark.parametrize(("form", "suffix"), [("text", "txt"), ("binary", "bin"), ("list", "csv")])
def test_record(run, whole, tmp_path, form, suffix):
    run("--out", tmp_path, "--record", form, *RECORDING)
    expected = windows(whole)
    assert {p.name for p in tmp_path.iterdir()} == {"results.h5", *(f"spikes.{key}.{suffix}" for key in expected)}
    for key, (rows, size) in expected.items():
        path = tmp_path / f"spikes.{key}.{suffix}"
        matrix = np.zeros((400, size), dtype=bool)
        matrix[rows[:, 0], rows[:, 1]] = True
        # Decoded here by the description of the formats, not by the package's own readers.
        if form == "list":
            expected_lines = [",".join(map(str, np.flatnonzero(column))) for column in matrix.T]
            assert path.read_text() == "".join(line + "\n" for line in expected_lines)
        elif form == "text":
            rows_of_text = ["".join(".@"[int(spike)] for spike in row) for row in matrix]
            assert path.read_text() == "".join(row + "\n" for row in rows_of_text)
        else:
            content, width = path.read_bytes(), 8 * -(-size // 64)
            assert int.from_bytes(content[:4], "little") == size
            assert len(content) == 4 + 400 * width
            for step in range(400):
                mask = int.from_bytes(content[4 + step * width : 4 + (step + 1) * width], "little")
                assert mask == sum(1 << int(neuron) for neuron in np.flatnonzero(matrix[step]))


def test_record_hdf5(run, whole, tmp_path):
    run("--out", tmp_path, "--record", "hdf5", *RECORDING)
    arrays, _ = read_h5(tmp_path / "results.h5")
    for key, (rows, _) in windows(whole).items():
        name, copy = key.split(".")
        found = arrays[f"spikes/{copy}/{name}"]
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found - [100, 0], rows)
    assert [key for key in arrays if key.startswith("spikes/")] == ["spikes/0/L", "spikes/0/R", "spikes/1/L"]


def test_record_everything_by_default(run, whole, tmp_path):
    run("--out", tmp_path, "--record", "hdf5")
    arrays, _ = read_h5(tmp_path / "results.h5")
    for copy in range(2):
        for name in ("L", "OUT", "BIASGATE"):
            np.testing.assert_array_equal(arrays[f"spikes/{copy}/{name}"], whole[0].spikes(name, copy))
    assert "spikes/0/R" not in arrays


def test_monitor(call, tmp_path, whole):
    loud = [argument for argument in SMALL if argument != "--quiet"]
    status, _, err = call("run", CONFIG, *loud, "--monitor", 500, "--out", tmp_path, "--json")
    assert status == 0
    lines = [line for line in err.splitlines() if line.startswith("monitor: ")]
    assert [line.split(",")[0] for line in lines] == [
        "monitor: step 500",
        "monitor: step 1000",
        "monitor: step 1200",
    ]
    rows = read_h5(tmp_path / "results.h5")[0]["monitor"]
    assert rows[:, 0].tolist() == [500, 1000, 1200]
    session, _ = whole
    assert rows[:, 2].sum() == session.tally.spikes.sum()
    assert rows[-1, 3] == pytest.approx(np.mean(session.weights("R->L")))
    assert rows[-1, 4] == pytest.approx(np.mean(session.thresholds("L")))
    assert rows[-1, 5] == pytest.approx(np.mean(session.stability("L")))


def test_save_and_load(run, tmp_path, whole):
    assert run("--save", tmp_path / "s.h5")["digest"] == whole[1].digest
    later = run("--load", tmp_path / "s.h5")
    session = Session(load(CONFIG), train=60, test=20, copies=2)
    session.load(tmp_path / "s.h5")
    assert later["digest"] == session.run().digest != whole[1].digest


# ----------------------------------------------------------- killed and resumed


def test_resume_without_a_checkpoint_begins(run, tmp_path, whole):
    assert run("--out", tmp_path, "--resume")["digest"] == whole[1].digest


def test_checkpoints_change_nothing(run, tmp_path, whole):
    assert run("--out", tmp_path, "--checkpoint", 333)["digest"] == whole[1].digest
    assert [p.name for p in tmp_path.iterdir()] == ["results.h5"]


def test_the_checkpoint_of_an_interrupted_run_is_not_lost_by_mistake(call, run, out_with_checkpoint, whole):
    path = out_with_checkpoint / "checkpoint.h5"
    before = path.read_bytes()
    for options in ([], ["--checkpoint", 300]):
        status, out, err = call("run", CONFIG, *SMALL, "--out", out_with_checkpoint, *options)
        assert (status, out) == (2, "")
        assert err == f"{path}: checkpoint of an interrupted run; --resume continues it, --overwrite removes it\n"
        assert path.read_bytes() == before
        assert os.listdir(out_with_checkpoint) == ["checkpoint.h5"]
    assert run("--out", out_with_checkpoint, "--overwrite")["digest"] == whole[1].digest
    assert os.listdir(out_with_checkpoint) == ["results.h5"]
    # A finished run is replaced, as it can be made again.
    assert run("--out", out_with_checkpoint)["digest"] == whole[1].digest


# ------------------------------------------------------------------- bad options


@pytest.fixture
def out_with_checkpoint(tmp_path):
    session = Session(load(CONFIG), train=60, test=20, copies=2, seed=1)
    session.run(100)
    (tmp_path / "out").mkdir()
    session.checkpoint(tmp_path / "out" / "checkpoint.h5")
    return tmp_path / "out"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "population.X.tau_m=3"], "population.X.tau_m: there is no X; known: L, OUT, BIASGATE"),
        (["--set", "population.L.tau=3"], "population.L.tau: there is no field tau"),
        (["--set", "nonsense=3"], "nonsense: expected population.NAME.FIELD"),
        (["--set", "population.L.tau_m"], "--set population.L.tau_m: expected FIELD=VALUE"),
        (["--set", "population.L.w_max=99"], "population L: w_max: 99"),
        (["--set", "projection.L->OUT.delay=31"], "projection.L->OUT.delay: "),
        (["--record", "text"], "--record needs --out DIR"),
        (["--checkpoint", "5"], "--checkpoint needs --out DIR"),
        (["--resume"], "--resume needs --out DIR"),
        (["--overwrite"], "--overwrite needs --out DIR"),
        (["--out", "OUT", "--resume", "--overwrite"], "--resume and --overwrite: give one of them"),
        (["--save", "/dev/null"], "/dev/null: cannot be written: not a regular file"),
        (["--save", "."], ".: cannot be written: is a folder"),
        (["--out", "/dev/null/x"], "/dev/null/x: cannot be made a folder"),
        (["--load", "/dev/zero"], "/dev/zero: cannot be read (not a regular file)"),
        (["--record-steps", "1:2"], "--record-steps needs --record"),
        (["--record-sections", "L"], "--record-sections needs --record"),
        (["--out", "OUT", "--record", "text", "--record-steps", "5"], "--record-steps 5: expected FIRST:LAST"),
        (["--out", "OUT", "--record", "text", "--record-steps", "9:3"], "--record-steps 9:3: expected FIRST:LAST"),
        (["--out", "OUT", "--record", "text", "--record-steps", "a:3"], "--record-steps a:3: expected FIRST:LAST"),
        (["--out", "OUT", "--record", "text", "--record-sections", "L,X"], "unknown population or input X; "),
        (["--load", "missing.h5"], "missing.h5: no such file"),
        (["--train", "60001"], "mnist: 60001 training objects, expected 0..60000"),
        (["--out", "FILE"], "file.txt"),
        (["--out", "FILE/below"], "file.txt"),
        (["--save", "FILE/below.h5"], "file.txt"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_options_are_one_line_and_leave_nothing(call, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("in the way")
    arguments = ["out" if word == "OUT" else word.replace("FILE", "file.txt") for word in arguments]
    status, out, err = call("run", CONFIG, *SMALL, *arguments)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]
    assert (tmp_path / "file.txt").read_text() == "in the way"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seed", "-1"],
        ["--copies", "0"],
        ["--record", "morse"],
        ["--monitor", "0"],
        ["--nope"],
    ],
    ids=" ".join,
)
def test_bad_values_are_refused_by_the_parser(call, tmp_path, arguments):
    status, out, err = call("run", CONFIG, *SMALL, "--out", tmp_path / "out", *arguments)
    assert status == 2
    assert out == ""
    assert arguments[0] in err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_load_of_a_checkpoint(call, out_with_checkpoint):
    path = out_with_checkpoint / "checkpoint.h5"
    status, out, err = call("run", CONFIG, *SMALL, "--load", path)
    assert (status, out) == (2, "")
    assert err == f"{path}: found checkpoint, expected a saved state\n"


def test_resume_with_another_seed(call, out_with_checkpoint):
    before = (out_with_checkpoint / "checkpoint.h5").read_bytes()
    status, out, err = call("run", CONFIG, *SMALL, "--out", out_with_checkpoint, "--resume", "--seed", 2)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "was written with another configuration, seed, data or recording" in err
    assert [p.name for p in out_with_checkpoint.iterdir()] == ["checkpoint.h5"]
    assert (out_with_checkpoint / "checkpoint.h5").read_bytes() == before
    # With its own seed it goes on.
    status, _, _ = call("run", CONFIG, *SMALL, "--out", out_with_checkpoint, "--resume", "--seed", 1)
    assert status == 0


def test_damaged_files(call, out_with_checkpoint):
    path = out_with_checkpoint / "checkpoint.h5"
    path.write_bytes(path.read_bytes()[:-100])
    for arguments in (["--out", out_with_checkpoint, "--resume"], ["--load", path]):
        status, out, err = call("run", CONFIG, *SMALL, *arguments)
        assert (status, out) == (2, "")
        assert err.count("\n") == 1
        assert "checkpoint.h5: damaged, its checksum does not fit" in err
    assert [p.name for p in out_with_checkpoint.iterdir()] == ["checkpoint.h5"]


def test_a_configuration_that_is_not_there(call, tmp_path):
    status, out, err = call("run", tmp_path / "none.nnc", "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "none.nnc" in err
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, (0, None)), (":", (0, None)), ("5:", (5, None)), (":9", (0, 9)), ("5:9", (5, 9))],
)
def test_ranges(text, expected):
    assert parse_range(text) == expected


@pytest.mark.parametrize("text", ["", "5", "5:5", "-1:5", "a:b", "1:2:3", "1.5:2"])
def test_wrong_ranges(text):
    with pytest.raises(ConfigError, match="--record-steps"):
        parse_range(text)


# ------------------------------------------------------------------------- pages


def blocks(page):
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))


@pytest.mark.parametrize(("page", "checks"), [("model", 11), ("python", 17), ("own", 2)])
def test_the_python_of_the_pages_runs(page, checks, tmp_path, monkeypatch):
    code = blocks(page)
    assert code.count("assert ") >= checks
    # The pages run in the folder of the repository; what they write goes elsewhere.
    for name in ("configs", "docs", "experiments", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, f"docs/{page}.md", "exec"), {"__name__": "page"})


def test_the_page_of_run_names_every_option():
    text = "".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8") for page in ("run", "plugins"))
    for parameter in run_command.params:
        for name in parameter.opts:
            assert name in text or parameter.param_type_name == "argument", name
    for key in KEYS | {"train_accuracy", "steps"}:
        assert f"`{key}`" in text, key
