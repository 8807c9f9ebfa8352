"""The fixed points of a system by their stability, and how far apart they are."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from jaxtyping import Bool, Complex, Float, Int, Shaped

from ..._parallel import one_blas_thread
from ..._types import InvalidInputError, require_finite
from ...systems import AbstractSystem
from ..checks import points_of
from ..fixed_points.evaluator import Evaluator
from ..fixed_points.points import FixedPoints
from ..kinks import on_kinks
from ..linearization import eigenmodes
from ..stability import KINK, disturbed, judge


@dataclass(frozen=True)
class Landscape:
    """Fixed points with their stability, and how far each is from the nearest other one.

    Attributes
    ----------
    label (point,)
        The place of each point in what the user gave: slow points have none here.
    least_unstable (point,)
        The number of directions that are sure to leave, where not all are known (`n_unstable` −1).
    separation (point,)
        Distance to the nearest other fixed point; of a single one, 1 + its norm.
    values, right, left (point, mode)
        The slowest decaying mode of each point: of a saddle, the unstable one. `left · right` = 1.
    """

    states: Float[np.ndarray, "point unit"]
    label: Int[np.ndarray, " point"]
    n_unstable: Int[np.ndarray, " point"]
    least_unstable: Int[np.ndarray, " point"]
    stability: Shaped[np.ndarray, " point"]
    separation: Float[np.ndarray, " point"]
    values: Complex[np.ndarray, " point"]
    right: Float[np.ndarray, "point unit"]
    left: Complex[np.ndarray, "point unit"]

    @property
    def attractors(self) -> Bool[np.ndarray, " point"]:
        """At which points states may end: stable ones, and ones on a kink.

        Of these linearization cannot tell; they count for states that come to rest at them.
        """
        return self.catching | (self.stability == KINK)

    @property
    def catching(self) -> Bool[np.ndarray, " point"]:
        """Which points attract all states near them."""
        return self.stability == "stable"

    @property
    def gates(self) -> Bool[np.ndarray, " point"]:
        """Which points are saddles with one unstable direction: gates between two basins."""
        return (self.n_unstable == 1) & (np.abs(self.values.imag) == 0)

    @property
    def extent(self) -> float:
        """The size of the states: the largest norm of a point, and of a distance between two."""
        spread = float(np.linalg.norm(np.ptp(self.states, axis=0)))
        return max(spread, float(np.linalg.norm(self.states, axis=1).max()), 1e-300)


def survey(system: AbstractSystem, points: Any, marginal_band: float = 1e-6) -> Landscape:
    """Read the fixed points out of a `FixedPoints`, or out of states `(point, unit)`."""
    given = points.states if isinstance(points, FixedPoints) else points
    states = points_of(system, given)
    label, errors = np.arange(len(states)), None
    if isinstance(points, FixedPoints):
        label = np.flatnonzero(np.asarray(points.kind) == "fixed")
        errors = np.asarray(points.error_bound)[label]
    states = states[label]
    if not len(states):
        raise InvalidInputError(
            "there is no fixed point among the points: find some with sx.find_fixed_points."
        )
    require_finite(states, "the points")
    evaluator = Evaluator(system)
    _require_fixed(evaluator, states)
    with one_blas_thread():
        values, right, left, _ = eigenmodes(evaluator.jacobian(states), system.kind)
        moved = disturbed(evaluator.jacobian, states, system.kind, errors)
    on_kink = on_kinks(system.evaluate, states)
    stability = judge(values, system.kind, marginal_band, on_kink, *moved)
    distances = scipy.spatial.distance.cdist(states, states) + np.diag(np.full(len(states), np.inf))
    separation = distances.min(1, initial=np.inf)
    alone = 1 + np.linalg.norm(states, axis=1)
    return Landscape(
        states=states,
        label=label,
        n_unstable=stability.n_unstable,
        least_unstable=stability.least,
        stability=stability.names,
        separation=np.where(np.isfinite(separation), separation, alone),
        values=values[:, 0],
        right=right[:, :, 0].real,
        left=left[:, 0],
    )


def _require_fixed(evaluator: Evaluator, states: np.ndarray) -> None:
    """Refuse states that Newton's method would move: they are no fixed points."""
    residuals, jacobians = evaluator.residual_and_jacobian(states)
    scale = np.abs(jacobians).sum(2).max(1) * np.abs(states).max(1, initial=0)
    allowed = 1e-6 * (np.abs(states).max(1, initial=0) + scale + 1e-6)
    wrong = ~(np.abs(residuals).max(1, initial=0) <= allowed)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise InvalidInputError(
            f"{int(wrong.sum())} of the points are not fixed points of this system. The first is "
            f"point {first}, with a residual of {np.abs(residuals[first]).max():.1e}. Find the "
            "points with sx.find_fixed_points at the same input."
        )
