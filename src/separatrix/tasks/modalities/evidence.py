"""Evidence for each alternative on channels of its own, and its sum."""

import jax.numpy as jnp
from jaxtyping import Bool, Float, Int

from ..._types import Array
from ..cue_detection import summed
from ..durations import TruncatedExponential
from ..rings import cosines

COHERENCES = (5.0, 15.0, 50.0)


WAIT = TruncatedExponential(600.0, 300.0, 3000.0)


def evidence(
    choice: Int[Array, " trial"], coherence: Float[Array, " trial"], num_choices: int
) -> Float[Array, "trial choice"]:
    """Return 0.5 + (c / 200) cos(θ_k − θ_choice), the mean of each alternative's channel."""
    angle = 2 * jnp.pi * choice / num_choices
    return 0.5 + coherence[:, None] / 200 * cosines(angle, num_choices)


def total_evidence(
    stimuli: Float[Array, "trial time choice"], shown: Bool[Array, "#trial time"]
) -> Float[Array, "trial time choice"]:
    """Return the sum so far of the channels shown, times cos(θ_k − θ_choice), for each choice."""
    count = stimuli.shape[-1]
    angles = 2 * jnp.pi * jnp.arange(count) / count
    return summed(stimuli, shown) @ cosines(angles, count)
