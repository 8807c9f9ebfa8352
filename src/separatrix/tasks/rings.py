"""Directions carried by rings of channels."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._types import Array


def ring_angles(count: int) -> Float[np.ndarray, " unit"]:
    """Return the preferred directions of a ring, in radians."""
    return (2 * np.pi * np.arange(count) / count).astype(np.float32)


def cosines(angle: Float[Array, "*trial"], count: int) -> Float[Array, "*trial unit"]:
    """Return cos(θ_k − angle) on a ring."""
    return jnp.cos(ring_angles(count) - jnp.asarray(angle)[..., None])


def circular_distance(a: Float[Array, "*some"], b: Float[Array, "..."]) -> Float[Array, "..."]:
    """Return the distance of two directions, between 0 and π."""
    gap = jnp.abs(jnp.asarray(a) - b) % (2 * jnp.pi)
    return jnp.minimum(gap, 2 * jnp.pi - gap)


def population_vector(rates: Float[Array, "*some unit"]) -> Float[Array, "*some"]:
    """Return the direction of the mean vector of a ring, between 0 and 2π."""
    angles = ring_angles(rates.shape[-1])
    return jnp.arctan2(rates @ jnp.sin(angles), rates @ jnp.cos(angles)) % (2 * jnp.pi)
