"""Loss functions of training."""

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
    """Return the mean squared distance of outputs and target values, weighed by the mask.

    The mask has a weight for each step, or one for each output of each step.
    """
    each = jnp.square(outputs - trials.targets)
    if trials.mask.ndim == 2:
        return _weighted_mean(jnp.mean(each, axis=-1), trials.mask)
    return _weighted_mean(each, jnp.broadcast_to(trials.mask, each.shape))


def rate_error(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    r"""Return the squared error of rates in units of the mask, as in Yang et al. (2019).

    $\frac1B\sum_b \frac{1}{T_b M}\sum_{t,m} w_{btm}\,(\sigma(z_{btm}) - y_{btm})^2$ with outputs z,
    targets y, weights w (`trials.mask`, the square of the paper's mask) and $T_b$ the steps of
    trial b up to the last one that has a weight. Unlike in `mean_squared_error` the sum of the
    weights does not divide it: periods with a larger weight make it larger.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297; the code of gyyang/multitask.
    """
    mask = jnp.broadcast_to(_for_each_output(trials.mask), outputs.shape)
    error = jnp.sum(mask * jnp.square(jax.nn.sigmoid(outputs) - trials.targets), axis=(1, 2))
    return jnp.mean(error / (trials.inside.sum(1) * outputs.shape[-1]))


def default_loss(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    """Return the loss that the trials ask for.

    The cross-entropy for classes (integer targets), the squared error for values, `rate_error` for
    values that the sigmoid of the outputs has to follow.
    """
    if jnp.issubdtype(trials.targets.dtype, jnp.integer):
        return cross_entropy(outputs, trials)
    if trials.output_function == "sigmoid":
        return rate_error(outputs, trials)
    return mean_squared_error(outputs, trials)


def _for_each_output(mask: Array) -> Array:
    return mask[..., None] if mask.ndim == 2 else mask


def _weighted_mean(each: jax.Array, mask: Array) -> jax.Array:
    # A window over trials can lie where nothing counts.
    return jnp.sum(each * mask) / jnp.maximum(jnp.sum(mask), jnp.finfo(mask.dtype).tiny)
