"""How the methods of all searches leave a candidate, and what a user reads of it."""

import enum
from typing import SupportsFloat


class Ending(enum.IntEnum):
    """How a candidate ended: the text says so to a user, with what to do about it.

    A text may name the `number` that goes with it, or the `domain` of the system.
    """

    text: str

    def __new__(cls, text: str) -> "Ending":
        member = int.__new__(cls, len(cls.__members__))
        member._value_, member.text = len(cls.__members__), text
        return member

    def describe(self, number: SupportsFloat = 0.0, domain: object = "") -> str:
        """Return the text with its number."""
        value = float(number)
        shown = int(value) if value.is_integer() else value
        return self.text.format(number=shown, domain=domain)

    # Of every method.
    RUNNING = "not finished: stopped by the time limit or by Ctrl-C"
    NOT_FOLLOWED = "not followed"
    NOT_FINITE = "the candidate, or the system on the way from it, is NaN or infinite"
    RAN_AWAY = "diverged: exceeded 1e8 × the largest candidate"
    # Of Newton's method and its relatives.
    ZERO = "the residual is at rounding level"
    NEAR = "near a zero, which others finish"
    MINIMUM = "the residual decreases no further, but is not zero"
    STALLED = "no step decreases the speed: a kink or a jump, or rounding hides the way down"
    MAX_STEPS = "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)"
    SINGULAR = "the Jacobian is singular"
    SADDLE = "at a saddle of the speed"
    FADING = (
        "no zero within reach: the residual falls below rounding and stays there, as far as the "
        "search looks"
    )
    UNSETTLED = "the residual is at rounding level, but Newton's method does not converge to a zero"
    JUMP = "the function jumps here, or may jump here: the way to a zero is cut off"
    MOVES = (
        "`residual` has other zeros than the speed: it is zero there, but the speed is "
        "{number:.3g}; the searches solve `residual`: give one that is zero exactly where the "
        "speed is zero, or leave `residual` out"
    )
    ELSEWHERE = "not a fixed point: all fixed points are proved to lie elsewhere"
    OUTSIDE_DOMAIN = (
        "left the domain: the residual is at rounding level outside {domain}, where no fixed "
        "point lies"
    )
    # Of the descent of the speed.
    SPEED_MINIMUM = "a local minimum of the speed that is not zero"
    TOO_LARGE = (
        "near a minimum of the speed; in a system of this size, slow points are not searched for"
    )
    NO_MINIMUM = "the descent of the speed ran out of steps, or stopped at a saddle of the speed"
    ESCAPED = "the speed keeps falling far outside the domain: the descent led to no slow point"
    # Of the walk from region to region of a piecewise-linear system.
    WALK_ZERO = "reached by region walk"
    WALK_CONTINUUM = "reached a region whose equations are singular: a continuum of zeros is likely"
    WALK_CYCLE = (
        "the walk cycles among {number} regions without a zero; look for slow points instead "
        "(slow_points=True)"
    )
    WALK_UNBOUNDED = (
        "left to infinity: after {number} regions, the walk reached a region whose equations are "
        "singular and have no solution"
    )
    WALK_STEP_LIMIT = (
        "ran out of steps after {number} regions without a zero; look for slow points instead "
        "(slow_points=True), or start from other candidates"
    )
    WALK_UNVERIFIED = "a region maps to itself but its solution is not a zero to rounding"
    # Of its descent of the speed, along kinks.
    SLID_TO_ZERO = "slid into a fixed point, to which the region walk leads"
    SLIDE_ZERO = "slid into a fixed point (minimum {number}, speed at rounding level)"
    SPEED_MINIMUM_ON_KINKS = "a local minimum of the speed on {number} kinks"
    SLIDE_UNVERIFIED = (
        "stopped at a stationary point (minimum {number}) that could not be shown to be a minimum"
    )
    SLIDE_STEP_LIMIT = "the descent of the speed ran out of its {number} steps"
    SLIDE_SINGULAR = (
        "slid away without end, along regions with a singular Jacobian: no slow point is isolated "
        "there, because the speed is the same along a line or a larger set"
    )
    SLOWER_ARE_KEPT = "a slow point that is left out: only the {number} slowest are kept"
    # Of searches for cycles.
    ORBIT_STALLED = "no step of Newton's method brings the pieces closer together"
    ORBIT_OPEN = "still open after all steps; give it more with MultipleShooting(max_steps=…)"
    ORBIT_LEFT = "left to infinity, or the flow needs more substeps: MultipleShooting(substeps=…)"
    ORBIT_NOT_ISOLATED = "its return map has no isolated fixed point: a continuum of orbits"
    # Of states that are followed to where they settle.
    NO_ATTRACTOR = "not followed: no fixed point among the points is stable"
