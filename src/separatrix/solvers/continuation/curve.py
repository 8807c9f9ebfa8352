"""Following a curve of zeros from a point on it until it ends."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float

from ..._checked import Bounds, Count, Positive, checked
from ..._types import InvalidInputError
from ..._watch import Stage, is_over, report_progress
from ..newton import Evaluate
from .corrector import around_kink, correct, correct_at, tangent_of


@checked
@dataclass(frozen=True)
class PseudoArclength:
    """Pseudo-arclength continuation with steps that adapt to the curvature.

    Lengths are scaled so that the whole parameter range has length 1. A state in which every unit
    equals `state_scale` has length 1, too.

    Parameters
    ----------
    first_step, min_step, max_step
        The lengths of the first, the shortest and the longest step. Where the state is far from 0,
        steps may be longer than `max_step`.
    max_points
        The maximum number of points in each of the two directions in which a branch is followed
        from its start.
    max_branches
        The maximum total number of branches.
    max_angle
        The maximum turn of the tangent in one step, in degrees.
    state_scale
        The typical size of the activity of one unit: about 1 for rates that saturate at 1. None
        means 1 for most systems. But if a system is nonlinear only at a far smaller or far larger
        scale, that scale is measured for each unit and used instead of 1.
    largest_state
        A branch ends where the absolute value of a unit exceeds this value, because the branch then
        counts as growing without bound. If `state_scale` is None, the value is in units of the
        scale that is then used.

    Raises
    ------
    InvalidInputError
        If a value is not positive, if `max_points` or `max_branches` is not a whole number, or if
        `max_angle` is 90 or more. Also if the steps are not in the order `min_step` ≤ `first_step`
        ≤ `max_step`.

    Examples
    --------
    >>> import separatrix as sx
    >>> sx.solvers.PseudoArclength(max_step=0.05).max_points
    2000

    References
    ----------
    Keller (1977), in Applications of Bifurcation Theory, p. 359; Allgower & Georg (1990)
    Numerical Continuation Methods.
    """

    first_step: Positive = 0.005
    min_step: Positive = 1e-7
    max_step: Positive = 0.02
    max_points: Count = 2000
    max_branches: Count = 32
    max_angle: Annotated[float, Bounds(above=0, below=90, unit="degrees")] = 15.0
    state_scale: Positive | None = None
    largest_state: Positive = 1e6

    def __post_init__(self) -> None:
        if not self.min_step <= self.first_step <= self.max_step:
            raise InvalidInputError(
                "steps must be in the order min_step ≤ first_step ≤ max_step, got "
                f"{self.min_step:g}, {self.first_step:g}, {self.max_step:g}."
            )


LONGEST = 100.0
"""Periods of the start after which a branch of cycles ends."""


class CurveEnd(enum.Enum):
    """Why a curve ends, in words that `ending_text` completes with the bounds of the method."""

    RANGE = "reached the end of the parameter range"
    CLOSED = "closed on itself"
    MAX_POINTS = "reached max_points = {0.max_points}"
    LARGE_STATE = "a unit exceeded largest_state = {0.largest_state:g}"
    DOMAIN = "left the domain of the system"
    NOT_FINITE = "the system is not finite beyond this point"
    LOST_RANK = "the Jacobian has lost rank: branches touch here, or fixed points fill a surface"
    NO_STEP = (
        "no step of length min_step continues the curve: the system may have a kink or a pole here"
    )
    OUT_OF_TIME = "not followed further: stopped by the time limit or by Ctrl-C"
    STILL = "the parameter stands still: an asymptote, or a continuum of fixed points at one value"

    # of curves of cycles
    FIXED_POINT = "the cycle shrank to a fixed point"
    LONG_PERIOD = f"the period grew beyond {LONGEST:g} times that of the start"
    HOMOCLINIC = (
        "near a homoclinic orbit: the period grows without bound, and the cycle passes a saddle"
    )
    OPEN = "the cycle no longer closes with finer steps of the integrator"


STUCK = (CurveEnd.NOT_FINITE, CurveEnd.LOST_RANK, CurveEnd.NO_STEP)
STILL, STILL_POINTS = 1e-12, 100
"""A curve has come to such an end where so many points lie within so little of the range."""
FINEST_JUMP = 1e-4
"""Steps shorter than this are not looked at: where two branches touch, every step jumps."""

StopReason = Callable[[np.ndarray], CurveEnd | None]
"""A point -> why the branch may not go on there, or None."""
IsValid = Callable[[np.ndarray], bool]
"""A zero of F -> whether it may stand for a point of the curve; else a shorter step is tried."""
MaxStepFactor = Callable[[np.ndarray, np.ndarray], float]
"""A point and the tangent there -> how many times longer than `max_step` steps may be."""


@dataclass(frozen=True)
class Curve:
    """Points on a curve, in order.

    Attributes
    ----------
    points (point, n + 1)
        The parameter is the last coordinate.
    tangents (point, n + 1)
        Unit vectors.
    signs (point,)
        Of det [DF; tangent]; 0 where it is singular.
    end
        Why the curve ends where it does.
    """

    points: Float[np.ndarray, "point coordinate"]
    tangents: Float[np.ndarray, "point coordinate"]
    signs: Float[np.ndarray, " point"]
    end: CurveEnd


def ending_text(end: CurveEnd, method: PseudoArclength) -> str:
    """Return in words why a curve ends."""
    return str(end.value).format(method)


def follow(
    evaluate: Evaluate,
    start: np.ndarray,
    tangent: np.ndarray,
    bounds: tuple[float, float],
    method: PseudoArclength,
    stop_reason: StopReason = lambda point: None,
    is_valid: IsValid = lambda point: True,
    max_step_factor: MaxStepFactor | None = None,
    each: Callable[[np.ndarray], None] = lambda point: None,
) -> Curve:
    """Follow the curve through `start` along `tangent` until it ends, for one of these reasons.

    It reaches a bound of the parameter, closes on itself, has a `stop_reason`, needs a
    step below the smallest, stands still in the parameter, has as many points as are allowed, or
    time is over. `each` is called with every point.
    """
    sign = tangent_of(evaluate(start)[1], tangent)[1]
    points, tangents, signs = [start], [tangent], [sign]
    each(start)
    cosine, length = np.cos(np.radians(method.max_angle)), method.first_step
    end: CurveEnd | None = None
    while end is None:
        if len(points) >= method.max_points:
            end = CurveEnd.MAX_POINTS
            break
        if is_over():
            end = CurveEnd.OUT_OF_TIME
            break
        report_progress(Stage.CONTINUE, len(points), method.max_points)
        here, along = points[-1], tangents[-1]
        guess = here + length * along
        found = correct(evaluate, guess, along)
        turned, sign = tangent_of(found.jacobian, along) if found.converged else (along, 0.0)
        strayed = np.linalg.norm(found.point - guess) > 0.5 * length
        lost = not found.converged or sign == 0 or strayed or turned @ along < cosine
        if lost or not is_valid(found.point):
            length *= 0.5
            if length >= method.min_step:
                continue
            around = around_kink(evaluate, here, along, signs[-1], method.min_step, cosine)
            if around is None:
                end = _stuck(evaluate, here, guess)
                break
            (found, turned, sign), length = around, 16 * method.min_step
        if sign * signs[-1] < 0 and length > FINEST_JUMP and _jumps(evaluate, here, found.point):
            length *= 0.5
            continue
        point = found.point
        if closes(points, point, turned, tangents[0]):
            point, turned, sign, end = start, tangents[0], signs[0], CurveEnd.CLOSED
        elif not bounds[0] <= point[-1] <= bounds[1]:
            landed = _land(evaluate, here, point, bounds)
            if landed is None:
                length *= 0.5
                end = _stuck(evaluate, here, guess) if length < method.min_step else None
                continue
            point, end = landed, CurveEnd.RANGE
        else:
            earlier = points[-STILL_POINTS:]
            still = len(earlier) == STILL_POINTS and abs(earlier[0][-1] - point[-1]) < STILL
            end = stop_reason(point) or (CurveEnd.STILL if still else None)
        points.append(point)
        tangents.append(turned)
        signs.append(sign)
        each(point)
        if found.steps <= 4 and turned @ along > 1 - (1 - cosine) / 4:
            length = min(
                1.5 * length, method.max_step * (max_step_factor or _max_step_factor)(point, turned)
            )
    return Curve(np.array(points), np.array(tangents), np.array(signs), end)


def _max_step_factor(point: np.ndarray, tangent: np.ndarray) -> float:
    """Return how much longer steps may be where the state is large: a blow-up should end soon.

    The parameter changes by no more than a step of the usual length would change it.
    """
    return max(1.0, min(float(np.linalg.norm(point)) / 2, 1 / max(abs(tangent[-1]), 1e-12)))


def closes(
    points: list[np.ndarray], point: np.ndarray, tangent: np.ndarray, first: np.ndarray
) -> bool:
    """Return whether the step to `point` passes the first point in its direction."""
    if len(points) < 4 or tangent @ first < 0.8:
        return False
    step = point - points[-1]
    back = points[0] - points[-1]
    fraction = (back @ step) / (step @ step)
    beside = np.linalg.norm(back - fraction * step)
    return bool(0 < fraction <= 1 and beside < 0.1 * np.linalg.norm(step))


def _jumps(evaluate: Evaluate, here: np.ndarray, there: np.ndarray) -> bool:
    """Return whether a step over which the determinant changes sign led to another branch.

    On one branch a point lies near the middle of every chord; between two branches none does, once
    the chord is short enough.
    """
    before = None
    for _ in range(6):
        chord = there - here
        size = float(np.linalg.norm(chord))
        for part in (0.47, 0.31, 0.66):  # beside a corner Newton's method may go round in circles
            guess = here + part * chord
            found = correct(evaluate, guess, chord / size)
            if found.converged:
                break
        else:
            return False
        if np.linalg.norm(found.point - guess) > 0.25 * size:
            return True
        if before is None:
            before = tangent_of(evaluate(here)[1], chord)[1]
        same = tangent_of(found.jacobian, chord)[1] == before
        here, there = (found.point, there) if same else (here, found.point)
    return False


def _land(
    evaluate: Evaluate, here: np.ndarray, beyond: np.ndarray, bounds: tuple[float, float]
) -> np.ndarray | None:
    """Return the point of the curve on the bound that the step crosses; None where none is near."""
    bound = bounds[0] if beyond[-1] < bounds[0] else bounds[1]
    guess = here + (bound - here[-1]) / (beyond[-1] - here[-1]) * (beyond - here)
    guess[-1] = bound
    found = correct_at(evaluate, guess)
    near = np.linalg.norm(found.point - guess) <= np.linalg.norm(beyond - here)
    if not (found.converged and near):
        return None
    found.point[-1] = bound
    return found.point


def _stuck(evaluate: Evaluate, here: np.ndarray, guess: np.ndarray) -> CurveEnd:
    jacobian = evaluate(here)[1]
    if not (np.isfinite(evaluate(guess)[0]).all() and np.isfinite(jacobian).all()):
        return CurveEnd.NOT_FINITE
    values = np.linalg.svd(jacobian, compute_uv=False)
    if values[-1] <= 1e-9 * values[0]:
        return CurveEnd.LOST_RANK
    return CurveEnd.NO_STEP
