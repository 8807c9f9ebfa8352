"""Which solvers take candidates to zeros and slow points, one after the other."""

import dataclasses
from functools import cached_property

import numpy as np

from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...solvers.piecewise_linear import PiecewiseLinear, recognize
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..point_table import PointTable
from .certificates import reject_moving
from .evaluator import Evaluator
from .piecewise import is_as_read, search_piecewise
from .smooth import SmoothSearch

_MANY_UNITS = 256  # from which Jacobians are most of the work


class FixedPointSolver:
    """Leads candidates to the points of a system; what it learns in one search helps in the next.

    A piecewise-linear system is solved exactly, unless its function turns out to be another than
    was read. Where latent variables prove the points (`latent_proofs_suffice`), those found without
    Jacobians are enough; what is left over is then solved in the usual way.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        zero_test: ZeroTest,
        method: LevenbergMarquardt,
        latent_proofs_suffice: bool,
    ):
        self.evaluator, self.zero_test, self.method = evaluator, zero_test, method
        self.smooth = SmoothSearch(evaluator, method, zero_test)
        self.matrix_free_search: SmoothSearch | None = None
        many = latent_proofs_suffice and not evaluator.is_large and evaluator.size >= _MANY_UNITS
        if many and evaluator.latent is not None:
            matrix_free = Evaluator(evaluator.system, is_large=True)
            self.matrix_free_search = SmoothSearch(matrix_free, method, zero_test)

    def solve(self, starts: np.ndarray, slow_points: bool) -> PointTable:
        """Return where starts lead, without zeros of a user's residual at which the state moves."""
        if self.matrix_free_search is None:
            table = self._solve(starts, slow_points)
        else:
            table = self.matrix_free_search.search(starts, slow_points=False)
            rest = np.flatnonzero(table.reached < 0)
            if len(rest):
                table = table.joined(self._solve(starts[rest], slow_points), rest)
        return reject_moving(self.evaluator, self.zero_test, table)

    def _solve(self, starts: np.ndarray, slow_points: bool) -> PointTable:
        """Solve exactly where the system is piecewise linear, and as was read.

        Of one that computes in float32 the exact function stands for it: what is found there is
        nearly, but not quite, a zero of the function as it is.
        """
        if self._forms is None:
            return self.smooth.search(starts, slow_points)
        narrowed = self._forms[0].narrowed
        exact = search_piecewise(*self._forms, starts, slow_points or narrowed)
        if narrowed:
            fixed = np.append(exact.fixed, False)[exact.reached]
            starts = starts.copy()
            starts[fixed] = exact.states[exact.reached[fixed]]
        elif is_as_read(self._forms[0], self.evaluator, self.zero_test, exact):
            return exact
        return self.smooth.search(starts, slow_points)

    @cached_property
    def _forms(self) -> tuple[PiecewiseLinear, PiecewiseLinear] | None:
        """The residual and the velocity in canonical form, None where not piecewise linear."""
        if self.evaluator.is_large:
            return None
        return _piecewise_linear_forms(self.evaluator.system, self.zero_test)


def _piecewise_linear_forms(
    system: AbstractSystem, zero_test: ZeroTest
) -> tuple[PiecewiseLinear, PiecewiseLinear] | None:
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
