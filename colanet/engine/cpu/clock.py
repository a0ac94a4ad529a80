"""Where the time of a run goes: cycles of the processor, counted by part, in kernels that are compiled for it.

Kernels for profiling are compiled where the environment variable `COLANET_PROFILE` is 1 (`colanet bench --profile`
sets it); in all others `tick` is nothing.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from colanet.compiled import PROFILING, inlined

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


def _cycles(typing):
    """The processor's cycle counter."""

    def generate(context, builder, signature, arguments):
        kind = ir.FunctionType(ir.IntType(64), [])
        name = "llvm.readcyclecounter"
        module = builder.module
        counter = module.globals.get(name) or ir.Function(module, kind, name)
        return builder.call(counter, [])

    return types.int64(), generate


cycles: Any = intrinsic(_cycles)


@inlined
def tick(part, clock):
    """What has passed since the last tick belongs to that part. The last entry of `clock` holds its time."""
    if PROFILING:
        now = cycles()
        clock[part] += now - clock[-1]
        clock[-1] = now
