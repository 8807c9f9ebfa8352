"""What each JAX operation does to affine values: the table that the reader looks up."""

from __future__ import annotations

from typing import Any

import numpy as np

from .affine import Affine, GateTable, Predicate, UnrecognisedError, Value, as_affine
from .linear_rules import LINEAR_RULES, Rule
from .selections import select


def _add(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    if isinstance(a, Affine) and isinstance(b, Affine):
        return a.plus(b)
    return a.shifted(b) if isinstance(a, Affine) else as_affine(b, table.width).shifted(a)


def _neg(table: GateTable, a: Value, **_: Any) -> Affine:
    return as_affine(a, table.width).scaled(np.array(-1.0))


def _sub(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    return _add(table, a, _neg(table, b))


def _mul(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    for gate, other in ((a, b), (b, a)):
        if isinstance(gate, Predicate):
            product = as_affine(other, table.width)
            zero = as_affine(np.zeros(product.shape), table.width)
            return select(table, gate.quantity, product, zero)
    if isinstance(a, Affine) and isinstance(b, Affine):
        raise UnrecognisedError("it multiplies two values that both depend on the state")
    return a.scaled(b) if isinstance(a, Affine) else b.scaled(a)


def _div(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    if not isinstance(a, Affine) or isinstance(b, (Affine, Predicate)):
        raise UnrecognisedError("it divides by a value that depends on the state")
    return Affine(a.coefficients / np.asarray(b, np.float64)[..., None], np.asarray(a.constant / b))


def _integer_pow(table: GateTable, a: Affine, *, y: Any) -> Affine:
    if y != 1:
        raise UnrecognisedError(f"it raises a value that depends on the state to the power {y}")
    return a


def _identity(table: GateTable, a: Value, **_: Any) -> Value:
    return a


def _max(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    """Return ``max(a, b) = b + relu(a - b)``, the constant last so that relu is its own gate."""
    if not isinstance(a, Affine):
        a, b = b, a
    return _add(table, table.relu(_sub(table, a, b)), b)


def _min(table: GateTable, a: Value, b: Value, **_: Any) -> Affine:
    return _neg(table, _max(table, _neg(table, a), _neg(table, b)))


def _abs(table: GateTable, a: Affine, **_: Any) -> Affine:
    return table.relu(a).scaled(np.array(2.0)).minus(a)


def _clamp(table: GateTable, low: Value, a: Value, high: Value, **_: Any) -> Affine:
    return _min(table, _max(table, a, low), high)


def _reduce(pairwise: Rule) -> Rule:
    def rule(table: GateTable, a: Affine, *, axes: Any, **_: Any) -> Affine:
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


def _greater(table: GateTable, a: Value, b: Value, **_: Any) -> Predicate:
    return Predicate(_sub(table, a, b))


def _less(table: GateTable, a: Value, b: Value, **_: Any) -> Predicate:
    return Predicate(_sub(table, b, a))


def _not(table: GateTable, a: Predicate, **_: Any) -> Predicate:
    return Predicate(_neg(table, a.quantity))


def _select_n(table: GateTable, which: Value, *cases: Value, **_: Any) -> Affine:
    branches = [as_affine(case, table.width) for case in cases]
    if isinstance(which, Predicate):
        return select(table, which.quantity, branches[1], branches[0])
    if isinstance(which, Affine):
        raise UnrecognisedError("it selects by an integer that depends on the state")
    width = max(branch.coefficients.shape[-1] for branch in branches)
    chosen = np.broadcast_to(np.asarray(which, dtype=np.intp), branches[0].shape)
    rows = np.choose(chosen[..., None], [branch.widened(width) for branch in branches])
    return Affine(rows, np.asarray(np.choose(chosen, [branch.constant for branch in branches])))


def _convert(table: GateTable, a: Value, *, new_dtype: Any, **_: Any) -> Value:
    if isinstance(a, Predicate):
        return Predicate(a.quantity, numeric=True)
    if not np.issubdtype(new_dtype, np.floating):
        raise UnrecognisedError(f"it converts a value that depends on the state to {new_dtype}")
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
    "gt": _greater,
    "ge": _greater,
    "lt": _less,
    "le": _less,
    "not": _not,
    "select_n": _select_n,
    "convert_element_type": _convert,
    "copy": _identity,
    "copy_p": _identity,
    "reduce_precision": _identity,
    "sharding_constraint": _identity,
    "stop_gradient": _identity,
}
