r"""The affine functions of which a piecewise-linear function is made.

A comparison, a maximum, its place and an absolute value are choices. With every choice fixed the
function is affine, and the interpreter of intervals finds its $A x + b$ at x = 0: b is the value
there, A the slopes. Each combination of choices gives one, whether or not a state makes it, so
nothing has to be known of the pieces themselves: at every state, on kinks and jumps too, the
function is one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import EnclosureError
from ..flat import FlatProgram, Step
from ..interval import Interval, point, rules
from ..interval.arithmetic import Array
from ..interval.rules.elementwise import opposite
from ..interval.rules.selection import select
from ..interval.values import Value, aligned
from ..moves import MOVES

Flags = NDArray[np.bool_]

_MOST = 2**14  # functions
_WORK = 2**32  # multiplications in a product of all their matrices: some 10 s
_ENTRIES = 2**16  # of the slopes of a value that are held at once, which caches hold
_TOGETHER = 64  # functions
_MOST_CHOICES = 64  # most of which have one way, as the test for NaN

_COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_CHOICES = _COMPARISONS | {"max", "min", "abs"}
_PLACES = frozenset({"argmax", "argmin"})
_PRODUCTS = frozenset({"mul", "div", "dot_general"})
_LINEAR = MOVES | _PRODUCTS
_LINEAR |= {"add", "add_any", "sub", "neg", "reduce_sum", "select_n", "convert_element_type"}
_LINEAR |= {"scatter-add", "conv_general_dilated"}


@dataclass
class _Batch:
    """Some affine functions, as far as the steps before `position` have been carried out.

    Leading axes of values are of length `boxes`, or 1 where they are the same in all.
    """

    position: int
    boxes: int
    values: dict[int, Value]

    def take(self, rows: Array) -> _Batch:
        """Return some of the functions, any number of times."""

        def taken(part: Interval) -> Interval:
            return part if part.shape[0] == 1 else part[rows]

        values = {
            slot: Value(taken(bounds), None if slopes is None else taken(slopes))
            for slot, (bounds, slopes) in self.values.items()
        }
        return replace(self, boxes=len(rows), values=values)


def _refuse(where: Flags, reason: str) -> None:
    """Give up where a rule refuses: choices are fixed before."""
    if np.any(where):
        raise EnclosureError(reason)


def affine_functions(program: FlatProgram, size: int) -> Iterator[tuple[Interval, Interval]]:
    """Yield A (function, n, n) and b (function, n) of all of them, a batch at a time.

    Raises
    ------
    EnclosureError
        Where the function is not shown to be piecewise linear, or may have more than 16,384
        pieces (fewer of more than 64 units), or there is no rule for an operation.
    """
    steps = [s for s in _without_clamps(program) if s.outputs[0] not in program.constants]
    widths = [int(np.prod(step.shapes[0])) for step in steps]
    choices = sum(w for step, w in zip(steps, widths, strict=True) if step.name in _CHOICES)
    most = min(_MOST, _WORK // size**3)
    if choices > _MOST_CHOICES or most == 0:
        raise EnclosureError("too many pieces")
    at_once = max(_TOGETHER, _ENTRIES // (size * max(widths, default=1)))
    unused = _unused(steps, program.outputs)
    x = Value(Interval(np.zeros((1, size)), np.zeros((1, size))), point(np.eye(size)[None]))
    waiting, done = [_Batch(0, 1, {program.inputs[0]: x})], 0
    while waiting:
        batch = waiting.pop()
        if batch.position == len(steps):
            done += batch.boxes
            yield _coefficients(batch, program, size)
            continue
        following = _carried_out(program, steps[batch.position], batch)
        if done + sum(b.boxes for b in (*waiting, following)) > most:
            raise EnclosureError("too many pieces")
        for slot in unused[batch.position]:
            following.values.pop(slot, None)
        following.position += 1
        rows = np.arange(following.boxes)
        waiting += [following.take(rows[k : k + at_once]) for k in rows[::at_once]]


def _carried_out(program: FlatProgram, step: Step, batch: _Batch) -> _Batch:
    """Carry out a step, each way in which it may turn out."""

    def given() -> list[Value]:
        return [batch.values.get(s) or program.constants[s] for s in step.inputs]

    if step.name in _COMPARISONS or (step.name in _CHOICES and _moving(given())):
        free, decided = _choice(batch, step, given())
        batch, which = _chosen(batch, free, decided)
        result = [_of_choice(step, which, given())]
    elif step.name in _PLACES and _moving(given()):
        batch, place = _placed(batch, step)
        result = [place]
    else:
        batch = replace(batch, values=dict(batch.values))
        result = _linear(batch, step, given())
    batch.values.update(zip(step.outputs, result, strict=True))
    return batch


def _moving(values: Sequence[Value]) -> int:
    """Count the values that depend on the state."""
    return sum(value.slopes is not None for value in values)


def _choice(batch: _Batch, step: Step, operands: list[Value]) -> tuple[Flags, Flags]:
    """Mark elements whose branch is undecided, and return which one is taken elsewhere.

    Comparisons are true or false; a maximum or minimum is its first operand or its second; an
    absolute value is its operand or the opposite.
    """
    operands = aligned(*operands)
    if step.name in _COMPARISONS:
        truth = rules.apply(_refuse, step, operands)[0].bounds
        certain, possible = truth.lower, truth.upper
    elif step.name == "abs":
        certain, possible = operands[0].bounds.lower >= 0, operands[0].bounds.upper >= 0
    else:
        first, second = (value.bounds for value in operands)
        certain = first.lower >= second.upper if step.name == "max" else first.upper <= second.lower
        possible = first.upper > second.lower if step.name == "max" else first.lower < second.upper
    free = np.asarray(certain != possible)
    if step.name in _COMPARISONS and step.inputs[0] == step.inputs[1]:  # the test for NaN
        return free, certain
    for value in operands:
        if value.slopes is not None:
            free = free | (value.slopes.magnitude() != 0).any(axis=1)
    return free, np.broadcast_to(certain, free.shape)


def _chosen(batch: _Batch, free: Flags, decided: Flags) -> tuple[_Batch, Value]:
    """Repeat each function for all ways in which its free choices may turn out."""
    shape = (batch.boxes, *free.shape[1:])
    free, decided = (np.broadcast_to(a, shape).reshape(batch.boxes, -1) for a in (free, decided))
    ways = 2.0 ** free.sum(axis=1)
    if ways.sum() > _MOST:
        raise EnclosureError("too many pieces")
    parents = np.repeat(np.arange(batch.boxes), ways.astype(int))
    number = np.arange(len(parents)) - np.searchsorted(parents, parents)
    digit = np.maximum(np.cumsum(free, axis=1) - 1, 0)[parents]
    which = np.where(free[parents], (number[:, None] >> digit) & 1 == 1, decided[parents])
    return batch.take(parents), Value(point(which.reshape(-1, *shape[1:])))


def _placed(batch: _Batch, step: Step) -> tuple[_Batch, Value]:
    """Repeat each function for all places at which the largest of some numbers may be."""
    count = int(np.prod(step.input_shapes[0]))
    if step.shapes[0] or count * batch.boxes > _MOST:
        raise EnclosureError(step.name)
    parents = np.repeat(np.arange(batch.boxes), count)
    return batch.take(parents), Value(point(np.tile(np.arange(count), batch.boxes)))


def _of_choice(step: Step, which: Value, operands: list[Value]) -> Value:
    """Return what a step gives with its choices fixed."""
    if step.name in _COMPARISONS:
        return which
    first = operands[0]
    return select(which, opposite(first) if step.name == "abs" else operands[1], first)


def _linear(batch: _Batch, step: Step, operands: list[Value]) -> list[Value]:
    """Carry out a step that is linear in what depends on the state, or does not depend on it."""
    moving = _moving(operands)
    kinds = step.input_dtypes[0].kind, step.dtypes[0].kind
    if moving and (
        step.name not in _LINEAR
        or (step.name in _PRODUCTS and moving > 1)
        or (step.name == "div" and (operands[1].slopes is not None or step.plan is not None))
        or (step.name == "convert_element_type" and kinds != ("f", "f"))
    ):
        raise EnclosureError(step.name)
    results = rules.apply(_refuse, step, operands)
    for dtype, result in zip(step.dtypes, results, strict=True):
        if dtype.kind == "b" and not result.bounds.exact:
            raise EnclosureError(step.name)
    return results


def _without_clamps(program: FlatProgram) -> Iterator[Step]:
    """Write what keeps a value between two as a maximum and a minimum."""
    slot = program.free_slot()
    for step in program.steps:
        if step.name != "clamp" or step.dtypes[0].kind != "f":
            yield step
            continue
        least, value, greatest = step.inputs
        yield replace(step, name="max", inputs=(value, least), outputs=(slot,))
        yield replace(step, name="min", inputs=(slot, greatest))
        slot += 1


def _unused(steps: Sequence[Step], outputs: Sequence[int]) -> list[set[int]]:
    """Return for each step the slots that nothing reads any more once it has run."""
    seen, found = set(outputs), list[set[int]]()
    for step in reversed(steps):
        found.append({*step.inputs, *step.outputs} - seen)
        seen.update(step.inputs)
    return found[::-1]


def _coefficients(batch: _Batch, program: FlatProgram, size: int) -> tuple[Interval, Interval]:
    """Write out A and b of each function."""
    (slot,) = program.outputs
    bounds, slopes = batch.values.get(slot) or program.constants[slot]
    slopes = point(np.zeros((1, size, size))) if slopes is None else slopes
    matrix = slopes.map(
        lambda end: np.broadcast_to(end, (batch.boxes, size, size)).swapaxes(-1, -2)
    )
    return matrix, bounds.map(lambda end: np.broadcast_to(end, (batch.boxes, size)))
