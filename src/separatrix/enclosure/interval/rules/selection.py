"""Comparisons, three-valued, and what chooses by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ...errors import NoIntervalRule
from ...flat import FlatProgram, Step
from ...operations import Trait, operation
from ..arithmetic import Array, Interval, hull, point
from ..values import Known, Refuse, Rule, Value, aligned, count_inputs, zero_slopes

_MAYBE_NAN = "not shown to be continuous: what may be NaN within the box is compared"
_JUMP = (
    "not shown to be continuous: a comparison is undecided within the box "
    "and its branches are not shown to meet"
)
_PLACE = "not shown to be continuous: which element is the largest is undecided within the box"


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
    """Return where a bound is NaN: one suffices, as of log over [-1, 1/2].

    What is compared may be NaN there, which is neither less nor more than anything, nor equal.
    """
    unknown = [np.isnan(end) for value in values for end in (value.lower, value.upper)]
    return np.logical_or.reduce(np.broadcast_arrays(*unknown))


def _compare(
    relation: Callable[[Interval, Interval], tuple[Array, Array]], reflexive: bool
) -> Rule:
    """Compare; a real number with itself is decided (``x != x``, the test for NaN, is false)."""

    def rule(refuse: Refuse, step: Step, first: Value, second: Value) -> Value:
        first, second = aligned(first, second)
        if step.inputs[0] == step.inputs[1]:
            certain = possible = np.full(first.bounds.shape, reflexive)
        else:
            certain, possible = relation(first.bounds, second.bounds)
        if first.bounds.lower.dtype.kind == second.bounds.lower.dtype.kind == "f":
            unknown = _may_be_nan(first.bounds, second.bounds)
            refuse(unknown, _MAYBE_NAN)
            certain, possible = certain & ~unknown, possible | unknown
        return truth(certain, possible)

    return rule


def _is_finite(refuse: Refuse, step: Step, value: Value) -> Value:
    certain = np.isfinite(value.bounds.lower) & np.isfinite(value.bounds.upper)
    possible = certain | ~(value.bounds.exact & ~np.isfinite(value.bounds.lower))
    return truth(certain, possible)


def _logic(function: Callable[..., Array]) -> Rule:
    """AND and OR increase in each operand, so they act on "certainly" and "possibly" alike."""

    def rule(refuse: Refuse, step: Step, *values: Value) -> Value:
        bounds = [value.bounds for value in aligned(*values)]
        return truth(function(*(b.lower for b in bounds)), function(*(b.upper for b in bounds)))

    return rule


def _not(refuse: Refuse, step: Step, value: Value) -> Value:
    return truth(~value.bounds.upper, ~value.bounds.lower)


_EQUAL = _compare(_equal, reflexive=True)


def select(which: Value, if_false: Value, if_true: Value) -> Value:
    """Return one of two values, or the hull of both where the choice is undecided."""
    which, if_false, if_true = aligned(which, if_false, if_true)
    exact = which.bounds.exact and if_false.bounds.exact and if_true.bounds.exact
    bounds = _choose(which.bounds, if_false.bounds, if_true.bounds)
    bounds = point(bounds.lower) if exact else bounds
    inputs = count_inputs(if_false, if_true)
    if inputs is None:
        return Value(bounds)
    slopes = [value.slopes or zero_slopes(value, inputs) for value in (if_false, if_true)]
    return Value(bounds, _choose(which.bounds[:, None], *slopes))


def _choose(which: Interval, if_false: Interval, if_true: Interval) -> Interval:
    lower = np.where(which.lower, if_true.lower, if_false.lower)
    upper = np.where(which.lower, if_true.upper, if_false.upper)
    if which.exact:
        return Interval(lower, upper)
    undecided, both = which.lower != which.upper, hull(if_false, if_true)
    return Interval(np.where(undecided, both.lower, lower), np.where(undecided, both.upper, upper))


def _first_largest(refuse: Refuse, step: Step, value: Value) -> Value:
    """Bound the place of the first of the largest elements."""
    if step.input_dtypes[0].kind != "f":
        raise NoIntervalRule(f"{step.name} of {step.input_dtypes[0]}")
    (axis,) = step.params["axes"]
    lower, upper = (
        np.moveaxis(end, axis + 1, -1) for end in (value.bounds.lower, value.bounds.upper)
    )
    unknown = np.isnan(lower) | np.isnan(upper)
    possible = unknown.any(axis=-1, keepdims=True) | _may_be_first(lower, upper)
    first = possible.argmax(axis=-1)
    last = possible.shape[-1] - 1 - possible[..., ::-1].argmax(axis=-1)
    if np.array_equal(first, last):
        return Value(point(first))
    refuse(first != last, _PLACE)
    return Value(Interval(first, last))


def _may_be_first(lower: Array, upper: Array) -> Array:
    """Whether each element may be larger than those before it, and as large as those after."""
    none = np.full((*lower.shape[:-1], 1), -np.inf)
    before = np.maximum.accumulate(lower, axis=-1)[..., :-1]
    after = np.maximum.accumulate(lower[..., ::-1], axis=-1)[..., ::-1][..., 1:]
    beyond = upper > np.concatenate([none, before], axis=-1)
    beyond[..., 0] = True
    return beyond & (upper >= np.concatenate([after, none], axis=-1))


def _select_n(refuse: Refuse, step: Step, which: Value, *cases: Value) -> Value:
    if len(cases) == 1:
        return cases[0]
    if step.input_dtypes[0].kind != "b":
        return _numbered(refuse, which, cases)
    if not step.plan:
        refuse(which.bounds.lower != which.bounds.upper, _JUMP)
    return select(which, *cases)


def cases_meet(program: FlatProgram, known: Known, step: Step) -> bool:
    """Recognize choices that do not jump: extrema, and cases that vanish where it switches.

    ``where(a > b, a, b)`` has equal cases where a = b, and ``where(x > 0, x, c * x)``, as in leaky
    ReLU or ELU, where x = 0. Between two points on either side there is such a point on the
    segment: the slopes lie in the hull of those of both cases.
    """
    made = program.producers.get(step.inputs[0])
    if made is None or made.kind != "comparison":
        return False
    if set(step.inputs[1:]) == set(made.inputs):
        return True
    for compared, threshold in (made.inputs, made.inputs[::-1]):
        if _is_zero(known, threshold):
            return all(_vanishes(program, known, case, compared) for case in step.inputs[1:])
    return False


def _vanishes(program: FlatProgram, known: Known, slot: int, at: int) -> bool:
    """Whether the elements of a slot are zero where those of another one are."""
    made = program.producers.get(slot)
    if slot == at or _is_zero(known, slot):
        return True
    if made is None:
        return False
    if made.name == "mul":
        factors = [s for s in made.inputs if not _is_finite_constant(known, s)]
        return len(factors) == 1 and _vanishes(program, known, factors[0], at)
    if made.name in ("max", "select_n"):
        cases = made.inputs[made.name == "select_n" :]
        return all(_vanishes(program, known, s, at) for s in cases)
    is_zero = Trait.ZERO in operation(made.name).traits and made.params.get("y", 1) > 0
    return is_zero and _vanishes(program, known, made.inputs[0], at)


def _is_zero(known: Known, slot: int) -> bool:
    return _is_finite_constant(known, slot) and not known[slot].bounds.lower.any()


def _is_finite_constant(known: Known, slot: int) -> bool:
    bounds = known[slot].bounds if slot in known else None
    return bounds is not None and bounds.exact and bool(np.isfinite(bounds.lower).all())


def _numbered(refuse: Refuse, which: Value, cases: Sequence[Value]) -> Value:
    """Take the case of a number: beyond the last one it is that, as XLA does."""
    first, last = (np.clip(e, 0, len(cases) - 1) for e in (which.bounds.lower, which.bounds.upper))
    refuse(first != last, _PLACE)
    chosen = cases[0]
    for number, case in enumerate(cases[1:], start=1):
        chosen = select(truth(first >= number, last >= number), chosen, case)
    return chosen


def slice_at(refuse: Refuse, step: Step, value: Value, *starts: Value) -> Value:
    """Take a slice at a place that depends on the argument."""
    for axis, (start, size) in enumerate(zip(starts, step.params["slice_sizes"], strict=True)):
        places = range(step.input_shapes[0][axis] - size + 1)
        value = _numbered(refuse, start, [_part(value, axis, place, size) for place in places])
    return value


def _part(value: Value, axis: int, place: int, size: int) -> Value:
    at = slice(place, place + size)
    return value.through(lambda part, lead: part[(slice(None),) * (axis + lead) + (at,)])


RULES: dict[str, Rule] = {
    "lt": _compare(_less, reflexive=False),
    "le": _compare(_less_equal, reflexive=True),
    "eq": _EQUAL,
    "ne": lambda refuse, step, *values: _not(refuse, step, _EQUAL(refuse, step, *values)),
    "is_finite": _is_finite,
    "and": _logic(np.logical_and),
    "or": _logic(np.logical_or),
    "not": _not,
    "select_n": _select_n,
    "argmax": _first_largest,
}
