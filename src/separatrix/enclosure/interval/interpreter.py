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
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from numpy.typing import NDArray

from ..errors import NotContinuous
from ..flat import FlatProgram, Step, trace
from . import rules
from .arithmetic import Interval, point
from .rules.rewriting import rewritten
from .values import Value, constant

_UNDEFINED = "not shown to be continuous: it may be NaN within the box"


@dataclass(frozen=True)
class Enclosures:
    """Bounds (box, *shape) and slopes (box, output, input) of a function over a batch of boxes.

    ``refusals[b]`` says why nothing may be concluded over box b; it is empty where all is well.
    """

    bounds: Interval
    slopes: Interval | None
    refusals: tuple[str, ...]

    @property
    def allowed(self) -> NDArray[np.bool_]:
        """Over which boxes something may be concluded."""
        return np.array([not reason for reason in self.refusals], dtype=bool)


@dataclass(frozen=True, eq=False)
class Execution:
    """One execution with all its values: `values[slot]` has a leading axis of boxes.

    As in `Enclosures`, nothing may be concluded where `refusals[box]` gives a reason.
    """

    program: FlatProgram
    values: dict[int, Value]
    refusals: tuple[str, ...]


@runtime_checkable
class EnclosedFunction(Protocol):
    """Function from (n,) to (n,) as proofs use it: bounds and slopes over many boxes."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape (n,) of its argument."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of its value."""

    def bounds(self, boxes: Interval) -> Enclosures:
        """Bounds of the values over each box (box, n)."""

    def slopes(self, boxes: Interval) -> Enclosures:
        """Bounds of values and slopes over each box (box, n)."""

    def narrowed(self, boxes: Interval) -> Interval:
        """Return a part of each box (box, n) that holds the same zeros; bounds alone tell it."""


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
    """

    def __init__(self, function: Callable[[Any], Any], shape: tuple[int, ...]) -> None:
        self.program = fold(trace(function, shape))
        self.shape = shape
        if len(self.program.outputs) != 1:
            raise TypeError(
                f"expected a function that returns one array, got {len(self.program.outputs)}"
            )
        self.output_shape = self.program.output_shapes[0]

    def bounds(self, boxes: Interval) -> Enclosures:
        """Bounds of the values over each box (box, *shape)."""
        run = _Run(boxes.shape[0], differentiate=False)
        (value,) = run.start(self.program, [Value(boxes)])
        return Enclosures(run.full(value.bounds, self.output_shape), None, run.refusals())

    def slopes(self, boxes: Interval) -> Enclosures:
        """Bounds of values and slopes over each box (box, n); functions of vectors only."""
        # the same in all boxes, and so stays the slope of an affine part
        return self._along(boxes, point(np.eye(boxes.shape[1])[None]))

    def narrowed(self, boxes: Interval) -> Interval:
        """Return the boxes as they are."""
        return boxes

    def jumps(self, boxes: Interval) -> tuple[str, ...]:
        """Why the function may jump within each box (box, *shape); empty where it does not.

        Slopes along a single direction tell it, at twice the cost of bounds.
        """
        run = _Run(boxes.shape[0], differentiate=True)
        run.start(self.program, [Value(boxes, point(np.ones((1, 1, *self.shape))))])
        return run.refusals()

    def steepness(self, boxes: Interval) -> Enclosures:
        """Bounds of the change over each box (box, n) with x, as (box, output, 1).

        By how much at most a change of x by one, in the largest norm: all directions are one
        interval, so that no matrix is formed.
        """
        ends = np.ones((1, 1, *self.shape))
        return self._along(boxes, Interval(-ends, ends.copy()))

    def _along(self, boxes: Interval, directions: Interval) -> Enclosures:
        run = _Run(boxes.shape[0], differentiate=True)
        (value,) = run.start(self.program, [Value(boxes, directions)])
        shape = (boxes.shape[0], directions.shape[1], *self.output_shape)
        slopes = _any_where_undefined(value, shape).map(lambda array: np.swapaxes(array, -1, -2))
        return Enclosures(run.full(value.bounds, self.output_shape), slopes, run.refusals())

    def execute(self, boxes: Interval) -> Execution:
        """Bounds of every value on the way over each box, for those who look inside."""
        program, run = self.program, _Run(boxes.shape[0], differentiate=False)
        values = {**program.constants, program.inputs[0]: Value(_variable(boxes))}
        run.interpret(program, values, keep=True)
        return Execution(program, values, run.refusals())


def enclose(function: Callable[..., Any], *boxes: Interval) -> Any:
    """Bounds of a JAX function over boxes: every value it takes there lies between them.

    Parameters
    ----------
    function
        Any JAX function of float64 arrays.
    boxes
        One interval per argument; bounds may be infinite.

    Returns
    -------
    Intervals, in the structure of the function's result.

    Raises
    ------
    NoIntervalRule, ComputesInFloat32, NotContinuous
        When the function cannot be enclosed. (A jump is no obstacle unless a loop or a branch
        depends on it.)

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> box = enclose(jnp.tanh, Interval(np.full(2, -np.inf), np.full(2, np.inf)))
    >>> box.lower, box.upper
    (array([-1., -1.]), array([1., 1.]))
    """
    shapes = [box.shape for box in boxes]
    structure: list[Any] = []

    def flat(*arguments: Any) -> list[Any]:
        leaves, tree = jax.tree.flatten(function(*arguments))
        structure[:] = [tree]
        return leaves

    program = fold(trace(flat, *shapes))
    run = _Run(1, differentiate=False)
    values = run.start(program, [Value(box[None]) for box in boxes])
    _raise_refusal(run.refusals())
    return jax.tree.unflatten(structure[0], [value.bounds[0] for value in values])


def enclose_jacobian(function: Callable[[Any], Any], box: Interval) -> Interval:
    """Bounds (output, input) of every slope matrix of ``function`` over a box.

    Hence of every Jacobian in it, Clarke's included, where the function has kinks.

    Raises
    ------
    NoIntervalRule, ComputesInFloat32, NotContinuous
        When the function cannot be enclosed, or is not shown to be continuous over the box.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> box = Interval(np.array([-1.0]), np.array([1.0]))
    >>> slopes = enclose_jacobian(lambda x: jnp.maximum(x, 0.0), box)
    >>> slopes.lower, slopes.upper
    (array([[0.]]), array([[1.]]))
    """
    result = Enclosed(function, box.shape).slopes(box[None])
    _raise_refusal(result.refusals)
    assert result.slopes is not None
    return result.slopes[0]


def _raise_refusal(refusals: tuple[str, ...]) -> None:
    if any(refusals):
        reason = next(filter(None, refusals))
        raise NotContinuous(reason)


def run_program(
    program: FlatProgram, arguments: list[Value], boxes: int, differentiate: bool
) -> tuple[list[Value], tuple[str, ...]]:
    """Execute a folded program on values; returns its results and each box's refusal."""
    run = _Run(boxes, differentiate)
    results = run.start(program, arguments)
    for result in results:
        if differentiate:
            run.refuse(_undefined(result), _UNDEFINED)
    return results, run.refusals()


def _undefined(value: Value) -> NDArray[np.bool_]:
    return np.asarray(np.isnan(value.bounds.lower) | np.isnan(value.bounds.upper))


def _any_where_undefined(value: Value, shape: tuple[int, ...]) -> Interval:
    """Write out slopes (box, input, *output): any, where nothing is known of the result."""
    undefined = _undefined(value)
    slopes = point(np.zeros(shape)) if value.slopes is None else value.slopes
    slopes = slopes.map(lambda array: np.broadcast_to(array, shape))
    if not undefined.any():
        return slopes
    return Interval(
        np.where(undefined[:, None], -np.inf, slopes.lower),
        np.where(undefined[:, None], np.inf, slopes.upper),
    )


class _Run:
    """One execution of a program over a batch of boxes."""

    def __init__(self, boxes: int, differentiate: bool) -> None:
        self.boxes = boxes
        self.differentiate = differentiate
        self._reasons = [""] * boxes

    def start(self, program: FlatProgram, arguments: list[Value]) -> list[Value]:
        values: dict[int, Value] = dict(program.constants)
        variable = [Value(_variable(a.bounds), a.slopes) for a in arguments]
        values.update(zip(program.inputs, variable, strict=True))
        self.interpret(program, values)
        return [values[slot] for slot in program.outputs]

    def interpret(self, program: FlatProgram, values: dict[int, Value], keep: bool = False) -> None:
        """Carry out on values the steps of a program whose results are not among them."""
        with np.errstate(all="ignore"):
            program.interpret(
                lambda step, operands: rules.apply(self, step, operands), values, keep
            )

    def refuse(self, where: NDArray[np.bool_], reason: str) -> None:
        per_box = np.broadcast_to(where.reshape(where.shape[0], -1).any(axis=1), (self.boxes,))
        for box in np.flatnonzero(per_box):
            self._reasons[box] = self._reasons[box] or reason

    def refusals(self) -> tuple[str, ...]:
        return tuple(self._reasons)

    def full(self, bounds: Interval, shape: tuple[int, ...]) -> Interval:
        """Give bounds that are the same in all boxes their full leading axis."""
        return bounds.map(lambda array: np.broadcast_to(array, (self.boxes, *shape)))


def _variable(bounds: Interval) -> Interval:
    """Bounds of an argument, which is no constant even where its box is a point."""
    return Interval(bounds.lower, bounds.upper.copy())


def fold(program: FlatProgram) -> FlatProgram:
    """Execute, once and for all, the steps that do not depend on the arguments.

    The constants of the program that is returned are values, and its steps have plans.
    """
    run = _Run(1, differentiate=False)  # a constant has no jumps, whichever side it is on
    given = program.constants.items()
    known = {slot: v if isinstance(v, Value) else constant(v) for slot, v in given}
    with np.errstate(all="ignore"):
        for step in program.steps:
            if all(slot in known for slot in step.inputs) and step.outputs[0] not in known:
                step = replace(step, plan=rules.plan(program, known, step))
                results = rules.apply(run, step, [known[slot] for slot in step.inputs])
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
    wanted, kept, stops = set(outputs) - set(inputs), list[Step](), set(inputs)
    for step in reversed(program.steps):
        if wanted.intersection(step.outputs):
            kept.append(step)
            wanted.update(slot for slot in step.inputs if slot not in stops)
    if wanted & (set(program.inputs) - stops):
        raise ValueError("the values do not separate the argument from the result")
    part = replace(
        program,
        steps=tuple(reversed(kept)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        output_shapes=tuple(_shape(program.producers[slot], slot) for slot in outputs),
    )
    return fold(part)


def _shape(step: Step, slot: int) -> tuple[int, ...]:
    return step.shapes[step.outputs.index(slot)]
