"""Rules of JAX operations on affine values: the table that the reader looks up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .affine import Affine, GateTable, Operand, StepFunction, UnrecognizedError, as_affine
from .selections import select

Rule = Callable[..., Any]
Axes = Any  # JAX writes axes as Python or as NumPy integers


def _add(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        return a.plus(b)
    return a.shifted(b) if isinstance(a, Affine) else as_affine(b, table.width).shifted(a)


def _neg(table: GateTable, a: Operand, **_: Any) -> Operand:
    if not isinstance(a, Affine):
        return -np.asarray(a, np.float64)
    return a.scaled(np.array(-1.0))


def _sub(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    return _add(table, a, _neg(table, b))


def _mul(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    for step, other in ((a, b), (b, a)):
        if isinstance(step, StepFunction):
            factor = as_affine(other, table.width)
            above, below = (factor.scaled(np.asarray(v, float)) for v in (step.above, step.below))
            return select(table, step.quantity, above, below)
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise UnrecognizedError("it multiplies two values that both depend on the state")
    return a.scaled(b) if isinstance(a, Affine) else b.scaled(a)


def _div(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    if not isinstance(a, Affine) or isinstance(b, Affine):
        raise UnrecognizedError("it divides by a value that depends on the state")
    return a.divided(b)


def _integer_pow(table: GateTable, a: Affine, *, y: Any) -> Affine:
    if y != 1:
        raise UnrecognizedError(f"it raises a value that depends on the state to the power {y}")
    return a


def _identity(table: GateTable, a: Operand, **_: Any) -> Operand:
    return a


def _max(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    """Return ``max(a, b) = b + relu(a - b)``, the constant last so that relu is its own gate."""
    if not isinstance(a, Affine):
        a, b = b, a
    difference = as_affine(_sub(table, a, b), table.width)
    return as_affine(_add(table, table.relu(difference), b), table.width)


def _min(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    return _neg(table, _max(table, _neg(table, a), _neg(table, b)))


def _abs(table: GateTable, a: Affine, **_: Any) -> Affine:
    return table.relu(a).scaled(np.array(2.0)).minus(a)


def _clamp(table: GateTable, low: Operand, a: Operand, high: Operand, **_: Any) -> Affine:
    return _min(table, _max(table, a, low), high)


def _reduce(pairwise: Rule) -> Rule:
    def rule(table: GateTable, a: Affine, *, axes: Any, **_: Any) -> Affine:
        if not all(a.shape[axis] for axis in axes):
            raise UnrecognizedError("it takes the largest or smallest of no elements")
        for axis in sorted(axes, reverse=True):
            entries = [_take(a, axis, i) for i in range(a.shape[axis])]
            a = entries[0]
            for entry in entries[1:]:
                a = pairwise(table, a, entry)
        return a

    return rule


def _take(a: Affine, axis: int, index: int) -> Affine:
    taken = (np.asarray(v.take(index, axis + k)) for k, v in ((1, a.coefficients), (0, a.constant)))
    return Affine(*taken)


def _reduce_sum(table: GateTable, a: Affine, *, axes: Axes, **_: Any) -> Affine:
    over = tuple(axis + 1 for axis in axes)
    return Affine(a.coefficients.sum(axis=over), np.asarray(a.constant.sum(axis=tuple(axes))))


def _cumsum(table: GateTable, a: Affine, *, axis: Axes, reverse: bool) -> Affine:
    def running(v: np.ndarray, axis: int) -> np.ndarray:
        return np.flip(np.flip(v, axis).cumsum(axis), axis) if reverse else v.cumsum(axis)

    return Affine(running(a.coefficients, axis + 1), running(a.constant, axis))


def _dot_general(
    table: GateTable, a: Operand, b: Operand, *, dimension_numbers: Any, **_: Any
) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise UnrecognizedError("it multiplies two values that both depend on the state")
    for side in (a, b):
        if isinstance(side, StepFunction):
            raise UnrecognizedError("a comparison of the state enters a product: it jumps")
    left, right, out = _einsum_axes(len(a.shape), len(b.shape), dimension_numbers)
    if isinstance(a, Affine):
        other = np.asarray(b, dtype=np.float64)
        axes = f"Z{left},{right}->Z{out}"
        coefficients = np.einsum(axes, a.coefficients, other, optimize=True)
        constant = np.einsum(f"{left},{right}->{out}", a.constant, other)
    else:
        other = np.asarray(a, dtype=np.float64)
        axes = f"{left},Z{right}->Z{out}"
        coefficients = np.einsum(axes, other, b.coefficients, optimize=True)
        constant = np.einsum(f"{left},{right}->{out}", other, b.constant)
    return Affine(coefficients, np.asarray(constant))


def _einsum_axes(rank_a: int, rank_b: int, dimension_numbers: Any) -> tuple[str, str, str]:
    """Write a dot_general as an einsum: batch axes first, then the free axes of each side."""
    (contract_a, contract_b), (batch_a, batch_b) = dimension_numbers
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    left, right = [""] * rank_a, [""] * rank_b
    for axes_a, axes_b in ((batch_a, batch_b), (contract_a, contract_b)):
        for i, j in zip(axes_a, axes_b, strict=True):
            left[i] = right[j] = next(letters)
    free_a = [i for i, letter in enumerate(left) if not letter]
    free_b = [i for i, letter in enumerate(right) if not letter]
    for side, free in ((left, free_a), (right, free_b)):
        for i in free:
            side[i] = next(letters)
    out = [left[i] for i in batch_a] + [left[i] for i in free_a] + [right[j] for j in free_b]
    return "".join(left), "".join(right), "".join(out)


def _sign(table: GateTable, a: Affine, **_: Any) -> StepFunction:
    return StepFunction.of(np.sign, a)


def _comparison(compare: Callable[[np.ndarray, np.ndarray], np.ndarray], greater: bool) -> Rule:
    def holds(difference: np.ndarray) -> np.ndarray:
        return np.asarray(compare(difference, np.zeros(())))

    def rule(table: GateTable, a: Operand, b: Operand, **_: Any) -> StepFunction:
        return StepFunction.of(holds, _sub(table, a, b) if greater else _sub(table, b, a))

    return rule


def _select_n(table: GateTable, which: Operand, *cases: Operand, **_: Any) -> Affine | StepFunction:
    if isinstance(which, Affine) or (isinstance(which, StepFunction) and which.above.dtype != bool):
        raise UnrecognizedError("it selects by an integer that depends on the state")
    if isinstance(which, StepFunction) and not any(
        isinstance(case, (Affine, StepFunction)) for case in cases
    ):
        if not which.shape:  # one choice for all entries
            which = which.broadcast(cases[0].shape)
        return which.map(lambda side: np.asarray(np.where(side, cases[1], cases[0])))
    branches = [as_affine(case, table.width) for case in cases]
    if isinstance(which, StepFunction):
        return select(table, which.is_true(), branches[1], branches[0])
    width = max(len(branch.coefficients) for branch in branches)
    chosen = np.clip(np.asarray(which, dtype=np.intp), 0, len(branches) - 1)
    chosen = np.broadcast_to(chosen, branches[0].shape)[None]
    rows = np.stack([branch.widened(width) for branch in branches])
    constants = np.stack([branch.constant for branch in branches])
    return Affine(
        np.take_along_axis(rows, chosen[:, None], 0)[0],
        np.asarray(np.take_along_axis(constants, chosen, 0)[0]),
    )


def _convert(table: GateTable, a: Operand, *, new_dtype: Any, **_: Any) -> Operand:
    to_real = np.issubdtype(new_dtype, np.floating)
    if isinstance(a, StepFunction):
        converted = a.map(lambda v: v.astype(new_dtype))
        sides = ((converted.above, a.above), (converted.below, a.below))
        if to_real or all(np.array_equal(new, old) for new, old in sides):
            return converted
    if not to_real:
        raise UnrecognizedError(f"it converts a value that depends on the state to {new_dtype}")
    return a


RULES: dict[str, Rule] = {
    "reduce_sum": _reduce_sum,
    "cumsum": _cumsum,
    "dot_general": _dot_general,
    "add": _add,
    "add_any": _add,
    "sub": _sub,
    "neg": _neg,
    "mul": _mul,
    "div": _div,
    "integer_pow": _integer_pow,
    "max": _max,
    "min": _min,
    "abs": _abs,
    "clamp": _clamp,
    "reduce_max": _reduce(_max),
    "reduce_min": _reduce(_min),
    "sign": _sign,
    "gt": _comparison(np.greater, greater=True),
    "ge": _comparison(np.greater_equal, greater=True),
    "lt": _comparison(np.greater, greater=False),
    "le": _comparison(np.greater_equal, greater=False),
    "select_n": _select_n,
    "convert_element_type": _convert,
    "reduce_precision": _identity,
}

STEP_RULES = frozenset(("mul", "select_n", "convert_element_type"))
"""The rules that may be given a comparison; any other needs a continuous value."""

OF_EITHER_SIDE = frozenset(("add", "sub", "neg", "mul", "div", "gt", "ge", "lt", "le", "not"))
"""The operations that make of a single comparison, and of constants, what it is on either side."""
