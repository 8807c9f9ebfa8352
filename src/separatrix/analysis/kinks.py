r"""States on a kink, where the Jacobian is another on each side.

A rectifier whose input is exactly zero has no derivative; JAX gives that of one side, whose
eigenvalues tell nothing of the other. At a kink :math:`J(x + \delta r)\,v - J(x - \delta r)\,v`
stays the same however small δ is; anywhere else it shrinks with δ. Both directions are random, so
no kink contains them.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from ..solvers.smoothness import is_smooth
from ..systems import AbstractSystem, in_float64
from .batches import in_batches

_NEAR = 1e-11  # of the size of a state: more than rounding moves it by
_WIDER = 64.0  # times as far, where what is smooth differs so much more
_ANY = 1e-80  # a size in any unit, where kinks that go through the origin are all that is near it
_JUMP = 1e-6  # of the derivative
_BATCH = 256
_MOST = 256  # forms of systems whose smoothness is remembered


def on_kinks(
    system: AbstractSystem,
    states: Float[np.ndarray, "point unit"],
    errors: Float[np.ndarray, " point"] | None = None,
) -> Bool[np.ndarray, " point"]:
    """Tell which states lie on a kink of the map or field, as nearly as they are known.

    `errors (point,)` are distances within which the exact states lie, where these are known.
    """
    found = np.zeros(len(states), bool)
    rows = np.flatnonzero(np.isfinite(states).all(1))
    with jax.enable_x64(True):
        system = in_float64(system)
        if not len(rows) or _is_smooth(system):
            return found
        near = _NEAR * _sizes(states[rows])
        if errors is not None:
            known = np.where(np.isfinite(errors[rows]), errors[rows], 0.0)
            near = np.maximum(near, 4 * known)
        across, along = np.random.default_rng(0).standard_normal((2, system.size))
        columns = np.column_stack([near, states[rows]])
        for of, padded in in_batches(columns, _BATCH):
            count = of.stop - of.start
            found[rows[of]] = np.asarray(_jumps(system, padded, across, along))[:count]
    return found


@eqx.filter_jit
def _jumps(system: AbstractSystem, columns: Any, across: Any, along: Any) -> Any:
    """Tell where derivatives jump; columns are the distance to look at, and the state."""

    def at(column: Any) -> Any:
        near, state = column[0], column[1:]

        def push(factor: Any) -> Any:
            place = state + factor * near * across
            return jax.jvp(system.evaluate, (place,), (along,))[1]

        one, other, far, farther = jax.vmap(push)(jnp.array([1.0, -1.0, _WIDER, -_WIDER]))
        jump, wider = jnp.abs(one - other).max(), jnp.abs(far - farther).max()
        level = _JUMP * jnp.maximum(jnp.abs(one).max(), jnp.abs(other).max())
        return (jump > level) & (jump > wider / 8)

    return jax.vmap(at)(columns)


def _sizes(states: np.ndarray) -> np.ndarray:
    """Return the size of each state; of one at the origin, that of the smallest other."""
    sizes = np.abs(states).max(1)
    others = sizes[sizes > 0]
    return np.where(sizes > 0, sizes, others.min() if len(others) else _ANY)


_SMOOTH: dict[Any, bool] = {}


def _is_smooth(system: AbstractSystem) -> bool:
    """Tell whether a system is seen to be smooth; what differs in weights alone is asked once."""
    weights, rest = eqx.partition(system, lambda leaf: isinstance(leaf, (jax.Array, np.ndarray)))
    leaves, form = jax.tree.flatten(rest)
    shapes = tuple((w.shape, str(w.dtype)) for w in jax.tree.leaves(weights))
    key = (form, tuple(leaves), jax.tree.structure(weights), shapes)
    try:
        if key not in _SMOOTH:
            if len(_SMOOTH) == _MOST:
                del _SMOOTH[next(iter(_SMOOTH))]
            _SMOOTH[key] = is_smooth(system.evaluate, system.size)
        return _SMOOTH[key]
    except TypeError:  # it holds what has no hash
        return is_smooth(system.evaluate, system.size)
