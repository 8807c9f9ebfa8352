r"""The affine functions of which a piecewise-linear function is made.

A comparison, a maximum, its place and an absolute value are choices. With every choice fixed the
function is affine, and the interpreter of intervals finds its $A x + b$ at x = 0: b is the value
there, A the slopes. Each combination of choices gives one, whether or not a state makes it, so
nothing has to be known of the pieces themselves: at every state, on kinks and jumps too, the
function is one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..errors import EnclosureError
from ..flat import FlatProgram, Step
from ..interval import Interval, point, rules
from ..interval.arithmetic import Array
from ..interval.rules.elementwise import is_larger, opposite
from ..interval.rules.selection import select
from ..interval.values import Value, aligned
from ..operations import is_linear

Flags = NDArray[np.bool_]

_MOST = 2**14  # functions
_WORK = 2**32  # multiplications in a product of all their matrices: some 10 s
_ENTRIES = 2**16  # of the slopes of a value that are held at once, which caches hold
_TOGETHER = 64  # functions
_MOST_CHOICES = 64  # most of which have one way, as the test for NaN


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
        values = {
            slot: value.through(lambda part, lead: part if part.shape[0] == 1 else part[rows])
            for slot, value in self.values.items()
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
    steps = [s for s in program.steps if s.outputs[0] not in program.constants]
    widths = [int(np.prod(step.shapes[0])) for step in steps]
    choices = sum(w for step, w in zip(steps, widths, strict=True) if _chooses(step))
    most = min(_MOST, _WORK // size**3)
    if choices > _MOST_CHOICES or most == 0:
        raise EnclosureError("too many pieces")
    at_once = max(_TOGETHER, _ENTRIES // (size * max(widths, default=1)))
    unused = replace(program, steps=tuple(steps)).last_use
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


def _chooses(step: Step) -> bool:
    return step.kind in ("comparison", "extremum")


def _carried_out(program: FlatProgram, step: Step, batch: _Batch) -> _Batch:
    """Carry out a step, each way in which it may turn out."""

    def given() -> list[Value]:
        return [batch.values.get(s) or program.constants[s] for s in step.inputs]

    varies = [value.slopes is not None for value in given()]
    if step.kind == "comparison" or (_chooses(step) and any(varies)):
        free, decided = _choice(batch, step, given())
        batch, which = _chosen(batch, free, decided)
        result = [_of_choice(step, which, given())]
    elif step.kind == "where" and any(varies):
        batch, place = _placed(batch, step)
        result = [place]
    else:
        batch = replace(batch, values=dict(batch.values))
        result = _linear(step, given(), varies)
    batch.values.update(zip(step.outputs, result, strict=True))
    return batch


def _choice(batch: _Batch, step: Step, operands: list[Value]) -> tuple[Flags, Flags]:
    """Mark elements whose branch is undecided, and return which one is taken elsewhere.

    Comparisons are true or false; a maximum is its first operand or its second; an absolute value
    is its operand or the opposite.
    """
    operands = aligned(*operands)
    if step.kind == "comparison":
        (truth,) = rules.apply(_refuse, step, operands)
    else:
        zero = point(np.zeros(1))
        truth = is_larger(*(value.bounds for value in operands), *[zero] * (step.name == "abs"))
    certain = truth.bounds.lower
    free = np.asarray(certain != truth.bounds.upper)
    if step.kind == "comparison" and step.inputs[0] == step.inputs[1]:  # the test for NaN
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
    if step.kind == "comparison":
        return which
    first = operands[0]
    return select(which, opposite(first) if step.name == "abs" else operands[1], first)


def _linear(step: Step, operands: list[Value], varies: list[bool]) -> list[Value]:
    """Carry out a step that is linear in what depends on the state, or does not depend on it."""
    known = step.kind == "choice" or is_linear(step.name, varies)
    if any(varies) and not (known and step.dtypes[0].kind == "f"):
        raise EnclosureError(step.name)
    results = rules.apply(_refuse, step, operands)
    if step.dtypes[0].kind == "b" and not results[0].bounds.exact:
        raise EnclosureError(step.name)
    return results


def _coefficients(batch: _Batch, program: FlatProgram, size: int) -> tuple[Interval, Interval]:
    """Write out A and b of each function."""
    (slot,) = program.outputs
    bounds, slopes = batch.values.get(slot) or program.constants[slot]
    slopes = point(np.zeros((1, size, size))) if slopes is None else slopes
    matrix = slopes.map(
        lambda end: np.broadcast_to(end, (batch.boxes, size, size)).swapaxes(-1, -2)
    )
    return matrix, bounds.map(lambda end: np.broadcast_to(end, (batch.boxes, size)))
