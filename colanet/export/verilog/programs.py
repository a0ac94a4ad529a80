"""Programs of benches: spikes and commands as words of 32 bits, and what the core answered.

`bench/long.cpp` (Verilator) and `bench/stream.v` (Icarus Verilog) play them. A word is

    a node number     a spike of the present step
    STEP              closes the step
    READ a n          n words of the bus from address a on
    WRITE a d         word d to address a of the bus
    RECORD f          from now on spikes of neurons are written (f = 1), or not (0)
    MARK              counts of clock cycles, input spikes and spikes of neurons are written

Before a command all steps that were closed are done. Both players write the same files: `answers` (class, or STEP
for no answer), `fired` (neuron; STEP closes a step), `words`, `marks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from colanet.encoding.stretch import Spikes
from colanet.errors import ColanetError
from colanet.export.verilog.readback import Manifest, Readback, entries_of, words_of

STEP, READ, WRITE, RECORD, MARK = range(0xFFFFFFFF, 0xFFFFFFFA, -1)
FIRST_COMMAND = 0xFFFFFF00
REGISTERS = 0
"""The region of the registers."""
LARGEST_FREEZE = 0xFFFFFFFF
FILES = ("answers", "fired", "words", "marks")


def address(region: int, index: int = 0) -> int:
    """Address on the bus."""
    return region << 24 | index


def spike_words(manifest: Manifest, made: Sequence[Spikes]) -> np.ndarray:
    """Spikes of a stretch as words, every step closed.

    Parameters
    ----------
    manifest : mapping
        The content of core.json.
    made : sequence of (ptr, index)
        Spikes of every input, in the order of the manifest; ptr has an entry a step and one more.

    Returns
    -------
    ndarray of uint32
    """
    steps = len(made[0][0]) - 1 if made else 0
    counts = [np.diff(ptr) for ptr, _ in made]
    of_step = np.concatenate([np.repeat(np.arange(steps), count) for count in counts])
    inputs = zip(made, manifest["inputs"], strict=True)
    node = np.concatenate([index + source["first"] for (_, index), source in inputs])
    order = np.argsort(of_step, kind="stable")
    words = np.full(len(node) + steps, STEP, dtype=np.uint32)
    words[np.arange(len(node)) + of_step[order]] = node[order]
    return words


@dataclass(eq=False)
class Program:
    """Words that are collected, and what was asked to be read, so that the answer can be told apart.

    Parameters
    ----------
    manifest : mapping
        The content of core.json.
    """

    manifest: Manifest
    words: list[np.ndarray] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    """Words that each command READ brings."""

    def put(self, *words: int) -> None:
        """Append words."""
        self.words.append(np.array(words, dtype=np.uint32))

    def taken(self) -> np.ndarray:
        """All words since the last call."""
        taken = np.concatenate([np.zeros(0, dtype=np.uint32), *self.words])
        self.words.clear()
        return taken

    def spikes(self, made: Sequence[Spikes]) -> None:
        """Steps with their spikes, see `spike_words`."""
        self.words.append(spike_words(self.manifest, made))

    def silence(self, steps: int) -> None:
        """Steps without spikes."""
        self.words.append(np.full(steps, STEP, dtype=np.uint32))

    def read(self, region: Mapping[str, Any]) -> None:
        """A whole region of the manifest; synapses neuron by neuron, each neuron's at a multiple of `stride`."""
        count, neurons = words_of(region), region["neurons"] if "stride" in region else 1
        for neuron in range(neurons):
            self.put(READ, address(region["region"], neuron * region.get("stride", 0)), count // neurons)
        self.asked.append(count)

    def write(self, register: str, value: int) -> None:
        """A register by name; nothing where the core has none of that name and needs none."""
        self.put(WRITE, address(REGISTERS, register_of(self.manifest, register)["index"]), value & 0xFFFFFFFF)

    def freeze(self, step: int) -> None:
        """Plasticity acts below this step; nothing is written to a core that cannot learn."""
        if self.manifest["learn"]:
            self.write("freeze", min(step, LARGEST_FREEZE))

    def mark(self) -> None:
        """Counts as of now. The bus is served when the core has done its work, so a word is read first."""
        self.put(READ, address(self.manifest["regions"][0]["region"]), 1, MARK)
        self.asked.append(1)

    def record(self, on: bool) -> None:
        """From now on spikes of neurons are written, or not."""
        self.put(RECORD, int(on))

    def watched(self, made: Sequence[Spikes]) -> None:
        """Steps, after each of which the gates of all neurons are read."""
        gate = region_of(self.manifest, "gate")
        for step in range(len(made[0][0]) - 1):
            own = [(ptr[step : step + 2] - ptr[step], index[ptr[step] : ptr[step + 1]]) for ptr, index in made]
            self.spikes(own)
            if gate is not None:
                self.read(gate)

    def regions(self) -> None:
        """All regions, in the order of the manifest."""
        for region in self.manifest["regions"]:
            self.read(region)


def region_of(manifest: Manifest, name: str) -> Mapping[str, Any] | None:
    """A region by its name; None if the core has none."""
    return next((region for region in manifest["regions"] if region["name"] == name), None)


def register_of(manifest: Manifest, name: str) -> Mapping[str, Any]:
    """A register by its name. ColanetError if the core has none."""
    for register in manifest["registers"]:
        if register["name"] == name:
            return dict(register)
    there = ", ".join(register["name"] for register in manifest["registers"])
    raise ColanetError(f"core.json: expected a register {name}, there are {there}")


# ----------------------------------------------------------------------- answers


@dataclass(frozen=True, eq=False)
class Played:
    """What a player has written.

    Attributes
    ----------
    answers : ndarray of int64
        Class of each object, -1 for none.
    fired : ndarray of int64, shape (spikes, 2)
        Recorded step, counted from 0, and flat neuron; in order.
    words : list of ndarray of int64
        One array for each command READ.
    marks : ndarray of int64, shape (marks, 3)
        Clock cycles, input spikes, spikes of neurons.
    """

    answers: np.ndarray
    fired: np.ndarray
    words: list[np.ndarray]
    marks: np.ndarray


def numbers(path: Path) -> np.ndarray:
    """Numbers of a file that a player wrote, int64. ColanetError if it holds others, as undefined bits."""
    text = path.read_text(encoding="ascii")
    bad = text.translate({ord(c): None for c in "0123456789 \n"})
    if bad:
        raise ColanetError(f"{path.name}: the core gave undefined bits ({bad[0]}), expected whole numbers")
    return np.array(text.split(), dtype=np.int64)


def answers_of(path: Path) -> np.ndarray:
    """Answers so far; the line that is being written does not count."""
    text = path.read_text(encoding="ascii")
    found = np.array(text[: text.rfind("\n") + 1].split(), dtype=np.int64)
    return np.where(found == STEP, -1, found)


def played(folder: Path, asked: Iterable[int]) -> Played:
    """What a player wrote into a folder.

    Parameters
    ----------
    folder : Path
    asked : iterable of int
        `Program.asked`.

    Raises
    ------
    ColanetError
        If it is not what was asked for.
    """
    answers, fired, words, marks = (numbers(folder / name) for name in FILES)
    ends = np.cumsum(list(asked), dtype=np.int64)
    if len(words) != (ends[-1] if len(ends) else 0):
        raise ColanetError(f"words: the core gave {len(words)}, expected {ends[-1] if len(ends) else 0}")
    closing = fired == STEP
    step = np.cumsum(closing) - closing
    spikes = np.stack([step, fired], axis=1)[~closing]
    return Played(
        np.where(answers == STEP, -1, answers),
        spikes[np.lexsort(spikes.T[::-1])],
        np.split(words, ends)[: len(ends)],
        marks.reshape(-1, 3),
    )


def readback(manifest: Manifest, got: Played, stop: int, steps: int, recorded: int | None = None) -> Readback:
    """What a run brought whose last steps were recorded and watched, and that ended with `Program.regions`.

    Parameters
    ----------
    manifest : mapping
    got : Played
    stop : int
        The step that comes next.
    steps : int
        Steps that were watched, right before all regions were read.
    recorded : int or None
        Steps that were recorded, up to the last one; None: those that were watched.
    """
    regions = manifest["regions"]
    last = len(got.words) - len(regions)
    asked = zip(regions, got.words[last:], strict=True)
    values = {region["name"]: entries_of(region, words) for region, words in asked}
    gate, neurons = region_of(manifest, "gate"), sum(p["size"] for p in manifest["populations"])
    gates = np.ones((steps, neurons), dtype=np.int64)
    if gate is not None and steps:
        gates = entries_of(gate, np.stack(got.words[last - steps : last]))
    fired = got.fired + np.array([stop - (steps if recorded is None else recorded), 0])
    return Readback(stop, steps, fired[fired[:, 0] >= stop - steps], gates, values)
