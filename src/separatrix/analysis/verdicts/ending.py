"""The claims on where states end."""

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy
from jaxtyping import Bool

from ..._tables import describe_duration
from ...systems import AbstractSystem
from ..boundaries.fractions import wilson
from ..cycles.cycle_search import Cycles
from ..following.end import Ends, What
from ..following.sizes import error_of
from ..following.thresholds import AT
from ..following.turns import Turn
from .claims import Claim, Kind, Known, numbers_of

if TYPE_CHECKING:
    from .answer import Verdict

NAMES = {
    What.POINT: "stable point",
    What.UNSTABLE: "unstable point",
    What.CURVE: "closed curve",
    What.CONTINUUM: "points of a continuum",
    What.BOUNDED: "bounded, not closed",
    What.INFINITY: "infinity",
    What.UNKNOWN: "not known",
}


def end_claims(
    system: AbstractSystem, ends: Ends, cycles: Cycles | None
) -> tuple[list[Claim], np.ndarray]:
    """Return a claim for each end, those of most states first, and the row of each state's."""
    which = np.where(ends.are(What.CURVE) & ends.is_family, 0, ends.which)
    keys = [
        (str(what), int(k)) if what in (What.POINT, What.UNSTABLE, What.CURVE) else (str(what), -1)
        for what, k in zip(ends.what, which, strict=True)
    ]
    counts = {key: keys.count(key) for key in dict.fromkeys(keys)}
    order = sorted(counts, key=lambda key: -counts[key])
    ended = np.array([order.index(key) for key in keys])
    claims = [_claim(system, ends, what, np.flatnonzero(ended == k), cycles)
              for k, (what, _) in enumerate(order)]  # fmt: skip
    return claims, ended


def are(verdict: "Verdict", *kinds: What) -> Bool[np.ndarray, " end"]:
    """Which ends of a verdict are of these kinds, by its claims; its words are for users."""
    whats = [numbers["what"] for numbers in numbers_of(verdict.claims, Kind.END)]
    return np.isin(np.array(whats, str), kinds)


def name(numbers: dict[str, Any]) -> str:
    """Return an end in words, for the table."""
    if numbers["what"] == What.CURVE and numbers["steps"]:
        cycle = "cycle of {} steps" if not numbers["family"] else "cycles of {} steps"
        return cycle.format(numbers["steps"])
    if numbers["what"] == What.CURVE and numbers["family"]:
        return "closed curves, a family"
    return NAMES[numbers["what"]]


def detail(numbers: dict[str, Any], units: str) -> str:
    """Return the numbers of an end in words, for the table."""
    what = numbers["what"]
    if what == What.POINT and 0 < numbers.get("slowest", 0) < np.inf:
        return f"time constant {describe_duration(numbers['slowest'], units)}"
    if what == What.CURVE and np.isfinite(numbers["period"]):
        turn = f", mean period {describe_duration(numbers['turn'], units)}"
        known = np.isfinite(numbers["turn"])
        return f"period {describe_duration(numbers['period'], units)}{turn if known else ''}"
    if what == What.BOUNDED:
        each = {"steps": "step"}.get(units, units)
        value, error = f"{numbers['exponent']:.2g}", f"{numbers['exponent_error']:.1g}"
        return f"largest exponent {value} ± {error} per {each}".replace("-", "−")
    if what == What.UNKNOWN and np.isfinite(numbers["grows"]):
        return f"moves away e-fold in {describe_duration(numbers['grows'], units)}"
    return ""


def _claim(
    system: AbstractSystem, ends: Ends, what: str, rows: np.ndarray, cycles: Cycles | None
) -> Claim:
    of, share = len(ends.what), len(rows) / len(ends.what)
    others = 0 if what == What.UNKNOWN else int(ends.are(What.UNKNOWN).sum())  # may end here, too
    low, _ = wilson(np.array([share]), np.array([of]))
    _, high = wilson(np.array([(len(rows) + others) / of]), np.array([of]))
    numbers = {
        "what": what,
        "rows": rows,
        "share": share,
        "low": float(low[0]),
        "high": float(high[0]),
    }
    known, unit = Known.WATCHED, system.time_unit
    if what in (What.POINT, What.UNSTABLE):
        place = int(ends.which[rows[0]])
        numbers["state"] = ends.pool.states[place]
        if what == What.POINT:
            known = Known.PROVED if ends.pool.is_proved[place] else Known.SOLVED
            with np.errstate(divide="ignore"):
                numbers["slowest"] = float(unit / np.maximum(ends.pool.rate[place], 0.0))
    elif what == What.CURVE:
        curves = [ends.curves[k] for k in ends.which[rows]]
        period, turn = (
            float(np.median(times)) * unit
            if np.ptp(times) <= AT.period * times.max()
            else float("nan")
            for times in np.array([(curve.period, curve.turn) for curve in curves]).T
        )
        one = curves[0]
        same = len({curve.steps for curve in curves}) == 1
        numbers |= {
            "state": one.path[0],
            "period": period,
            "steps": one.steps if same else 0,
            "turn": turn if same else float("nan"),
            "diameter": one.diameter if not ends.is_family else float("nan"),
            "family": ends.is_family,
        }
        if cycles is not None and is_known(one, unit, cycles):
            known = Known.SOLVED
    elif what == What.BOUNDED:
        numbers |= {
            "exponent": ends.exponent / unit,
            "exponent_error": ends.exponent_error / unit,
        }
    elif what == What.CONTINUUM:
        numbers["state"] = ends.states[rows[0]]
    if what in (What.BOUNDED, What.UNSTABLE):
        numbers["until"] = float(ends.times[rows].min()) * unit
    if what == What.UNSTABLE:
        away = np.linalg.norm(ends.states[rows] - numbers["state"], axis=1)
        numbers["left"] = not (away <= AT.tells * error_of(system) * ends.pool.scale).all()
    if what == What.UNKNOWN:
        grows = ends.grows[rows]
        several = grows[np.isfinite(grows)]
        enough = len(several) > AT.most * len(rows)
        numbers["grows"] = float(np.median(several)) * unit if enough else float("nan")
    return Claim(Kind.END, numbers, 0.02, known)


def is_known(curve: Turn, unit: float, cycles: Cycles, any_stability: bool = False) -> bool:
    """Whether a closed curve is a stable one, or any, of those that were found before."""
    periods, period, path = np.asarray(cycles.period, float), curve.period * unit, curve.path
    chosen = any_stability | (np.asarray(cycles.stability) == "stable")
    chosen &= np.asarray(cycles.length) > 0  # an invariant circle was watched, not solved
    for k in np.flatnonzero(chosen):
        states = np.asarray(cycles.states, float)[k]
        states = states[np.isfinite(states).all(1)]
        size = max(float(np.ptp(states, axis=0).max()), 1e-300)
        away = scipy.spatial.distance.cdist(states[:1], path).min()
        if abs(periods[k] - period) <= AT.period * period and away <= AT.near * size:
            return True
    return False
