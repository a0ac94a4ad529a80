"""How the runs of an experiment file are made: one after another, side by side on a GPU, or in other processes."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colanet.continual.farm import Errand, check_network, run_away
from colanet.continual.onlooker import Onlooker
from colanet.continual.outcome import Outcome
from colanet.continual.results import Repeats, read_outcome, write_outcome
from colanet.continual.run import Watch, network_of
from colanet.continual.runner import run_one
from colanet.continual.task import data_of
from colanet.continual.together import Order, run_together, side_by_side
from colanet.continual.variants import Prepared, StudyOptions, checkpoint_of, file_of

LAST_SHOWN = 10
"""Tasks whose accuracy is told at the end of a run, the last ones."""

Say = Callable[[str], None]
"""Called with a line about what is going on."""
Progress = Callable[[int], AbstractContextManager[Watch]]
"""Called with the number of images of a run, learnt and tested; watches it while the block lasts."""
TICKET = ".in_work_"
"""Of files that say that a call goes on for which runs are made elsewhere."""
Place = tuple[Prepared, int, Path]
"""A run: its variant, its seed, and the file of its results."""


@dataclass(frozen=True, eq=False)
class Runs:
    """The runs of one call.

    Attributes
    ----------
    folder : Path
        Of the results.
    options : StudyOptions
    say : callable
    progress : callable or None
    onlooker : Onlooker or None
        Looks on at runs of this process.
    """

    folder: Path
    options: StudyOptions
    say: Say
    progress: Progress | None = None
    onlooker: Onlooker | None = None

    def made(self, variants: Sequence[Prepared]) -> list[Repeats]:
        """All variants with all their seeds; what is finished already is read.

        Raises
        ------
        ConfigError, DataError, CheckpointError, OutputError, BackendUnavailable, WorkerDied
        """
        for old in self.folder.glob(f"{TICKET}*"):  # of calls that were killed: this one holds the folder
            old.unlink(missing_ok=True)
        found = self._away(variants) if self.options.away else self._together(variants)
        return [
            variant.repeats([self._one(variant, seed, found) for seed in variant.described.seeds])
            for variant in variants
        ]

    def _bar(self, total: int) -> AbstractContextManager[Watch | None]:
        return self.progress(total) if self.progress else contextlib.nullcontext()

    def _unfinished(self, variants: Sequence[Prepared]) -> list[Place]:
        runs = [(variant, seed) for variant in variants for seed in variant.described.seeds]
        places = [(variant, seed, file_of(self.folder, variant.described, seed)) for variant, seed in runs]
        return [place for place in places if not (self.options.resume and place[2].exists())]

    def _one(self, variant: Prepared, seed: int, found: Mapping[Path, Outcome]) -> Outcome:
        """One run, or its result if it is found or finished already."""
        name, path = f"{variant.described.label}, seed {seed}", file_of(self.folder, variant.described, seed)
        if path in found:
            return found[path]
        if self.options.resume and path.exists():
            self.say(f"{name}: finished already")
            checkpoint_of(path).unlink(missing_ok=True)
            return read_outcome(path, variant.altered, variant.stamp, data_of(variant.tasks))
        self.say(f"{name}: {len(variant.tasks)} tasks")
        check_network(variant.altered, variant.configuration)
        options = self.options
        with self._bar(_images(variant)) as watch:
            outcome = run_one(
                variant.altered, seed, tasks=variant.tasks, checkpoint=checkpoint_of(path), resume=options.resume,
                every=options.every, engine=options.engine, threads=options.threads, watch=watch, keep=True,
                onlooker=self.onlooker,
            )  # fmt: skip
        self._finish((variant, seed, path), outcome)
        return outcome

    def _finish(self, place: Place, outcome: Outcome) -> None:
        """Write what a run has brought, in the place of its checkpoint."""
        variant, seed, path = place
        write_outcome(path, variant.altered, variant.stamp, [task.name for task in variant.tasks], outcome)
        checkpoint_of(path).unlink(missing_ok=True)
        accuracies = outcome.matrix[-1][~np.isnan(outcome.matrix[-1])]
        row = ", ".join(f"{100 * a:.1f}" for a in accuracies[-LAST_SHOWN:])
        last = f" (last {LAST_SHOWN} tasks)" if len(accuracies) > LAST_SHOWN else ""
        name = f"{variant.described.label}, seed {seed}"
        self.say(f"{name}: {row} % after the last task{last}, {outcome.seconds:.1f} s")

    def _together(self, variants: Sequence[Prepared]) -> dict[Path, Outcome]:
        """What runs side by side on a GPU have brought, by the file of their results; nothing without a GPU."""
        places = [place for place in self._unfinished(variants) if place[0].described.method == "colanet"]
        networks = sum(network_of(variant.altered).copies for variant, _, _ in places)
        if len(places) < 2:
            return {}
        options = self.options
        together = side_by_side(options.engine, networks, options.threads)
        if together is None:
            return {}
        self.say(f"{len(places)} runs side by side, {networks} networks")
        orders = [
            Order(variant.altered, variant.tasks, seed, checkpoint_of(path)) for variant, seed, path in places
        ]
        found: dict[Path, Outcome] = {}
        with self._bar(sum(_images(variant) for variant, _, _ in places)) as watch:
            for number, outcome in run_together(
                orders, together, resume=options.resume, every=options.every, watch=watch, keep=True,
                onlooker=self.onlooker,
            ):  # fmt: skip
                assert isinstance(outcome, Outcome), "no error is tolerated"
                found[places[number][2]] = outcome
                self._finish(places[number], outcome)
        return found

    def _away(self, variants: Sequence[Prepared]) -> dict[Path, Outcome]:
        """What other processes have brought, by the file of their results."""
        places, options = self._unfinished(variants), self.options
        data_dir = None if options.data_dir is None else os.path.abspath(options.data_dir)
        if not places:
            return {}
        ticket = self.folder.absolute() / f"{TICKET}{uuid.uuid4().hex}"
        errands = [
            Errand(
                number, variant.altered.model_copy(update={"folder": variant.altered.folder.absolute()}),
                variant.configuration, seed, options.cut, data_dir, tuple(data_of(variant.tasks).items()),
                checkpoint_of(path).absolute(), ticket, options.every, options.engine, options.threads or 1,
            )
            for number, (variant, seed, path) in enumerate(places)
        ]  # fmt: skip
        runs = f"{len(errands)} run{'s' * (len(errands) != 1)}"
        self.say(f"{runs}, {options.dask or f'{options.workers} worker processes'}")
        found: dict[Path, Outcome] = {}
        total, done = sum(_images(variant) for variant, _, _ in places), 0
        with self._bar(total) as watch, _held(ticket):
            for number, outcome in run_away(errands, workers=options.workers, dask=options.dask):
                found[places[number][2]] = outcome
                self._finish(places[number], outcome)
                done += _images(places[number][0])
                if watch:
                    watch(done, total, f"{len(found)} of {runs}")
        return found


@contextlib.contextmanager
def _held(ticket: Path) -> Iterator[None]:
    """A ticket while the block lasts."""
    ticket.touch()
    try:
        yield
    finally:
        ticket.unlink(missing_ok=True)


def _images(variant: Prepared) -> int:
    """To be learnt."""
    return sum(len(task.train_labels) for task in variant.tasks)
