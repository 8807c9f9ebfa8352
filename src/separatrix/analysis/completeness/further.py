"""Starts of the search for fixed points that an earlier search has missed."""

import numpy as np
from jaxtyping import Float

from .domain import Domain

States = Float[np.ndarray, "start unit"]

STARTS = 512
"""How many in a round."""
PROBES = 32
"""How many where no index sum tells whether points are missing."""
ROUNDS = 4
"""How many at most."""
SEED = 0
"""The same points always get the same starts."""
_FAR = 64  # starts far from all points, where no box is known
_FARTHEST = 100.0  # in units of the points


def draw(
    rng: np.random.Generator,
    domain: Domain,
    states: Float[np.ndarray, "point unit"],
    count: int,
) -> States:
    """Return the starts of a round, given the points known by then.

    A half of them are mixtures of two points: convex ones, exchanges of some of the coordinates,
    and mirror images of points in others and in the origin. The others are uniform in the domain
    (around the points, where that has no end). In a trained network the points lie near the
    corners, edges and faces of a distorted cube, so mixtures find what is missing among them.
    """
    low, high = domain.lower + 0.0, domain.upper + 0.0  # to NumPy, -0.0 lies below 0.0
    mixed = _mixtures(rng, states, count // 2) if len(states) > 1 else states[:0]
    starts = rng.uniform(low, high, (count - len(mixed), len(low)))
    return np.clip(np.concatenate([mixed, starts]), low, high)


def far_away(
    rng: np.random.Generator, domain: Domain, states: States
) -> Float[np.ndarray, "far unit"]:
    """Draw states at all distances up to 100 times the size of the points: saddles may lie there.

    In models that were fitted to data there are such points far from the data.
    """
    sizes = np.abs(states).max(axis=0, initial=0.0)
    sizes = np.where(sizes > 0, sizes, sizes.max(initial=0.0))
    distances = _FARTHEST ** rng.uniform(size=(_FAR, 1))
    return np.clip(
        rng.uniform(-1, 1, (_FAR, len(sizes))) * sizes * distances, domain.lower, domain.upper
    )


def _mixtures(rng: np.random.Generator, states: np.ndarray, count: int) -> States:
    """Mix random pairs of points in four ways, a quarter each."""
    one, other = states[rng.integers(len(states), size=(2, count))]
    weight = rng.uniform(size=(count, 1))
    exchanged = rng.uniform(size=one.shape) < 0.5
    ways = np.stack(
        [
            weight * one + (1 - weight) * other,
            np.where(exchanged, one, other),
            (one + other) / 2,
            np.where(weight < 0.5, -one, 2 * one - other),
        ]
    )
    return ways[np.arange(count) % len(ways), np.arange(count)]
