"""Loss functions of training."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Float

from .._types import Array, InvalidInputError
from ..tasks import Trials
from ..tasks.trials import check_outputs

Loss = Callable[[Float[Array, "trial time output"], Trials], Float[Array, ""]]
"""A function of the network's outputs and the trials that gives one number."""


def cross_entropy(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    """Return the mean cross-entropy in nats of the softmax of `outputs`, weighted by the mask.

    Parameters
    ----------
    outputs
        A network's outputs `(trial, time, output)`.
    trials
        The trials that the outputs belong to; their targets are classes.

    Returns
    -------
    scalar
        The loss in nats.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, separatrix as sx
    >>> trials = sx.tasks.GoNoGo().trials(4, key=jax.random.key(0))
    >>> loss = sx.training.cross_entropy(jnp.zeros((*trials.targets.shape, 2)), trials)
    >>> bool(jnp.isclose(loss, jnp.log(2)))
    True
    """
    check_outputs(outputs, trials)
    each = optax.softmax_cross_entropy_with_integer_labels(outputs, trials.targets)
    return _weighted_mean(each, trials.mask)


def mean_squared_error(
    outputs: Float[Array, "trial time output"], trials: Trials
) -> Float[Array, ""]:
    """Return the mean squared error of outputs against target values, weighted by the mask.

    The mask holds one weight for each step, or one weight for each output at each step.

    Parameters
    ----------
    outputs
        A network's outputs `(trial, time, output)`.
    trials
        The trials that the outputs belong to; their targets are values `(trial, time, output)`.

    Returns
    -------
    scalar
        The loss, in the square of the targets' units.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> trials = sx.tasks.FlipFlop().trials(4, key=jax.random.key(0))
    >>> float(sx.training.mean_squared_error(trials.targets + 0.5, trials))
    0.25
    """
    check_outputs(outputs, trials)
    each = jnp.square(outputs - trials.targets)
    if trials.mask.ndim == 2:
        return _weighted_mean(jnp.mean(each, axis=-1), trials.mask)
    return _weighted_mean(each, jnp.broadcast_to(trials.mask, each.shape))


def rate_error(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    r"""Return the squared error of rates, weighted by the mask, as in Yang et al. (2019).

    For outputs z, targets y and weights w, the loss is
    $\frac1B \sum_b \frac{1}{T_b M}\sum_{t,m} w_{btm}\,(\sigma(z_{btm}) - y_{btm})^2$ where σ is the
    sigmoid, and w is `trials.mask` (the square of the paper's mask). B is the number of trials, M
    is the number of outputs, and $T_b$ is the number of steps of trial b up to the last one that
    has a weight. Unlike `mean_squared_error`, this loss is not divided by the sum of the weights.
    So if some periods have larger weights, the whole loss is larger.

    Parameters
    ----------
    outputs
        A network's outputs `(trial, time, output)`.
    trials
        The trials that the outputs belong to; their targets are values between 0 and 1.

    Returns
    -------
    scalar
        The loss, a number without units.

    References
    ----------
    Yang, Joglekar, Song, Newsome & Wang (2019) Nat. Neurosci. 22:297; the code of gyyang/multitask.

    Examples
    --------
    >>> import jax, jax.numpy as jnp, separatrix as sx
    >>> trials = sx.tasks.Yang2019(dt=100.0, rules=["fdgo"]).trials(4, key=jax.random.key(0))
    >>> rates = jnp.clip(trials.targets, 1e-6, 1 - 1e-6)
    >>> bool(sx.training.rate_error(jax.scipy.special.logit(rates), trials) < 1e-6)
    True
    """
    check_outputs(outputs, trials)
    mask = jnp.broadcast_to(_for_each_output(trials.mask), outputs.shape)
    error = jnp.sum(mask * jnp.square(jax.nn.sigmoid(outputs) - trials.targets), axis=(1, 2))
    return jnp.mean(error / (trials.inside.sum(1) * outputs.shape[-1]))


def default_loss(outputs: Float[Array, "trial time output"], trials: Trials) -> Float[Array, ""]:
    """Return the loss that fits the kind of targets of the trials.

    If the targets are classes (integers), the loss is `cross_entropy`. If they are numbers that the
    outputs have to follow, it is `mean_squared_error`. If the sigmoid of the outputs has to follow
    them (`trials.output_function` is "sigmoid"), it is `rate_error`.

    Parameters
    ----------
    outputs
        A network's outputs `(trial, time, output)`.
    trials
        The trials that the outputs belong to; their targets are classes or values.

    Returns
    -------
    scalar
        The value of the loss that was chosen.

    Examples
    --------
    >>> import jax, separatrix as sx
    >>> trials = sx.tasks.FlipFlop().trials(4, key=jax.random.key(0))
    >>> float(sx.training.default_loss(trials.targets + 0.5, trials))
    0.25
    """
    check_outputs(outputs, trials)
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


def require_one_number(value: Any, name: str) -> Float[Array, ""]:
    """Return a loss; raise InvalidInputError for what is not one real number."""
    if not eqx.is_array_like(value):
        got = f"a {type(value).__name__}"
    elif jnp.shape(value) or not jnp.issubdtype(jnp.result_type(value), jnp.floating):
        got = f"{jnp.result_type(value)}{list(jnp.shape(value))}"
    else:
        return value
    raise InvalidInputError(f"{name} must give one real number for a batch, got {got}.")
