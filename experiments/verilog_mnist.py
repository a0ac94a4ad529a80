"""Lets a Verilog core learn and answer a whole data set, and compares it with the simulator.

    python -m experiments.verilog_mnist                          # configs/mnist_chip.yaml, all of MNIST: minutes
    python -m experiments.verilog_mnist --train 500 --test 100   # half a minute
    python -m experiments.verilog_mnist configs/mnist.yaml --set population.L.resource_bits=16 \\
        --set population.L.resource_fraction=9 --set population.L.random_generator=jenkins32

The core starts from the initial state of the configuration. Verilator runs it on the spikes of the configuration's
own images, the engine `numba` runs the network on the same images. Every answer must be equal, every memory of the
core at the end, and the digest of the state that is made of them. Exit status 1 if something differs.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from colanet.atomic import write_text
from colanet.config import load, override_all
from colanet.config.overrides import parse_settings
from colanet.continual.results import versions
from colanet.engine.base import digest
from colanet.errors import ConfigError
from colanet.export import export
from colanet.export.verilog.players import Player, built, core_of, tool
from colanet.export.verilog.programs import LARGEST_FREEZE, Played, Program, answers_of, readback
from colanet.export.verilog.readback import regions_of, state_of
from colanet.plan.variables import State
from colanet.programs import run_safely
from colanet.readout import score
from colanet.session import Session

ROOT = Path(__file__).resolve().parents[1]
IMAGES = 100
"""Images of one piece of the stream."""
LANES = 50
"""Neurons that the core adds at a time, unless said: few cycles, and compiled in a minute."""


class DifferenceError(Exception):
    """The core and the simulator do not agree."""


@dataclass(eq=False)
class Run:
    """A run of both.

    Attributes
    ----------
    session : Session
        Of the simulator.
    core : Path
        Folder of the exported core.
    before : dict
        The state that was exported.
    stop : int
        Steps of the data that are shown.
    marks : list of int
        Steps after which the core's counts are written, ascending.
    """

    session: Session
    core: Path
    before: State
    stop: int
    manifest: dict[str, Any] = field(init=False)
    program: Program = field(init=False)
    marks: list[int] = field(init=False)
    done: int = 0

    def __post_init__(self) -> None:
        self.manifest = core_of(self.core)
        self.program = Program(self.manifest)
        period, learning = self.session.presentation.period or 1, self.session.default_freeze
        self.watched = max(self.stop - self.session.plan.history, 0)
        whole = self.watched - self.watched % period
        self.marks = sorted({0, whole, min(learning or 0, whole)})

    def play(self, player: Player) -> Played:
        """Run both side by side; what the core has written. DifferenceError at the first wrong answer."""
        session, freeze = self.session, self.session.default_freeze
        self.program.freeze(LARGEST_FREEZE if freeze is None else session.origin + freeze)
        self.program.mark()
        if not self.watched:
            self.program.record(True)

        def watch(session: Session) -> None:
            self._piece(session.step)
            player.feed(self.program.taken())
            self._compare(answers_of(player.out / "answers"))

        session.proceed(self.stop, watch=watch, boundaries=[*self.marks, self.watched])
        self.program.regions()
        player.feed(self.program.taken())
        got = player.finish(self.program)
        expected = session.finished_objects() if self.manifest["period"] else 0
        if len(got.answers) != expected:
            raise DifferenceError(f"the core gave {len(got.answers)} answers, the simulator {expected}")
        self._compare(got.answers)
        return got

    def _piece(self, stop: int) -> None:
        """The next steps of the stream."""
        made = [source.spikes(self.done, stop) for source in self.session.presentation.sources]
        (self.program.spikes if self.done < self.watched else self.program.watched)(made)
        self.done = stop
        if stop in self.marks:
            self.program.mark()
        if stop == self.watched:
            self.program.record(True)

    def _compare(self, answers: np.ndarray) -> None:
        expected = self.session.answers()[: len(answers)]
        wrong = np.flatnonzero(answers[: len(expected)] != expected)
        if len(wrong):
            at = int(wrong[0])
            raise DifferenceError(f"image {at}: the core answers {answers[at]}, the simulator {expected[at]}")

    def compared(self, got: Played) -> dict[str, Any]:
        """Memories and digests; figures of the run. `differs` names what is not equal."""
        session, plan = self.session, self.session.plan
        now = session.origin + self.stop
        read = readback(self.manifest, got, now, self.stop - self.watched)
        expected, result = regions_of(plan, session.state(), self.manifest), session.result()
        differs = [
            f"region {name}: {int((values != expected[name]).sum())} of {len(values)} entries"
            for name, values in read.regions.items()
            if (values != expected[name]).any()
        ]
        found = digest(state_of(plan, self.before, self.manifest, read), now)
        if found != result.digest:
            differs.append("digest of the state")
        n_train, labels = session.presentation.n_train, session.labels()
        test = labels[n_train : len(got.answers)]
        right = score(got.answers[n_train:], test, session.votes.classes) if session.votes and len(test) else None
        return {
            "steps": self.stop,
            "train": result.train_images,
            "test": result.test_images,
            "answers": len(got.answers),
            "differs": differs,
            "digest": {"simulator": result.digest, "core": found},
            "accuracy": {"simulator": result.accuracy, "core": right.accuracy if right else None},
            "unanswered": result.unanswered,
            "cycles_per_image": self._cycles(got.marks),
        }

    def _cycles(self, marks: np.ndarray) -> dict[str, Any]:
        """Cycles of whole images while learning and in the test, up to the steps whose gates were read."""
        period, learning = self.session.presentation.period or 1, self.session.default_freeze
        found: dict[str, Any] = {"learning": None, "test": None}
        spans = zip(self.marks, self.marks[1:], marks, marks[1:], strict=False)
        for first, stop, before, after in spans:
            name = "learning" if learning is None or stop <= learning else "test"
            found[name] = round((int(after[0]) - int(before[0])) * period / (stop - first), 1)
        return found


def exported(session: Session, folder: Path, lanes: int | None) -> None:
    """The core of the session's present state, with learning if the network learns."""
    learning = [p.size for p in session.plan.populations if p.plasticity]
    options = {"learn": bool(learning), "lanes": lanes or min([LANES, *learning])}
    step = session.origin + session.step
    export("verilog", session.plan, session.state(), folder, overwrite=True, options=options, step=step)


def tools() -> dict[str, str]:
    """Versions of the programs that compile the core."""
    said = {"verilator": ("verilator", "--version"), "compiler": ("c++", "--version")}
    return {
        name: re.sub(r"\s+", " ", subprocess.run(words, capture_output=True, text=True, check=False).stdout[:200])
        .strip()
        .partition(" Copyright")[0]
        for name, words in said.items()
    }


def compare(session: Session, work: Path, lanes: int | None, progress: int) -> dict[str, Any]:
    """Export, build, run, compare.

    Parameters
    ----------
    session : Session
        At its first step; of one copy.
    work : Path
        Folder for the core and what is built.
    lanes : int or None
        Neurons that the core adds at a time; None: `LANES`, or all of a smaller population.
    progress : int
        Lines of the core on standard error, one every so many images; 0: none.
    """
    core, before, began = work / "core", session.state(), time.perf_counter()
    exported(session, core, lanes)
    run = Run(session, core, before, session.default_stop)
    program = built(core, work)
    ready = time.perf_counter()
    with Player(program, core, work / "played", progress=progress) as player:
        found = run.compared(run.play(player))
    seconds = {"build": round(ready - began, 1), "run": round(time.perf_counter() - ready, 1)}
    names = ("lanes", "node_bits", "neuron_bits")
    return found | {"seconds": seconds, **{name: run.manifest[name] for name in names}}


@click.command(help=(__doc__ or "").replace("\n    python", "\n\n\b\n    python", 1))
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Change the configuration.")
@click.option("--train", type=click.IntRange(min=0), help="Only the first training images.")
@click.option("--test", type=click.IntRange(min=0), help="Only the first test images.")
@click.option("--lanes", type=click.IntRange(min=1), help="Neurons that the core adds at a time.")
@click.option("--out", type=click.Path(path_type=Path), help="JSON file of the figures.")
@click.option("--work", type=click.Path(path_type=Path), help="Folder that keeps the core and what is built.")
@click.option("--data", type=click.Path(path_type=Path), help="Where to look for data sets first.")
@click.option("--progress", type=click.IntRange(min=0), default=500, show_default=True, help="Images a line.")
def main(
    config: Path | None, changes: tuple[str, ...], train: int | None, test: int | None, lanes: int | None,
    out: Path | None, work: Path | None, data: Path | None, progress: int,
) -> None:  # fmt: skip
    """Run, print, write."""
    config = config or ROOT / "configs" / "mnist_chip.yaml"
    tool("verilator")
    network = override_all(load(config), parse_settings(changes))
    session = Session(
        network, base_dir=config.parent, engine="numba", threads=1, copies=1, train=train, test=test, data_dir=data
    )
    session.chunk_steps = IMAGES * (session.presentation.period or 20)
    if session.presentation.n_steps is None:
        raise ConfigError(f"{config}: the input has no end, expected images")
    with tempfile.TemporaryDirectory() as name:
        place = work or Path(name)
        place.mkdir(parents=True, exist_ok=True)
        try:
            found = compare(session, place, lanes, progress)
        except DifferenceError as error:
            click.echo(f"DIFFERENT: {error}")
            sys.exit(1)
    said = " ".join(sys.argv[1:])
    command = f"python -m experiments.verilog_mnist {said}".rstrip()
    found = {"command": command, "configuration": config.stem, "versions": versions() | tools()} | found
    for line in lines_of(found):
        click.echo(line)
    if out:
        write_text(out, json.dumps(found, indent=1) + "\n")
    if found["differs"]:
        sys.exit(1)


def lines_of(found: dict[str, Any]) -> list[str]:
    """What is printed."""
    accuracy, cycles = found["accuracy"], found["cycles_per_image"]
    lines = [f"images: {found['train']} for learning, {found['test']} of the test"]
    lines.append(f"answers: {found['answers']}, all equal")
    if accuracy["core"] is not None:
        lines.append(f"accuracy: core {accuracy['core']:.2%}, simulator {accuracy['simulator']:.2%}")
    lines += [f"cycles an image, {name}: {value:,.0f}" for name, value in cycles.items() if value is not None]
    lines += [f"digest, {name}: {value}" for name, value in found["digest"].items()]
    return lines + [f"DIFFERENT: {what}" for what in found["differs"]] + ["equal"] * (not found["differs"])


if __name__ == "__main__":
    run_safely(main, "python -m experiments.verilog_mnist")
