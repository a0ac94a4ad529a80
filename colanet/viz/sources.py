"""What pictures show, taken out of networks and files: receptive fields, and the spikes of one image."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from colanet import contents
from colanet.checkpoints import saved_state
from colanet.config.model import ImageInput, Network, TargetInput
from colanet.datasets import known_classes
from colanet.encoding import Presentation, build_sources
from colanet.encoding.features import pictures_of
from colanet.encoding.sources import SpikeSource
from colanet.encoding.stretch import Spikes
from colanet.errors import CheckpointError, ConfigError, DataError, Problem
from colanet.inspection import weights as weights_of
from colanet.plan import Plan
from colanet.plan.variables import State
from colanet.session import Recording, Session
from colanet.storage import read_h5
from colanet.viz.fields import receptive_fields
from colanet.viz.spikes import raster

Shape = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Fields:
    """Receptive fields with what is needed to draw them; see `colanet.viz.receptive_fields`.

    Attributes
    ----------
    weights : ndarray of float, shape (stages, pixels, neurons)
    columns : int
    shape : (height, width)
    used : ndarray of bool, shape (stages, neurons), or None
    titles : tuple of str, one a stage
    labels : tuple of str, one a column, or None
    """

    weights: np.ndarray
    columns: int
    shape: Shape
    used: np.ndarray | None
    titles: tuple[str, ...]
    labels: tuple[str, ...] | None = None

    def draw(self) -> Any:
        """The figure."""
        titles = self.titles if any(self.titles) else None
        return receptive_fields(
            self.weights, self.columns, self.shape, used=self.used, titles=titles, labels=self.labels
        )


# ------------------------------------------------------------------ receptive fields


def projection_of(plan: Plan, name: str | None = None) -> str:
    """The plastic projection from an input, by name or as the only one there is.

    Raises
    ------
    ConfigError
        If there is no such projection, or several and none is named.
    """
    there = [p.name for p in plan.projections if p.kind == "plastic" and p.from_input]
    if name is None and len(there) == 1:
        return there[0]
    if name in there:
        return str(name)
    known = ", ".join(there) or "none"
    wanted = "one of them" if name is None else f"not {name}"
    raise ConfigError(Problem(f"plastic projections from an input: {known}; expected {wanted}", "receptive fields"))


def shape_of(pixels: int, network: Network | None = None, source: int = 0) -> Shape:
    """Height and width of the pictures of an input: as it says, channels side by side, or a square.

    Raises
    ------
    ConfigError
        If the input does not say and its nodes are no square.
    """
    described = network.inputs[source] if network is not None else None
    if isinstance(described, ImageInput) and described.shape is not None:
        width, height, channels = described.shape
        return height, width * channels
    side = math.isqrt(pixels)
    if side * side != pixels:
        message = f"{pixels} pixels are no square; say the shape, HEIGHT x WIDTH"
        raise ConfigError(Problem(message, "receptive fields"))
    return side, side


def columns_of(columns: int, neurons: int) -> int:
    """Rows of the picture: the columns, or the neurons of a population without columns."""
    return columns or (1 if neurons <= 20 else neurons)


def fields_of(
    plan: Plan,
    state: State,
    *,
    copy: int = 0,
    projection: str | None = None,
    shape: Shape | None = None,
    title: str = "",
) -> Fields:
    """The receptive fields of a network in some state.

    A neuron is drawn as unused if all its resources are still those it began with.

    Raises
    ------
    ConfigError
        If there is no such copy or projection, or its source is no picture.
    """
    if not 0 <= copy < plan.copies:
        raise ConfigError(f"copy {copy}: expected 0..{plan.copies - 1}, there are {plan.copies} copies")
    found = plan.projection(projection_of(plan, projection))
    target, described = plan.populations[found.target], plan.description
    values = weights_of(plan, state, found.name, copy)
    values = pictures_of(described.inputs[found.source], values)
    shape = shape or shape_of(len(values), described, found.source)
    post = plan.synapses(found.index, copy).post
    changed = state[f"{copy}/{found.name}/resource"] != plan.resources(found.index, copy)
    used = np.bincount(post[changed], minlength=found.target_size) > 0
    columns = columns_of(target.columns, found.target_size)
    return Fields(values[None], columns, shape, used[None], (title,), class_names(described, columns))


def class_names(network: Network, columns: int) -> tuple[str, ...] | None:
    """Names of the classes, if the labels are those of a data set and every class has a column."""
    target = next((i for i in network.inputs if isinstance(i, TargetInput)), None)
    classes = known_classes(target.target_file) if target else None
    return classes if classes and len(classes) == columns else None


def read_fields(
    path: str | os.PathLike[str],
    *,
    copy: int = 0,
    projection: str | None = None,
    shape: Shape | None = None,
    tasks: Sequence[int] = (),
) -> Fields:
    """Receptive fields out of a file.

    Parameters
    ----------
    path : path
        A saved state or checkpoint of `colanet run`, or a run of `colanet continual`.
    copy, projection, shape
        As for `fields_of`; runs of `colanet continual` hold copy 0 and the only projection.
    tasks : sequence of int
        Of a run: after which tasks, from 1; empty: after all if there are at most three, else after the first
        and the last.

    Raises
    ------
    CheckpointError
        If the file is damaged or holds no receptive fields.
    ConfigError
        If what is asked for is not in it.
    """
    arrays, attributes = read_h5(path)
    kind = attributes.get("kind")
    if kind == "outcome":
        if copy or projection:
            raise ConfigError(f"{path}: holds one projection of copy 0; only states have others to choose from")
        return _fields_of_run(path, arrays, attributes, shape, tasks)
    if kind == "results":
        raise CheckpointError(f"{path}: results hold no weights; give the state that colanet run --save writes")
    if tasks:
        raise ConfigError(f"{path}: a saved state has no tasks to choose from")
    plan, state = saved_state(path)
    return fields_of(plan, state, copy=copy, projection=projection, shape=shape, title=Path(path).stem)


def _fields_of_run(
    path: str | os.PathLike[str],
    arrays: dict[str, np.ndarray],
    attributes: dict[str, Any],
    shape: Shape | None,
    tasks: Sequence[int],
) -> Fields:
    """The fields in the outcome of a run of `colanet continual`."""
    fields = arrays.get("fields", np.zeros(0))
    if fields.ndim != 3 or not fields.size or fields.dtype.kind != "f":
        raise CheckpointError(f"{path}: holds no receptive fields; a comparison method has none")
    n, columns = len(fields), contents.integer(path, attributes, "columns", 0, fields.shape[2])
    try:
        names = [str(name) for name in json.loads(contents.text(path, attributes, "tasks"))]
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged, it does not say its tasks") from error
    joint = n == 1 < len(names)
    # A long run has kept those after its first and its last task.
    after = list(range(1, n + 1)) if n in (1, len(names)) else [1, len(names)]
    if len(after) != n:
        raise CheckpointError(f"{path}: damaged, {len(names)} tasks and fields of {n}")
    wrong = [task for task in tasks if task not in after]
    if wrong:
        there = f"1..{n}" if after[-1] == n else f"1 and {after[-1]}"
        raise ConfigError(f"task {wrong[0]}: {path} has fields after the tasks {there}")
    chosen = [after.index(task) for task in tasks] or (list(range(n)) if n <= 3 else [0, n - 1])
    titles = tuple(
        "all tasks together" if joint else f"after {names[after[k] - 1]} (task {after[k]})" for k in chosen
    )
    rows = columns_of(columns, fields.shape[2])
    return Fields(fields[chosen].astype(np.float64), rows, shape or shape_of(fields.shape[1]), None, titles)


def side_by_side(parts: Sequence[Fields]) -> Fields:
    """Several networks' fields in one picture.

    Raises
    ------
    DataError
        If they differ in size.
    """
    first = parts[0]
    for part in parts[1:]:
        if part.weights.shape[1:] != first.weights.shape[1:] or part.columns != first.columns:
            a, b = (f"{p.weights.shape[2]} neurons of {p.weights.shape[1]} pixels" for p in (first, part))
            raise DataError(
                f"{a} and {b} ({part.titles[0]}): networks of different size, expected equal sizes for one picture"
            )
    masks = [part.used for part in parts]
    known = [m for m in masks if m is not None]
    return replace(
        first,
        weights=np.concatenate([part.weights for part in parts]),
        used=np.concatenate(known) if len(known) == len(masks) else None,
        titles=sum((part.titles for part in parts), ()),
        labels=next((part.labels for part in parts if part.labels), None),
    )


# ---------------------------------------------------------------------------- spikes


class From:
    """A spike source from a later step on."""

    def __init__(self, source: SpikeSource, first: int) -> None:
        self.source, self.first = source, first
        self.name, self.size = source.name, source.size
        self.parts = getattr(source, "parts", ())  # which a saved network gives the features it has learnt
        self.n_steps = None if source.n_steps is None else max(source.n_steps - first, 0)

    def spikes(self, start: int, stop: int) -> Spikes:
        """Spikes of the steps start <= t < stop, counted from the first."""
        return self.source.spikes(self.first + start, self.first + stop)


def only(presentation: Presentation, image: int, count: int = 1) -> Presentation:
    """A presentation of `count` images alone, from image number `image` on; training images come first.

    Raises
    ------
    ConfigError
        If the network sees no images one after another, or there are not so many.
    """
    p = presentation
    if p.period is None or p.labels is None:
        raise ConfigError(Problem("there are no labelled images to show one of", "inputs"))
    there = p.n_train + p.n_test
    if not 0 <= image <= there - count:
        last = f"0..{there - 1}, the last {p.n_test} for testing"
        raise ConfigError(f"image {image}: {count} from there on, but there are {there} images, {last}")
    n_train = min(max(p.n_train - image, 0), count)
    return replace(
        p,
        sources=tuple(From(source, image * p.period) for source in p.sources),
        n_train=n_train,
        n_test=count - n_train,
        labels=p.labels[image : image + count],
        learning_time=n_train * p.period,
        n_steps=count * p.period,
    )


def draw_image(
    network: Network,
    image: int,
    *,
    base_dir: str | os.PathLike[str] = ".",
    state: str | os.PathLike[str] | None = None,
    count: int = 1,
    copy: int = 0,
    seed: int = 0,
    engine: str = "auto",
    data_dir: str | os.PathLike[str] | None = None,
) -> Any:
    """Show images to a network and draw the spikes of all its sections.

    Parameters
    ----------
    network : Network
    image : int
        From 0, training images first; a training image comes with its label.
    state : path or None
        The state the network is in; None: it is new.
    count : int
        Images, one after the other.
    copy : int
    seed, engine, base_dir, data_dir
        As for `colanet.Session`.

    Raises
    ------
    ConfigError, DataError, CheckpointError
    """
    shown = only(build_sources(network.inputs, base_dir=base_dir, seed=seed, data_dir=data_dir), image, count)
    copies = saved_state(state)[0].copies if state is not None else copy + 1
    if not 0 <= copy < copies:
        raise ConfigError(f"copy {copy}: expected 0..{copies - 1}, there are {copies} copies")
    names = [i.name for i in network.inputs] + [p.name for p in network.populations]
    session = Session(
        network, engine=engine, seed=seed, copies=copies, presentation=shown, recording=Recording(tuple(names))
    )
    if state is not None:
        session.load(state)
    session.run()
    inputs = {name for name, _ in session.plan.inputs}
    spikes = {name: session.spikes(name, 0 if name in inputs else copy) for name in names}
    sizes = dict(session.plan.inputs) | {p.name: p.size for p in session.plan.populations}
    columns = {p.name: p.columns for p in session.plan.populations}
    return raster(
        spikes, int(shown.period or 1), _presented(network, int(shown.period or 1)), sizes=sizes, columns=columns,
        title=_title(network, shown, image),
    )  # fmt: skip


def _presented(network: Network, period: int) -> int:
    """Steps of the period in which pictures spike."""
    steps = [i.presentation or i.period for i in network.inputs if isinstance(i, ImageInput)]
    return min(max(steps, default=period), period)


def _title(network: Network, shown: Presentation, image: int) -> str:
    """Which images these are, by class."""
    assert shown.labels is not None
    names = class_names(network, shown.n_classes)
    words = [names[label] if names and 0 <= label < len(names) else str(label) for label in map(int, shown.labels)]
    kind = "training" if shown.n_test == 0 else "test" if shown.n_train == 0 else "training and test"
    if len(words) == 1:
        return f"{kind} image {image}: {words[0]}"
    return f"{kind} images {image} to {image + len(words) - 1}: {', '.join(words)}"
