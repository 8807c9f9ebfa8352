"""Running a recurrence through time with a backward pass that pays for the weights only once.

Reverse-mode differentiation of `lax.scan` adds one outer product to the weight gradient at every
time step. For a recurrence whose units interact only through `a = W h + drive`, the gradient of the
loss with respect to `a` at every step is all that has to be carried back through time; the weight
gradient is then a single matrix product over all steps and trials.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Float

Update = Callable[[jax.Array, jax.Array], jax.Array]
"""An elementwise function (state, recurrent input) -> next state; it must be hashable."""

Residuals = tuple[jax.Array, jax.Array, jax.Array, jax.Array]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll_recurrence(
    update: Update,
    weights: Float[jax.Array, "unit unit"],
    drive: Float[jax.Array, "time trial unit"],
    start: Float[jax.Array, "trial unit"],
) -> Float[jax.Array, "time trial unit"]:
    r"""Return the states of $h_{t+1} = \mathrm{update}(h_t,\, W h_t + d_t)$ after every step.

    `drive` is time first, because the scan walks over the leading axis.
    """
    return _forward(update, weights, drive, start)[0]


def _forward(
    update: Update, weights: jax.Array, drive: jax.Array, start: jax.Array
) -> tuple[jax.Array, Residuals]:
    transposed = weights.T

    def advance(state: jax.Array, drive: jax.Array) -> tuple[jax.Array, tuple]:
        current = state @ transposed + drive
        state = update(state, current)
        return state, (state, current)

    _, (states, currents) = jax.lax.scan(advance, start, drive)
    return states, (weights, start, states, currents)


def _backward(
    update: Update, residuals: Residuals, cotangents: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    weights, start, states, currents = residuals
    before = jnp.concatenate([start[None], states[:-1]])

    def retreat(later: jax.Array, step: tuple) -> tuple[jax.Array, jax.Array]:
        cotangent, state, current = step
        _, pullback = jax.vjp(update, state, current)
        through_state, through_current = pullback(cotangent + later)
        return through_state + through_current @ weights, through_current

    at_start, deltas = jax.lax.scan(
        retreat, jnp.zeros_like(start), (cotangents, before, currents), reverse=True
    )
    num_units = weights.shape[0]
    gradient = deltas.reshape(-1, num_units).T @ before.reshape(-1, num_units)
    return gradient, deltas, at_start


unroll_recurrence.defvjp(_forward, _backward)
