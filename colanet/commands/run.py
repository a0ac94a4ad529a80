"""`colanet run`: train and test a network, with everything that can be saved, recorded and resumed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from colanet import config
from colanet.atomic import final_place
from colanet.commands.costs import costs_report
from colanet.commands.dataset import with_dataset
from colanet.commands.monitor import Monitor, multiples
from colanet.commands.options import engine_name, lenient, stand_ins, watch, watched
from colanet.commands.outputs import check_apart, listed, remove_stale
from colanet.commands.progress import Progress
from colanet.commands.recordings import FORMATS, PROTOCOLS, recording_of, write_recordings
from colanet.commands.run_options import RunOptions
from colanet.config.model import MAX_COPIES
from colanet.config.overrides import parse_settings
from colanet.costs import costs_of
from colanet.encoding.context import DataUsed
from colanet.errors import ConfigError, Problem
from colanet.locks import hold_folder, make_folder
from colanet.observers import Observer
from colanet.readout import prediction_path, write_predictions
from colanet.session import Result, Session
from colanet.spool import FILE, Spool
from colanet.units import LARGEST_SEED, STEP_LIMIT

if TYPE_CHECKING:
    from colanet.watch.watcher import Watcher

RECENT = 2000
"""Objects whose answers the line of progress is about."""


@click.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@engine_name
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--copies", type=click.IntRange(1, MAX_COPIES),
              help="Network copies, instead of the configuration's.")  # fmt: skip
@click.option("--train", type=click.IntRange(0), metavar="N", help="Use only the first N training images.")
@click.option("--test", type=click.IntRange(0), metavar="N", help="Use only the first N test images.")
@click.option("--freeze-at", type=click.IntRange(0, STEP_LIMIT - 1), metavar="STEP",
              help="First step without plasticity.")  # fmt: skip
@click.option("--stop-at", type=click.IntRange(1, STEP_LIMIT - 1), metavar="STEP", help="Stop before this step.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field, for example population.L.hebbian_rate=-0.1 (repeatable).")  # fmt: skip
@click.option("--dataset", metavar="NAME",
              help="Images and labels of this data set, instead of the configuration's.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for results, recordings and checkpoints.")
@click.option("--record", type=click.Choice(FORMATS), help="Record spikes in this format (needs --out).")
@click.option("--protocol", type=click.Choice(tuple(PROTOCOLS)),
              help="Write the spikes of all populations side by side into spikes.NAME (needs --out).")  # fmt: skip
@click.option("--protocol-inputs", is_flag=True, help="Those of all inputs too, into receptor_spikes.NAME.")
@click.option("--record-steps", metavar="FIRST:LAST", help="Record only these steps, LAST excluded.")
@click.option("--record-sections", metavar="A,B", help="Record only these sections.  [default: populations]")
@click.option("--monitor", type=click.IntRange(1), metavar="STEPS", help="Report the network every so many steps.")
@click.option("--save", type=click.Path(path_type=Path), metavar="STATE.h5", help="Save the final state.")
@click.option("--load", type=click.Path(path_type=Path), metavar="STATE.h5", help="Start from a saved state.")
@click.option("--fields", type=click.Path(path_type=Path), metavar="FILE.png",
              help="Draw the receptive fields of the first copy at the end (needs matplotlib).")  # fmt: skip
@click.option("--checkpoint", type=click.IntRange(1), metavar="STEPS",
              help="Write a checkpoint every so many steps (needs --out).")  # fmt: skip
@click.option("--resume", is_flag=True, help="Continue from the checkpoint in --out if there is one.")
@click.option("--overwrite", is_flag=True, help="Begin anew although --out has the checkpoint of another run.")
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--costs", is_flag=True, help="Print footprint, sparsity and synaptic operations too.")
@click.option("--pj-per-op", type=float, metavar="X",
              help="Picojoules of a synaptic operation: energy too (needs --costs or --json).")  # fmt: skip
@watch
@stand_ins
@lenient
def run(**given: Any) -> None:
    """Train and test the network of CONFIGURATION (.nnc, .xml, .yaml)."""
    options = RunOptions(**given)
    with watched(str(options.configuration), options.watch, options.watch_port) as watcher:
        execute(options, watcher)


def execute(options: RunOptions, watcher: Watcher | None = None) -> None:
    """Make a session, or take up that of a checkpoint; train, test, write and print."""
    monitor = Monitor(options.monitor, options.say) if options.monitor else None
    session = make_session(options, monitor, watcher)
    if watcher:
        watcher.board.about = describe(session, options.engine)
    stop = last_step(session, options.stop_at, options.say)
    freeze = session.default_freeze if options.freeze_at is None else options.freeze_at
    session.terms = {"--stop-at": stop, "--freeze-at": "never" if freeze is None else freeze}
    checkpoint = options.checkpoint_file
    resuming = options.resume and checkpoint is not None and checkpoint.exists()
    if options.load and not resuming:
        session.load(options.load)
    with hold_folder(options.out, "run") if options.out else contextlib.nullcontext():
        prepare_outputs(options)
        if resuming and checkpoint:
            session.resume(checkpoint)
        try:
            work(session, stop, options, monitor)
        except KeyboardInterrupt as error:
            there = checkpoint is not None and checkpoint.exists()
            raise KeyboardInterrupt(f"--resume continues from {checkpoint}" if there else "") from error


def work(session: Session, stop: int, options: RunOptions, monitor: Monitor | None) -> None:
    """Train, test, write and print."""
    if options.fields:
        draw_fields(session)  # better refused now than after an hour of training
    options.say(f"{options.configuration}: {describe(session, options.engine)}")
    if session.target and session.target.prediction_file and not options.out:
        name = session.target.prediction_file
        options.say(f"prediction_file {name} is written only with --out DIR, into that folder")
    if session.step >= stop:
        options.say(f"nothing is left to run, step {session.step} is reached")
    else:
        announce_compilation(session, options.say)
    checkpoint = options.checkpoint_file
    try:
        result = drive(session, stop, options)
        finish(session, options, result, monitor)
    except BaseException:
        # Without a checkpoint nothing can go on from what was recorded.
        if not (checkpoint and checkpoint.exists()):
            remove_spool(session)
        raise


def make_session(options: RunOptions, *observers: Observer | None) -> Session:
    """The session that the options ask for, with those of the observers that are there."""
    network = config.load(options.configuration, lenient=options.lenient, stand_ins=options.stand_ins)
    # All at once: only the final result has to be consistent.
    network = config.override_all(with_dataset(network, options.dataset), parse_settings(options.settings))
    return Session(
        network,
        base_dir=options.configuration.parent,
        engine=options.engine,
        seed=options.seed,
        threads=options.threads,
        copies=options.copies,
        train=options.train,
        test=options.test,
        data_dir=options.data,
        recording=recording_of(network, options),
        observers=[observer for observer in observers if observer],
    )


def last_step(session: Session, asked: int | None, say: Callable[[str], None], option: str = "--stop-at") -> int:
    """Where the run stops: with labels at the end of the data at the latest; `option` is what the user may say.

    Raises
    ------
    ConfigError
        If the input never ends and no step was asked for.
    """
    there = session.presentation.n_steps
    if asked is None and there is None:
        raise ConfigError(Problem("the input has no end, expected a step to stop at", option))
    stop = session.default_stop if asked is None else asked
    if there is None or stop <= there:
        return stop
    if session.votes:
        say(f"the data end at step {there}, and so does the run")
        return there
    say(f"the data end at step {there}; silence follows until step {stop}")
    return stop


def prepare_outputs(options: RunOptions) -> None:
    """Refuse places that cannot be written to, better now than after an hour of training, and lost checkpoints."""
    checkpoint = options.checkpoint_file
    files = [path for path in (options.save, options.fields) if path]
    if options.fields:
        from colanet.viz import check_suffix

        check_suffix(options.fields)
    check_apart(files, options.out)
    if checkpoint:
        files += [checkpoint, checkpoint.with_name("results.h5")]
    for path in files:
        make_folder(path.parent)
        final_place(path)
    if checkpoint and checkpoint.exists() and not options.resume:
        if not options.overwrite:
            raise ConfigError(
                f"{checkpoint}: checkpoint of an interrupted run; --resume continues it, --overwrite removes it"
            )
        checkpoint.unlink()
    if checkpoint and not options.resume:
        # Of a run that was killed before its first checkpoint, or is not wanted any more.
        checkpoint.with_name(FILE).unlink(missing_ok=True)


def describe(session: Session, asked: str, noun: str = "image") -> str:
    """One line about what is going to run; `noun` is what its objects are called."""
    p, plan = session.presentation, session.plan
    engine = session.engine.name
    if asked == "auto":
        engine += f" engine (auto: {getattr(session.engine, 'reason', 'the only one')})"
    else:
        engine += " engine"
    objects = f", {p.n_train} training and {p.n_test} test {noun}s" if session.votes and session.target else ""
    copies = f"{plan.copies} " + ("copy" if plan.copies == 1 else "copies")
    return f"{plan.n_neurons} neurons, {copies}{objects}, {engine}, threads {session.threads}, seed {plan.seed}"


def announce_compilation(session: Session, say: Callable[[str], None]) -> None:
    """Say so when the first call will have to compile."""
    if session.engine.name == "numba":
        from colanet.compiled import is_compiled

        if not is_compiled():
            say("compiling kernels, once on this machine (some ten seconds) ...")


def recent_accuracy(session: Session) -> str:
    """How many of the last objects were answered rightly, for the line of progress."""
    recent = session.score(max(session.finished_objects() - RECENT, 0), session.finished_objects())
    return f"accuracy of the last {RECENT}: {recent.accuracy:.3f}" if recent else ""


def drive(
    session: Session, stop: int, options: RunOptions, noun: str = "image",
    recent: Callable[[Session], str] = recent_accuracy,
) -> Result:  # fmt: skip
    """Run to the end, showing how far it is, and write a checkpoint every so often."""
    every, checkpoint = options.checkpoint, options.checkpoint_file
    boundaries = multiples(every, session.step, stop) if every else ()
    period, unit = (session.votes.period, f"{noun}s") if session.votes else (1, "steps")
    if period > 1 and not session.target:
        unit = "periods"
    with Progress(-(-stop // period), unit, options.quiet, done=session.step // period) as progress:

        def tell(now: Session) -> None:
            progress.update(now.step // period, recent(now))
            if checkpoint and every and now.step % every == 0:
                now.checkpoint(checkpoint)

        return session.run(stop, freeze=options.freeze_at, watch=tell, boundaries=boundaries)


def finish(session: Session, options: RunOptions, result: Result, monitor: Monitor | None) -> None:
    """Write what was asked for and print the result."""
    if options.save:
        session.save(options.save)
    if options.fields:
        from colanet.viz import save

        save(draw_fields(session), options.fields)
    if options.out:
        write_folder(session, options, options.out, result, monitor)
    costs = costs_of(session, options.pj_per_op) if options.costs or options.as_json else None
    if options.as_json:
        click.echo(json.dumps(result.as_dict() | {"costs": costs.as_dict() if costs else None}))
    else:
        click.echo(report(result) + (f"\n{costs_report(costs)}" if options.costs else ""))


def write_folder(session: Session, options: RunOptions, out: Path, result: Result, monitor: Monitor | None) -> None:
    """Write results, recordings, monitoring and answers into a folder; remove what an earlier run left there."""
    name, results = options.configuration.stem, out / "results.h5"
    earlier = listed(results) if results.exists() else set()
    extra, files = write_recordings(session, options, out, name)
    if monitor and monitor.rows:
        extra["monitor"] = np.array(monitor.rows)
        files.append(f"monitoring.{name}.csv")
        monitor.write(out / files[-1])
    session.write_results(results, result, extra, files)
    remove_stale(out, earlier - set(files))
    write_answers(session, out)
    checkpoint = options.checkpoint_file
    if checkpoint and checkpoint.exists():
        checkpoint.unlink()
    # Last, because a checkpoint without its spool could not be resumed.
    remove_spool(session)


def write_answers(session: Session, folder: Path) -> None:
    """The answers so far in the target's `prediction_file`, if it names one and a readout decides."""
    target = session.target
    path = prediction_path(folder, target) if target and session.votes else None
    if target and path:
        answers = session.answers()
        write_predictions(path, answers, session.labels()[: len(answers)], target, session.presentation.n_train)


def remove_spool(session: Session) -> None:
    """Delete the spool of a recording, if there is one."""
    if isinstance(session.recorder.records, Spool):
        session.recorder.records.remove()


def draw_fields(session: Session) -> Any:
    """The receptive fields of the first copy as a figure."""
    from colanet.viz.sources import fields_of

    return fields_of(session.plan, session.state()).draw()


def report(result: Result, noun: str = "image") -> str:
    """The result for people; `noun` is what objects are called."""
    lines = []
    if result.accuracy is not None:
        lines += [
            f"accuracy    {100 * result.accuracy:.2f} % of {result.test_images} test {noun}s",
            f"unanswered  {100 * result.unanswered:.2f} %" if result.unanswered is not None else "",
            "confusion (row: true class, column: answer, last column: none)",
            format_confusion(result.confusion),
        ]
    elif result.train_accuracy is not None:
        lines.append(f"accuracy while learning  {100 * result.train_accuracy:.2f} %")
    if result.criterion is not None:
        value = "not defined here" if result.criterion_value is None else f"{result.criterion_value:.6g}"
        lines.append(f"{result.criterion}  {value}")
    lines += [
        *(f"data        {source_of(used)}, sha256 {used.sha256}" for used in result.data),
        f"time        {result.seconds:.2f} s, {result.image_copies_per_second:.0f} {noun}-copies a second, "
        f"{result.synaptic_events_per_second:.3g} synaptic events a second",
        f"engine      {result.engine}, threads {result.threads}, seed {result.seed}, {result.steps} steps",
        f"digest      {result.digest}",
    ]
    return "\n".join(lines)


def source_of(used: DataUsed) -> str:
    """Name and place of data; a file in this folder is its own name."""
    return used.name if used.source == used.name else f"{used.name}: {used.source}"


def format_confusion(confusion: np.ndarray | None) -> str:
    """The table; the row of objects without a class only if there are any."""
    if confusion is None:
        return ""
    rows = confusion if confusion[-1].any() else confusion[:-1]
    width = max(len(str(rows.max())), 3) + 1
    return "\n".join("".join(f"{value:{width}d}" for value in row) for row in rows)
