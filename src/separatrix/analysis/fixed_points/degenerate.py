"""Zeros at which the Jacobian is singular, although they are isolated."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...solvers import batched
from ...solvers.degenerate import Closeness, close_in
from ...solvers.merging import group_by_unit
from ...solvers.zero_test import ZeroTest
from .continua import spanning_tree
from .evaluator import Evaluator
from .following import Follower, States

_NEAR = 1e-2  # longest Newton step, beside the size of the states, from which a zero is looked for
_SINGULAR = 1e-6  # a smallest singular value, beside the largest, that may be 0
_SLOW = 0.1  # what a Newton step leaves to do, beside its length, near a degenerate zero
_FEW = 1000  # zeros among which it is cheap to look for those that are one
_BETWEEN = (0.25, 0.5, 0.75)  # where it is looked whether two zeros are one


@dataclass(frozen=True)
class DegenerateZeros:
    """Leads what a solver has left near a degenerate zero to it.

    There Newton's steps converge slowly, what one of them still takes away of the residual is soon
    hidden by rounding of its other entries, and the solver runs out of steps or sees a minimum.
    """

    evaluator: Evaluator
    zero_test: ZeroTest

    def reach(self, states: States) -> Closeness:
        """Return for each state the degenerate zero that it lies near, if it does."""
        ends = Closeness(states.copy(), np.full(len(states), np.inf), np.zeros(len(states), bool))
        steps = self._newton_steps(states)
        extent = _NEAR * np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        near = np.flatnonzero(np.linalg.norm(steps, axis=1) <= extent)
        for turn in self.evaluator.turns(len(near)):
            rows = near[turn]
            slow = self._converge_slowly(states[rows], steps[rows])
            self._reach_part(rows[slow], extent, ends)
        return ends

    def _converge_slowly(self, states: States, steps: States) -> Bool[np.ndarray, " state"]:
        """Tell where a Newton step leaves much to do: a quarter of itself or more, for xᵐ."""
        evaluate = self.evaluator.residual_and_jacobian
        with np.errstate(over="ignore", invalid="ignore"):
            left = batched.solve(evaluate(states)[1], -evaluate(states + steps)[0])
            return ~(np.linalg.norm(left, axis=1) <= _SLOW * np.linalg.norm(steps, axis=1))

    def _reach_part(self, rows: np.ndarray, extent: np.ndarray, ends: Closeness) -> None:
        """Lead some of the states, in place; those that reach one zero reach the same state."""
        evaluate = self.evaluator.residual_and_jacobian
        found = close_in(evaluate, ends.states[rows], self._arrived, extent[rows])
        there = np.flatnonzero(found.arrived)
        numbers = self._number(found.states[there])
        for number in range(numbers.max(initial=-1) + 1):
            members = there[numbers == number]
            best = members[np.argmin(found.distances[members])]
            for column, value in zip(ends, found, strict=True):
                column[rows[members]] = value[best]

    def _arrived(
        self, states: States, residuals: States, jacobians: np.ndarray, distances: np.ndarray
    ) -> np.ndarray:
        is_zero = self.zero_test.decide(states, residuals, jacobians)
        return is_zero & self.zero_test.settled(states, distances)

    def _newton_steps(self, states: States) -> States:
        """Return the Newton step at each state, infinite where the Jacobian is singular."""
        steps = np.empty(states.shape)
        for rows in self.evaluator.turns(len(states)):
            r, J = self.evaluator.residual_and_jacobian(states[rows])
            with np.errstate(over="ignore", invalid="ignore"):
                step = batched.solve(J, -r)
            usable = np.isfinite(step).all(1)
            steps[rows] = np.where(usable[:, None], step, np.inf)
        return steps

    def are_zeros(self, states: States) -> Bool[np.ndarray, " state"]:
        """Tell which states are zeros, as exactly as can be told."""
        zeros = np.empty(len(states), bool)
        for rows in self.evaluator.turns(len(states)):
            r, J = self.evaluator.residual_and_jacobian(states[rows])
            zeros[rows] = self.zero_test.decide(states[rows], r, J)
        return zeros

    def merge(
        self, follower: Follower, states: States, steps: Float[np.ndarray, " state"]
    ) -> Int[np.ndarray, " state"]:
        """Return the row of the zero that each one is merged with: at degenerate ones by unit.

        There the next step is nearly as long as the last one, and long along one direction only.
        """
        size = np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        long = np.flatnonzero(np.isfinite(steps) & (steps > np.cbrt(self.zero_test.eps) * size))
        if self.evaluator.is_large or not len(long):
            return follower.merge(states, steps)
        following = self._newton_steps(states[long])
        slow = np.linalg.norm(following, axis=1) > _SLOW * steps[long]
        long, following = long[slow], following[slow]
        best = np.arange(len(states))
        short = np.setdiff1d(best, long)
        best[short] = short[follower.merge(states[short], steps[short])]
        # Across the degenerate direction a step is no measure of what rounding leaves.
        blur = np.sqrt(self.zero_test.eps) * self.zero_test.unit_scales
        known = np.where(np.isfinite(following), np.abs(following), 0.0)
        best[long] = long[group_by_unit(states[long], 10 * known + blur)]
        return best

    def groups(
        self, states: States, singular: Bool[np.ndarray, " state"], among: np.ndarray
    ) -> list[np.ndarray]:
        """Return groups of zeros that are one: degenerate ones are known less exactly."""
        # Where all singular values are alike none is small beside another.
        suspect = np.flatnonzero(among & (singular | (len(states) <= _FEW)))
        numbers = np.full(len(states), -1)
        numbers[suspect] = self._number(states[suspect])
        groups = [np.array([k]) for k in np.flatnonzero(among & (numbers < 0)).tolist()]
        groups += [np.flatnonzero(numbers == k) for k in range(numbers.max(initial=-1) + 1)]
        return sorted(groups, key=lambda group: int(group[0]))

    def _number(self, states: States) -> Int[np.ndarray, " state"]:
        """Give those the same number between which no state can be told from a zero.

        Rounding hides where in that stretch the zero lies: of x⁵, say, beside terms of size 1.
        """
        states, which = np.unique(states, axis=0, return_inverse=True)  # a tree needs distances
        count, which = len(states), which.reshape(-1)
        if count < 2:
            return which
        tree = spanning_tree(states)
        size = np.maximum(np.abs(states).max(1, initial=0), self.zero_test.scale)
        edges = np.flatnonzero(tree.data <= 10 * _NEAR * size[tree.row])
        if not len(edges):
            return which
        one, other = tree.row[edges], tree.col[edges]
        joined = np.ones(len(edges), bool)
        for share in _BETWEEN:
            between = (1 - share) * states[one] + share * states[other]
            joined &= self.are_zeros(between)
        links = np.ones(int(joined.sum())), (one[joined], other[joined])
        graph = coo_array(links, shape=(count, count))
        return connected_components(graph, directed=False)[1][which]


def are_degenerate(singular_values: Float[np.ndarray, "state value"]) -> Bool[np.ndarray, " state"]:
    """Tell from the singular values of the Jacobian which zeros may be degenerate."""
    if not singular_values.shape[1]:
        return np.zeros(len(singular_values), bool)
    return singular_values[:, -1] <= _SINGULAR * singular_values[:, 0]


def name_degenerate(singular_values: Float[np.ndarray, " unit"]) -> str:
    """Say that a zero is degenerate, with the evidence."""
    return f"degenerate (singular values {singular_values[0]:.1e} to {singular_values[-1]:.1e})"
