"""Speaks to a core on a board over a serial line: spikes in, who fired and answers out, registers and memories.

    python host.py --port /dev/ttyUSB1 --core core.json read threshold
    python host.py --port /dev/ttyUSB1 --core core.json write threshold new.txt   # one integer a line
    python host.py --port /dev/ttyUSB1 --core core.json load code.mem   # weights, if it begins without
    python host.py --port /dev/ttyUSB1 --core core.json run spikes.txt   # a step a line: its node numbers

It needs nothing but Python and pyserial. The bytes on the line are described in serial.v.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

STEP, READ, WRITE = 1, 2, 3
CREDIT, FIRED, END, ANSWER, NO_ANSWER, WORD, ERROR, HELLO = range(8)
VERSION = 1
SECONDS = 10.0
"""How long the board may be silent."""
REASONS = {1: "its input buffer overflowed", 2: "it got bytes that it does not know"}
MOST = 0xFFFF
"""Spikes of a step, words of a request."""


class BoardError(Exception):
    """The board is silent, or says something that does not belong there."""


class Transport(Protocol):
    """What carries the bytes."""

    def write(self, data: bytes) -> None:
        """Send all of them."""

    def read(self, size: int) -> bytes:
        """Wait for so many; BoardError if they do not come."""

    def reset(self) -> None:
        """Send a break and forget what was received before it."""


class SerialPort:
    """A serial port of this computer, by pyserial."""

    def __init__(self, port: str, baud: int) -> None:
        try:
            import serial
        except ImportError:
            raise BoardError("pyserial is not installed: pip install pyserial") from None
        try:
            self._port = serial.Serial(port, baud, timeout=SECONDS)
        except (OSError, ValueError) as error:
            raise BoardError(f"{port}: {error}") from None

    def write(self, data: bytes) -> None:
        """Send all of them."""
        self._port.write(data)

    def read(self, size: int) -> bytes:
        """Wait for so many."""
        data: bytes = self._port.read(size)
        if len(data) != size:
            raise BoardError(f"the board is silent: {len(data)} of {size} bytes in {SECONDS:g} s")
        return data

    def reset(self) -> None:
        """Send a break."""
        self._port.send_break(0.01)
        self._port.reset_input_buffer()


class Device:
    """A core behind the bridge of serial.v.

    Parameters
    ----------
    transport : Transport
    core : dict
        The content of core.json.
    """

    def __init__(self, transport: Transport, core: dict[str, Any]) -> None:
        self.core = core
        self._transport = transport
        self._room = 0
        self._credit = 0
        self._messages: deque[tuple[int, int]] = deque()
        self._regions = {region["name"]: region for region in core["regions"]}
        self._registers = {register["name"]: register for register in core["registers"]}
        self._steps = 0
        self.reset()

    # --------------------------------------------------------------- the line

    def reset(self) -> None:
        """Reset bridge and core: a step that was not closed is lost, one that was closed is done untold."""
        self._transport.reset()
        self._messages.clear()
        hello = self._transport.read(4)
        if hello[0] != HELLO or hello[1] != VERSION:
            raise BoardError(f"expected the greeting {HELLO:02x} {VERSION:02x}, got {hello.hex(' ')}")
        self._room, self._credit = 1 << hello[2], 1 << hello[3]
        self._steps = self.register("step") - self.core["first_step"] if "step" in self._registers else 0

    def _send(self, data: bytes) -> None:
        """Send, never more than the board has room for."""
        while data:
            while not self._room:
                self._receive()
            now, data = data[: self._room], data[self._room :]
            self._room -= len(now)
            self._transport.write(now)

    def _receive(self) -> None:
        """Take one message from the line."""
        kind = self._transport.read(1)[0]
        if kind == CREDIT:
            self._room += self._credit
        elif kind in (FIRED, ANSWER):
            self._messages.append((kind, int.from_bytes(self._transport.read(2), "little")))
        elif kind in (END, NO_ANSWER):
            self._messages.append((kind, 0))
        elif kind == ERROR:
            reason = self._transport.read(1)[0]
            raise BoardError(f"the board has stopped: {REASONS.get(reason, f'reason {reason}')}")
        else:
            raise BoardError(f"the board sent {kind:02x}, which begins no message that belongs here")

    def _next(self) -> tuple[int, int]:
        while not self._messages:
            self._receive()
        return self._messages.popleft()

    # ------------------------------------------------------------------ steps

    def send_step(self, nodes: Sequence[int]) -> None:
        """Begin a step; several may be under way."""
        largest = (1 << self.core["node_bits"]) - 1
        if len(nodes) > MOST:
            raise BoardError(f"{len(nodes)} spikes in a step, at most {MOST}")
        for node in nodes:
            if not 0 <= node < largest:
                raise BoardError(f"node {node}, expected 0 to {largest - 1}")
        self._send(struct.pack(f"<BH{len(nodes)}H", STEP, len(nodes), *nodes))

    def fired(self) -> list[int]:
        """Flat numbers of the neurons that fired in the earliest step that has not been asked for."""
        neurons: list[int] = []
        while True:
            kind, neuron = self._next()
            if kind == END:
                self._steps += 1
                return sorted(neurons)
            if kind != FIRED:
                raise BoardError(f"message {kind:02x} within a step")
            neurons.append(neuron)

    def step(self, nodes: Sequence[int]) -> list[int]:
        """One step: spikes in, who fired out."""
        self.send_step(nodes)
        return self.fired()

    def at_end_of_object(self) -> bool:
        """Whether an answer follows the last step."""
        period = self.core["period"]
        return bool(period) and (self.core["first_step"] + self._steps) % period == 0

    def answer(self) -> int | None:
        """The class of the object that has just ended; None: nobody fired."""
        kind, number = self._next()
        if kind not in (ANSWER, NO_ANSWER):
            raise BoardError(f"message {kind:02x} instead of an answer")
        return number if kind == ANSWER else None

    # ------------------------------------------------- registers and memories

    def _words(self, region: int, first: int, count: int, size: int) -> bytes:
        """Words of the bus, `size` bytes each."""
        parts = []
        for at in range(first, first + count, MOST):
            now = min(MOST, first + count - at)
            self._send(struct.pack("<BBHI", READ, size, now, region << 24 | at))
            for _ in range(now):
                kind = CREDIT
                while kind == CREDIT:
                    kind = self._transport.read(1)[0]
                    self._room += self._credit * (kind == CREDIT)
                if kind != WORD:
                    raise BoardError(f"message {kind:02x} instead of a word; were all steps asked for?")
                parts.append(self._transport.read(size))
        return b"".join(parts)

    def _set_words(self, region: int, first: int, size: int, data: bytes) -> None:
        most = MOST * size
        for at in range(0, len(data), most):
            part = data[at : at + most]
            head = struct.pack("<BBHI", WRITE, size, len(part) // size, region << 24 | first + at // size)
            self._send(head + part)

    def _region(self, name: str) -> dict[str, Any]:
        if name not in self._regions:
            raise BoardError(f"{name}: unknown region, expected one of {', '.join(self._regions)}")
        found: dict[str, Any] = self._regions[name]
        return found

    def _part(self, region: dict[str, Any], first: int, count: int) -> Iterable[tuple[int, slice]]:
        """Where entries lie on the bus, and which of them; those of synapses lie neuron by neuron."""
        entries = region["entries"]
        if first < 0 or count < 0 or first + count > entries:
            raise BoardError(f"{region['name']}: entries {first} to {first + count - 1}, it has {entries}")
        if "stride" not in region:
            yield first * region["words"], slice(None)
        elif count != entries:
            raise BoardError(f"{region['name']}: {count} entries, expected all {entries} of them")
        else:
            neurons = region["neurons"]
            yield from ((neuron * region["stride"], slice(neuron, None, neurons)) for neuron in range(neurons))

    def read(self, name: str, first: int = 0, count: int | None = None) -> list[int]:
        """Entries of a region of core.json; synapse k is that of node k // neurons to neuron k % neurons."""
        region = self._region(name)
        values = [0] * (region["entries"] - first if count is None else count)
        words, size, bits = region["words"], _size(region), region["bits"]
        for at, which in self._part(region, first, len(values)):
            data = self._words(region["region"], at, len(values[which]) * words, size)
            parts = [data[k : k + size * words] for k in range(0, len(data), size * words)]
            values[which] = [_integer(part, bits, region["signed"]) for part in parts]
        return values

    def write(self, name: str, values: Sequence[int], first: int = 0) -> None:
        """Set entries of a region of core.json, in the order of `read`."""
        region = self._region(name)
        size, words = _size(region), region["words"]
        data = [_bytes(name, value, region, size * words) for value in values]
        for at, which in self._part(region, first, len(values)):
            self._set_words(region["region"], at, size, b"".join(data[which]))

    def load(self, rows: Sequence[int]) -> None:
        """Set the weights to rows of codes, as code.mem has them: groups of `lanes` neurons, in each all nodes."""
        region = self._region("code")
        neurons, bits, lanes = region["neurons"], region["bits"], self.core["lanes"]
        nodes = region["entries"] // neurons
        if len(rows) != nodes * -(-neurons // lanes):
            raise BoardError(f"{len(rows)} rows of weights, expected {nodes * -(-neurons // lanes)}")
        mask = (1 << bits) - 1
        places = [(j // lanes * nodes, bits * (j % lanes)) for j in range(neurons)]
        self.write("code", [rows[row + node] >> at & mask for node in range(nodes) for row, at in places])

    def _register(self, name: str) -> dict[str, Any]:
        if name not in self._registers:
            raise BoardError(f"{name}: unknown register, expected one of {', '.join(self._registers)}")
        found: dict[str, Any] = self._registers[name]
        return found

    def register(self, name: str) -> int:
        """The value of a register of core.json."""
        found = self._register(name)
        return _integer(self._words(0, found["index"], 1, 4), found["bits"], found["signed"])

    def set_register(self, name: str, value: int) -> None:
        """Set a register of core.json."""
        found = self._register(name)
        self._set_words(0, found["index"], 4, _bytes(name, value, found, 4))


def _size(region: dict[str, Any]) -> int:
    """Bytes of a word on the line."""
    return 4 if region["words"] == 2 else int(region["bits"] + 7) // 8


def _integer(data: bytes, bits: int, signed: bool) -> int:
    """The lowest bits of some bytes."""
    value = int.from_bytes(data, "little") & ((1 << bits) - 1)
    return value - (1 << bits) if signed and value >> (bits - 1) else value


def _bytes(name: str, value: int, of: dict[str, Any], size: int) -> bytes:
    bits, signed = of["bits"], of["signed"]
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if not low <= value <= high:
        raise BoardError(f"{name}: {value}, expected {low} to {high}")
    return (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")


# -------------------------------------------------------------------- commands


def integers(path: Path, base: int = 10) -> list[list[int]]:
    """The integers of a text file, line by line."""
    found, number, line = [], 0, ""
    try:
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):  # noqa: B007
            found.append([int(word, base) for word in line.split()])
    except UnicodeDecodeError:
        raise BoardError(f"{path}: expected a text file of integers") from None
    except ValueError:
        raise BoardError(f"{path}, line {number}: expected integers, got {line[:40]!r}") from None
    return found


def run(device: Device, steps: Iterable[Sequence[int]]) -> Iterable[str]:
    """Lines to print: who fired in every step, and the answers."""
    for nodes in steps:
        yield " ".join(map(str, device.step(nodes)))
        if device.at_end_of_object():
            answer = device.answer()
            yield f"answer {'none' if answer is None else answer}"


def act(options: argparse.Namespace, device: Device) -> None:
    """Carry out one command."""
    if options.command == "read":
        known = options.name in {register["name"] for register in device.core["registers"]}
        for value in [device.register(options.name)] if known else device.read(options.name):
            print(value)
    elif options.command == "write":
        values = [value for line in integers(options.file) for value in line]
        if options.name in {register["name"] for register in device.core["registers"]}:
            for value in values[:1]:
                device.set_register(options.name, value)
        else:
            device.write(options.name, values)
    elif options.command == "load":
        device.load([value for line in integers(options.file, 16) for value in line])
    else:
        for line in run(device, integers(options.file)):
            print(line)


def main(words: Sequence[str] | None = None) -> int:
    """The command line; exit status 2 with one line if something is wrong."""
    parser = argparse.ArgumentParser(description="Speak to a core on a board over a serial line.")
    parser.add_argument("--port", required=True, help="the serial port, for example /dev/ttyUSB1")
    parser.add_argument("--baud", type=int, default=1_000_000, help="bits a second (default: 1000000)")
    parser.add_argument("--core", type=Path, default=Path("core.json"), help="the manifest of the core")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("read", "print a register or a memory"), ("write", "set a register or a memory")):
        command = commands.add_parser(name, help=text)
        command.add_argument("name", help="of a register or a region in core.json")
        if name == "write":
            command.add_argument("file", type=Path, help="one integer a line")
    command = commands.add_parser("run", help="show spikes, print who fires")
    command.add_argument("file", type=Path, help="one step a line: the numbers of its nodes")
    command = commands.add_parser("load", help="load the weights of a core that begins without them")
    command.add_argument("file", type=Path, help="code.mem of the same export without the option load")
    options = parser.parse_args(words)
    try:
        try:
            core = json.loads(options.core.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BoardError(f"{options.core}: {error}") from None
        act(options, Device(SerialPort(options.port, options.baud), core))
    except (BoardError, OSError) as error:
        print(f"host.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
