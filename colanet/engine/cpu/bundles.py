"""Bundles: named arrays that kernels get as one pointer.

A named tuple of arrays reaches a compiled function as seven numbers an array, hundreds in all, at every call, and
takes long to compile. A bundle is the address of a list of addresses and shapes instead. In kernels its arrays are
attributes, as of the tuple.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model

INDEX = ir.IntType(64)
SLOTS = 3
"""Numbers an array: its address and its shape, of up to two axes. A whole number is its first."""

Spec = Mapping[str, tuple[np.dtype, int]]
"""Type and number of axes of each array by its name; no axes for a whole number."""


def spec_of(tuple_class: type) -> Spec:
    """What the annotations of a named tuple say: `Annotated[np.ndarray, dtype, axes]`, or int."""
    hints = get_type_hints(tuple_class, include_extras=True)
    return {name: get_args(hint)[1:] if get_args(hint) else (np.dtype(np.int64), 0) for name, hint in hints.items()}


def addresses(spec: Spec, values: Mapping[str, Any]) -> np.ndarray:
    """The list that a bundle points to; the arrays must live as long as it is used.

    Raises
    ------
    TypeError
        If an array is not what the kernels are compiled for.
    """
    rows = np.zeros((len(spec), SLOTS), dtype=np.int64)
    for row, (name, (dtype, axes)) in zip(rows, spec.items(), strict=True):
        value = values[name]
        if axes == 0:
            row[0] = value
            continue
        if value.dtype != dtype or value.ndim != axes or not value.flags.c_contiguous:
            found = f"{value.dtype} with {value.ndim} axes"
            raise TypeError(f"{name}: {found}, expected {dtype} with {axes}, in one piece")
        row[0] = value.ctypes.data
        row[1 : 1 + axes] = value.shape
    return rows.ravel()


class Bundle(types.Type):
    """The type of a bundle."""

    def __init__(self, name: str, spec: Spec) -> None:
        super().__init__(name=f"Bundle({name})")
        self.names = tuple(spec)
        self.fields = {
            name: numba.typeof(np.zeros((1,) * axes, dtype=dtype)) if axes else types.int64
            for name, (dtype, axes) in spec.items()
        }


@register_model(Bundle)
class _Model(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, INDEX.as_pointer())


@infer_getattr
class _Attributes(AttributeTemplate):  # type: ignore[misc]
    key = Bundle

    def generic_resolve(self, bundle: Any, name: str) -> Any:  # type: ignore[override]
        return bundle.fields.get(name)


@lower_getattr_generic(Bundle)
def _attribute(context: Any, builder: Any, bundle: Bundle, value: Any, name: str) -> Any:
    first = SLOTS * bundle.names.index(name)

    def number(n: int) -> Any:
        loaded = builder.load(builder.gep(value, [ir.Constant(INDEX, first + n)]))
        # The list does not change during a run; LLVM need not read it again after a store.
        loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
        return loaded

    kind = bundle.fields[name]
    if isinstance(kind, types.Integer):
        return number(0)
    made = context.make_array(kind)(context, builder)
    size = ir.Constant(INDEX, numba.np.numpy_support.as_dtype(kind.dtype).itemsize)
    shape = [number(1 + axis) for axis in range(kind.ndim)]
    strides, items = [size], shape[-1]
    if kind.ndim == 2:
        strides, items = [builder.mul(shape[1], size), size], builder.mul(shape[0], shape[1])
    made.data = builder.inttoptr(number(0), made.data.type)
    made.itemsize, made.nitems = size, items
    made.shape, made.strides = cgutils.pack_array(builder, shape), cgutils.pack_array(builder, strides)
    made.meminfo, made.parent = (cgutils.get_null_value(getattr(made, n).type) for n in ("meminfo", "parent"))
    return made._getvalue()


def opener(name: str, spec: Spec) -> Any:
    """A function of kernels that takes a list of `addresses` for the bundle it is."""
    bundle = Bundle(name, spec)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return cgutils.create_struct_proxy(signature.args[0])(context, builder, arguments[0]).data

    @intrinsic
    def opened(typing, rows):
        return bundle(rows), generate

    return opened
