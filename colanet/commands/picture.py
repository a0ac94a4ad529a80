"""`colanet picture`: networks, receptive fields of saved ones, the spikes of an image, the blocks of a core."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from colanet import config
from colanet.commands.dataset import with_dataset
from colanet.commands.options import engine_name, lenient
from colanet.config.overrides import parse_settings
from colanet.errors import ConfigError
from colanet.units import LARGEST_SEED


@click.group()
def picture() -> None:
    """Draw pictures of networks. Needs matplotlib."""


def parse_shape(text: str | None) -> tuple[int, int] | None:
    """`HEIGHTxWIDTH` in pixels."""
    if text is None:
        return None
    match = re.fullmatch(r"([1-9]\d{0,5})x([1-9]\d{0,5})", text)
    if not match:
        raise ConfigError(f"--shape {text}: expected HEIGHTxWIDTH, for example 28x28")
    return int(match[1]), int(match[2])


@picture.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.h5...")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.png",
              help="The picture; the suffix says the format.")  # fmt: skip
@click.option("--copy", type=click.IntRange(0), default=0, show_default=True, help="Network copy, from 0.")
@click.option("--projection", metavar="NAME", help="Plastic projection.  [default: the only one]")
@click.option("--task", "tasks", type=click.IntRange(1), multiple=True, metavar="N",
              help="In a run of colanet continual: after task N (repeatable).  [default: first, last]")  # fmt: skip
@click.option("--shape", metavar="HEIGHTxWIDTH", help="Of the pictures.  [default: the input's, or a square]")
@click.option("--labels", metavar="A,B,...", help="Names of the columns.")
def fields(**given: Any) -> None:
    """Draw the receptive fields in states that colanet run --save wrote, or in runs of colanet continual.

    Several files stand side by side. One row a column, one picture a neuron; red: positive weights, blue: negative
    ones, crossed frame: a neuron that has learnt nothing.
    """
    draw_fields(FieldsOptions(**given))


@dataclass(frozen=True)
class FieldsOptions:
    """What `colanet picture fields` was asked for; the fields are the options of the same names."""

    files: tuple[Path, ...]
    out: Path
    copy: int
    projection: str | None
    tasks: tuple[int, ...]
    shape: str | None
    labels: str | None


def draw_fields(options: FieldsOptions) -> None:
    """Draw the fields of all files into one picture."""
    from colanet import viz
    from colanet.viz.sources import read_fields, side_by_side

    viz.check_suffix(options.out)
    size = parse_shape(options.shape)
    parts = [
        read_fields(file, copy=options.copy, projection=options.projection, shape=size, tasks=options.tasks)
        for file in options.files
    ]
    found = side_by_side(parts)
    if len(found.titles) == 1:
        found = replace(found, titles=("",))
    if options.labels is not None:
        found = replace(found, labels=tuple(options.labels.split(",")))
    viz.save(found.draw(), options.out)
    click.echo(f"wrote {options.out}", err=True)


@picture.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--image", type=click.IntRange(0), default=0, show_default=True, metavar="N",
              help="Image to show, from 0; the test images follow the training images.")  # fmt: skip
@click.option("--count", type=click.IntRange(1, 20), default=1, show_default=True, help="Images in a row.")
@click.option("--load", type=click.Path(path_type=Path), metavar="STATE.h5",
              help="State of the network, as colanet run --save writes it.  [default: a new network]")  # fmt: skip
@click.option("--copy", type=click.IntRange(0), default=0, show_default=True, help="Network copy, from 0.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field, as in colanet run (repeatable).")  # fmt: skip
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True)
@engine_name
@click.option("--dataset", metavar="NAME",
              help="Images and labels of this data set, instead of the configuration's.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.png",
              help="The picture; the suffix says the format.")  # fmt: skip
@lenient
def raster(**given: Any) -> None:
    """Show an image to the network of CONFIGURATION and draw the spikes of all its sections."""
    draw_raster(RasterOptions(**given))


@dataclass(frozen=True)
class RasterOptions:
    """What `colanet picture raster` was asked for; the fields are the options of the same names."""

    configuration: Path
    image: int
    count: int
    load: Path | None
    copy: int
    settings: tuple[str, ...]
    seed: int
    engine: str
    dataset: str | None
    data: Path | None
    out: Path
    lenient: bool


def draw_raster(options: RasterOptions) -> None:
    """Run the network over some images and draw its spikes."""
    from colanet import viz
    from colanet.viz.sources import draw_image

    viz.check_suffix(options.out)
    network = with_dataset(config.load(options.configuration, lenient=options.lenient), options.dataset)
    network = config.override_all(network, parse_settings(options.settings))
    figure = draw_image(
        network, options.image, base_dir=options.configuration.parent, state=options.load, count=options.count,
        copy=options.copy, seed=options.seed, engine=options.engine, data_dir=options.data,
    )  # fmt: skip
    viz.save(figure, options.out)
    click.echo(f"wrote {options.out}", err=True)


@picture.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.png",
              help="The picture; the suffix says the format.")  # fmt: skip
@click.option("--title", metavar="TEXT", help="Above the picture.  [default: what the core is]")
def core(folder: Path, out: Path, title: str | None) -> None:
    """Draw the blocks of the core in FOLDER, which colanet export --format verilog wrote."""
    from colanet import viz
    from colanet.viz.cores import read_core

    viz.check_suffix(out)
    manifest, constants = read_core(folder)
    if title is None:
        kind = "learning" if constants.get("LEARN") else "without learning"
        title = f"{manifest.get('learner', 'core')}: {constants.get('LEARNER_SIZE')} neurons, {kind}"
    viz.save(viz.core_diagram(constants, title), out)
    click.echo(f"wrote {out}", err=True)


@picture.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field, as in colanet run (repeatable).")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.svg",
              help="The picture; the suffix says the format, .dot: the text for Graphviz.")  # fmt: skip
@lenient
def network(configuration: Path, settings: tuple[str, ...], out: Path, lenient: bool) -> None:
    """Draw what the network of CONFIGURATION is made of: inputs, populations, projections.

    Graphviz draws it where it is installed, else matplotlib.
    """
    from colanet.viz.networks import draw_network

    described = config.load(configuration, lenient=lenient)
    draw_network(config.override_all(described, parse_settings(settings)), out)
    click.echo(f"wrote {out}", err=True)
