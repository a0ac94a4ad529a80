"""What fewer bits cost: accuracy over a grid of precisions, after training and while learning.

Every run of the grid stands in a file as soon as it is done. A call that is broken off is continued by the same
call with `resume`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from colanet import checkpoints, config
from colanet.atomic import write_text
from colanet.config.model import ImageInput, Network
from colanet.config.overrides import override_all, parse_settings
from colanet.continual.experiment import make_experiment
from colanet.continual.tasks import make_tasks
from colanet.encoding import Presentation
from colanet.encoding.arrays import present_arrays
from colanet.errors import CheckpointError, ConfigError, Problem
from colanet.locks import hold_folder
from colanet.plan.precision import in_precision, learning_bytes, weight_bytes
from colanet.session import Session
from colanet.version import __version__

FILE = "runs.json"
TRAINED, LEARNING = "after training", "while learning"
RANGE_BITS = 3
"""Bits of a resource before the point, its sign included, unless said otherwise: resources below 4."""

Say = Callable[[str], None]
Bar = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Called with the number of steps of a run; the block's value is told how many are done."""


@dataclass(frozen=True)
class Precision:
    """A point of the grid; fields as in `colanet.config.model.Population`."""

    weight_bits: int = 16
    resource_bits: int = 32
    resource_fraction: int = 20
    resource_rounding: str = "nearest"

    def of(self, network: Network) -> Network:
        """The network with these bits in every population that learns."""
        learning = {p.target for p in network.projections if p.kind == "plastic"}
        changes = {
            f"population.{p.name}.{field}": str(value)
            for p in network.populations
            if p.name in learning
            for field, value in asdict(self).items()
        }
        if not changes:
            raise ConfigError("the network has no plastic projection, expected one whose bits can be fewer")
        return override_all(network, changes)


@dataclass(frozen=True)
class Grid:
    """What is run.

    Attributes
    ----------
    weights : tuple of int
        Bits of weights.
    resources : tuple of (int, int)
        Bits of resources, and how many of them are behind the point.
    roundings : tuple of str
        Of changes while learning.
    copies, seeds : tuple of int
    train, test : int or None
        Only the first images of each part.
    validation : int
        So many of the last training images are tested on instead of the test images; 0: none.
    settings : tuple of str
        ``FIELD=VALUE``: changes of the network in every run.
    """

    weights: tuple[int, ...] = (16, 8, 4, 2, 1)
    resources: tuple[tuple[int, int], ...] = ((32, 20), (16, 13), (12, 9), (8, 5))
    roundings: tuple[str, ...] = ("nearest", "stochastic")
    copies: tuple[int, ...] = (1,)
    seeds: tuple[int, ...] = (0,)
    train: int | None = None
    test: int | None = None
    validation: int = 0
    settings: tuple[str, ...] = ()

    def points(self) -> Iterator[tuple[str, Precision]]:
        """Full precision, then every point, with when its precision begins."""
        full = Precision()
        yield LEARNING, full
        pairs = [(w, *r) for w, r in itertools.product(self.weights, self.resources)]
        for when in (TRAINED, LEARNING):
            for pair in pairs:
                exact = pair[1:] == (full.resource_bits, full.resource_fraction)
                # Nothing is rounded where the grain is the smallest, and after training nothing changes.
                for rounding in ("nearest",) if exact or when == TRAINED else self.roundings:
                    point = Precision(*pair, rounding)
                    if point != full:
                        yield when, point


@dataclass(frozen=True)
class Run:
    """What one run brought."""

    when: str
    precision: Precision
    copies: int
    seed: int
    accuracy: float
    unanswered: float
    weight_bytes: int
    """Of one copy, as `learning_bytes`."""
    learning_bytes: int


Key = tuple[str, Precision, int, int]


def key_of(run: Run) -> Key:
    """Which run of a grid it is."""
    return run.when, run.precision, run.copies, run.seed


class Study:
    """A grid on its way.

    Parameters
    ----------
    configuration : path
    grid : Grid
    out : path
        Folder of the results.
    engine, threads, data_dir
        As for `colanet.Session`.
    resume : bool
        Keep the runs that stand in the folder.
    lenient : bool
        Unknown words of the configuration are only warned of.
    say : callable
        Takes lines about what is going on.
    bar : callable
        Shows how far a run is.

    Raises
    ------
    ConfigError, CheckpointError
    """

    def __init__(
        self,
        configuration: str | os.PathLike[str],
        grid: Grid,
        out: str | os.PathLike[str],
        *,
        engine: str = "auto",
        threads: int | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        resume: bool = False,
        lenient: bool = False,
        say: Say = lambda text: None,
        bar: Bar = lambda total: nullcontext(lambda done: None),
    ) -> None:
        self.configuration, self.grid, self.out = Path(configuration), grid, Path(out)
        self.engine, self.threads, self.data_dir, self.say, self.bar = engine, threads, data_dir, say, bar
        self.network = override_all(config.load(self.configuration, lenient=lenient), parse_settings(grid.settings))
        if self.network.readout is None:
            raise ConfigError(Problem("the network has no readout, nothing can be tested", "readout"))
        self.points = list(grid.points())
        for _, point in self.points:
            point.of(self.network)  # better refused now than after hours
        self.resume, self.lenient = resume, lenient
        self.runs: dict[Key, Run] = {}

    # ---------------------------------------------------------------------- the file

    @property
    def stamp(self) -> dict[str, Any]:
        """What all runs of a file have in common."""
        shown = {name: getattr(self.grid, name) for name in ("train", "test", "validation")}
        return {
            "configuration": self.network.model_dump(mode="json"), **shown, "colanet": __version__,
            "data": self.data,
        }  # fmt: skip

    @cached_property
    def data(self) -> dict[str, str]:
        """Digests of the data that all runs see."""
        if self.grid.validation:
            images, labels, _ = self._validation_arrays
            return {"validation": hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()}
        first = self._session(Precision(), self.grid.copies[0], self.grid.seeds[0])
        return {used.name: used.sha256 for used in first.presentation.data}

    def read(self) -> None:
        """Take over the runs that stand in the folder.

        Raises
        ------
        ConfigError
            If there are any, and `resume` was not said.
        CheckpointError
            If they are of another network or other data, or the file is damaged.
        """
        path = self.out / FILE
        if not path.exists():
            return
        if not self.resume:
            raise ConfigError(f"{path}: holds runs already; --resume goes on with them, or choose another --out")
        stamp, runs = stored(path)
        own = json.loads(json.dumps(self.stamp))
        other = sorted(name for name in own if stamp.get(name) != own[name])
        if other:
            raise CheckpointError(f"{path}: its runs had another {other[0]}; choose another --out")
        self.runs = {key_of(run): run for run in runs}

    def write(self, runs: Iterable[Run]) -> None:
        """Add runs to the file."""
        self.runs |= {key_of(run): run for run in runs}
        held = {
            "stamp": self.stamp,
            "runs": [asdict(run) for run in self.runs.values()],
        }
        write_text(self.out / FILE, json.dumps(held, indent=1) + "\n")

    # ---------------------------------------------------------------------- the runs

    def execute(self) -> list[Run]:
        """Run what is missing; all runs of the grid, in its order."""
        with hold_folder(self.out, "quantise"):
            self.read()
            for copies, seed in itertools.product(self.grid.copies, self.grid.seeds):
                self._trained(copies, seed)
                for when, point in self.points:
                    if when == LEARNING and (when, point, copies, seed) not in self.runs:
                        self.write([self._learnt(point, copies, seed)])
        wanted = [(*point, c, s) for point in self.points for c in self.grid.copies for s in self.grid.seeds]
        return [self.runs[key] for key in wanted]

    def _trained(self, copies: int, seed: int) -> None:
        """Learn at full precision, and test with the bits of each point."""
        missing = [p for when, p in self.points if when == TRAINED and (when, p, copies, seed) not in self.runs]
        if not missing:
            return
        full = Precision()
        session = self._session(full, copies, seed)
        self._run(session, f"{TRAINED}, copies {copies}, seed {seed}", session.default_freeze)
        mark = checkpoints.bookmark(session)
        runs = []
        for point in (full, *missing):
            tested = self._session(point, copies, seed, session.presentation)
            checkpoints.return_to(tested, replace(mark, state=in_precision(tested.plan, mark.state)))
            tested.proceed()
            runs.append(self._result(TRAINED if point != full else LEARNING, point, tested))
        self.write(runs)

    def _learnt(self, point: Precision, copies: int, seed: int) -> Run:
        session = self._session(point, copies, seed)
        bits = f"weights {point.weight_bits}, resources {point.resource_bits}.{point.resource_fraction}"
        self._run(session, f"{LEARNING}, {bits} {point.resource_rounding}, copies {copies}, seed {seed}", None)
        return self._result(LEARNING, point, session)

    def _run(self, session: Session, what: str, stop: int | None) -> None:
        self.say(what)
        end = session.default_stop if stop is None else stop
        with self.bar(end) as told:
            session.proceed(end, watch=lambda now: told(now.step))

    def _session(
        self, point: Precision, copies: int, seed: int, presentation: Presentation | None = None
    ) -> Session:
        network = point.of(self.network)
        if presentation is None and self.grid.validation:
            presentation = self._validation(network, seed)
        return Session(
            network, base_dir=self.configuration.parent, engine=self.engine, threads=self.threads,
            copies=copies, seed=seed, train=self.grid.train, test=self.grid.test, data_dir=self.data_dir,
            presentation=presentation,
        )  # fmt: skip

    def _validation(self, network: Network, seed: int) -> Presentation:
        """The last training images in the place of the test images."""
        images, labels, taught = self._validation_arrays
        return present_arrays(network.inputs, images, labels, taught, seed=seed)

    @cached_property
    def _validation_arrays(self) -> tuple[np.ndarray, np.ndarray, int]:
        """Images and labels, and how many are taught."""
        image = next((i for i in self.network.inputs if isinstance(i, ImageInput)), None)
        if image is None:
            raise ConfigError(Problem("only a network with an image input has validation images", "--validation"))
        fields = {
            "lenient": self.lenient, "name": "quantise", "network": os.fspath(self.configuration.resolve()),
            "tasks": [{"dataset": image.source}], "validation": self.grid.validation,
        }  # fmt: skip
        task = make_tasks(make_experiment(fields), self.data_dir)[0]
        train, test = slice(self.grid.train), slice(self.grid.test)
        images = np.concatenate([task.train_images[train], task.test_images[test]])
        labels = np.concatenate([task.train_labels[train], task.test_labels[test]])
        return images, labels, len(task.train_labels[train])

    def _result(self, when: str, point: Precision, session: Session) -> Run:
        p = session.presentation
        found = session.score(p.n_train, p.n_train + p.n_test)
        if found is None:
            raise ConfigError("there are no test objects, expected some to be tested on")
        plan = session.plan
        return Run(
            when, point, plan.copies, session.seed, found.accuracy, found.unanswered, weight_bytes(plan),
            learning_bytes(plan),
        )  # fmt: skip


# ---------------------------------------------------------------------------- the table


def stored(path: Path) -> tuple[dict[str, Any], list[Run]]:
    """What the runs of a file have in common, and the runs.

    Raises
    ------
    CheckpointError
        If it is damaged.
    """
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        runs = [Run(**(row | {"precision": Precision(**row["precision"])})) for row in held["runs"]]
        if not all(isinstance(run.accuracy, float) and isinstance(run.weight_bytes, int) for run in runs):
            raise ValueError("a run without an accuracy")
        return dict(held["stamp"]), runs
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path}: damaged ({error})") from error


def table(runs: Sequence[Run]) -> str:
    """The runs of a grid as a table in Markdown: means over seeds, and the difference to full precision.

    The difference is that of runs with the same seed; its spread is the standard deviation over seeds.
    """
    copies = list(dict.fromkeys(run.copies for run in runs))
    full = {(r.copies, r.seed): r.accuracy for r in runs if (r.when, r.precision) == (LEARNING, Precision())}
    head = [
        "precision", "weights (bits)", "resources (bits)", "of them fraction", "rounding", "weights (bytes)",
        "learning state (bytes)",
    ]  # fmt: skip
    for n in copies:
        title = f"{n} {'copy' if n == 1 else 'copies'}"
        head += [f"accuracy, {title} (%)", f"difference, {title} (points)", f"spread, {title} (points)"]
    lines = [_row(head), _row(["---"] * len(head))]
    for when, point in dict.fromkeys((run.when, run.precision) for run in runs):
        mine = [run for run in runs if (run.when, run.precision) == (when, point)]
        cells: list[object] = [
            "full" if point == Precision() else when, point.weight_bits, point.resource_bits,
            point.resource_fraction, "-" if when == TRAINED or point == Precision() else point.resource_rounding,
            f"{mine[0].weight_bytes:,}", f"{mine[0].learning_bytes:,}",
        ]  # fmt: skip
        for n in copies:
            own = [run for run in mine if run.copies == n]
            differences = [100 * (run.accuracy - full[n, run.seed]) for run in own]
            spread = f"{stdev(differences):.2f}" if len(own) > 1 and point != Precision() else "-"
            cells += [f"{100 * mean(run.accuracy for run in own):.2f}", f"{mean(differences):+.2f}", spread]
        lines.append(_row(cells))
    return "\n".join(lines)


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
