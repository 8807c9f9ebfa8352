"""Which solvers take candidates to zeros and slow points, one after the other."""

from dataclasses import replace
from functools import cached_property, partial

import numpy as np

from ..._parallel import chunks
from ..._watch import Stage, report_progress
from ...solvers.endings import Ending
from ...solvers.iterate import States
from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...solvers.piecewise_linear import PiecewiseLinear, recognize
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem
from ..point_table import PointTable
from .certificates import reject_moving
from .classification import with_zeros
from .evaluator import Evaluator
from .piecewise import is_as_read, search_piecewise
from .root_finding import Known, RootFinder
from .slow_points import DescentResult, SpeedDescent
from .starts import nearest_in_domain, solved_for_explicit_units

_PORTION = 8192  # candidates that are followed together, at most
_BYTES = 1 << 24  # of their states: a few copies are made on the way
_MANY_UNITS = 256  # from which Jacobians are most of the work


def search_smooth(
    finder: RootFinder, starts: States, slow_points: bool, known: Known
) -> tuple[PointTable, Known]:
    """Follow every candidate to a zero of the residual, or else to a minimum of the speed.

    Return the points, how every candidate ended, and what is known then. Candidates are followed a
    portion at a time, of which only the distinct ends are kept: memory does not grow with their
    number.
    """
    portion = min(_PORTION, max(1, _BYTES // (8 * starts.shape[1])))
    descent = SpeedDescent(finder)
    table, zeros = PointTable.empty(*starts.shape), DescentResult.nothing(0, starts.shape[1])
    minima, outcomes, outside = zeros, table.outcomes.copy(), table.clipped.copy()
    # From far away squares overflow: infinite, they lose every comparison.
    with np.errstate(over="ignore", invalid="ignore"):
        for rows in chunks(len(starts), portion):
            near, outside[rows] = nearest_in_domain(finder.evaluator.system, starts[rows])
            entering = solved_for_explicit_units(finder.evaluator, near)
            report = partial(_report, len(starts), rows.start)
            ends, known = finder.solve(entering, known, report)
            ends, known = descent.follow_valleys(ends, known, slow_points)
            ends, doubtful = finder.correct_false_zeros(ends)
            ends = ends.ended(ends.endings == Ending.STALLED, Ending.MINIMUM)
            slow = DescentResult.nothing(*near.shape)
            if slow_points:
                ends, slow, known = descent.descend(ends, known)
            # There rounding, not a kink, hides which way the speed decreases.
            hidden = np.isin(ends.endings[doubtful], (Ending.STALLED, Ending.MINIMUM))
            outcomes[rows] = ends.ended(doubtful[hidden], Ending.UNSETTLED).endings
            minima = minima.join(slow)
            zeros = zeros.join(DescentResult.zeros(ends).merged(finder.merge))
        table = replace(table, outcomes=outcomes, clipped=outside)
        table = descent.with_minima(table, minima)
        return with_zeros(finder, table, zeros), known


def _report(total: int, before: int, ended: int) -> None:
    report_progress(Stage.SOLVE, before + ended, total)


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
        self.evaluator, self.zero_test = evaluator, zero_test
        self.finder = RootFinder(evaluator, method, zero_test)
        self.matrix_free_finder: RootFinder | None = None
        many = latent_proofs_suffice and not evaluator.is_large and evaluator.size >= _MANY_UNITS
        if many and evaluator.latent is not None:
            matrix_free = Evaluator(evaluator.system, is_large=True)
            self.matrix_free_finder = RootFinder(matrix_free, method, zero_test)

    def solve(
        self, starts: np.ndarray, slow_points: bool, known: Known | None = None
    ) -> tuple[PointTable, Known]:
        """Return where starts lead, without zeros of a user's residual at which the state moves.

        Return also what is known then, which is of use to a further search.
        """
        table, rest = PointTable.empty(*starts.shape), np.arange(len(starts))
        known = known or Known.nothing(self.evaluator.size)
        if self.matrix_free_finder is not None:
            found, _ = search_smooth(self.matrix_free_finder, starts[rest], False, known)
            table, rest = table.joined(found, rest), rest[found.reached < 0]
        if len(rest):
            exact = self._solved_exactly(starts[rest], slow_points)
            if exact is None:
                exact, known = search_smooth(self.finder, starts[rest], slow_points, known)
            table = table.joined(exact, rest)
        return reject_moving(self.evaluator, self.zero_test, table), known

    def _solved_exactly(self, starts: np.ndarray, slow_points: bool) -> PointTable | None:
        """Solve exactly where the system is piecewise linear, and as was read; else None."""
        if self._forms is None:
            return None
        exact = search_piecewise(*self._forms, starts, slow_points)
        is_read = is_as_read(self._forms[0], self.evaluator, self.zero_test, exact)
        return exact if is_read else None

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
    if isinstance(residual, str):
        return None
    velocity = recognize(system.velocity, system.size)
    if isinstance(velocity, str):
        return None
    if zero_test.refusal:
        return residual, velocity
    constants = np.concatenate([residual.offset, residual.gate_offset])
    reach = max(zero_test.scale, np.abs(constants).max(initial=0.0)) or 1.0
    slopes = zero_test.slope_level(reach * np.array([[1.0], [-1.0]]) * np.ones(system.size))
    return replace(residual, rounding=float(slopes.max())), velocity
