"""Sums of weight rows: the additions that a step consists of, in the registers that the processor has."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.compiled import kernel, once
from colanet.engine.cpu.integers import larger, smaller
from colanet.engine.cpu.tables import ROW_ALIGN
from colanet.units import WEIGHT_LIMIT

INDEX = ir.IntType(64)
NARROW, WIDE = ir.VectorType(ir.IntType(16), ROW_ALIGN), ir.VectorType(ir.IntType(32), ROW_ALIGN)


class Rows:
    """Writes the loops of one kernel over `lines` cache lines of weight rows, in LLVM's own language.

    LLVM cannot know that sums and weights do not overlap and would store each partial sum. Vectors of 32 int16 are
    mapped to the registers that there are.
    """

    def __init__(self, builder, lines, weight, origin, stride):
        self.builder, self.lines = builder, lines
        self.weight, self.origin, self.stride = weight, origin, stride

    def line(self, array, position, kind, number):
        """Pointer to the vector of that cache line."""
        at = self.builder.add(position, ir.Constant(INDEX, number * ROW_ALIGN))
        return self.builder.bitcast(self.builder.gep(array, [at]), kind.as_pointer())

    def loop(self, sums, source, first, stop, subtract=False):
        """The sums after the rows of source[first..stop-1] were added to them, or subtracted."""
        builder = self.builder
        before, rows, after = builder.block, builder.append_basic_block("rows"), builder.append_basic_block("after")
        builder.cbranch(builder.icmp_signed("<", first, stop), rows, after)
        builder.position_at_end(rows)
        j, running = builder.phi(INDEX), [builder.phi(NARROW) for _ in range(self.lines)]
        row = builder.sext(builder.load(builder.gep(source, [j])), INDEX)
        at = builder.add(self.origin, builder.mul(row, self.stride))
        combine = builder.sub if subtract else builder.add
        ends = [
            combine(total, builder.load(self.line(self.weight, at, NARROW, n), align=2))
            for n, total in enumerate(running)
        ]
        following = builder.add(j, ir.Constant(INDEX, 1))
        builder.cbranch(builder.icmp_signed("<", following, stop), rows, after)
        j.add_incoming(first, before)
        j.add_incoming(following, rows)
        for phi, begun, end in zip(running, sums, ends, strict=True):
            phi.add_incoming(begun, before)
            phi.add_incoming(end, rows)
        builder.position_at_end(after)
        found = []
        for begun, end in zip(sums, ends, strict=True):
            phi = builder.phi(NARROW)
            phi.add_incoming(begun, before)
            phi.add_incoming(end, rows)
            found.append(phi)
        return found


def _data(context, builder, signature, arguments, n):
    """Pointers to the elements of the first n arguments, which are arrays."""
    arrays = zip(signature.args[:n], arguments[:n], strict=True)
    return [cgutils.create_struct_proxy(t)(context, builder, v).data for t, v in arrays]


def row_mover(lines):
    """A function that writes `begun` plus some weight rows minus others, through int16; the first `lines` lines."""

    def generate(context, builder, signature, arguments):
        total, begun, weight, source = _data(context, builder, signature, arguments, 4)
        first, middle, stop, origin, stride = arguments[4:]
        rows, zero = Rows(builder, lines, weight, origin, stride), ir.Constant(INDEX, 0)
        sums = rows.loop([ir.Constant(NARROW, None)] * lines, source, first, middle)
        for n, found in enumerate(rows.loop(sums, source, middle, stop, subtract=True)):
            before = builder.load(rows.line(begun, zero, WIDE, n), align=4)
            here = rows.line(total, zero, WIDE, n)
            builder.store(builder.add(before, builder.sext(found, WIDE)), here, align=4)
        return context.get_dummy_value()

    @intrinsic
    def move_lines(typing, total, begun, weight, source, first, middle, stop, origin, stride):
        return types.void(total, begun, weight, source, *[types.int64] * 5), generate

    return move_lines


move_one, move_two, move_three, move_five = row_mover(1), row_mover(2), row_mover(3), row_mover(5)


def _sum_marked(typing, values, first, bits, at, words):
    """Sum of the values[first + j] for which bit j of the bit set bits[at : at + words] is set, int32.

    `words` values fit into int16 whatever they hold; `values` can be read up to the last bit of the last word.
    """

    def generate(context, builder, signature, arguments):
        arrays = [(signature.args[n], arguments[n]) for n in (0, 2)]
        data = [cgutils.create_struct_proxy(kind)(context, builder, given).data for kind, given in arrays]
        half, places = ir.IntType(ROW_ALIGN), ir.VectorType(ir.IntType(32), ROW_ALIGN)
        before, word, after = builder.block, builder.append_basic_block("word"), builder.append_basic_block("after")
        none = ir.Constant(NARROW, None)
        builder.branch(word)

        builder.position_at_end(word)
        w, place, running = builder.phi(INDEX), builder.phi(INDEX), [builder.phi(NARROW), builder.phi(NARROW)]
        here = builder.load(builder.gep(data[1], [builder.add(arguments[3], w)]))
        sums = []
        for part, begun in enumerate(running):
            shifted = builder.trunc(builder.lshr(here, ir.Constant(INDEX, part * ROW_ALIGN)), half)
            marked = builder.bitcast(shifted, ir.VectorType(ir.IntType(1), ROW_ALIGN))
            where = builder.gep(data[0], [builder.add(place, ir.Constant(INDEX, part * ROW_ALIGN))])
            found = builder.load(builder.bitcast(where, NARROW.as_pointer()), align=2)
            sums.append(builder.add(begun, builder.select(marked, found, none)))
        following = builder.add(w, ir.Constant(INDEX, 1))
        w.add_incoming(ir.Constant(INDEX, 0), before)
        w.add_incoming(following, word)
        place.add_incoming(arguments[1], before)
        place.add_incoming(builder.add(place, ir.Constant(INDEX, 2 * ROW_ALIGN)), word)
        for phi, end in zip(running, sums, strict=True):
            phi.add_incoming(none, before)
            phi.add_incoming(end, word)
        builder.cbranch(builder.icmp_signed("<", following, arguments[4]), word, after)

        builder.position_at_end(after)
        left, lanes = builder.add(*(builder.sext(part, WIDE) for part in sums)), ROW_ALIGN
        while lanes > 1:
            lanes //= 2
            turned = ir.Constant(places, [(n + lanes) % ROW_ALIGN for n in range(ROW_ALIGN)])
            left = builder.add(left, builder.shuffle_vector(left, left, turned))
        return builder.extract_element(left, ir.Constant(ir.IntType(32), 0))

    return types.int32(values, types.int64, bits, types.int64, types.int64), generate


sum_marked: Any = intrinsic(_sum_marked)


@once
def lines_at_once(left):
    """How many of so many lines are taken next: 5, 3, 2 or 1."""
    return 5 if left >= 5 else smaller(left, 3)


@kernel
def move_rows(total, begun, weight, sources, first, middle, stop, origin, stride, lines):
    """total := begun + rows of sources[first..middle-1] - rows of sources[middle..stop-1], `lines` lines of them.

    The rows fit into int16 whatever their order; `lines` is what `lines_at_once` gives.
    """
    if lines == 5:
        move_five(total, begun, weight, sources, first, middle, stop, origin, stride)
    elif lines == 3:
        move_three(total, begun, weight, sources, first, middle, stop, origin, stride)
    elif lines == 2:
        move_two(total, begun, weight, sources, first, middle, stop, origin, stride)
    else:
        move_one(total, begun, weight, sources, first, middle, stop, origin, stride)


@kernel
def add_rows(total, weight, sources, first, stop, origin, stride, lines, most):
    """total += the weight rows of sources[first..stop-1]. `most` rows fit into int16 whatever they hold."""
    for j in range(first, stop, most):
        end = smaller(j + most, stop)
        move_rows(total, total, weight, sources, j, end, end, origin, stride, lines)


@kernel
def subtract_rows(total, weight, sources, first, stop, origin, stride, lines, most):
    """total -= the weight rows of sources[first..stop-1]; see `add_rows`."""
    for j in range(first, stop, most):
        move_rows(total, total, weight, sources, j, j, smaller(j + most, stop), origin, stride, lines)


@once
def rows_in_int16(population):
    """How many weights of a population add up within int16 whatever they are."""
    return WEIGHT_LIMIT // larger(larger(abs(population.weight_base), abs(population.weight_top)), 1)
