"""An export format from outside: one function and one entry point; the command line lists and calls it."""

import json

import pytest

from tests.extending import ROOT, colanet
from tests.outside import package

FORMAT = '''"""The number of synapses of every projection, one a line."""

from colanet.atomic import write_text


def counts(plan, state, folder):
    """Synapses of every projection as text (counts.txt)."""
    lines = [f"{p.name} {plan.synapses(p.index, 0).count}\\n" for p in plan.projections]
    write_text(folder / "counts.txt", "".join(lines))
    return [folder / "counts.txt"]
'''


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
    assert out.splitlines()[1] == "counts  Synapses of every projection as text (counts.txt)."
    assert colanet(folder, "export", "s.h5", "--format", "counts", "--out", "o") == (0, "o/counts.txt\n", "")
    assert (folder / "o" / "counts.txt").read_text() == "R->N 10\n"
