r"""States on a kink or a jump, where the function is another on each side.

A rectifier whose input is exactly zero has no derivative; JAX gives that of one side, whose
eigenvalues tell nothing of the other. At a kink :math:`J(x + \delta r)\,v - J(x - \delta r)\,v`
stays the same however small δ is, at a jump :math:`F(x + \delta r) - F(x - \delta r)` does;
anywhere else they shrink with δ. Both directions are random, so no kink contains them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from .._double import double_precision
from ..solvers.smoothness import is_smooth
from ..systems import in_float64
from .batches import in_batches

_NEAR = 1e-11  # of the size of a state: more than rounding moves it by
_WIDER = 64.0  # times as far, where what is smooth differs so much more
_ANY = 1e-80  # a size in any unit, where kinks that go through the origin are all that is near it
_JUMP = 1e-6  # of the derivative
_GAP = 1e-9  # of the value: more than rounding
_BATCHES = (16, 128, 256)
_MOST = 256  # forms of systems whose smoothness is remembered


def on_kinks(
    evaluate: Callable[..., Any],
    states: Float[np.ndarray, "point unit"],
    *,
    errors: Float[np.ndarray, " point"] | None = None,
    parameters: Float[np.ndarray, " point"] | None = None,
) -> Bool[np.ndarray, " point"]:
    """Mask states on a kink or jump of a map or field, as nearly as they are known.

    Parameters
    ----------
    evaluate
        The map or field, a method of a system, or of a model of many; called with the state, and
        with its parameter if there are `parameters`.
    states, parameters
        Where to look.
    errors
        Distances within which the exact states lie, where these are known.
    """
    found = np.zeros(len(states), bool)
    finite = np.flatnonzero(np.isfinite(states).all(1))
    with double_precision():
        if parameters is None:  # what has a parameter comes in float64, or with a program's types
            evaluate = in_float64(evaluate)
        if not len(finite) or _is_smooth(evaluate, states.shape[1], parameters is not None):
            return found
        near = _NEAR * _sizes(states[finite])
        if errors is not None:
            known = np.where(np.isfinite(errors[finite]), errors[finite], 0.0)
            near = np.maximum(near, 4 * known)
        directions = np.random.default_rng(0).standard_normal((2, states.shape[1]))
        given = [] if parameters is None else [parameters[finite]]
        columns = np.column_stack([near, states[finite], *given])
        jumps = partial(_jumps, evaluate, directions=directions)
        (found[finite],) = in_batches(jumps, columns, sizes=_BATCHES)
    return found


@eqx.filter_jit
def _jumps(evaluate: Callable[..., Any], columns: Any, *, directions: Any) -> Any:
    """Return where values or derivatives jump, `(row,)`.

    Columns are the distance to look at, the state, and the parameter if there is one.
    """
    (across, along), size = directions, directions.shape[1]

    def at(column: Any) -> Any:
        near, state, parameter = column[0], column[1 : size + 1], column[size + 1 :]

        def push(factor: Any) -> Any:
            place = state + factor * near * across
            return jax.jvp(lambda x: evaluate(x, *parameter), (place,), (along,))

        def stays(sides: Any, level: float) -> Any:
            one, other, far, farther = sides
            jump, wider = jnp.abs(one - other).max(), jnp.abs(far - farther).max()
            size = jnp.maximum(jnp.abs(one).max(), jnp.abs(other).max())
            return (jump > level * size) & (jump > wider / 8)

        values, derivatives = jax.vmap(push)(jnp.array([1.0, -1.0, _WIDER, -_WIDER]))
        return stays(values, _GAP) | stays(derivatives, _JUMP)

    return (jax.vmap(at)(columns),)


def _sizes(states: np.ndarray) -> np.ndarray:
    """Return the size of each state; of one at the origin, that of the smallest other."""
    sizes = np.abs(states).max(1)
    others = sizes[sizes > 0]
    return np.where(sizes > 0, sizes, others.min() if len(others) else _ANY)


_SMOOTH: dict[Any, bool] = {}


def _is_smooth(evaluate: Callable[..., Any], size: int, with_parameter: bool) -> bool:
    """Return whether a map or field is seen to be smooth, traced once for all weights."""

    def ask() -> bool:
        if with_parameter:
            return is_smooth(lambda z: evaluate(z[:-1], z[-1]), size + 1)
        return is_smooth(evaluate, size)

    weights, rest = eqx.partition(evaluate, lambda leaf: isinstance(leaf, (jax.Array, np.ndarray)))
    leaves, form = jax.tree.flatten(rest)
    shapes = tuple((w.shape, str(w.dtype)) for w in jax.tree.leaves(weights))
    key = (form, tuple(leaves), jax.tree.structure(weights), shapes, size)
    try:
        if key not in _SMOOTH:
            if len(_SMOOTH) == _MOST:
                del _SMOOTH[next(iter(_SMOOTH))]
            _SMOOTH[key] = ask()
        return _SMOOTH[key]
    except TypeError:  # it holds what has no hash
        return ask()
