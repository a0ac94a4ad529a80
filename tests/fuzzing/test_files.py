"""The short form of `python -m tests.fuzzing`: a fixed row of changed files of each kind."""

import os
import time

import numpy as np
import pytest

from colanet.continual.experiment import load_experiment
from colanet.encoding import records
from colanet.errors import CheckpointError, ConfigError, DataError, Problem
from colanet.own.read import read
from colanet.own.samples import Wanted
from tests.fuzzing import hunt, stored
from tests.fuzzing.hunt import EDITED, RAW, Hunt
from tests.fuzzing.kinds import KINDS, Kind

INPUTS = {
    "xml": 60, "yaml": 40, "idx": 300, "csv": 200, "spikes": 300, "states": 15, "outcomes": 40, "experiments": 60,
    "studies": 50, "archives": 100,
}  # fmt: skip
"""So many take a second or two; COLANET_FUZZ_SECONDS=20 gives each kind so many seconds instead."""
SECONDS = float(os.environ.get("COLANET_FUZZ_SECONDS", "0"))


def test_every_kind_is_read_here():
    assert INPUTS.keys() == KINDS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_changed_files_are_read_or_refused_in_clear_lines(name, tmp_path):
    bounds = {"seconds": SECONDS} if SECONDS else {"inputs": INPUTS[name]}
    found = hunt.hunt(name, tmp_path / name, **bounds)
    assert found.findings == []
    assert found.inputs >= len(KINDS[name].seeds(tmp_path))
    assert found.taken > 0
    assert found.refused > 0


# ------------------------------------------------------------ that it can find


def raises(error):
    def reader(_):
        raise error

    return reader


def burns(_):
    while True:
        pass


def warns(_):
    return np.array([1.0]) / 0


@pytest.mark.parametrize(
    ("reader", "says"),
    [
        (lambda _: None, []),
        (raises(DataError("short")), []),
        (raises(ConfigError([Problem("a"), Problem("b")])), []),
        (raises(KeyError("a")), ["KeyError"]),
        (raises(DataError("")), ["DataError with an empty line"]),
        (raises(DataError("x" * 2000)), ["DataError with a line of 2000 characters"]),
        (raises(ConfigError("Traceback of a reader")), ["ConfigError with a traceback"]),
        (burns, ["Hang"]),
        (warns, ["RuntimeWarning"]),
    ],
    ids=range(9),
)
def test_what_a_finding_is(reader, says, tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "toy", Kind(".toy", lambda _: [b"abc"], (reader,), lambda content, tape, _: content))
    monkeypatch.setattr(hunt, "LONGEST", 0.2)
    one = Hunt("toy", tmp_path)
    one.take(RAW + b"abc")
    assert [text[: len(said)] for text, said in zip(one.found.findings, says, strict=True)] == says
    one.take(EDITED + b"abc")
    assert len(one.found.findings) == len(says)
    assert len(list(one.kept.iterdir())) == len(says)


def test_a_hunt_is_repeatable_and_ends(tmp_path):
    began = time.monotonic()
    one, other = (hunt.hunt("idx", tmp_path / name, inputs=60, seed=3) for name in "ab")
    assert (one.taken, one.refused) == (other.taken, other.refused)
    assert hunt.hunt("idx", tmp_path / "c", seconds=0.1).inputs > 0
    assert time.monotonic() - began < 60


# ------------------------------------------------------------ what it has found


@pytest.mark.parametrize("kind", [DataError, CheckpointError])
def test_what_a_file_puts_into_a_message_neither_breaks_its_line_nor_steers_a_terminal(kind):
    assert str(kind("x.csv: column a\nb\x1b[2J\u2028é")) == "x.csv: column a\\nb\\x1b[2J\\u2028é"
    problem = Problem("unknown\r\n", "inputs.\x85", "a.yaml", 2)
    assert str(ConfigError([problem, problem])) == "\n".join(["a.yaml:2: inputs.\\x85: unknown\\r\\n"] * 2)


def test_names_of_columns_are_shown_in_one_line_however_long(tmp_path):
    table = tmp_path / "a.csv"
    table.write_bytes(b'"a\nb",' + b"9" * 5000 + b"\n1,2\n")
    with pytest.raises(DataError) as caught:
        read(table, Wanted())
    assert str(caught.value).endswith(f"columns: a\\nb, {'9' * 60}...")
    table.write_bytes(b"label," + b"b" * 5000 + b"\n1,x\n")
    with pytest.raises(DataError) as caught:
        read(table, Wanted())
    assert len(str(caught.value)) < 1000


def test_a_long_name_of_a_field_is_cut_in_a_message(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(f"name: a\nnetwork: a.yaml\ntasks: [{{dataset: mnist}}]\n{'x' * 900}: 1\n")
    with pytest.raises(ConfigError, match=r"x\.\.\.: unknown field") as caught:
        load_experiment(path)
    assert len(str(caught.value)) < 500


def test_a_step_of_thousands_of_digits_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2\n" + b"9" * 5000 + b"\n")
    with pytest.raises(DataError, match=r"a\.csv:2: a step of 5000 digits, expected below 10$"):
        records.read_list(path, 10)


# ------------------------------------------------------------ what is stored


def test_the_stored_figures_are_of_every_kind_and_without_findings():
    found = stored.read()
    assert found.keys() == {*KINDS, "networks"}
    assert [text for one in found.values() for text in one["findings"]] == []
    assert all(one["inputs"] > 0 for one in found.values())
