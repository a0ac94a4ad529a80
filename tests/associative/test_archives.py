"""Damaged archives of receptive fields give one line and exit status 2."""

import numpy as np
import pytest

from colanet.cli import main


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


CASES = {
    "empty": empty,
    "truncated": truncated,
    "bare array": bare,
    "text weights": lambda path: archive(path, np.full((784, 3), "a"), np.arange(3)),
    "text columns": lambda path: archive(path, np.ones((784, 3)), np.array(["a", "b", "c"])),
    "broken columns": lambda path: archive(path, np.ones((784, 3)), np.array([0.5, np.nan, 1])),
    "complex weights": lambda path: archive(path, np.ones((784, 3)) * 1j, np.arange(3)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_damaged_archive_is_one_line(case, tmp_path, capsys):
    file = CASES[case](tmp_path / "fields")
    out = tmp_path / "strip.png"
    with pytest.raises(SystemExit) as stop:
        main(["memory", "retrieve", "--weights", str(file), "--test", "5", "--out", str(out)])
    lines = capsys.readouterr().err.strip().splitlines()
    assert stop.value.code == 2 and len(lines) == 1 and str(file) in lines[0] and not out.exists()
