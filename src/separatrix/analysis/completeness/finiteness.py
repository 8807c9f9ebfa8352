"""Which values of a function may be infinite at a state, though every state is finite."""

import numpy as np

from ...solvers.interval import Interval
from ...solvers.interval.interpreter import Execution
from ...solvers.interval.program import Program, Step
from ...solvers.interval.rules import movement

# Sums and choices: where a constant that they are given is infinite, so are the bounds of the
# result, or it is not the one that is taken.
_SUMS_AND_CHOICES = frozenset(
    (
        *("add", "add_any", "sub", "neg", "abs", "max", "min", "clamp", "select_n", "reduce_max"),
        *("reduce_min", "reduce_sum", "cumsum", "scatter-add", "convert_element_type"),
        *("floor", "ceil", "round"),
        *movement.RULES,
    )
)
# Finite wherever what they are given is; not so a product with an infinite constant, which is
# infinite where the other factor is not zero, and so has bounds of either sign.
_ENTIRE = frozenset(
    (
        *("mul", "dot_general", "conv_general_dilated", "reduce_prod", "square"),
        *("exp", "exp2", "expm1", "sinh", "cosh", "asinh", "sqrt", "cbrt", "logaddexp"),
    )
)
# Finite as long as the operand in this place stays away from this number.
_POLES = {"div": (1, 0.0), "log": (0, 0.0), "log1p": (0, -1.0), "rsqrt": (0, 0.0), "pow": (0, 0.0)}


def perhaps_infinite(execution: Execution) -> frozenset[int]:
    """Return the slots that are not known to be finite at every state of the box.

    The bounds alone do not tell: those of x and those of log r are infinite, and only the latter is
    so itself, where r is zero.
    """
    values, unknown = execution.values, set[int]()
    for step in execution.program.steps:
        if all(execution.is_constant(slot) for slot in step.outputs):
            continue
        bounded = all(_is_finite(values[slot].bounds) for slot in step.outputs)
        if not bounded and (unknown.intersection(step.inputs) or not _keeps(step, execution)):
            unknown.update(step.outputs)
    return frozenset(unknown)


def _keeps(step: Step, execution: Execution) -> bool:
    """Whether a step makes what is finite, or an infinite constant, no worse than it is."""
    bounds = [execution.values[slot].bounds for slot in step.inputs]
    constants = [execution.is_constant(slot) for slot in step.inputs]
    if step.name in _SUMS_AND_CHOICES:
        return True
    if not all(_is_finite(b) for b, known in zip(bounds, constants, strict=True) if known):
        return False
    if step.name in _POLES:
        place, pole = _POLES[step.name]
        operand = bounds[place]
        return bool(np.all((operand.lower > pole) | (operand.upper < pole)))
    if step.name == "integer_pow":
        base, exponent = bounds[0], int(step.params["y"])
        return exponent >= 0 or bool(np.all((base.lower > 0) | (base.upper < 0)))
    return step.name in _ENTIRE or (bool(step.bodies) and all(map(_is_entire, step.bodies)))


def _is_entire(body: Program) -> bool:
    """Whether what the body of a loop or of a branch makes of finite numbers is finite."""
    steps = all(
        inner.name in _SUMS_AND_CHOICES | _ENTIRE | _BOUNDED
        or inner.dtypes[0].kind != "f"
        or (bool(inner.bodies) and all(map(_is_entire, inner.bodies)))
        for inner in body.steps
    )
    numbers = [array for array in body.constants.values() if np.asarray(array).dtype.kind == "f"]
    return steps and all(np.isfinite(array).all() for array in numbers)


_BOUNDED = frozenset(("tanh", "logistic", "sin", "cos", "erf", "erfc", "atan", "sign"))


def _is_finite(bounds: Interval) -> bool:
    return bool(np.isfinite(bounds.lower).all() and np.isfinite(bounds.upper).all())
