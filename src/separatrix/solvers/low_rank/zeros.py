"""Proofs about single zeros of a residual that was reduced to few variables.

What Krawczyk's test in all the units costs, a product of large matrices for each, is spared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...enclosure.branch_and_prune.known import polished
from ...enclosure.interval.arithmetic import TINY, Array, Interval, ball, down, up
from ...enclosure.interval.interpreter import Enclosures
from ...enclosure.krawczyk.context import quietly
from ...enclosure.krawczyk.contraction import LARGEST_RADIUS
from ...enclosure.krawczyk.scales import scale_of
from ...enclosure.krawczyk.zeros import ZeroCertificates, certify_enclosed
from .reduction import Reduction

_TRIALS = 30  # of cubes, which cost little here


def settle(reduction: Reduction, states: Array) -> Array:
    """Return the states (point, n) to which Newton's method in the few variables leads.

    NaN where it leads nowhere. The reduction must be exact.
    """
    settled = np.full(states.shape, np.nan)
    with quietly(reduction.rank):
        variables = reduction.variables_of(states)
        known = np.flatnonzero(np.isfinite(variables).all(axis=1))
        if len(known):
            precise = polished(reduction, variables[known])
            settled[known] = reduction.lift(Interval(precise, precise.copy())).midpoint_radius()[0]
    return settled


def certify(reduction: Reduction, states: Array) -> ZeroCertificates:
    """Prove that a zero exists near each state (point, n), and that it is alone.

    The proof is in the few variables: the one zero of G in a cube around z(x) belongs to one of g
    near x; and two zeros of g that are nearer than that cube is wide, over how much z changes at
    most with x, have coordinates in one cube. The reduction must be exact.

    Returns
    -------
    ZeroCertificates, of the full states: see :func:`separatrix.enclosure.krawczyk.certify_zeros`.
    """
    with quietly(reduction.rank):
        steepness = reduction.steepnesses()
        measured = _Measured(reduction, _powers_of_two(steepness))
        variables = reduction.variables_of(states) / measured.sizes
        proof = certify_enclosed(measured, variables, _TRIALS)
        exists, errors = proof.exists.copy(), np.full(len(states), np.inf)
        known = np.flatnonzero(exists)
        if len(known):
            near = reduction.lift(
                measured.given(ball(variables[known], proof.error_bound[known, None]))
            )
            away = np.maximum(near.upper - states[known], states[known] - near.lower)
            errors[known] = up(np.max(away, axis=1), 4.0)
        exists &= np.isfinite(errors)
        most = up(np.array(np.max(steepness / measured.sizes)))  # the division is exact
        room = down(proof.radius - proof.error_bound)
        radii = down(down(room / np.maximum(most, 1.0)) - up(errors))
        radii = np.minimum(radii, LARGEST_RADIUS * scale_of(states))
    unique = exists & proof.unique & (radii > errors)
    return ZeroCertificates(
        exists, unique, np.where(exists, errors, np.inf), np.where(unique, radii, 0.0), proof.reason
    )


def _powers_of_two(values: Array) -> Array:
    """Return powers of two that are as large as positive numbers, or nearly so; 1 for others."""
    usual = np.isfinite(values) & (values > 0)
    return np.where(usual, 2.0 ** np.ceil(np.log2(np.where(usual, values, 1.0))), 1.0)


@dataclass(frozen=True)
class _Measured:
    """G in units in which the variables change about as much as x does, for cubes of all of them.

    The sizes are powers of two: only denormal numbers are rounded.
    """

    reduction: Reduction
    sizes: Array

    @property
    def shape(self) -> tuple[int, ...]:
        return self.reduction.shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.reduction.output_shape

    def given(self, boxes: Interval) -> Interval:
        """Return boxes in the units of the reduction."""
        return _scaled(boxes, self.sizes)

    def bounds(self, boxes: Interval) -> Enclosures:
        """Bounds of G over each box (box, rank)."""
        found = self.reduction.bounds(self.given(boxes))
        return Enclosures(_scaled(found.bounds, 1.0 / self.sizes), None, found.refusals)

    def slopes(self, boxes: Interval) -> Enclosures:
        """Bounds of G and of its slopes over each box (box, rank)."""
        found = self.reduction.slopes(self.given(boxes))
        assert found.slopes is not None  # asked for
        slopes = _scaled(found.slopes, self.sizes / self.sizes[:, None])
        return Enclosures(_scaled(found.bounds, 1.0 / self.sizes), slopes, found.refusals)


def _scaled(values: Interval, factors: Array) -> Interval:
    """Multiply by powers of two."""
    return Interval(values.lower * factors - TINY, values.upper * factors + TINY)
