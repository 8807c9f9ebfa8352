"""Directions as bumps of rates on a ring of 32 channels."""

import jax.numpy as jnp
from jaxtyping import Bool, Float

from ..._types import Array
from ..rings import circular_distance, ring_angles

RING = 32
"""Channels of a ring."""


def bump(direction: Float[Array, "*trial"]) -> Float[Array, "*trial unit"]:
    """Return the rates of a ring that show a direction."""
    distance = circular_distance(ring_angles(RING), jnp.asarray(direction)[..., None])
    return 0.8 * jnp.exp(-jnp.square(distance / (jnp.pi / 8)) / 2)


def asked_rates(
    responding: Bool[Array, "trial time"], bumps: Float[Array, "trial #time unit"]
) -> Float[Array, "trial time output"]:
    """Return the outputs asked for: fixation, or a bump on the ring."""
    fixation = jnp.where(responding, 0.05, 0.8)[..., None]
    return jnp.concatenate([fixation, 0.05 + responding[..., None] * bumps], axis=-1)
