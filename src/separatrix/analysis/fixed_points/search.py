"""From candidates to fixed and slow points: solve, classify, merge, describe."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._types import Array, InvalidInputError
from ...solvers.levenberg_marquardt import EPS, Ending, LevenbergMarquardt, Solution, rounding_floor
from ...solvers.merging import group
from ...solvers.minimize import DampedNewton, Minima
from ...systems import AbstractSystem
from ..linearization import eigenmodes
from ..stability import classify, count_unstable, growth
from .evaluator import Evaluator
from .record import FixedPoints

REASONS = {
    Ending.ZERO: "the residual is at rounding level",
    Ending.MINIMUM: "a local minimum of the speed that is not zero",
    Ending.STALLED: "no step decreases the speed: a kink of a function that is not smooth",
    Ending.MAX_STEPS: "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)",
    Ending.NOT_FINITE: "the candidate, or the system on the way from it, is NaN or infinite",
    Ending.RAN_AWAY: "left for infinity",
}


@dataclass
class _Found:
    """Points and what became of the candidates, while they are being collected."""

    states: list[np.ndarray] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)

    def add(self, state: np.ndarray, kind: str, bound: float) -> int:
        self.states.append(state)
        self.kinds.append(kind)
        self.bounds.append(bound)
        return len(self.states) - 1


def find_fixed_points(
    system: AbstractSystem,
    candidates: Float[Array, "... unit"],
    *,
    solver: LevenbergMarquardt | None = None,
    slow_points: bool = True,
    marginal_band: float = 1e-6,
) -> FixedPoints:
    r"""Find fixed points, and slow points, from candidate states.

    A fixed point of a map is a state with $F(x) = x$, of a flow one with $f(x) = 0$. Every
    candidate is followed by Levenberg–Marquardt and Newton steps in float64 on the system's
    residual. One that reaches rounding level leads to a *fixed* point; one that ends where the
    speed is not zero is followed to the local minimum of the speed, a *slow* point (Sussillo &
    Barak 2013); any other is *rejected* with a reason. No tolerance decides what is fixed.

    Parameters
    ----------
    system
        A map or a flow, such as `network.at_input(u)`.
    candidates
        States to start from, `(…, unit)`: activity `(trial, time, unit)`, or random states.
        Rows with NaN are marked as rejected.
    solver
        The method and its options; None means `LevenbergMarquardt()`.
    slow_points
        Whether to look for slow points; without, their candidates are rejected.
    marginal_band
        Eigenvalues within this distance of the stability boundary count as marginal.

    Returns
    -------
    FixedPoints
        Points sorted by kind and speed, with their evidence, and an outcome for every candidate.

    Raises
    ------
    InvalidInputError
        When there are no candidates, or they have another number of units than the system.

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Golub & Sussillo (2018) JOSS 3:1003.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    >>> [round(float(x), 6) for x in sorted(points.states[:, 0])]
    [-0.957504, 0.0, 0.957504]
    """
    starts = _check_candidates(system, candidates)
    evaluator = Evaluator(system)
    solver = LevenbergMarquardt() if solver is None else solver
    solution = solver.solve(evaluator.residual_and_jacobian, starts, evaluator.batch_size)
    found = _Found()
    reached = np.full(len(starts), -1)
    reasons = np.array([REASONS[Ending(e)] for e in solution.endings], dtype=object)
    _collect_fixed(evaluator, solution, found, reached)
    unsettled = np.isin(solution.endings, [Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS])
    if slow_points and unsettled.any():
        _collect_slow(evaluator, solution, np.flatnonzero(unsettled), found, reached, reasons)
    return _describe(evaluator, found, reached, reasons, marginal_band)


def _check_candidates(system: AbstractSystem, candidates: Any) -> np.ndarray:
    array = np.asarray(candidates, float)
    if array.ndim == 0 or array.shape[-1] != system.size:
        raise InvalidInputError(
            f"candidates must have shape (…, {system.size}), one column for each unit of the "
            f"system, got {array.shape}."
        )
    if array.size == 0:
        raise InvalidInputError(
            "there are no candidates: give at least one state, for example the activity of "
            "simulated trials (sx.simulate) or random states."
        )
    return array.reshape(-1, system.size)


def _collect_fixed(
    evaluator: Evaluator, solution: Solution, found: _Found, reached: np.ndarray
) -> None:
    """Merge what ended as a zero; the last Newton correction says what is the same point."""
    zeros = np.flatnonzero(solution.endings == Ending.ZERO)
    states = solution.states[zeros]
    rounding = 8 * EPS * np.abs(states).max(1, initial=0)
    # Where Newton could not measure the distance (a singular Jacobian) only equal states are one.
    measured = np.where(np.isfinite(solution.steps[zeros]), solution.steps[zeros], 0.0)
    representative = group(states, 10 * measured + rounding)
    for best in np.unique(representative):
        state, bound = _polish(evaluator, states[best])
        label = found.add(state, "fixed", bound)
        reached[zeros[representative == best]] = label


def _polish(evaluator: Evaluator, state: np.ndarray) -> tuple[np.ndarray, float]:
    """Newton steps until they stop shrinking; the last one estimates the remaining error."""
    error = np.inf
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
    evaluator: Evaluator,
    solution: Solution,
    candidates: np.ndarray,
    found: _Found,
    reached: np.ndarray,
    reasons: np.ndarray,
) -> None:
    """Follow the speed from where the solver stopped to its local minima, and merge those."""
    minima = DampedNewton().minimize(evaluator.speed_derivatives, solution.states[candidates])
    settled = np.flatnonzero(minima.converged)
    reasons[candidates[~minima.converged]] = REASONS[Ending.MAX_STEPS]
    representative = group(minima.states[settled], _flatness(minima, settled))
    for best in np.unique(representative):
        members = candidates[settled[representative == best]]
        label = found.add(minima.states[settled[best]], "slow", np.nan)
        reached[members] = label
        reasons[members] = REASONS[Ending.MINIMUM]


def _flatness(minima: Minima, settled: np.ndarray) -> Float[np.ndarray, " minimum"]:
    """Return how far one can move before rounding of the speed notices, along the flattest way.

    The value q rises by ½ λ d² at distance d along a direction of curvature λ, and is known to
    about ε q; so d = √(2 ε q / λ).
    """
    curvature = np.linalg.eigvalsh(minima.hessians[settled])
    smallest = np.maximum(curvature[:, 0], EPS * curvature[:, -1])
    return 4 * np.sqrt(2 * EPS * minima.values[settled] / np.maximum(smallest, 1e-300))


def _describe(
    evaluator: Evaluator,
    found: _Found,
    reached: np.ndarray,
    reasons: np.ndarray,
    marginal_band: float,
) -> FixedPoints:
    system = evaluator.system
    count = len(found.states)
    states = np.array(found.states).reshape(count, system.size)
    kinds = np.array(found.kinds, dtype="<U5")
    residuals, jacobians = evaluator.residual_and_jacobian(states)
    speed = evaluator.speed(states)
    eigenvalues = eigenmodes(evaluator.jacobian(states), system.kind)[0]
    n_unstable = count_unstable(eigenvalues, system.kind, marginal_band)
    floor = rounding_floor(states, jacobians, float(np.abs(states).max(initial=0)))
    order = np.lexsort((speed, n_unstable, kinds))
    new_label = np.empty(count, int)
    new_label[order] = np.arange(count)
    reached = np.where(reached >= 0, new_label[reached] if count else -1, -1)
    outcomes = np.where(reached >= 0, kinds[order][reached] if count else "rejected", "rejected")
    offset = 1.0 if system.kind == "map" else 0.0
    largest = growth(eigenvalues, system.kind).max(1, initial=-np.inf) + offset
    return FixedPoints(
        states=states[order],
        kind=kinds[order],
        speed=speed[order],
        residual=np.abs(residuals).max(1, initial=0)[order],
        rounding_level=floor[order],
        error_bound=np.array(found.bounds, float).reshape(count)[order],
        certified=np.zeros(count, bool),
        radius=np.full(count, np.nan),
        certificate=np.full(count, "not attempted", dtype="<U32"),
        n_unstable=n_unstable[order],
        stability=classify(eigenvalues, system.kind, marginal_band)[order],
        largest_eigenvalue=largest[order],
        hits=np.bincount(reached[reached >= 0], minlength=count),
        label=np.arange(count),
        outcomes=outcomes.astype("<U8"),
        reached=reached,
        outcome_reasons=reasons.astype(str),
        system=system.kind,
        time_unit=system.time_unit,
        marginal_band=marginal_band,
    )
