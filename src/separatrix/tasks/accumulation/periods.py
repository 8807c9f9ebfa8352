"""What several numbered periods show, one after the other."""

import jax.numpy as jnp
from jaxtyping import Float

from ..._types import Array
from ..timeline import Timeline


def in_each(when: Timeline, label: str, values: Float[Array, "trial k *more"]) -> Array:
    """Return what is shown when value k is on during the period `label k`."""
    total = jnp.zeros((), jnp.float32)
    for k in range(values.shape[1]):
        during = when.during(f"{label} {k + 1}")
        rest = values[:, None, k]
        total = total + during.reshape(*during.shape, *[1] * (rest.ndim - 2)) * rest
    return total
