"""From the inputs of a configuration and their data to spike sources, labels and the length of a run."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from colanet import datasets
from colanet.config.model import (
    BinaryInput,
    ImageInput,
    Input,
    NoiseInput,
    PluginInput,
    TargetInput,
    TextInput,
    ValuesInput,
)
from colanet.config.view import shows_objects
from colanet.encoding import files
from colanet.encoding import inputs as makers
from colanet.encoding.context import Context, DataUsed
from colanet.encoding.plugins import plugin_input
from colanet.encoding.sources import Source, SpikeSource
from colanet.errors import DataError, DataWarning


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
        Objects with and without teaching; both 0 without a target.
    labels : ndarray of int, shape (n_train + n_test,), or None
        Class of every object, -1 for none; None without a target.
    n_classes : int
    learning_time : int
        Steps with labels and plasticity, n_train * period.
    n_steps : int or None
        Steps of a whole run; None: the input never ends.
    no_class_value : int or None
        -1 where objects without a class may be among the labels; None: every object has one.
    node_labels : dict of str to tuple of str
        Names of the nodes of the inputs that have them.
    data : tuple of DataUsed
        The data sets and files that were read.
    learnt : dict of str to str
        Prototypes of the inputs with features, as they stand in a configuration, given or learnt from these data.
    made : tuple
        What packages made, of the inputs that are plug-ins.
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
    node_labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    data: tuple[DataUsed, ...] = ()
    learnt: dict[str, str] = field(default_factory=dict)
    made: tuple[Any, ...] = ()

    @property
    def objects(self) -> int:
        """Objects that are shown and answered; without labels as many as there are whole periods."""
        if self.labels is not None or self.n_steps is None or self.period is None:
            return self.n_train + self.n_test
        return self.n_steps // self.period


def build_sources(
    inputs: Sequence[Input],
    *,
    base_dir: str | os.PathLike[str] = ".",
    seed: int = 0,
    data_dir: str | os.PathLike[str] | None = None,
    n_train: int | None = None,
    n_test: int | None = None,
    stdin: BinaryIO | None = None,
) -> Presentation:
    """Open the data of all inputs.

    Parameters
    ----------
    inputs : sequence of Input
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
    if data_dir is not None and not os.path.isdir(data_dir):
        raise DataError(f"{os.fspath(data_dir)}: no such folder of data")
    context.check_standard_input()
    _warn_of_mixture(context)
    target = context.target
    labels, taught = _labels(context, target) if target else (None, 0)
    sources = tuple(_make(context, number, i, labels, taught) for number, i in enumerate(context.inputs))
    for source, i in zip(sources, context.inputs, strict=True):
        _warn_of_nothing(i, source)
        if not isinstance(i, TargetInput | PluginInput) and i.labels is not None:
            context.node_labels[source.name] = _node_labels(context, i.labels, source)
    _warn_of_no_effect(context)
    if target and labels is not None:
        _check_length(target, sources, context.inputs, len(labels))
    lengths = [s.n_steps for s in sources if s.n_steps is not None]
    return Presentation(
        sources=sources,
        period=_period(context),
        n_train=taught,
        n_test=0 if labels is None else len(labels) - taught,
        labels=labels,
        n_classes=target.size if target else 0,
        learning_time=taught * target.period if target else 0,
        n_steps=min(lengths) if lengths else None,
        no_class_value=-1 if target and target.no_class is not None else None,
        node_labels=context.node_labels,
        data=tuple(context.used.values()), learnt=context.learnt, made=tuple(context.made),
    )  # fmt: skip


def _period(context: Context) -> int | None:
    """Steps per object: those of the target, else of the first input that shows objects."""
    shown = [i.period for i in context.inputs if shows_objects(i)]
    return context.target.period if context.target else next(iter(shown), None)


def _warn_of_mixture(context: Context) -> None:
    """Images of one data set with the labels of another are hardly ever meant."""
    target = context.target
    if target is None or not context.is_dataset(target.target_file):
        return
    for i in context.inputs:
        if isinstance(i, ImageInput) and context.is_dataset(i.source) and i.source != target.target_file:
            warnings.warn(
                f"input {i.name} shows images of {i.source}, "
                f"but input {target.name} has labels of {target.target_file}",
                DataWarning,
                stacklevel=3,
            )


def _warn_of_no_effect(context: Context) -> None:
    """A folder of data sets is of no use to a network that names none, nor fewer objects to one that has none."""
    if context.data_dir is not None and not context.used.keys() & set(datasets.names()):
        message = f"{context.data_dir} is not searched: no input names a data set"
        warnings.warn(message, DataWarning, stacklevel=3)
    if context.cuts and not any(shows_objects(i) or isinstance(i, TargetInput) for i in context.inputs):
        message = "train and test (--train, --test) have no effect: the inputs have no objects"
        warnings.warn(message, DataWarning, stacklevel=3)


def _warn_of_nothing(described: Input, source: SpikeSource) -> None:
    """Leading steps left out may be all there are; the run is over before it begins."""
    skip = getattr(described, "skip", 0)
    if skip and source.n_steps == 0:
        file = getattr(described, "source", None) or "standard input"
        warnings.warn(
            f"input {described.name}: skip {skip} (tacts_to_skip) leaves no step of {file}",
            DataWarning,
            stacklevel=3,
        )


def _node_labels(context: Context, file: str, source: SpikeSource) -> tuple[str, ...]:
    """Names of an input's nodes, one a line. DataError if there are not as many as nodes."""
    content, name = context.content(file)
    lines = files.text_lines(content, name)
    if len(lines) != source.size:
        raise DataError(f"{name}: {len(lines)} node labels, but input {source.name} has {source.size} nodes")
    return tuple(lines)


def _make(context: Context, number: int, described: Input, labels: np.ndarray | None, taught: int) -> Source:
    match described:
        case NoiseInput():
            return makers.noise_input(context, number, described)
        case TextInput():
            return makers.text_input(context, number, described)
        case BinaryInput():
            return makers.binary_input(context, number, described)
        case ImageInput():
            return makers.image_input(context, number, described)
        case ValuesInput():
            return makers.values_input(context, number, described)
        case PluginInput():
            source, made = plugin_input(described, number, context.seed, context.base_dir, context.first_of)
            if made is not None:
                context.made.append(made)
            context.note_labels(described.name, getattr(made, "labels", None), source.size)
            return source
        case TargetInput():
            if described is not context.target or labels is None:
                raise DataError(f"input {described.name}: only one input can be the target")
            return makers.target_input(context, described, labels, taught)


def _labels(context: Context, target: TargetInput) -> tuple[np.ndarray, int]:
    """Labels of the objects shown, and how many of them are taught."""
    name = target.target_file
    if context.is_dataset(name):
        data = context.dataset(name)
        labels = _classes_of(np.concatenate([data.train_labels, data.test_labels]).astype(np.int64), target)
        train = len(data.train_labels)
    else:
        context.check_there(name)
        content, name = context.content(name)
        labels = files.label_lines(content, name, target.class_labels, target.no_class)
        train = context.taught(len(labels))
    shown = context.select(train, len(labels), name)
    return shown.of(labels), shown.train


def _classes_of(labels: np.ndarray, target: TargetInput) -> np.ndarray:
    """Class of each object of a data set by name, -1 for its label `no_class`."""
    classes, absent = np.array(target.class_labels), np.zeros(len(labels), dtype=bool)
    if target.absent_label is not None:
        absent = labels == target.absent_label
    unknown = ~np.isin(labels, classes) & ~absent
    if unknown.any():
        message = f"label {labels[unknown].max()}, but input {target.name} has {target.size} classes"
        raise DataError(f"{target.target_file}: {message}")
    return np.where(absent, -1, np.searchsorted(classes, labels))


def _check_length(
    target: TargetInput, sources: Sequence[SpikeSource], described: Sequence[Input], n_labels: int
) -> None:
    """DataError if an input that ends with its data shows another number of objects than there are labels."""
    for source, i in zip(sources, described, strict=True):
        if isinstance(i, TargetInput | NoiseInput) or source.n_steps is None or getattr(i, "steps", None):
            continue
        there = source.n_steps // target.period
        if there != n_labels:
            raise DataError(
                f"input {source.name} has {there} objects of {target.period} steps, "
                f"but {target.target_file} has {n_labels} labels"
            )
