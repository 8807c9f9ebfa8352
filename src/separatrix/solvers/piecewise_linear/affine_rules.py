"""Rules of JAX operations on affine values: the table that the reader looks up.

A selection on a sign (``where``, ``leaky_relu``, ``h * (h > 0)``) is rewritten with rectifiers:
``where(z > 0, a, b) = b + step(z) (a - b)`` is continuous when ``a - b`` vanishes wherever ``z``
does.  Then ``step(z) (a - b)`` is a sum of rectifiers: of ``z`` itself and of gates of the same
quantity that lie on the side ``z > 0`` (as in ``hard_tanh``, two selections on one variable).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...enclosure.interval import Interval, point
from ...enclosure.interval.rules.linear import contract
from .affine import Affine, Array, GateTable, Operand, StepFunction, UnrecognizedError, as_affine

Rule = Callable[..., Any]
# Constants folded in float64 differ from the written ones by a few roundings; a real jump is
# far larger.  Anything in between is refused as a jump.
_ROUNDINGS = 64 * np.finfo(np.float64).eps

Axes = Any  # JAX writes axes as Python or as NumPy integers


def _add(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        return a.plus(b)
    return a.shifted(b) if isinstance(a, Affine) else as_affine(b, table.width).shifted(a)


def _neg(table: GateTable, a: Operand, **_: Any) -> Operand:
    if not isinstance(a, Affine):
        return -np.asarray(a, np.float64)
    return a.scaled(np.array(-1.0))


def _sub(table: GateTable, a: Operand, b: Operand) -> Affine:
    return _add(table, a, _neg(table, b))


def _mul(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    for step, other in ((a, b), (b, a)):
        if isinstance(step, StepFunction):
            factor = as_affine(other, table.width)
            above, below = (factor.scaled(np.asarray(v, float)) for v in (step.above, step.below))
            return _select(table, step.quantity, above, below)
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


def _max(table: GateTable, a: Operand, b: Operand, **_: Any) -> Affine:
    """Return ``max(a, b) = b + relu(a - b)``, the constant last so that relu is its own gate."""
    if not isinstance(a, Affine):
        a, b = b, a
    difference = as_affine(_sub(table, a, b), table.width)
    return as_affine(_add(table, table.relu(difference), b), table.width)


def _abs(table: GateTable, a: Affine, **_: Any) -> Affine:
    return table.relu(a).scaled(np.array(2.0)).minus(a)


def _largest(table: GateTable, a: Affine, *, axes: Any, **_: Any) -> Affine:
    if not all(a.shape[axis] for axis in axes):
        raise UnrecognizedError("it takes the largest or smallest of no elements")
    for axis in sorted(axes, reverse=True):
        entries = [_take(a, axis, i) for i in range(a.shape[axis])]
        a = entries[0]
        for entry in entries[1:]:
            a = _max(table, a, entry)
    return a


def _take(a: Affine, axis: int, index: int) -> Affine:
    taken = (np.asarray(v.take(index, axis + k)) for k, v in ((1, a.coefficients), (0, a.constant)))
    return Affine(*taken)


def _reduce_sum(table: GateTable, a: Affine, *, axes: Axes, **_: Any) -> Affine:
    over = tuple(axis + 1 for axis in axes)
    return Affine(a.coefficients.sum(axis=over), np.asarray(a.constant.sum(axis=tuple(axes))))


def _dot_general(
    table: GateTable, a: Operand, b: Operand, *, dimension_numbers: Any, **_: Any
) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise UnrecognizedError("it multiplies two values that both depend on the state")
    for side in (a, b):
        if isinstance(side, StepFunction):
            raise UnrecognizedError("a comparison of the state enters a product: it jumps")

    def product(x: Any, y: Any, leads: tuple[int, int]) -> Array:
        first, second = (point(np.asarray(array, np.float64)[None]) for array in (x, y))
        return contract(first, second, leads, dimension_numbers, _multiplied).lower[0]

    if isinstance(a, Affine):
        return Affine(product(a.coefficients, b, (2, 1)), product(a.constant, b, (1, 1)))
    return Affine(product(a, b.coefficients, (1, 2)), product(a, b.constant, (1, 1)))


def _multiplied(x: Interval, y: Interval, sharp: bool) -> Interval:
    """Multiply matrices as NumPy does, without bounds."""
    return point(np.matmul(x.lower, y.lower))


def _sign(table: GateTable, a: Affine, **_: Any) -> StepFunction:
    return StepFunction.of(np.sign, a)


def _less(table: GateTable, a: Operand, b: Operand, **_: Any) -> StepFunction:
    return StepFunction.of(lambda difference: difference > 0, _sub(table, b, a))


def _less_equal(table: GateTable, a: Operand, b: Operand, **_: Any) -> StepFunction:
    return StepFunction.of(lambda difference: difference >= 0, _sub(table, b, a))


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
        return _select(table, which.is_true(), branches[1], branches[0])
    width = max(len(branch.coefficients) for branch in branches)
    chosen = np.clip(np.asarray(which, dtype=np.intp), 0, len(branches) - 1)
    chosen = np.broadcast_to(chosen, branches[0].shape)[None]
    rows = np.stack([branch.widened(width) for branch in branches])
    constants = np.stack([branch.constant for branch in branches])
    return Affine(
        np.take_along_axis(rows, chosen[:, None], 0)[0],
        np.asarray(np.take_along_axis(constants, chosen, 0)[0]),
    )


def _select(table: GateTable, quantity: Affine, above: Affine, below: Affine) -> Affine:
    """Return ``where(quantity > 0, above, below)``, entry by entry."""
    shape = np.broadcast_shapes(quantity.shape, above.shape, below.shape)
    difference, quantity = above.minus(below).broadcast(shape), quantity.broadcast(shape)
    width = table.width
    (z_rows, z_constants), (d_rows, d_constants) = (
        (Affine(value.widened(width), value.constant).rows, value.constant.ravel())
        for value in (quantity, difference)
    )
    slopes = np.zeros(len(z_rows))
    extra = np.zeros((len(z_rows), width))
    extra_constants = np.zeros(len(z_rows))
    for i in range(len(z_rows)):
        if not z_rows[i].any():  # A constant comparison only chooses.
            if z_constants[i] > 0:
                extra[i], extra_constants[i] = d_rows[i], d_constants[i]
            continue
        slopes[i], extra[i], extra_constants[i] = _above_zero(
            table, z_rows[i], float(z_constants[i]), d_rows[i], float(d_constants[i])
        )
    kept = Affine(extra.T.reshape(width, *shape), extra_constants.reshape(shape))
    slope = slopes.reshape(shape)
    gated = table.relu(quantity.scaled(slope != 0)).scaled(slope)
    return below.plus(gated).plus(kept)


def _above_zero(
    table: GateTable, z_row: Array, z_constant: float, d_row: Array, d_constant: float
) -> tuple[float, Array, float]:
    """Write ``step(z) d`` as ``slope * relu(z) + row @ (x, g) + constant``."""
    n = table.size
    row, constant = np.zeros_like(d_row), 0.0
    rest, rest_constant = d_row.copy(), d_constant
    scale = abs(d_constant)
    for gate in np.flatnonzero(d_row[n:]):
        gate_row = np.zeros_like(d_row)
        gate_row[: len(table.rows[gate])] = table.rows[gate]
        ratio = _ratio(gate_row, z_row)
        if ratio is None:
            continue
        weight = float(d_row[n + gate])
        offset = table.constants[gate] - ratio * z_constant  # the gate is relu(ratio z + offset)
        scale += abs(weight) * (abs(table.constants[gate]) + abs(ratio * z_constant))
        rest[n + gate] = 0.0
        if -offset / ratio > 0:  # Its kink lies on the side z > 0.
            row[n + gate] += weight
            if ratio < 0:  # relu(y) = y + relu(-y), and relu(-y) is zero for z < 0.
                row -= weight * gate_row
                constant -= weight * table.constants[gate]
        if ratio < 0 < -offset / ratio or (ratio > 0 and -offset / ratio <= 0):
            rest += weight * gate_row
            rest_constant += weight * table.constants[gate]
    slope = _ratio(rest, z_row) if rest.any() else 0.0
    jump = np.inf if slope is None else abs(rest_constant - slope * z_constant)
    if slope is None or jump > _ROUNDINGS * (scale + abs(slope * z_constant)):
        raise UnrecognizedError(
            "a selection on a sign is discontinuous (or not recognized as continuous): its two "
            "branches do not meet where the compared quantity changes sign"
        )
    return slope, row, constant


def _ratio(row: Array, reference: Array) -> float | None:
    """Return ``a`` with ``row = a * reference`` to rounding, or None."""
    pivot = int(np.abs(reference).argmax())
    ratio = float(row[pivot] / reference[pivot])
    error = np.abs(row - ratio * reference)
    if ratio == 0.0 or (error > _ROUNDINGS * np.abs(ratio * reference)).any():
        return None
    return ratio


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
    "dot_general": _dot_general,
    "add": _add,
    "neg": _neg,
    "mul": _mul,
    "div": _div,
    "integer_pow": _integer_pow,
    "max": _max,
    "abs": _abs,
    "reduce_max": _largest,
    "sign": _sign,
    "lt": _less,
    "le": _less_equal,
    "select_n": _select_n,
    "convert_element_type": _convert,
}

STEP_RULES = frozenset(("mul", "select_n", "convert_element_type"))
"""The rules that may be given a comparison; any other needs a continuous value."""

OF_EITHER_SIDE = frozenset(("add", "sub", "neg", "mul", "div", "lt", "le", "not"))
"""The operations that make of a single comparison, and of constants, what it is on either side."""
