"""Receptive fields out of files. What is damaged gives one line and exit status 2."""

import json

import numpy as np
import pytest

import colanet
from colanet.associative import fields
from colanet.associative.errors import ParameterError
from colanet.cli import main
from colanet.config.model import Network
from colanet.errors import CheckpointError
from colanet.session import Session
from colanet.storage import read_h5, write_h5


def archive(path, weights, columns):
    np.savez(path, weights=weights, columns=columns)
    return path.with_suffix(".npz")


def empty(path):
    file = path.with_suffix(".npz")
    file.write_bytes(b"")
    return file


def truncated(path):
    file = archive(path, np.ones((784, 3)), np.arange(3))
    file.write_bytes(file.read_bytes()[:200])
    return file


def bare(path):
    file = path.with_suffix(".npy")
    np.save(file, np.ones((784, 3)))
    return file


def rewritten(path, saved, arrays=None, **attributes):
    """A saved state with other arrays or attributes; None takes one away."""
    old, known = read_h5(saved)
    known = {k: v for k, v in (known | attributes).items() if v is not None}
    write_h5(path, old if arrays is None else arrays(old), known)
    return path


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A network of two columns that has seen three hundred digits."""
    network = colanet.load("configs/mnist.yaml")
    session = Session(network, base_dir="configs", engine="numba", threads=1, copies=2, train=300, test=0, seed=3)
    session.run()
    return session


@pytest.fixture(scope="module")
def saved(session, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "state.h5"
    session.save(path)
    return path


CASES = {
    "empty": empty,
    "truncated": truncated,
    "bare array": bare,
    "text weights": lambda path: archive(path, np.full((784, 3), "a"), np.arange(3)),
    "text columns": lambda path: archive(path, np.ones((784, 3)), np.array(["a", "b", "c"])),
    "broken columns": lambda path: archive(path, np.ones((784, 3)), np.array([0.5, np.nan, 1])),
    "complex weights": lambda path: archive(path, np.ones((784, 3)) * 1j, np.arange(3)),
}


def refused(capsys, tmp_path, file, *more):
    """The one line that says why, and no picture."""
    out = tmp_path / "strip.png"
    with pytest.raises(SystemExit) as stop:
        main(["memory", "retrieve", "--weights", str(file), "--test", "5", "--out", str(out), *more])
    text = capsys.readouterr()
    lines = text.err.strip().splitlines()
    assert stop.value.code == 2
    assert len(lines) == 1
    assert str(file) in lines[0]
    assert not out.exists()
    assert not text.out
    return lines[0]


@pytest.mark.parametrize("case", CASES)
def test_a_damaged_archive_is_one_line(case, tmp_path, capsys):
    refused(capsys, tmp_path, CASES[case](tmp_path / "fields"))


def test_a_saved_state_gives_the_fields_of_its_session(session, saved, tmp_path):
    """Also a checkpoint; copies stand side by side; no data are needed."""
    session.checkpoint(tmp_path / "checkpoint.h5")
    for path in (saved, tmp_path / "checkpoint.h5"):
        weights, columns = fields.read(path)
        assert np.array_equal(weights, session.weights("R->L"))
        assert np.ptp(weights) > 0
        assert np.array_equal(columns, np.arange(150) // 15)
        both, columns = fields.read(path, 2)
        assert np.array_equal(both[:, 150:], session.weights("R->L", 1))
        assert np.array_equal(
            columns[150:], columns[:150]
        )
    for wrong in (0, 3):
        with pytest.raises(ParameterError, match=f"expected 1 to 2, .* got {wrong}"):
            fields.read(saved, wrong)


def test_a_state_that_says_more_is_loaded_as_before(session, saved):
    again = Session(session.network, base_dir="configs", engine="numba", threads=1, train=10, test=0, seed=3)
    again.load(saved)
    assert np.array_equal(again.weights("R->L"), session.weights("R->L"))


def test_retrieve_takes_a_saved_state_as_it_takes_its_fields(session, saved, tmp_path, capsys):
    weights = np.hstack([session.weights("R->L", copy) for copy in (0, 1)])
    file = archive(tmp_path / "fields", weights, np.tile(np.arange(150) // 15, 2))
    texts = []
    for more in ([str(saved), "--copies", "2"], [str(file)]):
        main(["memory", "retrieve", "--test", "20", "--ink", "0.19", "--quiet", "--weights", *more])
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert "20 test pictures" in texts[0]


def renamed(old):
    return {key.replace("resource", "source"): value for key, value in old.items()}


STATES = {
    "results": ({"kind": "results"}, "found results, expected a saved state or a checkpoint"),
    "older": ({"configuration": None}, "it lacks configuration; an older colanet wrote it"),
    "no sizes": ({"input_sizes": None}, "it lacks input_sizes"),
    "broken configuration": ({"configuration": "{"}, "damaged, configuration and state do not agree"),
    "other sizes": (
        {"input_sizes": json.dumps({"R": 5, "Target": 10})},
        r"damaged, .*0/R->L/resource is int32\(117600,\)",
    ),
    "broken sizes": ({"input_sizes": "[1]"}, "damaged"),
    "other keys": ({"arrays": renamed}, "missing 0/R->L/resource"),
}


@pytest.mark.parametrize("case", STATES)
def test_a_damaged_state_is_one_line(case, saved, tmp_path, capsys):
    changes, message = STATES[case]
    line = refused(capsys, tmp_path, rewritten(tmp_path / "s.h5", saved, **changes))
    with pytest.raises(CheckpointError, match=message):
        raise CheckpointError(line)


def test_a_truncated_state_is_one_line(saved, tmp_path, capsys):
    file = tmp_path / "s.h5"
    file.write_bytes(saved.read_bytes()[:3000])
    assert "damaged, its checksum does not fit" in refused(capsys, tmp_path, file)


def test_copies_of_an_archive_are_refused(tmp_path, capsys):
    file = archive(tmp_path / "fields", np.ones((784, 3)), np.arange(3))
    assert "only a saved state has copies" in refused(capsys, tmp_path, file, "--copies", "2")


@pytest.mark.parametrize(
    ("population", "projections", "message"),
    [
        ({"columns": None}, 1, "N has no columns, so its neurons have no classes"),
        ({"columns": 2}, 0, "expected one plastic projection, whose fields to take, found 0"),
        ({"columns": 2}, 2, "expected one plastic projection, whose fields to take, found 2"),
    ],
)
def test_a_network_without_fields_is_refused(tmp_path, population, projections, message):
    network = Network.model_validate(
        {
            "inputs": [{"name": "R", "kind": "noise", "size": 3, "noise": 0.5, "steps": 20}],
            "populations": [
                {"name": name, "size": 4, **population, **({"w_min": -1, "w_max": 1} if k < projections else {})}
                for k, name in enumerate("NO")
            ],
            "projections": [
                {"source": "R", "target": name, "kind": "plastic", "connection": "all_to_all"}
                for name in "NO"[:projections]
            ],
        }
    )
    Session(network, threads=1).save(tmp_path / "s.h5")
    with pytest.raises(CheckpointError, match=message):
        fields.read(tmp_path / "s.h5")
