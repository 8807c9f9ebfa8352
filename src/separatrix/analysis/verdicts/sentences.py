"""A verdict in English, made from its claims."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._tables import describe_duration
from ..following.end import What
from ..following.exponents import is_chaos
from ..following.thresholds import AT
from .claims import Claim, Held, Judged, Kind, numbers_of

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
_STAYING = (
    Held.LINE, Held.RING, Held.SURFACE, Held.POINTS, Held.STILL, Held.SLOW_PATH, Held.MOVING
)  # fmt: skip
"""Words of which it tells how far states move over T, which is said first."""
_OF_ENDS = (
    Held.POINT, Held.POINTS, Held.CYCLE, Held.RECURRENT, Held.DIVERGING, Held.MIXTURE, Held.UNSTABLE
)  # fmt: skip
"""Words that say where states end."""
_OF_ONE_END = (Held.POINT, Held.CYCLE, Held.DIVERGING, Held.RECURRENT, Held.UNSTABLE)
"""Words that say it all where nearly all states have this one kind of end."""


def sentences(v: Judged) -> tuple[str, ...]:
    """Return what is kept, by what, where the states end, and what is not known."""
    return tuple(text for text, _ in parts(v))


def parts(v: Judged) -> list[tuple[str, Kind]]:
    """Return each sentence, and the kind of the claims that it is made from."""
    said: list[tuple[str, Kind]] = []
    kept = v.claim(Kind.KEPT)
    order = [
        (_kept, Kind.KEPT if kept else Kind.DRIFT),
        (_decoded, Kind.DECODED),
        (_held, Kind.HELD),
        (_ending, Kind.END),
        (_not_known, Kind.END),
    ]
    if v.held not in _STAYING and not (kept and kept.numbers["value"]):
        order.insert(0, order.pop(2))
    for write, kind in order:
        if text := write(v, not said):
            said.append((_capital(text), kind))
    return said


def asked(v: Judged, claimed: str | None = None) -> str:
    """Write the question that a verdict answers, with the time and the input it is about."""
    if not v.held:
        return f"Where do the states end{_how(v, True)}?"
    over = f"over {span(v, v.duration)}{_how(v, True)}"
    if claimed in (Held.LINE, Held.RING, Held.SURFACE):
        return f"Does {NAMES[claimed]} hold the states {over}?"
    is_claimed = f" It is claimed: {NAMES[claimed]}." if claimed else ""
    return f"What holds the states {over}?{is_claimed}"


def headline(v: Judged, claimed: str | None = None) -> str:
    """Write in one sentence what is found and, last, that a word that is claimed is not true."""
    over = f" over {span(v, v.duration)}"
    found = [_held(v, True).removesuffix(_how(v, True)), _ending(v, False)]
    is_split = v.held in _OF_ONE_END and found[1]
    if (v.held in (Held.MOVING, Held.MIXTURE) or is_split) and (groups := _groups(v)):
        is_moving = claimed is None and v.held == Held.MOVING
        found = [f"in the long run, {groups}", f"nothing holds them{over}" if is_moving else ""]
    answer = "" if claimed is None or not v.held else v.is_held_by(claimed)
    over = "" if over in found[0] else over
    if answer == "unknown":
        found.append(f"whether this is {NAMES[str(claimed)]} is not known")
    elif answer == "no" and claimed in (Held.LINE, Held.RING, Held.SURFACE):
        found.append(f"no {claimed} attractor{over}")
    elif answer == "no":
        within = over.replace("over", "within")
        found.append(f"what is claimed ({NAMES[str(claimed)]}) is not true{within}")
    text = "; ".join(filter(None, found)) or _not_known(v, False)
    text = re.sub(r"^states(?= )|(?<=holds )states|(?<=hold )states", "the states", text)
    return _capital(re.sub(r"^(in the long run, )?(all|[\d.]+ %)(?= )", _of_all, text))


def further(v: Judged) -> list[str]:
    """Return the sentences that the headline does not say: what is kept, decoded, not known."""
    said = filter(None, (write(v, False) for write in (_kept, _decoded, _not_known)))
    return [_capital(text) for text in said if _capital(text) != headline(v)]


def _of_all(begins: re.Match[str]) -> str:
    """Write "all states" for "all", and "54 % of the states" for "54 %"."""
    return f"{begins[1] or ''}{'all' if begins[2] == 'all' else f'{begins[2]} of the'} states"


def _capital(text: str) -> str:
    """Write a sentence: a capital first, a full stop last, minus signs for hyphens."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", f"{text[0].upper()}{text[1:]}.")


def in_a_period(
    v: Judged, moved: float, slowed: float, order: float, labels: Sequence[dict[str, Any]]
) -> str:
    """Write what happens during a period, and what the verdict at its end says, if it is a word.

    A period that is shorter than the slowest change has no such word.
    """
    during = f"During it, the states move by {share(moved)} of the activity's extent"
    if np.isfinite(order):
        during += f" (rank correlation along their first principal component: {order:.2f})"
    if slowed >= AT.noise_slows:
        times = "over 1,000" if slowed > 1000 else f"{float(f'{slowed:.2g}'):g}"
        during += f", and at its end {times} times more slowly than at their fastest"
    told = [one for one in labels if max(one["first"], one["value"]) > one["chance"]]
    told = sorted(told, key=lambda one: one["first"] > one["chance"])  # what is new comes first
    during = "; ".join([during, *map(decoding, told[:_LISTED])])
    word = _finding(v)
    if v.held in (Held.STILL, Held.MOVING, Held.SLOW_PATH):
        word = ""
    left = _differences(v, "their differences")
    after = " and ".join(filter(None, (word, left)))
    further = f" With its input held for {span(v, v.duration)} more, {after}." if after else ""
    return re.sub(r"(?<!\w)-(?=\d)", "−", f"{during}.{further}")


def reason(v: Judged, claimed: str) -> str:
    """Return why a word is not, or only approximately, true of the states, "" where it is true."""
    answer = v.is_held_by(claimed)
    if answer == "yes":
        return ""
    if answer == "unknown":
        return _not_known(v, False) or f"{share(_undecided(v, claimed))} of the ends are not known"
    if answer == "approximately":
        moved = v.claim(Kind.MOVED)
        if moved is not None and float(moved.numbers["value"]) <= AT.still:
            return "one set holds them only if states put between them may move by 15 %, not by 5 %"
        return f"{_moved(v)}, and “yes” allows 5 %"
    if claimed in (Held.LINE, Held.RING, Held.SURFACE):
        if failed := _failed(v):
            return failed
        moved = v.claim(Kind.MOVED)
        if moved is not None and float(moved.numbers["value"]) > AT.approximately_still:
            return f"{_moved(v)}, and {NAMES[claimed]} allows 15 %"
    return _finding(v)


def numbers(v: Judged) -> list[str]:
    """Return the lines under the table: numbers, thresholds, defects."""
    lines: list[str] = []
    first = _numbers(v)
    lines += filter(None, [_moved(v), _failed(v)])
    if first.get("word") in (Held.LINE, Held.RING, Held.SURFACE):
        back = float(first["attracting"])
        lines.append(
            "the set has all dimensions of the state space, so no state could be put beside it"
            if np.isnan(back)
            else f"of states put beside this set, {share(back)} come back at least half of the way"
        )
    also = [
        NAMES[str(word["word"])]
        for word in numbers_of(v.claims, Kind.HELD)
        if not word["first"] and word["word"] != Held.SLOW_PATH
    ]
    if also:
        lines.append("also true: " + ", ".join(also))
    if v.changes:
        lines.append(f"with another threshold the word would be {v.changes}")
    if v.defects:
        lines.append(f"defect, please report it: {v.defects}")
    return lines


def span(v: Judged, time: float) -> str:
    """Write a duration in the unit of the system: "250 ms", "20 steps"."""
    return describe_duration(time, v.time_units)


def _moved(v: Judged) -> str:
    """Return how far states move once they have settled, "" where that was not compared."""
    moved = v.claim(Kind.MOVED)
    if moved is None:
        return ""
    later = f"from {span(v, v.duration)} to {span(v, 2 * v.duration)}"
    return f"{later}, 95 % of the states move by {_at_most(moved)} of their extent then"


def _at_most(moved: Claim) -> str:
    far = float(moved.numbers["value"])
    return "less than 0.1 %" if far < 0.001 else f"at most {share(far)}"


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


def _ends(v: Judged, *kinds: str) -> list[dict[str, Any]]:
    """Return the numbers of the ends of some kinds, those of most states first."""
    of = numbers_of(v.claims, Kind.END)
    return sorted((n for n in of if n["what"] in kinds), key=lambda n: -float(n["share"]))


def _how(v: Judged, is_first: bool) -> str:
    """Return from when states are followed, and the input, which the first sentence names."""
    since = f" from {v.since}" if v.since else ""
    return since + (f" with {v.input} held constant" if v.input else "") if is_first else ""


def _numbers(v: Judged) -> dict[str, Any]:
    """Return the numbers of the first word."""
    return next((word for word in numbers_of(v.claims, Kind.HELD) if word["first"]), {})


def _kept(v: Judged, is_first: bool) -> str:
    """Write how far states move over T, and what is left of their differences along the axis."""
    drift, moves = v.claim(Kind.DRIFT), ""
    if drift is not None and v.held in _STAYING:
        moves = f"95 % of the states move by {_at_most(drift)} of their extent"
    left = _differences(v, "their differences" if moves else "the states' differences")
    both = ", and ".join(filter(None, (moves, left)))
    return f"over {span(v, v.duration)}{_how(v, is_first)}, {both}" if both else ""


def _differences(v: Judged, subject: str) -> str:
    """Write what is left of differences along the axis, throughout [T/2, 2T] where they swing."""
    kept, order, spread = v.claim(Kind.KEPT), v.claim(Kind.ORDER), v.claim(Kind.SPREAD)
    if kept is None or spread is None:
        return ""
    subject, size = f"{subject} along {v.axis_name}", float(spread.numbers["value"])
    if order is None:
        return f"{subject} are not kept (spread {share(size)})"
    swings, is_kept = np.isfinite(spread.numbers["low"]), bool(kept.numbers["value"])
    if swings and v.held in _OF_ENDS:  # those of states on a curve come and go once round
        return ""
    how, left = "are kept" if is_kept else "are not kept", f"spread {share(size)}, "
    if is_kept and size >= AT.amplified and not swings:
        how, left = f"grow {size:.2g}-fold, in the same order", ""
    elif (
        not is_kept
        and size >= AT.left_to_go
        and order.numbers["value"] >= AT.ordered
        and not swings
    ):
        how, left = f"shrink to {share(size)}, in the same order", ""
    if is_kept and order.numbers["value"] < 0:
        how += ", reversed"
    if is_kept and v.held == Held.POINTS:
        how += ", but only those between the points"
    if swings:
        low, high = (f"{100 * spread.numbers[key]:.0f}" for key in ("low", "high"))
        least, most = (f"{order.numbers[key]:.2f}" for key in ("low", "high"))
        ranges = f"spread {low} to {high} %, rank correlation {least} to {most}"
        return f"{subject} {how} (T/2 to 2 T: {ranges})"
    rank = f"rank correlation {order.numbers['value']:.2f}"
    time, after = v.claim(Kind.SPREAD_TIME), ""
    if time is not None:
        value, *limits = (float(time.numbers.get(k, np.nan)) for k in ("value", "low", "high"))
        what = "time constant of forgetting" if value > 0 else "they grow e-fold in"
        ends = [span(v, abs(end)) for end in limits if np.isfinite(end)]
        about = f" ({' to '.join(ends)})" if len(set(ends)) == 2 else ""
        after = f", {what} {span(v, abs(value))}{about}"
    return f"{subject} {how} ({left}{rank}{after})"


def _decoded(v: Judged, is_first: bool) -> str:
    """Write which labels can be decoded at the beginning and at T."""
    told = list(map(decoding, numbers_of(v.claims, Kind.DECODED)))
    after = f"after {span(v, v.duration)}{_how(v, is_first)}, "
    return after + "; ".join(told) if told else ""


def result(n: dict[str, Any], key: str) -> str:
    """Write a result of a decoder: a rank correlation, or the share of right answers."""
    return f"{n[key]:.2f}" if n["as"] == "order" else f"{100 * n[key]:.0f} %"


def decoding(n: dict[str, Any]) -> str:
    """Write how well a label can be decoded at first, and later."""
    first, value, chance = (float(n[key]) for key in ("first", "value", "chance"))
    later, before, most = (result(n, key) for key in ("value", "first", "chance"))
    what = "rank correlation" if n["as"] == "order" else "accuracy"
    can = {
        (True, True): "can still be decoded",
        (True, False): "can no longer be decoded",
        (False, True): "becomes decodable",
        (False, False): "cannot be decoded",
    }[first > chance, value > chance]
    if first > value > chance and value < (first + chance) / 2:
        can = "is partly lost"
    return f"{n['label']} {can} ({what} {later}, at first {before}, by chance up to {most})"


def _held(v: Judged, is_first: bool) -> str:
    """Write what holds the states, or what they do where nothing does."""
    word, twice = _numbers(v).get("word", Held.UNKNOWN), 2 * v.duration
    finding = _finding(v, is_first)
    if not finding:
        return ""
    # What takes as long as it takes is not over T, and what is passed is passed before 2 T.
    if word == Held.GHOST:
        finding += f" within {span(v, twice)}"
    elif is_first and word not in (Held.DIVERGING, Held.UNSTABLE, Held.MIXTURE, Held.MOVING):
        finding += f" over {span(v, v.duration)}"
    if v.claim(Kind.PASSES) is not None:
        finding += f"; they pass an unstable point within {span(v, twice)}"
    return finding + _how(v, is_first)


def _finding(v: Judged, is_first: bool = False) -> str:
    """Return what holds the states: "a line attractor holds them where they are"."""
    numbers, them = _numbers(v), "states" if is_first else "they"
    held = numbers.get("word", Held.UNKNOWN)
    if held in (Held.LINE, Held.RING, Held.SURFACE):
        about = "approximately " if numbers["answer"] == "approximately" else ""
        object_ = "states" if is_first else "them"
        if numbers["pieces"] > 1:
            what = f"{count(numbers['pieces'])} {held} attractors hold {object_}"
        else:
            what = f"{NAMES[held]} holds {object_}"
        return f"{what} {about}where they are"
    at, at_last = _ends(v, What.UNSTABLE), _groups(v)
    slow = ", by no line, ring or surface" if _failed(v) else ""
    return {
        Held.UNKNOWN: "",
        Held.POINT: f"{them} come to rest at one stable point",
        Held.POINTS: f"{them} come to rest at {_places(v, numbers)}",
        Held.CYCLE: f"{them} go round {_curves(v)}",
        Held.STILL: f"{them} are held by slow motion{slow}",
        Held.GHOST: f"{them} pass a ghost (slow, away from every known fixed point)",
        Held.RECURRENT: f"{them} move within bounds and do not come to rest{_chaos(v)}",
        Held.DIVERGING: f"{them} leave for infinity",
        Held.SLOW_PATH: f"{them} keep moving along a one-dimensional set",
        Held.MIXTURE: at_last,
        Held.UNSTABLE: f"{them} come to rest at {_unstable(at)} and {_stays(v, at)}",
        Held.MOVING: f"{them} move on{at_last and f', and {_long_run(v)}{at_last}'}",
    }[Held(held)]


def _failed(v: Judged) -> str:
    """Return which condition of a continuous attractor fails where states are still, or ""."""
    numbers = _numbers(v)
    if numbers.get("word") != Held.STILL:
        return ""
    back, joined = float(numbers["attracting"]), float(numbers.get("connected", np.nan))
    if not numbers["pieces"]:
        known = f" (the largest piece has {share(joined)} of them; 95 % is asked)"
        return f"states put between them move away{known if np.isfinite(joined) else ''}"
    if back < 1 - AT.exceptions:
        return f"of states put beside them, {share(back)} come half of the way back (95 % is asked)"
    return ""


def _ending(v: Judged, is_first: bool) -> str:
    """Describe where states end, unless that is said already."""
    kinds = [numbers["what"] for numbers in numbers_of(v.claims, Kind.END)]
    at_last = _groups(v)
    is_said = v.held in (Held.MIXTURE, Held.MOVING) or (
        v.held in _OF_ONE_END and len(set(kinds)) == 1
    )
    if not at_last or is_said or (v.held == Held.POINTS and len(kinds) == _numbers(v)["places"]):
        return ""
    leave = v.held in (Held.LINE, Held.RING, Held.SURFACE, Held.STILL)
    but = "but " if leave and not _ends(v, What.CONTINUUM) else ""
    return f"{but}{_long_run(v) if v.held else ''}{at_last}{_how(v, is_first)}"


def _long_run(v: Judged) -> str:
    """Write "in the long run", and how slow a stable point is, near it, where it is beside T."""
    times = [float(one.get("slowest", np.inf)) for one in _ends(v, What.POINT)]
    slowest = max((time for time in times if time < np.inf), default=0.0)
    is_slow = slowest > -v.duration / np.log(AT.left_to_go)
    near = f" (with a time constant of {span(v, slowest)} near the end)" if is_slow else ""
    return f"in the long run{near}, "


def _groups(v: Judged) -> str:
    """Write how many states have each kind of end, those of most states first."""
    kinds = dict.fromkeys(str(numbers["what"]) for numbers in numbers_of(v.claims, Kind.END))
    groups = {what: _ends(v, what) for what in kinds if what != What.UNKNOWN}
    order = sorted(groups, key=lambda what: -sum(float(n["share"]) for n in groups[what]))
    parts = [_group(v, what, groups[what]) for what in order[:_LISTED]]
    if others := [float(one["share"]) for what in order[_LISTED:] for one in groups[what]]:
        parts.append(f"{_of_states(sum(others))} end otherwise")
    return _listed(parts)


def _not_known(v: Judged, is_first: bool) -> str:
    """Write what is not known, and what would decide it."""
    said, lost = [], _ends(v, What.UNKNOWN)
    if v.held == Held.UNKNOWN:
        said.append(
            f"what holds the states over {span(v, v.duration)} is not known, because the time "
            "limit ended before they were followed: give more (max_seconds)"
        )
    if v.held == Held.STILL and not _failed(v):
        said.append(
            "whether a continuous attractor holds them is not known, because no direction is left "
            "in which to put a state beside them"
        )
    if lost:
        part = sum(float(one["share"]) for one in lost)
        whole = "all states" if part >= 1 - 1e-9 else f"{_of_states(part)} of the states"
        grows = [float(one["grows"]) for one in lost if np.isfinite(one["grows"])]
        away = f": most of them still move away, e-fold in {span(v, grows[0])}" if grows else ""
        longer = "; a longer duration would follow them further" if v.held and not away else ""
        said.append(f"the end of {whole} is not known{away}{longer}")
    return "; ".join(said) + (_how(v, is_first) if said else "")


def is_open(v: Judged, claimed: str) -> bool:
    """Whether it is not known if a word is true that is not claimed."""
    if v.held in ("", Held.UNKNOWN):
        return True
    if claimed in (Held.LINE, Held.RING, Held.SURFACE):
        return v.held == Held.STILL and not _failed(v)
    return claimed in _OF_ENDS and _undecided(v, claimed) > AT.exceptions


def _undecided(v: Judged, claimed: str) -> float:
    """Return the share of states whose end might still be what a word says."""
    share_of = sum(float(one["share"]) for one in _ends(v, What.UNKNOWN))
    if claimed == Held.CYCLE and not _chaos(v):  # it may close later, or by finer steps
        share_of += sum(float(one["share"]) for one in _ends(v, What.BOUNDED))
    return share_of


def _group(v: Judged, what: str, of: list[dict[str, Any]]) -> str:
    """Write how many states end at a kind of end: "54 % end at one stable point"."""
    shares = [float(one["share"]) for one in of]
    whole = "all" if sum(shares) >= 1 - 1e-9 else _of_states(sum(shares))
    if what == What.POINT and len(of) == 2:
        first, second = map(_of_states, shares)
        return f"{first} end at one stable point and {second} at another"
    if what == What.POINT:
        places = "one stable point" if len(of) == 1 else f"one of {count(len(of))} stable points"
        return f"{whole} end at {places}"
    return {
        What.UNSTABLE: f"{whole} come to {_unstable(of)} and {_stays(v, of)}",
        What.CURVE: f"{whole} end on {_curves(v)}",
        What.CONTINUUM: f"{whole} come to rest at points of a continuum",
        What.BOUNDED: f"{whole} still move within bounds{_until(v, of)}{_chaos(v)}",
        What.INFINITY: f"{whole} leave for infinity",
    }[What(what)]


def _places(v: Judged, numbers: dict[str, Any]) -> str:
    """Write at how many points states rest, with the shares of a few: "two stable points (…)"."""
    places, shares = numbers.get("places", 0), [float(one["share"]) for one in _ends(v, What.POINT)]
    few = f" ({_listed([*map(_of_states, shares)])})" if places == len(shares) <= _LISTED else ""
    return f"{count(places)} stable points{few}"


def _listed(parts: Sequence[str]) -> str:
    """Write a list: "a", "a and b", "a, b, and c"."""
    *first, last = parts or [""]
    return f"{', '.join(first)}{',' * (len(first) > 1)} and {last}" if first else last


def _unstable(of: list[dict[str, Any]]) -> str:
    return f"one of {count(len(of))} unstable points" if len(of) > 1 else "an unstable point"


def _stays(v: Judged, of: list[dict[str, Any]]) -> str:
    """Write that states still are at an unstable point, or that only errors led them away."""
    if any(one.get("left") for one in of):
        return f"leave it{_until(v, of)}, where rounding errors decide"
    return f"still are there{_until(v, of)}"


def _until(v: Judged, of: list[dict[str, Any]]) -> str:
    """Write until when states were followed that may yet go elsewhere: " after 20 s"."""
    times = [float(one["until"]) for one in of if "until" in one]
    return f" after {span(v, min(times))}" if times else ""


def _curves(v: Judged) -> str:
    """Write the closed curves: "a closed curve, period 6.7 s", "two cycles of 12 steps"."""
    of = _ends(v, What.CURVE)
    if not of:
        return ""
    family, number = any(one["family"] for one in of), len(of)
    periods = [float(one["period"]) for one in of]
    alike = np.isfinite(periods).all() and np.ptp(periods) <= AT.period * max(periods)
    steps, turns = {int(one["steps"]) for one in of}, [float(one["turn"]) for one in of]
    is_one = np.isfinite(turns).all() and np.ptp(turns) <= AT.period * max(turns)
    turn = turns[0] if is_one else float("nan")
    if v.system == "map" and min(steps) > 0:
        k = (
            " or ".join(map(str, sorted(steps)))
            if len(steps) < 3
            else f"{min(steps)} to {max(steps)}"
        )
        cycle = f"{count(number)} cycles of {k} steps" if number > 1 else f"a cycle of {k} steps"
        cycle = f"cycles of {k} steps beside one another" if family else cycle
        return cycle + (f" (mean period {span(v, turn)})" if np.isfinite(turn) else "")
    what = f"{count(number)} closed curves" if number > 1 else "a closed curve"
    what = "closed curves beside one another" if family else what
    if alike:
        return f"{what} (period {span(v, periods[0])})"
    return f"{what} (mean period {span(v, turn)})" if is_one else f"{what} of several periods"


def _chaos(v: Judged) -> str:
    of = _ends(v, What.BOUNDED)
    keys = ("exponent", "exponent_error", "until")  # the last one is missing in older files
    return " (chaos)" if of and is_chaos(*(float(of[0].get(k, np.inf)) for k in keys)) else ""
