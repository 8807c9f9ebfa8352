"""Initial weights, by the names they have in the literature."""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated

import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Float, PRNGKeyArray

from .._checked import Named
from .._types import (
    listed,
    require_room,
)

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


def orthogonal(key: PRNGKeyArray, shape: tuple[int, int]) -> Matrix:
    """Draw a matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014)."""
    return jax.nn.initializers.orthogonal()(key, shape, jnp.float32)


def diagonal(key: PRNGKeyArray, shape: tuple[int, int]) -> Matrix:
    """Return the identity, to be scaled: 0.5 I in Yang et al. (2019)."""
    return jnp.eye(*shape, dtype=jnp.float32)


def gaussian(key: PRNGKeyArray, shape: tuple[int, int]) -> Matrix:
    """Draw N(0, 1/fan_in): with gain g the g/√N of Sompolinsky et al. (1988)."""
    return jr.normal(key, shape, jnp.float32) / jnp.sqrt(shape[1])


INITIALIZATIONS: dict[str, Callable[[PRNGKeyArray, tuple[int, int]], Matrix]] = {
    "kaiming_normal": kaiming_normal,
    "torch_linear": torch_linear,
    "orthogonal": orthogonal,
    "gaussian": gaussian,
    "diagonal": diagonal,
}
GAINS = {"diagonal": 0.5}
"""Gains of recurrent weights where none is given; 1 for the others."""

Initialization = Annotated[str, Named(tuple(INITIALIZATIONS))]
GatedInitialization = Annotated[str, Named((*INITIALIZATIONS, "torch"))]
"""The name of an initialization; "torch" is PyTorch's of networks with gates."""


def recurrent(
    name: str, gain: float | None, key: PRNGKeyArray, num_units: int
) -> Float[jax.Array, "unit unit"]:
    """Return recurrent weights of a named initialization times a gain (None: the usual one)."""
    require_room(num_units**2, f"recurrent weights of {num_units:,} units")
    scale = GAINS.get(name, 1.0) if gain is None else gain
    return _draw_scaled(name, scale, key, num_units)


@partial(jax.jit, static_argnums=(0, 1, 3))
def _draw_scaled(name: str, gain: float, key: PRNGKeyArray, num_units: int) -> jax.Array:
    return gain * INITIALIZATIONS[name](key, (num_units, num_units))


def dense(
    name: str, key: PRNGKeyArray, sizes: tuple[tuple[int, int], ...]
) -> tuple[tuple[Matrix, Float[jax.Array, " to"]], ...]:
    """Return weights `(to, from)` and a bias `(to,)` for each pair of sizes (to, from).

    Biases are drawn too for "torch_linear", and zero otherwise.
    """
    require_room(sum(map(math.prod, sizes)), f"weights of the sizes {listed(map(str, sizes))}")
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


Layer = tuple[Float[jax.Array, "_ _"], Float[jax.Array, " _"]]
"""Weights `(to, from)` and a bias `(to,)`, of any size."""


def gated(
    name: str, key: PRNGKeyArray, gates: int, num_inputs: int, num_units: int, num_outputs: int
) -> tuple[Layer, Layer, Layer]:
    """Return the layers of a network with `gates` blocks of weights, one below the other.

    They are those of the input, the recurrent one and the readout.
    "torch" is PyTorch's U(±1/√num_units) for everything; another name initializes each block.
    """
    columns = num_units + num_inputs
    require_room(gates * num_units * columns, f"weights of {num_units:,} gated units")
    return _draw_gated(name, key, gates, num_inputs, num_units, num_outputs)


@partial(jax.jit, static_argnums=(0, 2, 3, 4, 5))
def _draw_gated(
    name: str, key: PRNGKeyArray, gates: int, num_inputs: int, num_units: int, num_outputs: int
) -> tuple[Layer, Layer, Layer]:
    key_input, key_recurrent, key_readout = jr.split(key, 3)
    bound = num_units**-0.5

    def layer(key: PRNGKeyArray, source: int) -> Layer:
        if name == "torch":
            key_weights, key_bias = jr.split(key)
            shape = (gates * num_units, source)
            weights = jr.uniform(key_weights, shape, jnp.float32, -bound, bound)
            return weights, jr.uniform(key_bias, shape[:1], jnp.float32, -bound, bound)
        blocks = [INITIALIZATIONS[name](k, (num_units, source)) for k in jr.split(key, gates)]
        return jnp.concatenate(blocks), jnp.zeros(gates * num_units, jnp.float32)

    draw, bias = ("torch_linear", True) if name == "torch" else (name, False)
    key_weights, key_bias = jr.split(key_readout)
    shape = (num_outputs, num_units)
    readout_bias = jr.uniform(key_bias, shape[:1], jnp.float32, -bound, bound) * bias
    readout = INITIALIZATIONS[draw](key_weights, shape), readout_bias
    return layer(key_input, num_inputs), layer(key_recurrent, num_units), readout
