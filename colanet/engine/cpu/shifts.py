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
from colanet.units import RESOURCE_LIMIT

SLOTS = 16
INDEX, HALF = ir.IntType(64), ir.IntType(SLOTS)
VALUES, WEIGHTS = ir.VectorType(ir.IntType(32), SLOTS), ir.VectorType(ir.IntType(16), SLOTS)
MASK = ir.VectorType(ir.IntType(1), SLOTS)


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


def _shift_marked(typing, resource, weight, level, first, bits, changed, at, words, step, w_min):
    """Add `step` to the resource[first + j] for which bit j of `bits` is set; weights follow by the table `level`.

    Bits of changed[at : at + words] are set where a weight has become another one.

    By how much the sum of positive weights grows, and whether some resource has left the table or the limits: then
    its weight means nothing. Both arrays can be read up to the last bit of the last word.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays = [(signature.args[n], arguments[n]) for n in (0, 1, 2, 4, 5)]
        data = [cgutils.create_struct_proxy(kind)(context, builder, given).data for kind, given in arrays]
        resource, weight, level, bits, changed = data
        first, at, words, step, w_min = arguments[3], *arguments[6:]
        halves = builder.bitcast(bits, HALF.as_pointer())
        changed = builder.bitcast(builder.gep(changed, [at]), HALF.as_pointer())
        groups = builder.mul(words, ir.Constant(INDEX, 64 // SLOTS))
        move, lowest = (everywhere(builder, VALUES, builder.trunc(n, ir.IntType(32))) for n in (step, w_min))
        zeros, none = ir.Constant(VALUES, None), ir.Constant(MASK, None)
        before = builder.block
        names = ("group", "body", "following", "after")
        group, body, following, after = (builder.append_basic_block(name) for name in names)
        builder.branch(group)

        def larger(a: Any, b: Any) -> Any:
            return builder.select(builder.icmp_signed(">", a, b), a, b)

        def constant(value: int) -> Any:
            return everywhere(builder, VALUES, value)

        builder.position_at_end(group)
        g, sums, beyond = builder.phi(INDEX), builder.phi(VALUES), builder.phi(MASK)
        half = builder.load(builder.gep(halves, [g]), align=2)
        builder.cbranch(builder.icmp_unsigned("==", half, ir.Constant(HALF, 0)), following, body)

        builder.position_at_end(body)
        marked = builder.bitcast(half, MASK)
        slot = builder.add(first, builder.mul(g, ir.Constant(INDEX, SLOTS)))
        here = builder.bitcast(builder.gep(resource, [slot]), VALUES.as_pointer())
        old = builder.load(here, align=4)
        new = builder.select(marked, builder.add(old, move), old)
        builder.store(new, here, align=4)
        too_far = builder.or_(
            builder.icmp_signed(">=", new, constant(BUCKETS << BUCKET)),
            builder.icmp_signed("<", new, constant(-RESOURCE_LIMIT)),
        )
        above = larger(new, zeros)
        bucket = builder.and_(builder.lshr(above, constant(BUCKET)), constant(BUCKETS - 1))
        entry = _gather(builder, level, bucket)
        inside, bound = builder.and_(above, constant(IN_BUCKET)), builder.and_(entry, constant(BOUND))
        more = builder.zext(builder.icmp_signed(">=", inside, bound), VALUES)
        found = builder.add(builder.add(builder.ashr(entry, constant(BUCKET + 1)), more), lowest)
        where = builder.bitcast(builder.gep(weight, [slot]), WEIGHTS.as_pointer())
        narrow = builder.load(where, align=2)
        old_weight = builder.sext(narrow, VALUES)
        new_weight = builder.select(marked, found, old_weight)
        builder.store(builder.trunc(new_weight, WEIGHTS), where, align=2)
        others = builder.bitcast(builder.icmp_signed("!=", new_weight, old_weight), HALF)
        noted = builder.gep(changed, [g])
        builder.store(builder.or_(builder.load(noted, align=2), others), noted, align=2)
        grown = builder.add(sums, builder.sub(larger(new_weight, zeros), larger(old_weight, zeros)))
        lost = builder.or_(beyond, builder.and_(marked, too_far))
        builder.branch(following)

        builder.position_at_end(following)
        sums_then, beyond_then = builder.phi(VALUES), builder.phi(MASK)
        for phi, passed, made in ((sums_then, sums, grown), (beyond_then, beyond, lost)):
            phi.add_incoming(passed, group)
            phi.add_incoming(made, body)
        next_group = builder.add(g, ir.Constant(INDEX, 1))
        for phi, begun, end in (
            (g, ir.Constant(INDEX, 0), next_group), (sums, zeros, sums_then), (beyond, none, beyond_then)
        ):  # fmt: skip
            phi.add_incoming(begun, before)
            phi.add_incoming(end, following)
        builder.cbranch(builder.icmp_signed("<", next_group, groups), group, after)

        builder.position_at_end(after)
        total = builder.sext(_sum(builder, sums_then), INDEX)
        some = builder.icmp_unsigned("!=", builder.bitcast(beyond_then, HALF), ir.Constant(HALF, 0))
        return context.make_tuple(builder, signature.return_type, [total, builder.zext(some, INDEX)])

    numbers = [types.int64] * 4
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
