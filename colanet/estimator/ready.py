"""Configurations that the estimator is given."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from colanet import config
from colanet.config.model import ImageInput, Network, TargetInput
from colanet.errors import ConfigError
from colanet.estimator.arguments import ArgumentError


def ready_network(given: Any, others: Mapping[str, Any], features: int, classes: int) -> Network:
    """The network that is given, or read from a file.

    Parameters
    ----------
    given : Network or path
    others : dict of str to object
        Arguments that must be None beside it.
    features, classes : int
        What it must have nodes and places for.

    Raises
    ------
    ArgumentError
        If it does not fit the samples, or is none.
    ConfigError
        If the file cannot be used.
    """
    for name, value in others.items():
        if value is not None:
            raise ArgumentError(name, f"expected None beside a network, not {value!r:.40}")
    if isinstance(given, str | os.PathLike):
        network = config.load(given)
    elif isinstance(given, Network):
        network = given
    else:
        raise ArgumentError("network", f"expected a Network or a path, not a {type(given).__name__}")
    pictures = [one for one in network.inputs if isinstance(one, ImageInput)]
    targets = [one for one in network.inputs if isinstance(one, TargetInput)]
    if len(pictures) != 1 or len(targets) != 1 or len(network.inputs) != 2 or network.readout is None:
        raise ArgumentError("network", "expected one image input, one target and a readout, and no other input")
    if pixels_of(network) % features:
        raise ArgumentError("network", f"images of {pixels_of(network)} pixels cannot hold {features} features")
    if classes > targets[0].size:
        raise ArgumentError("network", f"{targets[0].size} classes, expected at least {classes}")
    return network


def pixels_of(network: Network) -> int:
    """Numbers of an image of its only image input. ConfigError if the configuration does not say."""
    picture = next(one for one in network.inputs if isinstance(one, ImageInput))
    pixels = picture.size if picture.shape is None else math.prod(picture.shape)
    if pixels is None:
        raise ConfigError(f"input {picture.name}: expected a shape")
    return pixels
