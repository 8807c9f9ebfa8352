"""Comparisons, three-valued, and what chooses by them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arithmetic import Array, Interval, hull, maximum, minimum, point
from ..program import Program, Step
from ..values import Rule, Run, Value, aligned, count_inputs, doubts, zero_slopes
from .continuity import branches_meet
from .doubt import refused_if_in_doubt
from .exact import decided
from .extremes import extreme_of

_JUMP = (
    "not shown to be continuous: a comparison is undecided within the box "
    "and its branches are not shown to meet"
)


def truth(certain: Array, possible: Array) -> Value:
    """Make a truth value; a point where it is decided everywhere."""
    decided = np.array_equal(certain, possible)
    return Value(point(certain) if decided else Interval(certain, possible))


# Certainly and possibly, for reals a and b in two intervals.
def _less(a: Interval, b: Interval) -> tuple[Array, Array]:
    return a.upper < b.lower, a.lower < b.upper


def _less_equal(a: Interval, b: Interval) -> tuple[Array, Array]:
    return a.upper <= b.lower, a.lower <= b.upper


def _equal(a: Interval, b: Interval) -> tuple[Array, Array]:
    certain = (a.lower == a.upper) & (b.lower == b.upper) & (a.lower == b.lower)
    return certain, (a.lower <= b.upper) & (a.upper >= b.lower)


def _may_be_nan(*values: Interval) -> Array:
    """Tell where a bound is NaN: one suffices, as of log over [-1, 1/2], whose other one is known.

    What is compared may be NaN there, which is neither less nor more than anything, nor equal.
    """
    unknown = [np.isnan(end) for value in values for end in (value.lower, value.upper)]
    return np.logical_or.reduce(np.broadcast_arrays(*unknown))


def _compare(
    relation: Callable[[Interval, Interval], tuple[Array, Array]], reflexive: bool, negated: bool
) -> Rule:
    """Compare; a real number with itself is decided (``x != x``, the test for NaN, is false)."""

    def rule(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
        first, second = aligned(first, second)
        if step.inputs[0] == step.inputs[1]:
            certain = possible = np.full(first.bounds.shape, reflexive)
        else:
            certain, possible = relation(first.bounds, second.bounds)
        if first.bounds.lower.dtype.kind == second.bounds.lower.dtype.kind == "f":
            unknown = _may_be_nan(first.bounds, second.bounds)
            if first.doubt is not None or second.doubt is not None:
                unknown = unknown | refused_if_in_doubt(run, doubts(first) | doubts(second))
            certain, possible = certain & ~unknown, possible | unknown
        return truth(~possible, ~certain) if negated else truth(certain, possible)

    return rule


def _is_finite(run: Run, program: Program, step: Step, value: Value) -> Value:
    certain = np.isfinite(value.bounds.lower) & np.isfinite(value.bounds.upper)
    if value.doubt is not None:
        certain = certain & ~refused_if_in_doubt(run, value.doubt)
    possible = certain | ~(value.bounds.exact & ~np.isfinite(value.bounds.lower))
    return truth(certain, possible)


def _logic(function: Callable[..., Array]) -> Rule:
    """AND and OR increase in each operand, so they act on "certainly" and "possibly" alike."""

    def rule(run: Run, program: Program, step: Step, *values: Value) -> Value:
        bounds = [value.bounds for value in aligned(*values)]
        return truth(function(*(b.lower for b in bounds)), function(*(b.upper for b in bounds)))

    return rule


def _not(run: Run, program: Program, step: Step, value: Value) -> Value:
    return truth(~value.bounds.upper, ~value.bounds.lower)


_AND, _OR = _logic(np.logical_and), _logic(np.logical_or)


def _clamp(
    run: Run, program: Program, step: Step, least: Value, value: Value, greatest: Value
) -> Value | list[Value]:
    return _AND(run, program, step, _OR(run, program, step, least, value), greatest)


def _xor(run: Run, program: Program, step: Step, first: Value, second: Value) -> Value:
    a, b = (value.bounds for value in aligned(first, second))
    certain = (a.lower & ~b.upper) | (~a.upper & b.lower)
    impossible = (a.lower & b.lower) | (~a.upper & ~b.upper)
    return truth(certain, ~impossible)


def _reduce(function: Callable[..., Array]) -> Rule:
    def rule(run: Run, program: Program, step: Step, value: Value) -> Value:
        axes = tuple(axis + 1 for axis in step.params["axes"])
        return truth(
            function(value.bounds.lower, axis=axes), function(value.bounds.upper, axis=axes)
        )

    return rule


def select(which: Value, if_false: Value, if_true: Value) -> Value:
    """One of two values, or the hull of both where the choice is undecided."""
    which, if_false, if_true = aligned(which, if_false, if_true)
    exact = which.bounds.exact and if_false.bounds.exact and if_true.bounds.exact
    bounds = _choose(which.bounds, if_false.bounds, if_true.bounds)
    bounds = point(bounds.lower) if exact else bounds
    doubt = None
    if if_false.doubt is not None or if_true.doubt is not None:
        doubt = (which.bounds.upper & doubts(if_true)) | (~which.bounds.lower & doubts(if_false))
    inputs = count_inputs(if_false, if_true)
    if inputs is None:
        return Value(bounds, None, doubt)
    slopes = [value.slopes or zero_slopes(value, inputs) for value in (if_false, if_true)]
    return Value(bounds, _choose(which.bounds[:, None], *slopes), doubt)


def _choose(which: Interval, if_false: Interval, if_true: Interval) -> Interval:
    lower = np.where(which.lower, if_true.lower, if_false.lower)
    upper = np.where(which.lower, if_true.upper, if_false.upper)
    if which.exact:
        return Interval(lower, upper)
    undecided, both = which.lower != which.upper, hull(if_false, if_true)
    return Interval(np.where(undecided, both.lower, lower), np.where(undecided, both.upper, upper))


def _select_n(run: Run, program: Program, step: Step, which: Value, *cases: Value) -> Value:
    if step.input_dtypes[0].kind != "b":
        return _select_by_number(decided(run, step, which), cases)
    if len(cases) == 1:
        return cases[0]
    if run.differentiate and not which.bounds.exact and not branches_meet(program, step):
        run.refuse(which.bounds.lower != which.bounds.upper, _JUMP)
    return _between_cases(program, step, which, cases)


def _between_cases(program: Program, step: Step, which: Value, cases: tuple[Value, ...]) -> Value:
    """Choose; where the choice is the larger or smaller case, it is bounded as that is.

    It is not where what is compared may be NaN, as then a case may be.
    """
    chosen = select(which, *cases)
    extreme = "" if which.bounds.exact else extreme_of(program, step)
    if not extreme:
        return chosen
    which, first, second = aligned(which, *cases)
    ends = (maximum if extreme == "max" else minimum)(first.bounds, second.bounds)
    undecided = which.bounds.lower != which.bounds.upper
    undecided = undecided & ~(doubts(first) | doubts(second))
    bounds = Interval(
        np.where(undecided, ends.lower, chosen.bounds.lower),
        np.where(undecided, ends.upper, chosen.bounds.upper),
    )
    return chosen._replace(bounds=bounds)


def _select_by_number(which: Interval, cases: tuple[Value, ...]) -> Value:
    """Choose as XLA does: a number beyond the last case is that one, one below 0 the first."""
    result = cases[0]
    for number, case in enumerate(cases[1:], start=1):
        result = select(Value(point(which.lower >= number)), result, case)
    return result


RULES: dict[str, Rule] = {
    "lt": _compare(_less, reflexive=False, negated=False),
    "le": _compare(_less_equal, reflexive=True, negated=False),
    "gt": _compare(_less_equal, reflexive=True, negated=True),
    "ge": _compare(_less, reflexive=False, negated=True),
    "eq": _compare(_equal, reflexive=True, negated=False),
    "ne": _compare(_equal, reflexive=True, negated=True),
    "is_finite": _is_finite,
    "and": _AND,
    "or": _OR,
    "not": _not,
    "xor": _xor,
    "reduce_and": _reduce(np.all),
    "reduce_or": _reduce(np.any),
    "select_n": _select_n,
}

# False < True
TRUTH_RULES: dict[str, Rule] = {
    "max": RULES["or"],
    "min": RULES["and"],
    "clamp": _clamp,
    "reduce_max": RULES["reduce_or"],
    "reduce_min": RULES["reduce_and"],
}
