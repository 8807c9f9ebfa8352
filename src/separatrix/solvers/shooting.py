"""Closed orbits by multiple shooting: Newton's method on all pieces of an orbit at once."""

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .._types import require_count
from . import batched

Propagate = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
"""States (row, unit), durations (row,) -> where they end, (row, unit), the derivative by the state,
(row, unit, unit), and by the duration, (row, unit)."""

_CONVERGED = 1e-9  # length of a Newton correction relative to the orbit; the next one is its square
_SMALLEST_STEP = 1e-3


class ShootingEnding(enum.IntEnum):
    """How the solver left an orbit."""

    RUNNING = 0
    CLOSED = 1
    STALLED = 2
    MAX_STEPS = 3
    NOT_FINITE = 4
    SINGULAR = 5


REASONS = {
    ShootingEnding.RUNNING: "was not started",
    ShootingEnding.CLOSED: "closed",
    ShootingEnding.STALLED: "no step of Newton's method brings the pieces nearer to one another",
    ShootingEnding.MAX_STEPS: "still open after the largest number of steps (max_steps)",
    ShootingEnding.NOT_FINITE: (
        "left to infinity; or a flow that needs more substeps: MultipleShooting(substeps=…)"
    ),
    ShootingEnding.SINGULAR: "its return map has no isolated fixed point: a continuum of orbits",
}


@dataclass(frozen=True)
class MultipleShooting:
    r"""Close orbits: solve $\varphi(x_j) = x_{j+1}$ around a cycle by damped Newton steps.

    The corrections of all pieces are condensed to one linear system of the size of the state,
    $(I - J_{k-1} \cdots J_0)\,\delta_0 = c$, so a step costs $O(k n^3)$. For a flow the duration is
    unknown too, and corrections along the orbit are excluded.

    Attributes
    ----------
    max_steps
        Evaluations of an orbit after which it is given up.
    transient
        Steps of a map, or time constants of a flow, that a candidate is followed for; the search
        starts from the candidate itself and from where it is then. 0: from the candidate alone.
    segments
        Pieces of the orbit of a flow (a map has one for every step).
    substeps
        Runge–Kutta steps in each piece of a flow's orbit, at least: there are more where the
        Jacobian says that the motion is fast. The final orbit has twice as many, and the difference
        that makes tells the error.
    refinements
        Times that the steps are then made four times finer, at most, while the period still changes
        by more than a millionth.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.MultipleShooting(segments=32).max_steps
    60
    """

    max_steps: int = 60
    transient: int = 200
    segments: int = 16
    substeps: int = 32
    refinements: int = 3

    def __post_init__(self) -> None:
        for name in ("max_steps", "segments", "substeps"):
            require_count(getattr(self, name), name)
        for name in ("transient", "refinements"):
            require_count(getattr(self, name), name, least=0)

    def solve(self, propagate: Propagate, orbits: np.ndarray, periods: np.ndarray | None) -> "Shot":
        """Close orbits `(orbit, piece, unit)`; periods `(orbit,)` are unknown too unless None."""
        shot = Shot.start(orbits, periods)
        active = np.flatnonzero(np.isfinite(orbits).all((1, 2)))
        shot.endings[:] = ShootingEnding.NOT_FINITE
        shot.endings[active] = ShootingEnding.RUNNING
        work = _Work.begin(shot, active, propagate, periods is not None)
        for _ in range(self.max_steps):
            if not len(work.index):
                break
            work = work.step(shot, propagate)
        shot.endings[work.index] = ShootingEnding.MAX_STEPS
        return shot


@dataclass
class Shot:
    """Orbits as the solver left them.

    `errors` is the length of the last Newton correction, which was applied: an upper estimate of
    the distance to the cycle. `monodromy` is the product of the derivatives around the orbit.
    """

    orbits: np.ndarray
    periods: np.ndarray
    endings: np.ndarray
    errors: np.ndarray
    monodromy: np.ndarray

    @staticmethod
    def start(orbits: np.ndarray, periods: np.ndarray | None) -> "Shot":
        count, _, size = orbits.shape
        return Shot(
            np.array(orbits, float),
            np.full(count, float(orbits.shape[1])) if periods is None else np.array(periods, float),
            np.zeros(count, int),
            np.full(count, np.inf),
            np.full((count, size, size), np.nan),
        )

    def reason(self, k: int) -> str:
        return REASONS[ShootingEnding(int(self.endings[k]))]


_MOVED = ("orbits", "periods", "gap", "direction", "drift", "monodromy")  # by a step


@dataclass
class _Work:
    """The orbits at work, with the Newton direction from where they stand."""

    index: np.ndarray
    orbits: np.ndarray
    periods: np.ndarray
    gap: np.ndarray
    direction: np.ndarray
    drift: np.ndarray
    monodromy: np.ndarray
    damping: np.ndarray
    timed: bool

    @staticmethod
    def begin(shot: Shot, index: np.ndarray, propagate: Propagate, timed: bool) -> "_Work":
        orbits, periods = shot.orbits[index], shot.periods[index]
        newton = _newton(propagate, orbits, periods, timed)
        return _Work(index, orbits, periods, *newton, np.ones(len(index)), timed)

    def step(self, shot: Shot, propagate: Propagate) -> "_Work":
        """Try one step of every orbit; put away those that are done."""
        scale = 1 + np.abs(self.orbits).max((1, 2))
        length = np.abs(self.direction).max((1, 2))
        known = np.isfinite(length) & np.isfinite(self.drift) & np.isfinite(self.gap)
        closed = known & (length <= _CONVERGED * scale)
        stuck = known & ~closed & (self.damping < _SMALLEST_STEP)
        for where, ending in (
            (closed, ShootingEnding.CLOSED),
            (stuck, ShootingEnding.STALLED),
            (~known & np.isfinite(self.gap), ShootingEnding.SINGULAR),
            (~np.isfinite(self.gap), ShootingEnding.NOT_FINITE),
        ):
            shot.endings[self.index[where]] = ending
        done = self.index[closed]
        shot.orbits[done] = (self.orbits + self.direction)[closed]
        shot.periods[done] = (self.periods + self.drift)[closed]
        shot.errors[done] = length[closed]
        shot.monodromy[done] = self.monodromy[closed]
        left = self._select(known & ~closed & ~stuck)
        return left._advance(propagate) if len(left.index) else left

    def _advance(self, propagate: Propagate) -> "_Work":
        # a period may not turn round within a step
        share = np.minimum(
            self.damping, 0.3 * self.periods / np.maximum(np.abs(self.drift), 1e-300)
        )
        orbits = self.orbits + share[:, None, None] * self.direction
        periods = self.periods + share * self.drift
        trial = _newton(propagate, orbits, periods, self.timed)
        # at rounding level the gap no longer falls; a full step that keeps it is as good
        better = trial[0] < self.gap * (1 - 0.1 * share) + 1e-13 * (1 + np.abs(orbits).max((1, 2)))
        new = dict(zip(_MOVED, (orbits, periods, *trial), strict=True))
        merged = {
            name: np.where(better.reshape(-1, *[1] * (value.ndim - 1)), value, getattr(self, name))
            for name, value in new.items()
        }
        damping = np.where(better, np.minimum(1.0, 2 * self.damping), self.damping / 4)
        return replace(self, damping=damping, **merged)

    def _select(self, keep: np.ndarray) -> "_Work":
        rows = {name: getattr(self, name)[keep] for name in ("index", "damping", *_MOVED)}
        return replace(self, **rows)


def _newton(
    propagate: Propagate, orbits: np.ndarray, periods: np.ndarray, timed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the size of the gaps, the corrections of states and periods, and the monodromy."""
    count, pieces, size = orbits.shape
    durations = np.repeat(periods / pieces, pieces)
    ends, slopes, rates = propagate(orbits.reshape(-1, size), durations)
    gaps = ends.reshape(orbits.shape) - np.roll(orbits, -1, axis=1)
    J = slopes.reshape(count, pieces, size, size)
    by_period = rates.reshape(orbits.shape) / pieces
    with np.errstate(over="ignore", invalid="ignore"):
        M = np.broadcast_to(np.eye(size), (count, size, size))
        c, d = np.zeros((count, size)), np.zeros((count, size))
        for j in range(pieces):
            M = J[:, j] @ M
            c = batched.apply(J[:, j], c) + gaps[:, j]
            d = batched.apply(J[:, j], d) + by_period[:, j]
        first, drift = _close(M, c, d, by_period[:, 0], timed)
        direction = np.empty_like(orbits)
        direction[:, 0] = first
        for j in range(pieces - 1):
            direction[:, j + 1] = (
                batched.apply(J[:, j], direction[:, j])
                + gaps[:, j]
                + drift[:, None] * by_period[:, j]
            )
        return np.abs(gaps).max((1, 2)), direction, drift, M


def _close(
    M: np.ndarray, c: np.ndarray, d: np.ndarray, along: np.ndarray, timed: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Solve δ = M δ + c + d ε, with δ across the orbit, for δ and the change ε of the period."""
    count, size = c.shape
    if not timed:
        return batched.solve(np.eye(size) - M, c), np.zeros(count)
    unit = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-300)
    bordered = np.zeros((count, size + 1, size + 1))
    bordered[:, :size, :size] = np.eye(size) - M
    bordered[:, :size, size] = -d
    bordered[:, size, :size] = unit
    solved = batched.solve(bordered, np.concatenate([c, np.zeros((count, 1))], axis=1))
    return solved[:, :size], solved[:, size]
