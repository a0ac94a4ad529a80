"""From the inputs of a configuration and their data to spike sources, labels and the length of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colanet import datasets, hashing
from colanet.config.model import (
    BinaryInput,
    ImageInput,
    Input,
    NoiseInput,
    TargetInput,
    TextInput,
    ValuesInput,
)
from colanet.encoding import files
from colanet.encoding.sources import (
    Integrating,
    Labels,
    Poisson,
    Rows,
    Schedule,
    Source,
    SpikeSource,
    noise_parts,
)
from colanet.errors import DataError
from colanet.hashing import Stream

PIXEL_UNIT = 1_000_000
"""Integrating coding adds round(max_rate * b * PIXEL_UNIT) of 255 * PIXEL_UNIT a step; exact for max_rate 1."""
VALUE_UNIT = 1 << 30


@dataclass(frozen=True, eq=False)
class Presentation:
    """What a network is shown.

    Attributes
    ----------
    sources : tuple of SpikeSource
        In the order of the configuration's inputs.
    period : int or None
        Steps per object.
    n_train, n_test : int
        Objects with and without teaching.
    labels : ndarray of int, shape (n_train + n_test,), or None
    learning_time : int
        Steps with labels and plasticity.
    n_steps : int or None
        Steps of a whole run; None: the input never ends.
    no_class_value : int or None
        Label of objects without a class.
    """

    sources: tuple[SpikeSource, ...]
    period: int | None
    n_train: int
    n_test: int
    labels: np.ndarray | None
    n_classes: int
    learning_time: int
    n_steps: int | None
    no_class_value: int | None = None


@dataclass(frozen=True)
class Context:
    """What all inputs of one run share."""

    inputs: tuple[Input, ...]
    base_dir: Path
    seed: int
    data_dir: str | os.PathLike | None
    n_train: int | None
    n_test: int | None
    stdin: BinaryIO | None

    @property
    def target(self) -> TargetInput | None:
        return next((i for i in self.inputs if isinstance(i, TargetInput)), None)

    def content(self, source: str | None) -> tuple[bytes, str]:
        path = None if source is None else files.resolve(source, self.base_dir)
        return files.content_of(path, self.stdin)

    def is_dataset(self, source: str | None) -> bool:
        return source in datasets.NAMES and not files.resolve(str(source), self.base_dir).exists()

    def select(self, n_train_there: int, n_there: int, name: str) -> np.ndarray:
        """Rows shown, of n_there of which the first n_train_there are taught: the first ones of each part."""
        train = self._count(self.n_train, n_train_there, "training", name)
        test = self._count(self.n_test, n_there - n_train_there, "test", name)
        return np.concatenate([np.arange(train), n_train_there + np.arange(test)])

    @staticmethod
    def _count(asked: int | None, there: int, part: str, name: str) -> int:
        if asked is not None and asked > there:
            raise DataError(f"{name}: {asked} {part} images asked for, there are {there}")
        return there if asked is None else asked


def build_sources(
    inputs: tuple[Input, ...],
    *,
    base_dir: str | os.PathLike = ".",
    seed: int = 0,
    data_dir: str | os.PathLike | None = None,
    n_train: int | None = None,
    n_test: int | None = None,
    stdin: BinaryIO | None = None,
) -> Presentation:
    """Open the data of all inputs.

    Parameters
    ----------
    inputs : tuple of Input
    base_dir : path
        Folder that file names are relative to.
    seed : int
        Of noise and Poisson coding.
    data_dir : path or None
        Where to look for data sets first.
    n_train, n_test : int or None
        Show only the first objects of each part.
    stdin : binary file or None
        Instead of standard input.

    Raises
    ------
    DataError
        If data are missing, damaged, or do not fit together.
    """
    context = Context(tuple(inputs), Path(base_dir), seed, data_dir, n_train, n_test, stdin)
    target = context.target
    labels, taught = _labels(context, target) if target else (None, 0)
    makers: dict[str, Callable[..., Source]] = {
        "noise": _noise,
        "text": _text,
        "binary": _binary,
        "image": _image,
        "text_values": _values,
        "object_target": partial(_target, labels, taught),
        "state_target": partial(_target, labels, taught),
    }
    sources = tuple(makers[i.kind](context, number, i, taught) for number, i in enumerate(inputs))
    objects = len(labels) if labels is not None else 0
    if target and labels is not None:
        _check_length(target, sources, inputs, objects)
    lengths = [s.n_steps for s in sources if s.n_steps is not None]
    shown = [i.period for i in inputs if isinstance(i, ImageInput | ValuesInput)]
    period = target.period if target else next(iter(shown), None)
    return Presentation(
        sources=sources,
        period=period,
        n_train=taught,
        n_test=objects - taught,
        labels=labels,
        n_classes=target.size if target else 0,
        learning_time=taught * target.period if target else 0,
        n_steps=min(lengths) if lengths else None,
        no_class_value=target.no_class_value if target and target.no_class else None,
    )


def _labels(context: Context, target: TargetInput) -> tuple[np.ndarray, int]:
    """Labels of the objects shown, and how many of them are taught."""
    name = target.target_file
    if context.is_dataset(name):
        data = datasets.load(name, context.data_dir)
        labels = np.concatenate([data.train_labels, data.test_labels]).astype(np.int64)
        taught, where = len(data.train_labels), name
        if labels.max(initial=0) >= target.size:
            raise DataError(f"{name}: label {labels.max()}, but input {target.name} has {target.size} classes")
    else:
        content, where = context.content(name)
        labels = files.label_lines(content, where, target.size, target.no_class_value if target.no_class else None)
        taught = min(target.learning_time // target.period, len(labels))
    rows = context.select(taught, len(labels), where)
    return labels[rows], int((rows < taught).sum())


def _check_length(target: TargetInput, sources, inputs, objects: int) -> None:
    for source, described in zip(sources, inputs, strict=True):
        if isinstance(described, TargetInput) or source.n_steps is None or described.steps is not None:
            continue
        there = source.n_steps // target.period
        if there != objects and not isinstance(described, NoiseInput):
            raise DataError(
                f"input {source.name} has {there} objects, but {target.target_file} has {objects} labels"
            )


def _noise(context, number, described, taught) -> Source:
    parts = noise_parts(described.size, described.noise, described.pacemaker_period, context.seed, number)
    return Source(described.name, described.size, described.steps, parts)


def _source(context: Context, number: int, described, size: int, signal) -> Source:
    extra = noise_parts(size, described.noise, described.pacemaker_period, context.seed, number)
    return Source(described.name, size, signal.schedule.n_steps, [signal, *extra])


def _rows(context, number, described, rows: np.ndarray) -> Source:
    schedule = Schedule(1, 1, len(rows), described.skip, described.mode, described.steps)
    return _source(context, number, described, rows.shape[1], Rows(rows, schedule))


def _text(context, number, described: TextInput, taught) -> Source:
    content, name = context.content(described.source)
    return _rows(context, number, described, files.text_rows(content, name, described.size))


def _binary(context, number, described: BinaryInput, taught) -> Source:
    if described.size is None:
        raise DataError(f"input {described.name}: a binary input needs its number of nodes")
    content, name = context.content(described.source)
    return _rows(context, number, described, files.binary_rows(content, name, described.size))


def _image(context: Context, number: int, described: ImageInput, taught: int) -> Source:
    images = _images(context, described)
    nodes = images.shape[1]
    if described.size not in (None, nodes):
        raise DataError(f"input {described.name}: images of {nodes} pixels, expected {described.size}")
    schedule = _schedule(described, len(images))
    if described.coding == "poisson":
        key = hashing.key(context.seed, hashing.stream(Stream.CODING, number))
        signal: Poisson | Integrating = Poisson(images, schedule, described.max_rate, key)
    else:
        scale = np.rint(described.max_rate * PIXEL_UNIT * np.arange(256)).astype(np.int64)
        signal = Integrating(images, schedule, 255 * PIXEL_UNIT, scale)
    return _source(context, number, described, nodes, signal)


def _schedule(described, n_objects: int) -> Schedule:
    return Schedule(
        described.period,
        described.presentation or described.period,
        n_objects,
        described.skip,
        described.mode,
        described.steps,
    )


def _images(context: Context, described: ImageInput) -> np.ndarray:
    """Images shown, uint8 of shape (n, pixels), training images first."""
    if context.is_dataset(described.source):
        data = datasets.load(str(described.source), context.data_dir)
        shape = data.train_images.shape[1:]
        if described.shape is not None and described.shape != (shape[1], shape[0], 1):
            raise DataError(f"{described.source}: images of {shape[1]} x {shape[0]} x 1, not {described.shape}")
        n_train, n = len(data.train_images), len(data.train_images) + len(data.test_images)
        rows = context.select(n_train, n, str(described.source))
        return _pick(data.train_images.reshape(n_train, -1), data.test_images.reshape(n - n_train, -1), rows)
    if described.shape is None:
        raise DataError(f"input {described.name}: an image file needs width, height and channels")
    content, name = context.content(described.source)
    images = files.raw_images(content, name, int(np.prod(described.shape)), described.offset)
    return _of_file(context, images, name)


def _pick(train: np.ndarray, test: np.ndarray, rows: np.ndarray) -> np.ndarray:
    shown = rows < len(train)
    return np.concatenate([train[: shown.sum()], test[: (~shown).sum()]])


def _of_file(context: Context, objects: np.ndarray, name: str) -> np.ndarray:
    """Cut the objects of a file to what is asked for; the target's learning time says which are taught."""
    if context.n_train is None and context.n_test is None:
        return objects
    target = context.target
    taught = min(target.learning_time // target.period, len(objects)) if target else len(objects)
    return objects[context.select(taught, len(objects), name)]


def _values(context: Context, number: int, described: ValuesInput, taught: int) -> Source:
    content, name = context.content(described.source)
    values = _of_file(context, files.csv_values(content, name, described.size), name)
    rates = np.rint(np.clip(values / described.saturation, 0, 1) * VALUE_UNIT).astype(np.int64)
    signal = Integrating(rates, _schedule(described, len(rates)), VALUE_UNIT)
    return _source(context, number, described, rates.shape[1], signal)


def _target(labels, taught_nodes, context: Context, number: int, target: TargetInput, taught: int) -> Source:
    absent = target.no_class_value if target.no_class else None
    nodes = labels[:taught]
    nodes = nodes if absent is None else np.where(nodes == absent, -1, nodes)
    every = target.spike_period or (1 if target.kind == "state_target" and target.label_step is None else None)
    if every:
        offsets = np.arange(0, target.period, every)
    else:
        shown = [i.presentation or i.period for i in context.inputs if isinstance(i, ImageInput | ValuesInput)]
        step = target.label_step
        if step is None:
            step = (shown[0] if shown else target.period - 2) + 1
        if step >= target.period:
            raise DataError(f"input {target.name}: label at step {step} of a period of {target.period} steps")
        offsets = np.array([step])
    length = len(labels) * target.period
    return Source(target.name, target.size, length, [Labels(nodes, target.period, offsets)])
