"""The option `--dataset`: images and labels of one data set, whatever the configuration names."""

from __future__ import annotations

from typing import Any

from colanet import datasets
from colanet.config.model import ImageInput, Network, TargetInput
from colanet.errors import ConfigError


def with_dataset(network: Network, name: str | None) -> Network:
    """The network with the images and labels of a data set; None: as it is.

    Raises
    ------
    ConfigError
        If there is no such data set, or the network shows no images.
    """
    if name is None:
        return network
    # Only now: which ones there are is known when packages have been looked through.
    if name not in datasets.REGISTRY:
        raise ConfigError(f"--dataset {name}: unknown data set; known: {', '.join(datasets.names())}")
    if not any(isinstance(i, ImageInput) for i in network.inputs):
        raise ConfigError(f"--dataset {name}: the configuration shows no images")
    return network.model_copy(update={"inputs": tuple(_changed(i, name) for i in network.inputs)})


def _changed(described: Any, name: str) -> Any:
    if isinstance(described, ImageInput):
        # The shape is that of the data; what a file's or another data set's was does not matter.
        kept = described.shape if described.source == name else None
        return described.model_copy(update={"source": name, "offset": 0, "shape": kept})
    if isinstance(described, TargetInput):
        return described.model_copy(update={"target_file": name})
    return described
