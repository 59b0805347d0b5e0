"""Eight numbers of 32 bits in one register, as values inside kernels.

``load8`` makes one, operators and the functions below work on all eight at a time, and
``store8`` writes it back, so a kernel for eight lanes reads like one for a single lane::

    x = load8(heads, lane)
    x, n = pop8(words, n, x, x < LEAST_HEAD)
    store8(heads, lane, x)

Numbers are unsigned and wrap at ``2**32``; lane ``k`` belongs to element ``i + k`` of an
array. Nothing is checked here: what is loaded and stored lies inside the arrays.

numba has no vector values, so these are LLVM's. Words move between lanes and memory by a
shuffle of bytes. Not every processor has one, and to emit an instruction that the target
lacks would end the process: so nothing here may be called where `VECTORS` is false.
"""

import operator
import platform
from collections.abc import Callable
from functools import partial
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, config
from numba.extending import models, overload, register_model

__all__ = [
    "VECTORS",
    "any8",
    "divide8",
    "entries8",
    "load8",
    "mask8",
    "minimum8",
    "multiply_high8",
    "pop8",
    "push8",
    "select8",
    "slots8",
    "store8",
    "u32x8",
]

intrinsic: Any = extending.intrinsic
"""Without its type, which takes the context of typing for an argument of the calls."""

BIT, BYTE, HALF, WORD, LONG = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
MASK8 = ir.VectorType(BIT, 8)
BYTES16 = ir.VectorType(BYTE, 16)
HALVES8 = ir.VectorType(HALF, 8)
WORDS8 = ir.VectorType(WORD, 8)
LONGS4 = ir.VectorType(LONG, 4)
FLOATS8 = ir.VectorType(ir.FloatType(), 8)

LOW = (1 << 32) - 1
"""The lower half of 64 bits, which holds an even lane; the upper half holds the odd one."""
HIGH = LOW << 32


class Vector(types.Type):
    """The numba type of a vector of LLVM."""

    def __init__(self, name: str, llvm_type: ir.VectorType) -> None:
        self.llvm_type = llvm_type
        super().__init__(name=name)


u32x8 = Vector("u32x8", WORDS8)
"""Eight unsigned numbers of 32 bits."""
mask8 = Vector("mask8", MASK8)
"""Eight truth values."""


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, vector: Vector) -> None:
        super().__init__(manager, vector, vector.llvm_type)


# What the target has


def _shuffle_name() -> str | None:
    """Return the LLVM name of the target's shuffle of 16 bytes, if it has one."""
    if getattr(config, "DISABLE_JIT", 0):
        return None
    machine = platform.machine().lower()
    if machine in ("aarch64", "arm64"):
        return "llvm.aarch64.neon.tbl1.v16i8"
    if machine in ("x86_64", "amd64") and _permutes_by("pshufb"):
        return "llvm.x86.ssse3.pshuf.b.128"
    return None


def _permutes_by(instruction: str) -> bool:
    """Tell whether LLVM, as numba has set it up, has an instruction for any permutation.

    Names and features of processors can be set in more than one way, and imply one another.
    So a function that permutes bytes in plain LLVM is compiled, and its assembly looked at.
    """
    from numba.core.registry import cpu_target

    module = ir.Module()
    module.triple = llvm.get_process_triple()
    function = ir.Function(module, ir.FunctionType(BYTES16, [BYTES16] * 2), "permute")
    b = ir.IRBuilder(function.append_basic_block())
    source, indexes = function.args
    result = ir.Constant(BYTES16, ir.Undefined)
    for k in range(16):
        byte = b.extract_element(source, b.extract_element(indexes, WORD(k)))
        result = b.insert_element(result, byte, WORD(k))
    b.ret(result)
    try:
        machine = cpu_target.target_context.codegen()._tm
        return instruction in machine.emit_assembly(llvm.parse_assembly(str(module)))
    except Exception:  # numba has moved its target machine: there are plain loops
        return False


SHUFFLE = _shuffle_name()
VECTORS = SHUFFLE is not None
"""Whether the target of numba has what `pop8` and `push8` need, and the JIT is on."""


# Emitting instructions: `b` is LLVM's builder


def _constant(vector: ir.VectorType, value: float) -> ir.Constant:
    return ir.Constant(vector, [value] * vector.count)


def _vector(b: Any, numba_type: types.Type, value: Any) -> Any:
    """Return a vector as it is, and a number in all lanes."""
    if numba_type == u32x8:
        return value
    bits, undefined = value.type.width, ir.Constant(WORDS8, ir.Undefined)
    number = b.trunc(value, WORD) if bits > 32 else b.zext(value, WORD) if bits < 32 else value
    one = b.insert_element(undefined, number, WORD(0))
    return b.shuffle_vector(one, undefined, _constant(WORDS8, 0))


def _element(array_type: Any) -> ir.IntType:
    return ir.IntType(array_type.dtype.bitwidth)


def _address(context: Any, b: Any, array_type: Any, array: Any, i: Any) -> Any:
    if array_type.layout != "C":  # its elements are not side by side
        raise TypeError(f"{array_type} is not C-contiguous")
    return b.gep(context.make_array(array_type)(context, b, array).data, [i])


def _load(b: Any, address: Any, value: ir.Type) -> Any:
    return b.load(b.bitcast(address, value.as_pointer()), align=1)


def _store(b: Any, value: Any, address: Any) -> None:
    b.store(value, b.bitcast(address, value.type.as_pointer()), align=1)


def _widen(b: Any, number: Any, to: ir.IntType) -> Any:
    return b.zext(number, to) if number.type.width < to.width else number


# Arithmetic


def _operation(sign: Callable[..., Any], emit: Callable[..., Any], result: Vector) -> None:
    """Define an operator for two vectors, or a vector and a number for all of its lanes."""

    @intrinsic
    def apply(typing, x, y):  # type: ignore[no-untyped-def]
        def code(context, b, signature, args):  # type: ignore[no-untyped-def]
            return emit(b, *map(partial(_vector, b), signature.args, args))

        return result(x, y), code

    @overload(sign, inline="always")
    def on_vectors(x, y):  # type: ignore[no-untyped-def]
        if u32x8 in (x, y) and all(t == u32x8 or isinstance(t, types.Integer) for t in (x, y)):
            return lambda x, y: apply(x, y)
        return None


_operation(operator.add, lambda b, x, y: b.add(x, y), u32x8)
_operation(operator.sub, lambda b, x, y: b.sub(x, y), u32x8)
_operation(operator.mul, lambda b, x, y: b.mul(x, y), u32x8)
_operation(operator.and_, lambda b, x, y: b.and_(x, y), u32x8)
_operation(operator.or_, lambda b, x, y: b.or_(x, y), u32x8)
_operation(operator.lshift, lambda b, x, y: b.shl(x, y), u32x8)
_operation(operator.rshift, lambda b, x, y: b.lshr(x, y), u32x8)
_operation(operator.lt, lambda b, x, y: b.icmp_unsigned("<", x, y), mask8)
_operation(operator.ge, lambda b, x, y: b.icmp_unsigned(">=", x, y), mask8)


@intrinsic
def select8(typing, mask, x, y):  # type: ignore[no-untyped-def]
    """Return `x` in the lanes of `mask`, and `y` in the others; each a vector or a number."""

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        return b.select(args[0], *map(partial(_vector, b), signature.args[1:], args[1:]))

    return u32x8(mask, x, y), code


@intrinsic
def any8(typing, mask):  # type: ignore[no-untyped-def]
    """Tell whether any lane of `mask` is true."""

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        return b.icmp_unsigned("!=", b.bitcast(args[0], BYTE), BYTE(0))

    return types.boolean(mask), code


@intrinsic
def minimum8(typing, x, y):  # type: ignore[no-untyped-def]
    """Return the smaller number of each lane."""

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        return b.select(b.icmp_unsigned("<", *args), *args)

    return u32x8(x, y), code


@intrinsic
def multiply_high8(typing, x, y):  # type: ignore[no-untyped-def]
    """Return ``x * y >> 32``."""

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        x, y = (b.bitcast(v, LONGS4) for v in args)
        low, high, half = (
            _constant(LONGS4, LOW),
            _constant(LONGS4, HIGH),
            _constant(LONGS4, 32),
        )
        even = b.lshr(b.mul(b.and_(x, low), b.and_(y, low)), half)
        odd = b.and_(b.mul(b.lshr(x, half), b.lshr(y, half)), high)
        return b.bitcast(b.or_(even, odd), WORDS8)

    return u32x8(x, y), code


@intrinsic
def divide8(typing, x, y):  # type: ignore[no-untyped-def]
    """Return ``x // y``, for ``y < 2**16`` and a quotient below ``2**20``.

    Both are rounded to binary32, and so is the quotient: it is off by less than
    ``2**20 * 3 * 2**-24``, so that its integer part is off by 1 at most.
    """

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        x, y = args
        q = b.fptosi(b.fdiv(b.uitofp(x, FLOATS8), b.uitofp(y, FLOATS8)), WORDS8)
        rest = b.sub(x, b.mul(q, y))
        q = b.add(q, b.sext(b.icmp_signed("<", rest, _constant(WORDS8, 0)), WORDS8))
        return b.add(q, b.zext(b.icmp_signed(">=", rest, y), WORDS8))

    return u32x8(x, y), code


# Memory


@intrinsic
def load8(typing, array, i):  # type: ignore[no-untyped-def]
    """Return ``array[i : i + 8]``; integers of up to 32 bits, none negative."""

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        vector = ir.VectorType(_element(array), 8)
        x = _load(b, _address(context, b, array, *args), vector)
        return b.zext(x, WORDS8) if vector.element.width < 32 else x

    return u32x8(array, types.uint64), code


@intrinsic
def store8(typing, array, i, x):  # type: ignore[no-untyped-def]
    """Set ``array[i : i + 8]``, integers of up to 32 bits that hold the numbers."""

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        vector = ir.VectorType(_element(array), 8)
        if vector.element.width > 32:
            raise TypeError(f"{array} has elements of more than 32 bits")
        x = b.trunc(args[2], vector) if vector.element.width < 32 else args[2]
        _store(b, x, _address(context, b, array, *args[:2]))
        return context.get_dummy_value()

    return types.void(array, types.uint64, u32x8), code


@intrinsic
def entries8(typing, table, symbols, i):  # type: ignore[no-untyped-def]
    """Return the lower and the upper halves of ``table[symbols[i : i + 8]]``, uint64 each."""
    pair = types.UniTuple(u32x8, 2)

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        first = _address(context, b, symbols, *args[1:])
        even, odd = (ir.Constant(LONGS4, ir.Undefined) for _ in range(2))
        for k in range(4):
            a, c = (
                _load(
                    b,
                    _address(
                        context,
                        b,
                        table,
                        args[0],
                        _widen(
                            b, _load(b, b.gep(first, [LONG(lane)]), _element(symbols)), LONG
                        ),
                    ),
                    LONG,
                )
                for lane in (2 * k, 2 * k + 1)
            )
            even, odd = b.insert_element(even, a, WORD(k)), b.insert_element(odd, c, WORD(k))
        low, high, half = (
            _constant(LONGS4, LOW),
            _constant(LONGS4, HIGH),
            _constant(LONGS4, 32),
        )
        lower = b.or_(b.and_(even, low), b.shl(odd, half))
        upper = b.or_(b.lshr(even, half), b.and_(odd, high))
        return context.make_tuple(b, pair, [b.bitcast(v, WORDS8) for v in (lower, upper)])

    return pair(table, symbols, types.uint64), code


@intrinsic
def slots8(typing, slots, owners, table, out, i):  # type: ignore[no-untyped-def]
    """Set ``out[i : i + 8]`` to ``owners[slots]``, and return ``table[owners[slots]]``.

    ``owners`` are unsigned integers, no wider than those of ``out``; entries of ``table`` have
    32 bits.
    """

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        slots, owner_array, entry_array, out_array, i = args
        if owners.dtype.bitwidth > out.dtype.bitwidth:  # it would write past an element
            raise TypeError(f"elements of {owners} do not fit those of {out}")
        first = _address(context, b, out, out_array, i)
        pairs = b.bitcast(slots, LONGS4)  # two slots move at a time
        entries = ir.Constant(WORDS8, ir.Undefined)
        for k in range(4):
            both = b.extract_element(pairs, WORD(k))
            for lane, slot in (
                (2 * k, b.and_(both, LONG(LOW))),
                (2 * k + 1, b.lshr(both, LONG(32))),
            ):
                owner = _load(
                    b, _address(context, b, owners, owner_array, slot), _element(owners)
                )
                _store(b, _widen(b, owner, _element(out)), b.gep(first, [LONG(lane)]))
                at = _address(context, b, table, entry_array, _widen(b, owner, LONG))
                entries = b.insert_element(entries, _load(b, at, WORD), WORD(lane))
        return entries

    return u32x8(slots, owners, table, out, types.uint64), code


# Words of a message


def _rows(pops: bool) -> list[list[int]]:
    """Return, for each of 256 masks, 16 indexes of bytes, of which 128 stands for a 0.

    For a pop, the lanes of the mask take the words of a vector from the last one down; for a
    push, they leave their words in a vector, so that the first lane's is the last one.
    """
    rows = []
    for mask in range(256):
        lanes = [k for k in range(8) if mask >> k & 1]
        row = [128] * 16
        for j, lane in enumerate(lanes if pops else reversed(lanes)):
            to, source = (lane, 7 - j) if pops else (j, lane)
            row[2 * to : 2 * to + 2] = 2 * source, 2 * source + 1
        rows.append(row)
    return rows


def _shuffled(b: Any, x: Any, mask: Any, pops: bool) -> Any:
    name = "pop_rows" if pops else "push_rows"
    rows = b.module.globals.get(name)
    if rows is None:
        table = ir.ArrayType(BYTES16, 256)
        constant = ir.Constant(table, [ir.Constant(BYTES16, row) for row in _rows(pops)])
        rows = cgutils.global_constant(b.module, name, constant)
    row = b.load(b.gep(rows, [LONG(0), b.zext(mask, LONG)]), align=16)
    shuffle = cgutils.get_or_insert_function(
        b.module, ir.FunctionType(BYTES16, [BYTES16] * 2), SHUFFLE
    )
    return b.call(shuffle, [x, row])


@intrinsic
def pop8(typing, words, n, x, mask):  # type: ignore[no-untyped-def]
    """Move a word into each lane of `mask`, the top word into the first one.

    Returns ``(x, n)``; the lanes have ``x << 16 | word``. Reads ``words[n - 8 : n]``, a
    uint16 each, whatever the mask.
    """
    result = types.Tuple((u32x8, types.uint64))

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        n, x, mask = args[1], args[2], args[3]
        bits = b.bitcast(mask, BYTE)
        top = _load(b, _address(context, b, words, args[0], b.sub(n, LONG(8))), BYTES16)
        moved = b.zext(b.bitcast(_shuffled(b, top, bits, pops=True), HALVES8), WORDS8)
        x = b.or_(b.select(mask, b.shl(x, _constant(WORDS8, 16)), x), moved)
        return context.make_tuple(b, result, [x, b.sub(n, b.zext(b.ctpop(bits), LONG))])

    return result(words, types.uint64, x, mask), code


@intrinsic
def push8(typing, words, n, x, mask):  # type: ignore[no-untyped-def]
    """Move the lower half of each lane of `mask` out to ``words``, the last lane's first.

    Returns ``n``. Overwrites ``words[n : n + 8]``, whatever the mask; the lanes keep theirs.
    """

    def code(context, b, signature, args):  # type: ignore[no-untyped-def]
        n, x, mask = args[1], args[2], args[3]
        bits = b.bitcast(mask, BYTE)
        halves = b.bitcast(b.trunc(x, HALVES8), BYTES16)
        moved = _shuffled(b, halves, bits, pops=False)
        _store(b, moved, _address(context, b, words, args[0], n))
        return b.add(n, b.zext(b.ctpop(bits), LONG))

    return types.uint64(words, types.uint64, x, mask), code
