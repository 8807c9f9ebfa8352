"""The rules of the interpreter, one for each primitive of JAX that it knows."""

from __future__ import annotations

import jax.numpy as jnp

from ..errors import NoIntervalRule
from ..program import Program, Step
from ..values import Rule, Run, Value
from . import (
    control,
    doubt,
    elementwise,
    exact,
    linear,
    movement,
    reductions,
    selection,
)

RULES: dict[str, Rule] = {
    **elementwise.RULES,
    **selection.RULES,
    **movement.RULES,
    **reductions.RULES,
    **linear.RULES,
    **control.RULES,
}
_OF_TRUTH_VALUES: dict[str, Rule] = {**RULES, **selection.TRUTH_RULES}
_MOVES: dict[str, Rule] = {**movement.RULES, "select_n": selection.RULES["select_n"]}
# These mean the same for integers, truth values and every precision: they move values or hand them
# to bodies.
_GENERIC = frozenset({*_MOVES, *control.RULES})


def apply(run: Run, program: Program, step: Step, values: list[Value]) -> list[Value]:
    """Compute the outputs of one step."""
    if any(jnp.issubdtype(dtype, jnp.complexfloating) for dtype in step.dtypes):
        raise NoIntervalRule(f"{step.name} on complex numbers")
    if step.name not in control.RULES and any(
        exact.is_low_precision(dtype) for dtype in step.dtypes
    ):
        return [exact.low_precision(run, program, step, values, _MOVES)]
    rule = RULES.get(step.name)
    if all(dtype.kind in "iub" for dtype in step.dtypes) and step.name not in _GENERIC:
        rules = _OF_TRUTH_VALUES if step.dtypes[0].kind == "b" else exact.INTEGER_RULES
        rule = rules.get(step.name, exact.by_jax)
    if rule is None:
        raise NoIntervalRule(step.name)
    results = rule(run, program, step, *values)
    results = [results] if isinstance(results, Value) else results
    return results if step.name in _GENERIC else doubt.passed_on(step, values, results)
