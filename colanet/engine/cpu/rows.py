"""Sums of weight rows: the additions that a step consists of, in the registers that the processor has."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.compiled import inlined, kernel
from colanet.engine.cpu.passes import everywhere
from colanet.engine.cpu.tables import ROW_ALIGN
from colanet.units import WEIGHT_LIMIT

INDEX = ir.IntType(64)
NARROW, WIDE = ir.VectorType(ir.IntType(16), ROW_ALIGN), ir.VectorType(ir.IntType(32), ROW_ALIGN)
PAIRS = (1 << 16) - 1
"""Largest difference of two sums that 16 bits can tell apart."""


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

    def start(self, array=None):
        """Sums to begin with: zeros, or those that int16 `array` begins with."""
        if array is None:
            return [ir.Constant(NARROW, None)] * self.lines
        zero = ir.Constant(INDEX, 0)
        return [self.builder.load(self.line(array, zero, NARROW, n), align=2) for n in range(self.lines)]

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


def row_adder(lines):
    """A function that adds the first `lines` cache lines of weight rows to int32 sums, through int16."""

    def generate(context, builder, signature, arguments):
        total, weight, source = _data(context, builder, signature, arguments, 3)
        first, stop, origin, stride = arguments[3:]
        rows = Rows(builder, lines, weight, origin, stride)
        for n, found in enumerate(rows.loop(rows.start(), source, first, stop)):
            here = rows.line(total, ir.Constant(INDEX, 0), WIDE, n)
            builder.store(builder.add(builder.load(here, align=4), builder.sext(found, WIDE)), here, align=4)
        return context.get_dummy_value()

    @intrinsic
    def add_lines(typing, total, weight, source, first, stop, origin, stride):
        return types.void(total, weight, source, *[types.int64] * 4), generate

    return add_lines


def often_adder(lines):
    """A function that writes sums of the first `lines` cache lines of rows modulo 2^16."""

    def generate(context, builder, signature, arguments):
        total, weight, source = _data(context, builder, signature, arguments, 3)
        first, stop, origin, stride = arguments[3:]
        rows = Rows(builder, lines, weight, origin, stride)
        for n, found in enumerate(rows.loop(rows.start(), source, first, stop)):
            builder.store(found, rows.line(total, ir.Constant(INDEX, 0), NARROW, n), align=2)
        return context.get_dummy_value()

    @intrinsic
    def sum_lines(typing, total, weight, source, first, stop, origin, stride):
        return types.void(total, weight, source, *[types.int64] * 4), generate

    return sum_lines


def row_mover(lines):
    """A function that adds and subtracts rows to sums modulo 2^16, and writes the int32 that they stand for.

    Every true sum lies in low..low + 2^16 - 1.
    """

    def generate(context, builder, signature, arguments):
        total, often, weight, source = _data(context, builder, signature, arguments, 4)
        first, middle, stop, low, origin, stride = arguments[4:]
        rows = Rows(builder, lines, weight, origin, stride)
        sums = rows.loop(rows.start(often), source, first, middle)
        sums = rows.loop(sums, source, middle, stop, subtract=True)
        narrow, wide = ir.IntType(16), ir.IntType(32)
        low_narrow = everywhere(builder, NARROW, builder.trunc(low, narrow))
        low_wide = everywhere(builder, WIDE, builder.trunc(low, wide))
        for n, found in enumerate(sums):
            above = builder.zext(builder.sub(found, low_narrow), WIDE)
            here = rows.line(total, ir.Constant(INDEX, 0), WIDE, n)
            builder.store(builder.add(above, low_wide), here, align=4)
        return context.get_dummy_value()

    @intrinsic
    def move_lines(typing, total, often, weight, source, first, middle, stop, low, origin, stride):
        return types.void(total, often, weight, source, *[types.int64] * 6), generate

    return move_lines


add_one, add_two, add_three = row_adder(1), row_adder(2), row_adder(3)
sum_one, sum_two, sum_three = often_adder(1), often_adder(2), often_adder(3)
move_one, move_two, move_three = row_mover(1), row_mover(2), row_mover(3)


@kernel
def add_rows(total, weight, sources, first, stop, origin, stride, lines, most):
    """total += sum of the weight rows of sources[first..stop-1], over their first `lines` (1, 2 or 3) cache lines.

    `most` rows fit into int16 whatever they hold.
    """
    for j in range(first, stop, most):
        end = min(j + most, stop)
        if lines == 3:
            add_three(total, weight, sources, j, end, origin, stride)
        elif lines == 2:
            add_two(total, weight, sources, j, end, origin, stride)
        else:
            add_one(total, weight, sources, j, end, origin, stride)


@kernel
def sum_often(total, weight, sources, first, stop, origin, stride, lines):
    """total := sum of the weight rows of sources[first..stop-1] modulo 2^16, over their first `lines` cache lines."""
    if lines == 3:
        sum_three(total, weight, sources, first, stop, origin, stride)
    elif lines == 2:
        sum_two(total, weight, sources, first, stop, origin, stride)
    else:
        sum_one(total, weight, sources, first, stop, origin, stride)


@kernel
def move_rows(total, often, weight, sources, ptr, low, origin, stride, lines):
    """total := the sums that `often`, plus the rows of sources[ptr[0]..ptr[1]-1], minus those up to ptr[2], stand for.

    The sums lie in low..low + PAIRS.
    """
    first, middle, stop = ptr[0], ptr[1], ptr[2]
    if lines == 3:
        move_three(total, often, weight, sources, first, middle, stop, low, origin, stride)
    elif lines == 2:
        move_two(total, often, weight, sources, first, middle, stop, low, origin, stride)
    else:
        move_one(total, often, weight, sources, first, middle, stop, low, origin, stride)


@inlined
def rows_in_int16(population):
    """How many weights of a population add up within int16 whatever they are."""
    return WEIGHT_LIMIT // max(abs(population.w_min), abs(population.w_max), 1)


@inlined
def rows_told_apart(population):
    """How many weights of a population add up to sums that 16 bits tell apart."""
    return PAIRS // max(population.w_max - population.w_min, 1)
