"""Systems of few variables: no Jacobian is formed of what comes to a fixed point that is proved."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...solvers.low_rank import settle
from .certificates import certify_in_few
from .evaluator import Evaluator
from .found import Found
from .smooth import SmoothSearch

Follow = Callable[[np.ndarray, bool], Found]
"""Starts, and whether slow points are wanted -> where they lead."""
_NEAR = 1e-6  # of the size of a state, beyond which another zero was reached


@dataclass(frozen=True)
class Shortcut:
    """Follows candidates with products of Jacobians and vectors first, which few variables allow.

    What ends at a zero that is proved in the few variables is done. All others, as of slow points,
    of degenerate zeros, or of what runs away, are followed from their beginning as in any system.

    Attributes
    ----------
    evaluator
        Of a system with a reduction of its residual.
    quick
        The search without Jacobians.
    make_thorough
        Makes what follows starts as in any system; it is called where there are any left.
    """

    evaluator: Evaluator
    quick: SmoothSearch
    make_thorough: Callable[[], Follow]

    def follow(self, starts: np.ndarray, slow_points: bool) -> Found:
        """Return the points found, those proved with their proofs, and what became of all."""
        found = self.quick.search(starts, slow_points=False)
        self._settle(found)
        certify_in_few(self.evaluator.system, found, self.evaluator.few)
        found.reject([k for k in range(len(found.states)) if k not in found.proofs], "not proved")
        rest = np.flatnonzero(found.reached < 0)
        if len(rest):
            found.join(self._thorough(starts[rest], slow_points), rest)
        return found

    @cached_property
    def _thorough(self) -> Follow:
        return self.make_thorough()

    def _settle(self, found: Found) -> None:
        """Make the zeros as exact as their few variables can tell."""
        reduction = self.evaluator.few.residual
        if reduction is None or not found.states:
            return
        states = np.array(found.states)
        near = settle(reduction, states)
        size = np.maximum(np.abs(states).max(1, initial=0), self.quick.zero_test.scale)
        moved = np.abs(near - states).max(1, initial=0)
        for label in np.flatnonzero(moved <= _NEAR * size):
            found.states[label] = near[label]
