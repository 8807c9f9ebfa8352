"""Cycles of maps, solved by multiple shooting from a turn that nearly closes.

That the turns of a path miss by less and less does not tell a cycle from an invariant circle on
which a turn takes nearly a whole number of steps: there they come to miss by an equal amount.
"""

import numpy as np
from jaxtyping import Float

from ...solvers.endings import Ending
from ...solvers.shooting import MultipleShooting
from ...systems.motion import Motion
from ..fixed_points.evaluator import Evaluator
from .thresholds import AT


def solved_cycle(
    motion: Motion, turn: Float[np.ndarray, "step unit"], diameter: float
) -> Float[np.ndarray, "step unit"] | None:
    """Return the stable cycle beside consecutive states `turn`; None where Newton finds none."""
    jacobian, size = Evaluator(motion.system).jacobian, float(np.abs(turn).max())

    def step(parts: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, ...]:
        states = size * parts  # shooting tells a zero by its length
        return parts + motion.velocities(states) / size, jacobian(states), np.zeros_like(parts)

    shot = MultipleShooting(max_steps=AT.cycle_steps).solve(step, turn[None] / size, None)
    states, whole = size * shot.orbits[0], shot.monodromy[0]
    is_there = np.linalg.norm(states - turn, axis=1).max() <= 2 * AT.miss * diameter
    closes = shot.endings[0] == Ending.ZERO and is_there
    return states if closes and np.abs(np.linalg.eigvals(whole)).max() < 1 else None
