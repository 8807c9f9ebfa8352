"""Which solvers take candidates to zeros and slow points, one after the other."""

import dataclasses
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...solvers.piecewise_linear import PiecewiseLinear, recognize
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from .agreement import reject_moving
from .description import Options
from .evaluator import Evaluator
from .found import Found
from .piecewise import is_as_read, search_piecewise
from .smooth import SmoothSearch

Solve = Callable[[np.ndarray, bool], Found]
"""Starts, and whether slow points are wanted -> where they lead."""
_MANY_UNITS = 256  # from which Jacobians are most of the work


def select_solver(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    method: LevenbergMarquardt,
    options: Options,
) -> Solve:
    """Return the solver for a system.

    Where latent variables prove its points, those found without Jacobians are enough.
    """
    make = partial(_any_solver, evaluator, zero_test, method)
    many = options.certify and not evaluator.is_large and evaluator.size >= _MANY_UNITS
    if many and evaluator.latent is not None:
        solve = _solver_without_jacobians(evaluator, zero_test, method, cache(make))
    else:
        solve = make()

    def solve_and_check(starts: np.ndarray, slow_points: bool) -> Found:
        found = solve(starts, slow_points)
        reject_moving(evaluator, zero_test, found)
        return found

    return solve_and_check


def _solver_without_jacobians(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    method: LevenbergMarquardt,
    thorough: Callable[[], Solve],
) -> Solve:
    """Return a solver that takes products of Jacobians first, and the usual one for the rest."""
    quick = SmoothSearch(Evaluator(evaluator.system, is_large=True), method, zero_test)

    def solve(starts: np.ndarray, slow_points: bool) -> Found:
        found = quick.search(starts, slow_points=False)
        rest = np.flatnonzero(found.reached < 0)
        if len(rest):
            found.join(thorough()(starts[rest], slow_points), rest)
        return found

    return solve


def _any_solver(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    method: LevenbergMarquardt,
) -> Solve:
    """Return the solver for any system: an exact one where it is piecewise linear.

    Where the function turns out to be another than was read, it is solved like any other.
    """
    forms = None if evaluator.is_large else _piecewise_linear_forms(evaluator.system, zero_test)
    smooth = SmoothSearch(evaluator, method, zero_test)

    def solve(starts: np.ndarray, slow_points: bool) -> Found:
        nonlocal forms
        if forms is not None and not forms[0].narrowed:
            found = search_piecewise(*forms, starts, slow_points)
            if is_as_read(forms[0], evaluator, zero_test, found):
                return found
            forms = None
        return smooth.search(_warm_starts(*forms, starts) if forms else starts, slow_points)

    return solve


def _piecewise_linear_forms(
    system: AbstractSystem, zero_test: ZeroTest
) -> tuple[PiecewiseLinear, PiecewiseLinear] | None:
    """Return residual and velocity in canonical form, None where not piecewise linear."""
    residual = recognize(system.residual, system.size)
    if not isinstance(residual, PiecewiseLinear):
        return None
    velocity = recognize(system.velocity, system.size)
    if not isinstance(velocity, PiecewiseLinear):
        return None
    if zero_test.refusal:
        return residual, velocity
    constants = np.concatenate([residual.offset, residual.gate_offset])
    reach = max(zero_test.scale, np.abs(constants).max(initial=0.0)) or 1.0
    slopes = zero_test.slope_level(reach * np.array([[1.0], [-1.0]]) * np.ones(system.size))
    return dataclasses.replace(residual, rounding=float(slopes.max())), velocity


def _warm_starts(
    residual: PiecewiseLinear, velocity: PiecewiseLinear, starts: np.ndarray
) -> np.ndarray:
    """Move starts to the zeros of the exact function that one which computes in float32 stands for.

    What is found there is nearly, but not quite, a zero of the function as it is.
    """
    found = search_piecewise(residual, velocity, starts, True)
    fixed = np.isin(found.reached, found.labels("fixed"))
    moved = starts.copy()
    moved[fixed] = np.array(found.states)[found.reached[fixed]] if fixed.any() else moved[fixed]
    return moved
