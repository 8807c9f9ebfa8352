"""Fixed and slow points of any differentiable system, by Newton's method and its relatives."""

import numpy as np
from jaxtyping import Float

from ...solvers.levenberg_marquardt import EPS, Ending, LevenbergMarquardt, Solution
from ...solvers.merging import group
from ...solvers.minimize import DampedNewton, Minima
from .evaluator import Evaluator
from .found import Found

ZERO = "the residual is at rounding level"
MINIMUM = "a local minimum of the speed that is not zero"
REASONS = {
    Ending.ZERO: ZERO,
    Ending.MINIMUM: MINIMUM,
    Ending.STALLED: "no step decreases the speed: a kink of a function that is not smooth",
    Ending.MAX_STEPS: "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)",
    Ending.NOT_FINITE: "the candidate, or the system on the way from it, is NaN or infinite",
    Ending.RAN_AWAY: "left for infinity",
}
_UNSETTLED = (Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS)


def search_smooth(
    evaluator: Evaluator,
    starts: Float[np.ndarray, "candidate unit"],
    solver: LevenbergMarquardt,
    slow_points: bool,
) -> Found:
    """Follow every candidate to a zero of the residual or else to a minimum of the speed."""
    found = Found.empty(len(starts))
    solution = solver.solve(evaluator.residual_and_jacobian, starts, evaluator.batch_size)
    found.reasons[:] = [REASONS[Ending(e)] for e in solution.endings]
    endings, states, steps = (x.copy() for x in (solution.endings, solution.states, solution.steps))
    unsettled = np.flatnonzero(np.isin(endings, _UNSETTLED))
    minima = None
    if slow_points and len(unsettled):
        minima = DampedNewton().minimize(evaluator.speed_derivatives, states[unsettled])
        # A minimum may turn out to be a zero: only the solver, at rounding level, can tell.
        again = solver.solve(evaluator.residual_and_jacobian, minima.states, evaluator.batch_size)
        zero = (again.endings == Ending.ZERO) & _stayed(minima, again)
        at = unsettled[zero]
        endings[at], states[at], steps[at] = Ending.ZERO, again.states[zero], again.steps[zero]
        _collect_slow(minima, unsettled, ~zero, found)
    _collect_fixed(evaluator, states, steps, np.flatnonzero(endings == Ending.ZERO), found)
    return found


def _stayed(minima: Minima, again: Solution) -> np.ndarray:
    """Tell which zeros lie where the minimum was, as far as its own curvature can tell."""
    moved = np.linalg.norm(again.states - minima.states, axis=1)
    # Near a zero the speed is known to about √ε of its slope, so its minimum to about √ε too.
    return moved <= 1e3 * np.sqrt(EPS) * (1 + np.linalg.norm(minima.states, axis=1))


def _collect_fixed(
    evaluator: Evaluator, states: np.ndarray, steps: np.ndarray, zeros: np.ndarray, found: Found
) -> None:
    """Merge what ended as a zero; the last Newton correction says what is the same point."""
    rounding = 8 * EPS * np.abs(states[zeros]).max(1, initial=0)
    # Where Newton could not measure the distance (a singular Jacobian) only equal states are one.
    measured = np.where(np.isfinite(steps[zeros]), steps[zeros], 0.0)
    representative = group(states[zeros], 10 * measured + rounding)
    for best in np.unique(representative):
        state, bound = _polish(evaluator, states[zeros[best]])
        found.add(state, "fixed", bound, zeros[representative == best], ZERO)


def _polish(evaluator: Evaluator, state: np.ndarray) -> tuple[np.ndarray, float]:
    """Newton steps until they stop shrinking; the last one estimates the remaining error."""
    error = length = np.inf
    for _ in range(4):
        r, J = evaluator.residual_and_jacobian(state[None])
        try:
            step = np.linalg.solve(J[0], -r[0])
        except np.linalg.LinAlgError:
            return state, np.inf
        length = float(np.abs(step).max())
        if not length < error / 2:
            break
        state, error = state + step, length
    return state, min(error, length)


def _collect_slow(
    minima: Minima, candidates: np.ndarray, not_zero: np.ndarray, found: Found
) -> None:
    """Merge the minima of the speed; what did not settle keeps a reason."""
    found.reasons[candidates[~minima.converged]] = REASONS[Ending.MAX_STEPS]
    settled = np.flatnonzero(minima.converged & not_zero)
    representative = group(minima.states[settled], _flatness(minima, settled))
    for best in np.unique(representative):
        members = candidates[settled[representative == best]]
        found.add(minima.states[settled[best]], "slow", np.nan, members, MINIMUM)


def _flatness(minima: Minima, settled: np.ndarray) -> Float[np.ndarray, " minimum"]:
    """Return how far one can move before rounding of the speed notices, along the flattest way.

    The value q rises by ½ λ d² at distance d along a direction of curvature λ, and is known to
    about ε q; so d = √(2 ε q / λ).
    """
    if not len(settled):
        return np.zeros(0)
    curvature = np.linalg.eigvalsh(minima.hessians[settled])
    smallest = np.maximum(curvature[:, 0], EPS * curvature[:, -1])
    return 4 * np.sqrt(2 * EPS * minima.values[settled] / np.maximum(smallest, 1e-300))
