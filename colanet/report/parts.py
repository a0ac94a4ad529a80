"""The parts that a page is built of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Figure = dict[str, Any]
"""A figure of Plotly: `data` and `layout`. A colour may be a variable of the style sheet, `var(--NAME)`."""


@dataclass(frozen=True)
class Chart:
    """A figure and what it shows; `height` in pixels."""

    caption: str
    figure: Figure
    height: int = 320


@dataclass(frozen=True)
class Table:
    """Rows under headings. The first cell of a row names it."""

    caption: str
    heading: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Stage:
    """The fields of all neurons at one time: a mosaic as address, and its name."""

    name: str
    picture: str


@dataclass(frozen=True)
class Mosaic:
    """Receptive fields, column by column.

    Attributes
    ----------
    stages : sequence of Stage
        The same neurons after each task; one without tasks.
    across, down : int
        Fields in a row and in a column of a mosaic.
    shape : (height, width)
    columns : sequence of (str, sequence of int)
        Name and neurons of each column.
    unused : set of int
        Neurons that have learnt nothing.
    neurons : dict of str to list of (str, str)
        By the number of a neuron: what is known of it, name and value.
    best : dict of str to list of (int, str)
        By the number of a neuron: places in `images` of its best images, and what stands below each.
    images : Mosaic or None
        Images, in the form of fields.
    note : str
    """

    stages: Sequence[Stage]
    across: int
    down: int
    shape: tuple[int, int]
    columns: Sequence[tuple[str, Sequence[int]]] = ()
    unused: frozenset[int] = frozenset()
    neurons: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    best: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    images: Mosaic | None = None
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """How one image was answered.

    Attributes
    ----------
    kind : {'right', 'wrong', 'unanswered'}
    title : str
    picture : str
        Address.
    facts : sequence of (str, str)
    story : sequence of (str, str)
        Step, and what happened in it.
    charts : sequence of Chart
    """

    kind: str
    title: str
    picture: str
    facts: Sequence[tuple[str, str]]
    story: Sequence[tuple[str, str]]
    charts: Sequence[Chart]


@dataclass(frozen=True)
class Section:
    """A part of a page under one heading."""

    title: str
    text: str = ""
    cards: Sequence[tuple[str, str]] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    fields: Mosaic | None = None
    decisions: Sequence[Decision] = ()
    folded: bool = False


@dataclass(frozen=True)
class Part:
    """All that is said of one file."""

    name: str
    text: str
    sections: Sequence[Section]
