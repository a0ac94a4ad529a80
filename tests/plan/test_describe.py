"""What `colanet plan` prints, as docs/plan.md shows it."""

import re
from pathlib import Path

from colanet.commands.plan import PlanOptions, made_plan
from colanet.plan.describe import describe

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")


def printed(name):
    options = PlanOptions(ROOT / "configs" / name, seed=0, data=None, stand_ins=(), lenient=False)
    return describe(made_plan(options))


def test_the_page_shows_the_smallest_network_as_it_is_printed():
    shown = re.search(r"^It prints, .*?:\n\n(.*?)\nIn this order:", PAGE, re.DOTALL | re.M)[1]
    lines = [line.removeprefix("    ") for line in shown.rstrip().splitlines()]
    assert lines == printed("single_neuron.yaml").splitlines()


def test_the_lines_of_the_learning_network_are_printed():
    shown = re.search(r"Of `configs/mnist.nnc` it prints.*?\n\n(.*?)\n\nNothing", PAGE, re.DOTALL | re.M)[1]
    found = {line.strip() for line in printed("mnist.nnc").splitlines()}
    lines = [line.strip() for line in shown.splitlines() if line]
    assert len(lines) == 7
    assert set(lines) <= found


def test_the_bits_of_a_network_are_printed():
    told = printed("mnist_chip.yaml")
    assert "holds 32.767 at most, in steps of 0.001" in told
    # 2047 / 512; 411 / 255 is 2, rounded up.
    assert "resources up to 3.99805 in steps of 1/512, stochastic; weights in steps of 0.002" in told
    assert "in steps of" not in printed("mnist.yaml")
