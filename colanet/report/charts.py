"""Figures of a page, as plain values for Plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from colanet.report.parts import Chart

BLOCK = 500
"""Images over which the accuracy while learning is averaged, if there are many."""
NUMBERS_UP_TO = 24
"""Rows of a matrix whose cells show their numbers."""
BINS = 60
MOST_POINTS = 1000
"""Of a curve."""


def numbers(values: Any, digits: int = 4) -> list[float | None]:
    """Rounded numbers for JSON; None where there is none."""
    return [None if not np.isfinite(v) else round(float(v), digits) for v in np.asarray(values).ravel()]


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": title}, "automargin": True, "zeroline": False, **more}


def lines(
    caption: str,
    curves: Mapping[str, tuple[Sequence[Any], Sequence[Any]]],
    x: str,
    y: str,
    *,
    marks: Sequence[float] = (),
    low: float | None = None,
    markers: bool = False,
) -> Chart:
    """Curves by name, each with its x and y; vertical lines at `marks`; `markers`: x are few whole numbers."""
    data = [
        {"type": "scatter", "mode": "lines+markers" if markers else "lines", "name": name, "x": list(xs),
         "y": list(ys)}
        for name, (xs, ys) in curves.items()
    ]  # fmt: skip
    shapes = [
        {"type": "line", "x0": at, "x1": at, "yref": "paper", "y0": 0, "y1": 1,
         "line": {"color": "var(--soft)", "width": 1, "dash": "dot"}}
        for at in marks
    ]  # fmt: skip
    vertical = axis(y, **({} if low is None else {"range": [low, None]}))
    few = markers and max((max(xs, default=0) for xs, _ in curves.values()), default=0) <= NUMBERS_UP_TO
    horizontal = axis(x, **({"dtick": 1} if few else {}))
    layout = {"xaxis": horizontal, "yaxis": vertical, "shapes": shapes, "showlegend": len(curves) > 1}
    return Chart(caption, {"data": data, "layout": layout})


def blocks(right: np.ndarray) -> tuple[list[int], list[float | None]]:
    """Mean of truths over blocks of images: where each block ends, and its percentage."""
    size = max(min(BLOCK, len(right) // 20), 1, -(-len(right) // MOST_POINTS))
    whole = len(right) // size
    means = right[: whole * size].reshape(whole, size).mean(axis=1)
    return [size * (i + 1) for i in range(whole)], numbers(100 * means, 2)


def thinned(xs: Sequence[int], ys: Sequence[float]) -> tuple[list[int], list[float]]:
    """A curve of at most `MOST_POINTS`: neighbours become their mean, at the place of the last of them."""
    size = max(-(-len(xs) // MOST_POINTS), 1)
    parts = range(0, len(xs), size)
    return [xs[min(i + size, len(xs)) - 1] for i in parts], [float(np.mean(ys[i : i + size])) for i in parts]


def histogram(caption: str, values: np.ndarray, x: str, y: str) -> Chart:
    """How values are distributed, NaN left out."""
    every = values[np.isfinite(values)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    middle = numbers((edges[1:] + edges[:-1]) / 2, 6)
    counts = np.histogram(every, edges)[0].tolist()
    data = [{"type": "bar", "x": middle, "y": counts, "marker": {"line": {"width": 0}}}]
    layout = {"xaxis": axis(x), "yaxis": axis(y), "bargap": 0.05}
    return Chart(caption, {"data": data, "layout": layout})


def bars(caption: str, names: Sequence[str], values: Any, x: str, y: str) -> Chart:
    """A bar for each name."""
    data = [{"type": "bar", "x": list(names), "y": numbers(values), "marker": {"line": {"width": 0}}}]
    layout = {"xaxis": axis(x, type="category"), "yaxis": axis(y, rangemode="tozero"), "bargap": 0.2}
    return Chart(caption, {"data": data, "layout": layout})


def matrix(
    caption: str,
    values: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    x: str,
    y: str,
    *,
    told: str,
    texts: np.ndarray | None = None,
    limits: tuple[float, float] = (0, 100),
    both: bool = False,
) -> Chart:
    """A heat map; `told` is the text under the pointer; `both`: colours for values below and above 0."""
    shown = max(values.shape) <= NUMBERS_UP_TO and texts is not None
    scale = [[0, "var(--page)"], [1, "var(--c0)"]]
    if both:
        scale = [[0, "var(--c1)"], [0.5, "var(--page)"], [1, "var(--c0)"]]
    data: dict[str, Any] = {
        "type": "heatmap", "z": [numbers(row, 3) for row in values], "x": list(columns), "y": list(rows),
        "zmin": limits[0], "zmax": limits[1], "colorscale": scale, "showscale": not shown, "xgap": 1, "ygap": 1,
        "hovertemplate": told + "<extra></extra>", "hoverongaps": False,
    }  # fmt: skip
    if texts is not None:
        data |= {"text": texts.tolist()} | ({"texttemplate": "%{text}"} if shown else {})
    layout = {
        "xaxis": axis(x, type="category", showgrid=False),
        "yaxis": axis(y, type="category", autorange="reversed", showgrid=False),
    }
    return Chart(caption, {"data": [data], "layout": layout}, int(np.clip(120 + 30 * len(rows), 260, 620)))


def confusion(caption: str, counts: np.ndarray, names: Sequence[str]) -> Chart:
    """Answers to the images of each class, in percent of the class; an extra row and column: none."""
    more = ["none"] if len(counts) > len(names) else []
    every = [*names, *more]
    rows = [row for row in range(len(counts)) if row < len(names) or counts[row].any()]
    table = counts[rows]
    total = table.sum(axis=1, keepdims=True)
    share = 100 * np.divide(table, total, out=np.zeros(table.shape), where=total > 0)
    texts = np.where(table > 0, table.astype(str), "")
    told = "class %{y}, answer %{x}<br>%{text} images, %{z:.1f} %"
    return matrix(caption, share, [every[row] for row in rows], every, "answer", "class", told=told, texts=texts)
