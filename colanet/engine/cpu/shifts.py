"""What learning does to many synapses of a neuron at once, in the registers that the processor has.

Sixteen at a time: their resources move by one step, and the weights that follow are looked up. Sixteen of which
none is marked are passed over. LLVM would look up weights one by one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from colanet.engine.cpu.integers import BOUND, BUCKET, BUCKETS, IN_BUCKET
from colanet.engine.cpu.passes import everywhere

SLOTS = 16
INDEX, HALF = ir.IntType(64), ir.IntType(SLOTS)
VALUES, WEIGHTS = ir.VectorType(ir.IntType(32), SLOTS), ir.VectorType(ir.IntType(16), SLOTS)
MASK, ZEROS = ir.VectorType(ir.IntType(1), SLOTS), ir.Constant(VALUES, None)


def _gather(builder: Any, array: Any, places: Any) -> Any:
    """array[places], a vector."""
    pointers = ir.VectorType(array.type, SLOTS)
    name, module = "llvm.masked.gather.v16i32.v16p0i32", builder.module
    kind = ir.FunctionType(VALUES, [pointers, ir.IntType(32), MASK, VALUES])
    function = module.globals.get(name) or ir.Function(module, kind, name)
    start = everywhere(builder, ir.VectorType(INDEX, SLOTS), builder.ptrtoint(array, INDEX))
    wide = builder.zext(places, ir.VectorType(INDEX, SLOTS))
    offsets = builder.shl(wide, everywhere(builder, ir.VectorType(INDEX, SLOTS), 2))
    where = builder.inttoptr(builder.add(start, offsets), pointers)
    every = ir.Constant(MASK, [1] * SLOTS)
    return builder.call(function, [where, ir.Constant(ir.IntType(32), 4), every, ir.Constant(VALUES, None)])


class Shift:
    """Writes the loop over groups of 16 slots. `data` are pointers: resources, weights, table, bits, changes."""

    def __init__(self, builder: Any, data: list[Any], step: Any, base: Any, weight_step: Any, limit: Any) -> None:
        self.builder = builder
        self.resource, self.weight, self.level, bits, changed = data
        self.bits, self.changed = (builder.bitcast(array, HALF.as_pointer()) for array in (bits, changed))
        self.step, self.base, self.weight_step, limit = (
            everywhere(builder, VALUES, builder.trunc(n, ir.IntType(32))) for n in (step, base, weight_step, limit)
        )
        known = self.constant((BUCKETS << BUCKET) - 1)
        self.most = builder.select(builder.icmp_signed("<", limit, known), limit, known)
        self.least = builder.neg(limit)

    def larger(self, a: Any, b: Any) -> Any:
        return self.builder.select(self.builder.icmp_signed(">", a, b), a, b)

    def constant(self, value: int) -> Any:
        return everywhere(self.builder, VALUES, value)

    def look_up(self, resource: Any) -> Any:
        """Weights of resources that lie in the table."""
        builder = self.builder
        above = self.larger(resource, ZEROS)
        bucket = builder.and_(builder.lshr(above, self.constant(BUCKET)), self.constant(BUCKETS - 1))
        entry = _gather(builder, self.level, bucket)
        inside, bound = builder.and_(above, self.constant(IN_BUCKET)), builder.and_(entry, self.constant(BOUND))
        more = builder.zext(builder.icmp_signed(">=", inside, bound), VALUES)
        code = builder.add(builder.ashr(entry, self.constant(BUCKET + 1)), more)
        return builder.add(builder.mul(code, self.weight_step), self.base)

    def group(self, slot: Any, g: Any, marks: Any) -> tuple[Any, Any]:
        """The marked ones of 16 slots: what positive weights gain, and which have left the table or the limits."""
        builder, marked = self.builder, self.builder.bitcast(marks, MASK)
        here = builder.bitcast(builder.gep(self.resource, [slot]), VALUES.as_pointer())
        old = builder.load(here, align=4)
        new = builder.select(marked, builder.add(old, self.step), old)
        builder.store(new, here, align=4)
        beyond = builder.or_(
            builder.icmp_signed(">", new, self.most), builder.icmp_signed("<", new, self.least)
        )
        where = builder.bitcast(builder.gep(self.weight, [slot]), WEIGHTS.as_pointer())
        before = builder.sext(builder.load(where, align=2), VALUES)
        after = builder.select(marked, self.look_up(new), before)
        builder.store(builder.trunc(after, WEIGHTS), where, align=2)
        note = builder.gep(self.changed, [g])
        others = builder.bitcast(builder.icmp_signed("!=", after, before), HALF)
        builder.store(builder.or_(builder.load(note, align=2), others), note, align=2)
        gained = builder.sub(self.larger(after, ZEROS), self.larger(before, ZEROS))
        return gained, builder.and_(marked, beyond)

    def groups(self, first: Any, many: Any) -> tuple[Any, Any]:
        """All groups, the first of which begins at slot `first`; as `group`, together."""
        builder, start = self.builder, self.builder.block
        group, body, following, after = (builder.append_basic_block(n) for n in ("group", "body", "next", "after"))
        builder.branch(group)
        builder.position_at_end(group)
        g, sums, lost = builder.phi(INDEX), builder.phi(VALUES), builder.phi(MASK)
        marks = builder.load(builder.gep(self.bits, [g]), align=2)
        builder.cbranch(builder.icmp_unsigned("==", marks, ir.Constant(HALF, 0)), following, body)

        builder.position_at_end(body)
        gained, beyond = self.group(builder.add(first, builder.mul(g, ir.Constant(INDEX, SLOTS))), g, marks)
        more = builder.add(sums, gained), builder.or_(lost, beyond)
        builder.branch(following)

        builder.position_at_end(following)
        both = builder.phi(VALUES), builder.phi(MASK)
        for phi, passed, made in zip(both, (sums, lost), more, strict=True):
            phi.add_incoming(passed, group)
            phi.add_incoming(made, body)
        then = builder.add(g, ir.Constant(INDEX, 1))
        ends = (g, ir.Constant(INDEX, 0), then), (sums, ZEROS, both[0]), (lost, ir.Constant(MASK, None), both[1])
        for phi, value, end in ends:
            phi.add_incoming(value, start)
            phi.add_incoming(end, following)
        builder.cbranch(builder.icmp_signed("<", then, many), group, after)
        builder.position_at_end(after)
        return both


def _shift_marked(
    typing, resource, weight, level, first, bits, changed, at, words, step, base, weight_step, limit
):
    """Add `step` to the resource[first + j] for which bit j of `bits` is set; weights follow by the table `level`.

    Bits of changed[at : at + words] are set where a weight has become another one. By how much the sum of positive
    weights grows, and whether some resource has left the table or the limits: then its weight means nothing. Both
    arrays can be read up to the last bit of the last word.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [(signature.args[n], arguments[n]) for n in (0, 1, 2, 4, 5)]
        data = [cgutils.create_struct_proxy(kind)(context, builder, given).data for kind, given in arrays]
        data[4] = builder.gep(data[4], [arguments[6]])
        many = builder.mul(arguments[7], ir.Constant(INDEX, 64 // SLOTS))
        sums, lost = Shift(builder, data, *arguments[8:]).groups(arguments[3], many)
        some = builder.icmp_unsigned("!=", builder.bitcast(lost, HALF), ir.Constant(HALF, 0))
        found = [builder.sext(_sum(builder, sums), INDEX), builder.zext(some, INDEX)]
        return context.make_tuple(builder, signature.return_type, found)

    numbers = [types.int64] * 6
    return types.UniTuple(types.int64, 2)(resource, weight, level, types.int64, bits, changed, *numbers), generate


def _sum(builder: Any, vector: Any) -> Any:
    """Sum of the elements of a vector."""
    kind, lanes = vector.type, vector.type.count
    places = ir.VectorType(ir.IntType(32), kind.count)
    while lanes > 1:
        lanes //= 2
        turned = ir.Constant(places, [(n + lanes) % kind.count for n in range(kind.count)])
        vector = builder.add(vector, builder.shuffle_vector(vector, vector, turned))
    return builder.extract_element(vector, ir.Constant(ir.IntType(32), 0))


shift_marked: Any = intrinsic(_shift_marked)
