"""Runs side by side on a GPU: those whose networks are of one shape are one launch.

Each run is the one of `colanet.continual.run`, with its own session and its own checkpoint. Only its engine waits
for those of the others. So what comes out, and what is written, is that of the runs one by one.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from colanet.continual.checkpoint import Checkpoint
from colanet.continual.experiment import Experiment
from colanet.continual.gallery import Gallery
from colanet.continual.onlooker import Onlooker
from colanet.continual.outcome import Outcome
from colanet.continual.run import CHECKPOINT_IMAGES, Run, Watch
from colanet.continual.task import Task
from colanet.engine import AUTO
from colanet.engine.choice import choose
from colanet.engine.together import Together, group_of

CUPY = "cupy"


@dataclass(frozen=True, eq=False)
class Order:
    """A run that is to be made.

    Attributes
    ----------
    experiment : Experiment
    tasks : tuple of Task
        Runs that have the very same share what they show.
    seed : int
    checkpoint : Path or None
        File to write, as for `colanet.continual.runner.run_one`.
    """

    experiment: Experiment
    tasks: tuple[Task, ...]
    seed: int
    checkpoint: Path | None = None


def side_by_side(engine: str, networks: int, threads: int | None = None) -> Together | None:
    """Where so many networks run together, or None: they are run one by one, on the engine of that name.

    Parameters
    ----------
    engine : str
        `cupy` takes the GPU; `auto` as `colanet.engine.choice` finds.
    networks : int
        Copies of all runs.
    threads : int or None
        Cores that they could use instead; None: all.

    Raises
    ------
    BackendUnavailable
        If the engine is `cupy` and there is no GPU.
    """
    if engine == AUTO:
        engine = choose(networks, threads or os.cpu_count() or 1).engine
    return Together() if engine == CUPY else None


def run_together(
    orders: Sequence[Order],
    together: Together,
    *,
    resume: bool = False,
    every: int = CHECKPOINT_IMAGES,
    watch: Watch | None = None,
    keep: bool = False,
    tolerated: tuple[type[Exception], ...] = (),
    onlooker: Onlooker | None = None,
) -> Iterator[tuple[int, Outcome | Exception]]:
    """Make runs of the method colanet, as many at a time as fit the device.

    Parameters
    ----------
    orders : sequence of Order
    together : Together
    resume, every, keep
        As for `colanet.continual.runner.run_one`.
    watch : callable or None
        Called with the images of all runs.
    tolerated : tuple of type
        Errors that end one run, and are given in the place of its outcome.
    onlooker : Onlooker or None
        Looks on at the first run.

    Returns
    -------
    iterator of (int, Outcome or Exception)
        Number of an order and what came of it, as they end.

    Raises
    ------
    ConfigError, DataError, CheckpointError, BackendUnavailable
    """
    galleries = {id(order.tasks): Gallery(order.tasks) for order in orders}
    books = _Books(watch)
    works: dict[int, _Work] = {}
    for number, order in enumerate(orders):
        make = partial(
            Run, order.experiment, order.tasks, order.seed, together.engine, None, books.of(number),
            galleries[id(order.tasks)], None if works else onlooker,
        )  # fmt: skip
        work = _Work(order.checkpoint, every, keep, tolerated)
        problem = work.prepare(make, resume)
        if problem:
            yield number, problem
            continue
        work.run.brief = bool(works)  # one of them tells how well they learn
        works[number] = work
    for numbers in _groups({number: work.run for number, work in works.items()}, together):
        group = [works.pop(number) for number in numbers]
        for place, found in together.run(group):
            yield numbers[place], found
        # The next group needs the memory of this one, also that of sessions that know themselves by an observer.
        del group
        gc.collect()


class _Work:
    """A run and its checkpoint, ready to be called once it is prepared."""

    def __init__(
        self, checkpoint: Path | None, every: int, keep: bool, tolerated: tuple[type[Exception], ...]
    ) -> None:
        self.path, self.every, self.keep, self.tolerated = checkpoint, every, keep, tolerated

    def prepare(self, make: Callable[[], Run], resume: bool) -> Exception | None:
        """Make the run, and bring it to where its checkpoint says; a tolerated error, if there is one."""
        try:
            self.run = make()
            self.file = Checkpoint(self.path, self.run) if self.path else None
            if self.file and resume and os.path.exists(self.file.path):
                self.file.resume()
        except self.tolerated as error:
            return error
        return None

    def __call__(self) -> Outcome | Exception:
        try:
            outcome = self.run.to_the_end(self.file.write if self.file else None, self.every)
        except self.tolerated as error:
            return error
        if self.path and not self.keep:
            self.path.unlink(missing_ok=True)
        return outcome


class _Books:
    """What all runs have shown, as one."""

    def __init__(self, watch: Watch | None) -> None:
        self.watch = watch
        self.done: dict[int, int] = {}
        self.totals: dict[int, int] = {}
        self.text = ""

    def of(self, number: int) -> Watch | None:
        """Watches one of the runs."""
        if self.watch is None:
            return None
        tell = self.watch

        def watch(done: int, total: int, text: str) -> None:
            self.done[number], self.totals[number] = done, total
            if number == min(self.totals):
                self.text = text
            runs = f"{len(self.totals)} runs, the first {self.text}"
            tell(sum(self.done.values()), sum(self.totals.values()), runs)

        return watch


def _groups(runs: dict[int, Run], together: Together) -> list[list[int]]:
    """Numbers of runs whose networks are of one shape, so many a group as fit the device."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, run in runs.items():
        alike.setdefault(group_of(run.session.plan), []).append(number)
    groups = []
    for numbers in alike.values():
        copies = max(numbers, key=lambda number: runs[number].session.plan.copies)
        size = together.fitting(runs[copies].session.plan, **_images(runs[copies]))
        groups += [numbers[first : first + size] for first in range(0, len(numbers), size)]
    return groups


def _images(run: Run) -> dict[str, int]:
    """Bytes of images on the device: those of a lesson and of a test, and of the next while the last is there."""
    pixels = run.tasks[0].train_originals.shape[1]
    longest = pixels * max(*(len(part.labels) for part in run.lessons), *(len(t.test_labels) for t in run.tasks))
    # Every seed mixes its tasks in an order of its own.
    return {"each" if run.experiment.joint else "once": 2 * longest}
