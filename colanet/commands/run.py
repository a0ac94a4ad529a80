"""`colanet run`: train and test a network, with everything that can be saved, recorded and resumed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import numpy as np

from colanet import config
from colanet.atomic import atomic_path
from colanet.commands.progress import Progress
from colanet.config.overrides import parse_settings
from colanet.engine import ENGINES
from colanet.errors import ConfigError
from colanet.session import Recording, Result, Session

FORMATS = ("text", "binary", "list", "hdf5")


def parse_range(text: str | None) -> tuple[int, int | None]:
    """`FIRST:LAST` in steps, LAST excluded; either may be left out."""
    if text is None:
        return 0, None
    first, colon, last = text.partition(":")
    try:
        result = int(first or 0), int(last) if last else None
    except ValueError as error:
        raise ConfigError(f"--record-steps {text}: expected FIRST:LAST, two numbers of steps") from error
    if not colon or result[0] < 0 or (result[1] is not None and result[1] <= result[0]):
        raise ConfigError(f"--record-steps {text}: expected FIRST:LAST with 0 <= FIRST < LAST")
    return result


@click.command()
@click.argument("configuration", type=click.Path(path_type=Path))
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True)
@click.option("--threads", type=click.IntRange(1), help="Copies that run side by side.  [default: all cores]")
@click.option("--copies", type=click.IntRange(1, 65536), help="Network copies, instead of the configuration's.")
@click.option("--train", type=click.IntRange(0), metavar="N", help="Use only the first N training images.")
@click.option("--test", type=click.IntRange(0), metavar="N", help="Use only the first N test images.")
@click.option("--freeze-at", type=click.IntRange(0), metavar="STEP", help="First step without plasticity.")
@click.option("--stop-at", type=click.IntRange(1), metavar="STEP", help="Stop before this step.")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE",
              help="Override a field, for example population.L.hebbian_rate=-0.1 (repeatable).")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for results, recordings and checkpoints.")
@click.option("--record", type=click.Choice(FORMATS), help="Record spikes in this format (needs --out).")
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
@click.option("--quiet", is_flag=True, help="Print nothing but the result.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option("--lenient", is_flag=True, help="Unknown elements of the configuration are only warned of.")
def run(configuration: Path, **options: Any) -> None:
    """Train and test the network of CONFIGURATION (.nnc, .xml, .yaml)."""
    for name in ("record", "checkpoint", "resume"):
        if options[name] and options["out"] is None:
            raise ConfigError(f"--{name} needs --out DIR")
    for name in ("record_steps", "record_sections"):
        if options[name] is not None and not options["record"]:
            raise ConfigError(f"--{name.replace('_', '-')} needs --record")
    session = make_session(configuration, options)
    checkpoint = options["out"] / "checkpoint.h5" if options["out"] else None
    if options["resume"] and checkpoint and checkpoint.exists():
        session.resume(checkpoint)
    elif options["load"]:
        session.load(options["load"])
    prepare_outputs(options)
    if options["fields"]:
        draw_fields(session)  # better refused now than after an hour of training
    say = (lambda text: None) if options["quiet"] else (lambda text: click.echo(text, err=True))
    say(f"{configuration}: {describe(session, options['engine'])}")
    announce_compilation(session, say)
    monitor = Monitor(session, options["monitor"], say)
    result = drive(session, options, checkpoint, monitor)
    finish(session, options, result, monitor, checkpoint)


def make_session(configuration: Path, options: dict[str, Any]) -> Session:
    """The session that the options ask for."""
    network = config.load(configuration, lenient=options["lenient"])
    # All at once: only the final result has to be consistent.
    network = config.override_all(network, parse_settings(options["settings"]))
    recording = None
    if options["record"]:
        sections = tuple(filter(None, (options["record_sections"] or "").split(",")))
        recording = Recording(sections, *parse_range(options["record_steps"]))
    return Session(
        network,
        base_dir=configuration.parent,
        engine=options["engine"],
        seed=options["seed"],
        threads=options["threads"],
        copies=options["copies"],
        train=options["train"],
        test=options["test"],
        data_dir=options["data"],
        recording=recording,
    )


def prepare_outputs(options: dict[str, Any]) -> None:
    """Make the folders that the run will write to; better now than after an hour of training."""
    folders = [options["out"]] if options["out"] else []
    if options["save"]:
        folders.append(options["save"].parent)
        if options["save"].is_dir():
            raise ConfigError(f"--save {options['save']}: is a folder")
    if options["fields"]:
        from colanet.viz import check_suffix

        check_suffix(options["fields"])
        folders.append(options["fields"].parent)
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be made a folder ({error.strerror})") from error
        if not os.access(folder, os.W_OK):
            raise ConfigError(f"{folder}: cannot be written to")


def describe(session: Session, asked: str) -> str:
    """One line about what is going to run."""
    p, plan = session.presentation, session.plan
    engine = session.engine.name
    if asked == "auto":
        engine += f" engine (auto: {getattr(session.engine, 'reason', 'the only one')})"
    else:
        engine += " engine"
    objects = f", {p.n_train} training and {p.n_test} test images" if session.votes else ""
    copies = f"{plan.copies} " + ("copy" if plan.copies == 1 else "copies")
    return f"{plan.n_neurons} neurons, {copies}{objects}, {engine}, threads {session.threads}, seed {plan.seed}"


def announce_compilation(session: Session, say) -> None:
    """Say so when the first call will have to compile."""
    if session.engine.name == "numba":
        from colanet.compiled import is_compiled

        if not is_compiled():
            say("compiling kernels, once on this machine (about 15 s) ...")


class Monitor:
    """A table of the network's condition, a row every so many steps."""

    COLUMNS = ("step", "accuracy", "spikes", "mean_weight", "mean_threshold", "mean_stability")

    def __init__(self, session: Session, every: int | None, say):
        self.session, self.every, self.say = session, every, say
        self.rows: list[tuple[float, ...]] = []
        self.spikes = session.tally.spikes.sum()

    def look(self) -> None:
        """Add a row: accuracy of all finished objects, spikes since the last row, means over plastic neurons."""
        session = self.session
        total = session.tally.spikes.sum()
        score = session.score(0, session.finished_objects())
        plastic = [p.name for p in session.plan.populations if p.plasticity]
        links = [p.name for p in session.plan.projections if p.kind == "plastic"]
        means = [
            np.mean([np.nanmean(session.weights(name)) for name in links]) if links else np.nan,
            np.mean([session.thresholds(name).mean() for name in plastic]) if plastic else np.nan,
            np.mean([session.stability(name).mean() for name in plastic]) if plastic else np.nan,
        ]
        row = (session.step, score.accuracy if score else np.nan, total - self.spikes, *means)
        self.spikes = total
        self.rows.append(tuple(float(value) for value in row))
        self.say("monitor: " + ", ".join(f"{c} {v:.6g}" for c, v in zip(self.COLUMNS, row, strict=True)))


def drive(session: Session, options: dict[str, Any], checkpoint: Path | None, monitor: Monitor) -> Result:
    """Run to the end with progress, monitoring and checkpoints."""
    stop = options["stop_at"] or session.default_stop
    if session.votes:
        stop = min(stop, session.presentation.n_steps or stop)
    boundaries: set[int] = set()
    for every in (options["checkpoint"], monitor.every):
        boundaries |= set(range(every, stop, every)) if every else set()
    period, unit = (session.votes.period, "images") if session.votes else (1, "steps")
    with Progress(-(-stop // period), unit, options["quiet"]) as progress:

        def watch(now: Session) -> None:
            recent = now.score(max(now.finished_objects() - 2000, 0), now.finished_objects())
            progress.update(
                now.step // period, f"accuracy of the last 2000: {recent.accuracy:.3f}" if recent else ""
            )
            if monitor.every and (now.step % monitor.every == 0 or now.step == stop):
                monitor.look()
            if checkpoint and options["checkpoint"] and now.step % options["checkpoint"] == 0:
                now.checkpoint(checkpoint)

        try:
            return session.run(stop, freeze=options["freeze_at"], watch=watch, boundaries=boundaries)
        except KeyboardInterrupt:
            if checkpoint and options["checkpoint"]:
                click.echo(f"interrupted; --resume continues from {checkpoint}", err=True)
            raise


def finish(session: Session, options: dict[str, Any], result: Result, monitor: Monitor, checkpoint) -> None:
    """Write what was asked for and print the result."""
    if options["save"]:
        session.save(options["save"])
    if options["fields"]:
        from colanet.viz import save

        save(draw_fields(session), options["fields"])
    if options["out"]:
        extra: dict[str, Any] = {}
        if monitor.rows:
            extra["monitor"] = np.array(monitor.rows)
        if options["record"]:
            extra |= write_recordings(session, options["record"], options["out"])
        session.write_results(options["out"] / "results.h5", result, extra)
        if checkpoint and checkpoint.exists():
            checkpoint.unlink()
    click.echo(json.dumps(result.as_dict()) if options["as_json"] else report(result))


def draw_fields(session: Session) -> Any:
    """The receptive fields of the first copy as a figure."""
    from colanet.viz.sources import fields_of

    return fields_of(session.plan, session.state()).draw()


def write_recordings(session: Session, form: str, out: Path) -> dict[str, np.ndarray]:
    """Spikes as files of the ArNI-X recording formats, or as data sets for the results file."""
    from colanet.encoding import records

    arrays = {key: session.spikes(key.split("/", 1)[1], int(key.split("/", 1)[0])) for key in session.tally.records}
    if form == "hdf5":
        return {f"spikes/{key}": rows for key, rows in arrays.items()}
    sizes = dict(session.plan.inputs) | {p.name: p.size for p in session.plan.populations}
    recording = session.recording
    assert recording is not None
    first = recording.first
    last = session.step if recording.last is None else min(recording.last, session.step)
    suffix = {"text": "txt", "binary": "bin", "list": "csv"}[form]
    for key, rows in arrays.items():
        copy, name = key.split("/", 1)
        with atomic_path(out / f"spikes.{name}.{copy}.{suffix}") as path:
            records.WRITERS[form](path, rows[:, 0] - first, rows[:, 1], sizes[name], max(last - first, 0))
    return {}


def report(result: Result) -> str:
    """The result for people."""
    lines = []
    if result.accuracy is not None:
        lines += [
            f"accuracy    {100 * result.accuracy:.2f} % of {result.test_images} test images",
            f"unanswered  {100 * result.unanswered:.2f} %" if result.unanswered is not None else "",
            "confusion (row: true class, column: answer, last column: none)",
            format_confusion(result.confusion),
        ]
    elif result.train_accuracy is not None:
        lines.append(f"accuracy while learning  {100 * result.train_accuracy:.2f} %")
    lines += [
        f"time        {result.seconds:.2f} s, {result.image_copies_per_second:.0f} image-copies a second, "
        f"{result.synaptic_events_per_second:.3g} synaptic events a second",
        f"engine      {result.engine}, threads {result.threads}, seed {result.seed}, {result.steps} steps",
        f"digest      {result.digest}",
    ]
    return "\n".join(lines)


def format_confusion(confusion: np.ndarray | None) -> str:
    if confusion is None:
        return ""
    rows = confusion if confusion[-1].any() else confusion[:-1]
    width = max(len(str(rows.max())), 3) + 1
    return "\n".join("".join(f"{value:{width}d}" for value in row) for row in rows)
