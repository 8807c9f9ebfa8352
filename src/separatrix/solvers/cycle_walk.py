"""Cycles of piecewise-linear maps, solved region by region."""

from dataclasses import dataclass

import numpy as np

from .._types import require_count
from .._watch import Stage, is_over, report_progress
from . import batched
from .endings import Ending
from .iterate import Ends
from .piecewise_linear import PiecewiseLinear

_EPS = np.finfo(float).eps


@dataclass(frozen=True)
class CycleWalk:
    r"""Find k-cycles of a piecewise-linear map exactly, as SCYFI does (Eisenmann et al. 2023).

    An orbit of k steps visits a sequence of k linear regions. For such a sequence, the return map
    is affine, and one linear solve gives its fixed point. If the orbit of the fixed point visits
    the same sequence of regions, the orbit is a cycle. Otherwise the sequence that the orbit does
    visit is solved next.

    Attributes
    ----------
    max_solves
        The maximum number of sequences of regions to solve for one start.
    transient
        The number of steps for which a candidate is followed first, if `find_cycles` has a
        `length`. The search starts from the candidate itself and from the state that the candidate
        has reached. With 0 the search starts only from the candidate.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.CycleWalk(max_solves=20).transient
    200
    """

    max_solves: int = 50
    transient: int = 200

    def __post_init__(self) -> None:
        require_count(self.max_solves, "max_solves")
        require_count(self.transient, "transient", least=0)

    def solve(self, form: PiecewiseLinear, starts: np.ndarray, length: int) -> "CycleWalkResult":
        """Search from states `(start, unit)` for cycles of `length` steps."""
        patterns = form.gates(_orbits(form, starts, length))
        walked = CycleWalkResult.unmoved(starts, length)
        active = np.flatnonzero(np.isfinite(starts).all(1))
        first: dict[bytes, int] = {}  # which start solved a sequence of patterns
        follows = np.full(len(starts), -1)
        for _ in range(self.max_solves):
            fresh = []
            for k in active:  # what was solved before, by whichever start, leads where it led then
                key = np.packbits(patterns[k]).tobytes()
                if key in first:
                    follows[k] = first[key]
                else:
                    first[key] = int(k)
                    fresh.append(k)
            active = np.array(fresh, int)
            if not len(active) or is_over():
                break
            report_progress(Stage.SHOOT, len(starts) - len(active), len(starts))
            orbits, errors = _affine_cycles(form, patterns[active])
            finite = np.isfinite(orbits).all((1, 2))
            walked = walked.ended(active[~finite], Ending.ORBIT_NOT_ISOLATED)
            visited = form.gates(np.where(finite[:, None, None], orbits, 0.0))
            own = finite & (visited == patterns[active]).all((1, 2))
            ending, exact = np.full(own.sum(), Ending.ZERO), _inside(form, orbits[own], errors[own])
            closed = CycleWalkResult(ending, orbits[own], errors[own], exact)
            walked = walked.put(active[own], closed)
            active, visited = active[finite & ~own], visited[finite & ~own]
            patterns[active] = visited
        walked = walked.ended(active, Ending.RUNNING if is_over() else Ending.SOLVES_SPENT)
        return walked.with_followers(follows)


@dataclass(frozen=True)
class CycleWalkResult(Ends):
    """Results from all starts; orbits are NaN where there is no cycle.

    `exact` says that the orbit is farther from every kink than its error: it truly visits the
    regions in which it was solved. What ends as `ZERO` is a cycle; as `REGIONS_REPEAT`, it came to
    regions again that had led there.
    """

    orbits: np.ndarray
    errors: np.ndarray
    exact: np.ndarray

    @classmethod
    def unmoved(cls, starts: np.ndarray, length: int) -> "CycleWalkResult":
        """Return starts that were not followed yet."""
        count, size = starts.shape
        orbits, errors = np.full((count, length, size), np.nan), np.full(count, np.inf)
        return cls(np.full(count, Ending.NOT_FINITE), orbits, errors, np.zeros(count, bool))

    def with_followers(self, follows: np.ndarray) -> "CycleWalkResult":
        """Return these with the ends of starts that came upon another one's sequence."""
        leads, ends = np.arange(len(follows)), self
        for start in np.flatnonzero(follows >= 0):
            passed, end = {int(start)}, int(follows[start])
            while follows[end] >= 0 and end not in passed:
                passed.add(end)
                end = int(follows[end])
            leads[start] = end
            if end in passed:
                ends = ends.ended(np.array([start, end]), Ending.REGIONS_REPEAT)
        return ends.select(leads)


def _orbits(form: PiecewiseLinear, starts: np.ndarray, length: int) -> np.ndarray:
    orbits = np.empty((len(starts), length, form.size))
    orbits[:, 0] = starts
    with np.errstate(over="ignore", invalid="ignore"):
        for j in range(length - 1):
            orbits[:, j + 1] = form(orbits[:, j])
    return orbits


def _affine_cycles(form: PiecewiseLinear, patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Solve the return map of each sequence of patterns `(start, step, gate)`.

    Return the orbits, and how far the last correction moved any state of each.
    """
    count, length, _ = patterns.shape
    n = form.size
    pieces = [form.pieces(patterns[:, j]) for j in range(length)]
    with np.errstate(over="ignore", invalid="ignore"):
        M: np.ndarray = np.broadcast_to(np.eye(n), (count, n, n))
        c = np.zeros((count, n))
        for A, b in pieces:
            M, c = batched.over_parts(np.matmul, A, M, work=count * n**3), batched.apply(A, c) + b
        x = batched.solve(np.eye(n) - M, c)
        # the product loses digits over many steps: correct by what the orbit itself misses
        for _ in range(2):
            end = _follow(pieces, x)[1]
            correction = batched.solve(np.eye(n) - M, end - x)
            x = x + correction
        orbits = _follow(pieces, x)[0]
        moved = np.abs(correction).max(1)
        for A, _ in pieces[:-1]:
            correction = batched.apply(A, correction)
            moved = np.maximum(moved, np.abs(correction).max(1))
        return orbits, moved + _EPS * np.abs(orbits).max((1, 2))


def _follow(
    pieces: list[tuple[np.ndarray, np.ndarray]], x: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the states `(start, step, unit)` from x on, and where the last step leads."""
    states = [x]
    for A, b in pieces:
        states.append(batched.apply(A, states[-1]) + b)
    return np.stack(states[:-1], axis=1), states[-1]


def _inside(form: PiecewiseLinear, orbits: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Mask orbits that keep away from all kinks by more than their errors move them."""
    if not form.gate_count:
        return np.ones(len(orbits), bool)
    reach = np.abs(form.gate_weights).sum(1).max()
    through = 1 + np.abs(form.gate_coupling).sum(1).max()
    moved = 2 * errors * reach * through ** (len(form.layers) - 1)
    return np.abs(form.preactivations(orbits)).min((1, 2)) > moved
