r"""Bounds beyond which the velocity of each unit points back, whatever the other units do.

The velocity of unit i is written as $v_i = A\,(x_i - c) + B$ around a pivot c, with intervals A and
B that hold whatever the rest does: sums and products are carried out on such pairs, the value of
any other operation is a B alone. If $A < 0$, then $v_i < 0$ wherever $x_i > c - \max B/A$.

Over all of space an interval forgets that the z in $(1-z)\,n$ and in $z\,h$ is the same, so it
cannot see that $(1-z)\,n + z\,h$ never leaves the hull of n and h. So *gates*, which are what
multiplies the state, are put at the ends of their range. No product has a gate on both sides, so
the velocity is linear in each: an average of its values at the corners, with weights that are
products of distances to the opposite ends. It is negative if it is nowhere positive at the corners,
and negative at one with a positive weight: z = 0 in a GRU, as a logistic function never reaches 1.

Sums and products are elementwise, and all else that is carried out only moves values: for each unit
one element of every value is enough.

A pivot away from 0 tells what a gain $r \ge 0$ without an upper bound does: $v = -s + (1 - s)\,r$
is negative at s = 1, where the factor of r is 0, and falls from there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ...enclosure.flat import FlatProgram, Step
from ...enclosure.interval import Interval, point
from ...enclosure.interval.arithmetic import Array
from ...enclosure.interval.interpreter import Execution
from ...enclosure.moves import MOVES
from .affine import AffineBounds, add_up, divide_up

_MOST_GATES = 4
_MOST_PIVOTS = 4
_SUMS = frozenset({"add", "add_any", "sub", "neg"})
_FLOAT64 = np.dtype(np.float64)
# Of a finite argument these never reach the ends of their range.
_STRICT = frozenset({"tanh", "erf", "exp", "logistic"})
# Finite wherever all that they are given is.
_ENTIRE = frozenset(
    (
        *("mul", "div", "dot_general", "square", "reduce_sum", "max", "min", "abs", "exp"),
        *("logaddexp", "select_n", "convert_element_type", *_SUMS, *MOVES),
    )
)


@dataclass(frozen=True)
class Attraction:
    """Velocity of unit i: negative wherever x_i > upper[i], positive wherever x_i < lower[i].

    `decays[i]` says whether A < 0 was proved; without it nothing is known of that unit.
    """

    lower: Float[np.ndarray, " unit"]
    upper: Float[np.ndarray, " unit"]
    decays: Bool[np.ndarray, " unit"]


def attraction(execution: Execution) -> Attraction:
    """Bound the states of the box of an execution where the velocity may vanish."""
    velocity = _Velocity(execution)
    size = velocity.size
    found = Attraction(np.full(size, -np.inf), np.full(size, np.inf), np.zeros(size, bool))
    for pivots in [np.zeros(size), *velocity.pivots()]:
        lower, upper, decays = velocity.attraction(pivots)
        found = Attraction(
            np.maximum(found.lower, lower), np.minimum(found.upper, upper), found.decays | decays
        )
    return found


_Key = tuple[int, bytes]  # of a slot, and of the elements that are asked for


class _Part(NamedTuple):
    """One element of a value for each unit, and the elements of operands that it is made of.

    Where operands are moved, `chosen` tells for each of them whose element it gives.
    """

    slot: int
    at: Array
    step: Step | None = None
    sources: tuple[_Key, ...] = ()
    chosen: tuple[Array, ...] = ()


class _Velocity:
    """The velocity of an execution over one box, as a function of single units and of gates.

    A gate (slot, place) belongs to unit i with the element `place + i`.
    """

    def __init__(self, execution: Execution):
        self.execution, self.program = execution, execution.program
        (self.state,), (self.output,) = self.program.inputs, self.program.outputs
        (self.size,) = self.program.output_shapes[0]
        self.units = np.arange(self.size)
        self.opposites = _opposites(self.program)
        holds, linear, factors = self._dependence()
        scaled = [
            slot
            for step in linear
            if step.name == "mul"
            for slot in step.inputs
            if self.state in holds.get(slot, ()) and slot != self.state
        ]
        self.gates = list(self._places(factors))[:_MOST_GATES]
        finite = self._finite()
        self.strict = [self._argument(slot) in finite for slot, _ in self.gates]
        symbols = {self.state, *(slot for slot, _ in self.gates)}
        self.fixed = {slot for slot, made in holds.items() if not made & symbols}
        own = [slot for slot in scaled if self._count(slot) in (1, self.size)]
        wanted = [(slot, self.units % self._count(slot)) for slot in (self.output, *own)]
        self.parts, self.scaled = self._parts_of(wanted, linear)
        self.target = self.scaled.pop(0)

    def pivots(self) -> list[Array]:
        """Return where what is multiplied by a gain may be 0: pivots (unit,)."""
        found = list[Array]()
        if not self.scaled:
            return found
        values = self._values(np.zeros(self.size), (0,) * len(self.gates))
        for factor in (values[key] for key in self.scaled):
            for rest in _ends(factor.rest):
                with np.errstate(divide="ignore", invalid="ignore"):
                    zero = -rest / factor.slope.lower
                zero = np.nan_to_num(zero, nan=0.0, posinf=0.0, neginf=0.0)
                if zero.any() and not any(np.array_equal(zero, other) for other in found):
                    found.append(zero)
        return found[:_MOST_PIVOTS]

    def attraction(self, pivot: Array) -> tuple[Array, Array, Array]:
        """Bound the zeros of the velocities; also tell for which units A < 0."""
        choices = product((0, 1), repeat=len(self.gates))
        corners = [self._values(pivot, ends)[self.target] for ends in choices]
        ends = np.array([[*_ends(v.slope), *_ends(v.rest)] for v in corners])
        steepest, slope, low, high = np.moveaxis(ends, 1, 0)
        negative = (slope < 0).reshape(*(2,) * len(self.gates), self.size)
        for strict in self.strict:  # one of the corners is enough where both have a weight
            negative = (np.logical_or if strict else np.logical_and).reduce(negative)
        decays = negative & (slope <= 0).all(axis=0)
        upper = add_up(pivot, _farthest(steepest, slope, high))
        lower = -add_up(-pivot, _farthest(steepest, slope, -low))
        return np.where(decays, lower, -np.inf), np.where(decays, upper, np.inf), decays

    def _dependence(self) -> tuple[dict[int, frozenset[int]], list[Step], list[int]]:
        """Return what each value is made of by linear steps, those steps, and the factors of x."""
        holds, linear = {self.state: frozenset({self.state})}, list[Step]()
        factors: dict[int, None] = {}
        for step in self.program.steps:
            if step.outputs[0] in self.program.constants:
                continue
            operands = [holds.get(slot, frozenset[int]()) for slot in step.inputs]
            if not self._is_linear(step, operands):
                holds |= {slot: frozenset({slot}) for slot in step.outputs}
                continue
            linear.append(step)
            if step.name == "logistic":
                operands = [frozenset({self.opposites[step.outputs[0]]})]
            if step.name == "mul":
                for one, other in (operands, operands[::-1]):
                    factors |= dict.fromkeys(other if self.state in one else ())
            made = operands[:1] if step.name == "div" else operands
            holds |= dict.fromkeys(step.outputs, frozenset[int]().union(*made))
        return holds, linear, [slot for slot in factors if slot != self.state]

    def _is_linear(self, step: Step, operands: list[frozenset[int]]) -> bool:
        """Whether a step is carried out on A (x − c) + B; its value is a B alone otherwise."""
        if any(dtype != _FLOAT64 for dtype in step.dtypes):
            return False
        if step.name in MOVES:
            return step.plan is not None and step.plan.fill is None
        if step.name == "convert_element_type":
            return step.input_dtypes[0] == _FLOAT64
        if step.name == "mul":
            return not (operands[0] & operands[1]) - {self.state}
        if step.name == "div":
            return bool(operands[0]) and _keeps_its_sign(self._bounds(step.inputs[1]))
        return step.name in _SUMS or step.outputs[0] in self.opposites

    def _places(self, factors: list[int]) -> Iterator[tuple[int, int]]:
        """Yield the gates: those of one kind stand one after another, as the units do.

        (To take the gate of another unit would be sound, and of no use.)
        """
        for slot in factors:
            if _is_finite(bounds := self._bounds(slot)):
                for place in range(0, max(1, bounds.lower.size - self.size + 1), self.size):
                    yield slot, place

    def _bounds(self, slot: int) -> Interval:
        bounds = self.execution.values[slot].bounds
        if self._written_logistic(slot) is not None:
            return bounds.map(lambda end: np.clip(end, 0.0, 1.0))
        return bounds

    def _argument(self, slot: int) -> int | None:
        """Return the argument of a function that never reaches its ends where that is finite."""
        maker = self.program.producers[slot]
        return maker.inputs[0] if maker.name in _STRICT else self._written_logistic(slot)

    def _written_logistic(self, slot: int) -> int | None:
        """Return the b of 1/(1 + exp(b))."""
        for name in ("div", "add"):
            step = self.program.producers.get(slot)
            if step is None or step.name != name:
                return None
            ones = [self._is_one(operand) for operand in step.inputs]
            if sum(ones) != 1 or (name == "div" and not ones[0]):
                return None
            slot = step.inputs[ones.index(False)]
        step = self.program.producers.get(slot)
        return step.inputs[0] if step is not None and step.name == "exp" else None

    def _is_one(self, slot: int) -> bool:
        bounds = self.execution.values[slot].bounds
        return bool(np.all(bounds.lower == 1) and np.all(bounds.upper == 1))

    def _finite(self) -> set[int]:
        """Return the slots that are finite at every state of the box, though without a bound.

        Bounds do not tell: those of x and those of log r are infinite, and only the latter is so
        itself, where r is zero.
        """
        finite = {slot for slot in self.execution.values if _is_finite(self._bounds(slot))}
        finite.add(self.state)
        for step in self.program.steps:
            entire = step.name in _ENTIRE and finite.issuperset(step.inputs)
            filled = step.name in MOVES and step.plan is not None and step.plan.fill is not None
            if step.name == "div":
                entire = entire and _keeps_its_sign(self._bounds(step.inputs[1]))
            if entire and not filled:
                finite.update(step.outputs)
        return finite

    def _parts_of(
        self, wanted: list[tuple[int, Array]], linear: Sequence[Step]
    ) -> tuple[dict[_Key, _Part], list[_Key]]:
        """Return what elements of values are needed for those wanted, in order; also their keys."""
        needed: dict[int, dict[bytes, Array]] = {}

        def ask(slot: int, at: Array) -> _Key:
            key = at.tobytes()
            needed.setdefault(slot, {})[key] = at
            return slot, key

        keys = [ask(slot, at) for slot, at in wanted]
        made = list[_Part]()
        for step in reversed(linear):
            for slot in step.outputs:
                for at in needed.pop(slot, {}).values():
                    sources, chosen = self._sources(step, slot, at)
                    made.append(_Part(slot, at, step, tuple(ask(*s) for s in sources), chosen))
        given = [_Part(slot, at) for slot, ats in needed.items() for at in ats.values()]
        return {(p.slot, p.at.tobytes()): p for p in (*given, *reversed(made))}, keys

    def _sources(
        self, step: Step, slot: int, at: Array
    ) -> tuple[list[tuple[int, Array]], tuple[Array, ...]]:
        """Return the elements of operands that the elements of a result are made of."""
        if step.name == "logistic":
            return [(self.opposites[slot], at)], ()
        if step.name not in MOVES:
            return [(operand, at % self._count(operand)) for operand in step.inputs], ()
        operands = [step.inputs[place] for place in step.plan.places]
        stops = np.cumsum([0, *map(self._count, operands)])
        shapes = [step.input_shapes[place] for place in step.plan.places]
        numbers = [
            np.arange(start, stop).reshape(shape)
            for start, stop, shape in zip(stops[:-1], stops[1:], shapes, strict=True)
        ]
        moved = step.plan.apply(numbers, 0)[step.outputs.index(slot)].ravel()[at]
        ranges = [*zip(operands, stops[:-1], stops[1:], strict=True)]
        places = [(o, np.clip(moved - low, 0, high - low - 1)) for o, low, high in ranges]
        return places, tuple((low <= moved) & (moved < high) for _, low, high in ranges)

    def _values(self, pivot: Array, ends: tuple[int, ...]) -> dict[_Key, AffineBounds]:
        """Return all that is needed, with the gates at these ends."""
        values: dict[_Key, AffineBounds] = {}
        for key, part in self.parts.items():
            if part.step is None:
                values[key] = self._given(part, pivot, ends)
            else:
                values[key] = self._apply(part, [values[source] for source in part.sources])
                if part.slot in self.fixed:
                    values[key] = values[key].within(self._elements(part))
        return values

    def _given(self, part: _Part, pivot: Array, ends: tuple[int, ...]) -> AffineBounds:
        """Return elements of a value that is not made by linear steps."""
        bounds = self._elements(part)
        if part.slot == self.state:
            own = part.at == self.units
            rest = (np.where(own, pivot, end) for end in _ends(bounds))
            return AffineBounds(point(own.astype(float)), Interval(*rest))
        for (slot, place), end in zip(self.gates, ends, strict=True):
            if slot == part.slot:
                own = part.at == (place + self.units) % self._count(slot)
                chosen = _ends(bounds)[end]
                bounds = Interval(*(np.where(own, chosen, other) for other in _ends(bounds)))
        return AffineBounds.bounded(bounds)

    def _elements(self, part: _Part) -> Interval:
        """Return bounds of the elements of a value."""
        shape = self._shape(part.slot)
        return self._bounds(part.slot).map(
            lambda end: np.broadcast_to(end[0], shape).astype(float).ravel()[part.at]
        )

    def _apply(self, part: _Part, operands: list[AffineBounds]) -> AffineBounds:
        """Carry out a linear step on elements."""
        assert part.step is not None  # these are what it is made of
        name, (first, *others) = part.step.name, operands
        if name in MOVES:
            ends = zip(*((*_ends(v.slope), *_ends(v.rest)) for v in operands), strict=True)
            moved = [np.select(part.chosen, choices) for choices in ends]
            return AffineBounds(Interval(*moved[:2]), Interval(*moved[2:]))
        if name == "convert_element_type":
            return first
        if name == "neg":
            return first.negative()
        if name == "logistic":  # σ(−a) = 1 − σ(a)
            return AffineBounds.bounded(point(np.ones(len(part.at)))).plus(first.negative())
        (second,) = others
        if name == "mul":
            return first.times(second, self._elements(part))
        if name == "div":  # by any value that there is, whatever the gates
            slot, key = part.sources[1]
            return first.over(self._elements(self.parts[slot, key]))
        return first.plus(second.negative() if name == "sub" else second)

    def _shape(self, slot: int) -> tuple[int, ...]:
        maker = self.program.producers.get(slot)
        if maker is None:
            return self.execution.values[slot].bounds.shape[1:]
        return maker.shapes[maker.outputs.index(slot)]

    def _count(self, slot: int) -> int:
        return int(np.prod(self._shape(slot)))


def _opposites(program: FlatProgram) -> dict[int, int]:
    """Return where there are both σ(−a) and σ(a), for that the one is 1 less the other."""
    gates = {step.inputs[0]: step.outputs[0] for step in program.steps if step.name == "logistic"}
    negatives = {step.outputs[0]: step.inputs[0] for step in program.steps if step.name == "neg"}
    return {
        gate: gates[negatives[slot]]
        for slot, gate in gates.items()
        if slot in negatives and negatives[slot] in gates.keys() - negatives.keys()
    }


def _ends(bounds: Interval) -> tuple[Array, Array]:
    return bounds.lower, bounds.upper


def _is_finite(bounds: Interval) -> bool:
    return bool(np.isfinite(bounds.lower).all() and np.isfinite(bounds.upper).all())


def _keeps_its_sign(bounds: Interval) -> bool:
    return bool(np.all((bounds.lower > 0) | (bounds.upper < 0)))


def _farthest(steepest: Array, slope: Array, high: Array) -> Array:
    """Return the least y with A y + B ≤ 0 at every corner from there on; infinite if none.

    `steepest` and `slope` bound A ≤ 0, `high` bounds B from above.
    """
    beyond = np.where(high > 0, divide_up(high, -slope), divide_up(high, -steepest))
    beyond = np.where((high <= 0) & (steepest == 0), -np.inf, beyond)
    farthest = np.where(np.isnan(beyond), np.inf, beyond).max(axis=0)
    return np.asarray(np.where(np.isfinite(farthest), farthest, np.inf))
