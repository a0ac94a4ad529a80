"""The constants of the networks of one launch as the kernels read them, and what cannot be run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colanet.engine.cuda.generated import NETWORK_COLUMNS, POPULATION_COLUMNS, PROJECTION_COLUMNS
from colanet.engine.cuda.source import columns
from colanet.engine.layout import Grain, Layout, is_pushed, population_rows, reach_of, table
from colanet.errors import BackendUnavailable, ConfigError
from colanet.plan import Plan, connect
from colanet.plan.fixed import scale_table
from colanet.units import MAX_DELAY

GRAIN = Grain(lanes=8, word=32)
"""Rows of dense projections are padded to the weights in one load of 16 bytes."""
WIDE = 512
"""Synapses from which on a projection that is not dense is shared out among the warps of a block."""
WARP = 32
"""Threads of a warp, the most that take a row together."""
FUTURE = columns("Future").FUTURE
"""Rows of the ring of future arrivals."""
_WIDE, _NARROW = columns("Wide").WIDE_COLUMNS, columns("Narrow").NARROW_COLUMNS

_INT32 = (1 << 31) - 1
_TABLE_LIMIT = 32 * 1024
"""Bytes of shared memory that the tables of one network may take."""

UNSUPPORTED = {
    "more than 2^31 - 1 synapses in one network copy": "positions of synapses are 32-bit integers",
    f"more than {_TABLE_LIMIT} bytes of tables ({_TABLE_LIMIT // (24 + 4 * len(POPULATION_COLUMNS))} populations "
    f"or {_TABLE_LIMIT // (4 * len(PROJECTION_COLUMNS))} projections)": ("the tables lie in shared memory"),
    "more than 2^31 - 1 neurons x steps of history, or source neurons x delays": (
        "they are counted by 32-bit integers"
    ),
}
"""What the engine does not run, and why. Everything else that a plan can say, it runs."""


def shape_of(plan: Plan) -> tuple[object, ...]:
    """What plans must have in common to run in one launch."""
    return (
        plan.inputs,
        tuple((p.name, p.size) for p in plan.populations),
        tuple((p.kind, p.from_input, p.source, p.target) for p in plan.projections),
    )


def check_plans(plans: Sequence[Plan]) -> None:
    """Refuse, before anything is allocated, plans that differ in shape or that the kernels cannot hold.

    Raises
    ------
    ConfigError
        If the plans differ in their inputs, the sizes of their populations or the ends of their projections.
    BackendUnavailable
        For what `UNSUPPORTED` lists.
    """
    if not plans:
        raise ConfigError("a batch needs at least one plan")
    for number, plan in enumerate(plans):
        if shape_of(plan) != shape_of(plans[0]):
            raise ConfigError(f"plan {number} has another shape than plan 0; one launch needs equal shapes")
    history = max(plan.history for plan in plans)
    rows = sum(p.source_size * MAX_DELAY + 1 for p in plans[0].projections)
    broken = (
        synapses_at_most(plans[0]) > _INT32,
        table_bytes(plans[0]) > _TABLE_LIMIT,
        max(plans[0].n_neurons * history, rows) > _INT32,
    )
    for one, what in zip(broken, UNSUPPORTED, strict=True):
        if one:
            raise BackendUnavailable(f"the cupy engine does not run {what}: {UNSUPPORTED[what]}")


def synapses_at_most(plan: Plan) -> int:
    """Bound of the synapses of one copy, without building them."""
    padding = sum(p.source_size * GRAIN.lanes for p in plan.projections)
    pairs = [
        plan.ends(p).source.size * plan.ends(p).target.size
        if connect.rule_of(p.description).random(plan.ends(p)) or plan.has_parts(p.index)
        else int(connect.rule_of(p.description).count(plan.ends(p)))
        for p in plan.projections
    ]
    return sum(pairs) + padding


def table_bytes(plan: Plan) -> int:
    """Bytes of the tables of one network in shared memory (`copy_tables` in run.cuh)."""
    rows = len(plan.populations) * len(POPULATION_COLUMNS) + len(plan.projections) * len(PROJECTION_COLUMNS)
    return -(-(24 * len(plan.populations) + 4 * rows) // 8) * 8


def lanes_of(synapses: int, rows: int) -> int:
    """Threads for a row of sparse synapses: the power of two from their mean number on, at most a warp."""
    return min(WARP, 1 << max(synapses // max(rows, 1) - 1, 0).bit_length())


class Tables:
    """The constants of all networks of a launch: the copies of the first plan, those of the second, ...

    Attributes
    ----------
    networks : list of (int, int)
        (plan, copy) of each network.
    wirings : list of Layout, one a network
        Networks of a plan share one unless their synapses are drawn at random.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.plans = plans
        self.networks = [(k, copy) for k, plan in enumerate(plans) for copy in range(plan.copies)]
        self.wirings = self._wirings()
        self.distinct = list(dict.fromkeys(self.wirings))
        first = plans[0]
        self.neurons, self.ring = first.n_neurons, max(plan.history for plan in plans)
        self.pushes = any(is_pushed(row) for w in self.distinct for row in w.projections)
        self.slots = max(w.n_slots for w in self.distinct) + 1
        self.words = max(w.n_words for w in self.distinct) + 1
        self.weights = GRAIN.padded(max(w.n_weights for w in self.distinct) + 1)
        self.mask = int(max(w.projections["words"].max(initial=0) for w in self.distinct)) + 1
        self.table_bytes = table_bytes(first)
        self.local_bytes = (8 * _WIDE + 4 * _NARROW) * self.neurons + 8 * ((self.mask + 1) // 2)
        self.bit_words = max(sum(GRAIN.words(size) for _, size in first.inputs), 1)

    def _wirings(self) -> list[Layout]:
        made: dict[tuple[int, int], Layout] = {}
        like: dict[tuple[object, ...], tuple[int, int]] = {}
        result = []
        for k, copy in self.networks:
            plan = self.plans[k]
            random = any(p.random for p in plan.projections)
            # Plans that differ in other constants than these have the same synapses.
            same = tuple(p.description for p in plan.projections)
            key = (k, copy) if random else like.setdefault((same, shape_of_columns(plan)), (k, 0))
            if key not in made:
                made[key] = Layout(plan, copy if random else 0, GRAIN)
            result.append(made[key])
        return result

    def populations(self) -> np.ndarray:
        """Records of POPULATION_COLUMNS, int32, of shape (networks, populations)."""
        rows = [
            table(
                POPULATION_COLUMNS,
                [row | {"record": -1} for row in population_rows(self.plans[k], w.projections)],
                np.int32,
            )
            for (k, _), w in zip(self.networks, self.wirings, strict=True)
        ]  # fmt: skip
        return np.stack(rows)

    def projections(self) -> np.ndarray:
        """Records of PROJECTION_COLUMNS, int32, of shape (networks, projections)."""
        made = {w: self._projections(w) for w in self.distinct}
        return np.stack([made[w] for w in self.wirings])

    def _projections(self, wiring: Layout) -> np.ndarray:
        rows = []
        for p, found in zip(wiring.plan.projections, wiring.projections, strict=True):
            row = {name: int(found[name]) for name in wiring.projections.dtype.names or ()}
            count, pushed = wiring.plan.count(p.index, wiring.copy), is_pushed(row)
            delays = 1 if pushed or row["span"] >= 0 else row["delay_max"] - row["delay_min"] + 1
            lanes = lanes_of(count, p.source_size * delays)
            rows.append(row | {"wide": int(count >= WIDE), "lanes": lanes, "pushed": int(pushed)})
        return table(PROJECTION_COLUMNS, rows, np.int32)

    def network_rows(self) -> np.ndarray:
        """Records of NETWORK_COLUMNS, int64, of shape (networks,); the freezing step and the input still 0."""
        begins, rows = self._begins(), []
        for (k, _), wiring in zip(self.networks, self.wirings, strict=True):
            where = begins[self.distinct.index(wiring)]
            rows.append({"history": self.plans[k].history, "freeze": 0, "feed": 0, **where})
        return table(NETWORK_COLUMNS, rows)

    def _begins(self) -> list[dict[str, int]]:
        """Where each distinct wiring's arrays begin in the joined ones."""
        names = {
            "row": "row", "post": "target", "span": "span", "seen": "seen", "slot_ptr": "slot_ptr",
            "slot": "slot_source",
        }  # fmt: skip
        begins, at = [], dict.fromkeys(names, 0)
        for wiring in self.distinct:
            begins.append(dict(at))
            for name, array in names.items():
                at[name] += len(getattr(wiring, array))
        return begins

    def targets(self) -> np.ndarray:
        """Targets of all distinct wirings, int32; see `Layout.future_target`."""
        return np.concatenate([w.future_target() for w in self.distinct])

    def joined(self, name: str, dtype: type = np.int32) -> np.ndarray:
        """An array of all distinct wirings, one behind the other."""
        return np.concatenate([getattr(w, name) for w in self.distinct]).astype(dtype)

    def input_reach(self) -> np.ndarray:
        """int64 of shape (networks, inputs): the longest delay behind each input."""
        count = len(self.plans[0].inputs)
        return np.array(
            [[reach_of(w.projections, s, from_input=True) for s in range(count)] or [0] for w in self.wirings],
            dtype=np.int64,
        )

    def kick_keys(self) -> np.ndarray:
        """uint64 of shape (networks, populations)."""
        return np.stack([self.plans[k].kick_keys(copy) for k, copy in self.networks])

    def rounding_keys(self) -> np.ndarray:
        """uint64 of shape (networks, populations)."""
        return np.stack([self.plans[k].rounding_keys(copy) for k, copy in self.networks])

    def memory_times(self) -> np.ndarray:
        """int64 of shape (networks, neurons)."""
        rows = [
            np.concatenate([self.plans[k].memory(p, copy) for p in self.plans[k].populations])
            for k, copy in self.networks
        ]
        return np.array(rows, dtype=np.int64)

    @staticmethod
    def scale() -> np.ndarray:
        """2^-f of fractions of stability, int32."""
        return scale_table().astype(np.int32)


def shape_of_columns(plan: Plan) -> tuple[int, ...]:
    """Column sizes of all populations."""
    return tuple(p.column_size for p in plan.populations)
