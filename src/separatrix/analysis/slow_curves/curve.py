"""The slow curve along an axis: slices one after another, and what moves along them."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float

from ..._checked import FINITE, checked
from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError
from ..._watch import Report, Stage, is_over, report_progress, watching, why_over
from ...solvers.minimize import DampedNewton
from ...solvers.piecewise_linear import KinkDescent, PiecewiseLinear, recognize
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem, System
from ...systems.motion import Motion
from ..checks import axis_of, states_of
from ..fixed_points.evaluator import Evaluator
from ..fixed_points.points import FixedPoints
from ..fixed_points.search import find_fixed_points
from ..linearization.modes import decay_times
from .slices import Slices, SlicesResult, complement
from .states import SlowCurve

_ONE_STATE = 1e-6  # states nearer than this part of their size are one


@checked
def slow_curve(
    system: System,
    axis: Float[Array, " unit"],
    values: Annotated[Float[Array, " slice"] | Sequence[float], FINITE],
    start: Float[Array, "..."] | None = None,
    *,
    method: DampedNewton | KinkDescent | None = None,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> SlowCurve:
    r"""Follow the slowest states of a system along an axis a of its state space.

    On each slice $a \cdot x = v$ the speed $|F(x) - x|$ (map) or $|f(x)|$ (flow) is minimized. In a
    smooth system this is done by Newton's method with the exact Hessian (`DampedNewton`). In a
    piecewise-linear system, such as a ReLU network, it is done by exact steps from kink to kink
    (`KinkDescent`). On each slice the minimization starts from the given state nearest to the
    slice, and from states that continue the curve from the two neighboring slices. The slowest
    minimum is kept. On the curve

    * the *drift* $d = a \cdot (F(x) - x)$, or $a \cdot f(x)$, moves states along the curve. The
      drift crosses zero at a fixed point, and is zero over a whole stretch on a line attractor.
    * the *transverse* mode is the slowest mode across the curve (of the Jacobian modulo the tangent
      of the curve). Its time constant says how fast states beside the curve return to it.

    Parameters
    ----------
    system
        A map or a flow.
    axis
        The axis `(unit,)`, such as a readout vector, a principal component, or a mode's left
        vector.
    values
        Values of a · x, increasing `(slice,)`.
    start
        States `(…, unit)` near the curve, such as activity. None means states on the axis itself.
    method
        `sx.solvers.KinkDescent(…)` for piecewise-linear systems, `sx.solvers.DampedNewton(…)` for
        any system. None means the former if the system is recognized as piecewise linear, and the
        latter otherwise. Both have a limit of steps. If a slice reached it, its entry in `reasons`
        says so.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, if a
        slice has no state because it was not finished, its entry in `reasons` says so. On a slice
        that has a state, a slower state may have been missed, and the transverse time constant may
        be NaN. Fixed points on the curve (`crossings`) may be missing, too.

    Returns
    -------
    SlowCurve
        For every slice, a state or the reason why there is none.

    Raises
    ------
    InvalidInputError
        If the axis or the states do not have as many units as the system, or the axis has length
        zero. If the values do not increase, or the method does not fit the system.

    References
    ----------
    Mante et al. (2013) Nature 503:78; Sussillo & Barak (2013) Neural Comput. 25:626.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> ghost = sx.Flow(lambda x: 0.01 + x**2, size=1)
    >>> curve = sx.slow_curve(ghost, np.ones(1), np.linspace(-1, 1, 5))
    >>> curve.drift
    array([1.01, 0.26, 0.01, 0.26, 1.01])
    """
    a, v = axis_of(system.size, axis), _checked_values(values)
    states = _checked_start(system, start)
    evaluator = Evaluator(system)
    with watching("slow curve", max_seconds, progress), one_blas_thread():
        first = a * (v / (a @ a))[:, None] if states is None else _nearest(states, a, v)
        zero_test = ZeroTest(evaluator.system.residual, system.size, first)
        slices = Slices(evaluator, a, *_minimizer(evaluator.system, method), zero_test)
        report_progress(Stage.SLICES, 0, len(v))
        found = slices.minimize(first, v)
        found, joined = _sweep(slices, found, v)
        drift = Motion(evaluator.system, found.states, ()).velocities(found.states) @ a
        tangents = _tangents(slices, found, v, joined)
        eigenvalue = _transverse(evaluator, found.states, tangents, a)
        crossing = _crossings(system, a, v, found, drift, joined)
        if is_over():
            ended = found.outcomes != "rejected"
            found.reasons[ended] += f"; the search ended early: {why_over()}"
    return SlowCurve(
        values=v,
        states=found.states,
        speed=found.speed,
        drift=drift,
        tangents=tangents,
        transverse_time=decay_times(eigenvalue, system.kind, system.time_unit),
        transverse_eigenvalue=np.abs(eigenvalue) if system.kind == "map" else eigenvalue.real,
        outcomes=found.outcomes.astype(str),
        reasons=found.reasons.astype(str),
        joined=joined,
        crossing_values=crossing.states @ a if crossing is not None else np.zeros(0),
        crossings=crossing.states if crossing is not None else np.zeros((0, system.size)),
        crossing_stability=crossing.stability if crossing is not None else np.zeros(0, "<U8"),
        crossing_certified=crossing.certified if crossing is not None else np.zeros(0, bool),
        crossing_n_unstable=crossing.n_unstable if crossing is not None else np.zeros(0, int),
        axis=a,
        system=system.kind,
        time_unit=system.time_unit,
    )


def _checked_values(values: Any) -> np.ndarray:
    v = np.asarray(values)
    if not len(v) or not (np.diff(v) > 0).all():
        raise InvalidInputError("values must be one or more that increase: sort them.")
    return v


def _checked_start(system: AbstractSystem, start: Any) -> np.ndarray | None:
    if start is None:
        return None
    states = states_of(system, start, "start")
    return states[np.isfinite(states).all(1)]


def _minimizer(
    system: AbstractSystem, method: DampedNewton | KinkDescent | None
) -> tuple[DampedNewton | KinkDescent, PiecewiseLinear | None]:
    """Return the method, and for `KinkDescent` the velocity in canonical form in float64."""
    if isinstance(method, DampedNewton):
        return method, None
    form = recognize(system.velocity, system.size)
    if isinstance(form, PiecewiseLinear):
        return method or KinkDescent(), form
    if method is None:
        return DampedNewton(), None
    raise InvalidInputError(
        f"KinkDescent needs a piecewise-linear system, and this system is not piecewise linear: "
        f"{form}. Leave the method out, or use DampedNewton()."
    )


def _nearest(states: np.ndarray, a: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return for each slice the state whose value is nearest."""
    along = states @ a
    order = np.argsort(along, kind="stable")
    after = np.clip(np.searchsorted(along[order], v), 0, len(order) - 1)
    before = np.maximum(after - 1, 0)
    nearer = np.abs(along[order[before]] - v) <= np.abs(along[order[after]] - v)
    return states[order[np.where(nearer, before, after)]]


def _sweep(slices: Slices, found: SlicesResult, v: np.ndarray) -> tuple[SlicesResult, np.ndarray]:
    """Start slices from their neighbors, up and down; return also where the curve goes on."""
    reached = {}
    for count in range(1, len(v)):
        report_progress(Stage.SLICES, count, len(v))
        if is_over():
            break
        pair = [(count, 1), (len(v) - 1 - count, -1)]
        pair = [(k, way) for k, way in pair if found.outcomes[k - way] != "rejected"]
        if not pair:
            continue
        guesses = np.array([_predicted(found, v, k, way) for k, way in pair])
        warm = slices.minimize(guesses, v[[k for k, _ in pair]])
        for row, (k, way) in enumerate(pair):
            reached[k, way] = warm.states[row]
            if _slower(warm, row, found, k):
                found = found.put(np.array([k]), warm, np.array([row]))
    joined = np.zeros(len(v), bool)
    for (k, way), state in reached.items():
        later = k if way == 1 else k + 1
        joined[later] |= _same(state, found.states[k])
    return found, joined


def _predicted(found: SlicesResult, v: np.ndarray, k: int, way: int) -> np.ndarray:
    """Return the neighbor's state, moved on along the secant through the one before."""
    last, before = k - way, k - 2 * way
    guess = found.states[last]
    if 0 <= before < len(v) and found.outcomes[before] != "rejected":
        stretch = (v[k] - v[last]) / (v[last] - v[before])
        guess = guess + stretch * (found.states[last] - found.states[before])
    return guess


def _slower(warm: SlicesResult, row: int, found: SlicesResult, k: int) -> bool:
    if warm.outcomes[row] == "rejected":
        return False
    return bool(found.outcomes[k] == "rejected" or warm.speed[row] < found.speed[k] * (1 - 1e-9))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether two states are one, to the precision of a minimum."""
    return bool(np.linalg.norm(one - other) <= _ONE_STATE * (1e-9 + np.linalg.norm(other)))


def _tangents(slices: Slices, found: SlicesResult, v: np.ndarray, joined: np.ndarray) -> np.ndarray:
    """Return dx/dv: from the Hessian of the speed, or from neighbors where there are kinks."""
    states = found.states
    if slices.velocity is not None:
        return _differences(states, v, joined)
    basis, a = complement(slices.axis), slices.axis / (slices.axis @ slices.axis)
    tangents = np.full(states.shape, np.nan)
    rows = np.flatnonzero(np.isfinite(states).all(1))
    for chunk in slices.evaluator.chunks(len(rows)):
        part = rows[chunk]
        if is_over():
            break
        hessian = slices.evaluator.speed_derivatives(states[part])[2]
        for row, H in zip(part, hessian, strict=True):
            if is_over():
                break
            within = np.linalg.lstsq(basis.T @ H @ basis, -(basis.T @ H @ a), rcond=None)[0]
            tangents[row] = a + basis @ within
    return tangents


def _differences(states: np.ndarray, v: np.ndarray, joined: np.ndarray) -> np.ndarray:
    tangents = np.full(states.shape, np.nan)
    for k in range(len(v)):
        low = k - 1 if joined[k] else k
        high = k + 1 if k + 1 < len(v) and joined[k + 1] else k
        if high > low:
            tangents[k] = (states[high] - states[low]) / (v[high] - v[low])
    return tangents


def _transverse(
    evaluator: Evaluator, states: np.ndarray, tangents: np.ndarray, a: np.ndarray
) -> np.ndarray:
    """Return the slowest eigenvalue of the Jacobian modulo the tangent; NaN where none is known.

    With N a basis of the slice and t the tangent, a · t = 1, it is of $N^T (1 - t a^T) J N$.
    """
    slowest = np.full(len(states), np.nan + 0j)
    rows = np.flatnonzero(np.isfinite(states).all(1) & np.isfinite(tangents).all(1))
    if len(a) == 1 or not len(rows):
        return slowest
    basis = complement(a)
    jacobians = evaluator.jacobian(states[rows])
    across = jacobians - tangents[rows][:, :, None] * (a @ jacobians)[:, None, :]
    for row, matrix in zip(rows, across, strict=True):
        if is_over():
            break
        values = np.linalg.eigvals(basis.T @ matrix @ basis)
        growth = np.abs(values) if evaluator.system.kind == "map" else values.real
        slowest[row] = values[growth.argmax()]
    return slowest


def _crossings(
    system: AbstractSystem,
    a: np.ndarray,
    v: np.ndarray,
    found: SlicesResult,
    drift: np.ndarray,
    joined: np.ndarray,
) -> FixedPoints | None:
    """Solve for the fixed points where the drift changes its sign, and at single fixed slices."""
    fixed = found.outcomes == "fixed"
    beside = np.append(fixed[1:], False) | np.append(False, fixed[:-1])
    starts = list(found.states[fixed & ~beside])
    for k in range(1, len(v)):
        if joined[k] and not fixed[k] and not fixed[k - 1] and drift[k] * drift[k - 1] < 0:
            share = drift[k - 1] / (drift[k - 1] - drift[k])
            starts.append((1 - share) * found.states[k - 1] + share * found.states[k])
    if not starts or is_over():
        return None
    points = find_fixed_points(system, np.array(starts), completeness=False, slow_points=False)
    along = np.asarray(points.states) @ a
    step = np.diff(v).max(initial=0.0) + 1e-9 * np.abs(v).max()
    places = np.array(starts) @ a
    near = (np.abs(along[:, None] - places) <= step).any(1)
    order = np.flatnonzero(near & (points.kind == "fixed"))
    return points[order[np.argsort(along[order], kind="stable")]]
