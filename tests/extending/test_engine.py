"""An engine from outside the package: named on the command line, and taken up by the suite of all engines."""

import os
import re
import subprocess
import sys

import pytest

from tests.extending import ROOT, colanet, page
from tests.outside import package

TITLE = "An engine"


@pytest.fixture
def folder(tmp_path):
    return package(tmp_path, "my_package", page.code(TITLE), page.entry_points(TITLE, "my_package"), None)


def digest(output):
    return re.search(r'"digest": "(\w+)"', output).group(1)


def test_it_runs_a_shipped_network_with_the_digest_of_all_others(folder):
    few = ["run", ROOT / "configs" / "mnist.yaml", "--train", 3, "--test", 1, "--copies", 1, "--quiet", "--json"]
    status, mine, err = colanet(folder, *few, "--engine", "mine")
    assert (status, err) == (0, "")
    assert '"engine": "mine"' in mine
    assert digest(mine) == digest(colanet(folder, *few, "--engine", "numba")[1])


def test_a_name_that_nobody_has_is_one_line(folder):
    status, _, err = colanet(folder, "run", ROOT / "configs" / "mnist.yaml", "--engine", "yours")
    assert status == 2
    assert "yours" in err
    assert "mine" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_the_suite_takes_it_up(folder):
    equal = "tests/engine/test_equality.py::test_every_engine_equals_the_reference"
    tests = ["tests/engine/test_by_hand.py", equal]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests, "-k", "mine"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) > 60
