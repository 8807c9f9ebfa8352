"""From candidates to cycles: search, reduce, describe."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float

from ..._checked import SOME, Count, Milliseconds, NotNegative, checked
from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError
from ..._watch import Report, watching
from ...solvers.shooting import MultipleShooting
from ...systems import AbstractSystem, System
from ..branches import EmergingCycle
from ..checks import states_of
from ..derivatives import derivatives_of
from ..stability import judge
from .flows import search_flow
from .found import CIRCLE, LED, CycleSearchResult
from .maps import search_followed_map, search_map
from .orbits import Cycles
from .propagation import Propagator


@checked
def find_cycles(
    system: System,
    candidates: Float[Array, "... unit"] | EmergingCycle,
    *,
    length: Count | Milliseconds | Annotated[Sequence[Count], SOME] | None = None,
    method: MultipleShooting | None = None,
    marginal_band: NotNegative = 1e-6,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Cycles:
    r"""Find cycles of a map, or periodic orbits of a flow, from candidate states.

    A state x lies on a cycle of k steps of a map if $F^k(x) = x$. Let $\varphi_T(x)$ be the state
    that a flow reaches from x after the time T. Then x lies on a periodic orbit of period T if
    $\varphi_T(x) = x$. Below, periodic orbits are called cycles, too.

    The search solves for all states of a cycle at once, by multiple shooting with Newton steps. In
    a piecewise-linear map, one step is exact once the states lie in the linear regions of the
    cycle. Then the cycle is exact, too (`exact`), up to rounding.

    For a map with few linear pieces (a PLRNN or AL-RNN with few rectified units, a switching
    system), every sequence of pieces is solved as well. With m pieces there are m^k sequences of k
    steps. This search covers each k in `length` for which m^k is at most 16,384: up to 7 steps with
    4 pieces, and up to 14 steps with 2 pieces. (Without `length`, it covers the numbers of steps of
    the cycles to which candidates led.) Cycles to which no candidate led are added. Their `hits`,
    the number of candidates that led to a cycle, is 0. `complete_lengths` lists the numbers of
    steps for which it is proved that no cycle is missing. All other cycles of maps, and all cycles
    of flows, are found only if a candidate leads to them.

    Without a `length`, each candidate is followed until it is known where it ends, as in `verdict`.
    If it ends on a cycle, the search solves for this cycle, which is an attractor. If the
    candidate of a map goes round an invariant circle, which takes no whole number of steps, the
    circle is listed as well. Its `kind` is "invariant circle", its `period` is the mean time
    once round, and its `length` is 0. If the motion does not close within the steps that are
    followed, the fields `led` and `reasons` of the result say so.

    With a `length`, the search solves for a cycle of this length from each candidate, and again
    from the state that the candidate has reached after a transient. Unlike the motion itself, this
    can also lead to an unstable cycle near a candidate.

    Each cycle is listed once, even if candidates reached different states of the cycle. Its period
    is the minimal one.

    Parameters
    ----------
    system
        A map or a flow.
    candidates
        States `(…, unit)` to start from. No search starts from a state that contains NaN or
        infinity, and `reasons` says so. You may also give what `Branches.emerging_cycle` returned,
        the approximate orbit of a cycle. Then the search starts from this orbit only.
    length
        With None, the search follows candidates to attracting cycles of any length. At most 512
        candidates are followed. To find other cycles of a map as well, give a number of steps, or
        several numbers, such as `range(2, 9)`. Cycles whose number of steps divides one of these
        numbers are found too, but fixed points only if 1 is one of the numbers. For a flow, give
        the period to try, in ms.
    method
        `solvers.MultipleShooting(…)`. Its options limit the work for one candidate. If a candidate
        reached this limit, its reason says so.
    marginal_band
        Floquet multipliers within this distance of the unit circle are called marginal. The
        `n_unstable` of a cycle with a marginal multiplier is −1. For a flow, the multiplier along
        the orbit does not count: it is exactly 1 in theory. If its computed value misses 1 by an
        error above `marginal_band`, `n_unstable` is −1 if another multiplier is within this error
        of the unit circle.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. If a candidate was not
        finished, its reason says so.

    Returns
    -------
    Cycles
        The cycles and circles, in float64, sorted by period, and for every candidate the reason why
        its search ended. If no cycle was found, a record without cycles is returned.

    Raises
    ------
    InvalidInputError
        If the candidates do not have as many units as the system. If `length` is not a positive
        period (flow) or one or more positive whole numbers (map). If the method or an emerging
        cycle does not fit the system.

    References
    ----------
    Eisenmann et al. (2023) NeurIPS 36 (SCYFI); Kuznetsov (2004) Elements of Applied Bifurcation
    Theory, chapter 10.

    Examples
    --------
    >>> import numpy as np, separatrix as sx
    >>> logistic = sx.DiscreteMap(lambda x: 3.2 * x * (1 - x), size=1)
    >>> cycles = sx.find_cycles(logistic, np.array([[0.3], [0.6]]))
    >>> np.round(np.sort(cycles.orbit(0)[:, 0]), 4).tolist()
    [0.513, 0.7995]
    >>> complex(np.round(cycles.multipliers[0, 0], 4))
    (0.16+0j)
    """
    orbit: EmergingCycle | None = None
    if isinstance(candidates, EmergingCycle):
        orbit, method = candidates, MultipleShooting(transient=0) if method is None else method
        candidates, length = _start_of(orbit, system, length)
    method = method or MultipleShooting()
    starts = states_of(system, candidates, "candidates", least=0)
    found = CycleSearchResult(len(starts))

    watched = watching("cycles", max_seconds, progress)
    with watched, one_blas_thread(), derivatives_of(system):
        propagator = Propagator(system)
        if system.kind == "map":
            if length is None:
                search_followed_map(propagator, starts, method, found)
            else:
                search_map(propagator, starts, _checked_lengths(length), method, found)
        else:
            period = _checked_period(length, system.time_unit)
            given = None if orbit is None else orbit.orbit(method.segments)
            search_flow(propagator, starts, period, method, found, given)
        return _record(system, found, marginal_band)


def _start_of(
    orbit: EmergingCycle, system: AbstractSystem, length: Any
) -> tuple[np.ndarray, int | float | Sequence[int] | None]:
    """Return the states to start from and the length to look for."""
    if system.kind != orbit.system or system.size != len(orbit.center):
        raise InvalidInputError(
            f"the cycle belongs to a {orbit.system} of {len(orbit.center)} units, but the system "
            f"is a {system.kind} of {system.size} units: give the system "
            f"whose {orbit.name} is {orbit.parameter:g}."
        )
    if system.kind == "flow":
        return orbit.orbit(1), orbit.period if length is None else length
    if orbit.steps:
        return orbit.orbit(orbit.steps)[:1], orbit.steps if length is None else length
    return orbit.orbit(32), length  # a closed curve, and no cycle unless it locks to a fraction


def _checked_lengths(length: int | float | Sequence[int]) -> tuple[int, ...]:
    if isinstance(length, float):
        raise InvalidInputError(
            "length must be the number of steps of the cycles of a map, a whole number of at least "
            f"1 or several of them such as range(2, 9), got {length}."
        )
    return tuple(sorted({length} if isinstance(length, int) else set(length)))


def _checked_period(length: int | float | Sequence[int] | None, unit: float) -> float | None:
    if isinstance(length, Sequence):
        raise InvalidInputError(
            f"length must be the period of a flow to try, in ms, or None, got {length!r:.60}."
        )
    return None if length is None else length / unit


def _record(system: AbstractSystem, found: CycleSearchResult, band: float) -> Cycles:
    order = sorted(range(len(found.cycles)), key=lambda k: found.cycles[k].period)
    cycles = [found.cycles[k] for k in order]
    place = np.empty(len(order) + 1, int)
    place[order], place[-1] = np.arange(len(order)), -1  # −1, reached nothing, stays −1
    states = np.full(
        (len(cycles), max((len(c.orbit) for c in cycles), default=0), system.size), np.nan
    )
    for row, cycle in zip(states, cycles, strict=True):
        row[: len(cycle.orbit)] = cycle.orbit
    multipliers = np.array([c.multipliers for c in cycles], complex).reshape(-1, system.size)
    multipliers = np.take_along_axis(
        multipliers, np.argsort(-np.abs(multipliers), axis=1, kind="stable"), axis=1
    )
    length = np.array([len(c.orbit) * (c.kind != CIRCLE) for c in cycles], int)
    along = (system.kind == "flow") | (length == 0)  # a multiplier is 1, along the curve
    slip = np.where(
        along, np.abs(multipliers - 1).min(1, initial=np.inf), 0.0
    )  # by which it is not
    apart = np.abs(multipliers - 1) > np.where(along, slip, -1.0)[:, None]
    across = _across(multipliers) if system.kind == "flow" else np.where(apart, multipliers, 0)
    stability = judge(across, "map", band, uncertainty=np.fmax(band, slip))
    return Cycles(
        states=states,
        length=length,
        period=system.time_unit * np.array([c.period for c in cycles], float),
        period_error=system.time_unit * np.array([c.period_error for c in cycles], float),
        multipliers=multipliers,
        stability=stability.names,
        n_unstable=stability.n_unstable,
        error_bound=np.array([c.error for c in cycles], float),
        exact=np.array([c.exact for c in cycles], bool),
        hits=np.array([len(c.starts) for c in cycles], int),
        reached=place[found.reached],
        reasons=found.reasons.astype(str),
        led=np.array([LED[what] for what in found.led], str),
        turn=found.turn,
        kind=np.array([c.kind for c in cycles], str),
        once_round=system.time_unit * np.array([np.fmin(c.once, c.period) for c in cycles], float),
        complete_lengths=np.array(found.complete_lengths, int),
        system=system.kind,
        time_unit=system.time_unit,
        method="shooting",
    )


def _across(multipliers: np.ndarray) -> np.ndarray:
    """Leave out the multiplier along the orbit of a flow, the one nearest to 1."""
    along = np.abs(multipliers - 1).argmin(1) if len(multipliers) else np.zeros(0, int)
    keep = np.ones(multipliers.shape, bool)
    keep[np.arange(len(along)), along] = False
    return multipliers[keep].reshape(len(multipliers), multipliers.shape[1] - 1)
