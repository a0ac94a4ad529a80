"""Every shipped network is one file: the other is made from it, and a stale one is found."""

import shutil
import subprocess
import sys

import pytest

import colanet
from data_tools.twins import COMMAND, stale, twin
from tests import golden
from tests.shipped import CONFIGS, NAMES, ROOT


def run(*arguments):
    """The command in a process of its own: (exit status, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, "-m", "data_tools.twins", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_the_shipped_twins_are_fresh():
    assert stale(CONFIGS) == [], f"run {COMMAND}"
    assert {path.stem for path in CONFIGS.glob("*.nnc")} == set(NAMES) == set(golden.stored())


@pytest.mark.parametrize("name", NAMES)
def test_a_twin_is_the_same_network_and_says_how_it_was_made(name):
    made = CONFIGS / f"{name}.nnc"
    assert colanet.load(made) == colanet.load(made.with_suffix(".yaml"))
    first, second = made.read_text(encoding="utf-8").splitlines()[:2]
    assert first == '<?xml version="1.0" encoding="utf-8"?>'
    assert second.startswith(f"<!-- Made by {COMMAND} from {name}.yaml, ")


def test_stale_missing_and_lonely_twins(tmp_path):
    for name in ("mnist", "letters"):
        shutil.copy(CONFIGS / f"{name}.yaml", tmp_path)
    shutil.copy(CONFIGS / "mnist.nnc", tmp_path)
    missing = tmp_path / "letters.nnc"
    said = f"{missing}: is not what {COMMAND} makes of letters.yaml\n"
    assert run(tmp_path, "--check") == (1, "", said)
    assert not missing.exists()
    assert run(tmp_path) == (0, f"{missing}\n", "")
    assert missing.read_text(encoding="utf-8") == twin(tmp_path / "letters.yaml")
    assert run(tmp_path, "--check") == (0, "", "")
    missing.write_text(missing.read_text().replace("<n>150</n>", "<n>140</n>"))
    assert stale(tmp_path) == [missing]
    (tmp_path / "letters.yaml").unlink()
    assert run(tmp_path) == (1, "", f"{missing}: has no letters.yaml to be made from\n")


def test_errors_are_one_line(tmp_path):
    (tmp_path / "bad.yaml").write_text("populations: []\n")
    status, out, err = run(tmp_path)
    assert (status, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'bad.yaml'}:1: ")
    assert run(tmp_path / "none") == (2, "", f"{tmp_path / 'none'}: no such folder\n")
