"""The .mem files of a core: what its memories hold at the start."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from colanet.export.mem import Mem
from colanet.export.verilog.design import Design
from colanet.export.verilog.header import Widths
from colanet.export.verilog.readback import gate_codes
from colanet.inspection import thresholds
from colanet.plan.fixed import scale_table
from colanet.units import ONE, Q


def rows_of(codes: np.ndarray, lanes: int) -> np.ndarray:
    """Codes by group, then node, then lane; neurons that there are not have code 0."""
    nodes, size = codes.shape
    padded = np.zeros((nodes, -(-size // lanes) * lanes), dtype=np.int64)
    padded[:, :size] = codes
    return padded.reshape(nodes, -1, lanes).transpose(1, 0, 2).reshape(-1, lanes)


def _fields(columns: list[tuple[np.ndarray | int, int]], length: int) -> np.ndarray:
    """Words of several fields as rows of bits; the last field is lowest."""
    rows = []
    for values, width in reversed(columns):
        whole = np.broadcast_to(np.asarray(values, dtype=np.int64), (length,))
        places = np.minimum(np.arange(width), 63)  # beyond 64 bits the sign goes on
        rows.append((whole[:, None] >> places & 1).astype(bool))
    return np.concatenate(rows, axis=1)


class Memories:
    """Writes them into a folder."""

    def __init__(self, d: Design, widths: Widths, folder: Path) -> None:
        self.d, self.widths, self.folder = d, widths, folder
        self.written: list[Path] = []

    def put(self, name: str, *columns: tuple[np.ndarray | int, int], length: int) -> None:
        """One file: a word a line, of fields (values, bits) from high to low."""
        rows = _fields(list(columns), length)
        with ExitStack() as stack:
            mem = Mem(stack, self.folder / f"{name}.mem", width=rows.shape[1])
            for begin in range(0, length, 4096):
                mem.bits(rows[begin : begin + 4096])
        self.written.append(mem.path)

    def write(self) -> list[Path]:
        """All of them."""
        self.neurons()
        self.events()
        self.weights()
        if self.d.learn:
            self.learning()
        return self.written

    def neurons(self) -> None:
        """Potentials, gates, thresholds, nothing arriving."""
        d, w, n = self.d, self.widths, self.d.plan.n_neurons
        states = [d.neurons(p) for p in d.plan.populations]
        gate = gate_codes(np.concatenate([s.gate for s in states]), w["GATE_BITS"])
        self.put("potential", (np.concatenate([s.potential for s in states]), w["POTENTIAL_BITS"]), length=n)
        self.put("gate", (gate, w["GATE_BITS"]), length=n)
        self.put("arrivals", (0, w["ARRIVAL_BITS"]), length=n)
        threshold = thresholds(d.plan, d.state, d.learner.name, d.copy)
        self.put("threshold", (threshold, w["THRESHOLD_BITS"]), length=d.learner.size)
        self.put("list", (0, w["LIST_ADDRESS"]), length=1 << w["ROW_SLOT_BITS"])

    def events(self) -> None:
        """Spikes of the populations that are under way, and the ranges of targets."""
        d, w = self.d, self.widths
        numbers: list[int] = []
        begins = np.zeros(1 << w["SLOT_BITS"], dtype=np.int64)
        for step in range(max(d.step - d.longest_delay, 0), d.step):
            begins[step % len(begins)] = len(numbers)
            for i in sorted(d.spreading[1]):
                p = d.plan.populations[i]
                spikes = d.neurons(p).spikes[step % d.plan.history]
                numbers.extend(int(p.start + j) for j in np.flatnonzero(spikes))
        begins[d.step % len(begins)] = w["EVENTS"] = len(numbers)
        ring = np.zeros(1 << w["EVENT_ADDRESS"], dtype=np.int64)
        ring[: len(numbers)] = numbers
        self.put("events", (ring, w["SOURCE_BITS"]), length=len(ring))
        self.put("begins", (begins, w["EVENT_ADDRESS"]), length=len(begins))
        spans = [d.plan.spans(p.index) for p in d.small]
        table = np.concatenate([s for s in spans if s is not None] or [np.zeros((1, 4), dtype=np.int32)])
        columns = [(table[:, i], w["TARGET_BITS"]) for i in (3, 2, 1, 0)]
        self.put("spans", *columns, length=len(table))

    def weights(self) -> None:
        """Codes by row, and where the synapses of each neuron lie."""
        d, w = self.d, self.widths
        if not d.load:
            codes = d.rule.codes(d.synapses.resource).reshape(d.nodes, d.learner.size)
            rows = rows_of(codes, d.lanes)
            self.put("code", *((rows[:, i], w["CODE_BITS"]) for i in reversed(range(d.lanes))), length=len(rows))
        own = np.arange(d.learner.size)
        self.put(
            "place", (own * d.nodes, w["RESOURCE_ADDRESS"]), (own // d.lanes * d.nodes, w["ROW_ADDRESS"]),
            (own % d.lanes, w["LANE_BITS"]), length=len(own),
        )  # fmt: skip

    def learning(self) -> None:
        """Resources, state of the rules, tables."""
        d, w, rule, n = self.d, self.widths, self.d.rule, self.d.learner.size
        synapses, neurons, grain = d.synapses, d.neurons(d.learner), self.d.rule.resource_grain

        def by_neuron(array: np.ndarray) -> np.ndarray:
            return array.reshape(d.nodes, n).T.reshape(-1).astype(np.int64)

        resource = by_neuron(synapses.resource) // grain
        columns = [(by_neuron(synapses.contributes), 1), (resource, w["RESOURCE_BITS"])]
        self.put("resource", *columns, length=n * d.nodes)
        level = np.arange(1 << w["RESOURCE_BITS"] - 1, dtype=np.int64) * grain
        codes = rule.codes(level)
        self.put("weights", (codes, w["CODE_BITS"]), length=len(codes))
        self.put("history", (0, w["WINDOW"] + w["STAMP_BITS"]), length=d.nodes)
        known = min(d.step, d.plan.history)  # steps that there were
        past = [neurons.awake[(d.step - 1 - k) % d.plan.history] if k < known else 0 for k in range(w["WINDOW"])]
        self.put("awake", *((row, 1) for row in reversed(past)), length=n)
        debt = neurons.debt.astype(np.int64) // grain if len(neurons.debt) else np.zeros(n, dtype=np.int64)
        due = np.flatnonzero(np.abs(debt) >= w["DUE_DEBT"]) if w["RENORMALISES"] else np.zeros(0, dtype=np.int64)
        w["DUES"] = len(due)
        queue = np.zeros(1 << w["POST_BITS"], dtype=np.int64)
        queue[: len(due)] = due
        self.put("due", (queue, w["POST_BITS"]), length=len(queue))
        self.put(
            "learning", (neurons.sequence_start, 32), (neurons.forced, 1), (neurons.last_spike, 32),
            (neurons.stability, w["STABILITY_BITS"]), (debt, w["DEBT_BITS"]), (np.isin(np.arange(n), due), 1),
            length=n,
        )  # fmt: skip
        self.put("scale", (scale_table(), 31), length=1024)
        self.put(
            "factors", (np.array([_factor(s, rule.isi_max) for s in range(w["FACTORS"])]), 23), length=w["FACTORS"]
        )


def _factor(since: int, isi_max: int) -> int:
    """How a reward changes a two-factor stability steps into a sequence, in 2^-20 (docs/model.md, section 12)."""
    distance = abs(since - isi_max)
    if not isi_max:
        return ONE if distance == 0 else -ONE
    return max(2 * ONE - (distance << Q) // isi_max, -ONE)
