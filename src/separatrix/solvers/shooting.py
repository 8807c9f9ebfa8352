"""Closed orbits by multiple shooting: Newton's method on all pieces of an orbit at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .._checked import Count, Natural, checked
from .._watch import Stage, report_progress
from . import batched
from .endings import Ending
from .iterate import AbstractIteration, Ends, State, iterate

Propagate = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, ...]]
"""States (row, unit), durations (row,) -> where they end, (row, unit), the derivative by the state,
(row, unit, unit), and by the duration, (row, unit)."""

_CONVERGED = 1e-9  # length of a Newton correction relative to the orbit; the next one is its square
_SMALLEST_STEP = 1e-3


@checked
@dataclass(frozen=True)
class MultipleShooting:
    r"""Close orbits by damped Newton steps, each of which corrects all pieces of an orbit at once.

    The orbit is divided into k pieces, and $x_j$ is the state where piece j begins. With the motion
    $\varphi$ over one piece, the orbit is closed if $\varphi(x_j) = x_{j+1}$ for every j, where
    $x_k = x_0$. All corrections follow from the correction $\delta_0$ of $x_0$. It solves one
    linear system of the size n of the state, $(I - J_{k-1} \cdots J_0)\,\delta_0 = c$, where $J_j$
    is the derivative of $\varphi$ at $x_j$ and c collects the gaps between the pieces. So a step
    costs $O(k n^3)$. For a flow, the period is also unknown, and corrections along the orbit are
    excluded.

    Attributes
    ----------
    max_steps
        The maximum number of Newton steps for one orbit. A step that is tried and not taken counts,
        too.
    transient
        The number of steps of a map, or of time constants of a flow, for which a candidate is
        followed first, if `find_cycles` has a `length`. The search starts from the candidate itself
        and from the state that the candidate has reached; with 0 only from the candidate.
    segments
        The number of pieces of a flow's orbit. The orbit of a map has one piece for every step.
    substeps
        The minimum number of Runge–Kutta steps in each piece of a flow's orbit. More steps are
        taken where the Jacobian says that the motion is fast. Once Newton's method has closed an
        orbit, it is run again with twice as many Runge–Kutta steps. How much this changes the
        period is taken as the error of the period.
    refinements
        The maximum number of further refinements for a flow, each with Runge–Kutta steps that are
        four times finer. They stop once a refinement changes the period by at most a millionth.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.MultipleShooting(segments=32).max_steps
    60
    """

    max_steps: Count = 60
    transient: Natural = 200
    segments: Count = 16
    substeps: Count = 32
    refinements: Natural = 3

    def solve(
        self,
        propagate: Propagate,
        orbits: np.ndarray,
        periods: np.ndarray | None,
    ) -> "ShootingResult":
        """Close orbits, starting from first guesses `orbits`, `(orbit, piece, unit)`.

        For a flow, `periods` `(orbit,)` are first guesses, too, and are corrected with the orbits.
        For a map, give None. Orbits that are not closed at the time limit end as `RUNNING`.
        """
        ends = ShootingResult.unmoved(orbits, periods)
        timed = periods is not None
        iteration = _ShootingIteration(self.max_steps, propagate, orbits, ends.periods, timed)

        def report(closed: int) -> None:
            report_progress(Stage.SHOOT, closed, len(orbits))

        return iterate(iteration, ends, len(orbits), report)


@dataclass(frozen=True)
class ShootingResult(Ends):
    """Orbits as the solver left them: closed where they end as `ZERO`, else as they were.

    `errors` is the length of the last Newton correction, which was applied: an upper estimate of
    the distance to the cycle. `monodromy` is the product of the derivatives around the orbit.
    """

    orbits: np.ndarray
    periods: np.ndarray
    errors: np.ndarray
    monodromy: np.ndarray

    @classmethod
    def unmoved(cls, orbits: np.ndarray, periods: np.ndarray | None) -> "ShootingResult":
        """Return orbits as they start, those that are not finite ended as such."""
        count, pieces, size = orbits.shape
        periods = np.full(count, float(pieces)) if periods is None else np.array(periods, float)
        finite = np.isfinite(orbits).all((1, 2))
        endings = np.where(finite, Ending.RUNNING, Ending.NOT_FINITE)
        monodromy = np.full((count, size, size), np.nan)
        return cls(endings, np.array(orbits, float), periods, np.full(count, np.inf), monodromy)


@dataclass(frozen=True)
class _ShootingState(State):
    """Orbits at work (`x`), and the Newton step from where they stand."""

    period: np.ndarray
    gap: np.ndarray  # the largest between two pieces
    direction: np.ndarray
    drift: np.ndarray  # of the period
    monodromy: np.ndarray
    damping: np.ndarray


@dataclass(frozen=True)
class _ShootingIteration(AbstractIteration[_ShootingState, ShootingResult]):
    max_steps: int
    propagate: Propagate
    orbits: np.ndarray
    periods: np.ndarray
    timed: bool

    def init(self, index: np.ndarray) -> _ShootingState:
        orbits, periods = np.array(self.orbits[index], float), self.periods[index]
        newton = _newton(self.propagate, orbits, periods, self.timed)
        return _ShootingState(
            index, orbits, np.zeros(len(index), int), periods, *newton, np.ones(len(index))
        )

    def step(self, state: _ShootingState) -> _ShootingState:
        # a period may not turn round within a step
        longest = 0.3 * state.period / np.maximum(np.abs(state.drift), 1e-300)
        share = np.minimum(state.damping, longest)
        orbits = state.x + share[:, None, None] * state.direction
        periods = state.period + share * state.drift
        newton = _newton(self.propagate, orbits, periods, self.timed)
        # at rounding level the gap no longer falls; a full step that keeps it is as good
        rounding = 1e-13 * (1 + np.abs(orbits).max((1, 2)))
        better = newton[0] < state.gap * (1 - 0.1 * share) + rounding
        damping = np.where(better, np.minimum(1.0, 2 * state.damping), state.damping / 4)
        count = state.count + 1
        ahead = _ShootingState(state.index, orbits, count, periods, *newton, damping)
        return replace(state, count=count, damping=damping).put(better, ahead, better)

    def terminate(self, state: _ShootingState) -> np.ndarray:
        length = np.abs(state.direction).max((1, 2))
        finite = np.isfinite(state.gap)
        known = finite & np.isfinite(length) & np.isfinite(state.drift)
        closed = known & (length <= _CONVERGED * (1 + np.abs(state.x).max((1, 2))))
        endings = np.zeros(len(length), int)
        endings[state.damping < _SMALLEST_STEP] = Ending.ORBIT_STALLED
        endings[~known] = Ending.ORBIT_NOT_ISOLATED
        endings[~finite] = Ending.ORBIT_LEFT
        endings[closed] = Ending.ZERO
        endings[state.count >= self.max_steps] = Ending.ORBIT_OPEN
        return endings

    def finish(self, state: _ShootingState, endings: np.ndarray) -> ShootingResult:
        unmoved = ShootingResult.unmoved(self.orbits[state.index], self.periods[state.index])
        with np.errstate(over="ignore", invalid="ignore"):  # where an orbit has left
            orbits, periods = state.x + state.direction, state.period + state.drift
        length = np.abs(state.direction).max((1, 2))
        ends = ShootingResult(endings, orbits, periods, length, state.monodromy)
        closed = endings == Ending.ZERO
        return replace(unmoved, endings=endings).put(closed, ends, closed)


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
