"""Sums of what was shown before and after a moment."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ..._types import Array
from ..base import period_mask
from ..staged import (
    StagedTask,
)


def before_and_after(
    task: StagedTask, stimuli: Float[Array, "trial time *channel"], first: str
) -> tuple[Float[Array, "trial time *channel"], Float[Array, "trial time *channel"]]:
    """Return the running sums over the period `first`, by the clock, and over what follows it."""
    steps = np.arange(stimuli.shape[1])
    stop = task.period_steps()[first][1]
    shape = (-1, *[1] * (stimuli.ndim - 2))
    early = period_mask(task, first).reshape(shape)
    late = (steps >= stop).reshape(shape)
    return jnp.cumsum(stimuli * early, axis=1), jnp.cumsum(stimuli * late, axis=1)
