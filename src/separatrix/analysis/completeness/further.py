"""Where to look for fixed points that a search has missed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .domain import Domain

States = Float[np.ndarray, "start unit"]

_DISTANCES = (0.01, 0.1, 0.5)  # from an unstable point, in units of the way to another point
_ORIGINS = 32  # points that are looked at for unstable directions in a round, at most


@dataclass(frozen=True)
class FurtherSearch:
    """Starts from mixtures of the points found, along unstable directions, and from the domain.

    A half of the starts of a round are mixtures of two points: convex ones, exchanges of some of
    the coordinates, and mirror images of points in others and in the origin. A quarter lies on
    either side of unstable points, along the directions in which they are left, and a quarter is
    uniform in the domain. In a trained network the points lie near the corners, edges and faces of
    a distorted cube, so mixtures find what is missing among them.

    Attributes
    ----------
    starts
        How many starts in a round.
    rounds
        How many rounds at most.
    seed
        Of NumPy's generator: the same points always get the same starts.
    """

    starts: int = 512
    rounds: int = 4
    seed: int = 0

    def plan(self, domain: Domain) -> Iterator["Round"]:
        """Yield the rounds, each of which draws starts from the points known by then."""
        rng = np.random.default_rng(self.seed)
        for _ in range(self.rounds):
            yield Round(self.starts, domain, rng)


@dataclass(frozen=True)
class Round:
    """One round of a further search."""

    count: int
    domain: Domain
    rng: np.random.Generator

    def left(self, count: int) -> Int[np.ndarray, " origin"]:
        """Return which of so many points may be left in their unstable directions, and in turn."""
        return self.rng.permutation(count)[:_ORIGINS]

    @property
    def enough(self) -> int:
        """How many unstable directions are of use: each is gone along to either side."""
        return -(-(self.count // 4) // 2)

    def draw(
        self,
        states: Float[np.ndarray, "point unit"],
        origins: Int[np.ndarray, " direction"],
        directions: Float[np.ndarray, "direction unit"],
    ) -> States:
        """Return starts, given points, and directions of length 1 in which some are unstable.

        `origins` tells which point each direction belongs to.
        """
        parts = [self._uniform(self.count // 4)]
        if len(states) > 1:
            parts += [self._mixtures(states, self.count // 2)]
        if len(directions):
            parts += [self._along(states, origins, directions, self.count // 4)]
        missing = self.count - sum(map(len, parts))
        starts = np.concatenate([*parts, self._uniform(missing)])
        return np.clip(starts, self.domain.lower, self.domain.upper)

    def _uniform(self, count: int) -> States:
        low, high = self.domain.lower, self.domain.upper
        return self.rng.uniform(low, high, (count, len(low)))

    def _mixtures(self, states: np.ndarray, count: int) -> States:
        """Mix random pairs of points in four ways, a quarter each."""
        one, other = states[self.rng.integers(len(states), size=(2, count))]
        weight = self.rng.uniform(size=(count, 1))
        exchanged = self.rng.uniform(size=one.shape) < 0.5
        ways = np.stack(
            [
                weight * one + (1 - weight) * other,
                np.where(exchanged, one, other),
                (one + other) / 2,
                np.where(weight < 0.5, -one, 2 * one - other),
            ]
        )
        return ways[np.arange(count) % len(ways), np.arange(count)]

    def _along(
        self, states: np.ndarray, origins: np.ndarray, directions: np.ndarray, count: int
    ) -> States:
        """Leave unstable points to either side, by up to half the way to another point."""
        choice = self.rng.permutation(np.resize(np.arange(2 * len(directions)), count))
        which, side = choice // 2, 1.0 - 2.0 * (choice % 2)
        origin = states[origins[which]]
        target = states[self.rng.integers(len(states), size=count)]
        way = np.linalg.norm(target - origin, axis=1)
        half_box = np.linalg.norm(self.domain.upper - self.domain.lower) / 2
        way = np.where(way > 0, way, half_box) * self.rng.choice(_DISTANCES, count)
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
