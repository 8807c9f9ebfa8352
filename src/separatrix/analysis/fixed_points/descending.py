"""Descending the speed to its local minima, from many states at a time."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int

from ...solvers.chord import KnownZeros
from ...solvers.merging import group_minima
from ...solvers.minimize import DampedNewton, Derivatives, Minima
from ...solvers.zero_test import ZeroTest
from .evaluator import Evaluator
from .outcomes import Merge

States = Float[np.ndarray, "state unit"]
Bounds = tuple[Float[np.ndarray, " unit"], Float[np.ndarray, " unit"]]

_FIRST = 16  # states that descend without the help of known minima


@dataclass(eq=False)
class SpeedDescent:
    """Leads states down the speed; `bounds` are what no state is followed beyond.

    Of `many_units` Hessians are nearly all the work, so known minima and values of the speed alone
    spare as many as they can.
    """

    evaluator: Evaluator
    zero_test: ZeroTest
    merge: Merge
    many_units: bool
    bounds: Bounds | None = None
    known: KnownZeros = field(init=False)  # minima

    def __post_init__(self) -> None:
        self.known = KnownZeros(self.evaluator.size)

    def minimize(self, starts: States, max_steps: int = DampedNewton.max_steps) -> Minima:
        """Descend from all starts, as many at a time as their Hessians have room for.

        Those that were led to one minimum of the residual go on as one.
        """
        distinct, which = np.unique(starts, axis=0, return_inverse=True)
        if len(distinct) < len(starts):
            return self.minimize(distinct, max_steps).at(which.reshape(-1))
        derivatives, newton = self.evaluator.speed_derivatives, DampedNewton(max_steps)
        values = self._half_square if self.many_units else None
        ends = Minima.unmoved(starts)
        pending, room = np.arange(len(starts)), self.evaluator.batch_size
        portion = _FIRST if self.many_units else room
        while len(pending):
            rows, pending = pending[:portion], pending[portion:]
            minima = newton.minimize(derivatives, starts[rows], values, self.bounds)
            ends.put(rows, minima)
            portion = min(2 * portion, room)
            if self.many_units and len(pending):
                learn_minima(self.known, derivatives, minima, self.merge, self.zero_test)
                led = self.known.lead(self.evaluator.speed_gradient, starts[pending])
                there = led.arrived
                ends.states[pending[there]] = led.states[there]
                ends.steps[pending[there]] = led.steps[there]
                ends.converged[pending[there]] = True
                pending = pending[~there]
        return ends

    def merge_minima(self, states: States, steps: np.ndarray) -> Int[np.ndarray, " state"]:
        """Return the row of the minimum that each one is merged with.

        As `merge` does, but flat valleys leave minima of the speed less certain than zeros.
        """
        best = self.merge(states, steps)
        distinct = np.unique(best)
        distinct = distinct[np.argsort(steps[distinct], kind="stable")]

        def hessian(number: int) -> np.ndarray:
            return self.evaluator.speed_derivatives(states[distinct[[number]]])[2][0]

        same = np.empty(len(states), int)
        eps, scale = self.zero_test.eps, self.zero_test.scale
        same[distinct] = distinct[group_minima(states[distinct], hessian, eps, scale)]
        return same[best]

    def _half_square(self, states: States) -> np.ndarray:
        return np.square(self.evaluator.speed(states)) / 2


def learn_minima(
    known: KnownZeros, derivatives: Derivatives, minima: Minima, merge: Merge, zero_test: ZeroTest
) -> None:
    """Keep the distinct minima of a function, as zeros of its gradient."""
    settled = np.flatnonzero(minima.converged)
    states, steps = minima.states[settled], minima.steps[settled]
    distinct = np.unique(merge(states, steps))
    if len(distinct):
        states, steps = states[distinct], steps[distinct]
        _, gradients, hessians = derivatives(states)
        left = 4 * np.abs(gradients).max(1)
        levels = np.maximum(left, zero_test.estimated_level(states, hessians))
        known.add(states, steps, hessians, levels, lambda x: derivatives(x)[2])
