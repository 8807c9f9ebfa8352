r"""Where the velocity of each unit points back, whatever the other units do.

The velocity of unit i is written as $v_i = A\,(x_i - c) + B$ around a pivot c, with intervals A and
B that hold whatever the rest does: sums and products are carried out on such pairs, the value of
any other operation is a B alone. If $A < 0$, then $v_i < 0$ wherever $x_i > c - \max B/A$.

Over all of space an interval forgets that the z in $(1-z)\,n$ and in $z\,h$ is the same, so it
cannot see that $(1-z)\,n + z\,h$ never leaves the hull of n and h. So *gates*, which are what
multiplies the state, and the n that they multiply along with it in $z\,(h-n) + n$, are put at the
ends of their range. No product has the same gate on both sides, so the velocity is linear in each:
an average of its values at the corners, with weights that are products of distances to the opposite
ends. It is negative if it is nowhere positive at the corners, and negative at one with a positive
weight: z = 0 in a GRU, as a logistic function never reaches 1.

Sums and products are elementwise, and all else that is carried out only moves values: for each unit
one element of every value is enough.

A pivot away from 0 tells what a gain $r \ge 0$ without an upper bound does: $v = -s + (1 - s)\,r$
is negative at s = 1, where the factor of r is 0, and falls from there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Bool, Float, Int

from ...enclosure.flat import FlatProgram, Step, needed
from ...enclosure.interval import Interval, point
from ...enclosure.interval.arithmetic import Array
from ...enclosure.interval.interpreter import Execution
from ...enclosure.operations import Trait, operation
from .affine import AffineBounds, add_up, divide_up
from .affine_steps import (
    FLOAT64,
    OPPOSITE,
    RULES,
    Made,
    Wanted,
    bounds_of,
    count_of,
    elements_of,
    ends_of,
)

_MOST_GATES = 4
_MOST_PIVOTS = 4


Attraction = tuple[
    Float[np.ndarray, " unit"], Float[np.ndarray, " unit"], Bool[np.ndarray, " unit"]
]
"""Lower and upper bounds of the states at rest, and for which units there are any."""


def attraction(execution: Execution) -> Attraction:
    """Bound the states of the box of an execution where the velocity may vanish.

    The velocity of unit i is negative wherever x_i > upper[i], positive wherever x_i < lower[i].
    `decays[i]` says whether A < 0 was proved; without it nothing is known of that unit.
    """
    velocity = _Reading.of(replace(execution, program=_with_opposites(execution.program)))
    gates, pivots = len(velocity.gates), velocity.pivots()
    corners = np.array([*product((0, 1), repeat=gates)], int).reshape(2**gates, gates)
    each = np.repeat(pivots, len(corners), axis=0)
    (found, *_) = velocity.values(each, np.tile(corners, (len(pivots), 1)))
    shape = (len(pivots), len(corners), pivots.shape[1])
    steepest, slope, low, high = (
        np.broadcast_to(end, each.shape).reshape(shape)
        for end in (*ends_of(found.slope), *ends_of(found.rest))
    )
    negative = (slope < 0).reshape(len(pivots), *(2,) * gates, -1)
    for slot, _ in velocity.gates:  # one of the corners is enough where both have a weight
        both = np.logical_or if velocity.is_strict(slot) else np.logical_and
        negative = both.reduce(negative, axis=1)
    decays = negative & (slope <= 0).all(axis=1)
    upper = add_up(pivots, _farthest(steepest, slope, high))
    lower = -add_up(-pivots, _farthest(steepest, slope, -low))
    lowest, highest = np.where(decays, lower, -np.inf), np.where(decays, upper, np.inf)
    return lowest.max(axis=0), highest.min(axis=0), np.asarray(decays.any(axis=0))


@dataclass(frozen=True, eq=False)
class _Reading:
    """The linear steps of an execution over one box, and the elements of values that are needed.

    Attributes
    ----------
    program
        The linear steps alone.
    gates
        What multiplies the state, or is multiplied with it: the element `place + i` of a slot for
        unit i, as (slot, place).
    wanted
        The velocity, and factors of the state that hold it themselves.
    asked
        The elements of each slot that those wanted are made of, by their bytes.
    fixed
        The slots that are made of neither the state nor a gate.
    """

    execution: Execution
    program: FlatProgram
    gates: list[tuple[int, int]]
    wanted: list[Wanted]
    asked: dict[int, dict[bytes, Array]]
    fixed: set[int]

    @classmethod
    def of(cls, execution: Execution) -> "_Reading":
        """Find the linear steps and the gates."""
        program = execution.program
        (state,), (size,), units = program.inputs, program.output_shapes[0], _units(program)
        made, linear = _made_by_linear_steps(execution)
        products = [step.inputs for step in linear if step.name == "mul"]
        pairs = [(made[s], made[t]) for a, b in products for s, t in ((a, b), (b, a))]
        factors = [slot for a, b in pairs if state in a for slot in b]
        factors += [slot for a, b in pairs if state in a and b for slot in a]
        chosen = [slot for slot in dict.fromkeys(factors) if slot != state]
        gates = [*_places(execution, chosen)][:_MOST_GATES]
        scaled = [s for pair in products for s in pair if state in made[s] and s != state]
        own = [slot for slot in scaled if count_of(execution, slot) in (1, size)]
        wanted = [(slot, units % count_of(execution, slot)) for slot in (*program.outputs, *own)]
        outputs = tuple(slot for slot, _ in wanted)
        steps = needed(linear, outputs)
        symbols = {state, *(slot for slot, _ in gates)}
        return cls(
            execution,
            replace(program, steps=tuple(steps), outputs=outputs),
            gates,
            wanted,
            _asked(execution, steps, wanted),
            {slot for slot, parts in made.items() if not parts & symbols},
        )

    def pivots(self) -> Float[np.ndarray, "pivot unit"]:
        """Return zero, and where what is multiplied by a gain may be zero."""
        pivots = np.zeros((1, *self.program.output_shapes[0]))
        for factor in self.values(pivots, np.zeros((1, len(self.gates)), int))[1:]:
            for rest in ends_of(factor.rest):
                with np.errstate(divide="ignore", invalid="ignore"):
                    zero = np.broadcast_to(-rest / factor.slope.lower, pivots[:1].shape)
                zero = np.nan_to_num(zero, nan=0.0, posinf=0.0, neginf=0.0)
                if not (pivots == zero).all(axis=1).any():
                    pivots = np.concatenate([pivots, zero])
        return pivots[: 1 + _MOST_PIVOTS]

    def values(
        self, pivots: Float[np.ndarray, "case unit"], ends: Int[np.ndarray, "case gate"]
    ) -> list[AffineBounds]:
        """Return what is wanted, around these pivots and with the gates at these ends."""

        def apply(
            step: Step, operands: list[dict[bytes, AffineBounds]]
        ) -> list[dict[bytes, AffineBounds]]:
            values = dict(zip(step.inputs, operands, strict=True))
            return [
                {key: self._apply(step, (slot, at), values) for key, at in self._asked(slot)}
                for slot in step.outputs
            ]

        read = {slot for step in self.program.steps for slot in step.inputs}
        given = {
            slot: {key: self._given((slot, at), pivots, ends) for key, at in self._asked(slot)}
            for slot in read.union(self.program.outputs) - self.program.producers.keys()
        }
        values = self.program.interpret(apply, given)
        return [values[slot][at.tobytes()] for slot, at in self.wanted]

    def is_strict(self, slot: int) -> bool:
        """Whether a gate never reaches the ends of its range at a state of the box."""
        maker = self.execution.program.producers[slot]
        is_open = Trait.OPEN in operation(maker.name).traits
        return is_open and maker.inputs[0] in _finite(self.execution)

    def _asked(self, slot: int) -> Iterable[tuple[bytes, Array]]:
        return self.asked.get(slot, {}).items()

    def _apply(
        self, step: Step, wanted: Wanted, operands: dict[int, dict[bytes, AffineBounds]]
    ) -> AffineBounds:
        """Carry out a step on the elements that it needs."""
        rule = RULES[step.name]
        sources = rule.sources(self.execution, step, wanted)
        parts = [operands[slot][at.tobytes()] for slot, at in sources]
        value = rule.apply(self.execution, step, wanted, *parts)
        if wanted[0] in self.fixed:
            return value.within(elements_of(self.execution, wanted))
        return value

    def _given(self, wanted: Wanted, pivots: Array, ends: Array) -> AffineBounds:
        """Return elements of a value that is not made by linear steps."""
        (slot, at), bounds = wanted, elements_of(self.execution, wanted)
        units = _units(self.program)
        if slot in self.program.inputs:
            rest = [np.where(at == units, pivots, end) for end in ends_of(bounds)]
            return AffineBounds(point((at == units).astype(float)), Interval(*rest))
        for number, (gate, place) in enumerate(self.gates):
            if gate == slot:
                own = at == (place + units) % count_of(self.execution, slot)
                chosen = np.where(ends[:, number, None], bounds.upper, bounds.lower)
                bounds = Interval(*(np.where(own, chosen, other) for other in ends_of(bounds)))
        return AffineBounds.bounded(bounds)


def _made_by_linear_steps(execution: Execution) -> tuple[dict[int, Made], list[Step]]:
    """Return the slots that each value is made of by linear steps, and those steps."""
    program, linear = execution.program, list[Step]()

    def apply(step: Step, operands: list[Made]) -> list[Made]:
        rule = RULES.get(step.name)
        known = rule is not None and all(dtype == FLOAT64 for dtype in step.dtypes)
        made = rule.made(execution, step, operands) if rule is not None and known else None
        if made is None:
            return [frozenset({slot}) for slot in step.outputs]
        linear.append(step)
        return [made] * len(step.outputs)

    first: dict[int, Made] = {slot: frozenset({slot}) for slot in program.inputs}
    first |= dict.fromkeys(program.constants, frozenset[int]())
    return program.interpret(apply, first, keep=True), linear


def _asked(
    execution: Execution, steps: Sequence[Step], wanted: Sequence[Wanted]
) -> dict[int, dict[bytes, Array]]:
    """Return what elements of values make those wanted by linear steps."""
    asked: dict[int, dict[bytes, Array]] = {}

    def ask(those: Iterable[Wanted]) -> None:
        for slot, at in those:
            asked.setdefault(slot, {})[at.tobytes()] = at

    ask(wanted)
    for step in reversed(steps):
        for slot in step.outputs:
            for at in asked.get(slot, {}).values():
                ask(RULES[step.name].sources(execution, step, (slot, at)))
    return asked


def _places(execution: Execution, factors: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield the gates: those of one kind stand one after another, as the units do.

    (To take the gate of another unit would be sound, and of no use.)
    """
    (size,) = execution.program.output_shapes[0]
    for slot in factors:
        if _is_finite(bounds := bounds_of(execution, slot)):
            for place in range(0, max(1, bounds.lower.size - size + 1), size):
                yield slot, place


def _with_opposites(program: FlatProgram) -> FlatProgram:
    """Write σ(−a) as 1 − σ(a) where there are both: the later of the two."""
    negatives, gates, steps = dict[int, int](), dict[int, int](), list[Step]()
    for step in program.steps:
        if step.name == "neg":
            negatives |= {step.inputs[0]: step.outputs[0], step.outputs[0]: step.inputs[0]}
        if step.name == "logistic":
            other = gates.get(negatives.get(step.inputs[0], -1))
            if other is None:
                gates[step.inputs[0]] = step.outputs[0]
            else:
                step = replace(step, name=OPPOSITE, inputs=(other,))
        steps.append(step)
    return replace(program, steps=tuple(steps))


def _finite(execution: Execution) -> set[int]:
    """Return the slots that are finite at every state of the box, though without a bound.

    Bounds of NaN are those of what may not be finite where the operands are, as log r at 0.
    """

    def is_entire(step: Step) -> bool:
        fills = step.kind == "move" and step.plan is not None and step.plan.fill is not None
        bounds = execution.values[step.outputs[0]].bounds
        return not (fills or np.isnan(bounds.lower).any() or np.isnan(bounds.upper).any())

    def apply(step: Step, operands: list[bool]) -> list[bool]:
        finite = all(operands) and is_entire(step)
        return [finite or _is_finite(bounds_of(execution, slot)) for slot in step.outputs]

    program = execution.program
    first = {slot: _is_finite(bounds_of(execution, slot)) for slot in program.constants}
    first |= dict.fromkeys(program.inputs, True)
    values = program.interpret(apply, first, keep=True)
    return {slot for slot, is_finite in values.items() if is_finite}


def _units(program: FlatProgram) -> Array:
    return np.arange(*program.output_shapes[0])


def _is_finite(bounds: Interval) -> bool:
    return bool(np.isfinite(bounds.lower).all() and np.isfinite(bounds.upper).all())


def _farthest(steepest: Array, slope: Array, high: Array) -> Array:
    """Return the least y with A y + B ≤ 0 at every corner from there on; infinite if none.

    `steepest` and `slope` bound A ≤ 0, `high` bounds B from above.
    """
    beyond = np.where(high > 0, divide_up(high, -slope), divide_up(high, -steepest))
    beyond = np.where((high <= 0) & (steepest == 0), -np.inf, beyond)
    farthest = np.where(np.isnan(beyond), np.inf, beyond).max(axis=1)
    return np.asarray(np.where(np.isfinite(farthest), farthest, np.inf))
