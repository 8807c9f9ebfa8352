"""Operations that move values to or from places that constant indices tell."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from ...._double import double_precision
from ...errors import NoIntervalRule
from ...flat import FlatProgram, Step
from ...jaxprs import sets_values
from ..arithmetic import Array, point
from ..values import Rule, Run, Value, joined


def _by_positions(*places: int) -> Rule:
    """Find out what an operation moves where by having JAX move the positions themselves.

    The operands in these places hold values, the others indices, which are constants: a step that
    makes integers of the argument has no rule.
    """

    def rule(run: Run, program: FlatProgram, step: Step, *values: Value) -> Value:
        table = program.noted(("positions", step.outputs), lambda: _positions(step, values, places))
        # What a place outside the array is filled with: NaN, so nothing is known.
        filled = step.params.get("fill_value")
        fill = Value(point(np.full(1, np.nan if filled is None else filled, np.float64)))

        def join(parts: list[Array], lead: int) -> Array:
            flat = [part.reshape((*part.shape[:lead], -1)) for part in parts]
            return np.concatenate(flat, axis=-1)[..., table]

        return joined((*(values[place] for place in places), fill), join)

    return rule


def _positions(step: Step, values: tuple[Value, ...], places: tuple[int, ...]) -> Array:
    """Return which element of what is moved stands where; their number stands for the filling."""
    count, operands = 0, []
    with double_precision(), jax.ensure_compile_time_eval():
        for place, (value, dtype) in enumerate(zip(values, step.input_dtypes, strict=True)):
            if place not in places:
                operands.append(jnp.asarray(value.bounds.lower[0], dtype))
                continue
            shape = value.bounds.shape[1:]
            size = int(np.prod(shape))
            operands.append(jnp.arange(count, count + size, dtype=jnp.float64).reshape(shape))
            count += size
        params = step.params
        if params.get("fill_value") is not None:  # NaN marks what is filled
            params = {**params, "fill_value": np.nan}
        moved = np.asarray(step.primitive.bind(*operands, **params))
    return np.where(np.isnan(moved), count, moved).astype(np.intp)


def _scatter(run: Run, program: FlatProgram, step: Step, *values: Value) -> Value | list[Value]:
    if not sets_values(step.params):
        raise NoIntervalRule("scatter_apply")
    return _set(run, program, step, *values)


_set = _by_positions(0, 2)
RULES: dict[str, Rule] = {
    "pad": _by_positions(0, 1),
    "gather": _by_positions(0),
    "tile": _by_positions(0),
    "dynamic_slice": _by_positions(0),
    "dynamic_update_slice": _by_positions(0, 1),
    "scatter": _scatter,
}
