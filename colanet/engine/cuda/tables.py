"""The constants of the networks of one launch as the kernels read them, and what cannot be run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from colanet import hashing
from colanet.engine.cuda.source import columns
from colanet.engine.cuda.wiring import J, Wiring, padded, words_of
from colanet.errors import BackendUnavailable, ConfigError
from colanet.hashing import Stream
from colanet.plan import Plan, PopulationPlan
from colanet.plan.fixed import scale_table
from colanet.units import MAX_DELAY

P = columns("Population", "P_")
N = columns("NetworkRow", "N_")
_WIDE, _NARROW = columns("Wide").WIDE_COLUMNS, columns("Narrow").NARROW_COLUMNS

_INT32 = (1 << 31) - 1
_TABLE_LIMIT = 32 * 1024
"""Bytes of shared memory that the tables of one network may take."""

UNSUPPORTED = {
    "more than 2^31 - 1 synapses in one network copy": "positions of synapses are 32-bit integers",
    f"more than {_TABLE_LIMIT} bytes of tables (about 250 populations or 400 projections)": (
        "the tables lie in shared memory"
    ),
    "more than 2^31 - 1 neurons x steps of history, or source neurons x delays": (
        "they are counted by 32-bit integers"
    ),
}
"""What the engine does not run, and why. Everything else that a plan can say, it runs."""


def shape_of(plan: Plan) -> tuple:
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
    sizes = (
        max(p.source_size, p.target_size)
        if p.description.connection == "one_to_one"
        else p.source_size * padded(p.target_size)
        for p in plan.projections
    )
    return sum(sizes)


def population_row(p: PopulationPlan, reach: int = 0) -> np.ndarray:
    """One row of the table of populations, int64 of shape (P_FIELDS,)."""
    row = np.zeros(P.FIELDS, dtype=np.int64)
    row[P.START], row[P.SIZE], row[P.COLUMN], row[P.WTA] = p.start, p.size, p.column_size, p.winner_take_all
    row[P.LEAK], row[P.FLOOR], row[P.KICK], row[P.ALPHA] = p.leak, p.floor, p.kick, p.alpha
    row[P.BIAS], row[P.SUBTRACT], row[P.DRIVEN] = p.bias, p.subtract, p.driven
    row[P.RAMP], row[P.RAMP_PERIOD] = p.ramp_increment, p.ramp_period
    row[P.RESET], row[P.PHASE], row[P.MEMORY] = p.reset_period, p.reset_phase, p.memory_period
    row[P.REACH], row[P.RECORD] = reach, -1
    r = p.plasticity
    if r is not None:
        row[P.PLASTIC] = 1
        row[P.HEBBIAN], row[P.WINDOW], row[P.ISI] = r.hebbian, r.hebbian_window, r.isi_max
        row[P.DOPAMINE], row[P.THREE], row[P.STABLE3] = r.dopamine_window, r.three_factor, r.stability_three_factor
        row[P.RATE], row[P.WMIN], row[P.WMAX] = r.stability_rate, r.w_min, r.w_max
        row[P.VIRTUAL], row[P.PRE], row[P.PRE_PERIOD] = r.virtual_synapses, r.presynaptic, r.presynaptic_period
    return row


def table_bytes(plan: Plan) -> int:
    """Bytes of the tables of one network in shared memory (`copy_tables` in run.cuh)."""
    rows = len(plan.populations) * P.FIELDS + len(plan.projections) * J.FIELDS
    return -(-(16 * len(plan.populations) + 4 * rows) // 8) * 8


def reach_of(table: np.ndarray, source: int, *, from_input: bool) -> int:
    """Longest delay of the projections that leave an input or a population; 0 without any."""
    leaving = (table[:, J.INPUT] == from_input) & (table[:, J.SOURCE] == source)
    return int(table[leaving, J.DMAX].max(initial=0))


class Tables:
    """The constants of all networks of a launch: the copies of the first plan, those of the second, ...

    Attributes
    ----------
    networks : list of (int, int)
        (plan, copy) of each network.
    wirings : list of Wiring, one a network
        Networks of a plan share one unless their synapses are drawn at random.
    """

    def __init__(self, plans: Sequence[Plan]):
        self.plans = plans
        self.networks = [(k, copy) for k, plan in enumerate(plans) for copy in range(plan.copies)]
        self.wirings = self._wirings()
        self.distinct = list(dict.fromkeys(self.wirings))
        first = plans[0]
        self.neurons, self.ring = first.n_neurons, max(plan.history for plan in plans)
        self.slots = max(w.n_slots for w in self.distinct) + 1
        self.words = max(w.n_words for w in self.distinct) + 1
        self.weights = padded(max(w.n_weights for w in self.distinct) + 1)
        self.mask = int(max(w.table[:, J.WORDS].max(initial=0) for w in self.distinct)) + 1
        self.table_bytes = table_bytes(first)
        self.local_bytes = (8 * _WIDE + 4 * _NARROW) * self.neurons + 8 * ((self.mask + 1) // 2)
        self.bit_words = max(sum(words_of(size) for _, size in first.inputs), 1)

    def _wirings(self) -> list[Wiring]:
        made: dict[tuple[int, int], Wiring] = {}
        like: dict[tuple, tuple[int, int]] = {}
        result = []
        for k, copy in self.networks:
            plan = self.plans[k]
            random = any(p.random for p in plan.projections)
            # Plans that differ in other constants than these have the same synapses.
            same = tuple((p.description.connection, str(p.description.delay), p.weight) for p in plan.projections)
            key = (k, copy) if random else like.setdefault((same, shape_of_columns(plan)), (k, 0))
            if key not in made:
                made[key] = Wiring(plan, copy if random else 0)
            result.append(made[key])
        return result

    def populations(self) -> np.ndarray:
        """int32 of shape (networks, populations, P_FIELDS)."""
        rows = [
            [population_row(p, reach_of(w.table, p.index, from_input=False)) for p in self.plans[k].populations]
            for (k, _), w in zip(self.networks, self.wirings, strict=True)
        ]
        return np.array(rows, dtype=np.int32)

    def projections(self) -> np.ndarray:
        """int32 of shape (networks, projections, J_FIELDS)."""
        table = np.stack([w.table for w in self.wirings])
        assert np.abs(table).max(initial=0) <= _INT32
        return table.astype(np.int32)

    def network_rows(self) -> np.ndarray:
        """int64 of shape (networks, N_FIELDS), the freezing step and the input still 0."""
        rows = np.zeros((len(self.networks), N.FIELDS), dtype=np.int64)
        begins = self._begins()
        for row, (k, _), wiring in zip(rows, self.networks, self.wirings, strict=True):
            row[N.HISTORY] = self.plans[k].history
            row[N.ROW], row[N.TARGET], row[N.SLOT_PTR], row[N.SLOT] = begins[self.distinct.index(wiring)]
        return rows

    def _begins(self) -> list[tuple[int, int, int, int]]:
        """Where each distinct wiring's arrays begin in the joined ones."""
        names = ("row", "post", "slot_ptr", "slot_source")
        ends = [np.cumsum([len(getattr(w, name)) for w in self.distinct]) for name in names]
        sizes = [[len(getattr(w, name)) for w in self.distinct] for name in names]
        return [tuple(int(ends[j][i] - sizes[j][i]) for j in range(4)) for i in range(len(self.distinct))]  # type: ignore[misc]

    def joined(self, name: str) -> np.ndarray:
        """An array of all distinct wirings, one behind the other."""
        return np.concatenate([getattr(w, name) for w in self.distinct])

    def input_reach(self) -> np.ndarray:
        """int64 of shape (networks, inputs): the longest delay behind each input."""
        count = len(self.plans[0].inputs)
        return np.array(
            [[reach_of(w.table, s, from_input=True) for s in range(count)] or [0] for w in self.wirings],
            dtype=np.int64,
        )

    def kick_keys(self) -> np.ndarray:
        """uint64 of shape (networks, populations)."""
        rows = []
        for k, copy in self.networks:
            plan = self.plans[k]
            rows.append(
                [hashing.key(plan.seed, hashing.stream(Stream.KICK, p.index), copy) for p in plan.populations]
            )
        return np.array(rows, dtype=np.uint64)

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
    return tuple(p.column_size for p in plan.populations)
