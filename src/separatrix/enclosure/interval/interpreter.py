r"""Bounds of a JAX function over boxes, and of all its slopes there.

The traced function is executed step by step on intervals. Slopes are carried along (forward mode):
for every value :math:`v(x)` an interval matrix such that for any two points of the box

.. math:: v(x) - v(y) \in S\,(x-y).

This is what the mean-value form and Krawczyk's test need (Neumaier 1990, *Interval Methods for
Systems of Equations*, section 2.3), and it holds every Clarke Jacobian, for functions with kinks
too. It is computed from the function itself: derivative rules written by a user, and
``stop_gradient``, have no say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..flat import FlatProgram, Step, needed, trace
from . import rules
from .arithmetic import Array, Interval, point
from .rules.rewriting import rewritten
from .values import Refuse, Value, constant

_UNDEFINED = "not shown to be continuous: it may be NaN within the box"


@dataclass(frozen=True)
class Enclosures:
    """Bounds (box, *shape) and slopes (box, output, input) of a function over a batch of boxes.

    ``refusals[b]`` says why nothing may be concluded from the slopes over box b; it is empty where
    all is well. Bounds hold there, too.
    """

    bounds: Interval
    slopes: Interval
    refusals: tuple[str, ...]

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Over which boxes something may be concluded."""
        return np.array([not reason for reason in self.refusals], dtype=bool)


@dataclass(frozen=True, eq=False)
class Execution:
    """One execution with all its values: `values[slot]` has a leading axis of boxes."""

    program: FlatProgram
    values: dict[int, Value]


@runtime_checkable
class EnclosedFunction(Protocol):
    """Function from (n,) to (n,) as proofs use it: bounds and slopes over many boxes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (n,) of its argument."""

    def bounds(self, boxes: Interval) -> Interval:
        """Return bounds of the values over each box (box, n)."""

    def slopes(self, boxes: Interval) -> Enclosures:
        """Return bounds of values and slopes over each box (box, n)."""


class Enclosed:
    """A function of one array, traced once, to be enclosed over many boxes.

    Parameters
    ----------
    function
        Any JAX function of one float64 array of the given shape, with one array as its result.
    shape
        The shape of its argument.

    Raises
    ------
    EnclosureError
        When the function holds an unknown primitive or computes in less than float64. What can be
        told without a box is raised here, the rest by the methods.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> space = Interval(np.full((1, 2), -np.inf), np.full((1, 2), np.inf))
    >>> Enclosed(jnp.tanh, (2,)).bounds(space).upper
    array([[1., 1.]])
    """

    def __init__(self, function: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
        self.program = fold(trace(function, shape))
        self.shape = shape
        if len(self.program.outputs) != 1:
            raise TypeError(
                f"expected a function that returns one array, got {len(self.program.outputs)}"
            )
        self.output_shape = self.program.output_shapes[0]

    def bounds(self, boxes: Interval) -> Interval:
        """Return bounds of the values over each box (box, *shape)."""
        ((bounds, _),), _ = run_program(self.program, [Value(boxes)], boxes.shape[0])
        return bounds.map(lambda array: np.broadcast_to(array, boxes.shape[:1] + self.output_shape))

    def slopes(self, boxes: Interval) -> Enclosures:
        """Return bounds of values and slopes over each box (box, n); functions of vectors only."""
        # the same in all boxes, and so stays the slope of an affine part
        return self._along(boxes, point(np.eye(boxes.shape[1])[None]))

    def jumps(self, boxes: Interval) -> tuple[str, ...]:
        """Return why the function may jump within each box (box, *shape); empty where it does not.

        Slopes along a single direction tell it, at twice the cost of bounds.
        """
        return self._along(boxes, point(np.ones((1, 1, *self.shape)))).refusals

    def steepness(self, boxes: Interval) -> Enclosures:
        """Return bounds of the change over each box (box, n) with x, as (box, output, 1).

        By how much at most a change of x by one, in the largest norm: all directions are one
        interval, so that no matrix is formed.
        """
        ends = np.ones((1, 1, *self.shape))
        return self._along(boxes, Interval(-ends, ends.copy()))

    def _along(self, boxes: Interval, directions: Interval) -> Enclosures:
        values, refusals = run_program(self.program, [Value(boxes, directions)], boxes.shape[0])
        return enclosures(values[0], self.output_shape, directions.shape[1], refusals)

    def execute(self, boxes: Interval) -> Execution:
        """Return bounds of every value on the way over each box, for those who look inside."""
        return Execution(self.program, _values(self.program, [Value(boxes)], _ignore, keep=True))


def enclosures(
    value: Value, shape: tuple[int, ...], inputs: int, refusals: tuple[str, ...]
) -> Enclosures:
    """Write out bounds and slopes of a value of some shape with all their axes."""
    count = len(refusals)
    bounds = value.bounds.map(lambda end: np.broadcast_to(end, (count, *shape)))
    slopes = point(np.zeros((1, inputs, *shape))) if value.slopes is None else value.slopes

    def ordered(end: Array) -> Array:
        return np.swapaxes(np.broadcast_to(end, (count, inputs, *shape)), -1, -2)

    return Enclosures(bounds, slopes.map(ordered), refusals)


def run_program(
    program: FlatProgram, arguments: list[Value], boxes: int
) -> tuple[list[Value], tuple[str, ...]]:
    """Execute a folded program on values.

    Returns its results, and for each box why nothing may be concluded from their slopes.
    """
    reasons = [""] * boxes

    def refuse(where: NDArray[np.bool_], reason: str) -> None:
        refused = np.broadcast_to(where.reshape(where.shape[0], -1).any(axis=1), (boxes,))
        for box in np.flatnonzero(refused):
            reasons[box] = reasons[box] or reason

    differentiates = any(argument.slopes is not None for argument in arguments)
    values = _values(program, arguments, refuse if differentiates else _ignore)
    results = [values[slot] for slot in program.outputs]
    for bounds, _ in results if differentiates else ():
        refuse(np.isnan(bounds.lower) | np.isnan(bounds.upper), _UNDEFINED)
    return results, tuple(reasons)


def _values(
    program: FlatProgram, arguments: list[Value], refuse: Refuse, keep: bool = False
) -> dict[int, Value]:
    values: dict[int, Value] = dict(program.constants)
    # no constants, even where their box is a point
    variables = [Value(Interval(b.lower, b.upper.copy()), slopes) for b, slopes in arguments]
    values.update(zip(program.inputs, variables, strict=True))
    with np.errstate(all="ignore"):
        apply = partial(rules.apply, refuse)
        return program.interpret(apply, values, keep)


def _ignore(where: NDArray[np.bool_], reason: str) -> None:
    """Pass over jumps, which bounds hold."""


def fold(program: FlatProgram) -> FlatProgram:
    """Execute, once and for all, the steps that do not depend on the arguments.

    The constants of the program that is returned are values, and its steps have plans.
    """
    given = program.constants.items()
    known = {slot: v if isinstance(v, Value) else constant(v) for slot, v in given}
    with np.errstate(all="ignore"):
        for step in program.steps:
            if all(slot in known for slot in step.inputs) and step.outputs[0] not in known:
                step = replace(step, plan=rules.plan(program, known, step))
                # a constant has no jumps, whichever side it is on
                results = rules.apply(_ignore, step, [known[slot] for slot in step.inputs])
                known.update(zip(step.outputs, results, strict=True))
        for rewrite in rules.REWRITES:
            program = rewritten(program, known, rewrite)
        steps = [replace(s, plan=rules.plan(program, known, s)) for s in program.steps]
    return replace(program, steps=tuple(steps), constants=known)


def part_between(
    program: FlatProgram, inputs: Sequence[int], outputs: Sequence[int]
) -> FlatProgram:
    """Return the program that computes some slots from others.

    Raises
    ------
    ValueError
        If the outputs depend on the program's inputs in another way too.
    """
    made = [step for step in program.steps if not {*inputs}.intersection(step.outputs)]
    kept = needed(made, outputs)
    read = {*outputs, *(slot for step in kept for slot in step.inputs)}
    if read & ({*program.inputs} - {*inputs}):
        raise ValueError("the values do not separate the argument from the result")
    part = replace(
        program,
        steps=tuple(kept),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        output_shapes=tuple(_shape(program.producers[slot], slot) for slot in outputs),
    )
    return fold(part)


def _shape(step: Step, slot: int) -> tuple[int, ...]:
    return step.shapes[step.outputs.index(slot)]
