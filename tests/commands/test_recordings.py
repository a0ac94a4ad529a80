"""Recordings and protocols of `colanet run`: by hand, read back in, killed anywhere and resumed byte for byte."""

import contextlib
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import colanet
from colanet.commands import recordings
from colanet.commands.monitor import Monitor
from colanet.datasets.mnist import MNIST
from colanet.encoding import records
from colanet.errors import CheckpointError, OutputError
from colanet.session import Recording, Session
from colanet.storage import read_h5, write_h5

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "plan" / "published.nnc"
SMALL = ["--train", "30", "--test", "10", "--copies", "2", "--threads", "1", "--quiet"]
STEPS = 40 * 15

# Two inputs of 2 and 1 nodes; A of 2 neurons copies the first, B of 1 the second, a step later.
TINY = """
copies: {copies}
inputs:
  - {{name: S, kind: text, source: s.txt}}
  - {{name: T, kind: text, source: t.txt}}
populations:
  - {{name: A, size: 2}}
  - {{name: B, size: 1}}
projections:
  - {{source: S, target: A, connection: one_to_one, weight: 9}}
  - {{source: T, target: B, connection: one_to_one, weight: 9}}
"""


@pytest.fixture
def tiny(tmp_path):
    def write(copies=1):
        (tmp_path / "s.txt").write_text("@.\n.@\n@@\n..\n")
        (tmp_path / "t.txt").write_text(".\n@\n.\n.\n")
        (tmp_path / "7.yaml").write_text(TINY.format(copies=copies))
        return tmp_path / "7.yaml"

    return write


def run(call, *arguments):
    status, out, err = call("run", *arguments, "--json", "--quiet")
    assert (status, err) == (0, "")
    return json.loads(out)


def test_a_protocol_has_all_sections_side_by_side_and_a_line_a_step(call, tiny, tmp_path):
    out = tmp_path / "out"
    run(call, tiny(), "--out", out, "--protocol", "text", "--protocol-inputs")
    assert (out / "spikes.7.txt").read_bytes() == b"...\n@..\n.@@\n@@.\n"
    assert (out / "receptor_spikes.7.txt").read_bytes() == b"@..\n.@@\n@@.\n...\n"
    assert {path.name for path in out.iterdir()} == {"results.h5", "spikes.7.txt", "receptor_spikes.7.txt"}


def test_a_protocol_of_several_copies_has_copy_after_copy(call, tiny, tmp_path):
    run(call, tiny(copies=2), "--out", tmp_path / "out", "--protocol", "list", "--record-steps", "1:3")
    assert (tmp_path / "out" / "spikes.7.lst").read_text() == "0\n1\n1\n0\n1\n1\n"
    assert not (tmp_path / "out" / "receptor_spikes.7.lst").exists()


def test_a_protocol_beside_a_recording_of_some_sections(call, tiny, tmp_path):
    out = tmp_path / "out"
    run(call, tiny(), "--out", out, "--protocol", "text", "--record", "text", "--record-sections", "B,T")
    names = {"results.h5", "spikes.7.txt", "spikes.B.0.txt", "spikes.T.0.txt"}
    assert {path.name for path in out.iterdir()} == names
    assert (out / "spikes.B.0.txt").read_text() == ".\n.\n@\n.\n"


@pytest.mark.parametrize("form", ["text", "binary"])
def test_a_protocol_can_be_read_back_in_as_input(call, tiny, tmp_path, form):
    suffix = {"text": "txt", "binary": "bin"}[form]
    run(call, tiny(), "--out", tmp_path, "--protocol", form, "--record", "hdf5")
    recorded, _ = read_h5(tmp_path / "results.h5")
    (tmp_path / "back.yaml").write_text(
        f"inputs: [{{name: R, kind: {form}, source: spikes.7.{suffix}, size: 3}}]\n"
        "populations: [{name: N, size: 3}]\n"
        "projections: [{source: R, target: N, connection: one_to_one, weight: 9}]\n"
    )
    run(call, tmp_path / "back.yaml", "--out", tmp_path / "back", "--record", "hdf5", "--record-sections", "R")
    found = read_h5(tmp_path / "back" / "results.h5")[0]["spikes/0/R"]
    expected = np.concatenate([recorded["spikes/0/A"], recorded["spikes/0/B"] + [0, 2]])
    assert sorted(found.tolist()) == sorted(expected.tolist())


def test_a_protocol_of_another_width_is_refused(call, tiny, tmp_path):
    run(call, tiny(), "--out", tmp_path, "--protocol", "binary")
    for size in (2, 64, 65):
        (tmp_path / "back.yaml").write_text(
            f"inputs: [{{name: R, kind: binary, source: spikes.7.bin, size: {size}}}]\n"
            "populations: [{name: N, size: 1}]\n"
        )
        status, out, err = call("run", tmp_path / "back.yaml")
        assert (status, out) == (2, "")
        assert err == f"{tmp_path / 'spikes.7.bin'}: a recording of 3 neurons, expected {size} nodes\n"


def test_the_monitoring_table(call, tmp_path):
    run(call, CONFIG, *SMALL[:-1], "--out", tmp_path, "--monitor", 250)
    rows = read_h5(tmp_path / "results.h5")[0]["monitor"]
    lines = (tmp_path / "monitoring.published.csv").read_text().splitlines()
    assert lines[0] == ",".join(Monitor.COLUMNS)
    assert [int(line.split(",")[0]) for line in lines[1:]] == [250, 500, 600]
    np.testing.assert_allclose([[float(v) for v in line.split(",")] for line in lines[1:]], rows, rtol=1e-9)


def test_no_part_of_a_run_copies_all_votes_for_its_counters(call, tiny, tmp_path, monkeypatch):
    def copied(session):
        raise AssertionError("all votes are copied")

    monkeypatch.setattr(Session, "tally", property(copied))
    run(call, tiny(), "--out", tmp_path / "one", "--protocol", "text", "--record", "hdf5", "--monitor", 2)
    run(call, CONFIG, *SMALL[:-1], "--out", tmp_path / "two", "--monitor", 250)
    assert read_h5(tmp_path / "two" / "results.h5")[0]["spike_counts"].sum() > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--protocol", "text"], "--protocol needs --out DIR"),
        (["--protocol-inputs"], "--protocol-inputs needs --protocol"),
        (["--out", "OUT", "--protocol", "text", "--record-sections", "L"], "--record-sections needs --record"),
        (["--record-steps", "1:2"], "--record-steps needs --record or --protocol"),
    ],
)
def test_options_that_need_another_one(call, tmp_path, arguments, message):
    arguments = [str(tmp_path / "out") if word == "OUT" else word for word in arguments]
    assert call("run", CONFIG, *SMALL, *arguments) == (2, "", message + "\n")
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------- killed and resumed


class KilledError(BaseException):
    """What a kill is to the process."""


def killed(monkeypatch, place, after):
    """Makes the `after`-th call of a function the last one."""
    module, name = place
    real, calls = getattr(module, name), []

    def once(*arguments, **more):
        calls.append(1)
        if len(calls) == after:
            raise KilledError
        return real(*arguments, **more)

    monkeypatch.setattr(module, name, once)


PLACES = {
    "while it runs": ((Session, "advance"), 4),
    "at its last step": ((Session, "advance"), 8),
    "at its first file": ((records, "stream_text"), 1),
    "at its second file": ((recordings, "write_sections"), 2),
    "at the protocol": ((recordings, "write_protocol"), 1),
    "at its results": ((Session, "write_results"), 1),
}


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    """Runs that nobody killed, by their options: folder and result."""
    made = {}

    def whole(call, *options):
        if options not in made:
            folder = tmp_path_factory.mktemp("whole")
            made[options] = folder, run(call, CONFIG, *SMALL, *options, "--out", folder)
        return made[options]

    return whole


@pytest.mark.parametrize("form", ["text", "binary", "list", "hdf5"])
@pytest.mark.parametrize("place", PLACES)
def test_a_run_killed_anywhere_and_resumed_leaves_the_same_files(
    call, wholes, tmp_path, monkeypatch, place, form
):
    options = ["--record", form, "--record-sections", "L,R", "--record-steps", "50:", "--protocol", "text",
               "--monitor", 150, "--checkpoint", 100]  # fmt: skip
    whole, expected = wholes(call, *options)
    out = tmp_path / "killed"
    with monkeypatch.context() as patch:
        killed(patch, *PLACES[place])
        patch.setitem(records.STREAMERS, "text", lambda *a: records.stream_text(*a))
        with contextlib.suppress(KilledError):
            call("run", CONFIG, *SMALL, *options, "--out", out)
    # With hdf5 there is no second file, and nothing to kill.
    assert (out / "checkpoint.h5").exists() or (form == "hdf5" and place == "at its second file")
    again = run(call, CONFIG, *SMALL, *options, "--out", out, "--resume")
    assert again["digest"] == expected["digest"]
    names = {path.name for path in whole.iterdir()}
    assert {path.name for path in out.iterdir()} == names
    for name in names - {"results.h5"}:
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    one, other = read_h5(out / "results.h5")[0], read_h5(whole / "results.h5")[0]
    assert one.keys() == other.keys()
    for key, array in other.items():
        np.testing.assert_array_equal(one[key], array, err_msg=key)


def test_monitoring_killed_before_its_first_row_counts_from_the_beginning(call, tmp_path, monkeypatch):
    options = [*SMALL, "--monitor", 450, "--checkpoint", 200, "--out"]
    run(call, CONFIG, *options, tmp_path / "whole")
    with monkeypatch.context() as patch:
        killed(patch, (Session, "advance"), 2)
        with pytest.raises(KilledError):
            call("run", CONFIG, *options, tmp_path / "killed")
    run(call, CONFIG, *options, tmp_path / "killed", "--resume")
    one, other = (tmp_path / name / "monitoring.published.csv" for name in ("killed", "whole"))
    assert one.read_text() == other.read_text()
    assert one.read_text().count("\n") == 3


def test_rows_of_an_earlier_colanets_checkpoint_are_taken_up(call, tmp_path, monkeypatch):
    """It had them beside the results that are kept, not at the observer's own place."""
    options = [*SMALL, "--monitor", 150, "--checkpoint", 100, "--out"]
    run(call, CONFIG, *options, tmp_path / "whole")
    with monkeypatch.context() as patch:
        killed(patch, (Session, "advance"), 5)
        with pytest.raises(KilledError):
            call("run", CONFIG, *options, tmp_path / "killed")
    path = tmp_path / "killed" / "checkpoint.h5"
    arrays, attributes = read_h5(path)
    rows = arrays.pop("observers/monitor/rows")
    assert len(rows) == 2
    write_h5(path, arrays | {"kept/monitor": rows}, attributes)
    run(call, CONFIG, *options, tmp_path / "killed", "--resume")
    one, other = (tmp_path / name / "monitoring.published.csv" for name in ("killed", "whole"))
    assert one.read_text() == other.read_text()


def test_a_spool_that_nothing_can_go_on_from_is_not_left_behind(call, tmp_path, monkeypatch):
    def full(*_):
        raise OutputError("recording.spool: cannot be written (No space left on device)")

    for options, left in (([], set()), (["--checkpoint", "100"], {"checkpoint.h5", "recording.spool"})):
        out = tmp_path / str(len(options))
        with monkeypatch.context() as patch:
            patch.setattr(recordings, "write_sections", full)
            status, _, err = call("run", CONFIG, *SMALL, "--record", "text", "--out", out, *options)
        assert (status, err.count("\n")) == (2, 1)
        assert {path.name for path in out.iterdir()} == left


def test_a_resume_without_its_spool_is_one_line_and_touches_nothing(call, tmp_path, monkeypatch):
    options = [*SMALL, "--record", "text", "--checkpoint", 100, "--out", tmp_path]
    with monkeypatch.context() as patch:
        killed(patch, (Session, "advance"), 4)
        with pytest.raises(KilledError):
            call("run", CONFIG, *options)
    (tmp_path / "recording.spool").unlink()
    before = {path.name for path in tmp_path.iterdir()}
    status, out, err = call("run", CONFIG, *options, "--resume")
    assert (status, out) == (2, "")
    assert err == f"{tmp_path / 'recording.spool'}: no such file, expected the recordings so far\n"
    assert {path.name for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--stop-at", "500"], "was written with --stop-at 600, expected 500"),
        (["--freeze-at", "10"], "was written with --freeze-at 450, expected 10"),
        (["--data", "DATA"], "was written with other data than DATA (mnist)"),
        (["--seed", "3"], "was written with another configuration, seed, data or recording"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_another_run_is_not_resumed(call, tmp_path, monkeypatch, changed, message):
    data = tmp_path / "data"
    data.mkdir()
    real = colanet.datasets.load("mnist")
    for file, array in zip(
        MNIST.files,
        (real.train_images[:500], real.train_labels[:500], real.test_images[:500], real.test_labels[:500]),
        strict=True,
    ):
        (data / file).write_bytes(colanet.datasets.idx.idx_bytes(array))
    options = [*SMALL, "--checkpoint", 100, "--out", tmp_path / "out"]
    with monkeypatch.context() as patch:
        killed(patch, (Session, "advance"), 4)
        with pytest.raises(KilledError):
            call("run", CONFIG, *options)
    checkpoint = tmp_path / "out" / "checkpoint.h5"
    before = checkpoint.read_bytes()
    changed = [str(data) if word == "DATA" else word for word in changed]
    status, out, err = call("run", CONFIG, *options, "--resume", *changed)
    assert (status, out) == (2, "")
    assert err == f"{checkpoint}: {message}\n".replace("DATA", str(data))
    assert checkpoint.read_bytes() == before
    # The same said in other words is the same run.
    status, _, err = call("run", CONFIG, *options, "--resume", "--stop-at", 10**9, "--freeze-at", 450)
    assert (status, err) == (0, "")


def test_a_checkpoint_without_digests_of_its_data_is_refused(tmp_path):
    session = Session(colanet.load(CONFIG), train=3, test=1, copies=1)
    arrays, attributes = session.snapshot()
    del attributes["data"]
    with pytest.raises(CheckpointError, match="an older colanet wrote it, without the data's digests"):
        session.restore("c.h5", arrays, attributes)


# --------------------------------------------------------------------- the streamers


@pytest.mark.parametrize("room", [1, 5, 1 << 22])
@pytest.mark.parametrize("form", ["text", "binary", "list"])
def test_part_by_part_is_the_same_file_as_at_once(tmp_path, monkeypatch, form, room):
    monkeypatch.setattr(records, "ROOM", room)
    rng = np.random.default_rng(0)
    fired = rng.random((50, 9)) < 0.3
    steps, neurons = np.nonzero(fired)
    records.WRITERS[form](tmp_path / "whole", steps, neurons, 9, 50)
    cuts = [0, 1, 1, 20, 50]
    parts = []
    for first, last in pairwise(cuts):
        step, neuron = np.nonzero(fired[first:last])
        parts.append(records.Part(first, np.bincount(step, minlength=last - first), neuron))
    records.STREAMERS[form](tmp_path / "parts", parts, 9)
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_recorded_steps_beyond_32_bits_are_right_in_the_results_file(call, tmp_path):
    (tmp_path / "t.txt").write_text("@\n.\n")
    (tmp_path / "b.yaml").write_text(
        "inputs: [{name: R, kind: text, source: t.txt, mode: repetitive}]\npopulations: [{name: N, size: 1}]\n"
        "projections: [{source: R, target: N, connection: one_to_one, weight: 9}]\n"
    )
    session = Session(colanet.load(tmp_path / "b.yaml"), base_dir=tmp_path, recording=Recording(("N",), 5))
    session.run(stop=4)
    session.step = 2**31 - 60
    session.counts.told_apart = False  # or the input's spikes of all these steps would be counted
    (tmp_path / "out").mkdir()
    session.checkpoint(tmp_path / "out" / "checkpoint.h5")
    stop = 2**31 + 20
    options = ["--record-sections", "N", "--record-steps", "5:", "--resume", "--stop-at", stop]
    run(call, tmp_path / "b.yaml", "--out", tmp_path / "out", "--record", "hdf5", *options)
    found = read_h5(tmp_path / "out" / "results.h5")[0]["spikes/0/N"]
    assert found.dtype == np.int64
    assert found[:, 0].tolist() == list(range(2**31 - 59, stop, 2))


def test_a_run_names_its_data_everywhere(call, tmp_path, tiny):
    result = run(call, tiny(), "--out", tmp_path / "out")
    assert [used["name"] for used in result["data"]] == ["s.txt", "t.txt"]
    assert result["data"][0]["source"] == str(tmp_path / "s.txt")
    assert result["data"][0]["sha256"] == colanet.encoding.context.hashlib.sha256(b"@.\n.@\n@@\n..\n").hexdigest()
    assert json.loads(read_h5(tmp_path / "out" / "results.h5")[1]["result"])["data"] == result["data"]
    status, out, _ = call("run", CONFIG, *SMALL)
    assert status == 0
    digest = colanet.datasets.load("mnist").digest
    assert re.search(rf"^data        mnist: \S+mnist, sha256 {digest}$", out, re.MULTILINE)
