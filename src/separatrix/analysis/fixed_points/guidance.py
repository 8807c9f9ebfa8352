"""Leading candidates of gated systems around the false valleys that saturated gates make.

A network of ours brings a residual without them; a GRU that someone wrote has only `step(x) − x`.
Candidates that get lost on that are followed again, from within the box that is proved to hold
every fixed point, on the distance of each unit to its target (see `solvers.pace`), and finished on
the residual itself: what leads them has no say in what is a zero.
"""

import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float

from ..._types import Array, InvalidInputError
from ...solvers.levenberg_marquardt import Ending, LevenbergMarquardt, Solution
from ...solvers.merging import group
from ...solvers.pace import distance_to_target
from ...systems import AbstractSystem
from ..completeness import Domain
from .evaluator import Evaluator
from .following import Follower

States = Float[np.ndarray, "state unit"]

_SCOUTS = 64  # candidates that tell whether most of them get lost
_NEAR = 1e-7  # length of a step, in units of the candidates, after which the residual takes over


class _Distance(eqx.Module):
    """The distance to the target, as the residual of a system."""

    system: AbstractSystem

    def __call__(self, state: Array, *_: Any) -> Any:
        return distance_to_target(self.system.velocity, state)


@dataclass(frozen=True)
class Guide:
    """Follows on the distance to the target what does not come to a zero on the residual."""

    system: AbstractSystem
    domain: Domain
    method: LevenbergMarquardt

    def solve(self, follower: Follower, starts: States) -> Solution:
        """Return where candidates end: zeros of the residual, or minima of the distance.

        A few are followed on the residual first. Where most of them are lost, others are not.
        """
        solution = Solution.unmoved(starts)
        rows = np.arange(len(starts))
        scouts = np.unique(np.linspace(0, len(starts) - 1, _SCOUTS).astype(int))
        lost = self._lost(follower, starts, scouts, solution)
        others = np.setdiff1d(rows, scouts)
        if self._evaluator is None or 2 * len(lost) <= len(scouts):
            others = self._lost(follower, starts, others, solution)
        lost = np.union1d(lost, others)
        if len(lost) and self._evaluator is not None:
            solution.put(lost, self._lead(self._evaluator, follower, starts[lost]))
            stray = lost[np.isin(solution.endings[lost], (Ending.NOT_FINITE, Ending.RAN_AWAY))]
            self._lost(follower, starts, stray, solution)
        return solution

    def _lost(
        self, follower: Follower, starts: States, rows: np.ndarray, solution: Solution
    ) -> np.ndarray:
        """Follow rows on the residual; return those that do not come to a zero within the box."""
        if not len(rows):
            return rows
        solution.put(rows, follower.solve(starts[rows], exactly=False))
        found = solution.endings[rows] == Ending.ZERO
        found &= ~self.domain.excludes(solution.states[rows])
        return rows[~found & np.isfinite(starts[rows]).all(1)]

    def _lead(self, evaluator: Evaluator, follower: Follower, starts: States) -> Solution:
        rough = follower.is_rough
        solution = self.method.solve(
            evaluator.residual_and_rough_jacobian if rough else evaluator.residual_and_jacobian,
            evaluator.residual if rough else None,
            np.clip(starts, self.domain.lower, self.domain.upper),
            evaluator.batch_size,
            lambda x, r, _: (r == 0).all(1),
            near=_NEAR,
        )
        near = np.flatnonzero(np.isin(solution.endings, (Ending.NEAR, Ending.ZERO)))
        if len(near):
            reach = np.full(len(near), 10 * _NEAR * np.abs(starts[near]).max())
            states = solution.states[near]
            distinct, which = np.unique(group(states, reach), return_inverse=True)
            ends = follower.solve(states[distinct], exactly=True)
            solution.put(near, ends, which.reshape(-1))
        return solution

    @cached_property
    def _evaluator(self) -> Evaluator | None:
        """Of the distance to the target; None where it cannot be computed."""
        led = eqx.tree_at(
            lambda s: s.residual_function,
            self.system,
            _Distance(self.system),
            is_leaf=lambda leaf: leaf is None,
        )
        with contextlib.suppress(InvalidInputError):
            return Evaluator(led)
        return None
