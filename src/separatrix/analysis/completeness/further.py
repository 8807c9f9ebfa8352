"""Starts of the search for fixed points that an earlier search has missed."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from .domain import Domain

States = Float[np.ndarray, "start unit"]
Directions = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]
"""Points, and how many directions are of use -> which point each unstable direction belongs to,
and the directions, of length 1."""

STARTS = 512
"""How many in a round."""
PROBES = 32
"""How many where no index sum tells whether points are missing."""
ROUNDS = 4
"""How many at most."""
SEED = 0
"""The same points always get the same starts."""
_DISTANCES = (0.01, 0.1, 0.5)  # from an unstable point, in units of the way to another point
_FAR = 64  # starts far from all points, where no box is known
_FARTHEST = 100.0  # in units of the points
_ORIGINS = 32  # points that are looked at for unstable directions in a round, at most


def draw(
    rng: np.random.Generator,
    domain: Domain,
    states: Float[np.ndarray, "point unit"],
    directions_of: Directions,
    count: int,
) -> States:
    """Return the starts of a round, given the points known by then.

    A half of them are mixtures of two points: convex ones, exchanges of some of the coordinates,
    and mirror images of points in others and in the origin. A quarter lies on either side of
    unstable points, along the directions in which they are left, and a quarter is uniform in the
    domain (around the points, where that has no end). In a trained network the points lie near the
    corners, edges and faces of a distorted cube, so mixtures find what is missing among them.
    """
    along = count // 4
    left = rng.permutation(len(states))[: min(_ORIGINS, along)]
    origins, directions = directions_of(left, -(-along // 2))  # each is gone along both ways
    low, high = domain.lower + 0.0, domain.upper + 0.0  # to NumPy, -0.0 lies below 0.0
    parts = [rng.uniform(low, high, (count // 4, len(low)))]
    if len(states) > 1:
        parts += [_mixtures(rng, states, count // 2)]
    if len(directions):
        half_box = float(np.linalg.norm(high - low)) / 2
        parts += [_beside(rng, states, origins, directions, along, half_box)]
    missing = count - sum(map(len, parts))
    starts = np.concatenate([*parts, rng.uniform(low, high, (missing, len(low)))])
    return np.clip(starts, low, high)


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


def _beside(
    rng: np.random.Generator,
    states: np.ndarray,
    origins: np.ndarray,
    directions: np.ndarray,
    count: int,
    half_box: float,
) -> States:
    """Leave unstable points to either side, by up to half the way to another point."""
    choice = rng.permutation(np.resize(np.arange(2 * len(directions)), count))
    which, side = choice // 2, 1.0 - 2.0 * (choice % 2)
    origin = states[origins[which]]
    target = states[rng.integers(len(states), size=count)]
    way = np.linalg.norm(target - origin, axis=1)
    way = np.where(way > 0, way, half_box) * rng.choice(_DISTANCES, count)
    return origin + (side * way)[:, None] * directions[which]


def unstable_directions(
    jacobians: Float[np.ndarray, "point unit unit"], kind: str
) -> tuple[Int[np.ndarray, " direction"], Float[np.ndarray, "direction unit"]]:
    """Return real directions in which each point is left, and which point each belongs to.

    `jacobians` are those of the velocity: an eigenvalue λ is unstable where |1 + λ| > 1 for a map,
    Re λ > 0 for a flow. A complex pair gives the two directions of its plane.
    """
    size = jacobians.shape[-1]
    found = [np.zeros((0, size))]
    for jacobian in jacobians:  # one by one: all eigenvectors at once may be gigabytes
        values, vectors = np.linalg.eig(jacobian)
        unstable = (np.abs(1 + values) > 1) if kind == "map" else (values.real > 0)
        chosen, turns = vectors[:, unstable].T, values[unstable].imag[:, None]
        # Of a pair λ, λ* take the real part of one vector and the imaginary part of the other.
        real = np.where(turns < 0, chosen.imag, chosen.real)
        length = np.linalg.norm(real, axis=1, keepdims=True)
        found.append(real[length[:, 0] > 0] / length[length[:, 0] > 0])
    counts = np.array([len(part) for part in found[1:]], int)
    points = np.repeat(np.arange(len(jacobians)), counts)
    return points, np.concatenate(found)
