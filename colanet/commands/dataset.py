"""The option `--dataset`: images and labels of one data set, whatever the configuration names."""

from __future__ import annotations

from typing import Any

from colanet.config.model import ImageInput, Network, TargetInput
from colanet.errors import ConfigError


def with_dataset(network: Network, name: str | None) -> Network:
    """The network with the images and labels of a data set; None: as it is.

    Raises
    ------
    ConfigError
        If it shows no images.
    """
    if name is None:
        return network
    if not any(isinstance(i, ImageInput) for i in network.inputs):
        raise ConfigError(f"--dataset {name}: the configuration shows no images")
    return network.model_copy(update={"inputs": tuple(_changed(i, name) for i in network.inputs)})


def _changed(described: Any, name: str) -> Any:
    if isinstance(described, ImageInput):
        return described.model_copy(update={"source": name, "offset": 0})
    if isinstance(described, TargetInput):
        return described.model_copy(update={"target_file": name})
    return described
