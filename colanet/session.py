"""A session owns time: it feeds input to an engine stretch by stretch, freezes, and lets observers see what comes.

>>> import colanet
>>> session = colanet.Session(colanet.load("configs/mnist.nnc"), copies=1, train=6000, test=1000)
>>> result = session.run()
>>> session.weights("R->L").shape
(784, 150)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from colanet import checkpoints, results
from colanet.arguments import whole, whole_or_none
from colanet.config.check import require
from colanet.config.model import MAX_COPIES, Network, TargetInput
from colanet.encoding import Presentation, build_sources
from colanet.encoding.features import agreed, with_learnt
from colanet.encoding.files import located
from colanet.engine import EngineMaker, make_engine
from colanet.engine.base import Votes, rest
from colanet.errors import ConfigError, Problem
from colanet.inspection import Inspection
from colanet.migration import Migration, Move
from colanet.observers import Observer, Seen, Wants, worlds_of
from colanet.observers.counts import Counts
from colanet.observers.migration import Migrator
from colanet.observers.recording import Recorder, Recording
from colanet.plan import Plan, build, memory
from colanet.plan.memory import CHUNK_STEPS
from colanet.readout import Readout, answers_of, blamed, bytes_of, votes_of
from colanet.readout import make as make_readout
from colanet.results import Result, Tally
from colanet.units import FOREVER, LARGEST_SEED, STEP_LIMIT

__all__ = ["Recording", "Result", "Session"]

RECORD_LIMIT = 4_000_000
"""Most spikes that one chunk may bring to observers; chunks get shorter for larger populations."""


class Session(Inspection):
    """A network, its input, its engine, and those that look on.

    Parameters
    ----------
    network : Network
    base_dir : path
        Folder that file names of the configuration are relative to.
    engine : {'auto', 'reference', 'numba', 'cupy'} or callable
    seed : int
    threads : int or None
        None: as many as the machine has cores.
    copies : int or None
        Instead of the configuration's.
    train, test : int or None
        Use only the first objects of each part.
    data_dir : path or None
        Where to look for data sets first.
    recording : Recording or None
    chunk_steps : int
        Most steps per engine call; the result does not depend on it.
    presentation : Presentation or None
        Input made elsewhere instead of what the configuration names.
    migration : Migration or None
        Whether neurons move between columns while the network learns.
    observers : sequence of Observer
        More that look on, each under its own name.

    Raises
    ------
    ConfigError, DataError, BackendUnavailable
    """

    def __init__(
        self,
        network: Network,
        *,
        base_dir: str | os.PathLike[str] = ".",
        engine: str | EngineMaker = "auto",
        seed: int = 0,
        threads: int | None = None,
        copies: int | None = None,
        train: int | None = None,
        test: int | None = None,
        data_dir: str | os.PathLike[str] | None = None,
        recording: Recording | None = None,
        chunk_steps: int = CHUNK_STEPS,
        presentation: Presentation | None = None,
        migration: Migration | None = None,
        observers: Sequence[Observer] = (),
    ) -> None:
        seed = whole("seed", seed, 0, LARGEST_SEED)
        threads = whole_or_none("threads", threads, 1)
        train, test = whole_or_none("train", train, 0), whole_or_none("test", test, 0)
        self.chunk_steps = whole("chunk_steps", chunk_steps, 1)
        if copies is not None:
            network = network.model_copy(update={"copies": whole("copies", copies, 1, MAX_COPIES)})
        require(network)
        self.network, self.seed, self.base_dir = network, seed, Path(base_dir)
        self.presentation = presentation or build_sources(
            network.inputs, base_dir=self.base_dir, seed=seed, data_dir=data_dir, n_train=train, n_test=test
        )
        self.network = network = with_learnt(network, self.presentation.learnt)
        sizes = {source.name: source.size for source in self.presentation.sources}
        self.plan: Plan = build(network, input_sizes=sizes, seed=seed)
        self.readout: Readout | None = make_readout(network.readout) if network.readout and self.votes else None
        kept = bytes_of(self.readout, self.plan, self.votes, self.presentation.objects)
        lists = memory.listed(self.plan) if engine == "reference" else 0
        memory.check(self.plan, {"readout": kept, "lists": lists})
        self.threads = min(threads or os.cpu_count() or 1, network.copies)
        self.engine = make_engine(engine, self.plan, self.threads)
        self.recording, self.migration = recording, migration
        self.origin = self.step = 0
        self.kept: dict[str, np.ndarray] = {}
        """Arrays of the program that drives the session, which go with its checkpoints and saved states."""
        self.terms: dict[str, Any] = {}
        """What that program's run depends on, by its user's words; a checkpoint of other terms is refused."""
        self._set_observers(observers)
        if network.state is not None:
            self.load(located(self.base_dir, network.state))

    # ------------------------------------------------------------------ set-up

    def _begin(self) -> None:
        for observer in self.watching:
            with self._blamed(observer):
                observer.begin(self)

    def _blamed(self, observer: Observer) -> AbstractContextManager[None]:
        """Errors of what a configuration names are one line; those of a user's observers are his."""
        if observer in self.worlds:
            return blamed(observer, "plug-in input")
        return blamed(observer) if observer is self.readout else nullcontext()

    def _set_observers(self, others: Sequence[Observer]) -> None:
        """Those that every session has, then the user's; all begin."""
        names = [observer.name for observer in (*self.worlds, *others)]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(Problem(f"two are called {name}", "observers"))
        self.counts, self.recorder = Counts(), Recorder(self.recording)
        self._migrator = Migrator(self.migration) if self.migration else None
        own = (self.counts, self.readout, self.recorder, self._migrator)
        self._own: tuple[Observer, ...] = tuple(observer for observer in own if observer is not None)
        self.observers = tuple(others)
        self._begin()
        checkpoints.observed(self)  # names that clash are refused now, not after hours

    @property
    def watching(self) -> tuple[Observer, ...]:
        """All observers, in the order in which they see."""
        return (*self._own, *self.worlds, *self.observers)

    @property
    def worlds(self) -> tuple[Observer, ...]:
        """Plug-in inputs that see what the network does."""
        return worlds_of(self.presentation.made)

    @property
    def target(self) -> TargetInput | None:
        """The input that gives the labels, if there is one."""
        return next((i for i in self.network.inputs if isinstance(i, TargetInput)), None)

    @property
    def votes(self) -> Votes | None:
        """Deciding population, classes and period, if there is a readout."""
        return votes_of(self)

    @property
    def moves(self) -> list[Move]:
        """Neurons that have moved."""
        return self._migrator.moves if self._migrator else []

    @property
    def tally(self) -> Tally:
        """What has been counted since the data began. All votes are copied: `counts` has the other numbers."""
        return results.tally_of(self)

    @property
    def default_stop(self) -> int:
        """Steps of data there are.

        Raises
        ------
        ConfigError
            If the input never ends.
        """
        if self.presentation.n_steps is None:
            raise ConfigError(Problem("the input has no end, expected a step to stop at", "stop"))
        return self.presentation.n_steps

    @property
    def default_freeze(self) -> int | None:
        """Step from which plasticity is off: the learning time, or None (never) without a target."""
        return self.presentation.learning_time if self.presentation.labels is not None else None

    # --------------------------------------------------------------------- run

    def run(
        self,
        stop: int | None = None,
        *,
        freeze: int | None = None,
        watch: Callable[[Session], None] | None = None,
        boundaries: Iterable[int] = (),
    ) -> Result:
        """`proceed`, and what has come out. The digest in it takes a while in large networks."""
        self.proceed(stop, freeze=freeze, watch=watch, boundaries=boundaries)
        return self.result()

    def proceed(
        self,
        stop: int | None = None,
        *,
        freeze: int | None = None,
        watch: Callable[[Session], None] | None = None,
        boundaries: Iterable[int] = (),
    ) -> None:
        """Run to step `stop` of the data, or to its end; with nothing left to do nothing is done.

        Parameters
        ----------
        stop : int or None
            Beyond the end of the data there is silence.
        freeze : int or None
            First step without plasticity; None: when the learning time is over.
        watch : callable or None
            Called with the session after every chunk.
        boundaries : iterable of int
            Steps at which a chunk must end, so that `watch` sees them.

        Raises
        ------
        ConfigError
            If the input never ends and no `stop` is given, or a step is no whole number of 0 or more.
        """
        stop = self.default_stop if stop is None else whole("stop", stop, 0, STEP_LIMIT - 1)
        freeze = self.default_freeze if freeze is None else whole("freeze", freeze, 0, STEP_LIMIT - 1)
        asked = {cut for observer in self.watching for cut in observer.cuts(self.step, stop, freeze)}
        cuts = sorted({cut for cut in {*boundaries, *asked} if self.step < cut < stop} | {stop})
        stretches = self._stretches(cuts)
        # The next stretch is encoded while the present one runs, unless it depends on what this one brings.
        helped = self.engine.encodes_ahead and not self.worlds
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._encoded, *stretches[0]) if stretches and helped else None
            for this, after in zip_longest(stretches, stretches[1:]):
                inputs = coming.result() if coming else None
                coming = ahead.submit(self._encoded, *after) if after and helped else None
                self.advance(this[1], freeze, inputs, end=stop)
                if watch:
                    watch(self)

    def _stretches(self, cuts: list[int]) -> list[tuple[int, int]]:
        """First and last step of every engine call from now on; none goes beyond a cut."""
        chunk, first = self._chunk(), self.step
        stretches = []
        for cut in cuts:
            while first < cut:
                stretches.append((first, min(first + chunk, cut)))
                first = stretches[-1][1]
        return stretches

    def _encoded(self, start: int, stop: int) -> Any:
        return self.engine.encode(self.presentation.sources, self.origin, start, stop)

    def _chunk(self) -> int:
        widths = [self.plan.population(name).size for name in self._deliveries()[1]]
        chunk = memory.longest_chunk(self.plan, self.chunk_steps)
        return max(1, min(chunk, RECORD_LIMIT // max(sum(widths), 1)))

    def _deliveries(self) -> tuple[Votes | None, list[str]]:
        """What the engine counts, and the populations whose spikes it delivers.

        It counts for one observer, and only where its objects begin with those of the data.
        """
        wants: list[Wants] = []
        for observer in self.watching:
            with self._blamed(observer):
                wants.append(observer.wants())
        votes = [w.votes for w in wants if w.votes is not None]
        counted = next((v for v in votes if self.origin % v.period == 0), None)
        names = {name for w in wants for name in w.spikes}
        names |= {self.plan.populations[v.population].name for v in votes if v != counted}
        return counted, sorted(names, key=lambda name: self.plan.population(name).index)

    def advance(self, stop: int, freeze: int | None, inputs: Any = None, *, end: int | None = None) -> None:
        """One engine call, from the present step to `stop` of the data.

        Parameters
        ----------
        stop : int
        freeze : int or None
            First step without plasticity; None: never.
        inputs : object
            What the engine has encoded for these steps, if that is at hand.
        end : int or None
            Where the whole run ends; None: at `stop`.
        """
        began = time.perf_counter()
        start = self.step
        counted, names = self._deliveries()
        brought = self.engine.run(
            self._encoded(start, stop) if inputs is None else inputs,
            self.origin + start,
            self.origin + stop,
            freeze=FOREVER if freeze is None else self.origin + freeze,
            votes=counted,
            record=[self.plan.population(name).index for name in names],
        )
        seen = Seen(start, stop, stop if end is None else end, freeze, self.plan, self.origin, brought, counted)
        self.step = stop
        for observer in (*self._own, *self.worlds):
            with self._blamed(observer):
                observer.seen(seen)
        self.counts.seconds += time.perf_counter() - began
        for observer in self.observers:
            observer.seen(seen)

    def describe(self, network: Network) -> None:
        """Take over a description that differs from the present one in the features it has learnt."""
        if network != self.network:
            self.network, self.plan = network, replace(self.plan, description=network)

    def rest(self, steps: int) -> None:
        """Let the network run without input, plasticity off, time going on; between two sets of data."""
        now = self.origin + self.step
        rest(self.engine, now, now + steps)
        self.origin += self.step + steps
        self.step = 0

    # ---------------------------------------------------------- several data sets

    def present(self, presentation: Presentation) -> None:
        """Show other data from the next beginning of an object on; time goes on, observers begin anew.

        Raises
        ------
        ConfigError
            If it does not have the inputs of this network.
        """
        expected = list(self.plan.inputs)
        sizes = [(source.name, source.size) for source in presentation.sources]
        if sizes != expected or presentation.period != self.presentation.period:
            raise ConfigError(f"inputs (name, nodes) {sizes} of period {presentation.period}, expected {expected}")
        self.describe(agreed(self.network, presentation.sources, presentation.learnt))
        self.presentation = presentation
        self.rest(-(self.origin + self.step) % (presentation.period or 1))
        self._begin()

    bookmark = checkpoints.bookmark
    return_to = checkpoints.return_to

    # ------------------------------------------------------------------ results

    def spikes(self, section: str, copy: int = 0) -> np.ndarray:
        """Recorded spikes of a section, int64 of shape (n_spikes, 2): step, neuron. KeyError if not recorded."""
        return self.recorder.rows(section, copy)

    def labels(self) -> np.ndarray:
        """Class of every object, -1 for none, int64 of shape (n_train + n_test,)."""
        return results.labels_of(self.presentation)

    def finished_objects(self) -> int:
        """Objects whose period is over."""
        if self.readout is None:
            return 0
        return min(self.step // self.readout.period, self.readout.objects)

    def answers(self) -> np.ndarray:
        """Class chosen for every finished object, -1 for none, int64 of shape (finished_objects(),)."""
        if self.readout is None:
            return np.zeros(0, dtype=np.int64)
        return answers_of(self.readout)[: self.finished_objects()]

    score = results.score_of
    result = results.result_of
    write_results = results.write_results

    # -------------------------------------------------------------- checkpoints

    save = checkpoints.save
    load = checkpoints.load
    checkpoint = checkpoints.checkpoint
    resume = checkpoints.resume
    snapshot = checkpoints.snapshot
    restore = checkpoints.restore
