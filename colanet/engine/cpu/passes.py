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
MASK, ZEROS = ir.VectorType(BIT, LANES), ir.Constant(VALUES, None)
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


class Pass:
    """Writes one pass.

    `arrays` are pointers: potentials, thresholds and, if there are arrivals, those and who is awake. `numbers` are
    leak, floor and, without arrivals, keep and gain; they and the amplitude of kicks are vectors.
    """

    def __init__(self, builder: Any, arrays: list[Any], numbers: list[Any], amplitude: Any) -> None:
        self.builder, self.amplitude = builder, amplitude
        self.u, self.threshold, *self.arriving = arrays
        self.factor, self.floor, *self.bound = numbers

    def load(self, array: Any, place: Any, kind: Any = VALUES) -> tuple[Any, Any]:
        """Pointer to the vector that begins there, and the vector."""
        pointer = self.builder.bitcast(self.builder.gep(array, [place]), kind.as_pointer())
        return pointer, self.builder.load(pointer, align=kind.element.width // 8)

    def larger(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.builder.icmp_signed(">", a, b), a, b)

    def some(self, mask: Any) -> Any:
        """Whether a bit of a mask is set."""
        bits = self.builder.bitcast(mask, ir.IntType(LANES))
        return self.builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    def line(self, flat: Any, at: Any, words: Any, ours: Any) -> tuple[Any, Any]:
        """32 neurons from `flat` on, the number `at` of the population; which of them are, or may come, above it.

        `ours` are those that belong to the population. What lies behind is read and written as it is.
        """
        builder = self.builder
        where, old = self.load(self.u, flat)
        _, limit = self.load(self.threshold, flat)
        total = builder.add(_leaked(builder, old, self.factor), _kicks(builder, words, self.amplitude))
        counted = ours
        if self.arriving:
            current, awake = self.arriving
            listening = builder.icmp_unsigned("!=", self.load(awake, flat, BYTES)[1], ir.Constant(BYTES, None))
            total = builder.add(total, builder.select(listening, self.load(current, at)[1], ZEROS))
            counted = builder.and_(ours, listening)
        total = self.larger(total, self.floor)
        builder.store(builder.select(ours, total, old), where, align=4)
        ready = far = builder.and_(counted, builder.icmp_signed(">", total, limit))
        if self.bound:
            keep, gain = self.bound
            part = builder.ashr(builder.mul(self.larger(total, ZEROS), keep), everywhere(builder, VALUES, LEAK_Q))
            reach = self.larger(total, builder.add(part, gain))
            far = builder.and_(ours, builder.icmp_signed(">", reach, limit))
        return ready, far

    def lines(self, start: Any, size: Any, key: Any) -> list[Any]:
        """All neurons of a population: what was found, and the range of those that are above their threshold."""
        builder, before = self.builder, self.builder.block
        counts = ir.Constant(WORDS, [(n + 1) * GOLDEN & _MODULO for n in range(WORDS.count)])
        nothing, nobody = ir.Constant(INDEX, 0), ir.Constant(INDEX, -1)
        first_words = builder.add(everywhere(builder, WORDS, key), counts)
        begun = [nothing, first_words, ir.Constant(MASK, None), nobody, nobody]
        line, after = builder.append_basic_block("line"), builder.append_basic_block("after")
        builder.branch(line)

        builder.position_at_end(line)
        phis = at, z, far, low, high = [builder.phi(value.type) for value in begun]
        left = everywhere(builder, VALUES, builder.trunc(builder.sub(size, at), ir.IntType(32)))
        ours = builder.icmp_signed("<", ir.Constant(VALUES, list(range(LANES))), left)
        ready, distant = self.line(builder.add(start, at), at, z, ours)
        here, following = self.some(ready), builder.add(at, ir.Constant(INDEX, LANES))
        first = builder.and_(here, builder.icmp_signed("<", low, nothing))
        ended = [
            following, builder.add(z, everywhere(builder, WORDS, WORDS.count * GOLDEN & _MODULO)),
            builder.or_(far, distant), builder.select(first, at, low), builder.select(here, following, high),
        ]  # fmt: skip
        for phi, value, end in zip(phis, begun, ended, strict=True):
            phi.add_incoming(value, before)
            phi.add_incoming(end, line)
        builder.cbranch(builder.icmp_signed("<", following, size), line, after)

        builder.position_at_end(after)
        reached, may = builder.icmp_signed(">=", ended[3], nothing), self.some(ended[2])
        flags = [
            builder.select(found, ir.Constant(INDEX, value), nothing)
            for found, value in ((reached, REACHED), (may, MAY_REACH))
        ]
        return [builder.or_(*flags), *ended[3:]]


def _pass(arrays: int) -> Any:
    """The code of one pass over so many arrays."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        given = zip(signature.args[:arrays], arguments[:arrays], strict=True)
        pointers = [cgutils.create_struct_proxy(kind)(context, builder, value).data for kind, value in given]
        start, size, key, kick, *numbers = arguments[arrays:]
        vectors = [everywhere(builder, VALUES, builder.trunc(n, ir.IntType(32))) for n in numbers]
        amplitude = everywhere(builder, DRAWS, builder.trunc(kick, ir.IntType(16)))
        found = Pass(builder, pointers, vectors, amplitude).lines(start, size, key)
        return context.make_tuple(builder, signature.return_type, found)

    return generate


def _drift(typing, u, threshold, start, size, key, kick, factor, floor, keep, gain):
    """u := max(u leak / 2^10 + kick, floor) of neurons start..start+size-1.

    `REACHED` and `MAY_REACH`, and the range in which those lie that have reached it, counted from the first neuron.
    """
    return _FOUND(u, threshold, *_NUMBERS, types.int64, types.int64), _pass(2)


def _integrate(typing, u, threshold, current, awake, start, size, key, kick, factor, floor):
    """`drift_small`, and arrivals of neurons that are awake; only such count for `REACHED`.

    `current` begins with the arrivals of the first neuron; the other arrays are those of all neurons.
    """
    return _FOUND(u, threshold, current, awake, *_NUMBERS), _pass(4)


_FOUND = types.UniTuple(types.int64, 3)
_NUMBERS = (types.int64, types.int64, types.uint64, types.int64, types.int64, types.int64)
drift_small: Any = intrinsic(_drift)
integrate_small: Any = intrinsic(_integrate)
