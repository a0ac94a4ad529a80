"""A step of the potentials of a population as one pass over its neurons, in the registers that the processor has.

32 neurons at a time go through random draws, leak, kicks, arrivals and the comparison with their thresholds, and no
number goes to memory in between. LLVM would cut the pass into loops, and end each with a wrong guess.
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
_MODULO = (1 << 64) - 1


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
        arrays = zip(signature.args[:4], arguments[:4], strict=True)
        u, threshold, current, gate = (cgutils.create_struct_proxy(t)(context, builder, v).data for t, v in arrays)
        start, size, key, kick, factor, floor = arguments[4:]
        factor, floor = (everywhere(builder, VALUES, builder.trunc(n, ir.IntType(32))) for n in (factor, floor))
        amplitude = everywhere(builder, DRAWS, builder.trunc(kick, ir.IntType(16)))
        counts = ir.Constant(WORDS, [(n + 1) * GOLDEN & _MODULO for n in range(WORDS.count)])
        lanes = ir.Constant(VALUES, list(range(LANES)))
        before, line, after = builder.block, builder.append_basic_block("line"), builder.append_basic_block("after")
        first = builder.add(everywhere(builder, WORDS, key), counts)
        builder.branch(line)

        builder.position_at_end(line)
        at, z, above = builder.phi(INDEX), builder.phi(WORDS), builder.phi(MASK)

        def load(array: Any, place: Any) -> Any:
            pointer = builder.bitcast(builder.gep(array, [place]), VALUES.as_pointer())
            return pointer, builder.load(pointer, align=4)

        flat = builder.add(start, at)
        where, old = load(u, flat)
        _, limit = load(threshold, flat)
        total = builder.add(_leaked(builder, old, factor), _kicks(builder, z, amplitude))
        left = everywhere(builder, VALUES, builder.trunc(builder.sub(size, at), ir.IntType(32)))
        ours = builder.icmp_signed("<", lanes, left)
        counted = ours
        if arriving:
            awake = builder.icmp_signed(">", load(gate, flat)[1], everywhere(builder, VALUES, 0))
            total = builder.add(total, builder.select(awake, load(current, at)[1], everywhere(builder, VALUES, 0)))
            counted = builder.and_(ours, awake)
        total = builder.select(builder.icmp_signed(">", total, floor), total, floor)
        # What lies behind the last neuron is read and written as it is.
        builder.store(builder.select(ours, total, old), where, align=4)
        ready = builder.or_(above, builder.and_(counted, builder.icmp_signed(">", total, limit)))
        following = builder.add(at, ir.Constant(INDEX, LANES))
        at.add_incoming(ir.Constant(INDEX, 0), before)
        at.add_incoming(following, line)
        z.add_incoming(first, before)
        z.add_incoming(builder.add(z, everywhere(builder, WORDS, WORDS.count * GOLDEN & _MODULO)), line)
        above.add_incoming(ir.Constant(MASK, [0] * LANES), before)
        above.add_incoming(ready, line)
        builder.cbranch(builder.icmp_signed("<", following, size), line, after)

        builder.position_at_end(after)
        some = builder.bitcast(ready, ir.IntType(LANES))
        return builder.zext(builder.icmp_unsigned("!=", some, ir.Constant(ir.IntType(LANES), 0)), INDEX)

    return generate


def _drift(typing, u, threshold, start, size, key, kick, factor, floor):
    """u := max(u leak / 2^10 + kick, floor) of neurons start..start+size-1; 1 if one lies above its threshold."""
    code = _pass(False)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        u, threshold, *numbers = arguments
        both = types.void(*signature.args[:2], *signature.args[:2], *signature.args[2:])
        return code(context, builder, both, [u, threshold, u, threshold, *numbers])

    return types.int64(u, threshold, *_NUMBERS), generate


def _integrate(typing, u, threshold, current, gate, start, size, key, kick, factor, floor):
    """`drift_small`, and arrivals of neurons that are awake; 1 if such a neuron lies above its threshold.

    `current` begins with the arrivals of the first neuron; the other arrays are those of all neurons.
    """
    return types.int64(u, threshold, current, gate, *_NUMBERS), _pass(True)


_NUMBERS = (types.int64, types.int64, types.uint64, types.int64, types.int64, types.int64)
drift_small: Any = intrinsic(_drift)
integrate_small: Any = intrinsic(_integrate)
