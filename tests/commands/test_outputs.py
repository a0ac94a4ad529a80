"""The files of a run: no two of one name, none of an earlier run, and no folder made again behind its back."""

import shutil

import numpy as np
import pytest

from colanet.atomic import write_text
from colanet.encoding.records import Part
from colanet.errors import OutputError
from colanet.locks import hold_folder
from colanet.spool import Spool

CONFIG = """
inputs:
  - {name: R, kind: noise, size: 4, noise: 0.5, steps: 60}
populations:
  - {name: L, size: 4}
projections:
  - {source: R, target: L, connection: one_to_one, weight: 9}
"""


@pytest.fixture
def run(call, tmp_path):
    """`colanet run` of a small network with --out: (status, output, errors)."""
    (tmp_path / "n.yaml").write_text(CONFIG)

    def go(*words):
        return call("run", tmp_path / "n.yaml", "--threads", 1, "--quiet", "--out", tmp_path / "out", *words)

    return go


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", [
    "spikes.L.0.txt", "recording.spool", "results.h5", "checkpoint.h5", "monitoring.n.csv", ".colanet.lock",
    "receptor_spikes.n.txt",
])  # fmt: skip
def test_a_state_may_not_take_the_name_of_another_file(run, tmp_path, name):
    path = tmp_path / "out" / name
    status, out, err = run("--record", "text", "--save", path)
    message = "another output of this run has this name, expected names that differ"
    assert (status, out, err) == (2, "", f"{path}: {message}\n")
    assert not path.exists() or name == ".colanet.lock"
    (tmp_path / "link").symlink_to(tmp_path / "out")
    assert run("--save", tmp_path / "link" / name)[0] == 2


def test_a_state_of_another_name_may_stand_in_the_folder(run, tmp_path):
    assert run("--save", tmp_path / "out" / "state.h5")[0] == 0
    assert names(tmp_path / "out") == {"state.h5", "results.h5"}


def test_recordings_of_an_earlier_run_go_with_its_results(run, tmp_path):
    out = tmp_path / "out"
    assert run("--record", "text", "--protocol", "list", "--monitor", "20")[0] == 0
    (out / "spikes.mine.txt").write_text("of the user")
    assert {"spikes.L.0.txt", "spikes.n.lst", "monitoring.n.csv"} < names(out)
    assert run("--record", "binary", "--seed", "4")[0] == 0
    assert names(out) == {"results.h5", "spikes.L.0.bin", "spikes.mine.txt"}


def test_a_folder_that_was_removed_is_not_made_again(tmp_path):
    out = tmp_path / "out"
    with hold_folder(out):
        part = Part(0, np.ones(1, dtype=np.int64), np.zeros(1, dtype=np.int32))
        spool = Spool(out / "recording.spool", ["0/L"])
        shutil.rmtree(out)
        for write in (lambda: write_text(out / "a.txt", "x"), lambda: spool.add([part])):
            with pytest.raises(OutputError, match=r"the folder was removed|no such folder"):
                write()
            assert not out.exists()
    with hold_folder(out):
        write_text(out / "a.txt", "x")
    assert (out / "a.txt").read_text() == "x"
