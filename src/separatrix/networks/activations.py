"""Activation functions by name."""

from collections.abc import Callable
from typing import Annotated

import jax
import jax.numpy as jnp

from .._checked import Named
from .._types import Array

ACTIVATIONS: dict[str, Callable[[Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "sigmoid": jax.nn.sigmoid,
    "leaky_relu": jax.nn.leaky_relu,
    "linear": jnp.asarray,
}

RANGES: dict[str, tuple[float, float]] = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
"""Activations whose values lie in a box."""


Activation = Annotated[str, Named(tuple(ACTIVATIONS))]
"""The name of an activation, so that files can hold it."""


def activation(name: str) -> Callable[[Array], jax.Array]:
    """Return the activation function of a name."""
    return ACTIVATIONS[name]
