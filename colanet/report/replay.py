"""A trained network is shown the test images of its run again, at the same steps, and all its spikes are kept.

Random kicks and input spikes belong to a step. So it starts where the run's test began, at rest, with what it has
learnt. Only what the last training image left behind, such as neurons asleep, is missing at the first test image.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from colanet.checkpoints import Saved, saved
from colanet.encoding import build_sources
from colanet.encoding.features import pictures_of
from colanet.engine.base import digest, input_spikes
from colanet.errors import CheckpointError, ConfigError
from colanet.plan import Plan
from colanet.plan.variables import State, initial_state
from colanet.report.parts import Mosaic, Stage
from colanet.report.png import address, mosaic
from colanet.report.read import Run
from colanet.report.trace import Trace, traced
from colanet.session import Recording, Session
from colanet.viz.sources import projection_of, shape_of

StrPath = str | os.PathLike[str]
_ACROSS = 20
LASTING = ("resource", "contributes", "stability", "debt", "virtual", "ramp")
"""Variables of a state that a network at rest keeps; the others are those of a new network."""


def state_of(run: Run, path: StrPath) -> Saved:
    """The network that a run ended with.

    Raises
    ------
    CheckpointError
        If the file is damaged or holds another network.
    """
    found = saved(path)
    wanted = run.result.get("digest")
    if digest(found.state, found.step) != wanted:
        message = f"expected the state that {run.path} ended with, digest {str(wanted)[:16]}..."
        raise CheckpointError(f"{path}: holds another state; {message}")
    return found


def at_rest(plan: Plan, state: State) -> State:
    """The network without anything that passes: all awake and empty that begin so, no spikes on their way."""
    return {
        key: state[key].copy() if key.rpartition("/")[2] in LASTING else array
        for key, array in initial_state(plan).items()
    }


class Shown:
    """The first test images, shown again to the network that a run ended with.

    Parameters
    ----------
    run : Run
    state : path
    saved : Saved
        What `state_of` found there.
    images : int
        How many; of fewer, all.
    base_dir, data_dir, engine
        As for `colanet.Session`.
    watch : callable or None
        Called with the number of images that are done.

    Attributes
    ----------
    session : Session
    first, n : int
        Number of the first image in the run, training images first; how many.
    answers, labels : ndarray of int64, shape (n,)
    votes : ndarray, shape (n, classes)
    stored : ndarray of int64, shape (n,)
        Answers of the run itself.

    Raises
    ------
    ConfigError, DataError, CheckpointError
    """

    def __init__(
        self,
        run: Run,
        state: StrPath,
        saved: Saved,
        images: int,
        *,
        base_dir: StrPath = ".",
        data_dir: StrPath | None = None,
        engine: str = "auto",
        watch: Callable[[int], None] | None = None,
    ) -> None:
        self.run = run
        self.first, self.n = run.n_train, min(images, run.n_test)
        if not self.n:
            raise ConfigError(f"{run.path}: no test images to show again")
        every = build_sources(
            run.network.inputs, base_dir=base_dir, seed=run.seed, data_dir=data_dir, n_train=run.n_train,
            n_test=run.n_test,
        )  # fmt: skip
        self._check_data({used.name: used.sha256 for used in every.data})
        names = tuple(one.name for one in (*run.network.inputs, *run.network.populations))
        self._asked: dict[str, Any] = {
            "base_dir": base_dir, "engine": engine, "seed": run.seed, "copies": run.network.copies,
            "presentation": every,
        }  # fmt: skip
        self._state, self._rested = state, at_rest(saved.plan, saved.state)
        self._origin = saved.step - int(run.result.get("steps") or 0)
        self.period = int(every.period or 1)
        self.session = self._begun(Recording(names))
        last = self.first + self.n

        def told(session: Session) -> None:
            if watch:
                watch(session.step // self.period - self.first)

        self.session.proceed(last * self.period, freeze=0, watch=told)
        self.answers = self.session.answers()[self.first : last]
        self.labels = self.session.labels()[self.first : last]
        self.votes = self.session.tally.votes[self.first : last]
        self.stored = run.answers[self.first : self.first + self.n]

    def _begun(self, recording: Recording | None = None) -> Session:
        """A session before the first test image."""
        session = Session(self.run.network, recording=recording, **self._asked)
        session.load(self._state)
        session.engine.load(self._rested)
        session.origin, session.step = self._origin, self.first * self.period
        return session

    def spikes(self, section: str, copy: int) -> np.ndarray:
        """Spikes of a section, int64 of shape (n_spikes, 2): step since the first image shown, neuron."""
        rows: np.ndarray = self.session.spikes(section, copy) - [self.first * self.period, 0]
        return rows

    @cached_property
    def learner(self) -> str:
        """The population whose receptive fields are shown."""
        plan = self.session.plan
        projection = next(p for p in plan.projections if p.name == projection_of(plan))
        return plan.populations[projection.target].name

    @property
    def deciding(self) -> str:
        """The population whose spikes are the answers."""
        readout = self.session.network.readout
        return readout.population if readout else self.learner

    def own_votes(self, copy: int) -> np.ndarray:
        """Spikes of the deciding population for each class in one copy, int64 of shape (n, classes)."""
        counts = self.counts(self.deciding, copy)
        classes = self.votes.shape[1]
        if counts.shape[1] % classes:
            return np.zeros((self.n, classes), dtype=np.int64)
        votes: np.ndarray = counts.reshape(self.n, classes, -1).sum(axis=2)
        return votes

    def speaker(self, image: int, copy: int) -> int:
        """The first copy from `copy` on, in a ring, that alone answers as all together do; else `copy`."""
        copies = self.session.plan.copies
        for other in [(copy + i) % copies for i in range(copies)]:
            votes = self.own_votes(other)[image]
            if (int(votes.argmax()) if votes.any() else -1) == self.answers[image]:
                return other
        return copy

    def traces(self, copies: Mapping[int, int]) -> Iterator[tuple[int, dict[str, Trace]]]:
        """What a copy does during an image, for images that rise; the network goes through all images between."""
        session = self._begun()
        for image, copy in copies.items():
            start = (self.first + image) * self.period
            stop = start + self.period
            session.proceed(start, freeze=0)
            inputs = input_spikes(session.plan, session.presentation.sources, session.origin, start, stop)
            state, origin = session.engine.state(), session.origin
            yield image, traced(session.plan, copy, state, inputs, origin + start, origin + stop)

    def _check_data(self, found: dict[str, str]) -> None:
        for name, sha256 in self.run.data.items():
            if found.get(name, sha256) != sha256:
                raise CheckpointError(f"{self.run.path}: is of other data of the name {name} than what is here")

    @cached_property
    def _counts(self) -> dict[tuple[str, int], np.ndarray]:
        return {}

    def counts(self, section: str, copy: int) -> np.ndarray:
        """Spikes of the neurons of a section for each image, int64 of shape (n, neurons)."""
        if (section, copy) not in self._counts:
            sizes = dict(self.session.plan.inputs) | {p.name: p.size for p in self.session.plan.populations}
            step, neuron = self.spikes(section, copy).T
            flat = np.bincount(step // self.period * sizes[section] + neuron, minlength=self.n * sizes[section])
            self._counts[section, copy] = flat.reshape(self.n, sizes[section])
        return self._counts[section, copy]

    def best(self, section: str, copy: int, most: int) -> list[list[tuple[int, int]]]:
        """For each neuron the images it fired most for, with the spikes; earlier images first where equal."""
        counts = self.counts(section, copy)
        order = np.argsort(-counts, axis=0, kind="stable")[:most]
        return [[(int(i), int(counts[i, n])) for i in order[:, n] if counts[i, n]] for n in range(counts.shape[1])]

    def caption(self, image: int, spikes: int) -> str:
        """What stands below an image."""
        return f"{self.class_name(int(self.labels[image]))}: {spikes}"

    def class_name(self, number: int) -> str:
        """Name of a class; `none` for -1."""
        names = self.run.classes
        return "none" if number < 0 else names[number] if number < len(names) else str(number)

    @cached_property
    def _pictures(self) -> np.ndarray:
        """What the images brought to the columns: spikes of each pixel, uint8 of shape (n, height, width)."""
        plan = self.session.plan
        projection = next(p for p in plan.projections if p.name == projection_of(plan))
        described: Any = plan.description.inputs[projection.source]
        values = pictures_of(described, self.counts(described.name, 0).T.astype(np.float64))
        height, width = shape_of(len(values), plan.description, projection.source)
        top = max(float(values.max()), 1e-9)
        grey: np.ndarray = (255 * np.clip(values, 0, None) / top).round().astype(np.uint8)
        return grey.T.reshape(-1, height, width)

    def picture(self, image: int) -> str:
        """Address of an image: spikes of each pixel."""
        return address(self._pictures[image])

    def pictures(self, images: list[int]) -> Mosaic | None:
        """Some images as a mosaic."""
        if not images:
            return None
        across = min(_ACROSS, len(images))
        chosen = self._pictures[images]
        down = -(-len(images) // across)
        shape = (int(chosen.shape[1]), int(chosen.shape[2]))
        return Mosaic([Stage("", address(mosaic(chosen, across)))], across, down, shape)
