"""A verdict in English, made from its claims."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._tables import describe_duration
from ..following.end import What
from .claims import Claim, Held, Kind

if TYPE_CHECKING:
    from .answer import Verdict

NAMES = {
    "line": "a line attractor",
    "ring": "a ring attractor",
    "surface": "a surface attractor",
    "points": "stable points",
    "point": "one stable point",
    "ghost": "a ghost",
    "slow path": "movement along a one-dimensional set",
    "cycle": "a closed curve",
    "recurrent": "motion that does not close",
    "diverging": "growth without bound",
    "still": "too little movement to tell",
    "mixture": "several kinds of ends",
    "unstable point": "an unstable point",
    "moving": "movement that nothing holds",
    "unknown": "not known",
}
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
_LISTED = 3


def sentences(v: "Verdict") -> tuple[str, ...]:
    """Return what holds the states, where they end, and what is kept along the axis."""
    return tuple(text for text, _ in parts(v))


def parts(v: "Verdict") -> list[tuple[str, Kind]]:
    """Return each sentence, and the kind of the claims that it is made from."""
    every = [(_held(v), Kind.HELD), (_left_alone(v), Kind.END), (_kept(v), Kind.KEPT)]
    return [(text, kind) for text, kind in every if text]


def numbers(v: "Verdict") -> list[str]:
    """Return the lines under the table: numbers, thresholds, defects."""
    lines = []
    first = _first(v)
    if (moved := _moved(v)) and v.held != Held.STILL:  # whose sentence has it
        lines.append(moved)
    if first is not None and first.numbers["word"] in (Held.LINE, Held.RING, Held.SURFACE):
        back = float(first.numbers["attracting"])
        lines.append(
            "the set has all dimensions of the state space, so no state could be put beside it"
            if np.isnan(back)
            else f"of the states put beside it, {share(back)} come back at least half of the way"
        )
    also = [
        NAMES[str(c.numbers["word"])]
        for c in v.claims
        if c.kind == Kind.HELD and not c.numbers["first"] and c.numbers["word"] != Held.SLOW_PATH
    ]
    if also:
        lines.append("also true: " + ", ".join(also))
    if v.changes:
        lines.append(f"with another threshold the word would be {v.changes}")
    if v.defects:
        lines.append(f"defect, please report it: {v.defects}")
    return lines


def span(v: "Verdict", time: float) -> str:
    """Write a duration in the unit of the system: "250 ms", "20 steps"."""
    return describe_duration(time, v.time_units)


def _moved(v: "Verdict") -> str:
    """Return how far states move once they have settled, "" where that was not compared."""
    moved = v.claim(Kind.MOVED)
    if moved is None:
        return ""
    far = float(moved.numbers["value"])
    part = "less than 0.1 %" if far < 0.001 else f"at most {share(far)}"
    apart = "the largest distance between two of them"
    return f"from T to 2 T, 95 % of the states move by {part} of {apart}"


def share(part: float) -> str:
    """Write a share: "54 %", "0.3 %", "less than 0.1 %", "99.6 %"."""
    percent = 100 * part
    if not np.isfinite(percent):
        return "more than all"
    if 0 < percent < 0.1:
        return "less than 0.1 %"
    if 99.5 <= percent < 99.95:
        return f"{percent:.1f} %"
    return f"{percent:.0f} %" if percent >= 9.95 or percent == 0 else f"{percent:.1f} %"


def _of_states(part: float) -> str:
    """Write a share of states: "54 %"; "0.4 %" and "99.6 %"."""
    return f"{100 * part:.{0 if 0.01 <= part <= 0.99 else 1}f} %"


def count(number: int) -> str:
    """Write a small number in letters."""
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def _first(v: "Verdict") -> Claim | None:
    return next((c for c in v.claims if c.kind == Kind.HELD and c.numbers["first"]), None)


def _ends(v: "Verdict", *kinds: str) -> list[dict[str, Any]]:
    """Return the numbers of the ends of some kinds, those of most states first."""
    of = [c.numbers for c in v.claims if c.kind == Kind.END]
    return sorted((n for n in of if n["what"] in kinds), key=lambda n: -float(n["share"]))


def _where(v: "Verdict") -> str:
    return f", at {v.input}, without noise" if v.input else ", without noise"


def _held(v: "Verdict") -> str:
    first = _first(v)
    if first is None:
        return ""
    word, finding, twice = first.numbers["word"], _finding(v, first.numbers), 2 * v.duration
    # What takes as long as it takes is not over T, and what is passed is passed before 2 T.
    if word == Held.GHOST:
        finding += f" within {span(v, twice)}"
    elif word not in (Held.DIVERGING, Held.UNSTABLE, Held.MIXTURE):
        finding += f" over {span(v, v.duration)}"
    if v.claim(Kind.PASSES) is not None:
        finding += f"; they pass an unstable point within {span(v, twice)}"
    return f"{finding}{_where(v)}{f': {_moved(v)}' if word == Held.STILL else ''}."


def _finding(v: "Verdict", numbers: dict[str, Any]) -> str:
    """Return what holds the states: "A line attractor holds states where they are"."""
    held = numbers["word"]
    if held in (Held.LINE, Held.RING, Held.SURFACE):
        about = "approximately " if numbers["answer"] == "approximately" else ""
        if numbers["pieces"] > 1:
            what = f"{count(numbers['pieces'])} {held} attractors hold states"
        else:
            what = f"{NAMES[held]} holds states"
        return f"{what[0].upper()}{what[1:]} {about}where they are"
    at = _ends(v, What.UNSTABLE)
    return {
        Held.UNKNOWN: "Too few states could be followed for long enough to know what holds them",
        Held.POINT: "States come to rest at one stable point",
        Held.POINTS: f"States come to rest at {count(numbers['places'])} stable points",
        Held.CYCLE: f"States go round {_curves(v)}",
        Held.STILL: "What holds states cannot be told",
        Held.GHOST: "States pass a ghost (slow, away from every known fixed point)",
        Held.RECURRENT: f"States move within bounds and do not come to rest{_chaos(v)}",
        Held.DIVERGING: "States leave for infinity",
        Held.SLOW_PATH: "States keep moving along a one-dimensional set",
        Held.MIXTURE: "States do different things",
        Held.UNSTABLE: f"States come to rest at {_unstable(at)} and {_stays(v, at)}",
        Held.MOVING: "Nothing is found that holds 95 % of the states",
    }[Held(held)]


def _left_alone(v: "Verdict") -> str:
    """Describe where states end, unless that is said already."""
    ends = [claim.numbers for claim in v.claims if claim.kind == Kind.END]
    said = (Held.POINT, Held.CYCLE, Held.DIVERGING, Held.RECURRENT, Held.UNSTABLE)
    if not ends or (v.held in said and len(ends) == 1):
        return ""
    kinds = dict.fromkeys(str(numbers["what"]) for numbers in ends)
    groups = {what: _ends(v, what) for what in kinds}
    order = sorted(groups, key=lambda what: -sum(float(n["share"]) for n in groups[what]))
    parts = [_group(v, what, groups[what]) for what in order[:_LISTED]]
    if others := [float(one["share"]) for what in order[_LISTED:] for one in groups[what]]:
        parts.append(f"{_of_states(sum(others))} end otherwise")
    beginning = "Left alone, " if v.held else ""
    text = beginning + (
        parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    )
    return f"{text[0].upper()}{text[1:]}{'' if v.held else _where(v)}."


def _group(v: "Verdict", what: str, of: list[dict[str, Any]]) -> str:
    """Write how many states end at a kind of end: "54 % end at one stable point"."""
    shares = [float(one["share"]) for one in of]
    whole = "all" if sum(shares) >= 1 - 1e-9 else _of_states(sum(shares))
    if what == What.POINT and len(of) == 2:
        first, second = map(_of_states, shares)
        return f"{first} end at one stable point and {second} at another"
    if what == What.POINT:
        places = "one stable point" if len(of) == 1 else f"one of {count(len(of))} stable points"
        return f"{whole} end at {places}"
    if what == What.UNKNOWN:
        grows = [float(one["grows"]) for one in of if np.isfinite(one["grows"])]
        unknown = f"the end of {whole} is not known"
        if not grows:
            return unknown
        return f"{unknown}: most of them still move away, e-fold in {span(v, grows[0])}"
    return {
        What.UNSTABLE: f"{whole} come to rest at {_unstable(of)} and {_stays(v, of)}",
        What.CURVE: f"{whole} end on {_curves(v)}",
        What.CONTINUUM: f"{whole} come to rest at points of a continuum",
        What.BOUNDED: f"{whole} still move within bounds{_until(v, of)}{_chaos(v)}",
        What.INFINITY: f"{whole} leave for infinity",
    }[What(what)]


def _unstable(of: list[dict[str, Any]]) -> str:
    return f"one of {count(len(of))} unstable points" if len(of) > 1 else "an unstable point"


def _stays(v: "Verdict", of: list[dict[str, Any]]) -> str:
    """Write that states still are at an unstable point, or that only errors led them away."""
    if any(one.get("left") for one in of):
        return f"leave it{_until(v, of)}, where rounding errors decide"
    return f"still are there{_until(v, of)}"


def _until(v: "Verdict", of: list[dict[str, Any]]) -> str:
    """Write until when states were followed that may yet go elsewhere: " after 20 s"."""
    times = [float(one["until"]) for one in of if "until" in one]
    return f" after {span(v, min(times))}" if times else ""


def _curves(v: "Verdict") -> str:
    """Write the closed curves: "a closed curve, period 6.7 s", "two cycles of 12 steps"."""
    of = _ends(v, What.CURVE)
    if not of:
        return ""
    family, number = any(one["family"] for one in of), len(of)
    periods = [float(one["period"]) for one in of]
    alike = np.isfinite(periods).all() and np.ptp(periods) <= 0.01 * max(periods)
    steps = {int(one["steps"]) for one in of}
    if v.system == "map" and min(steps) > 0:
        turn = float(of[0]["turn"]) if alike else float("nan")
        k = " or ".join(map(str, sorted(steps))) if len(steps) < 3 else f"{min(steps)} to {max(steps)}"
        cycle = f"{count(number)} cycles of {k} steps" if number > 1 else f"a cycle of {k} steps"
        cycle = f"cycles of {k} steps beside one another" if family else cycle
        return cycle + (f" (once round in {span(v, turn)})" if np.isfinite(turn) else "")
    what = f"{count(number)} closed curves" if number > 1 else "a closed curve"
    what = "closed curves beside one another" if family else what
    turns = [float(one["turn"]) for one in of]
    if alike:
        return f"{what} (period {span(v, periods[0])})"
    if np.isfinite(turns).all() and np.ptp(turns) <= 0.01 * max(turns):
        return f"{what} (once round in {span(v, turns[0])})"
    return f"{what} of several periods"


def _chaos(v: "Verdict") -> str:
    of = _ends(v, What.BOUNDED)
    if of and float(of[0]["exponent"]) > 2 * float(of[0]["exponent_error"]):
        return " (chaos)"
    return ""


def _kept(v: "Verdict") -> str:
    """Describe the differences left along the axis, throughout [T/2, 2T] where they swing."""
    kept, order, spread = v.claim(Kind.KEPT), v.claim(Kind.ORDER), v.claim(Kind.SPREAD)
    if kept is None or spread is None:
        return ""
    if order is None:
        left = share(float(spread.numbers["value"]))
        return f"Differences along {v.axis_name} are not kept (spread {left})."
    how = "are kept" if kept.numbers["value"] else "are not kept"
    if kept.numbers["value"] and kept.numbers["reversed"]:
        how = "are kept, reversed"
    if kept.numbers["value"] and v.held == Held.POINTS:
        how += ", but only between the points"
    if np.isfinite(spread.numbers["low"]):
        low, high = (f"{100 * spread.numbers[key]:.0f}" for key in ("low", "high"))
        least, most = (f"{order.numbers[key]:.2f}" for key in ("low", "high"))
        left = f"T/2 to 2 T: spread {low} to {high} %, rank correlation {least} to {most}"
        return f"Differences along {v.axis_name} {how} ({left}).".replace("-", "−")
    left = f"spread {share(float(spread.numbers['value']))}"
    rank = f"rank correlation {order.numbers['value']:.2f}".replace("-", "−")
    time, after = v.claim(Kind.SPREAD_TIME), ""
    if time is not None:
        after = f", time constant {span(v, float(time.numbers['value']))}"
    return f"Differences along {v.axis_name} {how} ({left}, {rank}{after})."
