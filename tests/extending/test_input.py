"""A file that names a library which is not ours: run with a package of one's own, or with noise in its place."""

import json
import re

import pytest

from tests.extending import ROOT, colanet
from tests.outside import package

MAKER = '''"""A ball that goes round: one node after another."""

import numpy as np


class Ball:
    n_steps = 400

    def __init__(self, size, pace):
        self.size, self.pace = size, pace

    def spikes(self, first, last):
        steps = np.arange(first, last)
        rows = np.zeros((last - first, self.size), dtype=bool)
        rows[np.arange(last - first), steps // self.pace % self.size] = steps % self.pace == 0
        return rows


def make(args, *, name, size, seed, base_dir):
    if "speed" not in args:
        raise KeyError("speed")
    return Ball(size, int(args["speed"]["pace"]))
'''

FILE = """<?xml version="1.0" encoding="utf - 8"?>
<SNN>
  <RECEPTORS name="R" n="5">
    <Implementation lib="ping-pong-environment">
      <args><speed unit="cell"><pace>4</pace></speed></args>
    </Implementation>
  </RECEPTORS>
  <NETWORK>
    <Sections>
      <Section name="L"><props><n>5</n></props></Section>
      <Link from="R" to="L" policy="aligned"><weight>9</weight></Link>
    </Sections>
  </NETWORK>
</SNN>
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "game.nnc").write_text(FILE)
    return tmp_path


def test_the_example_of_the_page(folder):
    page = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    install(folder, re.search(r"```python\n(.*?)```", page, re.DOTALL)[1])
    run = ["run", "game.nnc", "--quiet", "--json", "--stop-at", 1000, "--out", "o", "--record", "list"]
    assert colanet(folder, *run)[0] == 0
    fired = sum(len(line.split(",")) for line in (folder / "o" / "spikes.L.0.csv").read_text().splitlines())
    assert 400 < fired < 600  # five nodes of rate 0.1
    yaml = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1]
    (folder / "game.yaml").write_text(yaml + "populations: [{name: L, size: 3}]\n")
    assert colanet(folder, "validate", "game.yaml")[0] == 0


def install(folder, text=MAKER):
    package(folder, "ball", text, {"colanet.inputs": {"ping-pong-environment": "make"}}, None)


def test_a_package_plays_the_part(folder):
    install(folder)
    assert colanet(folder, "validate", "game.nnc")[:2] == (
        0,
        "game.nnc: ok (1 input, 1 population, 5 neurons, 1 projection, 1 copy)\n",
    )
    status, out, err = colanet(folder, "run", "game.nnc", "--quiet", "--json", "--out", "out", "--record", "list")
    assert (status, err) == (0, "")
    assert json.loads(out)["steps"] == 400
    # Node k fires at the steps 4 k + 20 j; neuron k one step later.
    lines = (folder / "out" / "spikes.L.0.csv").read_text().splitlines()
    assert lines == [",".join(str(t + 1) for t in range(4 * k, 400, 20)) for k in range(5)]


def test_without_it_the_file_is_refused_and_noise_can_take_its_place(folder):
    for command in ("validate", "plan", "run"):
        status, out, err = colanet(folder, command, "game.nnc")
        assert (status, out) == (2, "")
        assert err.startswith("game.nnc:4: RECEPTORS R: lib: 'ping-pong-environment' is no library of colanet")
        assert err.count("\n") == 1
    noise = ["--stand-in", "R=noise::0.5"]
    warning = "warning: game.nnc:3: RECEPTORS R: noise of rate 0.5 stands in for ping-pong-environment\n"
    status, out, err = colanet(folder, "validate", "game.nnc", *noise)
    assert (status, err) == (0, warning)
    assert out.startswith("game.nnc: ok")
    status, out, err = colanet(folder, "plan", "game.nnc", *noise)
    assert (status, err) == (0, warning)
    assert "R" in out
    status, out, err = colanet(folder, "run", "game.nnc", "--quiet", "--json", *noise, "--stop-at", 300)
    assert (status, err) == (0, warning)
    assert json.loads(out)["steps"] == 300
    assert colanet(folder, "run", "game.nnc", *noise)[0] == 2


def test_an_error_of_the_package_is_one_line(folder):
    install(folder)
    (folder / "game.nnc").write_text(FILE.replace("speed", "haste"))
    said = "input R: plug-in ping-pong-environment: KeyError: 'speed'\n"
    assert colanet(folder, "run", "game.nnc") == (2, "", said)
    install(folder, "import nothing_of_that_name\n")
    status, _, err = colanet(folder, "run", "game.nnc")
    assert status == 2
    assert err.startswith("plug-in input ping-pong-environment: ball:make cannot be loaded: ")
    assert err.count("\n") == 1
