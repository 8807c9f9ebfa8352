"""Cycles of maps, solved by Newton's method on all their states at once.

That the turns of a path miss by less and less does not tell a cycle from an invariant circle on
which a turn takes nearly a whole number of steps: there they come to miss by an equal amount.
"""

import numpy as np
from jaxtyping import Float

from ...systems.motion import Motion
from ..fixed_points.evaluator import Evaluator

_ITERATIONS = 8
_EXACT = 1e-10
"""Of the size of the states."""
_MOVES = 0.02
"""Of its diameter: the cycle is nearer to the turn from which Newton's method begins."""


def solved_cycle(
    motion: Motion, turn: Float[np.ndarray, "step unit"], diameter: float
) -> Float[np.ndarray, "step unit"] | None:
    """Return the stable cycle beside consecutive states `turn`; None where Newton finds none."""
    states, jacobians = np.array(turn), Evaluator(motion.system).jacobian
    size = float(np.abs(turn).max())
    for _ in range(_ITERATIONS):
        missing = states + motion.velocities(states) - np.roll(states, -1, axis=0)
        slopes = jacobians(states)
        if not (np.isfinite(missing).all() and np.isfinite(slopes).all()):
            return None
        whole, left = np.eye(states.shape[1]), np.zeros(states.shape[1])
        for slope, miss in zip(slopes, missing, strict=True):
            whole, left = slope @ whole, slope @ left + miss
        if np.abs(missing).max() <= _EXACT * size:
            is_stable = np.abs(np.linalg.eigvals(whole)).max() < 1
            return states if is_stable else None
        try:
            change = np.linalg.solve(np.eye(len(left)) - whole, left)
        except np.linalg.LinAlgError:
            return None
        for k, (slope, miss) in enumerate(zip(slopes, missing, strict=True)):
            states[k] += change
            change = slope @ change + miss
        if not np.linalg.norm(states - turn, axis=1).max() <= _MOVES * diameter:
            return None
    return None
