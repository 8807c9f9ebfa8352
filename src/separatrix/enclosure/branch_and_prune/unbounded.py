r"""Exhaustive search of unbounded boxes, for piecewise-linear functions: infinity included.

With every constant that is added, or compared with, multiplied by a number s, a piecewise-linear
function g becomes :math:`h(d,s)=s\,g(d/s)` for s > 0, which is defined at s = 0 as well: there it
is what g looks like from afar. So the zeros of g outside a cube are those of h with
:math:`|d|_\infty=1` and s below the cube's reciprocal, a bounded set that can be searched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..flat import FlatProgram, Step
from ..interval.arithmetic import Array, Interval, divide, point
from ..interval.interpreter import EnclosedFunction, Enclosures, enclosures, fold, run_program
from ..interval.values import Value
from ..operations import is_linear
from .frontier import Exhaustion, Limits, search_box
from .known import KnownZeros, MappedZeros

_FLOAT64 = np.dtype(np.float64)
_TINIEST, _LARGEST = 1e-290, 2.0**20  # beyond, constant terms are denormal, or tell no scale


def homogenize(program: FlatProgram) -> FlatProgram | None:
    """Return the program of h, whose inputs are d and s; None if g is not piecewise linear."""
    (argument,), known = program.inputs, program.constants
    scale = program.free_slot()
    free = scale + 1
    varying, steps, grown = {argument}, [], dict[int, int]()
    for step in program.steps:
        if not varying.intersection(step.inputs):
            continue
        if not _is_homogeneous(step, varying):
            return None
        varying.update(step.outputs)
        inputs = []
        for slot, dtype in zip(step.inputs, step.input_dtypes, strict=True):
            is_factor = step.kind in ("product", "quotient", "contraction")
            keep = slot in varying or is_factor or dtype.kind != "f"
            if not keep and slot not in grown and np.any(known[slot].bounds.magnitude()):
                grown[slot] = free
                shape = known[slot].bounds.shape[1:]
                times = step.instead("mul", (slot, scale), free, shape, (), shape=shape)
                steps.append(replace(times, dtypes=(_FLOAT64,), input_dtypes=(_FLOAT64,) * 2))
                free += 1
            inputs.append(slot if keep else grown.get(slot, slot))
        steps.append(replace(step, inputs=tuple(inputs)))
    if program.outputs[0] not in varying:
        return None
    return fold(replace(program, steps=tuple(steps), inputs=(argument, scale)))


def _is_homogeneous(step: Step, varying: set[int]) -> bool:
    """Whether a step multiplies its result by s when what varies, and what is added, is."""
    if step.params.get("fill_value"):  # a number that does not grow with s
        return False
    varies = [slot in varying for slot in step.inputs]
    kinds = [k.kind for k, own in zip(step.input_dtypes, varies, strict=True) if own]
    if step.kind == "choice":
        kinds = kinds[varies[0] :]
    elif step.kind != "comparison":
        # a truth value or an integer made a number does not grow with s
        kinds += [dtype.kind for dtype in step.dtypes]
    grows = step.kind in ("extremum", "largest", "comparison", "choice") or (
        step.kind != "weighted" and is_linear(step.name, varies)
    )
    return grows and set(kinds) <= {"f"}


@dataclass(frozen=True, eq=False)
class HomogeneousProgram:
    """The function h of a traced function, over boxes (box, n + 1) of d and s."""

    program: FlatProgram
    shape: tuple[int, ...]

    def bounds(self, boxes: Interval) -> Interval:
        """Return bounds of the n values over boxes (box, n + 1)."""
        return self._run(boxes, None, None)[0].bounds

    def slopes(self, boxes: Interval) -> Enclosures:
        """Return bounds of values and slopes (box, n, n + 1)."""
        eye = point(np.eye(self.shape[0] + 1)[None])
        value, refusals = self._run(boxes, eye[..., :-1], eye[..., -1])
        return enclosures(value, self.shape, self.shape[0] + 1, refusals)

    def _run(self, boxes: Interval, *seeds: Interval | None) -> tuple[Value, tuple[str, ...]]:
        arguments = map(Value, (boxes[:, :-1], boxes[:, -1]), seeds)
        (value,), refusals = run_program(self.program, [*arguments], boxes.shape[0])
        return value, refusals


@dataclass(frozen=True, eq=False)
class Chart:
    """The function h on one face of the cube: of the other coordinates of d, and of s."""

    function: EnclosedFunction
    axis: int
    sign: float

    @property
    def shape(self) -> tuple[int, ...]:
        """As many variables as the function has."""
        return self.function.shape

    def bounds(self, boxes: Interval) -> Interval:
        """Return bounds over boxes (box, n)."""
        return self.function.bounds(self.embedded(boxes))

    def slopes(self, boxes: Interval) -> Enclosures:
        """Return bounds of values and slopes over boxes (box, n)."""
        found = self.function.slopes(self.embedded(boxes))
        slopes = found.slopes.map(lambda array: np.delete(array, self.axis, axis=2))
        return replace(found, slopes=slopes)

    def embedded(self, boxes: Interval) -> Interval:
        """Put the fixed coordinate in its place."""

        def grown(array: Array) -> Array:
            return np.insert(array, self.axis, self.sign, axis=1)

        return Interval(grown(boxes.lower), grown(boxes.upper))

    def states(self, boxes: Interval) -> Interval:
        """Return bounds of d/s, which is unbounded where s may be 0."""
        whole = self.embedded(boxes)
        lower = np.where(whole.lower[:, -1:] > 0, whole.lower[:, -1:], np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            return divide(whole[:, :-1], Interval(lower, whole.upper[:, -1:]))


def charts(
    function: EnclosedFunction, lower: Array, upper: Array, reach: float
) -> Iterator[tuple[Chart, Array, Array]]:
    """Yield the faces of the cube with the part of each that leads into the box beyond `reach`.

    A coordinate that cannot change its sign in the box does not on the cube.
    """
    size = len(lower)
    low = np.append(np.where(lower >= 0, 0.0, -1.0), 0.0)
    high = np.append(np.where(upper <= 0, 0.0, 1.0), 1.0 / reach)
    for axis in range(size):
        for sign, end in ((1.0, upper[axis]), (-1.0, -lower[axis])):
            if end > reach:
                yield (
                    Chart(function, axis, sign),
                    np.delete(low, axis),
                    np.delete(high, axis),
                )


def search_unbounded(
    limits: Limits,
    base: EnclosedFunction,
    homogeneous: EnclosedFunction,
    lower: Array,
    upper: Array,
    known: KnownZeros,
) -> Exhaustion:
    """Search a box (n,) with infinite ends: a cube about the origin, then all that is outside."""
    reach = _reach(base)
    inner = (np.clip(lower, -reach, reach), np.clip(upper, -reach, reach))
    parts = [search_box(limits, base, *inner, known)]
    for chart, low, high in charts(homogeneous, lower, upper, reach):
        spent, table = sum(part.boxes for part in parts), MappedZeros(known, base, chart.states)
        parts.append(search_box(limits, chart, low, high, table, spent))
    return Exhaustion(
        *known.added(lower, upper),
        complete=all(part.complete for part in parts),
        boxes=sum(part.boxes for part in parts),
        reason=next((part.reason for part in parts if part.reason), ""),
    )


def _reach(base: EnclosedFunction) -> float:
    """Choose the half-width of the cube: the size of the constant terms sets the scale."""
    value = base.bounds(point(np.zeros((1, *base.shape)))).magnitude().max(initial=0.0)
    return float(2.0 ** np.ceil(np.log2(4.0 * value))) if _TINIEST < value < _LARGEST else 1.0
