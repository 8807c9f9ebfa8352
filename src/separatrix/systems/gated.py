r"""Residuals of gated steps: what a step comes to without its gate, as the update gate of a GRU.

.. math:: F(x) = g(x) \circ x + (1 - g(x)) \circ n(x)

Where g is a logistic function of something finite, which is never 0 nor 1, F(x) = x where
n(x) = x. A gate that is nearly 1 makes F(x) − x small everywhere, and a search creeps along its
valleys; n(x) − x has none. (The logistic function of a logarithm is 0 where the logarithm is −∞.
There F(x) = n(x), or x, which n(x) − x would not know.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import jax
import numpy as np

from ..enclosure.jaxprs import bind, is_plain_call, walk
from ..enclosure.operations import Trait, operation
from .program import Program

_MOVES = ("reshape", "squeeze", "broadcast_in_dim", "transpose", "copy")


@dataclass(frozen=True, eq=False)
class _Made:
    """A value, or its shape, and what made it."""

    value: Any
    name: str = ""
    operands: Sequence[_Made] = ()

    @property
    def in_a_row(self) -> _Made:
        """The value before it was given another shape, with its entries in their order."""
        made = self
        while made.name in _MOVES and _keeps_order(made.operands[0].value, made):
            made = made.operands[0]
        return made

    @property
    def is_finite(self) -> bool:
        """Whether it is finite at every finite state, as far as its operations tell."""
        made, seen = [self], set[int]()
        while made:
            one = made.pop()
            if one.name and Trait.FINITE not in operation(one.name).traits:
                return False
            made += [operand for operand in one.operands if id(operand) not in seen]
            seen |= {id(operand) for operand in one.operands}
        return True

    def of(self, *names: str) -> list[_Made]:
        """Return what one of these operations made it of; nothing where another one did."""
        return [one.in_a_row for one in self.operands] if self.name in names else []


def without_gate(step: Program) -> Callable[..., Any] | None:
    """Return the residual n(x) − x of a step that is gated, None of another one."""

    def residual(state: Any, *input: Any) -> Any:
        return _new_state(step, _computed, state, *input).reshape(state.shape) - state

    shapes = [variable.aval for variable in step.structure.jaxpr.invars[len(step.arrays) :]]
    return None if _new_state(step, _shaped, *shapes) is None else residual


def _new_state(step: Program, apply: Callable[..., Any], state: Any, *input: Any) -> Any:
    """Return n of a state, or its shape; None where the step is not gated."""
    jaxpr, consts, given = step.structure.jaxpr, step.structure.consts, _Made(state)
    arguments = (*map(_Made, step.arrays), given, *map(_Made, input))
    (after,) = walk(jaxpr, consts, arguments, apply, is_plain_call, _Made)
    for one, other, gate in _mixtures(after.in_a_row):
        if gate.name == "logistic" and gate.is_finite and given in (one, other):
            return other.value if one is given else one.value
    return None


def _computed(equation: Any, operands: list[_Made]) -> list[_Made]:
    results = bind(equation, [operand.value for operand in operands])
    return [_Made(result, equation.primitive.name, operands) for result in results]


def _shaped(equation: Any, operands: list[_Made]) -> list[_Made]:
    return [_Made(var.aval, equation.primitive.name, operands) for var in equation.outvars]


def _mixtures(made: _Made) -> Iterator[tuple[_Made, _Made, _Made]]:
    """Find a, b and g of every way to read a value as g a + (1 − g) b."""
    for first, second in permutations(made.of("add", "add_any"), 2):
        for factor, gate in permutations(first.of("mul"), 2):
            match factor.of("sub"):
                case [one, other] if other is second:  # (a − b) g + b
                    yield one, other, gate
            for rest, other in permutations(second.of("mul"), 2):
                match rest.of("sub"):
                    case [one, taken] if taken is gate and _is_one(one):
                        yield factor, other, gate


def _is_one(made: _Made) -> bool:
    is_known = not isinstance(made.value, (jax.core.Tracer, jax.core.ShapedArray))
    return is_known and bool(np.all(np.asarray(made.value) == 1))


def _keeps_order(before: Any, after: _Made) -> bool:
    """Whether entries are as many as before, and in their order."""
    lengths = np.shape(before)
    if after.name == "transpose" and sum(length > 1 for length in lengths) > 1:
        return False
    return math.prod(lengths) == math.prod(np.shape(after.value))
