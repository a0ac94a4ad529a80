"""A step of the potentials of a population as one pass over its neurons, in the registers that the processor has.

32 neurons at a time go through random draws, leak, kicks, arrivals and the comparison with their thresholds, and no
number goes to memory in between. LLVM would cut the pass into loops, and end each with a wrong guess.

A pass without arrivals says as well whether a potential could come above its threshold later on (`MAY_REACH`): by
its bound (max(u, 0) keep >> LEAK_Q) + gain, or as it is.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.engine.cpu.tables import LANES
from colanet.hashing import GOLDEN, MIX1, MIX2
from colanet.units import DRAW_BITS, LEAK_Q

INDEX, BIT = ir.IntType(64), ir.IntType(1)
WORDS = ir.VectorType(INDEX, LANES // 4)
DRAWS, VALUES = ir.VectorType(ir.IntType(16), LANES), ir.VectorType(ir.IntType(32), LANES)
MASK = ir.VectorType(BIT, LANES)
BYTES = ir.VectorType(ir.IntType(8), LANES)
_MODULO = (1 << 64) - 1
REACHED, MAY_REACH = 1, 2
"""Bits of what a pass finds: some neuron lies above the constant part of its threshold, or may come there."""


def everywhere(builder: Any, kind: Any, value: Any) -> Any:
    """A vector of that value, a constant or not."""
    if isinstance(value, int):
        return ir.Constant(kind, [value] * kind.count)
    nothing, places = ir.Constant(kind, ir.Undefined), ir.VectorType(ir.IntType(32), kind.count)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(places, [0] * kind.count))


def _mixed(builder: Any, z: Any) -> Any:
    """`hash_kernels.mix` of a vector of words."""
    for shift, factor in ((30, MIX1), (27, MIX2)):
        z = builder.xor(z, builder.lshr(z, everywhere(builder, WORDS, shift)))
        z = builder.mul(z, everywhere(builder, WORDS, factor))
    return builder.xor(z, builder.lshr(z, everywhere(builder, WORDS, 31)))


def _kicks(builder: Any, z: Any, amplitude: Any) -> Any:
    """(k S) >> DRAW_BITS of the 16-bit draws k in the words; the high half of a product is one instruction."""
    draws = builder.bitcast(_mixed(builder, z), DRAWS)
    product = builder.mul(builder.zext(draws, VALUES), builder.zext(amplitude, VALUES))
    high = builder.trunc(builder.lshr(product, everywhere(builder, VALUES, DRAW_BITS)), DRAWS)
    return builder.zext(high, VALUES)


def _leaked(builder: Any, u: Any, factor: Any) -> Any:
    """u factor / 2^LEAK_Q truncated towards zero, of potentials below 2^(31 - LEAK_Q)."""
    product = builder.mul(u, factor)
    negative = builder.ashr(product, everywhere(builder, VALUES, 31))
    rounded = builder.add(product, builder.and_(negative, everywhere(builder, VALUES, (1 << LEAK_Q) - 1)))
    return builder.ashr(rounded, everywhere(builder, VALUES, LEAK_Q))


def _pass(arriving: bool) -> Any:
    """The code of one pass, with or without arrivals."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        n = 4 if arriving else 2
        arrays = zip(signature.args[:n], arguments[:n], strict=True)
        u, threshold, *more = (cgutils.create_struct_proxy(t)(context, builder, v).data for t, v in arrays)
        start, size, key, kick, *numbers = arguments[n:]
        factor, floor, *bound = (everywhere(builder, VALUES, builder.trunc(n, ir.IntType(32))) for n in numbers)
        amplitude = everywhere(builder, DRAWS, builder.trunc(kick, ir.IntType(16)))
        counts = ir.Constant(WORDS, [(n + 1) * GOLDEN & _MODULO for n in range(WORDS.count)])
        lanes, zeros = ir.Constant(VALUES, list(range(LANES))), ir.Constant(VALUES, None)
        before, line, after = builder.block, builder.append_basic_block("line"), builder.append_basic_block("after")
        first = builder.add(everywhere(builder, WORDS, key), counts)
        builder.branch(line)

        builder.position_at_end(line)
        at, z, far = builder.phi(INDEX), builder.phi(WORDS), builder.phi(MASK)
        low, high = builder.phi(INDEX), builder.phi(INDEX)

        def load(array: Any, place: Any, kind: Any = VALUES) -> Any:
            pointer = builder.bitcast(builder.gep(array, [place]), kind.as_pointer())
            return pointer, builder.load(pointer, align=kind.element.width // 8)

        def greater(a: Any, b: Any) -> Any:
            return builder.icmp_signed(">", a, b)

        def some(mask: Any) -> Any:
            bits = builder.bitcast(mask, ir.IntType(LANES))
            return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

        def larger(a: Any, b: Any) -> Any:
            return builder.select(greater(a, b), a, b)

        flat = builder.add(start, at)
        where, old = load(u, flat)
        _, limit = load(threshold, flat)
        total = builder.add(_leaked(builder, old, factor), _kicks(builder, z, amplitude))
        left = everywhere(builder, VALUES, builder.trunc(builder.sub(size, at), ir.IntType(32)))
        ours = builder.icmp_signed("<", lanes, left)
        counted = ours
        if arriving:
            current, awake = more
            listening = builder.icmp_unsigned("!=", load(awake, flat, BYTES)[1], ir.Constant(BYTES, None))
            total = builder.add(total, builder.select(listening, load(current, at)[1], zeros))
            counted = builder.and_(ours, listening)
        total = larger(total, floor)
        # What lies behind the last neuron is read and written as it is.
        builder.store(builder.select(ours, total, old), where, align=4)
        ready, distant = some(builder.and_(counted, greater(total, limit))), far
        if not arriving:
            keep, gain = bound
            part = builder.ashr(builder.mul(larger(total, zeros), keep), everywhere(builder, VALUES, LEAK_Q))
            reach = larger(total, builder.add(part, gain))
            distant = builder.or_(far, builder.and_(ours, greater(reach, limit)))
        following, nobody = builder.add(at, ir.Constant(INDEX, LANES)), ir.Constant(INDEX, -1)
        first_here = builder.and_(ready, builder.icmp_signed("<", low, ir.Constant(INDEX, 0)))
        lowest, highest = builder.select(first_here, at, low), builder.select(ready, following, high)
        ends = (
            (at, ir.Constant(INDEX, 0), following), (far, ir.Constant(MASK, None), distant),
            (low, nobody, lowest), (high, nobody, highest),
        )  # fmt: skip
        for phi, begun, end in ends:
            phi.add_incoming(begun, before)
            phi.add_incoming(end, line)
        z.add_incoming(first, before)
        z.add_incoming(builder.add(z, everywhere(builder, WORDS, WORDS.count * GOLDEN & _MODULO)), line)
        builder.cbranch(builder.icmp_signed("<", following, size), line, after)

        builder.position_at_end(after)

        def flag(found: Any, value: int) -> Any:
            return builder.select(found, ir.Constant(INDEX, value), ir.Constant(INDEX, 0))

        reached = builder.icmp_signed(">=", lowest, ir.Constant(INDEX, 0))
        found = builder.or_(flag(reached, REACHED), flag(some(distant), MAY_REACH))
        return context.make_tuple(builder, signature.return_type, [found, lowest, highest])

    return generate


def _drift(typing, u, threshold, start, size, key, kick, factor, floor, keep, gain):
    """u := max(u leak / 2^10 + kick, floor) of neurons start..start+size-1.

    `REACHED` and `MAY_REACH`, and the range in which those lie that have reached it, counted from the first neuron.
    """
    return _FOUND(u, threshold, *_NUMBERS, types.int64, types.int64), _pass(False)


def _integrate(typing, u, threshold, current, awake, start, size, key, kick, factor, floor):
    """`drift_small`, and arrivals of neurons that are awake; only such count for `REACHED`.

    `current` begins with the arrivals of the first neuron; the other arrays are those of all neurons.
    """
    return _FOUND(u, threshold, current, awake, *_NUMBERS), _pass(True)


_FOUND = types.UniTuple(types.int64, 3)
_NUMBERS = (types.int64, types.int64, types.uint64, types.int64, types.int64, types.int64)
drift_small: Any = intrinsic(_drift)
integrate_small: Any = intrinsic(_integrate)
