"""The picture of a Verilog core: its numbers are those of network.vh, and nothing lies on top of each other."""

import json
from itertools import combinations
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from colanet import config, viz
from colanet.errors import DataError
from colanet.export import export
from colanet.plan import build
from colanet.plan.variables import initial_state
from colanet.viz.cores import Block, bits_of, blocks, constants_of, read_core

CHIP = Path(__file__).parents[2] / "configs" / "mnist_chip.yaml"


@pytest.fixture(scope="module")
def plan():
    return build(config.load(CHIP))


@pytest.fixture(scope="module", params=[True, False], ids=["learning", "fixed"])
def core(request, plan, tmp_path_factory):
    """Folder of a core with ten lanes."""
    folder = tmp_path_factory.mktemp("core")
    export("verilog", plan, initial_state(plan), folder, overwrite=True,
           options={"learn": request.param, "lanes": 10})  # fmt: skip
    return folder


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_picture_has_the_numbers_of_the_header(core):
    manifest, constants = read_core(core)
    shown = texts(viz.core_diagram(constants, "a core"))
    assert {"a core", "11,760 × 80", "neurons", "rows", f"sum {constants['SUM_BITS']}"} <= set(shown)
    assert ("117,600 × 13" in shown) == ("plasticity" in shown) == manifest["learn"]
    constants["SUM_BITS"] += 1
    assert f"sum {constants['SUM_BITS']}" in texts(viz.core_diagram(constants))


def test_memories_are_those_of_the_files(core):
    """A memory that has a file is as deep as the file, and its words have as many bits."""
    _, constants = read_core(core)
    files = {"potentials": "potential", "gates": "gate", "thresholds": "threshold", "codes": "code",
             "resources": "resource", "windows": "history", "states": "learning", "dues": "due"}  # fmt: skip
    drawn = {name: (words, bits) for block in blocks(constants) for name, words, bits in block.memories}
    for name, (words, bits) in drawn.items():
        path = core / f"{files.get(name, name)}.mem"
        if path.exists() and name != "list":  # of the list a file holds where its steps begin
            lines = path.read_text(encoding="ascii").split()
            assert (len(lines), len(lines[0])) == (words, -(-bits // 4)), name
    assert bits_of(constants) == sum(words * bits for words, bits in drawn.values())


def overlapping(found):
    """Pairs of blocks that touch each other."""

    def corners(block):
        x, y = block.at
        return x, y, x + block.width, y + block.height

    for a, b in combinations(found, 2):
        (x0, y0, x1, y1), (u0, v0, u1, v1) = corners(a), corners(b)
        if x0 < u1 and u0 < x1 and y0 < v1 and v0 < y1:
            yield a.name, b.name


def test_no_block_lies_on_another(core):
    assert list(overlapping(blocks(read_core(core)[1]))) == []
    assert list(overlapping([Block("a", (0, 0), 1, ""), Block("b", (0.5, 0.5), 1, "")])) == [("a", "b")]


def test_the_command_draws_and_refuses(core, call, tmp_path):
    assert call("picture", "core", core, "--out", tmp_path / "core.svg")[0] == 0
    assert "150 neurons" in (tmp_path / "core.svg").read_text(encoding="utf-8")
    (tmp_path / "core.json").write_text("[]")
    (tmp_path / "network.vh").write_text("")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="expected what colanet export --format verilog writes"):
            read_core(folder)
    (tmp_path / "core.json").write_text(json.dumps({}))
    with pytest.raises(DataError, match="is missing, expected the numbers"):
        viz.core_diagram(read_core(tmp_path)[1])


def test_a_header_is_read():
    text = "// A\nlocalparam signed [31:0] A = -3;\nlocalparam [63:0] B = {32'h1, 32'h2};\n"
    assert constants_of(text) == {"A": -3}
