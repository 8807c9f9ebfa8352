"""From candidates to cycles: search, reduce, describe."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._parallel import one_blas_thread
from ..._types import Array, InvalidInputError, is_number, is_whole, require_positive
from ..._watch import Report, watching
from ...solvers.cycle_walk import CycleWalk
from ...solvers.piecewise_linear import PiecewiseLinear, recognize
from ...solvers.shooting import MultipleShooting
from ...systems import AbstractSystem, require_system
from ..branches import EmergingCycle
from ..checks import band_of, method_of, states_of
from ..derivatives import derivatives_of
from ..stability import judge
from .flows import search_flow
from .found import Cycle, CycleSearchResult
from .maps import search_followed_map, search_map
from .orbits import Cycles
from .propagation import Propagator


def find_cycles(
    system: AbstractSystem,
    candidates: Float[Array, "... unit"] | EmergingCycle,
    *,
    length: int | float | Sequence[int] | None = None,
    method: MultipleShooting | CycleWalk | None = None,
    marginal_band: float = 1e-6,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Cycles:
    r"""Find cycles of a map, or periodic orbits of a flow, from candidate states.

    A cycle of k steps has $F^k(x) = x$. A periodic orbit of period T has $\varphi_T(x) = x$. A
    piecewise-linear map, which the search recognizes from the function, is solved exactly. The
    return map of each sequence of linear regions is affine, and its fixed point is a cycle where it
    visits those regions. Any other map or flow is solved by multiple shooting with Newton steps.
    With a `length` each candidate is a start, and so is the state that it comes to after a
    transient, so that unstable cycles as well as attractors are found.

    For a map with few linear pieces (a PLRNN or AL-RNN of few rectified units, a switching system)
    every sequence of pieces is also solved. With m pieces there are m^k sequences of k steps, and k
    goes as far as these are at most 16,384: to 7 steps with 4 pieces, and to 14 with 2. Cycles that
    the starts missed are added, with no hits. `complete_lengths` lists the numbers of steps for
    which it is proved that no cycle is missing. Longer cycles, and those of other maps and flows,
    were found from the starts.

    Without a `length` candidates are followed to their ends, as `verdict` follows them, and the
    cycles where they arrive are solved for. If a candidate comes to an invariant circle, or moves
    on without closing as far as can be seen, `led` and `reasons` say so.

    A cycle is listed once, wherever a candidate entered it, and with its minimal period.

    Parameters
    ----------
    system
        A map or a flow.
    candidates
        States `(…, unit)` to start from. Rows with NaN are marked with that reason. Or what
        `Branches.emerging_cycle` returned: then its orbit is the start, and nothing else is tried.
    length
        None follows at most 512 candidates to their ends, which finds attracting cycles. To find
        other cycles of a map, too, give the number of steps, or several, such as `range(2, 9)`.
        Cycles whose number of steps divides one of these are found too, but fixed points only where
        1 is among them. For a flow, give the period to try, in ms.
    method
        `solvers.CycleWalk(…)` for piecewise-linear maps, `solvers.MultipleShooting(…)` for any
        system. None chooses one of them. Both limit the number of steps, and say when they hit the
        limit.
    marginal_band
        Multipliers within this distance of the unit circle are called marginal, and `n_unstable` is
        −1. In a flow this includes multipliers within the distance from 1 of the one along the
        orbit.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. Candidates that were
        not finished have that reason.

    Returns
    -------
    Cycles
        In float64, sorted by period; empty where none was found, with a reason for every candidate.

    Raises
    ------
    InvalidInputError
        When the candidates have another number of units, the length is impossible, or the method
        or an emerging cycle does not fit the system.

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
    system = require_system(system)
    if method is not None:
        method = method_of(method, MultipleShooting, CycleWalk)
    marginal_band = band_of(marginal_band)
    orbit: EmergingCycle | None = None
    if isinstance(candidates, EmergingCycle):
        orbit, method = candidates, method or MultipleShooting(transient=0)
        candidates, length = _start_of(orbit, system, length)
    starts = states_of(system, candidates, "candidates", least=0)
    found, solved = CycleSearchResult(len(starts)), False

    watched = watching("cycles", max_seconds, progress)
    with watched, one_blas_thread(), derivatives_of(system):
        propagator = Propagator(system)
        if system.kind == "map":
            form = _form_for(system, method)
            if method is None:
                method = MultipleShooting() if form is None else CycleWalk()
            solved = isinstance(method, CycleWalk)
            if length is None:
                search_followed_map(propagator, starts, method, form, found)
            else:
                search_map(propagator, starts, _checked_lengths(length), method, form, found)
        else:
            if isinstance(method, CycleWalk):
                raise InvalidInputError(
                    "CycleWalk solves piecewise-linear maps; use MultipleShooting() for a flow."
                )
            period = _checked_period(length, system.time_unit)
            method = method or MultipleShooting()
            given = None if orbit is None else orbit.orbit(method.segments)
            search_flow(propagator, starts, period, method, found, given)
        how = "piecewise linear" if solved else "shooting"
        return _record(system, found, how, marginal_band)


def _start_of(
    orbit: EmergingCycle, system: AbstractSystem, length: Any
) -> tuple[np.ndarray, int | float | Sequence[int] | None]:
    """Return the states to start from and the length to look for."""
    if system.kind != orbit.system or system.size != len(orbit.center):
        raise InvalidInputError(
            f"the cycle is of a {orbit.system} of {len(orbit.center)} units, the system a "
            f"{system.kind} of {system.size}: give system_of({orbit.parameter:g})."
        )
    if system.kind == "flow":
        return orbit.orbit(1), orbit.period if length is None else length
    if orbit.steps:
        return orbit.orbit(orbit.steps)[:1], orbit.steps if length is None else length
    return orbit.orbit(32), length  # a closed curve, and no cycle unless it locks to a fraction


def _form_for(
    system: AbstractSystem, method: MultipleShooting | CycleWalk | None
) -> PiecewiseLinear | None:
    """Return the piecewise-linear form of a map that is to be solved by it."""
    if isinstance(method, MultipleShooting):
        return None
    form = recognize(system.evaluate, system.size)
    if isinstance(form, PiecewiseLinear):
        return form
    if method is not None:
        raise InvalidInputError(
            f"CycleWalk solves piecewise-linear maps, and this one is none: {form}. Leave "
            "the method out, or use MultipleShooting()."
        )
    return None


def _checked_lengths(length: Any) -> tuple[int, ...]:
    several = (length,) if is_number(length) else tuple(length)
    if not several or not all(is_whole(k) and k >= 1 for k in several):
        raise InvalidInputError(
            "length must be the number of steps of the cycles of a map, a whole number of at least "
            f"1 or several of them such as range(2, 9), got {length!r}."
        )
    return tuple(sorted({int(k) for k in several}))


def _checked_period(length: Any, time_unit: float) -> float | None:
    if length is None:
        return None
    if not is_number(length):
        raise InvalidInputError(
            f"length must be the period of a flow to try, in ms, or None, got {length!r}."
        )
    require_positive(length, "length", "ms")
    return float(length) / time_unit


def _record(system: AbstractSystem, found: CycleSearchResult, method: str, band: float) -> Cycles:
    order = sorted(range(len(found.cycles)), key=lambda k: found.cycles[k].period)
    cycles = [found.cycles[k] for k in order]
    place = np.empty(len(order) + 1, int)
    place[order], place[-1] = np.arange(len(order)), -1  # −1, reached nothing, stays −1
    states = np.full(
        (len(cycles), max((len(c.orbit) for c in cycles), default=0), system.size), np.nan
    )
    for row, cycle in zip(states, cycles, strict=True):
        row[: len(cycle.orbit)] = cycle.orbit
    multipliers = np.array([_sorted(c) for c in cycles], complex).reshape(-1, system.size)
    across = _across(multipliers) if system.kind == "flow" else multipliers
    slip = np.zeros(len(cycles))  # how wrong multipliers are, as the one along the orbit is 1
    if system.kind == "flow":
        slip = np.abs(multipliers - 1).min(1, initial=np.inf)
    stability = judge(across, "map", band, uncertainty=np.fmax(band, slip))
    return Cycles(
        states=states,
        length=np.array([len(c.orbit) for c in cycles], int),
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
        led=found.led.astype(str),
        turn=found.turn,
        complete_lengths=np.array(found.complete_lengths, int),
        system=system.kind,
        time_unit=system.time_unit,
        method=method,
    )


def _sorted(cycle: Cycle) -> np.ndarray:
    values = cycle.multipliers
    return values[np.argsort(-np.abs(values), kind="stable")]


def _across(multipliers: np.ndarray) -> np.ndarray:
    """Leave out the multiplier along the orbit of a flow, the one nearest to 1."""
    along = np.abs(multipliers - 1).argmin(1) if len(multipliers) else np.zeros(0, int)
    keep = np.ones(multipliers.shape, bool)
    keep[np.arange(len(along)), along] = False
    return multipliers[keep].reshape(len(multipliers), multipliers.shape[1] - 1)
