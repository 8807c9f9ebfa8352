"""The rules of the interpreter, one for each primitive of JAX that it knows."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from ...errors import ComputesInFloat32, NoIntervalRule
from ...flat import FlatProgram, Step
from ..values import Rule, Run, Value
from . import elementwise, linear, movement, positions, selection

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **selection.RULES,
    **movement.RULES,
    **positions.RULES,
    **linear.RULES,
}
_OF_INTEGERS = frozenset({*movement.RULES, "select_n"})
_OF_TRUTH_VALUES = frozenset({*movement.RULES, *selection.RULES, "convert_element_type"})


def apply(run: Run, program: FlatProgram, step: Step, values: list[Value]) -> list[Value]:
    """Compute the outputs of one step."""
    rule = RULES.get(step.name)
    if rule is None:
        raise NoIntervalRule(step.name)
    for dtype in step.dtypes:
        _require_known(step.name, dtype)
    result = rule(run, program, step, *values)
    return [result] if isinstance(result, Value) else result


def _require_known(name: str, dtype: np.dtype[Any]) -> None:
    """Refuse what depends on the argument, unless it is a number of float64 or a choice."""
    if jnp.issubdtype(dtype, jnp.floating) and dtype.itemsize < 8:
        raise ComputesInFloat32(name, str(dtype))
    known = {"f": RULES, "b": _OF_TRUTH_VALUES, "i": _OF_INTEGERS, "u": _OF_INTEGERS}
    if name not in known.get(dtype.kind, ()):
        raise NoIntervalRule(f"{name} of {dtype}")
