"""Integers of the kernels: products, weights out of resources, step sizes. For the hash see `hash_kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from colanet.compiled import inlined, kernel, once
from colanet.units import MILLI, ONE, SCALE_Q, Q

BUCKET, BUCKETS = 10, 4096
"""Weights of resources below 2^(BUCKET) * BUCKETS are looked up, by buckets of 2^BUCKET."""

IN_BUCKET, BOUND = (1 << BUCKET) - 1, (2 << BUCKET) - 1

BIT, NO_BITS, WORD_BITS = np.uint64(1), np.uint64(0), np.uint64(64)


def _chooser(comparison):
    """A function of two integers that gives the one for which the comparison holds; int64 if their types differ."""

    def generate(context, builder, signature, arguments):
        a, b = (
            context.cast(builder, value, given, signature.return_type)
            for value, given in zip(arguments, signature.args, strict=True)
        )
        return builder.select(builder.icmp_signed(comparison, a, b), a, b)

    def choose(typing, a, b):
        a, b = types.unliteral(a), types.unliteral(b)
        return (a if a == b else types.int64)(a, b), generate

    return choose


# numba's own min and max take longer to compile than everything around them.
smaller: Any = intrinsic(_chooser("<"))
larger: Any = intrinsic(_chooser(">"))

def _lowest_bit(typing, bits):
    """Position of the lowest bit that is set."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


lowest_bit: Any = intrinsic(_lowest_bit)


@inlined
def fixmul(a, b, shift):
    product = a * b
    if product >= 0:
        return product >> shift
    return -((-product) >> shift)


@once
def in_resources(span):
    """A difference of weights in 1/1000 as a resource in 2^-20 (`colanet.plan.fixed`)."""
    return (span * ONE + MILLI // 2) // MILLI


@once
def level_of(positive, level):
    """Code of the weight of a resource of 0 or more below 2^BUCKET * BUCKETS."""
    entry = level[positive >> BUCKET]
    return (entry >> (BUCKET + 1)) + ((positive & IN_BUCKET) >= (entry & BOUND))


@inlined
def weight_of(resource, span, span_q, level, step, offset):
    """Weight minus the least one, a multiple of `step`; `offset` is w_min minus the least one.

    Small resources are looked up: the high bits of `level` hold the code of the weight, that multiple, at the start
    of each bucket of 1024 resources, in which at most one boundary lies, the low bits where in the bucket it does.
    """
    positive = larger(resource, 0)
    if positive < BUCKETS << BUCKET:
        return step * np.int64(level_of(positive, level))
    total = np.uint64(span_q) + np.uint64(positive)
    above = offset + np.int64((np.uint64(2 * span) * np.uint64(positive) + total) // (total + total))
    return (above + (step >> 1)) // step * step


@kernel
def scaled(stability, rate, table):
    if stability <= 0:
        return rate
    whole = stability >> Q
    if whole >= SCALE_Q:
        return np.int64(0)
    return fixmul(rate, table[(stability & (ONE - 1)) >> (Q - 10)] >> whole, SCALE_Q)
