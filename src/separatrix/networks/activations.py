"""Activation functions by name."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from .._types import Array, InvalidInputError, nearest

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


def activation(name: Any) -> Callable[[Array], jax.Array]:
    """Return the activation function called `name`; raise InvalidInputError if there is none."""
    if not isinstance(name, str):
        raise InvalidInputError(
            "an activation must be given by its name, such as 'tanh', so that files can hold it; "
            f"got {name!r:.60}. Valid: {', '.join(ACTIVATIONS)}."
        )
    if name not in ACTIVATIONS:
        raise InvalidInputError(f"unknown activation {name!r}: {nearest(name, ACTIVATIONS)}")
    return ACTIVATIONS[name]
