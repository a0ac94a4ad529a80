"""A session owns time: it feeds input to an engine, freezes, counts votes, records, saves and resumes.

>>> import colanet
>>> session = colanet.Session(colanet.load("configs/mnist.nnc"), copies=1, train=6000, test=1000)
>>> result = session.run()
>>> session.weights("R->L").shape
(784, 150)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from colanet.arguments import whole, whole_or_none
from colanet.config.check import require
from colanet.config.model import MAX_COPIES, Network, TargetInput
from colanet.encoding import Presentation, build_sources
from colanet.encoding.files import located
from colanet.encoding.records import Part
from colanet.engine import make_engine
from colanet.engine.base import InputSpikes, State, Votes, digest
from colanet.errors import ConfigError, Problem
from colanet.inspection import Inspection
from colanet.migration import Migration, Move, check, migrate, prepare
from colanet.persistence import Persistence
from colanet.plan import Plan, build, memory
from colanet.plan.fixed import STEP_LIMIT
from colanet.readout import Score, criterion_value, decide, score, values_of
from colanet.recorded import Memory, part_of
from colanet.tally import Recording, Result, Tally

__all__ = ["Recording", "Result", "Session"]

CHUNK_STEPS = 15_000
LARGEST_SEED = 2**63 - 1
RECORD_LIMIT = 4_000_000
"""Most spikes that one chunk may have to record; chunks get shorter for larger populations."""


@dataclass(frozen=True, eq=False)
class Bookmark:
    """A place in a session, see `Session.bookmark`."""

    state: State
    origin: int
    step: int
    presentation: Presentation
    tally: Tally
    moves: int
    """Neurons that had moved."""


class Session(Inspection, Persistence):
    """A network, its input and its engine.

    Parameters
    ----------
    network : Network
    base_dir : path
        Folder that file names of the configuration are relative to.
    engine : {'auto', 'reference', 'numba', 'cupy'}
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
        Steps per engine call; the result does not depend on it.
    presentation : Presentation or None
        Input made elsewhere instead of what the configuration names.
    migration : Migration or None
        Whether neurons move between columns while the network learns.

    Raises
    ------
    ConfigError, DataError, BackendUnavailable
    """

    def __init__(
        self,
        network: Network,
        *,
        base_dir: str | os.PathLike = ".",
        engine: str = "auto",
        seed: int = 0,
        threads: int | None = None,
        copies: int | None = None,
        train: int | None = None,
        test: int | None = None,
        data_dir: str | os.PathLike | None = None,
        recording: Recording | None = None,
        chunk_steps: int = CHUNK_STEPS,
        presentation: Presentation | None = None,
        migration: Migration | None = None,
    ):
        seed = whole("seed", seed, 0, LARGEST_SEED)
        threads = whole_or_none("threads", threads, 1)
        train, test = whole_or_none("train", train, 0), whole_or_none("test", test, 0)
        chunk_steps = whole("chunk_steps", chunk_steps, 1)
        if copies is not None:
            network = network.model_copy(update={"copies": whole("copies", copies, 1, MAX_COPIES)})
        require(network)
        self.network, self.seed, self.base_dir = network, seed, Path(base_dir)
        self.presentation = presentation or build_sources(
            network.inputs, base_dir=self.base_dir, seed=seed, data_dir=data_dir, n_train=train, n_test=test
        )
        sizes = {source.name: source.size for source in self.presentation.sources}
        self.plan: Plan = build(network, input_sizes=sizes, seed=seed)
        memory.check(self.plan)
        self.threads = min(threads or os.cpu_count() or 1, network.copies)
        self.engine = make_engine(engine, self.plan, self.threads)
        self.recording = recording
        self.chunk_steps = chunk_steps
        self.migration, self.moves = migration, list[Move]()
        self.origin = self.step = 0
        self.kept: dict[str, np.ndarray] = {}
        """Arrays of the program that drives the session, which go with its checkpoints."""
        self.terms: dict[str, Any] = {}
        """What that program's run depends on, by its user's words; a checkpoint of other terms is refused."""
        self.votes = self._votes()
        if migration:
            check(migration, self.plan)
        self.tally = self._new_tally()
        if migration:
            state = self.engine.state()
            prepare(migration, self.plan, state)
            self.engine.load(state)
        if network.state is not None:
            self.load(located(self.base_dir, network.state))

    # ------------------------------------------------------------------ set-up

    @property
    def target(self) -> TargetInput | None:
        """The input that gives the labels, if there is one."""
        return next((i for i in self.network.inputs if isinstance(i, TargetInput)), None)

    def _votes(self) -> Votes | None:
        target = self.target
        if self.network.readout is None or target is None:
            return None
        population = self.plan.population(self.network.readout.population)
        return Votes(population.index, target.size, target.period)

    def _new_tally(self) -> Tally:
        p = self.presentation
        shape = (p.n_train + p.n_test, self.votes.classes) if self.votes else (0, 0)
        keys = [f"{copy}/{name}" for copy, name in self._recorded_sections()]
        columns = self.plan.population(self.migration.population).columns if self.migration else 0
        return Tally(
            np.zeros(shape, dtype=np.int64),
            np.zeros((self.plan.copies, len(self.plan.populations)), dtype=np.int64),
            np.zeros((self.plan.copies, columns), dtype=np.int64),
            records=self.recording.records(keys) if self.recording else Memory(()),
        )

    def _recorded_sections(self) -> list[tuple[int, str]]:
        """(copy, section) of everything recorded; inputs are shared and stand under copy 0."""
        if self.recording is None:
            return []
        populations = [p.name for p in self.plan.populations]
        inputs = [name for name, _ in self.plan.inputs]
        wanted = self.recording.sections or tuple(populations)
        unknown = [name for name in wanted if name not in populations + inputs]
        if unknown:
            raise ConfigError(
                f"nothing to record is called {unknown[0]}; there are {', '.join(populations + inputs)}"
            )
        pairs = [(0, name) for name in wanted if name in inputs]
        return pairs + [(c, name) for c in range(self.plan.copies) for name in wanted if name in populations]

    @property
    def default_stop(self) -> int:
        """Steps of data there are.

        Raises
        ------
        ConfigError
            If the input never ends.
        """
        if self.presentation.n_steps is None:
            raise ConfigError(Problem("the input never ends; say where to stop", "stop"))
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
        rounds = self._rounds(stop if freeze is None else min(stop, freeze))
        cuts = sorted({b for b in boundaries if self.step < b < stop} | rounds | {stop})
        stretches = self._stretches(cuts)
        # The next stretch is encoded while the present one runs, on the cores that the last copies leave idle.
        helped = self.engine.encodes_ahead
        with ThreadPoolExecutor(1) as ahead:
            coming = ahead.submit(self._encoded, *stretches[0]) if stretches and helped else None
            for this, after in zip_longest(stretches, stretches[1:]):
                inputs = coming.result() if coming else None
                coming = ahead.submit(self._encoded, *after) if after and helped else None
                self.advance(this[1], freeze, inputs)
                if self.step in rounds:
                    self._migrate()
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
        widths = [p.size for p in self.plan.populations if (0, p.name) in self._recorded_sections()]
        return max(1, min(self.chunk_steps, RECORD_LIMIT // max(sum(widths), 1)))

    def advance(self, stop: int, freeze: int | None, inputs: Any = None) -> None:
        """One engine call, from the present step to `stop` of the data, whose input may be at hand already."""
        began = time.perf_counter()
        start = self.step
        record = self._population_indices(start, stop)
        if self.migration:
            record = sorted({*record, self.plan.population(self.migration.demand).index})
        stretch = self.engine.run(
            self._encoded(start, stop) if inputs is None else inputs,
            self.origin + start,
            self.origin + stop,
            freeze=(1 << 62) if freeze is None else self.origin + freeze,
            votes=self.votes,
            record=record,
        )
        if self.votes:
            first = start // self.votes.period
            votes = stretch.votes.sum(axis=0, dtype=np.int64)[: len(self.tally.votes) - first]
            self.tally.votes[first : first + len(votes)] += votes
        self.tally.spikes += stretch.spikes
        self.tally.events += stretch.synaptic_events
        self._keep_records(stretch.records, start, stop)
        if self.migration and (freeze is None or stop <= freeze):
            self._count_demand(stretch.records)
        self.step = stop
        self.tally.seconds += time.perf_counter() - began

    def rest(self, steps: int) -> None:
        """Let the network run without input, plasticity off, time going on; between two sets of data."""
        if steps > 0:
            silence = InputSpikes(
                self.origin + self.step - self.plan.history,
                self.origin + self.step + steps,
                tuple(np.zeros(self.plan.history + steps + 1, dtype=np.int64) for _ in self.plan.inputs),
                tuple(np.zeros(0, dtype=np.int32) for _ in self.plan.inputs),
            )
            now = self.origin + self.step
            self.engine.run(silence, now, now + steps, freeze=0)
        self.origin += self.step + steps
        self.step = 0

    # --------------------------------------------------------------- migration

    def _rounds(self, last: int) -> set[int]:
        """Steps, up to `last`, at which neurons move: after every so many objects of learning."""
        if not self.migration or self.votes is None:
            return set()
        every = self.migration.every * self.votes.period
        return set(range((self.step // every + 1) * every, last + 1, every))

    def _count_demand(self, records: list[np.ndarray]) -> None:
        """Count the forced firings of every column."""
        assert self.migration
        demand = self.plan.population(self.migration.demand)
        for copy, rows in enumerate(records):
            neuron = rows[:, 1] - demand.start
            own = neuron[(neuron >= 0) & (neuron < demand.size)]
            self.tally.demand[copy] += np.bincount(own, minlength=demand.size)

    def _migrate(self) -> None:
        """One round of migration in the state of the engine."""
        assert self.migration and self.votes
        state = self.engine.state()
        now = self.origin + self.step
        moves = migrate(self.migration, self.plan, state, self.tally.demand, now, self.votes.period)
        self.engine.load(state)
        self.moves += moves
        self.tally.demand[:] = 0

    # --------------------------------------------------------------- recording

    def _population_indices(self, start: int, stop: int) -> list[int]:
        names = {name for _, name in self._recorded_sections()}
        return [p.index for p in self.plan.populations if p.name in names]

    def _keep_records(self, records: list[np.ndarray], start: int, stop: int) -> None:
        if self.recording is None:
            return
        first, last = self.recording.window(start, stop)
        if first >= last:
            return
        sources = {source.name: source for source in self.presentation.sources}
        parts = []
        for copy, name in self._recorded_sections():
            if name in sources:
                ptr, index = sources[name].spikes(first, last)
                parts.append(Part(first, np.diff(ptr), index))
            else:
                p = self.plan.population(name)
                step, neuron = records[copy][:, 0] - self.origin, records[copy][:, 1] - p.start
                kept = (neuron >= 0) & (neuron < p.size) & (step >= first) & (step < last)
                parts.append(part_of(first, last, step[kept], neuron[kept].astype(np.int32)))
        self.tally.records.add(parts)

    def spikes(self, section: str, copy: int = 0) -> np.ndarray:
        """Recorded spikes of a section, int64 of shape (n_spikes, 2): step, neuron. KeyError if not recorded."""
        key, records = f"{copy}/{section}", self.tally.records
        if key not in records.keys:
            there = ", ".join(records.keys) or "nothing"
            raise KeyError(f"{section} of copy {copy} is not recorded; recorded (copy/section): {there}")
        return records.rows(key)

    # ---------------------------------------------------------- several data sets

    def present(self, presentation: Presentation) -> None:
        """Show other data from the next beginning of an object on; time goes on, the counts begin anew.

        Raises
        ------
        ConfigError
            If it does not have the inputs of this network.
        """
        expected = list(self.plan.inputs)
        sizes = [(source.name, source.size) for source in presentation.sources]
        if sizes != expected or presentation.period != self.presentation.period:
            raise ConfigError(f"inputs (name, nodes) {sizes} of period {presentation.period}, expected {expected}")
        self.presentation = presentation
        self.rest(-(self.origin + self.step) % (presentation.period or 1))
        records = self.tally.records.anew()
        self.tally = self._new_tally()
        self.tally.records = records

    def bookmark(self) -> Bookmark:
        """Everything that a run changes, to come back to."""
        return Bookmark(self.engine.state(), self.origin, self.step, self.presentation, self.tally, len(self.moves))

    def return_to(self, bookmark: Bookmark) -> None:
        """Undo everything since a bookmark, which can be used only once for its counts go on changing."""
        self.engine.load(bookmark.state)
        self.origin, self.step = bookmark.origin, bookmark.step
        self.presentation, self.tally = bookmark.presentation, bookmark.tally
        del self.moves[bookmark.moves :]

    # ------------------------------------------------------------------ results

    def labels(self) -> np.ndarray:
        """Class of every object, -1 for none, int64 of shape (n_train + n_test,)."""
        labels = self.presentation.labels
        if labels is None:
            return np.zeros(0, dtype=np.int64)
        labels = labels.astype(np.int64)
        absent = self.presentation.no_class_value
        return labels if absent is None else np.where(labels == absent, -1, labels)

    def finished_objects(self) -> int:
        """Objects whose period is over."""
        if self.votes is None:
            return 0
        return min(self.step // self.votes.period, len(self.tally.votes))

    def score(self, first: int, last: int) -> Score | None:
        """Score of objects first..last-1 as far as they are finished; None if there are none."""
        last = min(last, self.finished_objects())
        if self.votes is None or first >= last:
            return None
        return score(decide(self.tally.votes[first:last]), self.labels()[first:last], self.votes.classes)

    def answers(self) -> np.ndarray:
        """Class chosen for every finished object, -1 for none, int64 of shape (finished_objects(),)."""
        return decide(self.tally.votes[: self.finished_objects()])

    def _criterion(self) -> tuple[str | None, float | None]:
        """Name and value, over the finished test objects, of the criterion that the target names."""
        target, first = self.target, self.presentation.n_train
        if target is None or target.criterion is None or self.votes is None:
            return None, None
        answers = self.answers()
        labels = self.labels()[first : len(answers)]
        return target.criterion, criterion_value(target.criterion, answers[first:], labels, values_of(target))

    def result(self) -> Result:
        """Everything a run ends with, as of now."""
        p, done = self.presentation, self.finished_objects()
        train, test = self.score(0, p.n_train), self.score(p.n_train, p.n_train + p.n_test)
        seconds = max(self.tally.seconds, 1e-9)
        criterion, value = self._criterion()
        return Result(
            accuracy=test.accuracy if test else None,
            unanswered=test.unanswered if test else None,
            confusion=test.confusion if test else None,
            train_accuracy=train.accuracy if train else None,
            train_images=min(done, p.n_train),
            test_images=max(done - p.n_train, 0),
            copies=self.plan.copies,
            seconds=self.tally.seconds,
            image_copies_per_second=done * self.plan.copies / seconds,
            synaptic_events_per_second=self.tally.events / seconds,
            engine=self.engine.name,
            threads=self.threads,
            seed=self.seed,
            steps=self.step,
            digest=digest(self.engine.state(), self.origin + self.step),
            criterion=criterion,
            criterion_value=value,
            data=p.data,
        )
