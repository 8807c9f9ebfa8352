r"""Softmax as one function, recognized in its operations.

.. math:: p_i = \frac{e^{y_i}}{\sum_j e^{y_j}} \in [0, 1], \qquad
    \mathrm{d}p_i = p_i (1 - p_i)\,\mathrm{d}y_i - p_i \sum_{j\ne i} p_j\,\mathrm{d}y_j

Term by term an interval forgets that the numerator is a part of the denominator, so that nothing
would be bounded where y is not; and that what is taken from all y, the largest of them, does not
matter, so that slopes would be wide where two are the largest.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...flat import FlatProgram, Step
from ...moves import move_of
from ...operations import operation
from .. import arithmetic
from ..arithmetic import Array, Interval, down, point, up
from ..functions import exp
from ..products import gamma
from ..values import Known, Refuse, Value
from .quotients import compares, is_all
from .rewriting import without_sign

_LARGEST_SLOPE = 0.25  # p (1 − p)


def joined_softmax(program: FlatProgram, known: Known, step: Step, free: int) -> list[Step] | None:
    """Write exp(y) divided by the sum of such, of which it is one, as one step.

    Not in a function that compares numbers: it may test for the 0/0 that float64 gives where all
    terms are too small.
    """
    term = program.producers.get(step.inputs[0]) if step.name == "div" else None
    if term is None or term.name != "exp" or step.shapes != term.shapes:
        return None
    (shape,), (slot,) = term.shapes, term.inputs
    origin, divided_by = _moved_from(program, step.inputs[1])
    total = program.producers.get(origin)
    if total is None or total.name != "reduce_sum" or total.inputs != term.outputs:
        return None
    axes, sums = tuple(total.params["axes"]), _numbered(total.shapes[0])
    own = np.broadcast_to(np.expand_dims(sums, axes), shape)
    if len(axes) != 1 or not np.array_equal(own, np.broadcast_to(divided_by, shape)):
        return None
    shift = program.producers.get(slot)
    if shift is not None and shift.name == "add" and shift.input_shapes[0] == shape:
        taken = _moved_from(program, without_sign(program, shift.inputs[1])[1])[1]
        taken = np.broadcast_to(taken, shape)
        if np.all(taken == taken.take([0], axes[0])):
            slot = shift.inputs[0]
    is_number = slot not in known and _is_made_of_numbers(program, known, term.inputs[0])
    if not is_number or any(map(compares, program.steps)):
        return None
    return [step.instead("softmax", (slot,), step.outputs[0], axis=axes[0])]


def _moved_from(program: FlatProgram, slot: int) -> tuple[int, Array]:
    """Return the slot whose elements make up another one, and which of them, by their numbers."""
    step = program.producers.get(slot)
    if step is None or len(step.inputs) != 1 or step.kind != "move" or operation(step.name).places:
        shape = () if step is None else step.shapes[step.outputs.index(slot)]
        return slot, _numbered(shape)
    origin, numbers = _moved_from(program, step.inputs[0])
    move = move_of(step, [None])
    assert move is not None  # without positions
    return origin, move.apply([numbers], 0)


def _numbered(shape: tuple[int, ...]) -> Array:
    return np.arange(float(np.prod(shape))).reshape(shape)


def _is_made_of_numbers(program: FlatProgram, known: Known, slot: int) -> bool:
    """Whether no constant that a value is made of is infinite: then it is a number itself.

    The largest of numbers and −∞, as `jax.nn.softmax` takes it, is one.
    """
    waiting, seen = [slot], set[int]()
    while waiting:
        slot = waiting.pop()
        if slot in seen:
            continue
        seen.add(slot)
        if slot in known:
            if not np.all(np.isfinite(known[slot].bounds.magnitude())):
                return False
        elif slot in program.producers:
            made = program.producers[slot]
            is_largest = made.name == "max"
            waiting += [s for s in made.inputs if not (is_largest and is_all(known, s, -np.inf))]
    return True


def softmax(refuse: Refuse, step: Step, value: Value) -> Value:
    """Enclose shares: each grows with its own y, and falls with all others."""
    axis, y = step.params["axis"] + 1, value.bounds
    top = np.max(y.upper, axis=axis, keepdims=True)
    terms = exp(arithmetic.subtract(y, point(np.where(np.isfinite(top), top, 0.0))))
    rest = _sum_of_others(terms, axis)
    bounds = Interval(
        _share(terms.lower, rest.upper, 0.0, down),
        _share(terms.upper, np.maximum(rest.lower, 0.0), 1.0, up),
    )
    unknown = np.isnan(y.lower) | np.isnan(y.upper)
    unknown = unknown.any(axis=axis, keepdims=True) | np.zeros_like(unknown)
    bounds = Interval(*(np.where(unknown, np.nan, end) for end in (bounds.lower, bounds.upper)))
    if value.slopes is None:
        return Value(bounds)
    own = arithmetic.multiply(bounds, arithmetic.subtract(point(np.ones(1)), bounds))
    own = own.map(lambda end: np.minimum(end, _LARGEST_SLOPE))
    others = _sum_of_others(arithmetic.multiply(bounds[:, None], value.slopes), axis + 1)
    own_change = arithmetic.multiply(own[:, None], value.slopes)
    change = arithmetic.multiply(bounds[:, None], others)
    return Value(bounds, arithmetic.subtract(own_change, change))


def _share(
    term: Array, rest: Array, unknown: float, outward: Callable[[Array, float], Array]
) -> Array:
    ratio = outward(term / (term + rest), 4.0)
    return np.clip(np.where(np.isnan(ratio), unknown, ratio), 0.0, 1.0)


def _sum_of_others(a: Interval, axis: int) -> Interval:
    """Add up, for each element, the others along an axis."""
    slack = 2.0 * gamma(a.shape[axis] + 1)  # twice: the sum of absolute values is rounded as well
    errors = (slack * _others(np.abs(end), axis) for end in (a.lower, a.upper))
    low, high = (_others(end, axis) for end in (a.lower, a.upper))
    return Interval(down(low - next(errors)), up(high + next(errors)))


def _others(array: Array, axis: int) -> Array:
    array = np.moveaxis(array, axis, 0)
    before, after = np.zeros_like(array), np.zeros_like(array)
    np.cumsum(array[:-1], axis=0, out=before[1:])
    np.cumsum(array[:0:-1], axis=0, out=after[-2::-1])
    return np.moveaxis(before + after, 0, axis)
