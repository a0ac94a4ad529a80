"""The commands."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from colanet import datasets
from colanet.datasets import patterns as pictures
from colanet.datasets.transform import permute_images
from colanet.errors import ColanetError, DataError
from data_tools import formats

FILE = click.Path(path_type=Path)
DATA = click.option("--data", type=FILE, help="Folder to look for data sets first.")
SHAPE = click.option("--shape", type=click.IntRange(1), nargs=2, metavar="WIDTH HEIGHT", help="Of raw images.")
OFFSET = click.option("--offset", type=click.IntRange(0), default=0, help="Bytes before the first raw image.")


class Commands(click.Group):
    """Turns every error a user can meet into one line and exit status 2."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except ColanetError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Fetch, convert, cut and permute data sets.

    Files are told apart by name: .bin and .raw are raw 8-bit images back to back, .txt is one label a line,
    anything else is IDX; a further .gz means gzipped.
    """


@main.command()
@click.argument("name")
@DATA
def fetch(name: str, data: Path | None) -> None:
    """Find a data set, download it if it is nowhere, and say where it is."""
    found = datasets.load(name, data)
    click.echo(f"{name}: {len(found.train_images)} + {len(found.test_images)} images in {found.source}")
    click.echo(f"licence: {found.licence}; cite: {found.citation}")


@main.command()
@click.argument("src", type=FILE)
@click.argument("dst", type=FILE)
@SHAPE
@OFFSET
@DATA
def convert(src: Path, dst: Path, shape: tuple[int, int] | None, offset: int, data: Path | None) -> None:
    """Convert SRC to the form that the name DST says.

    SRC may also name a data set; then DST is a folder that gets NAME.bin and NAME_labels.txt, the training images
    first, ready for a configuration.
    """
    if not src.exists() and str(src) in datasets.REGISTRY:
        _export(datasets.load(str(src), data), dst)
        return
    array = formats.read(src, shape, offset)
    _write(dst, array)


def _export(found: datasets.Dataset, folder: Path) -> None:
    height, width = found.picture
    pictures = np.concatenate(found.intensities).reshape(-1, height, width)
    _write(folder / f"{found.name}.bin", pictures)
    _write(folder / f"{found.name}_labels.txt", np.concatenate([found.train_labels, found.test_labels]))
    click.echo(f"shape {width} x {height} x 1; the first {len(found.train_images)} are for training")


@main.command()
@click.argument("src", type=FILE)
@click.argument("dst", type=FILE)
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="Object to begin with.")
@click.option("--count", type=click.IntRange(1), required=True, help="Objects to keep.")
@SHAPE
@OFFSET
def cut(src: Path, dst: Path, first: int, count: int, shape: tuple[int, int] | None, offset: int) -> None:
    """Keep COUNT images or labels of SRC."""
    array = formats.read(src, shape, offset)
    if first + count > len(array):
        raise DataError(f"{src}: {count} objects from number {first} on asked for, there are {len(array)} in all")
    _write(dst, array[first : first + count])


@main.command()
@click.argument("src", type=FILE)
@click.argument("dst", type=FILE)
@click.option("--seed", type=click.IntRange(0), required=True, help="Of the permutation; 0 changes nothing.")
@SHAPE
@OFFSET
def permute(src: Path, dst: Path, seed: int, shape: tuple[int, int] | None, offset: int) -> None:
    """Move the pixels of all images of SRC by one fixed permutation."""
    images = formats.read(src, shape, offset)
    if images.ndim != 3:
        raise DataError(f"{src}: holds labels, expected images")
    _write(dst, permute_images(images, seed))


@main.command()
@click.argument("outdir", type=FILE)
@click.option("--count", type=click.IntRange(1), default=3000, show_default=True, help="Pictures.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def patterns(outdir: Path, count: int, seed: int) -> None:
    """Make pictures of 31 x 31 pixels with a spot, a ring or a bar: patterns.bin and patterns_labels.txt."""
    images, labels = pictures.generate(count, seed)
    _write(outdir / "patterns.bin", images)
    _write(outdir / "patterns_labels.txt", labels)


def _write(path: Path, array: np.ndarray) -> None:
    formats.write(path, array)
    click.echo(f"{path}: {len(array)} {'images' if array.ndim == 3 else 'labels'}")
