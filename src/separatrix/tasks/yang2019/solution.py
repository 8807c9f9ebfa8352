"""An observer that does all 20 tasks from their inputs, step by step.

A matched filter reads the rings. Stimuli come in one or two episodes, which the filter's largest
response tells apart from the silence between them; within an episode the evidence is averaged.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from ..._types import Array
from ..durations import count_steps
from ..ideal_observer import so_far
from ..rings import circular_distance, population_vector
from .rates import RING, asked_rates, bump
from .rules import FAMILY_OF, RULES, VARIANT_OF

GRID = 64
PRESENT = 0.3
"""A stimulus is there when the filter sees more than this strength; its noise is about 0.03."""
WINDOW = 20.0
"""How many ms the filter looks back on to see that: in steps of 1 ms its noise is above 0.1."""


def solve(inputs: Float[Array, "trial time channel"], dt: float) -> Float[Array, "trial time out"]:
    """Return the rates of fixation and of the ring."""
    rule = jnp.argmax(inputs[:, 0, 1 + 2 * RING :], axis=-1)
    family, variant = jnp.array(FAMILY_OF)[rule][:, None], jnp.array(VARIANT_OF)[rule][:, None]
    rings = inputs[..., 1 : 1 + 2 * RING].reshape(*inputs.shape[:2], 2, RING)
    episode = _episodes(rings, max(count_steps(WINDOW, dt), 1))

    attended = rings * _attention(rule)[:, None, :, None]
    first, second = (_mean_during(attended.sum(2), episode == e) for e in (1, 2))
    there, then = population_vector(first), population_vector(second)
    decided, level_1 = _strongest(first)
    later, level_2 = _strongest(second)

    same = jnp.where(
        family == FAMILY_OF[RULES.index("dmsgo")],
        circular_distance(there, then) < jnp.pi / 18,
        (there < jnp.pi) == (then < jnp.pi),
    )
    direction = jnp.select(
        [family <= 2, family == 3, family == 4],
        [there + variant * jnp.pi, decided, jnp.where(level_1 > level_2, decided, later)],
        then,
    )
    cued = inputs[..., 0] < 0.5
    seen = so_far(episode)
    responding = jnp.select(
        [family == 1, family >= 5],
        [seen >= 1, (seen >= 2) & (same == (variant == 0))],
        cued,
    )
    return asked_rates(responding, bump(direction))


def _filter() -> Float[Array, "unit grid"]:
    """Return the filter whose response to a stimulus is its strength."""
    templates = bump(2 * jnp.pi * jnp.arange(GRID) / GRID)
    return templates.T / jnp.square(templates).sum(1).mean()


def _episodes(rings: Float[Array, "trial time 2 unit"], window: int) -> Int[Array, "trial time"]:
    """Return the number of the stimulus that is on, counted from 1, and 0 where there is none.

    It is on when the mean over the last `window` steps says so.
    """
    total = jnp.cumsum(rings.sum(2), axis=1)
    before = jnp.pad(total, ((0, 0), (window, 0), (0, 0)))[:, : total.shape[1]]
    present = ((total - before) / window @ _filter()).max(-1) > PRESENT
    onsets = present & ~jnp.pad(present[:, :-1], ((0, 0), (1, 0)))
    return jnp.where(present, jnp.cumsum(onsets, axis=1), 0)


def _attention(rule: Int[Array, " trial"]) -> Float[Array, "trial modality"]:
    """Return the modalities that count: one of them in the rules with a context."""
    table = np.ones((len(RULES), 2), np.float32)
    for number, name in enumerate(RULES):
        if name.startswith("context"):
            table[number] = (name.endswith("1"), name.endswith("2"))
    return jnp.asarray(table)[rule]


def _mean_during(
    rings: Float[Array, "trial time unit"], during: Bool[Array, "trial time"]
) -> Float[Array, "trial time unit"]:
    total = jnp.cumsum(rings * during[..., None], axis=1)
    return total / jnp.maximum(jnp.cumsum(during, axis=1), 1)[..., None]


def _strongest(
    ring: Float[Array, "trial time unit"],
) -> tuple[Float[Array, "trial time"], Float[Array, "trial time"]]:
    """Return the direction and the strength of the strongest stimulus on a ring."""
    response = ring @ _filter()
    return 2 * jnp.pi * jnp.argmax(response, -1) / GRID, response.max(-1)
