# mypy: disable-error-code="no-untyped-call, untyped-decorator, override, misc"
"""Many arrays passed to kernels as one pointer.

A kernel that takes a named tuple of seventy arrays copies five hundred words, and counts a reference for each array,
at every call: a hundred times slower than its work, and minutes to compile. `view(arrays)` is a table of addresses and
sizes instead; in a kernel `model.home` makes the array on the spot, from two words that lie in the nearest cache.
The view keeps its arrays alive; kernels must not keep theirs beyond the call.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox
from numba.np.arrayobj import make_array, populate_array
from numba.np.numpy_support import from_dtype

WORD = 8  # bytes of one entry of the table


class View:
    """A named tuple of arrays and numbers, as kernels see it; in Python its members are those of the tuple."""

    def __init__(self, arrays: Any) -> None:
        words: list[np.int64] = []
        fields = []
        for name, value in zip(arrays._fields, arrays, strict=True):
            fields.append((name, _kind(value), len(words)))
            words += _words(value)
        self.arrays = arrays
        self.table = np.array(words, np.int64)
        self.address = self.table.ctypes.data
        self.kind = ViewType(type(arrays).__name__, tuple(fields))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.arrays, name)


def view(arrays: NamedTuple) -> Any:
    return View(arrays)


class ViewType(types.Type):
    """`fields`: (name, kind of array or number, first word in the table)."""

    def __init__(self, name: str, fields: tuple[tuple[str, Any, int], ...]) -> None:
        self.fields = fields
        super().__init__(f"View({name}, {fields})")

    def field(self, name: str) -> tuple[Any, int] | None:
        return next(((kind, word) for key, kind, word in self.fields if key == name), None)


def _kind(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if not value.flags.c_contiguous:
            raise ValueError("a view holds contiguous arrays only")
        return types.Array(from_dtype(value.dtype), value.ndim, "C")
    return types.float64 if isinstance(value, float) else types.int64


def _words(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return [value.ctypes.data, *value.shape]
    return [np.float64(value).view(np.int64) if isinstance(value, float) else value]


@typeof_impl.register(View)
def _typeof(value: View, context: Any) -> ViewType:
    return value.kind


@register_model(ViewType)
class _ViewModel(models.OpaqueModel):
    """One pointer."""


@unbox(ViewType)
def _unbox(kind: ViewType, value: Any, context: Any) -> Any:
    address = context.pyapi.object_getattr_string(value, "address")
    pointer = context.pyapi.long_as_voidptr(address)
    context.pyapi.decref(address)
    return NativeValue(pointer)


@infer_getattr
class _Attributes(AttributeTemplate):
    key = ViewType

    def generic_resolve(self, kind: ViewType, name: str) -> Any:
        found = kind.field(name)
        return found and found[0]


@lower_getattr_generic(ViewType)
def _attribute(context: Any, builder: Any, kind: ViewType, value: Any, name: str) -> Any:
    field, word = kind.field(name)

    def load(number: int, native: Any) -> Any:
        return builder.load(cgutils.pointer_add(builder, value, (word + number) * WORD, native.as_pointer()))

    if not isinstance(field, types.Array):
        return load(0, context.get_value_type(field))
    array = make_array(field)(context, builder)
    size_type = context.get_value_type(types.intp)
    shape = [load(1 + axis, size_type) for axis in range(field.ndim)]
    itemsize = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(field.dtype)))
    strides = [itemsize]
    for extent in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], extent))
    data = load(0, context.get_data_type(field.dtype).as_pointer())
    populate_array(array, data=data, shape=shape, strides=strides, itemsize=itemsize, meminfo=None)
    return array._getvalue()
