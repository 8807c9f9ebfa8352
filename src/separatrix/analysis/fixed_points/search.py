"""From candidates to fixed and slow points: solve, certify, describe."""

from typing import Any

import numpy as np
from jaxtyping import Float

from ..._types import Array, InvalidInputError
from ...solvers.levenberg_marquardt import LevenbergMarquardt, rounding_floor
from ...solvers.piecewise_linear import PiecewiseLinear, recognise
from ...solvers.threads import one_blas_thread
from ...systems import AbstractSystem
from ..linearization import eigenmodes
from ..stability import classify, count_unstable, growth
from .certificates import certify as certify_points
from .certificates import count_unstable_certified
from .evaluator import Evaluator
from .found import Found
from .piecewise import search_piecewise
from .record import FixedPoints
from .smooth import search_smooth


def find_fixed_points(
    system: AbstractSystem,
    candidates: Float[Array, "... unit"],
    *,
    solver: LevenbergMarquardt | None = None,
    slow_points: bool = True,
    certify: bool = True,
    marginal_band: float = 1e-6,
) -> FixedPoints:
    r"""Find fixed points, and slow points, from candidate states.

    A fixed point of a map is a state with $F(x) = x$, of a flow one with $f(x) = 0$. Every
    candidate is followed by Levenberg–Marquardt and Newton steps in float64 on the system's
    residual. One that reaches rounding level leads to a *fixed* point; one that ends where the
    speed is not zero is followed to the local minimum of the speed, a *slow* point (Sussillo &
    Barak 2013); any other is *rejected* with a reason. No tolerance decides what is fixed.

    A system that is piecewise linear, which is read from the function itself (ReLU networks), is
    solved exactly instead: from linear region to linear region, each solved once; its slow points
    lie on the kinks between regions.

    Where possible the answer is proved: that a fixed point exists and is the only one in a ball
    around it, how many unstable directions it has, that no fixed point lies near a slow point.

    Parameters
    ----------
    system
        A map or a flow, such as `network.at_input(u)`.
    candidates
        States to start from, `(…, unit)`: activity `(trial, time, unit)`, or random states.
        Rows with NaN are marked as rejected.
    solver
        The method for systems that are not piecewise linear, with its options; None means
        `LevenbergMarquardt()`.
    slow_points
        Whether to look for slow points; without, their candidates are rejected.
    certify
        Whether to look for proofs.
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
    forms = _piecewise_linear_forms(evaluator.system)
    with one_blas_thread():
        if forms is None:
            solver = LevenbergMarquardt() if solver is None else solver
            found = search_smooth(evaluator, starts, solver, slow_points)
        else:
            found = search_piecewise(*forms, starts, slow_points)
        if certify:
            certify_points(evaluator.system, found)
        return _describe(evaluator, found, certify, marginal_band)


def _piecewise_linear_forms(
    system: AbstractSystem,
) -> tuple[PiecewiseLinear, PiecewiseLinear] | None:
    """Return residual and velocity in canonical form, or None when they are not piecewise linear.

    A function that computes in float32 is left to the general method, which works on the function
    as it is, not on the exact one that it approximates.
    """
    residual = recognise(system.residual, system.size)
    if not isinstance(residual, PiecewiseLinear) or residual.narrowed:
        return None
    velocity = recognise(system.velocity, system.size)
    return (residual, velocity) if isinstance(velocity, PiecewiseLinear) else None


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


def _describe(
    evaluator: Evaluator, found: Found, certify: bool, marginal_band: float
) -> FixedPoints:
    """Sort the points by kind, unstable directions and speed, and say what is known of each."""
    system = evaluator.system
    count = len(found.states)
    states = np.array(found.states).reshape(count, system.size)
    kinds = np.array(found.kinds, dtype="<U5")
    residuals, jacobians = evaluator.residual_and_jacobian(states)
    speed = evaluator.speed(states)
    eigenvalues = eigenmodes(evaluator.jacobian(states), system.kind)[0]
    n_unstable = count_unstable(eigenvalues, system.kind, marginal_band)
    order = np.lexsort((speed, n_unstable, kinds))
    proofs = _proofs(system, found, certify, n_unstable)
    reached, outcomes = _renumber(found.reached, kinds, order)
    offset = 1.0 if system.kind == "map" else 0.0
    return FixedPoints(
        states=states[order],
        kind=kinds[order],
        speed=speed[order],
        residual=np.abs(residuals).max(1, initial=0)[order],
        rounding_level=rounding_floor(states, jacobians, float(np.abs(states).max(initial=0)))[
            order
        ],
        certified=proofs["certified"][order],
        error_bound=proofs["error_bound"][order],
        radius=proofs["radius"][order],
        certificate=proofs["certificate"][order],
        n_unstable_certified=proofs["n_unstable_certified"][order],
        n_unstable=n_unstable[order],
        stability=classify(eigenvalues, system.kind, marginal_band)[order],
        largest_eigenvalue=(growth(eigenvalues, system.kind).max(1, initial=-np.inf) + offset)[
            order
        ],
        hits=np.bincount(reached[reached >= 0], minlength=count),
        label=np.arange(count),
        outcomes=outcomes,
        reached=reached,
        outcome_reasons=found.reasons.astype(str),
        system=system.kind,
        time_unit=system.time_unit,
        marginal_band=marginal_band,
    )


def _renumber(
    reached: np.ndarray, kinds: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which point of the sorted ones each candidate reached, and its outcome."""
    rank = np.append(np.argsort(order), -1)
    reached = rank[reached]
    outcomes = np.append(kinds[order], "rejected")[reached]
    return reached, outcomes.astype("<U8")


def _proofs(
    system: AbstractSystem, found: Found, certify: bool, n_unstable: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns that hold proofs, in the order in which the points were found."""
    count = len(found.states)
    certified = np.array([k in found.proofs for k in range(count)], bool)
    bounds = np.array(found.bounds, float).reshape(count)
    radius = np.zeros(count)
    unproved = "no proof was found" if certify else "not asked for"
    texts = [found.refusals.get(k) or unproved for k in range(count)]
    for label, (error, ball, text) in found.proofs.items():
        bounds[label], radius[label], texts[label] = error, ball, text
    fixed = np.flatnonzero(certified & np.array([k == "fixed" for k in found.kinds], bool))
    proved = np.zeros(count, bool)
    if certify:
        states = np.array(found.states).reshape(count, system.size)
        counts = count_unstable_certified(system, states[fixed], bounds[fixed])
        # The marginal band may hide a direction that the proof counts: then nothing is claimed.
        proved[fixed] = [n == k for n, k in zip(counts, n_unstable[fixed], strict=True)]
    return {
        "certified": certified,
        "error_bound": bounds,
        "radius": radius,
        "certificate": np.array(texts, dtype=str).reshape(count),
        "n_unstable_certified": proved,
    }
