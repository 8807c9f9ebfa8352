"""Eigenvalues along a branch, and what a change of them between two points may mean."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex

from ...solvers import batched
from ...solvers.continuation import Curve
from .family import CHUNK, Family


@dataclass(frozen=True)
class Signature:
    """What distinguishes the two sides of a special point.

    `crossing`: sign of det [DF; t], which changes where another branch crosses; `turn`: the sign of
    the parameter's change along the branch; `unstable`: the number of unstable directions;
    `above`: real eigenvalues beyond 0 or 1; `below`: real multipliers beyond −1.
    """

    crossing: float
    turn: float
    unstable: int
    above: int
    below: int


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
    for first in range(0, len(points), CHUNK):
        part = points[first : first + CHUNK]
        jacobians = family.jacobians(part)
        jacobians = np.where(np.isfinite(jacobians), jacobians, 0.0)
        work = 10.0 * len(part) * family.size**3
        found.append(batched.over_parts(_eigenvalues, jacobians, work=work))
    return np.concatenate(found) if found else np.zeros((0, family.size), complex)


def _eigenvalues(jacobians: np.ndarray) -> np.ndarray:
    return np.linalg.eigvals(jacobians).astype(complex)


def signature(values: np.ndarray, kind: str, crossing: float, turn: float) -> Signature:
    """Return the signature of a point from its eigenvalues."""
    real = values.real[values.imag == 0]
    if kind == "flow":
        return Signature(
            crossing, np.sign(turn), int((values.real > 0).sum()), int((real > 0).sum()), 0
        )
    unstable, above = int((np.abs(values) > 1).sum()), int((real > 1).sum())
    return Signature(crossing, np.sign(turn), unstable, above, int((real < -1).sum()))


def signatures(curve: Curve, values: np.ndarray, kind: str) -> list[Signature]:
    """Return the signature of every point of a curve."""
    return [
        signature(values[k], kind, curve.signs[k], curve.tangents[k, -1])
        for k in range(len(curve.points))
    ]


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
