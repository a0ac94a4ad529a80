"""`colanet train`: from the user's own samples to a trained network, by one command."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from colanet import config
from colanet.atomic import final_place
from colanet.commands.options import engine_name, lenient
from colanet.commands.outputs import check_apart
from colanet.commands.run import RECENT, announce_compilation, describe, drive, report
from colanet.commands.run_options import RunOptions
from colanet.config.files import check_suffix
from colanet.config.model import MAX_COPIES
from colanet.errors import DataWarning
from colanet.estimator.arguments import WHOLE
from colanet.estimator.inputs import SCALERS
from colanet.locks import make_folder
from colanet.own.learn import Choices, Lesson, lesson
from colanet.own.read import read
from colanet.own.samples import Wanted
from colanet.results import Result
from colanet.session import Session
from colanet.units import LARGEST_SEED

MOST_PASSES = 1000


@dataclass(frozen=True)
class Outputs:
    """Files that are written, None where none is asked for."""

    save: Path
    save_config: Path | None
    fields: Path | None

    def check(self, data: Path, made: Lesson) -> None:
        """Refuse places that cannot be written to, better now than after an hour of training."""
        if self.save_config:
            check_suffix(self.save_config)
        if self.fields:
            from colanet.viz import check_suffix as check_picture

            check_picture(self.fields)
        beside = (self.save_config, *made.files(self.save_config)) if self.save_config else ()
        files = [path for path in (self.save, self.fields, *beside) if path]
        check_apart([data, *files], None)
        for path in files:
            final_place(path)
        for path in files:
            make_folder(path.parent)


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--label", metavar="NAME",
              help="Column or array of the labels.  [default: label, class, target or y]")  # fmt: skip
@click.option("--drop", multiple=True, metavar="NAME",
              help="A column that is not shown to the network (repeatable).")  # fmt: skip
@click.option("--test-share", type=click.FloatRange(0, 0.9), metavar="SHARE",
              help="Part of every class that is held out.  [default: 0.2, or the data's test part]")  # fmt: skip
@click.option("--microcolumns", type=click.IntRange(1, WHOLE["microcolumns"]),
              help="Neurons a class.  [default: 15]")  # fmt: skip
@click.option("--copies", type=click.IntRange(1, MAX_COPIES), help="Network copies.  [default: 20]")
@click.option("--passes", type=click.IntRange(1, MOST_PASSES), default=1, show_default=True,
              help="How often the training samples are shown, each time in another order.")  # fmt: skip
@click.option("--scaler", type=click.Choice(SCALERS), default="auto", show_default=True,
              help="How numbers become intensities.")  # fmt: skip
@click.option("--network", type=click.Path(path_type=Path), metavar="CONFIG",
              help="A network of yours instead of the one that is made.")  # fmt: skip
@engine_name
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--save", type=click.Path(path_type=Path), metavar="STATE.h5",
              help="Where the trained network is saved.  [default: NAME.state.h5 in this folder]")  # fmt: skip
@click.option("--save-config", type=click.Path(path_type=Path), metavar="FILE.yaml",
              help="Write the network, samples and labels for colanet run.")  # fmt: skip
@click.option("--fields", type=click.Path(path_type=Path), metavar="FILE.png",
              help="Draw the receptive fields of the first copy at the end (needs matplotlib).")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@lenient
def train(
    data: Path, label: str | None, drop: tuple[str, ...], engine: str, threads: int | None, save: Path | None,
    save_config: Path | None, fields: Path | None, quiet: bool, as_json: bool, network: Path | None, lenient: bool,
    **choices: Any,
) -> None:  # fmt: skip
    """Make a network for DATA, train it, and test it on a part that is held out.

    DATA is a table (.csv) with a line of names, an archive (.npz), IDX files, or a folder of images with a
    subfolder a class.
    """
    options = RunOptions(data, engine=engine, seed=choices["seed"], threads=threads, quiet=quiet, as_json=as_json)
    ready = config.load(network, lenient=lenient) if network else None
    made = lesson(read(data, Wanted(label, drop)), Choices(network=ready, **choices))
    outputs = Outputs(save or Path(f"{_stem(data)}.state.h5"), save_config, fields)
    session = made.session(engine, threads)
    outputs.check(data, made)
    if fields:
        drawn(session, made)  # better refused now than after an hour of training
    if save_config:
        made.save(save_config)
    warn(made.doubts)
    passes = f", passes {choices['passes']}" if choices["passes"] > 1 else ""
    options.say(f"{data}: {describe(session, engine, 'sample')}{passes}")
    announce_compilation(session, options.say)
    result = drive(session, session.default_stop, options, "sample", while_learning)
    _finish(session, result, outputs, made, options)


def _finish(session: Session, result: Result, outputs: Outputs, made: Lesson, options: RunOptions) -> None:
    """Write what was asked for and print the result."""
    session.save(outputs.save)
    if outputs.fields:
        from colanet.viz import save

        save(drawn(session, made), outputs.fields)
    if options.as_json:
        click.echo(json.dumps({"classes": made.meaning.classes} | result.as_dict()))
    else:
        click.echo(f"classes     {', '.join(made.meaning.classes)}\n{report(result, 'sample')}")
    warn(made.misgivings(result.accuracy))
    options.say(f"colanet predict {outputs.save} DATA answers other samples")
    if outputs.save_config:
        options.say(f"colanet run {outputs.save_config} --seed {made.seed} makes this network again")


def warn(doubts: Iterable[str]) -> None:
    """Warn of each."""
    for doubt in doubts:
        warnings.warn(doubt, DataWarning, stacklevel=2)


def while_learning(session: Session) -> str:
    """How many of the last training samples were answered rightly, for the line of progress."""
    learnt = min(session.finished_objects(), session.presentation.n_train)
    recent = session.score(max(learnt - RECENT, 0), learnt)
    return f"accuracy while learning {100 * recent.accuracy:.2f} %" if recent else ""


def drawn(session: Session, made: Lesson) -> Any:
    """The receptive fields of the first copy as a figure, a row a class."""
    from colanet.viz.sources import fields_of

    return replace(fields_of(session.plan, session.state()), labels=made.meaning.classes).draw()


def _stem(data: Path) -> str:
    """Name of a file or folder without its endings."""
    name = data.resolve().name.removesuffix(".gz")
    return Path(name).stem if not data.is_dir() else name
