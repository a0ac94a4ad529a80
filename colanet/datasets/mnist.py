"""MNIST: handwritten digits, ships with the package."""

from __future__ import annotations

from colanet.datasets.stored import Stored

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)

MNIST = Stored(
    name="mnist",
    classes=tuple("0123456789"),
    files=FILES,
    citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Proceedings of the IEEE 86(11), 1998",
    licence="CC BY-SA 3.0 (Y. LeCun, C. Cortes)",
)
