"""Zeros of smooth systems looked at together: which are one, isolated, on a continuum, or none."""

from functools import partial
from typing import NamedTuple

import numpy as np

from ...solvers.endings import Ending
from ..point_table import Evidence, PointTable, ends_of
from .continua import are_singular, find_continua, find_continua_between, middles, same_zeros
from .polishing import are_vanishing, polish
from .root_finding import RootFinder
from .slow_points import DescentResult

_NEAR = 0.1  # of the size of states, within which degenerate zeros may be one
_FEW = 1000  # zeros among which it is cheap to look for those that are one


class _ClassifiedZeros(NamedTuple):
    """Distinct states, polished and classified.

    `continuum_of` numbers the continua on which they lie, −1 for none, `representatives` are the
    zeros that stand for these; `num_zeros` counts the zeros.
    """

    states: np.ndarray
    errors: np.ndarray
    singular_values: np.ndarray
    outcomes: np.ndarray
    continuum_of: np.ndarray
    representatives: np.ndarray
    num_zeros: int


def with_zeros(finder: RootFinder, table: PointTable, zeros: DescentResult) -> PointTable:
    """Return a table with what ended as a zero; the last Newton step tells which are one."""
    if not len(zeros.states):
        return table
    zeros = zeros.merged(finder.merge)
    near = _polished_and_classified(finder, zeros.states, zeros.steps)
    outcomes, on_continuum = near.outcomes, near.continuum_of >= 0
    singular = are_singular(near.singular_values)
    groups = _groups(finder, near, singular, (outcomes == Ending.ZERO) & ~on_continuum)
    best = [group[np.argmin(near.errors[group])] for group in groups]
    chosen = np.array([*best, *near.representatives], int)
    point = np.where(on_continuum, near.continuum_of + len(groups) + len(table), -1)
    for number, group in enumerate(groups):
        point[group] = number + len(table)
    endless = np.arange(len(chosen)) >= len(groups)
    degenerate = (singular[chosen] | endless)[:, None]
    table = table.with_points(
        near.states[chosen],
        True,
        np.where(endless, np.inf, near.errors[chosen]),
        evidence=np.where(endless, Evidence.CONTINUUM, Evidence.UNTRIED),
        singular_values=np.where(degenerate, ends_of(near.singular_values)[chosen], -1.0),
    )
    rows = np.flatnonzero(zeros.of >= 0)
    of = zeros.of[rows]
    return table.with_values(rows, reached=point[of], outcomes=outcomes[of])


def _polished_and_classified(
    finder: RootFinder, states: np.ndarray, errors: np.ndarray
) -> _ClassifiedZeros:
    """Polish distinct zeros; return what they are, and which lie on a continuum."""
    outcomes, label = np.full(len(states), Ending.ZERO), np.full(len(states), -1)
    singular_values = np.zeros((len(states), 0))
    if finder.evaluator.is_large:
        kept = np.arange(len(states))
        label = find_continua_between(states, partial(_zeros_reached, finder))
    else:
        polished = polish(finder.evaluator, finder.zero_test, states)
        states, errors = polished.states, polished.errors
        singular_values, directions = polished.singular_values, polished.directions
        late, jumps = (polished.endings == ending for ending in (Ending.RUNNING, Ending.JUMP))
        outcomes[_vanish(finder, states, np.where(late, 0.0, errors))] = Ending.FADING
        outcomes[late | jumps] = polished.endings[late | jumps]
        kept = np.flatnonzero(outcomes == Ending.ZERO)
        label[kept] = find_continua(
            states[kept],
            directions[kept],
            finder.zero_test.scale,
            partial(_zeros_approached, finder),
        )
    isolated = (label < 0) & (outcomes == Ending.ZERO)
    outcomes[isolated & ~finder.zero_test.settled(states, errors)] = Ending.UNSETTLED
    return _ClassifiedZeros(
        states, errors, singular_values, outcomes, label, middles(states, label), len(kept)
    )


def _zeros_reached(finder: RootFinder, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    solution = finder.solve_exactly(states)
    return solution.states, solution.endings == Ending.ZERO


def _zeros_approached(finder: RootFinder, states: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = polish(finder.evaluator, finder.zero_test, states, shortest=True)
    return ends.states, (ends.endings == Ending.ZERO) & finder.are_zeros(ends.states)


def _groups(
    finder: RootFinder, near: _ClassifiedZeros, singular: np.ndarray, among: np.ndarray
) -> list[np.ndarray]:
    """Return groups of zeros that are one: degenerate ones are known less exactly."""
    states = near.states
    # Where all singular values are alike none is small beside another.
    doubtful = among & (singular | (near.num_zeros <= _FEW))
    groups = [np.array([k]) for k in np.flatnonzero(among & ~doubtful).tolist()]
    suspect = np.flatnonzero(doubtful)
    reach = _NEAR * np.maximum(np.abs(states[suspect]).max(1, initial=0), finder.zero_test.scale)
    numbers = same_zeros(states[suspect], finder.are_zeros, reach)
    groups += [suspect[numbers == k] for k in range(numbers.max(initial=-1) + 1)]
    return sorted(groups, key=lambda group: int(group[0]))


def _vanish(finder: RootFinder, states: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Mask false zeros with a long last step, where the residual only fades."""
    size = np.maximum(np.abs(states).max(1, initial=0), finder.zero_test.scale)
    rows = np.flatnonzero(~(errors <= np.cbrt(finder.zero_test.eps) * size) & (size > 0))
    vanishing = np.zeros(len(states), bool)
    are_zeros = finder.are_zeros
    vanishing[rows] = are_vanishing(finder.evaluator, are_zeros, states[rows], size[rows])
    return vanishing
