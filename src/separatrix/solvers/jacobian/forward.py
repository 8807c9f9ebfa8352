"""A function's value and Jacobian at once."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .derivative_rules import evaluate, identity, is_known

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
    if len(closed.out_avals) == 1 and is_known(closed.jaxpr):
        (out,) = evaluate(closed.jaxpr, closed.consts, [identity(state)], len(state))
        if out.is_varying:
            return out.value, out.rows(len(state))
    value, push = jax.linearize(function, state)
    return value, jax.vmap(push)(jnp.eye(len(state), dtype=state.dtype))


def scaled_jacobian(function: Function, state: Any) -> tuple[Any, ...] | None:
    """Return a function's value `(n,)` and Jacobian as a matrix that is scaled, if it is one.

    That is f(x), s, o, the matrix M `(n, n)`, which does not depend on the state, and whether its
    rows are scaled: then the Jacobian is diag(s) M + diag(o), and else M diag(s) + diag(o). To be
    called where JAX traces.

    Examples
    --------
    >>> W = jnp.ones((2, 2))
    >>> _, s, o, matrix, by_rows = scaled_jacobian(lambda x: W @ x**2 - x, jnp.array([3.0, 4.0]))
    >>> s.tolist(), o.tolist(), matrix.tolist(), by_rows
    ([6.0, 8.0], [-1.0, -1.0], [[1.0, 1.0], [1.0, 1.0]], False)
    """
    closed = jax.make_jaxpr(function)(state)
    size = len(state)
    if len(closed.out_avals) != 1 or not is_known(closed.jaxpr):
        return None
    (out,) = evaluate(closed.jaxpr, closed.consts, [identity(state)], size)
    scaled = out.scaled
    if scaled is None or scaled.matrix.shape != (size, size):
        return None
    offsets = jnp.zeros_like(out.value) if scaled.slope is None else scaled.slope
    if scaled.right is None:
        return out.value, scaled.left, offsets, scaled.matrix.T, True
    return out.value, scaled.right, offsets, (scaled.matrix * scaled.left).T, False
