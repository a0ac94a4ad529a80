"""Recording: the spikes of some populations and inputs, as a stream in memory or in a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from colanet import contents
from colanet.arguments import whole, whole_or_none
from colanet.encoding.records import Part
from colanet.errors import CheckpointError, ConfigError, Problem
from colanet.observers.base import Observer, Seen, Wants
from colanet.recorded import Memory, Records, part_of
from colanet.spool import FILE, Spool

if TYPE_CHECKING:
    from colanet.session import Session


@dataclass(frozen=True)
class Recording:
    """Which spikes to keep.

    Attributes
    ----------
    sections : tuple of str
        Populations or inputs; empty: all populations.
    first, last : int
        Range of steps, `last` excluded; None: to the end.
    folder : path or None
        Keep them in a file there, `recording.spool`, instead of in memory. One session a folder.
    """

    sections: tuple[str, ...] = ()
    first: int = 0
    last: int | None = None
    folder: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.sections, str) or not all(isinstance(name, str) for name in self.sections):
            raise ConfigError(Problem(f"expected a tuple of names, not {self.sections!r:.40}", "sections"))
        first = whole("first", self.first, 0)
        whole_or_none("last", self.last, first)

    def records(self, keys: Sequence[str]) -> Records:
        """Where the spikes of these sections (`COPY/SECTION`) go."""
        return Memory(keys) if self.folder is None else Spool(Path(self.folder) / FILE, keys)

    def window(self, start: int, stop: int) -> tuple[int, int]:
        """The part of the steps start..stop-1 that is recorded; nothing if the second is not above the first."""
        return max(start, self.first), stop if self.last is None else min(stop, self.last)


class Recorder(Observer):
    """Keeps the spikes that a `Recording` asks for; nothing without one.

    Attributes
    ----------
    records : Records
    """

    name = "recording"

    def __init__(self, recording: Recording | None) -> None:
        self.recording = recording
        self.records: Records = Memory(())
        self._begun = False

    def begin(self, session: Session) -> None:
        """Record other data, behind what is recorded.

        Raises
        ------
        ConfigError
            If a section is not there.
        """
        plan = session.plan
        self.sizes = dict(plan.inputs) | {p.name: p.size for p in plan.populations}
        self.sources = {source.name: source for source in session.presentation.sources}
        self.sections = self._sections([p.name for p in plan.populations], list(self.sources), plan.copies)
        self.populations = tuple(p.name for p in plan.populations if p.name in {name for _, name in self.sections})
        if self._begun:
            self.records = self.records.anew()
        elif self.recording:
            self.records = self.recording.records([f"{copy}/{name}" for copy, name in self.sections])
        self._begun = True

    def _sections(self, populations: list[str], inputs: list[str], copies: int) -> list[tuple[int, str]]:
        """(copy, section) of everything recorded; inputs are shared and stand under copy 0."""
        if self.recording is None:
            return []
        wanted = self.recording.sections or tuple(populations)
        unknown = [name for name in wanted if name not in populations + inputs]
        if unknown:
            raise ConfigError(
                f"recording: unknown population or input {unknown[0]}; known: {', '.join(populations + inputs)}"
            )
        pairs = [(0, name) for name in wanted if name in inputs]
        return pairs + [(c, name) for c in range(copies) for name in wanted if name in populations]

    def wants(self) -> Wants:
        """The spikes of the recorded populations; those of inputs are made anew."""
        return Wants(spikes=self.populations)

    def seen(self, stretch: Seen) -> None:
        """Keep what lies in the recorded steps. OutputError if it cannot be written."""
        if self.recording is None:
            return
        first, last = self.recording.window(stretch.start, stretch.stop)
        if first >= last:
            return
        parts = []
        for copy_, name in self.sections:
            if name in self.sources:
                ptr, index = self.sources[name].spikes(first, last)
                parts.append(Part(first, np.diff(ptr), index))
            else:
                step, neuron = stretch.spikes(name, copy_).T
                kept = (step >= first) & (step < last)
                parts.append(part_of(first, last, step[kept], neuron[kept].astype(np.int32)))
        self.records.add(parts)

    def rows(self, section: str, copy: int) -> np.ndarray:
        """Recorded spikes of a section, int64 of shape (n_spikes, 2): step, neuron. KeyError if not recorded."""
        key = f"{copy}/{section}"
        if key not in self.records.keys:
            there = ", ".join(self.records.keys) or "nothing"
            raise KeyError(f"{section} of copy {copy} is not recorded; recorded (copy/section): {there}")
        return self.records.rows(key)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The spikes, or how far their file goes."""
        return self.records.snapshot()

    def restore(self, path: str | os.PathLike[str], arrays: dict[str, Any], attributes: dict[str, Any]) -> None:
        """Take over what was recorded. CheckpointError."""
        step = contents.integer(path, attributes, "step")
        for key in self.records:
            self._check(path, arrays, key, step)
        records = copy(self.records)
        records.restore(path, arrays, attributes, self.recording.window(0, step) if self.recording else (0, 0))
        self.records = records

    def _check(self, path: str | os.PathLike[str], arrays: dict[str, Any], key: str, step: int) -> None:
        """CheckpointError if spikes that the checkpoint holds itself are of steps or neurons not there."""
        name = f"records/{key}"
        if name in arrays:
            rows = contents.array(path, arrays, name, dtype=np.int64, shape=(None, 2), low=0)
            if (rows >= [step, self.sizes[key.split("/", 1)[1]]]).any():
                raise CheckpointError(f"{path}: damaged, {name} has spikes of steps or neurons not there")
