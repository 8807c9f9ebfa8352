"""From one cycle to the branch that it lies on."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from ..._checked import Finite, NotNegative, checked
from ..._parallel import one_blas_thread
from ..._types import InvalidInputError
from ..._watch import Report, watching
from ...solvers.continuation import (
    Curve,
    CurveEnd,
    PseudoArclength,
    ending_text,
    follow,
    null_tangent,
)
from ...solvers.shooting import MultipleShooting
from ...systems import AbstractSystem
from ..branches.emerging import EmergingCycle
from ..branches.models import SystemOf
from ..branches.starts import checked_range, checked_system
from ..cycles import Cycles
from ..derivatives import derivatives_of
from ..stability import judge
from .branch import CycleBranch
from .ends import Ends
from .equations import ClosedOrbits
from .special import find_special
from .starts import check_start, closed, place_of

MAX_POINTS = 500
MAX_UNKNOWNS = 4096
"""A step of Newton's method solves a system of this size."""


@checked
def continue_cycles(
    system_of: SystemOf,
    start: EmergingCycle | Cycles,
    parameter: tuple[Finite, Finite],
    *,
    at: Finite | None = None,
    name: str = "parameter",
    method: PseudoArclength | None = None,
    shooting: MultipleShooting | None = None,
    marginal_band: NotNegative = 1e-6,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> CycleBranch:
    r"""Follow a cycle of a flow while a parameter of the flow changes.

    A cycle is given by its period T and by states $x_j$ at k phases, which are T/k apart in time.
    Let $\varphi_t(x, p)$ be the state that the flow reaches from x after the time t, at the value p
    of the parameter. The cycles satisfy

    .. math:: \varphi_{T/k}(x_j, p) = x_{j+1}, \qquad
              \sum_j \hat f_j \cdot (x_j - \hat x_j) = 0

    and form a curve. The second equation fixes the phase: $\hat x_j$ are the states of the previous
    cycle on the curve, and $\hat f_j$ are the directions of motion there. The curve is followed by
    pseudo-arclength in both directions, through folds, whether the cycles are stable or not. Every
    cycle is checked: it must also close with twice as many steps of the integrator, and one of its
    Floquet multipliers must be near 1. (For every cycle of a flow, the multiplier along the orbit
    is exactly 1.) Where no cycle passes both checks, the branch ends.

    At special points, further Floquet multipliers cross the unit circle. These points are located
    by bracketing along the branch. They are folds (+1), flips (−1), Neimark–Sacker points (a
    complex pair), and branch points. The branch that crosses at a branch point is not followed.

    This function takes no maps. A cycle of k steps of a map consists of fixed points of the map
    applied k times: give that map to `continue_fixed_points`.

    Parameters
    ----------
    system_of
        A function that takes the value of the parameter and returns a flow, as in
        `continue_fixed_points`.
    start
        What `Branches.emerging_cycle` returned near a Hopf point, or one cycle that `find_cycles`
        found, `cycles[[k]]`. The former only approximates a cycle. If no cycle is found near it,
        the search tries again with a smaller one, nearer to the Hopf point.
    parameter
        The range of the parameter, `(from, to)`.
    at
        The value of the parameter at which `start` is a cycle. What `Branches.emerging_cycle`
        returned holds this value: then leave `at` out.
    name
        The name of the parameter in texts and figures.
    method
        The method, with its step lengths and bounds along the branch. None means
        `PseudoArclength(max_points=500)`. The option `state_scale` has no effect here, because each
        unit is scaled by its range along the first cycle.
    shooting
        `MultipleShooting(segments=…, substeps=…)`: the number k of phases to solve for, and the
        minimum number of Runge–Kutta steps between two phases. More steps are taken where a cycle
        needs them.
    marginal_band
        Floquet multipliers within this distance of the unit circle are called marginal. If a cycle
        has a marginal multiplier, apart from the one along the orbit, its `n_unstable` is −1. The
        multiplier along the orbit is exactly 1 in theory. If its computed value misses 1 by an
        error above `marginal_band`, `n_unstable` is −1 if another multiplier is within this error
        of the unit circle.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, the
        branch ends where it is, and the reason for its end says so.

    Returns
    -------
    CycleBranch
        The branch, in float64. `endings` gives the reason for each of its two ends. For example:
        the range ends, the branch is closed, the cycle shrank to a fixed point, or the cycle is
        near a homoclinic orbit. Other reasons are a period beyond 100 times the period of the
        start, a cycle that no longer closes with finer steps, and a bound of `method`.

    Raises
    ------
    InvalidInputError
        If `system_of` returns a map. If `start` is not a cycle of the system at the starting
        parameter, or holds more than one cycle. If the starting parameter lies outside the range.
        If the number of phases times the number of units is above 4094.

    References
    ----------
    Doedel, Keller & Kernévez (1991) Int. J. Bifurc. Chaos 1:745; Kuznetsov (2004) Elements of
    Applied Bifurcation Theory, ch. 5 and 10.

    Examples
    --------
    The cycles of $r' = p r + r^3 - r^5$ have the radius $r^2 = (1 \pm \sqrt{1 + 4p})/2$. They are
    born unstable at p = 0, and become stable at their fold.

    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> def system_of(p):
    ...     turn = lambda x: jnp.stack([-x[1], x[0]])
    ...     return sx.Flow(lambda x: (p + x @ x - (x @ x) ** 2) * x + turn(x), size=2)
    >>> fixed = sx.continue_fixed_points(system_of, np.zeros(2), (-0.5, 0.5), name="p")
    >>> start = fixed.emerging_cycle(0, -0.01)
    >>> cycles = sx.continue_cycles(system_of, start, (-0.5, 0.5), name="p")
    >>> cycles.special_type.tolist(), cycles.special("fold").round(6).tolist()
    (['fold'], [-0.25])
    """
    first, last, value = checked_range(parameter, place_of(start, at), name)
    method = method or PseudoArclength(max_points=MAX_POINTS)
    shooting = shooting or MultipleShooting()
    sample = checked_system(system_of, value)
    check_start(start, sample)
    if shooting.segments * sample.size + 2 > MAX_UNKNOWNS:
        raise InvalidInputError(
            f"{shooting.segments} segments of {sample.size} units have more than {MAX_UNKNOWNS} "
            "unknowns, which are too many: give fewer segments, MultipleShooting(segments=…)."
        )
    bounds = (min(first, last), max(first, last))
    orbits = ClosedOrbits(system_of, sample, bounds, shooting.segments, shooting.substeps)
    quiet = partial(np.errstate, over="ignore", invalid="ignore", divide="ignore")
    watched = watching("branches of cycles", max_seconds, progress)
    with watched, one_blas_thread(), derivatives_of(sample), quiet():
        point = closed(orbits, start, sample, value, name)
        curves = _both_ways(orbits, point, bounds, method)
        return _record(orbits, curves, sample, name, (first, last), marginal_band, method)


def _both_ways(
    orbits: ClosedOrbits,
    point: np.ndarray,
    bounds: tuple[float, float],
    method: PseudoArclength,
) -> list[Curve]:
    """Follow the branch in both directions, or once where it is closed."""
    scaled = bounds[0] / orbits.scales[-1], bounds[1] / orbits.scales[-1]
    orbits.refer(point)
    tangent, substeps = null_tangent(orbits.evaluate(point)[1]), orbits.substeps
    curves = []
    for along in (tangent, -tangent):
        orbits.refer(point)
        orbits.substeps = substeps
        ends = Ends(orbits, point, along)
        curve = follow(
            orbits.evaluate,
            point,
            along,
            scaled,
            method,
            ends.reached,
            orbits.is_valid,
            orbits.max_step_factor,
        )
        curves.append(ends.named(curve))
        if curve.end is CurveEnd.CLOSED:
            break
    return curves


def _record(
    orbits: ClosedOrbits,
    curves: list[Curve],
    sample: AbstractSystem,
    name: str,
    parameter: tuple[float, float],
    band: float,
    method: PseudoArclength,
) -> CycleBranch:
    forth, back = curves[0], curves[-1]
    rows = [_multipliers(orbits, curve.points) for curve in curves]
    special = [
        found
        for curve, values in zip(curves, rows, strict=True)
        for found in find_special(orbits, curve, values)
    ]
    points, multipliers = forth.points, rows[0]
    if len(curves) > 1:
        points = np.concatenate([back.points[:0:-1], points])
        multipliers = np.concatenate([rows[1][:0:-1], multipliers])
    tau = sample.time_unit
    states = _states(orbits, points)
    split = [orbits.split(point) for point in points]
    there = [orbits.split(s.point) for s in special]
    across = multipliers[:, 1:]
    gaps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    stability = judge(across, "map", band, uncertainty=np.fmax(band, abs(multipliers[:, 0] - 1)))
    return CycleBranch(
        states=states,
        parameters=np.array([p for _, _, p in split]),
        period=tau * np.array([t for _, t, _ in split]),
        arclength=np.append(0.0, np.cumsum(gaps)),
        multipliers=multipliers,
        n_unstable=stability.n_unstable,
        stability=stability.names,
        special_type=np.array([s.type for s in special], dtype="<U14"),
        special_parameters=np.array([p for _, _, p in there], float),
        special_period=tau * np.array([t for _, t, _ in there], float),
        special_states=_states(orbits, [s.point for s in special]).reshape(-1, *states.shape[1:]),
        special_angle=np.array([s.angle for s in special], float),
        special_error=np.array([s.error for s in special], float),
        endings=np.array([ending_text(c.end, method) for c in (back, forth)], dtype=np.str_),
        time_unit=tau,
        name=name,
        parameter_from=parameter[0],
        parameter_to=parameter[1],
    )


def _multipliers(orbits: ClosedOrbits, points: np.ndarray) -> np.ndarray:
    rows = []
    for point in points:
        orbits.refine(point)
        rows.append(orbits.multipliers(point))
    return np.array(rows)


def _states(orbits: ClosedOrbits, points: Iterable[np.ndarray]) -> np.ndarray:
    rows = []
    for point in points:
        orbits.refine(point)
        rows.append(orbits.orbit(point))
    return np.array(rows)
