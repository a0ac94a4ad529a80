"""How time and memory grow: against microcolumns, inputs, copies, images and synapses. Each network in a process.

All networks are those of configs/mnist.yaml with other numbers. They are shown drawn images: each of ten classes
has a fifth of the pixels, and an image of it draws the brightness of each of these anew. So the same part of the
inputs spikes at every size.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from colanet.compiled import PROFILE_VARIABLE
from colanet.config import load, save
from colanet.config.model import TargetInput
from experiments.benchmarks.timing import ROOT, Result, exponent, job, say

COLUMNS, CLASSES, LIT = 10, 10, 0.2
BASE = {"microcolumns": 15, "inputs": 784, "copies": 1}
SIZES: dict[str, tuple[int, ...]] = {
    "microcolumns": (15, 45, 150, 450, 1500),
    "inputs": (64, 784, 3072, 12_288, 50_176, 100_000),
    "copies": (1, 10, 100, 1000),
    "images": (1000, 10_000, 100_000, 1_000_000, 10_000_000),
    "synapses": (1_000_000, 10_000_000, 100_000_000, 500_000_000),
}
"""The points of each curve. `images` are of 64 pixels, and a tenth of them is for the test."""
FITTED = ("training_microseconds", "test_microseconds", "bytes", "setup_seconds")
SECONDS = 3.0
"""CPU seconds that each of warming up, training and test should take, where that is not the number of images."""
IMAGE_SECONDS, SYNAPSE_SECONDS = 2e-5, 3e-10
"""Of an image and copy, about: what it takes at least, and what a plastic synapse adds."""
FEWEST, MOST = 20, 3000
READ = (1 << 18, 1 << 23, 1 << 30)
"""Bytes of which is measured how fast one thread reads them over and over."""
_ROWS = 1 << 24


def measure(sizes: Mapping[str, Sequence[int]], seconds: float = SECONDS, profile: bool = True) -> Result:
    """The curves that are asked for, their exponents, and where the time goes at their ends.

    Parameters
    ----------
    sizes : mapping of str to sequence of int
        Points by the name of the curve; curves without any are left out.
    seconds : float
        See `SECONDS`.
    profile : bool
        Whether the ends of the curves are profiled.
    """
    curves: dict[str, list[Result]] = {}
    parts: list[Result] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = network(folder / "small", 1, 8, 10, 10)
        for against, points in sizes.items():
            curves |= {against: []} if points else {}
            for point in sorted(points):
                say(f"{against}: {point}")
                shape = shape_of(against, point, seconds)
                one = {"small": str(small), "copies": shape["copies"],
                       **{part: shape[part] for part in ("warm", "train", "test")}}  # fmt: skip
                with tempfile.TemporaryDirectory(dir=folder) as inside:
                    ask = partial(_ask, Path(inside) / "one", shape, one)
                    curves[against].append(shape | ask(False))
                    if profile and against != "images" and point in (min(points), max(points)):
                        parts.append({"against": against, "point": point, **ask(True)})
    exponents = [row for against, rows in curves.items() for row in fits(against, rows)]
    told = {"columns": COLUMNS, "lit": LIT, "curves": curves, "exponents": exponents, "parts": parts}
    reading = [{"bytes": size, **job("scale_job", {"do": "reading", "size": size})} for size in READ]
    return told | {"reading": reading}


def _ask(folder: Path, shape: Result, request: Result, profile: bool) -> Result:
    path = folder / "network.yaml"
    if not path.exists():
        images = shape["warm"] + shape["train"]
        network(folder, shape["microcolumns"], shape["inputs"], images, shape["test"])
    told = request | {"network": str(path), "do": "shares" if profile else "measured"}
    found = job("scale_job", told, environment={PROFILE_VARIABLE: "1"} if profile else None)
    if not profile:
        return found | {"bytes_a_plastic_synapse": found["bytes"] / found["plastic"]}
    return {part: found[part] for part in ("training", "test")}


def shape_of(against: str, point: int, seconds: float) -> Result:
    """Microcolumns, inputs, copies and images of a point."""
    shape: Result = dict(BASE)
    if against == "images":
        test = max(point // 10, 1)
        return shape | {"inputs": 64, "images": point, "warm": 0, "train": point - test, "test": test}
    if against == "synapses":
        shape["microcolumns"] = max(round(math.sqrt(point) / COLUMNS), 1)
        shape["inputs"] = math.ceil(point / COLUMNS / shape["microcolumns"])
    else:
        shape[against] = point
    if against == "copies":  # the same images for all, because copies share what is made of an image
        return shape | dict.fromkeys(("warm", "train", "test"), max(min(int(500 * seconds), MOST), FEWEST))
    synapses = COLUMNS * shape["microcolumns"] * shape["inputs"]
    cost = shape["copies"] * (IMAGE_SECONDS + SYNAPSE_SECONDS * synapses)
    images = min(max(int(seconds / cost), FEWEST), MOST)
    return shape | dict.fromkeys(("warm", "train", "test"), images)


def fits(against: str, rows: Sequence[Result]) -> list[Result]:
    """Exponents p of y ~ x^p, over all points and over the upper half of them."""
    if len(rows) < 2:
        return []
    x = [row["plastic"] if against == "synapses" else row[against] for row in rows]
    found = []
    for key in FITTED:
        y = [max(row[key], 1e-9) for row in rows]
        half = len(rows) - max(len(rows) // 2, 2)
        found.append({"against": against, "quantity": key, "all": exponent(x, y), "from": x[half],
                      "upper": exponent(x[half:], y[half:])})  # fmt: skip
    return found


# ------------------------------------------------------------------------- data


def network(folder: Path, microcolumns: int, inputs: int, train: int, test: int) -> Path:
    """A configuration with images and labels of its own in a new folder."""
    folder.mkdir()
    write_images(folder, inputs, train + test)
    described = load(ROOT / "configs" / "mnist.yaml")
    pixels, target = described.inputs
    assert isinstance(target, TargetInput)
    assert target.period
    told: dict[str, Any] = {"source": "images.idx", "offset": 16, "shape": (inputs, 1, 1)}
    period = target.period
    named = {"target_file": "labels.txt", "learning_time": train * period}
    size = {"size": COLUMNS * microcolumns}
    populations = tuple(p.model_copy(update=size if p.name == "L" else {}) for p in described.populations)
    changed = {
        "copies": 1,
        "inputs": (pixels.model_copy(update=told), target.model_copy(update=named)),
        "populations": populations,
    }
    save(described.model_copy(update=changed), folder / "network.yaml")
    return folder / "network.yaml"


def write_images(folder: Path, pixels: int, images: int) -> None:
    """Drawn images as an IDX file, and their labels as text, a block at a time."""
    rng = np.random.default_rng(0)
    lit = rng.random((CLASSES, pixels)) < LIT
    with open(folder / "images.idx", "wb") as shown, open(folder / "labels.txt", "w", encoding="ascii") as named:
        shown.write(bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (images, 1, pixels)))
        longest = max(_ROWS // pixels, 1)
        for first in range(0, images, longest):
            labels = rng.integers(0, CLASSES, min(longest, images - first))
            values = rng.integers(1, 256, (len(labels), pixels), dtype=np.uint8)
            shown.write((values * lit[labels]).tobytes())
            named.write("".join(f"{label}\n" for label in labels.tolist()))
