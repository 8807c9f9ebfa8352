"""What training minimizes."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Float

from .._types import Array
from ..tasks import Trials

Loss = Callable[[Float[Array, "trial time output"], Trials], Float[Array, ""]]
"""A function of the network's outputs and the trials that gives one number."""


def cross_entropy(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    """Return the mean cross-entropy in nats of the softmax of `outputs`, weighed by the mask."""
    each = optax.softmax_cross_entropy_with_integer_labels(outputs, trials.targets)
    return _weighted_mean(each, trials.mask)


def mean_squared_error(
    outputs: Float[Array, "trial time output"], trials: Trials
) -> Float[Array, ""]:
    """Return the mean squared distance of outputs and target values, weighed by the mask."""
    each = jnp.mean(jnp.square(outputs - trials.targets), axis=-1)
    return _weighted_mean(each, trials.mask)


def default_loss(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    """Return the cross-entropy for classes (integer targets), the squared error for values."""
    if jnp.issubdtype(trials.targets.dtype, jnp.integer):
        return cross_entropy(outputs, trials)
    return mean_squared_error(outputs, trials)


def _weighted_mean(each: jax.Array, mask: Array) -> jax.Array:
    return jnp.sum(each * mask) / jnp.sum(mask)
