"""Values with derivatives, and how these go through the operations of a function."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ...enclosure.jaxprs import bind, body_of, is_plain_call, walk
from ...enclosure.operations import ELEMENTWISE, is_linear, operation

_NOWHERE = np.zeros(0, int)


class ScaledMatrix(NamedTuple):
    """Derivatives of an entry i by a coordinate k: right_k matrix_ki left_i, and slope_i if i = k.

    Attributes
    ----------
    matrix (unit, entry)
        Does not depend on the state.
    left (entry,), right (unit,), slope (unit,)
        The latter two may be missing: 1, and 0.
    is_fixed
        Whether `left` does not depend on the state.
    """

    matrix: Any
    left: Any
    right: Any
    slope: Any
    is_fixed: bool

    def rows(self) -> Any:
        """Return the derivatives by every coordinate, `(unit, entry)`."""
        rows = self.matrix * self.left
        if self.right is not None:
            rows = self.right[:, None] * rows
        if self.slope is None:
            return rows
        return jnp.where(np.eye(len(rows), dtype=bool), rows + self.slope, rows)


class ValueAndSlope(NamedTuple):
    """A value and what is known of its derivative.

    Attributes
    ----------
    value (…)
        The value.
    slope (…)
        Where each entry depends on one coordinate at most: its derivative by that.
    source (…)
        Which coordinate that is, known while JAX traces.
    is_fixed
        Whether the slope does not depend on the state.
    scaled
        Else, where a matrix is scaled: the derivatives as that.
    dense (unit, …)
        Else the derivatives by every coordinate. A constant has none of them.
    """

    value: Any
    slope: Any = None
    source: np.ndarray = _NOWHERE
    is_fixed: bool = False
    scaled: ScaledMatrix | None = None
    dense: Any = None

    @property
    def is_varying(self) -> bool:
        return not (self.slope is None and self.scaled is None and self.dense is None)

    @property
    def is_diagonal(self) -> bool:
        """Whether each entry depends on one coordinate at most."""
        return self.scaled is None and self.dense is None

    def rows(self, size: int) -> Any:
        """Return the derivatives by every coordinate, `(unit, …)`."""
        if self.dense is not None:
            return self.dense
        if self.scaled is not None:
            return self.scaled.rows()
        coordinates = jnp.arange(size).reshape(-1, *[1] * self.source.ndim)
        return jnp.where(coordinates == self.source, self.slope, jnp.zeros_like(self.slope))


def identity(state: Any) -> ValueAndSlope:
    """Return a state as what depends on itself."""
    return ValueAndSlope(state, jnp.ones_like(state), np.arange(len(state)), is_fixed=True)


def is_known(jaxpr: Any) -> bool:
    """Return whether there is a rule here for every operation."""
    return all(
        is_known(body_of(equation)[0]) if _is_call(equation) else _has_rule(equation.primitive.name)
        for equation in jaxpr.eqns
    )


def _has_rule(name: str) -> bool:
    known = (*ELEMENTWISE, "sum", "largest", "contraction")
    is_known = operation(name).kind in known or _is_rearranging(name)
    return is_known or name in ("iota", "reduce_prod")


def _is_rearranging(name: str) -> bool:
    """Return whether an operation moves entries to places that do not depend on other operands."""
    return operation(name).kind == "move" and not operation(name).places


def _is_call(equation: Any) -> bool:
    """Return whether an operation is a call that has a forward mode."""
    return is_plain_call(equation) or equation.primitive.name == "custom_jvp_call"


def evaluate(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any], size: int) -> list[Any]:
    """Carry out the equations of a jaxpr, constants included, on values with derivatives."""

    def apply(equation: Any, operands: list[ValueAndSlope]) -> list[ValueAndSlope]:
        return _apply(equation, operands, size)

    return walk(jaxpr, consts, arguments, apply, is_plain_call, ValueAndSlope)


def _apply(equation: Any, operands: list[ValueAndSlope], size: int) -> list[ValueAndSlope]:
    name = equation.primitive.name
    smooth = all(jnp.issubdtype(out.aval.dtype, jnp.inexact) for out in equation.outvars)
    if not smooth or not any(operand.is_varying for operand in operands):
        return [ValueAndSlope(value) for value in bind(equation, [o.value for o in operands])]
    if all(operand.is_diagonal for operand in operands):
        if _is_rearranging(name):
            return _rearranged(equation, operands)
        if _is_elementwise(equation):
            result = _elementwise(equation, operands)
        else:
            result = _product(equation, operands, size) if name == "dot_general" else None
    else:
        result = _scaled_matrix(equation, operands) if _is_elementwise(equation) else None
    if result is not None:
        return [result]
    if len(equation.outvars) > 1:
        return _split(equation, operands[0], size)
    return [_pushed(equation, operands, size)]


def _is_elementwise(equation: Any) -> bool:
    """Return whether an entry of the result depends on the entries at its place alone.

    A function with a rule of its own, such as the rectifier, is so if all that it does is; then its
    rule, which JAX applies, need not be looked into.
    """
    if _is_call(equation):
        return len(equation.outvars) == 1 and all(map(_is_elementwise, body_of(equation)[0].eqns))
    return operation(equation.primitive.name).kind in ELEMENTWISE


def _elementwise(equation: Any, operands: list[ValueAndSlope]) -> ValueAndSlope | None:
    """Push the slopes through; None where entries of different sources meet."""
    shape = equation.outvars[0].aval.shape
    sources = [o.source for o in operands if o.is_varying]
    if any(s.shape != shape or not np.array_equal(s, sources[0]) for s in sources):
        return None
    if any(np.shape(o.value) not in ((), shape) for o in operands):
        return None
    value, slope = _jvp(equation, operands, [o.slope for o in operands])
    linear = is_linear(equation.primitive.name, [o.is_varying for o in operands])
    fixed = linear and all(o.is_fixed for o in operands if o.is_varying)
    return ValueAndSlope(value, slope, sources[0], fixed)


def _scaled_matrix(equation: Any, operands: list[ValueAndSlope]) -> ValueAndSlope | None:
    """Push the scales of a matrix through; None where matrices, or other things, meet."""
    shape = equation.outvars[0].aval.shape
    scaled = [o.scaled for o in operands if o.scaled is not None]
    if any(o.dense is not None for o in operands) or len(shape) != 1:
        return None
    first = scaled[0]
    if any(m.matrix is not first.matrix or m.right is not first.right for m in scaled):
        return None
    coordinates = np.arange(len(first.matrix))
    if any(o.slope is not None and not np.array_equal(o.source, coordinates) for o in operands):
        return None
    slopes = [o.slope if o.scaled is None else o.scaled.slope for o in operands]
    alone = all(slope is None for slope in slopes)
    if not (alone or shape == coordinates.shape):
        return None
    if any(np.shape(o.value) not in ((), shape) for o in operands):
        return None
    linear = is_linear(equation.primitive.name, [o.is_varying for o in operands])
    fixed = linear and all(m.is_fixed for m in scaled)
    if first.right is not None and not fixed:
        return None
    lefts = [o.scaled.left if o.scaled is not None else None for o in operands]
    value, left = _jvp(equation, operands, lefts)
    slope = None if alone else _jvp(equation, operands, slopes)[1]
    return ValueAndSlope(value, scaled=ScaledMatrix(first.matrix, left, first.right, slope, fixed))


def _rearranged(equation: Any, operands: list[ValueAndSlope]) -> list[ValueAndSlope]:
    """Move values, slopes and sources alike."""
    slopes = [o.slope if o.is_varying else jnp.zeros_like(o.value) for o in operands]
    sources = [o.source if o.is_varying else np.zeros(np.shape(o.value), int) for o in operands]
    with jax.ensure_compile_time_eval():
        moved = [np.asarray(s) for s in bind(equation, list(map(jnp.asarray, sources)))]
    values = bind(equation, [o.value for o in operands])
    return list(map(ValueAndSlope, values, bind(equation, slopes), moved))


def _product(equation: Any, operands: list[ValueAndSlope], size: int) -> ValueAndSlope | None:
    """Return a product of a vector with a constant matrix, whose rows the slopes only scale.

    None where it is another one, or the vector's entries are not successive coordinates.
    """
    contracted, batched = equation.params["dimension_numbers"]
    which = 0 if operands[0].is_varying else 1
    vector, matrix = operands[which], operands[1 - which]
    many = any(map(len, batched)) or len(contracted[0]) != 1
    if many or matrix.is_varying or vector.source.size != vector.source.shape[contracted[which][0]]:
        return None
    source = vector.source.ravel()
    if not np.array_equal(source, source[0] + np.arange(len(source))):
        return None
    (value,) = bind(equation, [o.value for o in operands])
    rows = jnp.moveaxis(matrix.value, contracted[1 - which][0], 0)
    if value.ndim == 1 and len(source) == size and value.dtype == vector.slope.dtype:
        slope, fixed = vector.slope.ravel(), vector.is_fixed
        rows, right = (slope[:, None] * rows, None) if fixed else (rows, slope)
        return ValueAndSlope(
            value, scaled=ScaledMatrix(rows, jnp.ones_like(value), right, None, True)
        )
    rows = vector.slope.reshape(-1, *[1] * (rows.ndim - 1)) * rows
    rows = rows.astype(value.dtype).reshape(len(source), *value.shape)
    if len(source) < size:
        zeros = jnp.zeros((size, *value.shape), value.dtype)
        rows = zeros.at[source[0] : source[0] + len(source)].set(rows)
    return ValueAndSlope(value, dense=rows)


def _split(equation: Any, operand: ValueAndSlope, size: int) -> list[ValueAndSlope]:
    """Split a value and all its derivatives."""
    dense = jax.vmap(lambda row: bind(equation, [row]))(operand.rows(size))
    parts = zip(bind(equation, [operand.value]), dense, strict=True)
    return [ValueAndSlope(value, dense=rows) for value, rows in parts]


def _pushed(equation: Any, operands: list[ValueAndSlope], size: int) -> ValueAndSlope:
    """Push the derivatives by every coordinate through, as JAX does."""
    rows = [o.rows(size) if o.is_varying else None for o in operands]
    axes = [None if row is None else 0 for row in rows]
    push = jax.vmap(partial(_jvp, equation, operands), in_axes=(axes,), out_axes=(None, 0))
    value, dense = push(rows)
    return ValueAndSlope(value, dense=dense)


def _jvp(equation: Any, operands: list[ValueAndSlope], tangents: list[Any]) -> tuple[Any, Any]:
    """Return the value, and the derivative in a direction that the operands' tangents give."""
    moving = [k for k, tangent in enumerate(tangents) if tangent is not None]

    def function(*moved: Any) -> Any:
        values = [o.value for o in operands]
        for k, value in zip(moving, moved, strict=True):
            values[k] = value
        return bind(equation, values)[0]

    return jax.jvp(function, [operands[k].value for k in moving], [tangents[k] for k in moving])
