"""Jacobians in forward mode, without products with a matrix that is diagonal.

Forward-mode differentiation pushes the unit directions through a function one and all. In
``W @ tanh(x)`` what reaches W is a diagonal matrix, and a product with it costs n³ operations
where scaling the columns of W costs n². So here a value of which each entry depends on one
coordinate at most carries the derivatives of its entries alone.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.extend.core as jex
import jax.numpy as jnp
import numpy as np

from .calls import PLAIN_CALLS, body_of
from .constants import bind

_ELEMENTWISE = """
    abs acos acosh add add_any and asin asinh atan atan2 atanh cbrt ceil clamp convert_element_type
    copy copy_p cos cosh digamma div eq erf erf_inv erfc exp exp2 expm1 floor ge gt integer_pow
    is_finite le lgamma log log1p logistic lt max min mul ne neg not or pow rem round rsqrt select_n
    sign sin sinh sqrt square sub tan tanh xor
""".split()  # noqa: SIM905
_REARRANGING = """
    broadcast_in_dim concatenate expand_dims reshape rev slice split squeeze transpose
""".split()  # noqa: SIM905
_DENSE = "cumsum dot_general iota reduce_max reduce_min reduce_prod reduce_sum".split()  # noqa: SIM905
"""Other operations whose derivative JAX has itself; all else is left to `jax.linearize`."""
_KNOWN = frozenset([*_ELEMENTWISE, *_REARRANGING, *_DENSE])

_NOWHERE = np.zeros(0, int)

Function = Callable[[Any], Any]


def value_and_transposed_jacobian(function: Function, state: Any) -> tuple[Any, Any]:
    """Return f(x) `(m,)` and the transposed Jacobian `(n, m)`: a row for each direction.

    To be called where JAX traces. XLA writes the transposed Jacobian several times faster than the
    Jacobian. The derivatives are JAX's own, kinks included.

    Examples
    --------
    >>> value, transposed = value_and_transposed_jacobian(lambda x: x[::-1] ** 2, jnp.arange(3.0))
    >>> transposed.T.tolist()
    [[0.0, 0.0, 4.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
    """
    closed = jax.make_jaxpr(function)(state)
    if len(closed.out_avals) == 1 and _is_known(closed.jaxpr):
        (out,) = _evaluate(closed.jaxpr, closed.consts, [_identity(state)], len(state))
        if out.is_varying:
            return out.value, out.rows(len(state))
    value, push = jax.linearize(function, state)
    return value, jax.vmap(push)(jnp.eye(len(state), dtype=state.dtype))


class _Value(NamedTuple):
    """A value and what is known of its derivative.

    Attributes
    ----------
    value (…)
        The value.
    slope (…)
        Where each entry depends on one coordinate at most: its derivative by that.
    source (…)
        Which coordinate that is, known while JAX traces.
    dense (unit, …)
        Else the derivatives by every coordinate. A constant has neither.
    """

    value: Any
    slope: Any = None
    source: np.ndarray = _NOWHERE
    dense: Any = None

    @property
    def is_varying(self) -> bool:
        return self.slope is not None or self.dense is not None

    def rows(self, size: int) -> Any:
        """Return the derivatives by every coordinate, `(unit, …)`."""
        if self.dense is not None:
            return self.dense
        coordinates = jnp.arange(size).reshape(-1, *[1] * self.source.ndim)
        return jnp.where(coordinates == self.source, self.slope, jnp.zeros_like(self.slope))


def _identity(state: Any) -> _Value:
    return _Value(state, jnp.ones_like(state), np.arange(len(state)))


def _is_known(jaxpr: Any) -> bool:
    """Tell whether every operation is one of those that are followed here."""
    return all(
        _is_known(body_of(equation)[0]) if _is_call(equation) else equation.primitive.name in _KNOWN
        for equation in jaxpr.eqns
    )


def _is_call(equation: Any) -> bool:
    name = equation.primitive.name
    return name in PLAIN_CALLS or name == "custom_jvp_call"  # others have no forward mode


def _evaluate(jaxpr: Any, consts: Sequence[Any], arguments: Sequence[Any], size: int) -> list[Any]:
    """Carry out the equations of a jaxpr, constants included, on values with derivatives."""
    values: dict[Any, _Value] = {}
    values.update(zip(jaxpr.constvars, map(_Value, consts), strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))

    def look_up(atom: Any) -> _Value:
        return _Value(atom.val) if isinstance(atom, jex.Literal) else values[atom]

    for equation in jaxpr.eqns:
        operands = [look_up(atom) for atom in equation.invars]
        values.update(zip(equation.outvars, _apply(equation, operands, size), strict=True))
    return [look_up(atom) for atom in jaxpr.outvars]


def _apply(equation: Any, operands: list[_Value], size: int) -> list[_Value]:
    name = equation.primitive.name
    if name in PLAIN_CALLS:
        return _evaluate(*body_of(equation), operands, size)
    smooth = all(jnp.issubdtype(out.aval.dtype, jnp.inexact) for out in equation.outvars)
    if not smooth or not any(operand.is_varying for operand in operands):
        return [_Value(value) for value in bind(equation, [o.value for o in operands])]
    if all(operand.dense is None for operand in operands):
        if name in _REARRANGING:
            return _rearranged(equation, operands)
        if _is_elementwise(equation):
            result = _elementwise(equation, operands)
        else:
            result = _product(equation, operands, size) if name == "dot_general" else None
        if result is not None:
            return [result]
    if name == "split":
        return _split(equation, operands[0])
    return [_pushed(equation, operands, size)]


def _is_elementwise(equation: Any) -> bool:
    """Tell whether an entry of the result depends on the entries at its place alone.

    A function with a rule of its own, such as the rectifier, is so if all that it does is; then its
    rule, which JAX applies, need not be looked into.
    """
    if _is_call(equation):
        return len(equation.outvars) == 1 and all(map(_is_elementwise, body_of(equation)[0].eqns))
    return equation.primitive.name in _ELEMENTWISE


def _elementwise(equation: Any, operands: list[_Value]) -> _Value | None:
    """Push the slopes through; None where entries of different sources meet."""
    shape = equation.outvars[0].aval.shape
    sources = [o.source for o in operands if o.is_varying]
    if any(s.shape != shape or not np.array_equal(s, sources[0]) for s in sources):
        return None
    if any(np.shape(o.value) not in ((), shape) for o in operands):
        return None
    value, slope = _jvp(equation, operands, [o.slope for o in operands])
    return _Value(value, slope, sources[0])


def _rearranged(equation: Any, operands: list[_Value]) -> list[_Value]:
    """Move values, slopes and sources alike."""
    slopes = [o.slope if o.is_varying else jnp.zeros_like(o.value) for o in operands]
    sources = [o.source if o.is_varying else np.zeros(np.shape(o.value), int) for o in operands]
    with jax.ensure_compile_time_eval():
        moved = [np.asarray(s) for s in bind(equation, list(map(jnp.asarray, sources)))]
    values = bind(equation, [o.value for o in operands])
    return list(map(_Value, values, bind(equation, slopes), moved))


def _product(equation: Any, operands: list[_Value], size: int) -> _Value | None:
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
    rows = vector.slope.reshape(-1, *[1] * (rows.ndim - 1)) * rows
    rows = rows.astype(value.dtype).reshape(len(source), *value.shape)
    if len(source) < size:
        zeros = jnp.zeros((size, *value.shape), value.dtype)
        rows = zeros.at[source[0] : source[0] + len(source)].set(rows)
    return _Value(value, dense=rows)


def _split(equation: Any, operand: _Value) -> list[_Value]:
    """Split a value and all its derivatives."""
    moved = dict(equation.params, axis=equation.params["axis"] + 1)
    dense = equation.primitive.bind(operand.dense, **moved)
    parts = zip(bind(equation, [operand.value]), dense, strict=True)
    return [_Value(value, dense=rows) for value, rows in parts]


def _pushed(equation: Any, operands: list[_Value], size: int) -> _Value:
    """Push the derivatives by every coordinate through, as JAX does."""
    rows = [o.rows(size) if o.is_varying else None for o in operands]
    axes = [None if row is None else 0 for row in rows]
    push = jax.vmap(partial(_jvp, equation, operands), in_axes=(axes,), out_axes=(None, 0))
    value, dense = push(rows)
    return _Value(value, dense=dense)


def _jvp(equation: Any, operands: list[_Value], tangents: list[Any]) -> tuple[Any, Any]:
    """Return the value, and the derivative in a direction that the operands' tangents give."""
    moving = [k for k, tangent in enumerate(tangents) if tangent is not None]

    def function(*moved: Any) -> Any:
        values = [o.value for o in operands]
        for k, value in zip(moving, moved, strict=True):
            values[k] = value
        return bind(equation, values)[0]

    return jax.jvp(function, [operands[k].value for k in moving], [tangents[k] for k in moving])
