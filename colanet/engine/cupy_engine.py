"""The cupy engine: many networks at once on a GPU, one block of threads a network.

`CupyBatch` runs the copies of several plans of one shape in one launch; `CupyEngine` is a batch of one plan with
the interface of all engines. The kernels are in `colanet/engine/cuda`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from colanet.encoding.sources import SpikeSource
from colanet.engine.base import InputSpikes, Stretch, Votes
from colanet.engine.cuda.backend import Backend, CupyBackend
from colanet.engine.cuda.feed import DeviceEncoder, Feed, upload
from colanet.engine.cuda.generated import argument
from colanet.engine.cuda.memory import VARIABLES, Memory
from colanet.engine.cuda.source import columns
from colanet.engine.cuda.tables import FUTURE, Tables, check_plans
from colanet.errors import ConfigError
from colanet.plan import Plan
from colanet.plan.bounds import check_steps
from colanet.plan.variables import State
from colanet.units import FOREVER

A = columns("Argument", "A_")

RECORD_BYTES = 1 << 28
"""Most device memory for recorded spikes; a longer stretch is run in several launches."""
STATIC_SHARED = 2048
"""Bytes of shared memory kept for the kernels' own variables."""


def as_integers(records: np.ndarray) -> np.ndarray:
    """A structured array as the plain integers it is made of, a row a record."""
    names = records.dtype.names or ()
    kind = records.dtype[0]
    return records.view(kind).reshape(*records.shape, len(names))


class CupyBatch:
    """Networks of several plans side by side: seeds, parameter settings, tasks.

    Parameters
    ----------
    plans : sequence of Plan
        Of one shape: the same inputs, population sizes and ends of projections. Everything else may differ:
        constants, connections, delays, seeds, numbers of copies.
    backend : Backend or None
        None: the current CUDA device.
    threads : int or None
        Threads of a block, a multiple of 32 up to 512. None: by the number of networks.

    Raises
    ------
    BackendUnavailable
        Without cupy or a GPU, for what `colanet.engine.cuda.tables.UNSUPPORTED` lists, or without enough memory.
    ConfigError
        If the plans differ in shape.
    """

    def __init__(
        self, plans: Sequence[Plan], *, backend: Backend | None = None, threads: int | None = None
    ) -> None:
        self.plans = tuple(plans)
        check_plans(self.plans)
        self.backend = CupyBackend() if backend is None else backend
        self.tables = Tables(self.plans)
        self.threads = self._threads() if threads is None else threads
        if self.threads % 32 or not 32 <= self.threads <= 512:
            raise ConfigError(f"{self.threads} threads: a block has a multiple of 32, at most 512")
        self.memory = Memory(self.backend, self.tables)
        self._population = self.tables.populations()
        self._network = self.tables.network_rows()
        self._recorded: tuple[int, ...] = ()
        self._upload_tables()
        for number in range(len(self.plans)):
            self.memory.load(number, None)
        self._derive()

    @property
    def networks(self) -> int:
        """Copies of all plans together."""
        return len(self.tables.networks)

    def _threads(self) -> int:
        """Few networks get many threads each; many networks fill the machine with small blocks."""
        crowd = 128 if self.networks > 2 * self.backend.multiprocessors else 256
        return crowd if self.tables.neurons <= 256 else 2 * crowd

    def _upload_tables(self) -> None:
        tables, up = self.tables, self.backend.upload
        total = tables.table_bytes + tables.local_bytes
        self.in_shared = total + STATIC_SHARED <= self.backend.shared_limit
        self.shared = total if self.in_shared else tables.table_bytes
        pushing = self.networks if tables.pushes else 0
        self._arrays = {
            "NETWORK": up(as_integers(self._network)),
            "POPULATION": up(as_integers(self._population)),
            "PROJECTION": up(as_integers(tables.projections())),
            "ROW": up(tables.joined("row")),
            "POST": up(tables.targets()),
            "SPAN": up(tables.joined("span")),
            "SEEN": up(tables.joined("seen", np.uint32)),
            "SLOT_PTR": up(tables.joined("slot_ptr")),
            "SLOT_SOURCE": up(tables.joined("slot_source")),
            "SLOT_DELAY": up(tables.joined("slot_delay", np.uint8)),
            "SLOT_POSITION": up(tables.joined("slot_position")),
            "INPUT_REACH": up(tables.input_reach()),
            "KICK_KEY": up(tables.kick_keys()),
            "ROUNDING_KEY": up(tables.rounding_keys()),
            "MEMORY_TIME": up(tables.memory_times()),
            "SCALE": up(tables.scale()),
            "FUTURE": self.backend.zeros((max(pushing * FUTURE * tables.neurons, 1),), np.int32),
            "FUTURE_FORCING": self.backend.zeros((max(pushing * tables.neurons, 1),), np.uint32),
            "LOCAL": self.backend.zeros((8 if self.in_shared else self.networks * tables.local_bytes,), np.uint8),
        }
        self._arrays |= {argument(v): self.memory.arrays[v.name] for v in VARIABLES}
        derived = ("weight", "positive", "n_fired", "fired")
        self._arrays |= {name.upper(): self.memory.arrays[name] for name in derived}
        self._numbers = {
            "NEURONS": tables.neurons,
            "POPULATIONS": len(self.plans[0].populations),
            "PROJECTIONS": len(self.plans[0].projections),
            "INPUTS": len(self.plans[0].inputs),
            "RING": tables.ring,
            "SLOTS": tables.slots,
            "WORDS": tables.words,
            "WEIGHTS": tables.weights,
            "MASK": tables.mask,
            "BIT_WORDS": tables.bit_words,
            "PUSHES": int(tables.pushes),
        }

    def _table(self, arrays: dict[str, Any], numbers: dict[str, int]) -> Any:
        """The kernels' table of arguments, on the device."""
        table = np.zeros(A.FIELDS, dtype=np.int64)
        for name, array in (self._arrays | arrays).items():
            table[getattr(A, name)] = self.backend.address(array)
        for name, number in (self._numbers | numbers).items():
            table[getattr(A, name)] = number
        return self.backend.upload(table.view(np.uint64))

    def _derive(self) -> None:
        self.backend.launch("derive", self.networks, self.threads, self.tables.table_bytes, self._table({}, {}))

    # ------------------------------------------------------------------ state

    def state(self, plan: int) -> State:
        """A copy of the state of one plan, the same as on every engine."""
        return self.memory.state(plan)

    def load(self, plan: int, state: State) -> None:
        """Take over a state of one plan.

        Raises
        ------
        CheckpointError
            If it does not belong to this plan.
        """
        self.load_all({plan: state})

    def load_all(self, states: Mapping[int, State]) -> None:
        """Take over states of some plans, by their numbers; CheckpointError as for `load`."""
        for plan, state in states.items():
            self.memory.load(plan, state)
        self._derive()

    # -------------------------------------------------------------------- run

    def run(
        self,
        inputs: InputSpikes | Sequence[InputSpikes] | Feed,
        start: int,
        stop: int,
        *,
        freeze: int | Sequence[int],
        votes: Votes | None = None,
        record: Sequence[int] = (),
    ) -> list[Stretch]:
        """Advance all networks from step `start` to `stop`.

        Parameters
        ----------
        inputs : InputSpikes, sequence of InputSpikes or Feed
            Shared by all plans, or one a plan over the same steps. Must reach back `plan.history` steps before
            `start`.
        freeze : int or sequence of int
            First step without plasticity; for all plans, or one a plan.
        votes : Votes or None
        record : sequence of int
            Populations whose spikes are recorded.

        Returns
        -------
        list of Stretch, one a plan

        Raises
        ------
        ConfigError
            If `inputs` or `freeze` do not fit the plans.
        """
        check_steps(start, stop)
        feed = self._feed(inputs)
        self._set_networks(feed, freeze)
        self._set_recording(tuple(sorted(set(record))))
        if stop <= start:
            cuts = [start]
        else:
            longest = self._longest()
            cuts = [*range(start, stop, longest), stop]
        objects = votes.objects(start, stop) if votes else 1
        classes = votes.classes if votes else 1
        out = {
            "VOTES": self.backend.zeros((self.networks, max(objects, 1), classes), np.int32),
            "SPIKE_COUNTS": self.backend.zeros((self.networks, len(self.plans[0].populations)), np.int64),
            "EVENTS": self.backend.zeros((self.networks,), np.int64),
        }
        records: list[list[np.ndarray]] = [[] for _ in range(self.networks)]
        for begin, end in pairwise(cuts):
            self._launch(feed, begin, end, start, votes, objects, out, records)
        return self._stretches(votes, out, records)

    def _feed(self, inputs: InputSpikes | Sequence[InputSpikes] | Feed) -> Feed:
        if isinstance(inputs, Feed):
            return inputs
        several = [inputs] if isinstance(inputs, InputSpikes) else list(inputs)
        if len(several) not in (1, len(self.plans)):
            raise ConfigError(f"{len(several)} inputs for {len(self.plans)} plans: expected one, or one a plan")
        return upload(self.backend, self.plans[0], several)

    def _set_networks(self, feed: Feed, freeze: int | Sequence[int]) -> None:
        """Freezing step and input of every network."""
        steps = [freeze] * len(self.plans) if isinstance(freeze, int | np.integer) else list(freeze)
        if len(steps) != len(self.plans):
            raise ConfigError(f"{len(steps)} freezing steps for {len(self.plans)} plans")
        for row, (k, _) in zip(self._network, self.tables.networks, strict=True):
            row["freeze"], row["feed"] = min(steps[k], FOREVER), feed.number(k)
        self._arrays["NETWORK"] = self.backend.upload(as_integers(self._network))

    def _set_recording(self, record: tuple[int, ...]) -> None:
        """Give the recorded populations their bits in the record of a step."""
        if record == self._recorded:
            return
        self._population["record"] = -1
        bit = 0
        for p in record:
            self._population["record"][:, p] = bit
            bit += self.plans[0].populations[p].size
        self._arrays["POPULATION"] = self.backend.upload(as_integers(self._population))
        self._recorded = record

    @property
    def _record_words(self) -> int:
        return -(-sum(self.plans[0].populations[p].size for p in self._recorded) // 32)

    def _longest(self) -> int:
        """Steps of one launch: what recording leaves room for, and 32-bit counters of items."""
        per_step = 4 * self._record_words * self.networks
        return max(1, RECORD_BYTES // per_step) if per_step else 1 << 30

    def _launch(
        self,
        feed: Feed,
        begin: int,
        end: int,
        start: int,
        votes: Votes | None,
        objects: int,
        out: dict[str, Any],
        records: list[list[np.ndarray]],
    ) -> None:
        """Run the steps begin <= t < end; counts are added to `out`, recorded spikes to `records`."""
        words = self._record_words
        record = self.backend.zeros((self.networks, max((end - begin) * words, 1)), np.uint32)
        arrays = {
            "FEED_FIRST": feed.first, "FEED_COUNT": feed.count, "NODE": feed.node, "BITS": feed.bits,
            "RECORD": record, **out,
        }  # fmt: skip
        numbers = {
            "BASE": feed.base, "STEPS": feed.steps, "BEGIN": begin, "END": end, "OBJECTS": objects,
            "CLASSES": votes.classes if votes else 1,
            "VOTE_POPULATION": votes.population if votes else -1,
            "VOTE_PERIOD": votes.period if votes else 1,
            "FIRST_OBJECT": start // votes.period if votes else 0,
            "RECORD_WORDS": words,
        }  # fmt: skip
        kernel = "run_shared" if self.in_shared else "run_global"
        self.backend.launch(kernel, self.networks, self.threads, self.shared, self._table(arrays, numbers))
        if words:
            self._collect(begin, self.backend.download(record).reshape(self.networks, end - begin, words), records)

    def _collect(self, begin: int, words: np.ndarray, records: list[list[np.ndarray]]) -> None:
        """Rows (step, flat neuron) out of the recorded bits, in order."""
        populations = self.plans[0].populations
        neuron = np.concatenate([np.arange(populations[p].start, populations[p].stop) for p in self._recorded])
        for rows, one in zip(records, words, strict=True):
            bits = np.unpackbits(one.astype("<u4").view(np.uint8), axis=1, bitorder="little")
            step, bit = np.nonzero(bits[:, : len(neuron)])
            rows.append(np.stack([step + begin, neuron[bit]], axis=1).astype(np.int64))

    def _stretches(
        self, votes: Votes | None, out: dict[str, Any], records: list[list[np.ndarray]]
    ) -> list[Stretch]:
        counted = self.backend.download(out["VOTES"])
        if votes is None:
            counted = np.zeros((self.networks, 0, 0), dtype=np.int32)
        spikes, events = self.backend.download(out["SPIKE_COUNTS"]), self.backend.download(out["EVENTS"])
        none = np.zeros((0, 2), dtype=np.int64)
        result, first = [], 0
        for plan in self.plans:
            mine = slice(first, first + plan.copies)
            rows = [np.concatenate([none, *parts]) for parts in records[mine]]
            result.append(Stretch(counted[mine], spikes[mine], int(events[mine].sum()), rows))
            first += plan.copies
        return result


class CupyEngine:
    """Runs one plan, its copies side by side on a GPU.

    Parameters
    ----------
    plan : Plan
    threads : int
        Of the CPU; not used, every engine takes it.
    backend : Backend or None
        None: the current CUDA device.

    Raises
    ------
    BackendUnavailable
        As `CupyBatch`.
    """

    name = "cupy"
    encodes_ahead = False
    """It is made on the device, in the order of its other work."""

    def __init__(self, plan: Plan, threads: int = 1, *, backend: Backend | None = None) -> None:
        self.plan = plan
        self.batch = CupyBatch([plan], backend=backend)
        self._encoder: DeviceEncoder | None = None

    def state(self) -> State:
        """A copy of the state, as on every engine."""
        return self.batch.state(0)

    def load(self, state: State) -> None:
        """Take over a state; CheckpointError if it does not belong to this plan."""
        self.batch.load(0, state)

    def encode(self, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> Feed:
        """Input spikes for a run over the data steps start..stop, made on the device where possible."""
        if self._encoder is None or self._encoder.sources != tuple(sources):
            self._encoder = DeviceEncoder(self.batch.backend, self.plan, sources)
        return self._encoder.feed(origin, start, stop)

    def run(
        self,
        inputs: InputSpikes | Feed,
        start: int,
        stop: int,
        *,
        freeze: int,
        votes: Votes | None = None,
        record: Sequence[int] = (),
    ) -> Stretch:
        """Advance all copies; see `colanet.engine.base.Engine.run`."""
        return self.batch.run(inputs, start, stop, freeze=freeze, votes=votes, record=record)[0]
