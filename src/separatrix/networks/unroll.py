"""Running a recurrence through time with a backward pass that pays for the weights only once.

Reverse-mode differentiation of `lax.scan` adds one outer product to the weight gradient at every
time step. For a recurrence whose units interact only through `a = W h + W_x x + b`, the gradient of
the loss with respect to `a` at every step is all that has to be carried back through time; the
gradient of W, W_x and b together is then one product of those with (h, x, 1) over all steps and
trials.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Float

from .._types import Array

Update = Callable[[jax.Array, jax.Array], jax.Array]
"""An elementwise function (state, current) -> next state; it must be hashable."""


class Weights(NamedTuple):
    """What enters the current of a unit: W h + W_x x + b."""

    recurrent: Float[Array, "unit unit"]
    input: Float[Array, "unit channel"]
    bias: Float[Array, " unit"]


Residuals = tuple[Weights, jax.Array, jax.Array, jax.Array, jax.Array]


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def unroll_recurrence(
    update: Update,
    weights: Weights,
    inputs: Float[jax.Array, "time trial channel"],
    start: Float[jax.Array, "trial unit"],
) -> Float[jax.Array, "time trial unit"]:
    r"""Return the states of $h_{t+1} = \mathrm{update}(h_t,\, W h_t + W_x x_t + b)$ step by step.

    `inputs` is time first, because the scan walks over the leading axis.
    """
    return _forward(update, weights, inputs, start)[0]


def _forward(
    update: Update, weights: Weights, inputs: jax.Array, start: jax.Array
) -> tuple[jax.Array, Residuals]:
    transposed = weights.recurrent.T
    drive = inputs @ weights.input.T + weights.bias

    def advance(state: jax.Array, drive: jax.Array) -> tuple[jax.Array, tuple]:
        current = state @ transposed + drive
        state = update(state, current)
        return state, (state, current)

    _, (states, currents) = jax.lax.scan(advance, start, drive)
    return states, (weights, inputs, start, states, currents)


def _backward(
    update: Update, residuals: Residuals, cotangents: jax.Array
) -> tuple[Weights, jax.Array, jax.Array]:
    weights, inputs, start, states, currents = residuals
    before = jnp.concatenate([start[None], states[:-1]])

    def retreat(later: jax.Array, step: tuple) -> tuple[jax.Array, jax.Array]:
        cotangent, state, current = step
        _, pullback = jax.vjp(update, state, current)
        through_state, through_current = pullback(cotangent + later)
        return through_state + through_current @ weights.recurrent, through_current

    at_start, deltas = jax.lax.scan(
        retreat, jnp.zeros_like(start), (cotangents, before, currents), reverse=True
    )
    gradient = _weight_gradient(before, inputs, deltas)
    return gradient, deltas @ weights.input, at_start


def _weight_gradient(before: jax.Array, inputs: jax.Array, deltas: jax.Array) -> Weights:
    """Return (h, x, 1)ᵀ δ over all steps and trials; one product costs less than three."""
    ones = jnp.ones((*before.shape[:2], 1), before.dtype)
    entering = jnp.concatenate([before, inputs, ones], axis=-1)
    product = entering.reshape(-1, entering.shape[-1]).T @ deltas.reshape(-1, deltas.shape[-1])
    recurrent, into, bias = jnp.split(product, [before.shape[-1], entering.shape[-1] - 1])
    return Weights(recurrent.T, into.T, bias[0])


unroll_recurrence.defvjp(_forward, _backward)
