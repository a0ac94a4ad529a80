"""What is in a Verilog core: blocks in the order of a step, sizes of memories, widths of what runs between."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colanet.errors import DataError
from colanet.viz.figure import new_figure, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Constants = Mapping[str, int]
"""Numbers of network.vh by name."""
Point = tuple[float, float]
Memory = tuple[str, int, int]
"""Name, words, bits of a word."""

WIDTH, HEIGHT = 15.3, 9.0
"""Of the picture, in inches; all places below are inches from the lower left corner."""
HEAD, ROW = 0.72, 0.27
"""Heights of a block's head and of one of its memories."""
LARGE = 100_000
"""Bits from which a memory stands out: it fills several block memories of an FPGA."""
KINDS = {"step": ("#dcebf7", "#0072B2"), "learning": ("#f9e4d6", "#D55E00"), "service": ("#e9e9e9", "#666666")}
"""Colours of a block and of its frame."""
STAGES = ("clocks 1 to 6: random kick", "6: gate, leak, arrivals", "7: sum", "8: floor, periodic reset",
          "9: threshold", "10: winner of the column")  # fmt: skip
"""What happens to a neuron in the pipeline of `neurons`."""
INK, SOFT, STRONG = "#222222", "#555555", "#fff3c4"


@dataclass(frozen=True)
class Block:
    """A module of the core: its lower left corner and its width, what it does, its memories; notes below them."""

    name: str
    at: Point
    width: float
    text: str
    memories: Sequence[Memory] = ()
    number: str = ""
    kind: str = "step"
    least: float = 0.0
    notes: Sequence[str] = ()

    @property
    def height(self) -> float:
        """In inches."""
        return max(HEAD + ROW * len(self.memories) + 0.1 * bool(self.memories), self.least)


@dataclass(frozen=True)
class Arrow:
    """What runs from one block to another: a path, its text, where that stands."""

    path: Sequence[Point]
    text: str
    label: Point


def constants_of(header: str) -> dict[str, int]:
    """The numbers of a network.vh by name; lists of numbers are left out."""
    found = re.findall(r"^localparam signed \[31:0\] (\w+) = (-?\d+);$", header, re.MULTILINE)
    return {name: int(value) for name, value in found}


def read_core(folder: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, int]]:
    """Manifest and numbers of an exported core.

    Raises
    ------
    DataError
        If the folder holds none.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / "core.json").read_text(encoding="utf-8"))
        constants = constants_of((folder / "network.vh").read_text(encoding="utf-8"))
        if not isinstance(manifest, dict):
            raise ValueError("core.json: expected a manifest")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{folder}: expected what colanet export --format verilog writes ({reason})") from error
    return manifest, constants


# ------------------------------------------------------------------------------ content


def blocks(c: Constants) -> list[Block]:
    """The blocks of a core, each with its memories."""
    learner, nodes, everyone = c["LEARNER_SIZE"], c["ROW_NODES"], c["NEURONS"]
    own = [("potentials", everyone, c["POTENTIAL_BITS"]), ("gates", everyone, c["GATE_BITS"]),
           ("thresholds", learner, c["THRESHOLD_BITS"])]  # fmt: skip
    if c["LEARN"]:
        own.append(("awake", learner, c["WINDOW"]))
    spread = [("spans", c["SPANS"], 4 * c["TARGET_BITS"]), ("arrivals", everyone, c["ARRIVAL_BITS"])]
    fired = ("fired", 1 << c["FIRED_BITS"], c["NEURON_BITS"] + 1 + c["POTENTIAL_BITS"])
    made = [
        Block("events", (1.7, 6.6), 2.55, "spikes under way", [
            ("events", 1 << c["EVENT_ADDRESS"], c["SOURCE_BITS"])], "1", least=1.36),
        Block("list", (1.7, 4.35), 2.55, "input spikes of the rows", [
            ("list", 1 << c["LIST_ADDRESS"], c["NODE_BITS"])], "1", least=1.36),
        Block("deliver", (5.2, 6.6), 2.75, "small projections, span by span", spread, "2"),
        Block("rows", (5.2, 4.35), 2.75, f"lanes: {c['LANES']}, groups: {c['GROUPS']}", [
            ("codes", c["GROUPS"] * nodes, c["LANES"] * c["CODE_BITS"])], "3", least=1.36),
        Block("neurons", (8.9, 4.35), 2.5, "one neuron a clock", own, "3", least=3.61, notes=STAGES),
        Block("fire", (12.15, 6.3), 1.95, "potentials go back", [fired], "4", least=1.66),
        Block("registers", (1.7, 0.75), 2.55, "a request: five clocks", kind="service", least=1.63,
              notes=("keys of the random numbers", "rates, freeze", "a door to all memories")),
        Block("jenkins", (8.9, 3.0), 1.2, "six clocks", kind="service", least=0.72),
    ]  # fmt: skip
    if c["PERIOD"]:
        made.append(Block("answer", (12.75, 4.35), 1.35, "most votes", [
            ("votes", c["CLASSES"], c["VOTE_BITS"])], "6", least=1.09))  # fmt: skip
    return made + list(learning(c)) * bool(c["LEARN"])


def learning(c: Constants) -> Iterator[Block]:
    """The blocks that only a learning core has."""
    learner, nodes, post = c["LEARNER_SIZE"], c["ROW_NODES"], c["POST_BITS"]
    state = 32 + 1 + 32 + c["STABILITY_BITS"] + c["DEBT_BITS"] + 1
    yield Block("synapses", (5.2, 0.75), 2.75, "a sweep: one synapse a clock", [
        ("resources", learner * nodes, c["RESOURCE_BITS"] + 1),
        ("windows", nodes, c["WINDOW"] + c["STAMP_BITS"]),
        ("weights", 1 << c["RESOURCE_BITS"] - 1, c["CODE_BITS"]),
    ], "5", "learning")  # fmt: skip
    yield Block("plasticity", (8.9, 0.35), 2.5, "one neuron after another", [
        ("states", learner, state), ("rewards", 1 << post, post + c["REWARD_BITS"]), ("dues", 1 << post, post),
        ("scale", 1024, 31),
    ], "5", "learning")  # fmt: skip


def arrows(c: Constants) -> Iterator[Arrow]:
    """What runs between the blocks and the ports; the number is the width in bits."""
    node, neuron = c["NODE_BITS"], c["NEURON_BITS"]
    yield Arrow([(0.35, 6.15), (1.2, 6.15), (1.2, 7.15), (1.7, 7.15)], f"node {node}", (0.72, 6.32))
    yield Arrow([(1.2, 6.15), (1.2, 4.9), (1.7, 4.9)], "", (0, 0))
    yield Arrow([(4.25, 7.15), (5.2, 7.15)], f"source {c['SOURCE_BITS']}", (4.72, 7.3))
    yield Arrow([(4.25, 4.9), (5.2, 4.9)], f"node {node}", (4.72, 5.05))
    yield Arrow([(7.95, 7.15), (8.9, 7.15)], f"arrived {c['ARRIVAL_BITS']}", (8.42, 7.3))
    yield Arrow([(7.95, 4.9), (8.9, 4.9)], f"sum {c['SUM_BITS']}", (8.42, 5.05))
    yield Arrow([(11.4, 7.1), (12.15, 7.1)], f"excess {c['POTENTIAL_BITS']}", (11.77, 7.25))
    yield Arrow([(14.1, 7.1), (14.95, 7.1)], f"neuron {neuron}", (14.5, 7.25))
    back = [(13.1, 7.96), (13.1, 8.25), (2.95, 8.25), (2.95, 7.96)]
    yield Arrow(back, f"spikes of neurons {neuron}", (8.1, 8.25))
    yield Arrow([(0.35, 1.55), (1.7, 1.55)], "word 32", (0.95, 1.7))
    yield Arrow([(9.5, 3.72), (9.5, 4.35)], "hash 32", (9.5, 4.03))
    if c["PERIOD"]:
        yield Arrow([(13.45, 6.3), (13.45, 5.44)], f"class {c['CLASS_BITS']}", (13.45, 5.87))
        yield Arrow([(14.1, 4.9), (14.95, 4.9)], f"class {c['CLASS_BITS']}", (14.5, 5.05))
    if c["LEARN"]:
        yield Arrow([(9.5, 3.0), (9.5, 2.25)], "hash 32", (9.5, 2.62))
        yield Arrow([(10.35, 4.35), (10.35, 2.25)], f"reward {c['REWARD_BITS']}", (10.45, 3.03))
        yield Arrow([(11.1, 2.25), (11.1, 4.35)], f"threshold {c['THRESHOLD_BITS']}", (11.0, 3.63))
        yield Arrow([(12.45, 6.3), (12.45, 1.3), (11.4, 1.3)], f"neuron {neuron}", (12.45, 3.35))
        yield Arrow([(8.9, 1.75), (7.95, 1.75)], f"change {c['STEP_BITS']}", (8.42, 1.9))
        yield Arrow([(7.95, 1.05), (8.9, 1.05)], f"added {c['DEBT_BITS']}", (8.42, 1.2))
        yield Arrow([(5.9, 4.35), (5.9, 2.38)], f"node {node}", (5.9, 3.35))
        yield Arrow([(7.2, 2.38), (7.2, 4.35)], f"code {c['CODE_BITS']}", (7.2, 3.35))


def bits_of(c: Constants) -> int:
    """Bits of all memories that the picture shows."""
    return sum(words * bits for block in blocks(c) for _, words, bits in block.memories)


# ------------------------------------------------------------------------------ drawing


@styled
def core_diagram(constants: Constants, title: str = "") -> Figure:
    """Blocks of a core in the order of a step, with words x bits of every memory, and widths on the arrows.

    Parameters
    ----------
    constants : dict of str to int
        Numbers of network.vh, see `constants_of`.
    title : str
        Above the picture.

    Raises
    ------
    DataError
        If numbers are missing.
    """
    figure = new_figure(WIDTH, HEIGHT, constrained=False)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_xlim(0, WIDTH)
    ax.set_ylim(0, HEIGHT)
    ax.set_axis_off()
    try:
        for block in blocks(constants):
            _block(ax, block)
        for arrow in arrows(constants):
            _arrow(ax, arrow)
        total = bits_of(constants)
    except KeyError as error:
        raise DataError(f"{error.args[0]} is missing, expected the numbers of network.vh") from error
    ax.text(0.35, 8.68, title, fontsize=15, fontweight="bold", color=INK, va="center")
    told = f"circles: order of a step     arrows: bits     memories: words × bits, together {total / 1e6:,.2f} Mbit"
    ax.text(WIDTH - 0.35, 8.68, told, fontsize=10.5, color=SOFT, va="center", ha="right")
    _ports(ax, constants)
    return figure


def _ports(ax: Axes, c: Constants) -> None:
    ports = [("spikes in", 0.35, 5.95, "left"), ("bus", 0.35, 1.35, "left"), ("fired", 14.95, 6.9, "right")]
    if c["PERIOD"]:
        ports.append(("answer", 14.95, 4.7, "right"))
    for name, x, y, side in ports:
        ax.text(x, y, name, fontsize=9.5, fontweight="bold", color=INK, ha=side, va="center", zorder=6)


def _block(ax: Axes, block: Block) -> None:
    """One block: a frame, its name, what it does, its memories."""
    from matplotlib.patches import Circle, FancyBboxPatch

    (x, y), face, edge = block.at, *KINDS[block.kind]
    shape = "round,pad=0,rounding_size=0.09"
    frame = FancyBboxPatch((x, y), block.width, block.height, boxstyle=shape, fc=face, ec=edge, lw=1.4, zorder=3)
    ax.add_patch(frame)
    top = y + block.height
    ax.text(x + 0.14, top - 0.23, block.name, fontsize=12.5, fontweight="bold", color=edge, va="center", zorder=5)
    ax.text(x + 0.14, top - 0.51, block.text, fontsize=9, color=INK, va="center", zorder=5)
    if block.number:
        middle = (x + block.width - 0.23, top - 0.23)
        ax.add_patch(Circle(middle, 0.145, fc=edge, ec="none", zorder=5))
        ax.text(*middle, block.number, fontsize=9.5, color="white", fontweight="bold", ha="center", va="center",
                zorder=6)  # fmt: skip
    for i, memory in enumerate(block.memories):
        _memory(ax, (x + 0.12, top - HEAD - ROW * (i + 1) + 0.03), block.width - 0.24, memory, edge)
    below = top - HEAD - ROW * len(block.memories) - 0.18 * bool(block.memories)
    for i, note in enumerate(block.notes):
        ax.text(x + 0.19, below - 0.06 - 0.24 * i, note, fontsize=8.5, color=SOFT, va="center", zorder=5)


def _memory(ax: Axes, at: Point, width: float, memory: Memory, edge: str) -> None:
    """One memory: its name, and how many words of how many bits."""
    from matplotlib.patches import Rectangle

    name, words, bits = memory
    face = STRONG if words * bits >= LARGE else "white"
    ax.add_patch(Rectangle(at, width, ROW - 0.05, fc=face, ec=edge, lw=0.7, zorder=4))
    middle = at[1] + (ROW - 0.05) / 2 - 0.01
    ax.text(at[0] + 0.07, middle, name, fontsize=8.5, color=INK, va="center", zorder=5)
    ax.text(at[0] + width - 0.07, middle, f"{words:,} × {bits}", fontsize=8.5, color=INK, va="center", ha="right",
            zorder=5)  # fmt: skip


def _arrow(ax: Axes, arrow: Arrow) -> None:
    """A path with a head at its end."""
    xs, ys = zip(*arrow.path, strict=True)
    ax.plot(xs[:-1], ys[:-1], color=SOFT, lw=1.3, zorder=2, solid_capstyle="round")
    look = {"arrowstyle": "-|>,head_width=0.22,head_length=0.42", "color": SOFT, "lw": 1.3}
    look |= {"shrinkA": 0, "shrinkB": 0}
    ax.annotate("", xy=arrow.path[-1], xytext=arrow.path[-2], arrowprops=look, zorder=2)
    if arrow.text:
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        ax.text(*arrow.label, arrow.text, fontsize=8.5, color=INK, ha="center", va="center", bbox=box, zorder=2.5)
