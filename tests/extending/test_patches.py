"""A plasticity rule, a neuron constant and a state variable: patches of docs/extending.md, applied and run.

The numbers of files are those of the page's table: whoever lets a fact be said once more, fails here.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extending import page, patching

MOST = {"plasticity_rule": 7, "neuron_constant": 6}
VARIABLE = {
    "colanet/plan/variables.py", "colanet/engine/reference.py", "colanet/engine/cpu/neurons.py",
    "colanet/engine/cuda/neurons.cuh",
}  # fmt: skip


@pytest.mark.parametrize("name", MOST)
def test_a_change_touches_no_more_files_than_it_may(name):
    assert len(patching.files(name)) <= MOST[name]


def test_a_state_variable_touches_four_files_beside_its_constant():
    assert patching.files("state_variable") - patching.files("neuron_constant") <= VARIABLE
    assert patching.files("state_variable") >= VARIABLE
    assert len(VARIABLE) == 4


@pytest.mark.parametrize(
    ("title", "name", "number"),
    [
        ("A plasticity rule", "plasticity_rule", 0),
        ("A neuron constant", "neuron_constant", 0),
        ("A neuron constant", "neuron_constant", 1),
    ],
)
def test_the_page_shows_what_the_patch_does(title, name, number):
    added = "".join(hunk.new for hunk in patching.hunks(name))
    for line in page.code(title, number=number).splitlines():
        if not line.startswith("def "):
            assert line.strip() in added


@pytest.fixture(scope="module")
def changed(tmp_path_factory) -> Path:
    """A copy of the package with all patches."""
    folder = patching.copy(tmp_path_factory.mktemp("changed"))
    for name in patching.NAMES:
        patching.apply(name, folder)
    return folder


@pytest.mark.parametrize("name", patching.NAMES)
def test_every_patch_fits_by_itself(name, tmp_path):
    patching.apply(name, patching.copy(tmp_path))


def test_a_patch_that_does_not_fit_is_refused(changed):
    with pytest.raises(ValueError, match="a hunk fits 0 places"):
        patching.apply("neuron_constant", changed)


@pytest.mark.slow
def test_what_the_patches_add_works_on_every_engine(changed):
    """All old numbers by hand, too: a new constant at its default changes nothing."""
    tests = ["tests/extending/patched", "tests/engine/test_by_hand.py", "tests/engine/test_operations.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=changed,
        env=os.environ | {"PYTHONPATH": str(changed), "NUMBA_CACHE_DIR": str(changed / "kernels")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
