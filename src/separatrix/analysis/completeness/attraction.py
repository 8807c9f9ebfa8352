r"""Where the velocity of each unit points back, whatever the other units do.

The velocity of unit i is written as $v_i = A\,(x_i - c) + B$ around a pivot c, with intervals A and
B that hold whatever the rest does: sums and products are carried out on such pairs, the value of
any other operation is a B alone. If $A < 0$, then $v_i < 0$ wherever $x_i > c - \max B/A$.

Over all of space an interval forgets that the z in $(1-z)\,n$ and in $z\,h$ is the same, so it
cannot see that $(1-z)\,n + z\,h$ never leaves the hull of n and h. So *gates*, which are what
multiplies the state, are put at the ends of their range. No product has a gate on both sides, so
the velocity is linear in each: an average of its values at the corners, with weights that are
products of distances to the opposite ends. It is negative if it is nowhere positive at the corners,
and negative at one with a positive weight: z = 0 in a GRU, as a logistic function never reaches 1.

A pivot away from 0 tells what a gain $r \ge 0$ without an upper bound does: $v = -s + (1 - s)\,r$
is negative at s = 1, where the factor of r is 0, and falls from there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._parallel import chunks
from ...enclosure.flat import FlatProgram, Step
from ...enclosure.interval import Interval, point
from ...enclosure.interval.arithmetic import Array
from ...enclosure.interval.interpreter import Execution
from ...enclosure.interval.rules import movement, positions
from ...enclosure.interval.values import Value
from .affine import Affine, add_up, divide_up

Units = Int[np.ndarray, " unit"]
_MOST_GATES = 4
_MOST_PIVOTS = 4
_ENTRIES = 2**20  # of the arrays (unit, unit) that are held at once
_MOVES = movement.RULES | positions.RULES
_SUMS = frozenset({"add", "add_any", "sub", "neg"})
_FLOAT64 = np.dtype(np.float64)
# Of a finite argument these never reach the ends of their range.
_STRICT = frozenset({"tanh", "erf", "exp", "logistic"})
# Finite wherever all that they are given is.
_ENTIRE = frozenset(
    (
        *("mul", "div", "dot_general", "square", "reduce_sum", "max", "min", "abs", "exp"),
        *("logaddexp", "select_n", "convert_element_type", *_SUMS, *_MOVES),
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
    for chunk in chunks(size, max(1, _ENTRIES // size)):
        units = np.arange(size)[chunk]
        for pivots in [np.zeros(len(units)), *velocity.pivots(units)]:
            lower, upper, decays = velocity.attraction(units, pivots)
            found.lower[units] = np.maximum(found.lower[units], lower)
            found.upper[units] = np.minimum(found.upper[units], upper)
            found.decays[units] |= decays
    return found


class _Velocity:
    """The velocity of an execution over one box, as a function of single units and of gates.

    A gate (slot, place) belongs to unit i with the element `place + i`.
    """

    def __init__(self, execution: Execution):
        self.execution, self.program = execution, execution.program
        (self.state,), (self.output,) = self.program.inputs, self.program.outputs
        (self.size,) = self.program.output_shapes[0]
        self.opposites = _opposites(self.program)
        holds, linear, factors = self._dependence()
        self.scaled = [
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
        self.steps = [step for step in linear if holds[step.outputs[0]] & symbols]
        self.known: dict[int, Affine] = {}
        for step in linear:
            if not holds[step.outputs[0]] & symbols:
                for slot, value in zip(step.outputs, self._apply(step, {}), strict=True):
                    self.known[slot] = value.within(self._bounds(slot))

    def pivots(self, units: Units) -> list[Array]:
        """Return where what is multiplied by a gain may be 0: pivots (unit,) for some units."""
        found = list[Array]()
        if not self.scaled:
            return found
        values = self._values(units, np.zeros(len(units)), (0,) * len(self.gates))
        for factor in (self._value(slot, values) for slot in self.scaled):
            slope = self._own(factor.slope.lower, units)
            for rest in (self._own(end, units) for end in _ends(factor.rest)):
                with np.errstate(divide="ignore", invalid="ignore"):
                    zero = np.nan_to_num(-rest / slope, nan=0.0, posinf=0.0, neginf=0.0)
                if zero.any() and not any(np.array_equal(zero, other) for other in found):
                    found.append(zero)
        return found[:_MOST_PIVOTS]

    def _own(self, array: Array, units: Units) -> Array:
        """Return for each of some units the element that is its own, or a number for all."""
        flat = np.broadcast_to(array, (len(units), *array.shape[1:])).reshape(len(units), -1)
        if flat.shape[1] not in (1, self.size):
            return np.zeros(len(units))
        return flat[np.arange(len(units)), units % flat.shape[1]]

    def attraction(self, units: Units, pivot: Array) -> tuple[Array, Array, Array]:
        """Bound the zeros of the velocities of some units; also tell whether A < 0."""
        corners = [self._at(units, pivot, ends) for ends in product((0, 1), repeat=len(self.gates))]
        steepest, slope, low, high = (np.array(column) for column in zip(*corners, strict=True))
        negative = (slope < 0).reshape(*(2,) * len(self.gates), len(units))
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
            if self.execution.is_constant(step.outputs[0]):
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
        if step.name in _MOVES:
            return step.params.get("fill_value") is None
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
            if step.name == "div":
                entire = entire and _keeps_its_sign(self._bounds(step.inputs[1]))
            if entire and step.params.get("fill_value") is None:
                finite.update(step.outputs)
        return finite

    def _at(self, units: Units, pivot: Array, ends: tuple[int, ...]) -> list[Array]:
        """Return the ends of A and B of each unit's velocity, with its gates at these ends."""
        velocity = self._value(self.output, self._values(units, pivot, ends))
        rows, shape = np.arange(len(units)), (len(units), self.size)
        parts = (*_ends(velocity.slope), *_ends(velocity.rest))
        return [np.broadcast_to(end, shape)[rows, units] for end in parts]

    def _values(self, units: Units, pivot: Array, ends: tuple[int, ...]) -> dict[int, Affine]:
        """Return what depends linearly on the state of each unit, with its gates at these ends."""
        rows = np.arange(len(units))
        values = {slot: self._rows(slot, units) for slot in {self.state, *dict(self.gates)}}
        slope, rest = values[self.state]
        slope.lower[rows, units], rest.lower[rows, units], rest.upper[rows, units] = 1, pivot, pivot
        for (slot, place), end in zip(self.gates, ends, strict=True):
            low, high = (flat.reshape(len(units), -1) for flat in _ends(values[slot].rest))
            at = rows, (place + units) % low.shape[1]
            low[at] = high[at] = (low, high)[end][at]
        for step in self.steps:
            values |= zip(step.outputs, self._apply(step, values), strict=True)
        return values

    def _rows(self, slot: int, units: Units) -> Affine:
        """Copy the bounds of a value for each unit."""
        bounds = self._bounds(slot)
        shape = (len(units), *bounds.shape[1:])
        ends = (np.broadcast_to(end, shape).astype(float, order="C") for end in _ends(bounds))
        return Affine.bounded(Interval(*ends))

    def _value(self, slot: int, values: dict[int, Affine]) -> Affine:
        """Return a value, of which bounds over the box are known at least."""
        known = values.get(slot) or self.known.get(slot)
        return known or Affine.bounded(self._bounds(slot))

    def _apply(self, step: Step, values: dict[int, Affine]) -> list[Affine]:
        """Carry out a linear step."""
        if step.name == "logistic":  # σ(−a) = 1 − σ(a)
            gate = self._value(self.opposites[step.outputs[0]], values)
            return [Affine.bounded(point(np.ones(gate.rest.shape))).plus(gate.negative())]
        operands = [self._value(slot, values) for slot in step.inputs]
        if step.name in _MOVES:
            return self._move(step, operands)
        first, *others = (operand.of_rank(len(step.shapes[0])) for operand in operands)
        if step.name == "convert_element_type":
            return [first]
        if step.name == "neg":
            return [first.negative()]
        (second,) = others
        if step.name == "mul":
            return [first.times(second, self._bounds(step.outputs[0]))]
        if step.name == "div":  # by any value that there is, whatever the gates
            divisor = self._value(step.inputs[1], {}).of_rank(len(step.shapes[0]))
            return [first.over(divisor.rest)]
        return [first.plus(second.negative() if step.name == "sub" else second)]

    def _move(self, step: Step, operands: list[Affine]) -> list[Affine]:
        """Move the ends of A and of B by the rule of the values; rows stand for boxes."""
        count = max(len(operand.rest.lower) for operand in operands)

        def moved(part: int, end: int) -> list[Array]:
            values = [self.execution.values[slot] for slot in step.inputs]
            for place, dtype in enumerate(step.input_dtypes):
                if dtype == _FLOAT64:
                    array = _ends(operands[place][part])[end]
                    whole = np.broadcast_to(array, (count, *array.shape[1:]))
                    values[place] = Value(point(whole.copy()))
            return [np.asarray(v.bounds.lower) for v in self.execution.apply(step, values)]

        results = zip(*(moved(part, end) for part in (0, 1) for end in (0, 1)), strict=True)
        return [Affine(Interval(*ends[:2]), Interval(*ends[2:])) for ends in results]


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
