"""The way in which candidates of a system are followed: which solvers, one after the other."""

import dataclasses
from collections.abc import Callable
from functools import cache, partial

import numpy as np

from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...solvers.piecewise_linear import PiecewiseLinear, recognize
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from .agreement import reject_moving
from .description import Asked
from .evaluator import Evaluator
from .found import Found
from .piecewise import is_as_read, search_piecewise
from .smooth import SmoothSearch

Follow = Callable[[np.ndarray, bool], Found]
"""Starts, and whether slow points are wanted -> where they lead."""
_MANY_UNITS = 256  # from which Jacobians are most of the work


def following(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    method: LevenbergMarquardt,
    asked: Asked,
) -> Follow:
    """Return how starts are followed in this system.

    Where it is proved by latent variables, those that come to a zero without Jacobians are done.
    """
    make = partial(_solving, evaluator, zero_test, method)
    many = asked.certify and not evaluator.is_large and evaluator.size >= _MANY_UNITS
    solve = (
        make()
        if not many or evaluator.latent is None
        else _without_jacobians(evaluator, zero_test, method, cache(make))
    )

    def follow(starts: np.ndarray, slow_points: bool) -> Found:
        found = solve(starts, slow_points)
        reject_moving(evaluator, zero_test, found)
        return found

    return follow


def _without_jacobians(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    method: LevenbergMarquardt,
    thorough: Callable[[], Follow],
) -> Follow:
    """Return how starts are followed with products of Jacobians first, and what is left as ever."""
    quick = SmoothSearch(Evaluator(evaluator.system, is_large=True), method, zero_test)

    def follow(starts: np.ndarray, slow_points: bool) -> Found:
        found = quick.search(starts, slow_points=False)
        rest = np.flatnonzero(found.reached < 0)
        if len(rest):
            found.join(thorough()(starts[rest], slow_points), rest)
        return found

    return follow


def _solving(
    evaluator: Evaluator,
    zero_test: ZeroTest,
    method: LevenbergMarquardt,
) -> Follow:
    """Return how starts are followed in any system: exactly where it is piecewise linear.

    Should it turn out not to be what was read of it, it is followed as any other.
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
        return smooth.search(_led_near(*forms, starts) if forms else starts, slow_points)

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


def _led_near(
    residual: PiecewiseLinear, velocity: PiecewiseLinear, starts: np.ndarray
) -> np.ndarray:
    """Lead starts to the zeros of the exact function that one which computes in float32 stands for.

    What is found there is nearly, but not quite, a zero of the function as it is.
    """
    found = search_piecewise(residual, velocity, starts, True)
    fixed = np.isin(found.reached, found.labels("fixed"))
    led = starts.copy()
    led[fixed] = np.array(found.states)[found.reached[fixed]] if fixed.any() else led[fixed]
    return led
