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
    "slow path": "a slow path",
    "cycle": "a closed curve",
    "recurrent": "motion that does not close",
    "diverging": "growth without bound",
    "still": "hardly any movement",
    "mixture": "several kinds of ends",
    "moving": "none of these: states keep moving",
}
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
_LISTED = 3


def sentences(v: "Verdict") -> tuple[str, ...]:
    """Return what holds the states, where they end, and what is kept along the axis."""
    parts = [_held(v), _left_alone(v), _kept(v)]
    return tuple(part for part in parts if part)


def finding(v: "Verdict") -> str:
    """Return what holds the states over T, in words, without a time: "a line attractor"."""
    first = _first(v)
    if first is None:
        return "not asked"
    numbers, held = first.numbers, first.numbers["word"]
    about = "approximately " if numbers["answer"] == "approximately" else ""
    if held == Held.UNKNOWN:
        return "unknown, for more than 5 % of the states could not be followed so long"
    if held in (Held.LINE, Held.RING, Held.SURFACE):
        several = numbers["pieces"] > 1
        many = f"{count(numbers['pieces'])} {held} attractors" if several else NAMES[held]
        return f"{about}{many} holds them where they are".replace(
            "attractors holds", "attractors hold"
        )
    if held == Held.POINT:
        return "they come to rest at one stable point"
    if held == Held.POINTS:
        return f"they come to rest at {count(numbers['places'])} stable points"
    if held == Held.CYCLE:
        return f"they go round {_curves(v)}"
    if held == Held.STILL:
        return "hardly anything moves: too short to tell"
    if held == Held.GHOST:
        return "they pass a ghost: they slow down away from every known fixed point, and go on"
    if held == Held.RECURRENT:
        return f"they move within bounds and do not come to rest{_chaos(v)}"
    if held == Held.DIVERGING:
        return "they leave for infinity"
    if held == Held.SLOW_PATH:
        return "they move along a slow path"
    if held == Held.MIXTURE:
        return "they end in several ways"
    return "they keep moving, and nothing holds them"


def numbers(v: "Verdict") -> list[str]:
    """Return the lines under the table: numbers, thresholds, defects."""
    lines = []
    moved = v.claim(Kind.MOVED)
    if moved is not None:
        lines.append(
            f"95 % of the states move by at most {share(moved.numbers['value'])} of their extent "
            "during the second T"
        )
    held = [c for c in v.claims if c.kind == Kind.HELD and not c.numbers["first"]]
    if held:
        lines.append("also true: " + ", ".join(NAMES[str(c.numbers["word"])] for c in held))
    if v.changes:
        lines.append(f"with other thresholds: {v.changes}")
    if v.defects:
        lines.append(f"defect, please report: {v.defects}")
    return lines


def span(v: "Verdict", time: float) -> str:
    """Write a duration in the unit of the system: "250 ms", "20 steps"."""
    return describe_duration(time, v.time_units)


def share(part: float) -> str:
    """Write a share: "54 %", "0.3 %", "below 0.1 %"."""
    percent = 100 * part
    if not np.isfinite(percent):
        return "more than all"
    if 0 < percent < 0.1:
        return "0.1 %"
    return f"{percent:.0f} %" if percent >= 9.95 or percent == 0 else f"{percent:.1f} %"


def count(number: int) -> str:
    """Write a small number in letters."""
    return _COUNTS[number] if number < len(_COUNTS) else str(number)


def _first(v: "Verdict") -> Claim | None:
    return next((c for c in v.claims if c.kind == Kind.HELD and c.numbers["first"]), None)


def _where(v: "Verdict") -> str:
    return f"At {v.input}, without noise" if v.input else "Without noise"


def _held(v: "Verdict") -> str:
    if _first(v) is None:
        return ""
    found = finding(v)
    passes = v.claim(Kind.PASSES)
    after = "" if passes is None else "; on the way they pass a saddle"
    subject = "states over"
    text = found.removeprefix("they ") if found.startswith("they ") else found
    over = span(v, v.duration)
    if found.startswith("they "):
        return f"{_where(v)}, over {over} states {text}{after}."
    if found.startswith(("unknown", "hardly")):
        return f"{_where(v)}, what holds {subject} {over}: {text}."
    return f"{_where(v)}, {text.replace('them', 'states', 1)} over {over}{after}."


def _left_alone(v: "Verdict") -> str:
    """Say where states end, where that is not said already."""
    ends = sorted(
        (c for c in v.claims if c.kind == Kind.END), key=lambda c: -float(c.numbers["share"])
    )
    if not ends:
        return ""
    said = v.held in (Held.POINT, Held.CYCLE, Held.DIVERGING, Held.RECURRENT)
    if said and len(ends) == 1:
        return ""
    groups: dict[str, list[dict[str, Any]]] = {}
    for claim in ends:
        groups.setdefault(str(claim.numbers["what"]), []).append(claim.numbers)
    order = sorted(groups, key=lambda what: -sum(float(n["share"]) for n in groups[what]))
    parts = [_group(v, what, groups[what]) for what in order[:_LISTED]]
    beginning = "Left alone," if v.held else f"{_where(v)},"
    return f"{beginning} {_joined(parts)}."


def _group(v: "Verdict", what: str, of: list[dict[str, Any]]) -> str:
    """Write how many states end at a kind of end: "54 % end at one stable point"."""
    shares = [float(one["share"]) for one in of]
    whole = "all" if min(1.0, sum(shares)) == 1 else share(sum(shares))
    if what == What.POINT:
        if len(of) == 2 and len(shares) == 2:
            return f"{share(shares[0])} end at one stable point and {share(shares[1])} at another"
        places = "one stable point" if len(of) == 1 else f"one of {count(len(of))} stable points"
        return f"{whole} end at {places}"
    if what == What.UNSTABLE:
        return f"{whole} at an unstable point"
    if what == What.CURVE:
        return f"{whole} end on {_curves(v)}"
    if what == What.CONTINUUM:
        return f"{whole} come to rest, each at its own point of a continuum"
    if what == What.BOUNDED:
        return f"{whole} move within bounds and do not come to rest{_chaos(v)}"
    if what == What.INFINITY:
        return f"{whole} leave for infinity"
    grows = [float(one["grows"]) for one in of if np.isfinite(one["grows"])]
    if grows:
        return f"of {whole} the end is not known: they grow e-fold in {span(v, grows[0])}"
    return f"of {whole} the end is not known"


def _curves(v: "Verdict") -> str:
    of = [c.numbers for c in v.claims if c.kind == Kind.END and c.numbers["what"] == What.CURVE]
    periods = [float(one["period"]) for one in of]
    family = any(one["family"] for one in of)
    what = "closed curves beside one another" if family else "a closed curve"
    if not family and len(of) > 1:
        what = f"{count(len(of))} closed curves"
    alike = periods and np.ptp(periods) <= 0.01 * max(periods)
    if not alike or not np.isfinite(periods[0]):
        return f"{what} of several periods"
    steps = {int(one["steps"]) for one in of}
    if v.system == "map" and steps == {round(periods[0] / v.time_unit)} and min(steps) > 0:
        k = steps.pop()
        turn = float(of[0]["turn"])
        cycle = f"cycles of {k} steps beside one another" if family else f"a cycle of {k} steps"
        if not family and len(of) > 1:
            cycle = f"{count(len(of))} cycles of {k} steps"
        return cycle + (f" that turns once in {span(v, turn)}" if np.isfinite(turn) else "")
    return f"{what}, period {span(v, periods[0])}"


def _chaos(v: "Verdict") -> str:
    of = [c.numbers for c in v.claims if c.kind == Kind.END and c.numbers["what"] == What.BOUNDED]
    if of and float(of[0]["exponent"]) > 2 * float(of[0]["exponent_error"]):
        return " (chaos)"
    return ""


def _kept(v: "Verdict") -> str:
    """Say what is left of the differences along the axis."""
    kept, order, spread = v.claim(Kind.KEPT), v.claim(Kind.ORDER), v.claim(Kind.SPREAD)
    if kept is None or order is None or spread is None:
        return ""
    how = "are kept" if kept.numbers["value"] else "are not kept"
    if kept.numbers["value"] and kept.numbers["reversed"]:
        how = "are kept, reversed"
    left = f"{share(spread.numbers['value'])} of the spread are left"
    rank = f"rank correlation {order.numbers['value']:.2f}".replace("-", "−")
    time = v.claim(Kind.SPREAD_TIME)
    after = ""
    if time is not None:
        value = float(time.numbers["value"])
        after = f", {'decaying' if value > 0 else 'growing'} with {span(v, abs(value))}"
    return f"Differences along {v.axis_name} {how}: {left}, {rank}{after}."


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
