"""What all engines share: the input spikes of a stretch of time, the state of a network, its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from colanet.encoding.sources import SpikeSource
from colanet.encoding.stretch import Spikes, empty
from colanet.errors import CheckpointError
from colanet.plan import Plan
from colanet.plan.variables import State, shapes, wrong_values


@dataclass(frozen=True, eq=False)
class InputSpikes:
    """Spikes of every input for the steps base <= t < stop, made once and shared by all copies.

    Attributes
    ----------
    ptr : tuple of ndarray of int64, shape (stop - base + 1,)
    index : tuple of ndarray of int32
        Nodes of input i that spike at step t: ``index[i][ptr[i][t - base] : ptr[i][t - base + 1]]``.
    """

    base: int
    stop: int
    ptr: tuple[np.ndarray, ...]
    index: tuple[np.ndarray, ...]

    def at(self, source: int, step: int) -> np.ndarray:
        """Nodes of input `source` that spike at `step`; none outside the stretch."""
        if not self.base <= step < self.stop:
            return self.index[source][:0]
        ptr = self.ptr[source]
        return self.index[source][ptr[step - self.base] : ptr[step - self.base + 1]]


def input_spikes(plan: Plan, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> InputSpikes:
    """Input for a run over the data steps start..stop, with the history it needs; silence before step 0.

    Parameters
    ----------
    plan : Plan
    sources : sequence of SpikeSource
        In the order of the plan's inputs.
    origin : int
        The engine's step at step 0 of the data.
    start, stop : int
        Steps of the data, `stop` excluded.
    """
    early, first = reach_back(plan, start)
    return joined([source.spikes(first, stop) for source in sources], origin, early, first, stop)


def reach_back(plan: Plan, start: int) -> tuple[int, int]:
    """The step at which the history of a run from `start` on begins, and the first of it that there is."""
    early = start - plan.history
    return early, max(early, 0)


def joined(made: Sequence[Spikes], origin: int, early: int, first: int, stop: int) -> InputSpikes:
    """`InputSpikes` of steps early..stop out of stretches of the steps first..stop, one an input."""
    silence = np.zeros(first - early, dtype=np.int64)
    return InputSpikes(
        origin + early,
        origin + stop,
        tuple(np.concatenate([silence, ptr]) for ptr, _ in made),
        tuple(index for _, index in made),
    )


@dataclass(frozen=True)
class Votes:
    """How spikes of the deciding population are counted: per object of `period` steps and per class."""

    population: int
    classes: int
    period: int

    def objects(self, start: int, stop: int) -> int:
        """Objects that the steps start..stop-1 belong to."""
        return (stop - 1) // self.period - start // self.period + 1

    def label(self, neuron: Any, size: int) -> Any:
        """Class that a neuron, or an array of them, of the population of that size speaks for."""
        return neuron * self.classes // size


@dataclass(eq=False)
class Stretch:
    """What a run over some steps brings back.

    Attributes
    ----------
    votes : ndarray of int32, shape (copies, n_objects, n_classes)
        Objects first // period up to the one that the last step belongs to.
    spikes : ndarray of int64, shape (copies, n_populations)
    synaptic_events : int
        Spikes times the synapses they arrived at, all copies.
    records : list of ndarray of int64, shape (n_spikes, 2), one a copy
        (step, flat neuron), in order.
    """

    votes: np.ndarray
    spikes: np.ndarray
    synaptic_events: int = 0
    records: list[np.ndarray] = field(default_factory=list)


class Engine(Protocol):
    """Runs a plan. The arrays of the state are the only thing that outlives a call."""

    name: str
    plan: Plan
    encodes_ahead: bool
    """Whether `encode` may be called in another thread while `run` runs."""

    def encode(self, sources: Sequence[SpikeSource], origin: int, start: int, stop: int) -> Any:
        """Input for a run over the data steps start..stop, laid out as `run` of this engine needs it.

        Parameters are those of `input_spikes`.
        """
        ...

    def run(
        self,
        inputs: Any,
        start: int,
        stop: int,
        *,
        freeze: int,
        votes: Votes | None = None,
        record: Sequence[int] = (),
    ) -> Stretch:
        """Advance all copies from step `start` to `stop`; plasticity acts at steps below `freeze`.

        `inputs` is what `encode` made, or an `InputSpikes`; it must reach back `plan.history` steps before `start`.
        `record` lists populations.
        """
        ...

    def state(self) -> State:
        """A copy of the state, the same on every engine."""
        ...

    def load(self, state: State) -> None:
        """Take over a state; CheckpointError if it does not belong to this plan."""
        ...


def rest(engine: Engine, step: int, stop: int) -> None:
    """Advance from `step` to `stop` without input and plasticity; nothing if that is where the engine stands."""
    if stop > step:
        silence = [empty(stop - step) for _ in engine.plan.inputs]
        engine.run(joined(silence, step, -engine.plan.history, 0, stop - step), step, stop, freeze=0)


def check_state(plan: Plan, state: State, step: int | None = None) -> None:
    """Refuse a state with missing or unknown keys, arrays of another shape or type, or impossible values.

    Parameters
    ----------
    plan : Plan
    state : State
    step : int or None
        The step that comes next, if it is known; then times and the rings of past steps are checked against it.

    Raises
    ------
    CheckpointError
    """
    expected = shapes(plan)
    missing, unknown = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if missing or unknown:
        raise CheckpointError(
            "the state does not belong to this network: "
            + "; ".join(
                f"{word} {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
                for word, names in (("missing", missing), ("unknown", unknown))
                if names
            )
        )
    for key, (dtype, shape) in expected.items():
        if state[key].shape != shape or state[key].dtype != dtype:
            raise CheckpointError(
                f"the state does not belong to this network: {key} is {state[key].dtype}{state[key].shape}, "
                f"expected {dtype}{shape}"
            )
    for wrong in wrong_values(plan, state, step):
        raise CheckpointError(f"the state is damaged, or of other precision: {wrong}")


def digest(state: State, step: int) -> str:
    """SHA-256 over all arrays of a state and the step; equal on every engine."""
    total = hashlib.sha256(str(step).encode())
    for key in sorted(state):
        array = np.ascontiguousarray(state[key])
        total.update(f"{key} {array.dtype} {array.shape}".encode())
        total.update(array.data)
    return total.hexdigest()
