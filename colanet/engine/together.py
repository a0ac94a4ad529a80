"""Several sessions in step: each keeps its own loop, and what they ask of their engines becomes one launch.

A session owns time, and its engine is all that it needs of the rest. So the engine is where sessions meet: `Seat`
has the interface of every engine, and its `run` waits until the others have come as far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from colanet.encoding.sources import SpikeSource
from colanet.engine.base import InputSpikes, Stretch, Votes, check_state
from colanet.engine.cuda.backend import Backend, CupyBackend
from colanet.engine.cuda.feed import DeviceEncoder, Feed, feed_of
from colanet.engine.cuda.room import bytes_of
from colanet.engine.cuda.tables import shape_of
from colanet.engine.cupy_engine import RECORD_BYTES, CupyBatch
from colanet.engine.fiber import Fiber
from colanet.plan import Plan
from colanet.plan.variables import State, initial_state

T = TypeVar("T")

SHARE = 0.8
"""Part of the device's free memory that is filled: the estimate knows neither gaps nor other programs."""


@dataclass(frozen=True)
class Stretched:
    """Input that is made when it is known who needs it: that of the data steps start..stop."""

    sources: tuple[SpikeSource, ...]
    origin: int
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Request:
    """A stretch that a session wants to be run; see `colanet.engine.base.Engine.run`."""

    seat: Seat
    inputs: Stretched | InputSpikes
    start: int
    stop: int
    freeze: int
    votes: Votes | None
    record: tuple[int, ...]

    @property
    def kind(self) -> tuple[object, ...]:
        """What requests must have in common to be one launch."""
        made = isinstance(self.inputs, InputSpikes)
        data = () if isinstance(self.inputs, InputSpikes) else (self.inputs.origin, self.inputs.start)
        return (group_of(self.seat.plan), self.start, self.stop, self.votes, self.record, made, data)


def group_of(plan: Plan) -> tuple[object, ...]:
    """What plans must have in common to share launches: their shape, and how far back their input must reach."""
    return (*shape_of(plan), plan.history)


class Seat:
    """The engine of one session among several; made by `Together.engine`.

    Parameters
    ----------
    plan : Plan
    together : Together
    """

    name = "cupy"
    encodes_ahead = False
    """It is made on the device, in the order of its other work."""

    def __init__(self, plan: Plan, together: Together) -> None:
        self.plan, self._together = plan, together
        self.crew: Crew | None = None
        """Where its networks are on the device; None: nowhere."""
        self.number = 0
        """Which of the crew's plans are its networks."""
        self.waiting: State | None = None
        """A state that the device does not have yet."""

    def encode(self, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> Stretched:
        """A note of what is needed; who shows the same shares the spikes."""
        return Stretched(tuple(sources), origin, start, stop)

    def run(
        self,
        inputs: Stretched | InputSpikes,
        start: int,
        stop: int,
        *,
        freeze: int,
        votes: Votes | None = None,
        record: Sequence[int] = (),
    ) -> Stretch:
        """Wait for the others and advance together; see `colanet.engine.base.Engine.run`."""
        return self._together.ask(Request(self, inputs, start, stop, freeze, votes, tuple(record)))

    def state(self) -> State:
        """A copy of the state, as on every engine."""
        if self.waiting is not None:
            return {name: array.copy() for name, array in self.waiting.items()}
        if self.crew is None:
            return initial_state(self.plan)
        crew = self.crew
        return self._together.call(lambda: crew.batch.state(self.number))

    def load(self, state: State) -> None:
        """Take over a state; CheckpointError if it does not belong to this plan."""
        check_state(self.plan, state)
        self.waiting = {name: array.copy() for name, array in state.items()}

    def leave(self) -> None:
        """Take the state from the device."""
        if self.crew is not None and self.waiting is None:
            self.waiting = self.crew.batch.state(self.number)
        self.crew = None


class Crew:
    """Seats whose networks are one batch on the device. They know it; it keeps none of them alive."""

    def __init__(self, seats: Sequence[Seat], backend: Backend) -> None:
        self.batch = CupyBatch([seat.plan for seat in seats], backend=backend)
        self.encoders: dict[int, DeviceEncoder] = {}
        """Of what is being shown, by the identity of its sources, which they keep alive."""
        for number, seat in enumerate(seats):
            seat.crew, seat.number = self, number

    def consists_of(self, seats: Sequence[Seat]) -> bool:
        """Whether its seats are these, in this order."""
        here = all(seat.crew is self and seat.number == number for number, seat in enumerate(seats))
        return here and len(seats) == len(self.batch.plans)

    def run(self, requests: Sequence[Request]) -> list[Stretch]:
        """One launch for all seats, in their order."""
        seats = [request.seat for request in requests]
        waiting = {number: seat.waiting for number, seat in enumerate(seats) if seat.waiting is not None}
        if waiting:
            self.batch.load_all(waiting)
        for seat in seats:
            seat.waiting = None
        one = requests[0]
        return self.batch.run(
            self._feed(requests), one.start, one.stop, freeze=[request.freeze for request in requests],
            votes=one.votes, record=one.record,
        )  # fmt: skip

    def _feed(self, requests: Sequence[Request]) -> Feed | list[InputSpikes]:
        inputs = [request.inputs for request in requests]
        made = [one for one in inputs if isinstance(one, InputSpikes)]
        wanted = [one for one in inputs if isinstance(one, Stretched)]
        if made:
            return made
        shown = {id(one.sources): one.sources for one in wanted}
        before, self.encoders = self.encoders, {}
        plan, backend = self.batch.plans[0], self.batch.backend
        for key, sources in shown.items():
            known = [*before.values(), *self.encoders.values()]
            self.encoders[key] = before.get(key) or DeviceEncoder(backend, plan, sources, known)
        del before
        feed = feed_of(list(self.encoders.values()), wanted[0].origin, wanted[0].start, wanted[0].stop)
        order = {key: number for number, key in enumerate(self.encoders)}
        feed.of = tuple(order[id(one.sources)] for one in wanted)
        return feed


class Together:
    """Sessions that meet at their engines, to be run by one launch a stretch.

    Parameters
    ----------
    backend : Backend or None
        None: the current CUDA device.

    Raises
    ------
    BackendUnavailable
        Without cupy, a GPU or a driver.
    """

    def __init__(self, backend: Backend | None = None) -> None:
        self.backend = CupyBackend() if backend is None else backend
        self._running: Fiber[Any] | None = None

    def engine(self, plan: Plan, threads: int = 1) -> Seat:
        """An engine for one session; `threads`, of the CPU, are not used."""
        return Seat(plan, self)

    def run(self, works: Sequence[Callable[[], T]]) -> Iterator[tuple[int, T]]:
        """Run works side by side, each with a session on an engine from here.

        What a work asks of its engine waits until every work has asked or ended. Then those that are furthest
        behind in time go on, in one launch as far as they ask for the same stretch: so a work that begins later
        than others catches up with them.

        Returns
        -------
        iterator of (int, result)
            Number of a work and what it returned, as they end.

        Raises
        ------
        BaseException
            What a work raises; the others are stopped where they stand.
        """
        fibers = [Fiber(work) for work in works]
        try:
            ready: list[tuple[Fiber[T], Any]] = [(fiber, None) for fiber in fibers]
            live = list(fibers)
            while live:
                for fiber, answer in ready:
                    self._resume(fiber, answer)
                    if fiber.ended:
                        live.remove(fiber)
                        yield fibers.index(fiber), fiber.result()
                ready = self._round(live) if live else []
        finally:
            for fiber in fibers:
                fiber.stop()

    def _resume(self, fiber: Fiber[Any], answer: Any) -> None:
        """Let a work go on to its next stretch. What else it asks of the device is done here, in one thread."""
        while True:
            self._running = fiber
            try:
                fiber.resume(answer)
            finally:
                self._running = None
            if fiber.ended or isinstance(fiber.asked, Request):
                return
            answer = fiber.asked()

    def _round(self, live: Sequence[Fiber[T]]) -> list[tuple[Fiber[T], Any]]:
        """Run the stretches of those furthest behind; who can go on, and with what."""
        behind = min(fiber.asked.start for fiber in live)
        launches: dict[tuple[object, ...], list[Fiber[T]]] = {}
        for fiber in live:
            if fiber.asked.start == behind:
                launches.setdefault(fiber.asked.kind, []).append(fiber)
        ready: list[tuple[Fiber[T], Any]] = []
        for fibers in launches.values():
            ready += zip(fibers, self._launch([fiber.asked for fiber in fibers]), strict=True)
        return ready

    def _launch(self, requests: Sequence[Request]) -> list[Stretch]:
        seats = [request.seat for request in requests]
        crew = seats[0].crew
        if crew is None or not crew.consists_of(seats):
            crew = None  # what is left makes room for what comes
            for seat in seats:
                seat.leave()
            crew = Crew(seats, self.backend)
        return crew.run(requests)

    def fitting(self, plan: Plan, *, once: int = 0, each: int = 0) -> int:
        """How many plans like this one fit the device at a time, at least 1.

        Parameters
        ----------
        plan : Plan
        once, each : int
            Bytes of images that all of them share, and that each of them has for itself.
        """
        free = int(SHARE * self.backend.free) - RECORD_BYTES - once
        return max(1, free // (bytes_of(plan, self.backend) + each))

    # ------------------------------------------------- for the engines of the works

    def ask(self, request: Request) -> Stretch:
        """The stretch that a request brings, with all others or, outside of `run`, alone."""
        if self._running is None:
            return self._launch([request])[0]
        brought: Stretch = self._running.ask(request)
        return brought

    def call(self, what: Callable[[], State]) -> State:
        """What a call gives that needs the device."""
        if self._running is None:
            return what()
        found: State = self._running.ask(what)
        return found
