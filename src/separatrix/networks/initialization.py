"""Initial weights, by the names they have in the literature."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from .._types import InvalidInputError, nearest

Matrix = Float[jax.Array, "to source"]


def kaiming_normal(key: PRNGKeyArray, shape: tuple[int, int]) -> Matrix:
    """Draw with mean 0 and variance 2/fan_in (He et al. 2015).

    The distribution is a normal one cut at two standard deviations, as in BrainPy's
    `KaimingNormal`; 0.8796 is the standard deviation that the cut leaves of 1.
    """
    deviation = jnp.sqrt(2.0 / shape[1]) / 0.87962566103423978
    return jr.truncated_normal(key, -2.0, 2.0, shape, jnp.float32) * deviation


def torch_linear(key: PRNGKeyArray, shape: tuple[int, int]) -> Matrix:
    """Draw U(−1/√fan_in, 1/√fan_in), as PyTorch's `nn.Linear` does for weights and biases."""
    bound = 1.0 / jnp.sqrt(shape[1])
    return jr.uniform(key, shape, jnp.float32, -bound, bound)


INITIALIZATIONS: dict[str, Callable[[PRNGKeyArray, tuple[int, int]], Matrix]] = {
    "kaiming_normal": kaiming_normal,
    "torch_linear": torch_linear,
}


def dense(
    name: str, key: PRNGKeyArray, sizes: tuple[tuple[int, int], ...]
) -> tuple[tuple[Matrix, Float[jax.Array, " to"]], ...]:
    """Return weights `(to, from)` and a bias `(to,)` for each pair of sizes (to, from).

    Biases are drawn too for "torch_linear", and zero otherwise. Raises InvalidInputError for a name
    that is not in `INITIALIZATIONS`.
    """
    if name not in INITIALIZATIONS:
        raise InvalidInputError(
            f"unknown initialization {name!r}: {nearest(name, INITIALIZATIONS)}"
        )
    return _draw(name, key, sizes)


@partial(jax.jit, static_argnums=(0, 2))  # one compilation instead of one for every operation
def _draw(name: str, key: PRNGKeyArray, sizes: tuple[tuple[int, int], ...]) -> tuple:
    def layer(key: PRNGKeyArray, shape: tuple[int, int]) -> tuple:
        key_weights, key_bias = jr.split(key)
        weights = INITIALIZATIONS[name](key_weights, shape)
        if name == "torch_linear":
            bound = shape[1] ** -0.5
            return weights, jr.uniform(key_bias, shape[:1], jnp.float32, -bound, bound)
        return weights, jnp.zeros(shape[0], jnp.float32)

    return tuple(layer(k, s) for k, s in zip(jr.split(key, len(sizes)), sizes, strict=True))
