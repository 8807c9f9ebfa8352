"""Parts shared by the tasks' ideal observers; everything in them is causal."""

import jax
import jax.numpy as jnp
from jaxtyping import Bool, Float, Int, Shaped

from .._types import Array


def respond(
    answering: Bool[Array, "*trial time"], evidence: Float[Array, "trial time choice"]
) -> Float[Array, "trial time output"]:
    """Return outputs that fixate, class 0, or answer with the strongest evidence, class 1 + k."""
    choice = jnp.argmax(evidence, axis=-1) + 1
    return one_hot(jnp.where(answering, choice, 0), evidence.shape[-1] + 1)


def one_hot(classes: Int[Array, "trial time"], count: int) -> Float[Array, "trial time output"]:
    """Return outputs that are 1 for the class of a step and 0 for the others."""
    return jax.nn.one_hot(classes, count)


def two_sided(difference: Float[Array, "trial time"]) -> Float[Array, "trial time choice"]:
    """Return the evidence for the first and the second choice, from the difference of the two."""
    return jnp.stack([difference, -difference], axis=-1)


def last_seen(
    values: Float[Array, "trial time *some"], seen: Bool[Array, "#trial time"]
) -> Float[Array, "trial time *some"]:
    """Return at each step the value of the last step that was seen, 0 before the first."""
    steps = jnp.arange(values.shape[1])
    seen = jnp.broadcast_to(seen, values.shape[:2])
    latest = jax.lax.cummax(jnp.where(seen, steps, -1), axis=1)
    place = jnp.maximum(latest, 0).reshape(*latest.shape, *[1] * (values.ndim - 2))
    held = jnp.take_along_axis(values, place, axis=1)
    return jnp.where((latest >= 0).reshape(place.shape), held, 0)


def so_far(values: Shaped[Array, "trial time *some"]) -> Shaped[Array, "trial time *some"]:
    """Return the largest value up to each step."""
    return jax.lax.cummax(jnp.asarray(values), axis=1)
