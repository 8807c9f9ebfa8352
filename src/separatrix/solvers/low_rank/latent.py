r"""Residuals whose zeros lie on a surface of few dimensions, as systems of latent variables.

If :math:`g(x)=a\circ x+h(k)` with a latent state :math:`k=z(x)` and a leak a that is nowhere zero,
then the zeros of g are :math:`x=-h(k)/a`, where k is a zero of

.. math:: G(k) = k - z\big(-h(k)/a\big) .

Both forms of a network with a narrow recurrent matrix are of this kind: for
:math:`-x+m\,n^\top\tanh(x)/N`, :math:`k=n^\top\tanh(x)`; for :math:`\tanh(UVx+b)-x`,
:math:`k=Vx`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import methodcaller

import numpy as np

from ...enclosure.flat import FlatProgram
from ...enclosure.interval.arithmetic import Array, Interval, divide, negate, point, subtract
from ...enclosure.interval.interpreter import Enclosures, run_program
from ...enclosure.interval.values import Value

_ENTRIES = 2**18  # of the slopes that are held at once
_ROUNDS = 4  # of narrowing the box that holds all zeros
_Run = tuple[Value, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class LatentSystem:
    """The residual G, to be enclosed over boxes of k; see the module.

    Attributes
    ----------
    size
        The number of components of x.
    shapes
        The shapes of the values that are k.
    leak
        Bounds of a: one number for all units, or (n,).
    embed, project
        The programs of g(x, k) and of z(x).
    afar
        For a piecewise-linear g: the same for s g(x/s), with s as one more variable, the last.
    box
        A box (rank,) that holds every zero of G; it may be infinite.
    """

    size: int
    shapes: tuple[tuple[int, ...], ...]
    leak: Interval
    embed: FlatProgram
    project: FlatProgram
    afar: LatentSystem | None = None
    box: Interval = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "box", self._box())

    @property
    def rank(self) -> int:
        """The number of latent variables."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the latent state."""
        return (self.rank,)

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The same: G maps it to as many numbers."""
        return (self.rank,)

    @property
    def variables(self) -> int:
        """The number of components of k, and s if it is there."""
        return self.rank + len(self.project.inputs) - 1

    @property
    def bounded(self) -> bool:
        """Whether that box is finite."""
        return bool(np.isfinite(self.box.magnitude()).all())

    def bounds(self, boxes: Interval) -> Interval:
        """Bounds of G over each box (box, rank)."""
        parts = [boxes[part] for part in self._chunks(boxes.shape[0])]
        images = _joined([self._image(part, False)[0].bounds for part in parts])
        return subtract(boxes[:, : self.rank], images)

    def slopes(self, boxes: Interval) -> Enclosures:
        """Bounds of G and of its slopes over each box (box, rank)."""
        return self._in_chunks(self._enclose, boxes)

    def _box(self) -> Interval:
        """Narrow all of space to the part k ∩ z(-h(k)/a), again and again.

        Where there is none it is left as it is.
        """
        box = Interval(np.full((1, self.rank), -np.inf), np.full((1, self.rank), np.inf))
        for _ in range(_ROUNDS if self.variables == self.rank else 0):
            image = self._image(box, False)[0].bounds
            lower, upper = np.fmax(box.lower, image.lower), np.fmin(box.upper, image.upper)
            if (lower <= upper).all():
                box = Interval(lower, upper)
        return box[0]

    def around(self, states: Interval) -> Enclosures:
        r"""Bounds of g/a, and slopes of G, over boxes of x (box, n).

        At every x in a box the Jacobian of g is :math:`a + HZ`, with Jacobians H of h and Z of z.
        The slopes returned, (box, rank, rank), hold :math:`I + Z\,a^{-1}H`; on a kink on all sides.
        """
        return self._in_chunks(self._around, states)

    def lift(self, boxes: Interval) -> Interval:
        """Bounds (box, n) of the states x that belong to boxes of k."""
        return self._states(boxes, False)[0].bounds

    def _in_chunks(self, enclose: Callable[[Interval], Enclosures], boxes: Interval) -> Enclosures:
        parts = [enclose(boxes[part]) for part in self._chunks(boxes.shape[0])]
        return Enclosures(
            _joined([part.bounds for part in parts]),
            _joined([part.slopes for part in parts]),
            tuple(why for part in parts for why in part.refusals),
        )

    def _chunks(self, count: int) -> list[slice]:
        step = max(1, _ENTRIES // (self.size * (1 + self.variables)))
        return [slice(start, start + step) for start in range(0, max(1, count), step)]

    def _enclose(self, boxes: Interval) -> Enclosures:
        image, refusals = self._image(boxes, True)
        bounds = subtract(boxes[:, : self.rank], image.bounds)
        return Enclosures(bounds, self._less_than_identity(image), refusals)

    def _image(self, boxes: Interval, differentiate: bool) -> _Run:
        """Return z(-h(k)/a), flat, and its slopes (box, variable, rank)."""
        count = boxes.shape[0]
        states, scale, first = self._states(boxes, differentiate)
        image, second = self._project(states, scale, count)
        return image, tuple(a or b for a, b in zip(first, second, strict=True))

    def _around(self, states: Interval) -> Enclosures:
        count = states.shape[0]
        latent, _ = self._project(Value(states), [], count)
        lifted, scale, first = self._states(latent.bounds, True)
        image, second = self._project(Value(states, lifted.slopes), scale, count)
        reasons = tuple(a or b for a, b in zip(first, second, strict=True))
        bounds = subtract(states, lifted.bounds)
        return Enclosures(bounds, self._less_than_identity(image), reasons)

    def _less_than_identity(self, image: Value) -> Interval:
        """Return the identity less the slopes of k, as (box, output, input)."""
        assert image.slopes is not None  # asked for
        left = subtract(point(np.eye(self.variables)[None, :, : self.rank]), image.slopes)
        return left.map(lambda array: np.swapaxes(array, -1, -2))

    def _states(
        self, boxes: Interval, differentiate: bool
    ) -> tuple[Value, list[Value], tuple[str, ...]]:
        """Return x = -h(k)/a and its slopes (box, variable, n), and s if it is there.

        As h(k) = g(x, k) - a x, it is g(0, k).
        """
        count, size, variables = boxes.shape[0], self.size, self.variables
        values = [Value(point(np.zeros((1, size)))), *self._latent(boxes, differentiate)]
        (rest,), refusals = run_program(self.embed, values, count)

        def divided(part: Interval, *lead: int) -> Interval:
            quotient = negate(divide(part, self.leak[None]))
            return quotient.map(lambda array: np.broadcast_to(array, (*lead, size)))

        slopes = None
        if differentiate:
            slopes = rest.slopes or point(np.zeros((1, variables, size)))
            slopes = divided(slopes, count, variables)
        states = Value(divided(rest.bounds, count), slopes)
        return states, values[1 + len(self.shapes) :], refusals

    def _latent(self, boxes: Interval, differentiate: bool) -> list[Value]:
        """Return the values that are k, and s if it is there, with slopes of one."""
        variables, values, place = self.variables, list[Value](), 0
        eye = np.eye(variables)[None]
        for shape in (*self.shapes, *[()] * (variables - self.rank)):
            here = slice(place, place := place + int(np.prod(shape)))
            bounds = boxes[:, here].map(methodcaller("reshape", boxes.shape[0], *shape))
            seed = point(eye[..., here].reshape(1, variables, *shape))
            values.append(Value(bounds, seed if differentiate else None))
        return values

    def _project(self, states: Value, scale: list[Value], count: int) -> _Run:
        """Return k = z(x), flat, and its slopes (box, input, rank)."""
        results, refusals = run_program(self.project, [states, *scale], count)
        bounds = _side_by_side([value.bounds for value in results], (count,))
        if states.slopes is None:
            return Value(bounds), refusals
        inputs = states.slopes.shape[1]
        none = [point(np.zeros((1, inputs, *value.bounds.shape[1:]))) for value in results]
        slopes = [
            zero if value.slopes is None else value.slopes
            for value, zero in zip(results, none, strict=True)
        ]
        return Value(bounds, _side_by_side(slopes, (count, inputs))), refusals


def _joined(parts: list[Interval], axis: int = 0) -> Interval:
    return Interval(
        np.concatenate([part.lower for part in parts], axis),
        np.concatenate([part.upper for part in parts], axis),
    )


def _side_by_side(parts: list[Interval], lead: tuple[int, ...]) -> Interval:
    """Put values of any shapes on one axis, with full leading axes."""

    def flat(array: Array) -> Array:
        array = np.broadcast_to(array, lead + array.shape[len(lead) :])
        return array.reshape(*lead, -1)

    return _joined([part.map(flat) for part in parts], -1)
