r"""Residuals whose zeros lie on a surface of few dimensions.

If :math:`g(x)=a\circ x+h(k)` with :math:`k=z(x)` of few components and a nowhere zero, then the
zeros of g are :math:`x=-h(k)/a`, where k is a zero of

.. math:: G(k) = k - z\big(-h(k)/a\big) .

Both forms of a network with a narrow recurrent matrix are of this kind: for
:math:`-x+m\,n^\top\tanh(x)/N`, :math:`k=n^\top\tanh(x)`; for :math:`\tanh(UVx+b)-x`,
:math:`k=Vx`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..interval.arithmetic import Array, Interval, add, divide, multiply, negate, point, subtract
from ..interval.interpreter import Enclosures, fold, run_program
from ..interval.program import Program, trace
from ..interval.values import Value
from .dataflow import Terms, narrowest_cut, part_between, read_terms, shapes
from .factors import factorize

_ENTRIES = 2**18  # of the slopes that are held at once
_ROUNDS = 4  # of narrowing the box that holds all zeros


@dataclass(frozen=True, eq=False)
class Reduction:
    """The reduced residual G, to be enclosed over boxes of k; see the module.

    Attributes
    ----------
    size, rank
        The numbers of components of x and k.
    trap
        A box (n,) that holds every zero x; it may be infinite.
    exact
        Whether the zeros of G are those of g. If not, g was read with a matrix replaced by one of
        lower rank and a bound on the rest: G encloses a family of functions, and excludes zeros of
        g only.
    """

    size: int
    rank: int
    trap: Interval
    exact: bool
    _terms: Terms
    _lifted: Program
    _returned: Program

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the reduced variables."""
        return (self.rank,)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The same: G maps them to as many numbers."""
        return (self.rank,)

    def trapped(self) -> Interval:
        """Return a box (rank,) that holds every zero of G; it may be infinite."""
        values, refusals = self._coordinates(Value(self.trap[None]), 1, False)
        if any(refusals):
            return Interval(np.full(self.rank, -np.inf), np.full(self.rank, np.inf))
        return values.bounds[0]

    def bounds(self, boxes: Interval) -> Enclosures:
        """Bounds of G over each box (box, rank)."""
        return self._chunked(boxes, False)

    def slopes(self, boxes: Interval) -> Enclosures:
        """Bounds of G and of its slopes over each box (box, rank)."""
        return self._chunked(boxes, True)

    def lift(self, boxes: Interval) -> Interval:
        """Bounds (box, n) of the states x that belong to boxes of k."""
        states, refusals = self._states(boxes, False)
        unknown = np.array([bool(why) for why in refusals])[:, None]
        return states.bounds.map(lambda array: np.where(unknown, np.nan, array))

    def steepness(self) -> float:
        """Return how much k changes at most with a change of x by one, in the largest norm."""
        seed = point(np.eye(self.size)[None])
        values, refusals = self._coordinates(Value(self.trap[None], seed), 1, True)
        if any(refusals) or values.slopes is None:
            return np.inf
        return float(np.max(np.sum(values.slopes.magnitude(), axis=1))) * (1.0 + 1e-9)

    def _chunked(self, boxes: Interval, differentiate: bool) -> Enclosures:
        step = max(1, _ENTRIES // (self.size * (1 + self.rank * differentiate)))
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
        states, first = self._states(boxes, differentiate)
        again, second = self._coordinates(states, count, differentiate)
        bounds = subtract(boxes, again.bounds)
        reasons = tuple(a or b for a, b in zip(first, second, strict=True))
        if not differentiate:
            return Enclosures(bounds, None, reasons)
        eye = point(np.broadcast_to(np.eye(self.rank), (count, self.rank, self.rank)))
        slopes = eye if again.slopes is None else subtract(eye, again.slopes)
        return Enclosures(bounds, slopes.map(lambda a: np.swapaxes(a, -1, -2)), reasons)

    def _states(self, boxes: Interval, differentiate: bool) -> tuple[Value, tuple[str, ...]]:
        """Return x = -h(k)/a and its slopes (box, rank, n)."""
        values, place = [], 0
        for slot in self._lifted.inputs:
            shape = self._lifted.notes["input_shapes"][slot]
            width = int(np.prod(shape))
            part = boxes[:, place : place + width]
            seed = np.zeros((1, self.rank, width))
            seed[0, place : place + width] = np.eye(width)
            place += width
            bounds = Interval(part.lower.reshape(-1, *shape), part.upper.reshape(-1, *shape))
            slopes = point(seed.reshape(1, self.rank, *shape)) if differentiate else None
            values.append(Value(bounds, slopes))
        results, refusals = run_program(self._lifted, values, boxes.shape[0], differentiate)
        return self._solved(results, boxes.shape[0]), refusals

    def _solved(self, results: list[Value], count: int) -> Value:
        return solve_terms(self._terms, results, count, self.rank)

    def _coordinates(
        self, states: Value, count: int, differentiate: bool
    ) -> tuple[Value, tuple[str, ...]]:
        """Return k = z(x), flat, and its slopes (box, input, rank)."""
        results, refusals = run_program(self._returned, [states], count, differentiate)
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
        bounds = add(bounds, multiply(value.bounds, factor[None]))
        if value.slopes is not None:
            slopes = add(slopes, multiply(value.slopes, factor[None, None]))
    bounds = negate(divide(bounds, terms.diagonal[None]))
    slopes = negate(divide(slopes, terms.diagonal[None, None]))
    return Value(
        bounds.map(lambda array: np.broadcast_to(array, (count, size))),
        slopes.map(lambda array: np.broadcast_to(array, (count, inputs, size))),
    )


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


def reduce(
    residual: Callable[[Any], Any], size: int, domain: Interval | None = None
) -> Reduction | None:
    r"""Recognise a residual of which all zeros lie on a surface of few dimensions.

    The traced function is cut where its dependence on x is narrowest. A constant matrix of low
    numerical rank is factorized first; what the factors leave over is bounded.

    Parameters
    ----------
    residual
        Any JAX function g from (size,) to (size,).
    size
        The number of components of x.
    domain
        A box (size,) that is known to hold every zero, if there is one.

    Returns
    -------
    The reduction to fewer variables, or None if none was recognised.

    Raises
    ------
    EnclosureError
        If the function holds an unknown primitive or computes in less than float64.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> m, n = np.ones(50), np.linspace(1.0, 3.0, 50)
    >>> reduce(lambda x: -x + m * (n @ jnp.tanh(x)) / 50, 50).rank
    1
    >>> reduce(lambda x: jnp.tanh(2.0 * x) - x, 50) is None
    True
    """
    program = fold(trace(residual, (size,)))
    if program.output_shapes != ((size,),):
        return None
    terms = read_terms(program)
    if not np.all((terms.diagonal.lower > 0) | (terms.diagonal.upper < 0)) or not terms.values:
        return None
    trap = _trap(program, terms, size, domain)
    factored = factorize(program, trap, size)
    for candidate in [program] if factored is None else [program, factored]:
        targets = [slot for slot, _ in terms.values]
        cut = narrowest_cut(candidate, targets, size)
        known = shapes(candidate, size)
        rank = sum(int(np.prod(known[slot])) for slot in cut)
        if 0 < rank <= size // 2:
            lifted = part_between(candidate, cut, targets, size)
            lifted.notes["input_shapes"] = {slot: known[slot] for slot in cut}
            returned = part_between(candidate, candidate.inputs, cut, size)
            exact = not candidate.notes.get("bounds")
            return Reduction(size, rank, trap, exact, terms, lifted, returned)
    return None


def _trap(program: Program, terms: Terms, size: int, domain: Interval | None) -> Interval:
    """Narrow all of space to a box that holds the zeros, by x = -h(x)/a."""
    box = domain or Interval(np.full(size, -np.inf), np.full(size, np.inf))
    targets = [slot for slot, _ in terms.values]
    part = part_between(program, program.inputs, targets, size)
    for _ in range(_ROUNDS):
        results, refusals = run_program(part, [Value(box[None])], 1, False)
        if any(refusals):
            break
        image = solve_terms(terms, results, 1, 0).bounds[0]
        lower, upper = np.fmax(box.lower, image.lower), np.fmin(box.upper, image.upper)
        if np.array_equal(lower, box.lower) and np.array_equal(upper, box.upper):
            break
        box = Interval(lower, upper)
    return box
