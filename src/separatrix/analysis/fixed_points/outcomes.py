"""Where candidates of a smooth system ended, and why, in words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from ...solvers.levenberg_marquardt import Ending

ZERO = "the residual is at rounding level"
MINIMUM = "a local minimum of the speed that is not zero"
NO_ZERO = "the residual, which is not zero, decreases no further"
KINK = "no step decreases the speed: a kink, or rounding hides the way down"
JUMP = "the function jumps here, which cuts off the way to a zero"
ENDED = {
    Ending.ZERO: ZERO,
    Ending.MINIMUM: NO_ZERO,
    Ending.STALLED: NO_ZERO,
    Ending.MAX_STEPS: "ran out of steps; give it more with LevenbergMarquardt(max_steps=…)",
    Ending.NOT_FINITE: "the candidate, or the system on the way from it, is NaN or infinite",
    Ending.RAN_AWAY: "left for infinity: more than 1e8 times as far as any candidate",
}
NONE_WITHIN_REACH = (
    "no zero within reach: the residual falls below rounding, and stays there as far as one looks"
)
UNSETTLED = "the residual is at rounding level, but Newton's method does not close in on a zero"
TOO_LARGE = "near a minimum of the speed; slow points of so large a system are not looked for"
NO_MINIMUM = "the descent of the speed ran out of steps, or stopped at a saddle of it"
ESCAPED = "the speed falls on far outside the domain: it led to no slow point"
ON_THE_WAY = (Ending.MINIMUM, Ending.STALLED, Ending.MAX_STEPS)
Merge = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""States and their last steps -> the row that each one is merged with."""


@dataclass
class Reached:
    """States that were reached, how uncertain each is, and which candidates reached it."""

    states: list[np.ndarray] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    members: list[np.ndarray] = field(default_factory=list)

    def add(self, state: np.ndarray, step: float, members: np.ndarray) -> None:
        self.states.append(state)
        self.steps.append(float(step))
        self.members.append(members)

    def __len__(self) -> int:
        return len(self.states)

    def merged(self, merge: Merge) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the most exact of each group of equal states, and the candidates of the group."""
        best = merge(np.array(self.states), np.array(self.steps))
        for row in np.unique(best):
            yield row, np.concatenate([self.members[k] for k in np.flatnonzero(best == row)])
