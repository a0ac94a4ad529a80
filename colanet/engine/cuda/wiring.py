"""Where the synapses of one network lie in the kernels' arrays (see `enum Projection` in tables.cuh)."""

from __future__ import annotations

import numpy as np

from colanet.engine.cuda.source import columns
from colanet.plan import Plan, ProjectionPlan
from colanet.plan.connect import Synapses

J = columns("Projection", "J_")
KIND = columns("Kind")

WIDE = 512
"""Synapses from which on a projection that is not dense is shared out among the warps of a block."""
VECTOR = 8
"""Weights in one load of 16 bytes; rows of dense projections are padded to it."""


def words_of(n: int) -> int:
    """32-bit words of a bit set over n things."""
    return (n + 31) // 32


def padded(n: int) -> int:
    return -(-n // VECTOR) * VECTOR


class Wiring:
    """The synapses of one network copy, in the order in which spikes are delivered and slots are learnt.

    Positions of synapses that are not dense come first, so that dense projections need no entry in the arrays;
    positions of plastic ones are positions in the array of weights as well. The same holds for slots.

    Attributes
    ----------
    table : ndarray of int64, shape (projections, J_FIELDS)
    order : dict of int to ndarray
        Canonical synapse of each slot, per plastic projection that is not dense.
    row, post, slot_ptr, slot_source, slot_position : ndarray of int32
    slot_delay : ndarray of uint8
    n_weights, n_slots, n_words : int
    """

    def __init__(self, plan: Plan, copy: int):
        self.plan, self.copy = plan, copy
        self.table = np.zeros((len(plan.projections), J.FIELDS), dtype=np.int64)
        self.order: dict[int, np.ndarray] = {}
        self.n_weights = self.n_slots = self.n_words = 0
        self._parts: dict[str, list[np.ndarray]] = {
            name: [] for name in ("row", "post", "slot_ptr", "slot_source", "slot_delay", "slot_position")
        }
        self._bits = np.cumsum([0] + [words_of(size) for _, size in plan.inputs])
        dense = {p.index: self._is_dense(p) for p in plan.projections}
        for projection in sorted(plan.projections, key=lambda p: dense[p.index]):
            self._add(projection, dense[projection.index])
        self.row, self.post = self._joined("row", np.int32), self._joined("post", np.int32)
        self.slot_ptr = self._joined("slot_ptr", np.int32)
        self.slot_source = self._joined("slot_source", np.int32)
        self.slot_delay = self._joined("slot_delay", np.uint8)
        self.slot_position = self._joined("slot_position", np.int32)

    def synapses(self, projection: ProjectionPlan) -> Synapses:
        return self.plan.synapses(projection.index, self.copy)

    def _is_dense(self, projection: ProjectionPlan) -> bool:
        synapses = self.synapses(projection)
        full = synapses.count == projection.source_size * projection.target_size
        return projection.kind == "plastic" and full and bool((synapses.delay == synapses.delay[0]).all())

    def _length(self, name: str) -> int:
        return sum(len(part) for part in self._parts[name])

    def _joined(self, name: str, dtype) -> np.ndarray:
        return np.concatenate([*self._parts[name], np.zeros(1, dtype=np.int64)]).astype(dtype)

    def _add(self, projection: ProjectionPlan, dense: bool) -> None:
        synapses, row = self.synapses(projection), self.table[projection.index]
        low = int(synapses.delay.min()) if synapses.count else 1
        high = int(synapses.delay.max()) if synapses.count else 1
        row[J.KIND] = getattr(KIND, projection.kind.upper())
        row[J.INPUT] = projection.from_input
        row[J.SOURCE], row[J.SOURCE_SIZE] = projection.source, projection.source_size
        row[J.TARGET], row[J.TARGET_SIZE] = projection.target, projection.target_size
        row[J.WEIGHT], row[J.DMIN], row[J.DMAX] = projection.weight, low, high
        row[J.DENSE], row[J.STRIDE] = dense, padded(projection.target_size)
        row[J.WIDE] = synapses.count >= WIDE
        row[J.BITS] = self._bits[projection.source] if projection.from_input else 0
        if dense:
            row[J.SYNAPSE] = self.n_weights = padded(self.n_weights)
            self.n_weights += projection.source_size * padded(projection.target_size)
        else:
            position = self._add_rows(row, projection, synapses, low, high - low + 1)
        if projection.kind == "plastic":
            counts = np.bincount(synapses.post, minlength=projection.target_size)
            row[J.SLOT], row[J.WORD], row[J.WORDS] = self.n_slots, self.n_words, words_of(int(counts.max()))
            if not dense:
                self._add_slots(row, projection, synapses, position, counts)
            self.n_slots += synapses.count
            self.n_words += int(row[J.WORDS]) * projection.target_size

    def _add_rows(self, row, projection: ProjectionPlan, synapses: Synapses, low: int, span: int) -> np.ndarray:
        """Delivery is by source, then delay, then target; the position of each canonical synapse."""
        group = synapses.pre.astype(np.int64) * span + synapses.delay - low
        order = np.argsort(group, kind="stable")
        position = np.empty(synapses.count, dtype=np.int64)
        position[order] = self.n_weights + np.arange(synapses.count)
        counts = np.bincount(group, minlength=projection.source_size * span)
        row[J.ROW] = self._length("row")
        self._parts["row"].append(self.n_weights + np.concatenate([[0], np.cumsum(counts)]))
        self._parts["post"].append(synapses.post[order] + self.plan.populations[projection.target].start)
        self.n_weights += synapses.count
        return position

    def _add_slots(self, row, projection: ProjectionPlan, synapses: Synapses, position, counts) -> None:
        """Learning is by target, then source."""
        order = np.lexsort((synapses.pre, synapses.post))
        self.order[projection.index] = order
        row[J.SLOT_PTR] = self._length("slot_ptr")
        self._parts["slot_ptr"].append(self.n_slots + np.concatenate([[0], np.cumsum(counts)]))
        self._parts["slot_source"].append(synapses.pre[order])
        self._parts["slot_delay"].append(synapses.delay[order])
        self._parts["slot_position"].append(position[order])

    # ------------------------------------------------- canonical order <-> slots

    def to_slots(self, projection: ProjectionPlan, values: np.ndarray) -> np.ndarray:
        """Values of the canonical synapses in the order of the slots."""
        if projection.index in self.order:
            return values[self.order[projection.index]]
        return values.reshape(projection.source_size, projection.target_size).T.ravel()

    def from_slots(self, projection: ProjectionPlan, values: np.ndarray) -> np.ndarray:
        """Values of the slots in the order of the canonical synapses."""
        if projection.index in self.order:
            result = np.empty_like(values)
            result[self.order[projection.index]] = values
            return result
        return values.reshape(projection.target_size, projection.source_size).T.ravel()

    def _places(self, projection: ProjectionPlan) -> tuple[np.ndarray, np.ndarray]:
        """Target neuron of each slot, and the slot's place among those of its neuron."""
        size = projection.target_size
        if projection.index not in self.order:
            place = np.tile(np.arange(projection.source_size), size)
            return np.repeat(np.arange(size), projection.source_size), place
        post = self.synapses(projection).post[self.order[projection.index]]
        first = np.searchsorted(post, np.arange(size))
        return post, np.arange(len(post)) - first[post]

    def pack(self, projection: ProjectionPlan, values: np.ndarray) -> np.ndarray:
        """0 or 1 of the canonical synapses as bit sets, uint32 of shape (target_size * J_WORDS,)."""
        words = int(self.table[projection.index, J.WORDS])
        matrix = np.zeros((projection.target_size, 32 * words), dtype=np.uint8)
        matrix[self._places(projection)] = self.to_slots(projection, values)
        return np.packbits(matrix, axis=1, bitorder="little").view("<u4").ravel()

    def unpack(self, projection: ProjectionPlan, words: np.ndarray) -> np.ndarray:
        """The inverse of `pack`, uint8."""
        matrix = words.astype("<u4").reshape(projection.target_size, -1).view(np.uint8)
        bits = np.unpackbits(matrix, axis=1, bitorder="little")
        return self.from_slots(projection, bits[self._places(projection)])
