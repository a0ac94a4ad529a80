"""A layer of features between images and spikes: local, learnt without labels, in integers.

The same prototypes stand at every pixel of an image, as neurons that share their weights. At each place the patch
around it is compared with all of them, by the cosine of the angle between the patch, its mean taken off, and the
prototype. The best few of a place win, all others are silent. Squares of places are joined: a feature is as bright
as its brightest place there. So an image becomes another image, of prototypes times squares, which is coded into
spikes like pixels.

The prototypes learn by competition alone: of each patch shown, the winner turns towards it (Rumelhart and Zipser,
"Feature discovery by competitive learning", Cognitive Science 9, 1985), and who wins often is handicapped
(DeSieno, "Adding a conscience to competitive learning", ICNN 1988). See `fit` for the equations.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from colanet import hashing
from colanet.config.inputs import Features, ImageInput
from colanet.config.model import Network
from colanet.encoding import feature_kernels
from colanet.encoding.context import Context
from colanet.errors import ConfigError, DataError, Problem
from colanet.hashing import Stream

UNIT = 10
"""A prototype has the length 2^UNIT."""
SLOWEST = 100
"""A prototype turns by at least this part of the way, one over it, towards a patch that it wins."""
FORGET = 11
"""The handicap is the share of the last 2^FORGET patches that a prototype won, roughly."""
TRIES = 30
"""Places that are looked at for every patch wanted; most of an image may be blank."""


@dataclass(frozen=True, eq=False)
class FeatureLayer:
    """Prototypes, and how images are encoded by them.

    Attributes
    ----------
    described : Features
    shape : (height, width, channels)
        Of the images.
    prototypes : ndarray of int16, shape (prototypes, patch * patch * channels)
        Each of length 2^10 and sum 0, to within rounding.
    """

    described: Features
    shape: tuple[int, int, int]
    prototypes: np.ndarray

    @property
    def nodes(self) -> int:
        """Features of an image."""
        return self.described.nodes(self.shape)

    @property
    def operations(self) -> int:
        """Multiplications with additions of an image: every prototype at every pixel."""
        return self.shape[0] * self.shape[1] * self.prototypes.size

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Features of images.

        Of a patch x of n numbers with the contrast c = max(floor(sqrt(n sum(x^2) - sum(x)^2)), n * `contrast`), and
        of a prototype w, v = min(floor((w . x) F / (2^14 c)), 255) with F = round(2^4 * 255 sqrt(n)) is 255 times
        the cosine, for patches of enough contrast. At every place the `active` prototypes of the largest w . x
        among those with v >= round(255 `threshold`) are active, of equal ones the first. Feature k of a square of
        `pool` times `pool` places is the largest v with which prototype k is active there, 0 if it is not.

        Parameters
        ----------
        images : ndarray of uint8, shape (n, height * width * channels)

        Returns
        -------
        ndarray of uint8, shape (n, nodes)
            Feature k of square (row, column) at (k * rows + row) * columns + column.
        """
        d, (height, width, channels) = self.described, self.shape
        numbers = d.patch * d.patch * channels
        rows, columns = d.squares(self.shape)
        out = np.zeros((len(images), d.prototypes, rows, columns), dtype=np.uint8)
        feature_kernels.encode(
            np.ascontiguousarray(images).reshape(-1, height, width, channels), d.patch,
            np.ascontiguousarray(self.prototypes.T.astype(np.float32)), round(16 * 255 * math.sqrt(numbers)),
            UNIT + 4, numbers * d.contrast, max(round(255 * d.threshold), 1), d.active, d.pool,
            np.empty(numbers, dtype=np.int64), np.empty(d.prototypes, dtype=np.float32),
            np.empty((d.active, 2), dtype=np.int64), out,
        )  # fmt: skip
        return out.reshape(len(images), self.nodes)

    def in_pixels(self, weights: np.ndarray) -> np.ndarray:
        """What weights of features look for, as a picture: every prototype is drawn where its feature stands.

        A feature may have been anywhere in its square; it is drawn at all of its places, evenly. NaN counts as 0.

        Parameters
        ----------
        weights : ndarray of float, shape (nodes, neurons)

        Returns
        -------
        ndarray of float, shape (height * width * channels, neurons)
        """
        d, (height, width, channels) = self.described, self.shape
        rows, columns = d.squares(self.shape)
        by_square = np.nan_to_num(weights).reshape(d.prototypes, rows, columns, -1)
        neurons, half = by_square.shape[-1], d.patch // 2
        patches = self.prototypes.reshape(d.prototypes, d.patch, d.patch, channels) / (d.pool * d.pool << UNIT)
        drawn = np.tensordot(by_square, patches, ((0,), (0,)))  # row, column, neuron, dy, dx, channel
        canvas = np.zeros((height + d.pool + d.patch, width + d.pool + d.patch, channels, neurons))
        for y, x in np.ndindex(height, width):
            part = drawn[y // d.pool, x // d.pool].transpose(1, 2, 3, 0)
            canvas[y : y + d.patch, x : x + d.patch] += part
        inside = canvas[half : half + height, half : half + width]
        return inside.reshape(height * width * channels, neurons)


def fit(described: Features, shape: tuple[int, int, int], images: np.ndarray, seed: int) -> FeatureLayer:
    """Learn prototypes from images, without labels, in one pass over patches drawn at random.

    Each patch u has length 1 and mean 0. The prototype w of the largest w . u - h wins and turns:
    w <- (w + (u - w) / min(wins, 100)), made of length 1 again. Every handicap becomes h <- (1 - 2^-11) h, the
    winner's h + 2^-11 as well: about the share of patches that it wins. All in fixed point, so that prototypes are
    the same on every machine.

    Parameters
    ----------
    described : Features
    shape : (height, width, channels)
        Of the images.
    images : ndarray of uint8, shape (n, height * width * channels)
        Training images only.
    seed : int
        Of the places that patches are taken from.

    Raises
    ------
    DataError
        If the images hold too few patches with contrast.
    """
    numbers = described.patch * described.patch * shape[2]
    pictures = np.ascontiguousarray(images).reshape(-1, *shape)
    wanted = described.prototypes + described.patches
    there = len(images) * shape[0] * shape[1]
    patches = np.empty((wanted, numbers), dtype=np.int64)
    found = 0
    if there:
        key = hashing.step_key(hashing.key(seed, hashing.stream(Stream.FEATURES, 0)), 0)
        drawn = hashing.draw64(key, np.arange(TRIES * wanted)) % np.uint64(there)
        least = max(numbers * described.contrast, 1)
        found = feature_kernels.sample(
            pictures, described.patch, drawn.astype(np.int64), least, np.empty(numbers, dtype=np.int64), patches
        )
    if found < 2 * described.prototypes:
        raise DataError(
            f"features: {found} patches of contrast at least {described.contrast} found in {len(images)} training "
            f"images, expected at least {2 * described.prototypes} for {described.prototypes} prototypes"
        )
    prototypes = patches[: described.prototypes].copy()
    counts = np.zeros((2, described.prototypes), dtype=np.int64)
    shown = patches[described.prototypes : found]
    feature_kernels.compete(shown, prototypes, counts[0], counts[1], SLOWEST, FORGET)
    return FeatureLayer(described, shape, _rounded(prototypes))


@dataclass(eq=False)
class Featured:
    """Images that are shown as features, made stretch by stretch.

    Attributes
    ----------
    name : str
        Of the input.
    images : ndarray of uint8, shape (n, pixels)
    nodes : int
    layer : FeatureLayer or None
        None: nothing was learnt yet.
    """

    name: str
    images: np.ndarray
    nodes: int
    layer: FeatureLayer | None

    @property
    def shape(self) -> tuple[int, int]:
        """Images and features."""
        return len(self.images), self.nodes

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Of the features."""
        return np.dtype(np.uint8)

    def rows(self, order: np.ndarray) -> np.ndarray:
        """Features of the images of these numbers. DataError if nothing was learnt."""
        if self.layer is None:
            message = "its features are not learnt yet; expected training images or a saved state"
            raise DataError(f"input {self.name}: {message}")
        return self.layer.encode(self.images[order])


def featured(context: Context, number: int, described: ImageInput, images: np.ndarray, n_train: int) -> Featured:
    """Images of an input as features: of the prototypes in its description, else learnt from the training images.

    What was learnt is noted in `context.learnt`.

    Raises
    ------
    DataError
        If prototypes and images do not fit, or nothing can be learnt from them.
    """
    features, shape = described.features, described.picture
    assert features is not None
    assert shape is not None
    if images.shape[1] != math.prod(shape):
        message = f"images of {images.shape[1]} pixels, expected {' x '.join(map(str, shape))}"
        raise DataError(f"input {described.name}: {message}")
    layer = layer_of(described)
    if layer is None and n_train:
        seed = hashing.key(context.seed, hashing.stream(Stream.FEATURES, number))
        layer = fit(features, shape, images[:n_train], seed)
    if layer is not None:
        context.learnt[described.name] = to_text(layer.prototypes)
    return Featured(described.name, images, features.nodes(shape), layer)


def with_learnt(network: Network, learnt: Mapping[str, str]) -> Network:
    """A network whose inputs have these prototypes; the same one if there are none."""
    if not learnt:
        return network
    inputs = tuple(
        one.model_copy(update={"features": one.features.model_copy(update={"learnt": learnt[one.name]})})
        if isinstance(one, ImageInput) and one.features is not None and one.name in learnt
        else one
        for one in network.inputs
    )
    return network.model_copy(update={"inputs": inputs})


def layer_of(described: object) -> FeatureLayer | None:
    """The layer of an input that has learnt its features; None for all others."""
    if not isinstance(described, ImageInput) or described.features is None or described.picture is None:
        return None
    text = described.features.learnt
    return None if text is None else from_text(described.features, described.picture, text)


def pictures_of(described: object, weights: np.ndarray) -> np.ndarray:
    """Receptive fields over the nodes of an input as pictures, see `FeatureLayer.in_pixels`; pixels are their own.

    Parameters
    ----------
    described : Input
    weights : ndarray of float, shape (nodes, neurons)

    Returns
    -------
    ndarray of float, shape (pixels, neurons)
    """
    layer = layer_of(described)
    return weights if layer is None else layer.in_pixels(weights)


def pixels_of(described: object, nodes: int) -> int:
    """Pixels of such pictures."""
    layer = layer_of(described)
    return nodes if layer is None else math.prod(layer.shape)


def learnt_of(network: Network) -> dict[str, str]:
    """Prototypes that stand in a network, by the name of the input."""
    return {
        one.name: one.features.learnt
        for one in network.inputs
        if isinstance(one, ImageInput) and one.features is not None and one.features.learnt is not None
    }


def agreed(network: Network, sources: Iterable[Any], learnt: Mapping[str, str]) -> Network:
    """The network with the prototypes of data that it is to be shown; data that have none get the network's.

    Parameters
    ----------
    network : Network
    sources : iterable
        Of the data; those of inputs without features are passed over.
    learnt : mapping of str to str
        Prototypes of the data.

    Raises
    ------
    ConfigError
        If both have prototypes, and they differ.
    """
    known = learnt_of(network)
    for name, text in learnt.items():
        if known.get(name, text) != text:
            message = "the data show other features than the network has; make them from its own inputs"
            raise ConfigError(Problem(message, f"input {name}"))
    network = with_learnt(network, learnt)
    show_by(network, sources)
    return network


def show_by(network: Network, sources: Iterable[Any]) -> None:
    """Let sources with features show those of a network that has learnt them."""
    described = {one.name: one for one in network.inputs}
    for source in sources:
        layer = layer_of(described.get(source.name))
        for part in source.parts if layer else ():
            shown = getattr(part, "images", None)
            if isinstance(shown, Featured):
                shown.layer = layer
                part.forget()


def _rounded(prototypes: np.ndarray) -> np.ndarray:
    """Prototypes of length 2^15 as those of length 2^UNIT and sum 0: a patch's mean then has no say."""
    shift = 15 - UNIT
    result = (prototypes + (1 << (shift - 1))) >> shift
    rest = prototypes - (result << shift)
    for row, left in zip(result, rest, strict=True):
        surplus = int(row.sum())
        # Those that rounding moved furthest in the wrong direction give way first.
        order = np.argsort(left if surplus > 0 else -left, kind="stable")
        row -= surplus // len(row)
        row[order[: surplus % len(row)]] -= 1
    return result.astype(np.int16)


def to_text(prototypes: np.ndarray) -> str:
    """Prototypes as they stand in a configuration: int16, lowest byte first, in base 64."""
    return base64.b64encode(prototypes.astype("<i2").tobytes()).decode("ascii")


def from_text(described: Features, shape: tuple[int, int, int], text: str) -> FeatureLayer:
    """The layer whose prototypes stand in a configuration.

    Raises
    ------
    DataError
        If they are not as many numbers as the description says, or are damaged.
    """
    numbers = described.patch * described.patch * shape[2]
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise DataError("features: learnt: no text of base 64") from error
    if len(content) != 2 * described.prototypes * numbers:
        expected = f"{described.prototypes} prototypes of {numbers} numbers"
        raise DataError(f"features: learnt: {len(content) / 2:g} numbers, expected {expected}")
    values = np.frombuffer(content, dtype="<i2").reshape(described.prototypes, numbers).astype(np.int16)
    if np.square(values.astype(np.int64)).sum(axis=1).max() > 4 << (2 * UNIT):
        raise DataError(f"features: learnt: a prototype is longer than {2 << UNIT}, expected about {1 << UNIT}")
    return FeatureLayer(described, shape, values)
