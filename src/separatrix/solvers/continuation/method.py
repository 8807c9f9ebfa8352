"""The options of pseudo-arclength continuation."""

from dataclasses import dataclass

from ..._types import InvalidInputError, require_count, require_positive


@dataclass(frozen=True)
class PseudoArclength:
    """Pseudo-arclength continuation with steps that adapt to the curvature.

    Lengths are measured in units in which the whole parameter range has length 1, and a state in
    which every unit is at `state_scale` has length 1 too.

    Parameters
    ----------
    first_step, min_step, max_step
        Lengths of a step.
    max_points
        Points of one branch, in each of its two directions.
    max_branches
        Branches in all.
    max_angle
        The largest turn of the tangent in one step, in degrees.
    state_scale
        The size of the activity of one unit: about 1 for rates that saturate at 1.
    largest_state
        A branch on which a unit exceeds this has blown up.

    Raises
    ------
    InvalidInputError
        For a step, an angle, a scale or a number that is not positive, and steps out of order.

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

    first_step: float = 0.005
    min_step: float = 1e-7
    max_step: float = 0.02
    max_points: int = 2000
    max_branches: int = 32
    max_angle: float = 15.0
    state_scale: float = 1.0
    largest_state: float = 1e6

    def __post_init__(self) -> None:
        for name in ("first_step", "min_step", "max_step", "state_scale", "largest_state"):
            require_positive(getattr(self, name), name)
        for name in ("max_points", "max_branches"):
            require_count(getattr(self, name), name)
        require_positive(self.max_angle, "max_angle", "degrees")
        if not self.max_angle < 90:
            raise InvalidInputError(
                f"max_angle must lie between 0 and 90 degrees, got {self.max_angle!r}."
            )
        if not self.min_step <= self.first_step <= self.max_step:
            raise InvalidInputError(
                "steps must be in the order min_step ≤ first_step ≤ max_step, got "
                f"{self.min_step:g}, {self.first_step:g}, {self.max_step:g}."
            )
