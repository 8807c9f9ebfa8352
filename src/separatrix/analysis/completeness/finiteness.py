"""Which values of a function may be infinite at a state, though every state is finite."""

import numpy as np

from ...enclosure.flat import Step
from ...enclosure.interval import Interval
from ...enclosure.interval.interpreter import Execution
from ...enclosure.interval.rules import movement, positions

# Finite wherever all that they are given is.
_ENTIRE = frozenset(
    (
        *("add", "add_any", "sub", "neg", "mul", "dot_general", "conv_general_dilated", "square"),
        *("reduce_sum", "scatter-add", "reduce_max", "reduce_min"),
        *("max", "min", "clamp", "select_n", "abs", "floor", "ceil", "convert_element_type"),
        *("exp", "expm1", "sinh", "cosh", "asinh", "sqrt", "logaddexp"),
        *movement.RULES,
        *positions.RULES,
    )
)
# Finite as long as the operand in this place stays away from this number.
_POLES = {"div": (1, 0.0), "log": (0, 0.0), "log1p": (0, -1.0), "rsqrt": (0, 0.0), "pow": (0, 0.0)}
# The sign of the infinite constants in this place that are taken for the result; the others leave
# the choice to what they are compared with, as in clip(x, -inf, 1).
_TAKEN = {("max", 0): 1, ("max", 1): 1, ("min", 0): -1, ("min", 1): -1}
_TAKEN |= {("clamp", 0): 1, ("clamp", 2): -1}


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
        if not bounded and (unknown.intersection(step.inputs) or not _is_harmless(step, execution)):
            unknown.update(step.outputs)
    return frozenset(unknown)


def _is_harmless(step: Step, execution: Execution) -> bool:
    """Whether a step makes only finite numbers of what is finite."""
    bounds = [execution.values[slot].bounds for slot in step.inputs]
    filled = step.params.get("fill_value")
    if filled is not None and not np.isfinite(filled):
        return False
    for place, slot in enumerate(step.inputs):
        if execution.is_constant(slot) and not _is_finite(bounds[place]):
            sign = _TAKEN.get((step.name, place))
            worst = bounds[place].upper if sign == 1 else -bounds[place].lower
            if sign is None or not np.all(worst < np.inf):
                return False
    if step.name in _POLES:
        place, pole = _POLES[step.name]
        operand = bounds[place]
        return bool(np.all((operand.lower > pole) | (operand.upper < pole)))
    if step.name == "integer_pow":
        base, exponent = bounds[0], int(step.params["y"])
        return exponent >= 0 or bool(np.all((base.lower > 0) | (base.upper < 0)))
    return step.name in _ENTIRE


def _is_finite(bounds: Interval) -> bool:
    return bool(np.isfinite(bounds.lower).all() and np.isfinite(bounds.upper).all())
