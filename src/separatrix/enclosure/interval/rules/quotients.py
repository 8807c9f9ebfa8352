r"""Quotients whose singularity is removable.

Firing-rate functions and rate constants are often written as :math:`u/(1-e^{cu})` or
:math:`u/(e^{cu}-1)`, which is 0/0 where u is zero, though the function continues smoothly there:

.. math:: \frac{u}{e^{cu}-1}=\frac{B(cu)}{c}, \qquad B(t)=\frac{t}{e^t-1},\quad B(0)=1 .

Dividing intervals would give the whole line in every box that u's zeros pass through. B is positive
and decreases, and its slope grows from −1 to 0, so both are enclosed by their ends.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...flat import FlatProgram, Step
from .. import arithmetic
from ..arithmetic import Array, Interval, down, point, up
from ..functions import ACCURACY, Function
from ..values import Known
from .rewriting import without_sign

_NEAR = 1.0  # below, the slope is summed from its series
_TINY, _ZERO = 1e-300, 800.0  # from there on B is less than that, as it is of subnormal numbers


def _bernoulli(t: Array) -> Array:
    """t/(exp(t) - 1), of relative accuracy while it is a normal number, or off by `_TINY`."""
    large = t > _NEAR
    above, below = np.clip(t, _NEAR, _ZERO), np.where(large | (t == 0), 1.0, t)
    decay = np.exp(-above)
    quotient = np.where(large, above * decay / (1 - decay), below / np.expm1(below))
    return np.where(t == 0, 1.0, quotient)


def _value(t: Interval) -> Interval:
    lower = np.maximum(down(_bernoulli(t.upper), 2 * ACCURACY) - _TINY, 0.0)
    return Interval(lower, up(_bernoulli(t.lower), 2 * ACCURACY) + _TINY)


def _slope_bounds(t: Array) -> tuple[Array, Array]:
    """Return bounds of B'(t): near zero, the alternating series -1/2 + t/6 - t³/180 + ..."""
    near = np.abs(t) <= _NEAR
    small = np.where(near, t, 0.0)
    series = -0.5 + small / 6 - small**3 / 180 + small**5 / 5040
    left_out = np.abs(small) ** 7 / 151_000
    decay = np.exp(-np.abs(t))
    numerator = np.where(t > 0, decay * (1 - decay - t), decay - 1 - t * decay)
    direct = numerator / np.where(near, 1.0, (1 - decay) ** 2)
    middle = np.where(near, series, direct)
    # the terms are below 1 and cancel to no less than a tenth of themselves
    error = np.where(near, left_out, 0.0) + 2.0**-40 * (np.abs(middle) + 2.0**-40)
    lower, upper = np.maximum(middle - error, -1.0), np.minimum(middle + error, 0.0)
    lower = np.where(np.isposinf(t), 0.0, np.where(np.isnan(lower), -1.0, lower))
    return lower, np.where(np.isneginf(t), -1.0, np.where(np.isnan(upper), 0.0, upper))


def _slope(t: Interval, value: Interval) -> Interval:
    lower, upper = _slope_bounds(t.lower)[0], _slope_bounds(t.upper)[1]
    unknown = np.isnan(t.lower) | np.isnan(t.upper)
    return Interval(np.where(unknown, np.nan, lower), np.where(unknown, np.nan, upper))


BERNOULLI = Function(_value, _slope)


def compares(step: Step) -> bool:
    """Whether a step makes truth values of numbers."""
    made, given = ({d.kind for d in dtypes} for dtypes in (step.dtypes, step.input_dtypes))
    return "f" in given and "b" in made


def removable(program: FlatProgram, known: Known, step: Step) -> tuple[Interval, float] | None:
    """Recognize u/(± (exp(c u) - 1)); returns c, with its leading axis, and the sign.

    Not where truth values are made of numbers: a program that compares tells 0/0 from its limit.
    """
    sign, denominator = without_sign(program, step.inputs[1])
    below, exponent = program.producers.get(denominator), None
    if below is not None and below.name == "expm1":
        exponent = below.inputs[0]
    elif below is not None and below.name == "add":
        for place in (0, 1):
            direction, slot = without_sign(program, below.inputs[place])
            made = program.producers.get(slot)
            if made is None or made.name != "exp":
                continue
            if is_all(known, below.inputs[1 - place], -direction):
                exponent, sign = made.inputs[0], sign * direction
    if exponent is None or any(map(compares, program.steps)):
        return None
    (of_exponent, base), (of_numerator, other) = (
        _multiple(program, known, slot) for slot in (exponent, step.inputs[0])
    )
    rank = max(of_exponent.ndim, of_numerator.ndim)
    factor = arithmetic.divide(_of_rank(of_exponent, rank), _of_rank(of_numerator, rank))
    is_one_sign = np.all((factor.lower > 0) | (factor.upper < 0))
    is_finite = np.isfinite(factor.magnitude()).all()
    return (factor, sign) if base == other and is_one_sign and is_finite else None


def split_product(program: FlatProgram, known: Known, step: Step, free: int) -> list[Step] | None:
    """Write p u/(exp(c u) - 1) as p times the quotient."""
    made = program.producers.get(step.inputs[0]) if step.name == "div" else None
    pairs = [made.inputs, made.inputs[::-1]] if made is not None and made.name == "mul" else []
    for factor, rest in pairs:
        quotient = replace(step, inputs=(factor, step.inputs[1]), outputs=(free,))
        if rest not in known and removable(program, known, quotient) is not None:
            return [quotient, step.instead("mul", (rest, free), step.outputs[0])]
    return None


def logistic(program: FlatProgram, known: Known, step: Step, free: int) -> list[Step] | None:
    """Write 1/(1 + exp(b)) as σ(−b), which is known to lie between 0 and 1."""
    is_inverse = step.name == "div" and is_all(known, step.inputs[0], 1.0)
    made = program.producers.get(step.inputs[1]) if is_inverse else None
    for slot, other in (made.inputs, made.inputs[::-1]) if made and made.name == "add" else ():
        term = program.producers.get(slot)
        if term and (term.name, term.shapes) == ("exp", step.shapes) and is_all(known, other, 1.0):
            negative = step.instead("neg", term.inputs, free)
            return [negative, step.instead("logistic", (free,), step.outputs[0])]
    return None


def is_all(known: Known, slot: int, number: float) -> bool:
    """Return whether a slot holds a constant whose elements are all one number."""
    value = known[slot].bounds if slot in known else None
    return value is not None and value.exact and bool(np.all(value.lower == number))


def _multiple(program: FlatProgram, known: Known, slot: int) -> tuple[Interval, int]:
    """Write the value of a slot as a constant times that of another one."""
    factor = point(np.ones(1))
    while (step := program.producers.get(slot)) is not None:
        if step.name == "neg":
            factor, slot = arithmetic.negate(factor), step.inputs[0]
            continue
        first, second = step.inputs if step.name in ("mul", "div") else (slot, slot)
        if step.name == "mul" and first in known:
            first, second = second, first
        if second not in known:
            break
        scale = known[second].bounds
        rank = max(scale.ndim, factor.ndim)
        combine = arithmetic.multiply if step.name == "mul" else arithmetic.divide
        factor, slot = combine(_of_rank(factor, rank), _of_rank(scale, rank)), first
    return factor, slot


def _of_rank(value: Interval, rank: int) -> Interval:
    """Give bounds so many axes, by trailing ones: an operand that is one number for all."""
    return value.map(lambda array: array.reshape(array.shape + (1,) * (rank - array.ndim)))
