"""What each JAX operation does to affine values: the table that the reader looks up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .affine import Affine, GateTable, Step, UnrecognizedError, Value, as_affine
from .linear_rules import LINEAR_RULES, REARRANGEMENTS, Rule
from .selections import select


def _add(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        return a.plus(b)
    return a.shifted(b) if isinstance(a, Affine) else as_affine(b, table.width).shifted(a)


def _neg(table: GateTable, a: Value, **_: Any) -> Value:
    if not isinstance(a, Affine):
        return -np.asarray(a, np.float64)
    return a.scaled(np.array(-1.0))


def _sub(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    return _add(table, a, _neg(table, b))


def _mul(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    for step, other in ((a, b), (b, a)):
        if isinstance(step, Step):
            factor = as_affine(other, table.width)
            above, below = (factor.scaled(np.asarray(v, float)) for v in (step.above, step.below))
            return select(table, step.quantity, above, below)
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise UnrecognizedError("it multiplies two values that both depend on the state")
    return a.scaled(b) if isinstance(a, Affine) else b.scaled(a)


def _div(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    if not isinstance(a, Affine) or isinstance(b, Affine):
        raise UnrecognizedError("it divides by a value that depends on the state")
    return Affine(a.coefficients / np.asarray(b, np.float64)[..., None], np.asarray(a.constant / b))


def _integer_pow(table: GateTable, a: Affine, *, y: Any) -> Affine:
    if y != 1:
        raise UnrecognizedError(f"it raises a value that depends on the state to the power {y}")
    return a


def _identity(table: GateTable, a: Value, **_: Any) -> Value:
    return a


def _max(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    """Return ``max(a, b) = b + relu(a - b)``, the constant last so that relu is its own gate."""
    if not isinstance(a, Affine):
        a, b = b, a
    difference = as_affine(_sub(table, a, b), table.width)
    return as_affine(_add(table, table.relu(difference), b), table.width)


def _min(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    return _neg(table, _max(table, _neg(table, a), _neg(table, b)))


def _abs(table: GateTable, a: Affine, **_: Any) -> Affine:
    return table.relu(a).scaled(np.array(2.0)).minus(a)


def _clamp(table: GateTable, low: Value, a: Value, high: Value, **_: Any) -> Affine:
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
    return a.map(
        lambda v: np.asarray(v.take(index, axis)), lambda v: np.asarray(v.take(index, axis))
    )


def _sign(table: GateTable, a: Affine, **_: Any) -> Step:
    return Step.of(np.sign, a)


def _comparison(compare: Callable[[np.ndarray, np.ndarray], np.ndarray], greater: bool) -> Rule:
    def holds(difference: np.ndarray) -> np.ndarray:
        return np.asarray(compare(difference, np.zeros(())))

    def rule(table: GateTable, a: Value, b: Value, **_: Any) -> Step:
        return Step.of(holds, _sub(table, a, b) if greater else _sub(table, b, a))

    return rule


def _select_n(table: GateTable, which: Value, *cases: Value, **_: Any) -> Affine | Step:
    if isinstance(which, Affine) or (isinstance(which, Step) and which.above.dtype != bool):
        raise UnrecognizedError("it selects by an integer that depends on the state")
    if isinstance(which, Step) and not any(isinstance(case, (Affine, Step)) for case in cases):
        if not which.shape:  # one choice for all entries
            spread = LINEAR_RULES["broadcast_in_dim"]
            which = spread(table, which, shape=cases[0].shape, broadcast_dimensions=())
        return which.map(lambda side: np.asarray(np.where(side, cases[1], cases[0])))
    branches = [as_affine(case, table.width) for case in cases]
    if isinstance(which, Step):
        return select(table, which.is_true(), branches[1], branches[0])
    width = max(branch.coefficients.shape[-1] for branch in branches)
    chosen = np.clip(np.asarray(which, dtype=np.intp), 0, len(branches) - 1)
    chosen = np.broadcast_to(chosen, branches[0].shape)[None]
    rows = np.stack([branch.widened(width) for branch in branches])
    constants = np.stack([branch.constant for branch in branches])
    return Affine(
        np.take_along_axis(rows, chosen[..., None], 0)[0],
        np.asarray(np.take_along_axis(constants, chosen, 0)[0]),
    )


def _convert(table: GateTable, a: Value, *, new_dtype: Any, **_: Any) -> Value:
    to_real = np.issubdtype(new_dtype, np.floating)
    if isinstance(a, Step):
        converted = a.map(lambda v: v.astype(new_dtype))
        sides = ((converted.above, a.above), (converted.below, a.below))
        if to_real or all(np.array_equal(new, old) for new, old in sides):
            return converted
    if not to_real:
        raise UnrecognizedError(f"it converts a value that depends on the state to {new_dtype}")
    return a


RULES: dict[str, Rule] = {
    **LINEAR_RULES,
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
    "copy": _identity,
    "copy_p": _identity,
    "reduce_precision": _identity,
    "sharding_constraint": _identity,
    "stop_gradient": _identity,
}

STEP_RULES = frozenset(
    ("mul", "select_n", "convert_element_type", "copy", "copy_p", "sharding_constraint")
).union(("stop_gradient",), REARRANGEMENTS)
"""The operations that may be given a comparison; any other needs a continuous value."""

OF_EITHER_SIDE = frozenset(("add", "sub", "neg", "mul", "div", "gt", "ge", "lt", "le", "not"))
"""The operations that make of a single comparison, and of constants, what it is on either side."""
