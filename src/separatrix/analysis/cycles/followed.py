"""Following of candidates, and the cycles that it reveals."""

from collections.abc import Iterator

import numpy as np

from ..._tables import describe_duration
from ..._watch import is_over
from ...solvers.endings import Ending
from ..following.end import Ends, What
from ..following.exponents import is_chaos, with_exponent
from ..following.follower import follow
from ..following.turns import Turn
from ..lyapunov import SURE
from .found import CIRCLE, Cycle, CycleSearchResult
from .propagation import Propagator

MOST = 512
"""Candidates that are followed."""
_SEEN = 5.0
"""Logarithm of the growth or decay, while candidates are followed, from which on it is seen."""
PHASES = 240
"""States kept of a curve that no step closes; many divisors, so that many multiples are seen."""

_WORDS = {
    What.POINT: "came to rest at a fixed point",
    What.UNSTABLE: "came to rest at a fixed point",
    What.CONTINUUM: "came to rest at points of a continuum",
    What.INFINITY: "left to infinity",
    What.QUASIPERIODIC: (
        "moves within bounds and does not close, and its two largest Lyapunov exponents are 0 "
        "(the first is {}): quasiperiodic motion, as on a torus, as far as it was followed"
    ),
    What.CHAOS: (
        "moves within bounds and does not close, and its largest Lyapunov exponent is {}: chaos, "
        "in which cycles are found with length=…"
    ),
    What.BOUNDED: (
        "moves within bounds, and no turn that was seen closes; its largest Lyapunov exponent is {}"
    ),
    What.UNKNOWN: (
        "its end was not seen in {}: start nearer to a cycle, or say what to try, with length=…"
    ),
}


def follow_candidates(
    propagator: Propagator,
    states: np.ndarray,
    found: CycleSearchResult,
    durations: tuple[float | None, ...] = (None,),
) -> Iterator[tuple[Turn, np.ndarray]]:
    """Follow some of the candidates; yield each cycle that they come to, and which ones do.

    What the others come to is noted. Those of which that is not known after one duration, because
    it is slow or rare, are followed for the next one.
    """
    system, rows = propagator.system, np.flatnonzero(np.isfinite(states).all(1))
    for row in np.setdiff1d(np.arange(len(states)), rows):
        found.miss(int(row), "the start is not finite")
    chosen = rows[
        np.unique(np.linspace(0, len(rows) - 1, min(MOST, len(rows))).round().astype(int))
    ]
    for row in np.setdiff1d(rows, chosen):
        found.miss(int(row), f"was not followed: {MOST} candidates are, at most")
    for duration in durations:
        if not len(chosen):
            return
        ends = follow(system, states[chosen], duration=duration)
        ends = ends if is_over() else with_exponent(system, ends)
        on_curve = ends.are(What.CURVE)
        for place in np.unique(ends.which[on_curve]):
            curve, there = ends.curves[place], chosen[on_curve & (ends.which == place)]
            yield curve, there
        kind = _kind_of_bounded(ends)
        for k in np.flatnonzero(~on_curve):
            _note_end(found, int(chosen[k]), kind, ends, int(k), propagator)
        chosen = chosen[(found.led[chosen] == What.UNKNOWN) & (not is_over())]


def _units(propagator: Propagator) -> str:
    counts = propagator.system.kind == "map" and propagator.system.time_unit == 1
    return "steps" if counts else "ms"


def add_circle(
    propagator: Propagator, found: CycleSearchResult, curve: Turn, rows: np.ndarray
) -> None:
    """Keep an invariant circle of a map, round which some candidates go."""
    turn = curve.period * propagator.system.time_unit
    text = (
        f"goes round an invariant circle, once in {describe_duration(turn, _units(propagator))}: "
        "no step that was seen closes it"
    )
    places = curve.path[:-1][:: max(1, len(curve.path) // PHASES)]
    found.cycles.append(Cycle(places, curve.period, curve.miss * curve.diameter, kind=CIRCLE))
    for row in rows:
        found.hit(int(row), len(found.cycles) - 1, text, What.CIRCLE)
    found.turn[rows] = turn


def _kind_of_bounded(ends: Ends) -> What:
    """Return what bounded motion is by its largest exponent, where that is known well enough."""
    value, error = ends.exponent, ends.exponent_error
    time = ends.times[ends.are(What.BOUNDED)].min(initial=np.inf)
    if value > SURE * error:
        return What.CHAOS if is_chaos(value, error, time) else What.BOUNDED
    most = (max(abs(value), abs(ends.second_exponent)) + SURE * error) * time
    return What.QUASIPERIODIC if most <= _SEEN else What.BOUNDED


def _note_end(
    found: CycleSearchResult, row: int, bounded: What, ends: Ends, k: int, propagator: Propagator
) -> None:
    unit, units = propagator.system.time_unit, _units(propagator)
    led = bounded if ends.what[k] == What.BOUNDED else What(ends.what[k])
    if led == What.UNKNOWN and is_over():
        found.miss(row, Ending.RUNNING.text)
        return
    said = f"{ends.exponent / unit:.2g} ± {ends.exponent_error / unit:.1g} per "
    said = said.replace("-", "−") + ("step" if units == "steps" else "ms")
    if led == What.UNKNOWN:
        said = describe_duration(float(ends.times[k]) * unit, units)
    found.miss(row, _WORDS[led].format(said), led)
