"""Units in which the states of a family of systems are of the order of 1."""

from collections.abc import Sequence

import numpy as np
import scipy
from jaxtyping import Float

from .family import Family

FAR = 100.0
"""Units this many times smaller or larger than 1 are used; others are 1."""
BENT = 0.1
"""Part of what is linear, above which what is not bends a system."""
DISTANCES = 4.0 ** np.arange(-40, 41)
DIRECTIONS = 3
ROUNDS = 12
SETTLED = 2.0
"""Changes of units in a round by less than this are none."""


def measured_units(
    family: Family, state: Float[np.ndarray, " unit"], parameter: float
) -> Float[np.ndarray, " unit"]:
    r"""Return the size of the activity of each unit, as the systems tell it; 1 where it is near 1.

    At a distance d from a state, in a direction r in which all units take part alike, row i of the
    residual F has bent where

    .. math:: |F_i(x + d r) - F_i(x) - d J_i r| \ge 0.1 \left(d |J_i r| +
              |\partial F_i/\partial p| \Delta p\right),

    with what is largest over the range Δp on the right. The geometric mean of these distances is
    the size. How the units compare with one another is what balances J (Parlett & Reinsch 1969,
    Numer. Math. 13:293) at that state and at others as far from it: a few rounds.
    """
    probe = _Probe(family, state, (*family.bounds, parameter))
    directions = np.random.default_rng(0).standard_normal((DIRECTIONS, family.size))
    units = np.ones(family.size)
    for _ in range(ROUNDS):
        before, relative = units, _balancing(probe.slopes(units * directions))
        units = relative * probe.size(relative * directions)
        if np.abs(np.log(units / before)).max() < np.log(SETTLED):
            break
    near = (units > 1 / FAR).all() and (units < FAR).all()
    return np.ones(family.size) if near else units


class _Probe:
    """Sizes of the residual and its slopes around a state."""

    def __init__(self, family: Family, state: np.ndarray, places: tuple[float, ...]):
        self.family, self.state, self.places = family, state, places
        found = [self._at(state, p) for p in places]
        self.values, self.jacobians, changes = zip(*found, strict=True)
        self.change = _largest(changes)

    def _at(self, state: np.ndarray, parameter: float) -> tuple[np.ndarray, ...]:
        """Return the residual, dF/dx and ∂F/∂p Δp, of plain states."""
        point = self.family.point(state, parameter)
        residual, slopes = self.family.residual_and_jacobian(point)
        return residual, slopes[:, :-1] / np.sqrt(self.family.size), slopes[:, -1]

    def slopes(self, moves: Float[np.ndarray, "direction unit"]) -> Float[np.ndarray, "unit unit"]:
        """Return the largest |dF/dx| at the state and beside it."""
        beside = [self._at(self.state + move, p)[1] for move in moves for p in self.places[:2]]
        return _largest((*self.jacobians, *beside))

    def size(self, directions: Float[np.ndarray, "direction unit"]) -> float:
        """Return how far the state may move before the residual has bent; 1 where it never does."""
        moves = DISTANCES[:, None, None] * directions  # (distance, direction, unit)
        steepest = _largest([directions @ J.T for J in self.jacobians])
        bent = np.where(steepest > 0, DISTANCES[:, None, None] * steepest + self.change, np.inf)
        sizes: list[float] = []
        for at, J, p in zip(self.values[:2], self.jacobians[:2], self.places[:2], strict=True):
            if not np.isfinite(np.vstack([at, J])).all():
                continue
            values = self.family.residuals((self.state + moves).reshape(-1, self.family.size), p)
            bends = ~(np.abs(values.reshape(moves.shape) - at - moves @ J.T) < BENT * bent)
            from_here_on = np.logical_and.accumulate(bends[::-1])[::-1].reshape(len(DISTANCES), -1)
            firsts = from_here_on.argmax(0)  # 0: never, or at every distance, as at a kink
            sizes += DISTANCES[firsts[firsts > 0]].tolist()
        return float(np.exp(np.log(sizes).mean())) if sizes else 1.0


def _largest(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Return the largest of absolute values where they are finite."""
    return np.nan_to_num(np.abs(arrays), nan=0.0, posinf=0.0).max(0)


def _balancing(slopes: Float[np.ndarray, "unit unit"]) -> Float[np.ndarray, " unit"]:
    """Return the units in which a matrix is balanced, their middle 1; all 1 where they are near."""
    between = slopes - np.diag(np.diag(slopes))  # what a unit does to itself has no units
    factors = scipy.linalg.matrix_balance(between, permute=False, separate=True)[1][0]
    factors = factors / np.exp(np.log(factors).mean())
    return factors if np.ptp(np.log(factors)) > np.log(FAR) else np.ones(len(slopes))
