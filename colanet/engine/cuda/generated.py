"""The part of the CUDA source that follows from the plan: constants, structures of the tables, the state.

A constant of a neuron or a variable of its state that a plan has reaches the kernels under its own name; nothing is
listed twice.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from colanet import hashing, units
from colanet.engine.layout import POPULATION, PROJECTION, Kind
from colanet.plan.variables import NEURONS, PLASTIC, Variable

NETWORK_COLUMNS = ("history", "freeze", "feed", "row", "post", "span", "seen", "slot_ptr", "slot")
"""A network (one copy of one plan): its history, freezing step and input, where its wiring begins."""
POPULATION_COLUMNS = (*POPULATION, "record")
"""`record` is the first bit of a recorded population in the record of a step; -1 for others."""
PROJECTION_COLUMNS = (*PROJECTION, "wide", "lanes", "pushed")
"""Of projections that are not dense. `wide`: it is shared out among the warps of a block. `lanes`: how many threads
take a source's row together. `pushed`: arrivals go into the ring of future ones."""

_C_TYPES = {np.dtype(np.int32): "int", np.dtype(np.int64): "i64", np.dtype(np.uint8): "u8"}


def constants() -> str:
    """Every whole number of `colanet.units`, and the hash's; enumerators, for none of them need be used."""
    numbers = {name: n for name, n in vars(units).items() if name.isupper() and isinstance(n, int)}
    small = [f"{name} = {n}" for name, n in numbers.items() if abs(n) < 1 << 31]
    large = [f"{name} = {n}ll" for name, n in numbers.items() if abs(n) >= 1 << 31]
    lines = [f"enum Integers : int {{ {', '.join(small)} }};", f"enum LongIntegers : i64 {{ {', '.join(large)} }};"]
    lines += [f"enum Rounding : int {{ {', '.join(f'ROUND_{r.name} = {int(r)}' for r in hashing.Rounding)} }};"]
    lines += [f"const u32 JENKINS{number} = {value:#x}u;" for number, value in enumerate(hashing.JENKINS)]
    lines += [f"const u64 {name} = {getattr(hashing, name):#x}ull;" for name in ("GOLDEN", "MIX1", "MIX2")]
    return "\n".join(lines)


def structure(name: str, kind: str, columns: Iterable[str]) -> str:
    """A structure of numbers of one type."""
    return f"struct {name} {{ {kind} {', '.join(columns)}; }};"


def plan() -> str:
    """Rows of the tables, and kinds of projections."""
    kinds = ", ".join(f"{kind.name} = {int(kind)}" for kind in Kind)
    return "\n".join(
        [
            structure("Population", "int", POPULATION_COLUMNS),
            structure("Projection", "int", PROJECTION_COLUMNS),
            structure("NetworkRow", "i64", NETWORK_COLUMNS),
            f"enum Kind {{ {kinds} }};",
        ]
    )


def argument(variable: Variable) -> str:
    """Name of a variable's array among the kernels' arguments, without its prefix."""
    return variable.name.upper()


def state_arguments() -> str:
    """The arguments of the state's arrays, members of `enum Argument`."""
    return "    " + ", ".join(f"A_{argument(v)}" for v in (*NEURONS, *PLASTIC)) + ","


def state() -> str:
    """`struct State`, and where a network's part of each of its arrays begins."""
    fields, opened = [], []
    for v in (*NEURONS, *PLASTIC):
        kind = "u32" if v.bits else _C_TYPES[np.dtype(v.dtype)]
        offset = {"neuron": "own", "step": "ring", "synapse": "words" if v.bits else "slots"}[v.per]
        fields.append(f"    {kind}* {v.name};")
        opened.append(f"    state.{v.name} = ({kind}*)a[A_{argument(v)}] + {offset};")
    return "\n".join(
        [
            "struct State {", *fields, "};", "",
            "INLINE void open_state(State& state, const u64* a, i64 own, i64 ring, i64 slots, i64 words) {",
            *opened, "}",
        ]
    )  # fmt: skip


FILES = {
    "constants.cuh": constants,
    "plan.cuh": plan,
    "state_arguments.cuh": state_arguments,
    "state.cuh": state,
}
"""Text that stands in for a file of that name."""
