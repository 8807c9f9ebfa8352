r"""Choices that are the larger, or the smaller, of their two cases.

``where(a > b, f, g)`` with a constant threshold b is :math:`\max(f,g)` if f = g wherever a = b
(see `continuity`) and f − g never decreases with a, as then f − g has the sign of a − b. Leaky ReLU
is so made, and hard tanh of two such choices. Over a box in which the choice is undecided this
bounds the result, by the larger of the two lower bounds for one, where the hull of both cases knows
less: hard tanh lies in [−1, 1], however far its argument reaches.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import arithmetic
from ..arithmetic import Interval, hull, point
from ..program import Program, Step
from .continuity import branches_meet
from .quotients import constant_bounds, of_rank

_GREATER, _LESS = ("gt", "ge"), ("lt", "le")
_FLOAT64 = np.dtype(np.float64)


def extreme_of(program: Program, step: Step) -> str:
    """Return "max" or "min" where a choice is proved to be that of its two cases, else ""."""
    return program.noted(("extreme of", step.outputs), lambda: _extreme_of(program, step))


def _extreme_of(program: Program, step: Step) -> str:
    predicate = program.producers.get(step.inputs[0])
    if predicate is None or predicate.name not in _GREATER + _LESS or step.dtypes[0] != _FLOAT64:
        return ""
    left, right = predicate.inputs
    if predicate.name in _LESS:
        left, right = right, left
    below, above = step.inputs[1:]  # of "left > right": where it is false, where it is true
    if {below, above} == {left, right}:
        return "max" if above == left else "min"
    if not branches_meet(program, step):
        return ""
    if constant_bounds(program, right) is not None:
        return _by_slopes(program, left, below, above)
    return _by_slopes(program, right, above, below)


def _by_slopes(program: Program, compared: int, below: int, above: int) -> str:
    """Tell by how two cases change with what is compared, of which `above` is taken beyond."""
    beyond, before = (_slopes(program, slot, compared) for slot in (above, below))
    if beyond is None or before is None:
        return ""
    rank = max(beyond.ndim, before.ndim)
    beyond, before = of_rank(beyond, rank), of_rank(before, rank)
    if np.all(beyond.lower >= before.upper):
        return "max"
    return "min" if np.all(beyond.upper <= before.lower) else ""


def _slopes(program: Program, slot: int, compared: int) -> Interval | None:
    """Return bounds of all slopes of a value in what is compared, element by element."""
    if slot == compared:
        return point(np.ones(1))
    if constant_bounds(program, slot) is not None:
        return point(np.zeros(1))
    step = program.producers.get(slot)
    if step is None:
        return None
    if step.name in ("mul", "div"):
        return _slopes_of_multiple(program, step, compared)
    if step.name == "select_n" and not branches_meet(program, step):
        return None
    operands = step.inputs[step.name == "select_n" :]
    parts = [_slopes(program, operand, compared) for operand in operands]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if step.name == "neg":
        return arithmetic.negate(known[0])
    if step.name == "abs":
        return hull(known[0], arithmetic.negate(known[0]))
    if step.name in ("add", "add_any"):
        return _combined(arithmetic.add, *known)
    if step.name == "sub":
        return _combined(arithmetic.subtract, *known)
    if step.name not in ("max", "min", "clamp", "select_n"):
        return None
    result = known[0]
    for other in known[1:]:
        result = _combined(hull, result, other)
    return result


def _slopes_of_multiple(program: Program, step: Step, compared: int) -> Interval | None:
    first, second = step.inputs
    factor, rest = constant_bounds(program, second), first
    if factor is None and step.name == "mul":
        factor, rest = constant_bounds(program, first), second
    slopes = None if factor is None else _slopes(program, rest, compared)
    if factor is None or slopes is None:
        return None
    return _combined(
        arithmetic.multiply if step.name == "mul" else arithmetic.divide, slopes, factor
    )


def _combined(
    function: Callable[[Interval, Interval], Interval], first: Interval, second: Interval
) -> Interval:
    rank = max(first.ndim, second.ndim)
    return function(of_rank(first, rank), of_rank(second, rank))
