r"""Whether the two sides of a choice meet where it switches.

``where(a > b, f, g)`` with a constant threshold b is continuous if f = g wherever a = b. When f and
g are elementwise functions of a alone this can be decided exactly: a is replaced by b, and both
sides are computed in rational arithmetic, together with the few values of elementary functions that
are rational (exp 0 = 1, tanh 0 = 0 …). So leaky ReLU, ELU, SELU and hard tanh are recognized
whatever they are called, and a step function is not. Each side is followed over the whole box by
the interpreter, so its own continuity is seen to there.

Then the slopes of the choice lie in the hull of the slopes of both sides: between two points on
either side there is, on the segment that joins them, a point where a = b, and there f = g.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from ...flat import FlatProgram, Step
from ..arithmetic import Array
from ..values import Known

_COMPARISONS = ("gt", "ge", "lt", "le", "eq", "ne")


def branches_meet(program: FlatProgram, known: Known, step: Step) -> bool:
    """Whether both cases of a ``select_n`` are proved equal where its predicate switches."""
    predicate = program.producers.get(step.inputs[0])
    if predicate is None or predicate.name not in _COMPARISONS:
        return False
    left, right = predicate.inputs
    if step.inputs[1] == step.inputs[2]:
        return True
    if set(step.inputs[1:]) == {left, right}:
        return True  # where(a > b, a, b): a maximum or minimum in other words
    for compared, threshold in ((left, right), (right, left)):
        value = _constant(known, threshold)
        if value is not None:
            found = {compared: value}
            sides = [_at_switch(program, known, slot, dict(found)) for slot in step.inputs[1:]]
            return (
                sides[0] is not None and sides[1] is not None and bool(np.all(sides[0] == sides[1]))
            )
    return False


def _constant(known: Known, slot: int) -> Array | None:
    """Return the exactly known value of a slot, as fractions."""
    bounds = known[slot].bounds if slot in known else None
    if bounds is None or not bounds.exact or not np.all(np.isfinite(bounds.lower)):
        return None
    return _fractions(bounds.lower[0])


def _fractions(array: Array) -> Array:
    if array.dtype == bool:
        return array.astype(object)
    result = np.frompyfunc(Fraction, 1, 1)(array)
    return np.asarray(result, dtype=object)


_Found = dict[int, Array | None]


def _at_switch(program: FlatProgram, known: Known, slot: int, found: _Found) -> Array | None:
    """Evaluate a slot with the compared quantity at its threshold, if the result is rational."""
    if slot not in found:
        found[slot] = _constant(known, slot)
        step = program.producers.get(slot)
        if found[slot] is None and step is not None:
            found[slot] = _evaluate(program, known, step, found)
    return found[slot]


def _evaluate(program: FlatProgram, known: Known, step: Step, found: _Found) -> Array | None:
    if step.name not in _RATIONAL and step.name not in _SPECIAL:
        return None
    kinds = {dtype.kind for dtype in (*step.input_dtypes, *step.dtypes)}
    if step.dtypes[0].kind not in "fb" or (step.name == "convert_element_type" and "b" in kinds):
        return None  # a number made a truth value, or the reverse, is another one
    operands = [_at_switch(program, known, slot, found) for slot in step.inputs]
    values = [operand for operand in operands if operand is not None]
    if len(values) < len(operands):
        return None
    try:
        return np.asarray(np.frompyfunc(_function(step), len(values), 1)(*values), dtype=object)
    except (ArithmeticError, KeyError):
        return None


def _function(step: Step) -> Callable[..., Any]:
    if step.name in _SPECIAL:
        return _SPECIAL[step.name].__getitem__
    if step.name == "integer_pow":
        return lambda x: x ** int(step.params["y"])
    return _RATIONAL[step.name]


_RATIONAL: dict[str, Callable[..., Any]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "abs": abs,
    "square": lambda x: x * x,
    "integer_pow": pow,
    "max": max,
    "min": min,
    "gt": lambda x, y: x > y,
    "ge": lambda x, y: x >= y,
    "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y,
    "eq": lambda x, y: x == y,
    "ne": lambda x, y: x != y,
    "clamp": lambda least, x, greatest: min(max(x, least), greatest),
    # As XLA does: a number beyond the last case is that one, one below 0 the first.
    "select_n": lambda which, *cases: cases[min(max(int(which), 0), len(cases) - 1)],
    "convert_element_type": lambda x: x,
    "copy": lambda x: x,
    "stop_gradient": lambda x: x,
}
_ZERO, _ONE = Fraction(0), Fraction(1)
_SPECIAL: dict[str, dict[Fraction, Fraction]] = {
    **{
        name: {_ZERO: _ZERO}
        for name in ("expm1", "log1p", "tanh", "sinh", "sin", "atan", "asinh", "erf")
    },
    **{name: {_ZERO: _ONE} for name in ("exp", "cos", "cosh")},
    "logistic": {_ZERO: Fraction(1, 2)},
    "log": {_ONE: _ZERO},
    "sqrt": {_ZERO: _ZERO, _ONE: _ONE},
}
