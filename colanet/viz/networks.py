"""What a network is made of: inputs and populations as boxes, projections as arrows with kind, weight and delay."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from colanet.atomic import write_bytes, write_text
from colanet.config.model import ImageInput, Network, NoiseInput, Population, Projection, TargetInput
from colanet.errors import BackendUnavailable
from colanet.extras import need
from colanet.viz.figure import check_suffix, new_figure, save, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]

PLASTIC, EXCITING, INHIBITING, GATING, REWARD = "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#B8860B"
"""Colours of arrows."""
BOXES = {"input": "#eeeeee", "population": "#dcebf7"}
GAP_X, GAP_Y, HALF_WIDTH, HALF_HEIGHT = 3.6, 1.7, 0.8, 0.36
"""Between boxes, and half a box, in inches."""
BY_GRAPHVIZ = (".svg", ".png", ".pdf")
DOT = ".dot"
SECONDS = 60


class Box(NamedTuple):
    """An input or a population: its name, what it is, and which of both."""

    name: str
    text: str
    kind: str


class Arrow(NamedTuple):
    """A projection: from, to, what it does, its colour, and whether it holds its target down."""

    source: str
    target: str
    text: str
    colour: str
    holds: bool


def boxes(network: Network) -> list[Box]:
    """All inputs, then all populations."""
    inputs = [Box(one.name, _of_input(one), "input") for one in network.inputs]
    return inputs + [Box(p.name, _of_population(p), "population") for p in network.populations]


def arrows(network: Network) -> list[Arrow]:
    """All projections, in their order."""
    return [_arrow(projection) for projection in network.projections]


def _of_input(described: object) -> str:
    kind = "labels" if isinstance(described, TargetInput) else "noise" if isinstance(described, NoiseInput) else ""
    if isinstance(described, ImageInput) and described.shape is not None:
        return f"input, {' x '.join(str(n) for n in described.shape if n > 1)}"
    size = getattr(described, "size", None)
    return ", ".join(part for part in ("input", kind, f"{size} nodes" if size else "") if part)


def _of_population(population: Population) -> str:
    columns = population.columns or 1
    if 1 < columns < population.size:
        return f"{columns} columns of {population.size // columns}"
    return f"{population.size} neuron{'s' if population.size > 1 else ''}"


def _arrow(projection: Projection) -> Arrow:
    weight, words = projection.weight, projection.connection.replace("_", " ")
    if projection.kind == "plastic":
        what, colour = "plastic", PLASTIC
    elif projection.kind == "gating":
        what, colour = f"gate {weight:g}", GATING
    elif projection.kind == "reward":
        what, colour = f"reward {weight:g}", REWARD
    elif weight is None:
        what, colour = "forces a spike", EXCITING
    else:
        what, colour = f"weight {weight:g}", EXCITING if weight > 0 else INHIBITING
    late = projection.delay if isinstance(projection.delay, int) else "drawn"
    delay = "" if late == 1 else f", delay {late}"
    holds = weight is not None and weight < 0
    return Arrow(projection.source, projection.target, f"{what}\n{words}{delay}", colour, holds)


# ----------------------------------------------------------------------- Graphviz


def dot_of(network: Network) -> str:
    """The network in the language of Graphviz."""
    lines = [
        "digraph network {", '  graph [rankdir=LR, bgcolor=white, nodesep=0.5, ranksep=1.1, fontname="Helvetica"];',
        '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=12, color="#666666"];',
        '  edge [fontname="Helvetica", fontsize=9];',
    ]  # fmt: skip
    lines += [
        f'  {_quoted(box.name)} [label={_quoted(box.name + chr(10) + box.text)}, fillcolor="{BOXES[box.kind]}"];'
        for box in boxes(network)
    ]
    for one in arrows(network):
        head = ", arrowhead=tee" if one.holds else ""
        said = f'label={_quoted(one.text)}, color="{one.colour}", fontcolor="{one.colour}"{head}'
        lines.append(f"  {_quoted(one.source)} -> {_quoted(one.target)} [{said}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def draw_network(network: Network, path: str | os.PathLike[str]) -> str:
    """Draw a network into a file; the suffix says the format. Returns what drew it.

    `.dot` is the text for Graphviz. Where its program `dot` is there, it places boxes and arrows. Else networkx
    does, and matplotlib draws them.

    Raises
    ------
    ConfigError
        If the suffix names no format.
    BackendUnavailable
        If neither Graphviz nor the libraries are there.
    OutputError
        If the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix == DOT:
        write_text(path, dot_of(network))
        return "text"
    program = shutil.which("dot") if suffix in BY_GRAPHVIZ else None
    if program is None:
        check_suffix(path)
        save(network_diagram(network), path)
        return "matplotlib"
    words = [program, f"-T{suffix.lstrip('.')}"]
    try:
        done = subprocess.run(words, input=dot_of(network).encode(), capture_output=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendUnavailable(f"Graphviz failed: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise BackendUnavailable(f"Graphviz failed: {said[0] if said else f'exit status {done.returncode}'}")
    write_bytes(path, done.stdout)
    return "Graphviz"


# --------------------------------------------------------------------- matplotlib


@styled
def network_diagram(network: Network) -> Figure:
    """A network from left to right: inputs, what they reach, what that reaches.

    Raises
    ------
    BackendUnavailable
        If networkx or matplotlib is not installed.
    """
    places = _places(network)
    (left, low), (right, high) = (
        (side(x for x, _ in places.values()), side(y for _, y in places.values())) for side in (min, max)
    )
    width, height = right - left + 2 * HALF_WIDTH + 1.2, high - low + 2 * HALF_HEIGHT + 3.2
    figure = new_figure(width, height, constrained=False)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(left - HALF_WIDTH - 0.6, right + HALF_WIDTH + 0.6)
    axes.set_ylim(low - HALF_HEIGHT - 1.5, high + HALF_HEIGHT + 1.7)
    seen: Counter[frozenset[str]] = Counter()
    for one in arrows(network):
        pair = frozenset((one.source, one.target))
        _draw_arrow(axes, one, places[one.source], places[one.target], seen[pair])
        seen[pair] += 1
    for box in boxes(network):
        _draw_box(axes, box, places[box.name])
    return figure


def _places(network: Network) -> dict[str, Point]:
    """The middle of every box, in inches: a box stands right of all that it gets spikes from, but for feedback."""
    networkx = need("networkx", "plot")
    names = [box.name for box in boxes(network)]
    graph = networkx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from((one.source, one.target) for one in arrows(network))
    forward = graph.copy()
    forward.remove_edges_from(_feedback(graph))
    rows: dict[str, int] = {}
    for layer, members in enumerate(networkx.topological_generations(forward)):
        for name in members:
            graph.nodes[name]["layer"] = rows[name] = layer
    found = networkx.multipartite_layout(graph, subset_key="layer")
    tallest = max(Counter(rows.values()).values())
    ys = sorted({float(y) for _, y in found.values()})
    scale = GAP_Y * (tallest - 1) / ((ys[-1] - ys[0]) or 1)
    return {name: (GAP_X * rows[name], -float(y) * scale) for name, (_, y) in found.items()}


def _feedback(graph: Any) -> list[tuple[str, str]]:
    """Arrows that lead back to a box on the way to where they come from; without them there is no cycle."""
    networkx = need("networkx", "plot")
    back: list[tuple[str, str]] = []
    way: list[str] = []
    for source, target, step in networkx.dfs_labeled_edges(graph):  # inputs come first in the graph
        if step == "forward":
            way.append(target)
        elif step == "reverse":
            way.pop()
        elif step == "nontree" and target in way:
            back.append((source, target))
    return back


def _draw_box(axes: Axes, box: Box, at: Point) -> None:
    patches = need("matplotlib.patches", "plot")
    corner = at[0] - HALF_WIDTH, at[1] - HALF_HEIGHT
    style = {"boxstyle": "round,pad=0,rounding_size=0.1", "facecolor": BOXES[box.kind], "edgecolor": "#666666"}
    axes.add_patch(patches.FancyBboxPatch(corner, 2 * HALF_WIDTH, 2 * HALF_HEIGHT, zorder=3, **style))
    axes.text(at[0], at[1] + 0.1, box.name, ha="center", va="center", weight="bold", zorder=4)
    axes.text(at[0], at[1] - 0.15, box.text, ha="center", va="center", fontsize=8, zorder=4)


def _draw_arrow(axes: Axes, one: Arrow, start: Point, end: Point, number: int) -> None:
    """An arrow beside those that join the same boxes already; a loop stands on its box."""
    patches = need("matplotlib.patches", "plot")
    shape = "-[,widthB=0.35,lengthB=0" if one.holds else "-|>,head_width=0.18,head_length=0.35"
    loop = one.source == one.target
    if loop:
        up = HALF_HEIGHT + 0.55 * number
        start, end, bend = (start[0] - 0.35, start[1] + up), (end[0] + 0.35, end[1] + up), -1.1
        label = start[0] + 0.35, start[1] + 0.62
    else:
        across = end[0] - start[0], end[1] - start[1]
        span = abs(across[0]) / GAP_X
        # Long arrows pass above or below the boxes between, feedback on the other side of what it feeds on.
        side = -1 if (start[1] >= 0) == (across[0] > 0) else 1
        height = 0.2 if span < 1.5 else 0.8 + 0.2 * span
        bend = side * 2 * (height + 0.4 * number) / math.hypot(*across)
        label = (start[0] + end[0]) / 2 + bend / 2 * across[1], (start[1] + end[1]) / 2 - bend / 2 * across[0]
    axes.add_patch(
        patches.FancyArrowPatch(
            start, end, arrowstyle=shape, connectionstyle=f"arc3,rad={bend}", color=one.colour, linewidth=1.3,
            mutation_scale=14, shrinkA=0 if loop else 58, shrinkB=0 if loop else 62, zorder=2,
        )
    )  # fmt: skip
    frame = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.6}
    axes.text(*label, one.text, ha="center", va="center", fontsize=7, color=one.colour, zorder=5, bbox=frame)
