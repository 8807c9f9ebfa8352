"""Eigenvalues along a branch, and what a change of them between two points may mean."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Complex

from ..._parallel import chunks
from ...solvers import batched
from ...solvers.continuation import Curve
from ..stability import growth
from .family import CHUNK, Family

_AT_ONCE = 4096
"""Points times units at which the eigenvalues are worked out together."""
ROUNDING = 1e-13
"""Eigenvalues this near the boundary, in units of the largest, lie on either side by chance."""


@dataclass(frozen=True)
class Signature:
    """The signature that differs between the two sides of a special point.

    `crossing`: sign of det [DF; t], which changes where another branch crosses; `turn`: the sign of
    the parameter's change along the branch; `unstable`: the number of unstable directions;
    `above`: real eigenvalues beyond 0 or 1; `below`: real multipliers beyond −1; `marginal`:
    whether one is so near the boundary that its side is rounding.
    """

    crossing: float
    turn: float
    unstable: int
    above: int
    below: int
    marginal: bool


@dataclass(frozen=True)
class Change:
    """The events between two points of a branch, as far as their signatures tell."""

    crossing: bool
    fold: bool
    flip: bool
    pairs: int

    @property
    def count(self) -> int:
        """The number of events, a crossing and a turn at the same point being one."""
        return int(self.crossing or self.fold) + int(self.flip) + self.pairs


def eigenvalues(family: Family, points: np.ndarray) -> Complex[np.ndarray, "point mode"]:
    """Return the eigenvalues of the true map or field at scaled points."""
    found = []
    for part in chunks(len(points), CHUNK):
        jacobians = family.jacobians(points[part])
        found.append(batched.eigenvalues(np.where(np.isfinite(jacobians), jacobians, 0.0)))
    return np.concatenate(found) if found else np.zeros((0, family.size), complex)


@dataclass
class Spectra:
    """Eigenvalues at the points of a curve, worked out while it is followed, some at a time.

    So they are part of the time that a user allows for it.
    """

    family: Family
    values: list[np.ndarray] = field(default_factory=list)
    waiting: list[np.ndarray] = field(default_factory=list)

    def add(self, point: np.ndarray) -> None:
        """Take the next point of the curve."""
        self.waiting.append(point)
        if len(self.waiting) * self.family.size >= _AT_ONCE:
            self._work_out()

    def all(self) -> Complex[np.ndarray, "point mode"]:
        """Return the eigenvalues at all points so far."""
        self._work_out()
        return np.concatenate([np.zeros((0, self.family.size), complex), *self.values])

    def _work_out(self) -> None:
        if self.waiting:
            self.values.append(eigenvalues(self.family, np.array(self.waiting)))
            self.waiting.clear()


def signature(values: np.ndarray, kind: str, crossing: float, turn: float) -> Signature:
    """Return the signature of a point from its eigenvalues."""
    real = values.real[values.imag == 0]
    beyond = growth(values[None], kind)
    level = ROUNDING * (1 + np.abs(values).max(initial=0.0))
    return Signature(
        crossing=crossing,
        turn=float(np.sign(turn)),
        unstable=int((beyond > 0).sum()),
        above=int((real > (0.0 if kind == "flow" else 1.0)).sum()),
        below=0 if kind == "flow" else int((real < -1).sum()),
        marginal=bool((np.abs(beyond) <= level).any()),
    )


def signatures(curve: Curve, values: np.ndarray, kind: str) -> list[Signature]:
    """Return the signature of every point of a curve."""
    return [
        signature(values[k], kind, curve.signs[k], curve.tangents[k, -1])
        for k in range(len(curve.points))
    ]


def is_chance(one: Signature, other: Signature) -> bool:
    """Return whether neighbors differ by rounding alone, as on a continuum of marginal points."""
    return one.marginal and other.marginal and bool(one.crossing * other.crossing >= 0)


def change(one: Signature, other: Signature) -> Change:
    """Compare the two ends of a piece of a branch."""
    crossing = bool(one.crossing * other.crossing < 0)
    turned = bool(one.turn * other.turn < 0)
    real = abs(one.above - other.above) % 2 == 1
    flip = abs(one.below - other.below) % 2 == 1
    # a crossing may be passed along the branch that turns there; any other turn is a fold
    fold = not crossing and (turned or real)
    rest = abs(one.unstable - other.unstable) - int(real) - int(flip)
    return Change(crossing, fold, flip, max(rest + 1, 0) // 2)
