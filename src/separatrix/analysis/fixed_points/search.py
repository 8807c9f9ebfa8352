"""From candidates to fixed and slow points, in stages; each takes a table of points (`PointTable`).

solve
    Candidates are led to zeros of the residual: `solver_selection`, `root_finding`, `piecewise`.
slow
    Those that found no zero are led to minima of the speed: `slow_points`.
merge
    States that may be one point become one: `classification`, `polishing`, `continua`.
certify
    Zeros are proved, or their absence around slow points: `certificates`, `latent`.
complete
    What may be missing is searched for, counted, proved: `completeness.assess`. New candidates go
    through the stages above.
describe
    Eigenvalues, stability, order, and the record that users get: `description`, `words`.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._checked import NotNegative, checked
from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError, real_array
from ..._watch import Report, is_over, watching, why_over
from ...solvers.branch_and_prune import BranchAndPrune
from ...solvers.levenberg_marquardt import LevenbergMarquardt
from ...solvers.zero_test import ZeroTest
from ...systems import AbstractSystem, System
from ..checks import (
    require_array_of_states,
    require_some_finite,
    require_width,
)
from ..completeness import MOST_VARIABLES, Completeness, Proof, assess
from ..point_table import PointTable
from . import words
from .certificates import add_proved, add_unknown, certify as certify_points, is_trusted
from .description import describe
from .evaluator import Evaluator
from .even_rows import with_even_rows
from .latent import prove_by_latent, prove_in_all_units
from .points import FixedPoints
from .root_finding import Known
from .slow_points import typical_speed
from .solver_selection import FixedPointSolver
from .starts import nearest_in_domain, shuffled

_TYPICAL = 4096  # starts whose sizes are those of all


@checked
def find_fixed_points(
    system: System,
    candidates: Float[Array, "... unit"],
    *,
    method: LevenbergMarquardt | None = None,
    slow_points: bool | int = True,
    certify: bool | int = True,
    completeness: bool | int = True,
    exhaustion: BranchAndPrune | None = None,
    marginal_band: NotNegative = 1e-6,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> FixedPoints:
    r"""Find fixed points, and slow points, from candidate states.

    A fixed point of a map is a state with $F(x) = x$; a fixed point of a flow is a state with
    $f(x) = 0$. The search solves the system's residual, a function that is zero exactly at the
    fixed points. Every candidate is followed by Levenberg–Marquardt and Newton steps in float64.
    (For 48 units or more and more than 16 candidates, Jacobians are of single precision until a
    zero is near.) There are three outcomes. If the residual shrinks to the level of rounding
    errors, the candidate leads to a *fixed* point. If the steps end at a local minimum of the speed
    that is not zero, the candidate leads to a *slow* point (Sussillo & Barak 2013). Otherwise the
    candidate is *rejected* with a reason, such as the limit of steps. No tolerance for the speed
    decides what is fixed.

    A piecewise-linear system, such as a ReLU network, is solved exactly instead, one linear region
    after another. Each region is solved once. The search recognizes such a system from its
    function. The slow points of such a system lie on the kinks between regions.

    In a system of more than 2048 units the Jacobian is not formed. Steps are computed from products
    with the Jacobian (Newton–Krylov), and the stability from the leading eigenvalues of the
    Jacobian. There is no search for slow points, and there are no proofs. The exception is a system
    whose function passes the state through few latent variables, as `U @ (V @ x)` does. Such a
    system is searched exhaustively in these variables, at any size.

    Where possible the answer is proved. One proof says that in a ball around a point there is
    exactly one fixed point, and another says how many unstable directions this fixed point has. For
    a slow point, the proof says that there is no fixed point in a ball around it.

    Parameters
    ----------
    system
        A map or a flow, such as `network.at_input(u)`.
    candidates
        States to start from, `(…, unit)`: activity `(trial, time, unit)`, or random states. Rows
        with NaN, or with entries that a masked array hides, are marked as rejected. The `domain` of
        a system is a box that holds every fixed point. A candidate outside this box is followed
        from the nearest state of the box, and the reason reported for the candidate says so.
    method
        The method for systems that are not piecewise linear, with its options; None means
        `sx.solvers.LevenbergMarquardt()`.
    slow_points
        Whether to look for slow points. If False, candidates that end at slow points are rejected.
        How slow they are beside the candidates the printed table says: `typical_speed` of the
        result is the median speed of the candidates that move, which are those faster than a
        hundredth of the fastest one.
        In a piecewise-linear system, the 1000 slowest slow points are kept. Candidates that led to
        other slow points are rejected, and their reason says so.
    certify
        Whether to look for proofs. Without them there is no further search for missing points,
        either (`completeness`).
    completeness
        Whether to look for evidence on fixed points that may be missing; this also needs `certify`.
        A system that is small (8 units at most), of low rank, or made of few linear pieces is
        searched exhaustively. For other systems, or if this fails, the search looks for a box that
        holds every fixed point and that no state leaves. Each fixed point has an index, +1 or −1:
        the sign of det(I − J) in a map with the Jacobian J, or of det(−J) in a flow. If no point is
        missing in the box, the indices add up to 1. If their sum is another number, points are
        missing, and the search goes on from new starts. It stops when the sum is 1, or after four
        rounds of new starts. It also stops after a round that adds nothing. Points that these
        searches add have 0 `hits`, because no candidate led to them.
    exhaustion
        The method of the exhaustive search, with its options; None means
        `sx.solvers.BranchAndPrune()`.
    marginal_band
        Eigenvalues within this distance of the stability boundary are called marginal. For a flow
        the band is in units of the largest |λ|, so that the unit of time does not matter. At a
        fixed point, the number of unstable modes, `n_unstable`, does not depend on the band (in
        systems of up to 2048 units). It is −1 where rounding errors may change this number and
        there is no proof of it. At a slow point that is not on a kink, the gradient of the speed is
        zero, although the velocity is not. So the Jacobian of the velocity is singular: one mode
        has μ = 1 (map) or λ = 0 (flow) by definition, which says nothing of the network. This mode
        is left out of `n_unstable`, `stability` and `largest_eigenvalue`. A slow point at which all
        other modes decay is "otherwise stable": states are attracted to its surroundings, but
        they do not stay. `n_unstable` is −1 if another mode is marginal, too.
    max_seconds
        The time after which the search stops and returns what it has found. None means no limit, so
        that the answer does not depend on the machine. Candidates that were not finished are
        rejected, and their reason says so. `completeness` of the result says that the search ended
        early. The search still finishes its current steps and describes what it found, which may
        take a little longer. The first Ctrl-C does the same, and a second one ends the program.
    progress
        None shows a bar after 3 s in a terminal or a notebook, and removes it at the end. True
        shows a bar from the beginning, which stays. False shows none. You may also give a function
        of three arguments: the stage, the number done, and the total number, or None if the total
        is not known. The function is called from time to time, for example with
        `"solve", 128, 2048`.

    Returns
    -------
    FixedPoints
        The points, sorted by kind, number of unstable directions and speed. The record holds what
        is proved of each point, and the outcome of every candidate.

    Raises
    ------
    InvalidInputError
        If there are no candidates, or none of them is finite; if the candidates are not real
        numbers, or do not have as many units as the system. If a method, `slow_points`, `certify`
        or `completeness` has the wrong type, or if the band is negative. If JAX cannot
        differentiate the system, or the system computes something else at every call (random
        numbers).

    References
    ----------
    Sussillo & Barak (2013) Neural Comput. 25:626; Golub & Sussillo (2018) JOSS 3:1003.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    >>> [round(float(x), 6) for x in sorted(points.states[:, 0])]
    [-0.957504, 0.0, 0.957504]
    """
    method, exhaustion = method or LevenbergMarquardt(), exhaustion or BranchAndPrune()
    starts = _check_candidates(system, candidates)
    order = shuffled(system, starts)
    starts = starts[order]
    with watching("fixed points", max_seconds, progress), one_blas_thread():
        evaluator = Evaluator(system)
        # As many as it takes to tell of the sizes of states.
        typical = starts[np.flatnonzero(np.isfinite(starts).all(1))[:_TYPICAL]]
        inside, _ = nearest_in_domain(system, typical)
        even = with_even_rows(evaluator, inside)
        if even is not system:
            evaluator = Evaluator(even)
        zero_test = ZeroTest(even.residual, system.size, inside)
        solver = FixedPointSolver(evaluator, zero_test, method, bool(certify))
        table, learned = solver.solve(starts, bool(slow_points))
        known: Completeness | str = words.NOT_LOOKED_FOR
        if certify:
            table, proof = prove_by_latent(evaluator, table, exhaustion)
            table = prove_in_all_units(evaluator, table, proof)
            if completeness and table.contradiction:
                known = table.contradiction
            elif completeness and is_over():
                known = words.untried(bool(certify), why_over())
            elif completeness:
                further = partial(solver.solve, slow_points=False, known=learned)
                table, known = _completed(evaluator, table, further, exhaustion, proof)
        stopped = why_over() if is_over() else ""
        if isinstance(known, Completeness):
            known = _with_remarks(known, system, table, typical, stopped)
        table = PointTable.empty(*starts.shape).joined(table, order)
        found = describe(
            solver, table, known, marginal_band, certify=bool(certify), stopped=stopped
        )
        speed = None if table.fixed.all() else typical_speed(evaluator, inside)
        return replace(found, typical_speed=speed)


def _completed(
    evaluator: Evaluator,
    table: PointTable,
    solve: Callable[[np.ndarray], tuple[PointTable, Known]],
    exhaustion: BranchAndPrune,
    proof: Proof | None,
) -> tuple[PointTable, Completeness]:
    """Search for points that are missing, and return what is known of them."""
    system = evaluator.system
    if evaluator.is_large:
        return assess(evaluator, table, proof=proof)

    def search(table: PointTable, starts: np.ndarray) -> PointTable:
        return certify_points(system, add_unknown(table, solve(starts)[0]))

    adopt = partial(add_proved, system)
    return assess(evaluator, table, search, adopt, exhaustion=exhaustion, proof=proof)


def _with_remarks(
    known: Completeness,
    system: AbstractSystem,
    table: PointTable,
    typical: np.ndarray,
    stopped: str,
) -> Completeness:
    """Add to the text its assumptions, advice, and why the search ended early, if it did."""
    text = known.text
    if known.complete and not is_trusted(system):
        text += words.ON_TRUST
    if _lacks_domain(known, table, typical):
        inside = np.concatenate([typical, table.states[table.fixed]])
        text += words.give_domain(inside)
    if stopped and not known.complete:
        text += words.STOPPED.format(stopped)
    return replace(known, text=text)


def _lacks_domain(known: Completeness, table: PointTable, starts: np.ndarray) -> bool:
    """Whether nothing but a box is missing for an exhaustive search."""
    few = starts.shape[1] <= MOST_VARIABLES and len(starts) > 0
    certified = bool(table.proved[table.fixed].all())
    return few and certified and not known.complete and not known.domain.bounded


def _check_candidates(system: AbstractSystem, candidates: Any) -> np.ndarray:
    require_array_of_states(system, candidates, "candidates")
    array = real_array(candidates, "candidates", copied=False)  # there may be a GB of them
    if array.size == 0 and array.shape[-1] in (0, system.size):
        raise InvalidInputError(
            "there are no candidates: give at least one state, for example the activity of "
            "simulated trials (sx.simulate) or random states."
        )
    require_width(system, array, "candidates")
    rows = array.reshape(-1, system.size)
    require_some_finite(rows, "candidates")
    return rows
