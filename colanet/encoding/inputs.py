"""One maker for each kind of input: from its description and data to its source."""

from __future__ import annotations

import math

import numpy as np

from colanet import hashing
from colanet.config.model import BinaryInput, ImageInput, NoiseInput, TargetInput, TextInput, ValuesInput
from colanet.config.view import shows_objects
from colanet.encoding import files
from colanet.encoding.coding import Integrating, Poisson, Regular, Schedule
from colanet.encoding.context import Context
from colanet.encoding.features import Featured, featured
from colanet.encoding.sources import Labels, Part, Rows, Source, noise_parts
from colanet.encoding.stored import StoredImages
from colanet.encoding.stretch import Spikes, take
from colanet.errors import DataError
from colanet.hashing import Stream

FileInput = TextInput | BinaryInput | ImageInput | ValuesInput

PIXEL_UNIT = 1_000_000
"""Integrating coding adds round(max_rate * PIXEL_UNIT * b) of 255 * PIXEL_UNIT a step; exact for max_rate 1."""
VALUE_UNIT = 1 << 30
"""A value r adds round(clip(r / saturation, 0, 1) * VALUE_UNIT) of VALUE_UNIT a step."""


def noise_input(context: Context, number: int, described: NoiseInput) -> Source:
    """Noise and pacemaker only."""
    size = described.size or 0
    parts = noise_parts(size, described.noise, described.pacemaker_period, context.seed, number)
    return Source(described.name, size, described.steps, parts)


def text_input(context: Context, number: int, described: TextInput) -> Source:
    """Rows of `@` and `.`."""
    content, name = context.content(described.source)
    rows, size = files.text_rows(content, name, described.size)
    return _rows(context, number, described, rows, size, name)


def binary_input(context: Context, number: int, described: BinaryInput) -> Source:
    """Bit masks, as they are or as a recording."""
    if described.size is None:
        raise DataError(f"input {described.name}: a binary input needs its number of nodes")
    content, name = context.content(described.source)
    masks = files.without_count(content, name, described.size)
    rows = files.binary_rows(masks, name, described.size)
    return _rows(context, number, described, rows, described.size, name)


def image_input(context: Context, number: int, described: ImageInput) -> Source:
    """Images of a data set or a file, in the coding that is described."""
    return image_source(context, number, described, *_images(context, described))


def image_source(
    context: Context, number: int, described: ImageInput, pixels: np.ndarray | StoredImages, n_train: int
) -> Source:
    """Given images, uint8 of shape (n, pixels), the first `n_train` for training, in the coding of an input."""
    images: np.ndarray | Featured | StoredImages = pixels
    if described.features is not None:
        images = featured(context, number, described, np.asarray(pixels), n_train)
    nodes = images.shape[1]
    if described.size not in (None, nodes):
        raise DataError(f"input {described.name}: images of {nodes} pixels, expected {described.size}")
    schedule = _schedule(described, len(pixels))
    signal: Part
    if described.coding == "poisson":
        key = hashing.key(context.seed, hashing.stream(Stream.CODING, number))
        signal = Poisson(images, schedule, described.max_rate, key)
    else:
        scale = np.rint(described.max_rate * PIXEL_UNIT * np.arange(256)).astype(np.int64)
        coding = Regular if described.coding == "regular" else Integrating
        signal = coding(images, schedule, 255 * PIXEL_UNIT, scale)
    return _source(context, number, described, nodes, signal, schedule)


def values_input(context: Context, number: int, described: ValuesInput) -> Source:
    """CSV records as rates."""
    content, name = context.content(described.source)
    values = files.csv_values(content, name, described.size)
    shown = context.select_of_file(len(values), name, described.skip)
    values = values if shown is None else shown.of(values)
    rates = np.rint(np.clip(values / described.saturation, 0, 1) * VALUE_UNIT).astype(np.int64)
    schedule = _schedule(described, len(rates))
    return _source(context, number, described, rates.shape[1], Integrating(rates, schedule, VALUE_UNIT), schedule)


def target_input(context: Context, target: TargetInput, labels: np.ndarray, n_train: int) -> Source:
    """Label spikes for the first n_train objects; labels are classes, -1 for none."""
    length = len(labels) * target.period
    part = Labels(labels[:n_train], target.period, _offsets(context, target))
    return Source(target.name, target.size, length, [part])


def _offsets(context: Context, target: TargetInput) -> np.ndarray:
    """Steps of the period at which the label node fires."""
    every = target.spike_period
    if every is None and target.kind == "state_target" and target.label_step is None:
        every = 1
    if every is not None:
        return np.arange(0, target.period, every)
    step = target.label_step
    if step is None:
        shown = [i.presentation or i.period or 1 for i in context.inputs if shows_objects(i)]
        step = shown[0] + 1 if shown else target.period - 1
    if step >= target.period:
        raise DataError(f"input {target.name}: label at step {step} of a period of {target.period} steps")
    return np.array([step])


def _source(
    context: Context, number: int, described: FileInput, size: int, signal: Part, schedule: Schedule
) -> Source:
    extra = noise_parts(size, described.noise, described.pacemaker_period, context.seed, number)
    return Source(described.name, size, schedule.n_steps, [signal, *extra])


def _rows(context: Context, number: int, described: FileInput, rows: Spikes, size: int, name: str) -> Source:
    rows = _cut_rows(context, rows, described.skip, name)
    schedule = Schedule(1, 1, len(rows[0]) - 1, described.skip, described.mode, described.steps)
    return _source(context, number, described, size, Rows(rows, schedule), schedule)


def _cut_rows(context: Context, rows: Spikes, skip: int, name: str) -> Spikes:
    """Without a target no row belongs to an object, so nothing is cut."""
    target = context.target
    if target is None:
        return rows
    shown = context.select_of_file((len(rows[0]) - 1) // target.period, name, skip)
    if shown is None:
        return rows
    objects = shown.rows(np.arange(shown.count))
    return take(rows, (objects[:, None] * target.period + np.arange(target.period)).ravel())


def _schedule(described: ImageInput | ValuesInput, n_objects: int) -> Schedule:
    return Schedule(
        described.period,
        described.presentation or described.period,
        n_objects,
        described.skip,
        described.mode,
        described.steps,
    )


def _images(context: Context, described: ImageInput) -> tuple[np.ndarray | StoredImages, int]:
    """Images shown, uint8 of shape (n, pixels), training images first, and how many these are."""
    if context.is_dataset(described.source):
        return _dataset_images(context, described)
    context.check_there(described.source)
    if described.shape is None:
        raise DataError(f"input {described.name}: an image file needs width, height and channels")
    nodes = math.prod(described.shape)
    large = context.large_images(described.source, nodes, described.offset)
    if large is not None and described.source is not None:
        shown = context.select_of_file(large.there, str(large.path), described.skip)
        large.selection = shown or large.selection
        if described.features is not None:
            large.check_room(described.name)
        context.note_images(described.source, large)
        return large, context.taught(large.there) if shown is None else shown.train
    content, name = context.content(described.source)
    images = files.raw_images(content, name, nodes, described.offset)
    shown = context.select_of_file(len(images), name, described.skip)
    return (images, context.taught(len(images))) if shown is None else (shown.of(images), shown.train)


def _dataset_images(context: Context, described: ImageInput) -> tuple[np.ndarray, int]:
    data = context.dataset(str(described.source))
    width, height, channels = _as_picture(data.shape)
    if described.shape is not None and described.shape != (width, height, channels):
        raise DataError(f"{described.source}: images of {width} x {height} x {channels}, not {described.shape}")
    train, test = data.intensities
    shown = context.select(len(train), len(train) + len(test), data.name)
    return np.concatenate([train[: shown.train], test[: shown.test]]), shown.train


def _as_picture(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Width, height, channels of samples of a shape: (nodes,), (height, width), (height, width, channels)."""
    height, width = (shape[0], shape[1]) if len(shape) > 1 else (1, math.prod(shape))
    return width, height, math.prod(shape[2:])
