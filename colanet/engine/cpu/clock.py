"""Where the time of a run goes: cycles of the processor, counted by part, in kernels that are compiled for it.

Kernels for profiling are compiled where the environment variable `COLANET_PROFILE` is 1 (`colanet bench --profile`
sets it); in all others `tick` is nothing.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.compiled import PROFILING

PARTS = (
    "other spikes and the loop over steps",
    "weight rows",
    "weights to their rows",
    "activation counters",
    "kicks and integration",
    "firing",
    "own spikes",
    "rewards",
    "renormalisation",
    "sums ahead corrected",
)
"""What is told apart; the first is all that is not another."""
LOOP, ROWS, SCATTER, GATE, INTEGRATE, FIRE, OWN, REWARDED, RENORMALISE, AGAIN = range(len(PARTS))


def _tick(typing, part, clock):
    """What has passed since the last tick belongs to that part. The last entry of `clock` holds its time."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if not PROFILING:
            return context.get_dummy_value()
        index, name = ir.IntType(64), "llvm.readcyclecounter"
        counter = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(index, []), name)
        data = cgutils.create_struct_proxy(signature.args[1])(context, builder, arguments[1]).data
        mine, last = builder.gep(data, [arguments[0]]), builder.gep(data, [ir.Constant(index, len(PARTS))])
        now = builder.call(counter, [])
        passed = builder.sub(now, builder.load(last))
        builder.store(builder.add(builder.load(mine), passed), mine)
        builder.store(now, last)
        return context.get_dummy_value()

    return types.void(types.int64, clock), generate


tick: Any = intrinsic(_tick)
