"""Small data of a user: three kinds of 6 x 6 pictures (a row, a column, a diagonal) and tables of two clusters."""

import csv
import gzip

import numpy as np

from colanet.datasets.idx import idx_bytes

KINDS = ("row", "column", "slant")
SMALL = ("--copies", 4, "--microcolumns", 4, "--threads", 1)


def shapes(n, seed=0):
    """Pictures, uint8 of shape (n, 6, 6), and their kinds."""
    rng = np.random.default_rng(seed)
    kinds, places = np.arange(n) % 3, rng.integers(0, 2, n)
    pictures = np.zeros((n, 6, 6), dtype=np.uint8)
    for picture, kind, place in zip(pictures, kinds, places, strict=True):
        if kind == 0:
            picture[place] = 250
        elif kind == 1:
            picture[:, place] = 250
        else:
            picture[np.arange(6), (np.arange(6) + place) % 6] = 250
    pictures[rng.random(pictures.shape) < 0.05] = 200
    return pictures, kinds


def write_table(path, rows, header=("long", "wide", "number", "kind")):
    """A CSV; gzipped if it is called so."""
    lines = "".join(",".join(map(str, row)) + "\n" for row in (header, *rows))
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return path


def clusters(n, seed=0):
    """Rows of a table: two numbers that tell the kind, one that does not, the kind."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        kind = i % 2
        long, wide = rng.normal((3, -2) if kind else (-3, 2), 0.5)
        rows.append((f"{long:.3f}", f"{wide:.3f}", i, ("left", "right")[1 - kind]))
    return rows


def write_pictures(folder, n, seed=0, flat=False, mode="L"):
    """PNG files, a subfolder a kind; flat: all in the folder."""
    from PIL import Image

    for i, (picture, kind) in enumerate(zip(*shapes(n, seed), strict=True)):
        place = folder if flat else folder / KINDS[kind]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).convert(mode).save(place / f"{i:03d}.png")
    return folder


def write_idx(folder, n_train, n_test, seed=0):
    """The four files of MNIST."""
    folder.mkdir()
    for part, n, k in (("train", n_train, 0), ("t10k", n_test, 1)):
        pictures, kinds = shapes(n, seed + k)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(idx_bytes(pictures))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(kinds.astype(np.uint8))))
    return folder


def answers_in(text):
    """Rows of what `colanet predict` writes."""
    return list(csv.DictReader(text.splitlines()))


def without(text, words):
    """The lines that do not hold these words."""
    return "".join(line for line in text.splitlines(keepends=True) if words not in line)
