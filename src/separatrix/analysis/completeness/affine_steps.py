"""The operations that are carried out on values A (x − c) + B, and the elements that they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...enclosure.flat import Step
from ...enclosure.interval import Interval, point
from ...enclosure.interval.arithmetic import Array
from ...enclosure.interval.interpreter import Execution
from ...enclosure.operations import names_of
from .affine import AffineBounds

FLOAT64 = np.dtype(np.float64)
OPPOSITE = "opposite"
"""1 − σ(a), which is σ(−a)."""
_ONE = AffineBounds.bounded(point(np.ones(1)))

Wanted = tuple[int, Array]  # a slot, and of its value one element for each unit
Made = frozenset[int]  # the slots that a value is made of by linear steps


def _elementwise(execution: Execution, step: Step, wanted: Wanted) -> list[Wanted]:
    return [(slot, wanted[1] % count_of(execution, slot)) for slot in step.inputs]


def _made_of_all(execution: Execution, step: Step, operands: list[Made]) -> Made | None:
    return frozenset[int]().union(*operands)


class _Rule(NamedTuple):
    """An operation on values A (x − c) + B.

    `made` returns what its result is made of, or None where it is not linear; `sources` the
    elements of operands that `apply` is given for the elements that are wanted.
    """

    apply: Callable[..., AffineBounds]
    made: Callable[[Execution, Step, list[Made]], Made | None] = _made_of_all
    sources: Callable[[Execution, Step, Wanted], list[Wanted]] = _elementwise


def _plain(function: Callable[..., AffineBounds]) -> Callable[..., AffineBounds]:
    """Make a rule of a function of the operands alone."""
    return lambda execution, step, wanted, *operands: function(*operands)


def _made_of_float64(execution: Execution, step: Step, operands: list[Made]) -> Made | None:
    return operands[0] if step.input_dtypes[0] == FLOAT64 else None


def _mul(
    execution: Execution, step: Step, wanted: Wanted, a: AffineBounds, b: AffineBounds
) -> AffineBounds:
    return a.times(b, elements_of(execution, wanted))


def _made_by_product(execution: Execution, step: Step, operands: list[Made]) -> Made | None:
    shared = operands[0] & operands[1] - {*execution.program.inputs}
    return None if shared else operands[0] | operands[1]


def _div(
    execution: Execution, step: Step, wanted: Wanted, a: AffineBounds, b: AffineBounds
) -> AffineBounds:
    """Divide by any value that there is, whatever the gates."""
    return a.over(elements_of(execution, _elementwise(execution, step, wanted)[1]))


def _made_by_quotient(execution: Execution, step: Step, operands: list[Made]) -> Made | None:
    keeps = bool(operands[0]) and keeps_its_sign(bounds_of(execution, step.inputs[1]))
    return operands[0] if keeps else None


def _move(
    execution: Execution, step: Step, wanted: Wanted, *operands: AffineBounds
) -> AffineBounds:
    inside = [(place >= 0) & (place < count) for _, place, count in _origins(step, wanted)]
    ends = zip(*((*ends_of(v.slope), *ends_of(v.rest)) for v in operands), strict=True)
    moved = [np.select(inside, choices) for choices in ends]
    return AffineBounds(Interval(*moved[:2]), Interval(*moved[2:]))


def _made_by_move(execution: Execution, step: Step, operands: list[Made]) -> Made | None:
    is_whole = step.plan is not None and step.plan.fill is None
    return _made_of_all(execution, step, operands) if is_whole else None


def _moved_from(execution: Execution, step: Step, wanted: Wanted) -> list[Wanted]:
    return [(slot, np.clip(at, 0, count - 1)) for slot, at, count in _origins(step, wanted)]


def _origins(step: Step, wanted: Wanted) -> list[tuple[int, Array, int]]:
    """Return each operand that is moved, places in it (outside it those of others), its size."""
    shapes = [step.input_shapes[place] for place in step.plan.places]
    stops = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    numbers = [
        np.arange(low, high).reshape(shape)
        for low, high, shape in zip(stops[:-1], stops[1:], shapes, strict=True)
    ]
    moved = step.plan.apply(numbers, 0).ravel()[wanted[1]]
    each = zip(step.plan.places, stops[:-1], stops[1:], strict=True)
    return [(step.inputs[place], moved - low, int(high - low)) for place, low, high in each]


RULES: dict[str, _Rule] = {
    "add": _Rule(_plain(AffineBounds.plus)),
    "neg": _Rule(_plain(AffineBounds.negative)),
    OPPOSITE: _Rule(_plain(lambda a: _ONE.plus(a.negative()))),
    "convert_element_type": _Rule(_plain(lambda a: a), _made_of_float64),
    "mul": _Rule(_mul, _made_by_product),
    "div": _Rule(_div, _made_by_quotient),
    **dict.fromkeys(names_of("move"), _Rule(_move, _made_by_move, _moved_from)),
}


def bounds_of(execution: Execution, slot: int) -> Interval:
    """Return bounds of a value."""
    return execution.values[slot].bounds


def elements_of(execution: Execution, wanted: Wanted) -> Interval:
    """Return bounds of elements of a value."""
    slot, at = wanted
    shape = _shape(execution, slot)
    return bounds_of(execution, slot).map(
        lambda end: np.broadcast_to(end[0], shape).astype(float).ravel()[at]
    )


def _shape(execution: Execution, slot: int) -> tuple[int, ...]:
    maker = execution.program.producers.get(slot)
    if maker is None:
        return execution.values[slot].bounds.shape[1:]
    return maker.shapes[maker.outputs.index(slot)]


def count_of(execution: Execution, slot: int) -> int:
    """Count the elements of a value."""
    return int(np.prod(_shape(execution, slot)))


def ends_of(bounds: Interval) -> tuple[Array, Array]:
    """Return the lower and the upper ends."""
    return bounds.lower, bounds.upper


def keeps_its_sign(bounds: Interval) -> bool:
    """Whether nothing within bounds is zero."""
    return bool(np.all((bounds.lower > 0) | (bounds.upper < 0)))
