"""An export format from outside: one function and one entry point; the command line lists and calls it."""

import json
import re
import subprocess
import sys

import pytest

from tests.extending import ROOT, colanet
from tests.outside import package

PAGE = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
READING, FORMAT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    package(tmp_path, "counting", FORMAT, {"colanet.exports": {"counts": "counts"}}, None)
    run = ["run", ROOT / "configs" / "single_neuron.yaml", "--save", "s.h5", "--json", "--quiet"]
    status, out, _ = colanet(tmp_path, *run)
    assert (status, json.loads(out)["steps"]) == (0, 1000)
    return tmp_path


def test_it_is_listed_and_writes_its_files(folder):
    status, out, err = colanet(folder, "export", "--list")
    assert (status, err) == (0, "")
    listed = dict(line.split(None, 1) for line in out.splitlines())
    assert listed["counts"] == "Synapses of every projection as text (counts.txt)."
    assert colanet(folder, "export", "s.h5", "--format", "counts", "--out", "o") == (0, "o/counts.txt\n", "")
    assert (folder / "o" / "counts.txt").read_text() == "R->N 10\n"


def test_the_page_says_how_the_arrays_are_read(folder):
    few = ["--copies", 1, "--train", 20, "--test", 1, "--quiet"]
    run = ["run", ROOT / "configs" / "mnist.yaml", *few, "--save", "m.h5"]
    assert colanet(folder, *run)[0] == 0
    assert colanet(folder, "export", "m.h5", "--out", "trained")[0] == 0
    code = f"{READING}\nassert not np.isnan(weight).any() and manifest['copies'] == 1\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
