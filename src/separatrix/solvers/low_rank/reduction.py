r"""Residuals whose zeros lie on a surface of few dimensions.

If :math:`g(x)=a\circ x+h(k)` with :math:`k=z(x)` of few components and a nowhere zero, then the
zeros of g are :math:`x=-h(k)/a`, where k is a zero of

.. math:: G(k) = k - z\big(-h(k)/a\big) .

Both forms of a network with a narrow recurrent matrix are of this kind: for
:math:`-x+m\,n^\top\tanh(x)/N`, :math:`k=n^\top\tanh(x)`; for :math:`\tanh(UVx+b)-x`,
:math:`k=Vx`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from ...enclosure.branch_and_prune.homogeneous import uses
from ...enclosure.flat import FlatProgram
from ...enclosure.interval.arithmetic import (
    Array,
    Interval,
    add,
    divide,
    down,
    multiply,
    negate,
    point,
    subtract,
    up,
)
from ...enclosure.interval.interpreter import Enclosures, run_program
from ...enclosure.interval.values import Value
from .dataflow import Terms

_ENTRIES = 2**18  # of the slopes that are held at once


@dataclass(frozen=True, eq=False)
class Reduction:
    """The reduced residual G, to be enclosed over boxes of k; see the module.

    Attributes
    ----------
    size, rank
        The numbers of components of x and k.
    trap
        A box (n,) that holds every zero x; it may be infinite.
    afar
        For a piecewise-linear g: the same for s g(x/s), with s as one more variable, the last.
    exact
        Whether the zeros of G are those of g. If not, g was read with a matrix replaced by one of
        lower rank and a bound on the rest: G encloses a family of functions, and excludes zeros of
        g only.
    """

    size: int
    rank: int
    trap: Interval
    exact: bool
    afar: Reduction | None
    _terms: Terms
    _lifted: FlatProgram
    _returned: FlatProgram

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the reduced variables."""
        return (self.rank,)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The same: G maps them to as many numbers."""
        return (self.rank,)

    @property
    def variables(self) -> int:
        """The number of components of k, and s if it is there."""
        return self.rank + len(self._returned.inputs) - 1

    @property
    def has_constants(self) -> bool:
        """Whether s is there, and anything depends on it."""
        scales = self._lifted.inputs[self.rank - self.variables :] if self._has_scale else ()
        terms = {slot for slot, _ in self._terms.values}
        parts = (self._lifted, self._returned)
        return any(s in terms or any(uses(part, s) for part in parts) for s in scales)

    @property
    def _has_scale(self) -> bool:
        return self.variables > self.rank

    @property
    def cut(self) -> tuple[int, ...]:
        """The slots of the traced function that hold k, and s if it is there."""
        return self._lifted.inputs

    def trapped(self) -> Interval:
        """Return a box (rank,) that holds every zero of G; it may be infinite."""
        values, refusals = self._coordinates(Value(self.trap[None]), [], 1, False)
        if any(refusals):
            return Interval(np.full(self.rank, -np.inf), np.full(self.rank, np.inf))
        return values.bounds[0]

    def bounds(self, boxes: Interval) -> Enclosures:
        """Bounds of G over each box (box, rank)."""
        return self._chunked(boxes, False)

    def slopes(self, boxes: Interval) -> Enclosures:
        """Bounds of G and of its slopes over each box (box, rank)."""
        return self._chunked(boxes, True)

    @property
    def diagonal(self) -> Interval:
        """Bounds (n,) of a, which is nowhere zero."""
        return self._terms.diagonal

    def around(self, states: Interval, spread: float = 0.0) -> Enclosures:
        r"""Bounds of g/a, and slopes of G, over boxes of x (box, n), where the reduction is exact.

        At every x in a box the Jacobian of g is :math:`a + HZ`, with Jacobians H of h and Z of z.
        The slopes returned, (box, rank, rank), hold :math:`I + Z\,(1+\delta)\,a^{-1}H` for every
        diagonal matrix δ of entries up to `spread`. On a kink they do so for all sides.
        """
        if not self.exact:
            raise ValueError("a matrix of low rank within rounding has no slopes that are exact")
        step = max(1, _ENTRIES // (self.size * (1 + self.variables)))
        parts = [
            self._around(states[start : start + step], spread)
            for start in range(0, states.shape[0], step)
        ] or [self._around(states, spread)]
        return Enclosures(
            _stacked([part.bounds for part in parts]),
            _stacked([part.slopes for part in parts if part.slopes is not None]),
            tuple(why for part in parts for why in part.refusals),
        )

    def _around(self, states: Interval, spread: float) -> Enclosures:
        count = states.shape[0]
        whole, first = self._coordinates(Value(states), [], count, False)
        lifted, scale, second = self._states(whole.bounds, True)
        assert lifted.slopes is not None  # asked for
        slopes = lifted.slopes
        if spread:
            wider = Interval(down(np.array(1.0 - spread)), up(np.array(1.0 + spread)))
            slopes = multiply(slopes, wider)
        again, third = self._coordinates(Value(states, slopes), scale, count, True)
        reasons = tuple(a or b or c for a, b, c in zip(first, second, third, strict=True))
        bounds = subtract(states, lifted.bounds)
        return Enclosures(bounds, self._less_than_identity(again.slopes, count), reasons)

    def variables_of(self, states: Array) -> Array:
        """Return k = z(x), nearly, for states (point, n); NaN where it is not known."""
        boxes = Interval(states, states.copy())
        values, refusals = self._coordinates(Value(boxes), [], len(states), False)
        unknown = np.array([bool(why) for why in refusals])[:, None]
        return np.where(unknown, np.nan, values.bounds.midpoint_radius()[0])

    def lift(self, boxes: Interval) -> Interval:
        """Bounds (box, n) of the states x that belong to boxes of k."""
        states, _, refusals = self._states(boxes, False)
        unknown = np.array([bool(why) for why in refusals])[:, None]
        return states.bounds.map(lambda array: np.where(unknown, np.nan, array))

    def steepness(self) -> float:
        """Return how much k changes at most with a change of x by one, in the largest norm."""
        return float(np.max(self.steepnesses()))

    def steepnesses(self) -> Array:
        """Return the same of each component of k, (rank,).

        All the directions in which x may change are one interval, so that no matrix is formed.
        """
        every = Interval(np.full((1, 1, self.size), -1.0), np.ones((1, 1, self.size)))
        values, refusals = self._coordinates(Value(self.trap[None], every), [], 1, True)
        if any(refusals) or values.slopes is None:
            return np.full(self.rank, np.inf)
        return values.slopes.magnitude()[0, 0]

    def _chunked(self, boxes: Interval, differentiate: bool) -> Enclosures:
        step = max(1, _ENTRIES // (self.size * (1 + self.variables * differentiate)))
        parts = [
            self._enclose(boxes[start : start + step], differentiate)
            for start in range(0, boxes.shape[0], step)
        ] or [self._enclose(boxes, differentiate)]
        if len(parts) == 1:
            return parts[0]
        slopes = None
        if differentiate:
            slopes = _stacked([part.slopes for part in parts if part.slopes is not None])
        return Enclosures(
            _stacked([part.bounds for part in parts]),
            slopes,
            tuple(why for part in parts for why in part.refusals),
        )

    def _enclose(self, boxes: Interval, differentiate: bool) -> Enclosures:
        count = boxes.shape[0]
        states, scale, first = self._states(boxes, differentiate)
        again, second = self._coordinates(states, scale, count, differentiate)
        bounds = subtract(boxes[:, : self.rank], again.bounds)
        reasons = tuple(a or b for a, b in zip(first, second, strict=True))
        if not differentiate:
            return Enclosures(bounds, None, reasons)
        return Enclosures(bounds, self._less_than_identity(again.slopes, count), reasons)

    def _less_than_identity(self, slopes: Interval | None, count: int) -> Interval:
        """Return what is left of the identity, (box, output, input), without slopes of k."""
        shape = (count, self.variables, self.rank)
        eye = point(np.broadcast_to(np.eye(self.variables)[:, : self.rank], shape))
        left = eye if slopes is None else subtract(eye, slopes)
        return left.map(lambda array: np.swapaxes(array, -1, -2))

    def _states(
        self, boxes: Interval, differentiate: bool
    ) -> tuple[Value, list[Value], tuple[str, ...]]:
        """Return x = -h(k)/a and its slopes (box, variable, n), and s if it is there."""
        values, place, eye = [], 0, np.eye(self.variables)[None]
        for slot in self._lifted.inputs:
            shape = self._lifted.notes["input_shapes"][slot]
            here = slice(place, place := place + int(np.prod(shape)))
            bounds = boxes[:, here].map(partial(np.reshape, shape=(boxes.shape[0], *shape)))
            seed = point(eye[..., here].reshape(1, self.variables, *shape))
            values.append(Value(bounds, seed if differentiate else None))
        count = boxes.shape[0]
        results, refusals = run_program(self._lifted, values, count, differentiate)
        solved = solve_terms(self._terms, results, count, self.variables)
        return solved, values[len(values) + self.rank - self.variables :], refusals

    def _coordinates(
        self, states: Value, scale: list[Value], count: int, differentiate: bool
    ) -> tuple[Value, tuple[str, ...]]:
        """Return k = z(x), flat, and its slopes (box, input, rank)."""
        results, refusals = run_program(self._returned, [states, *scale], count, differentiate)
        bounds = _joined([value.bounds for value in results], (count,))
        slopes = None
        if differentiate and states.slopes is not None:
            inputs = states.slopes.shape[1]
            zero = [(count, inputs, *value.bounds.shape[1:]) for value in results]
            given = [
                value.slopes if value.slopes is not None else point(np.zeros(shape))
                for value, shape in zip(results, zero, strict=True)
            ]
            slopes = _joined(given, (count, inputs))
        return Value(bounds, slopes), refusals


def solve_terms(terms: Terms, results: list[Value], count: int, inputs: int) -> Value:
    """Solve the sum for x, given the values in it."""
    size = terms.offset.shape[0]
    bounds = terms.offset[None]
    slopes = point(np.zeros((1, inputs, size)))
    for (_, factor), value in zip(terms.values, results, strict=True):
        bounds = add(bounds, multiply(_for_each(value.bounds, 2), factor[None]))
        if value.slopes is not None:
            slopes = add(slopes, multiply(_for_each(value.slopes, 3), factor[None, None]))
    bounds = negate(divide(bounds, terms.diagonal[None]))
    slopes = negate(divide(slopes, terms.diagonal[None, None]))
    return Value(
        bounds.map(lambda array: np.broadcast_to(array, (count, size))),
        slopes.map(lambda array: np.broadcast_to(array, (count, inputs, size))),
    )


def _for_each(values: Interval, ndim: int) -> Interval:
    """Give a number that all components share an axis for them."""
    return values if values.ndim == ndim else values[..., None]


def _stacked(parts: list[Interval]) -> Interval:
    return Interval(
        np.concatenate([part.lower for part in parts]),
        np.concatenate([part.upper for part in parts]),
    )


def _joined(parts: list[Interval], lead: tuple[int, ...]) -> Interval:
    """Put values of any shapes side by side on one axis, with full leading axes."""

    def flat(array: Array) -> Array:
        array = np.broadcast_to(array, lead + array.shape[len(lead) :])
        return array.reshape(*lead, -1)

    return Interval(
        np.concatenate([flat(part.lower) for part in parts], axis=-1),
        np.concatenate([flat(part.upper) for part in parts], axis=-1),
    )
