"""A verdict in English."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .answer import Verdict

NAMES = {
    "line": "a line attractor",
    "ring": "a ring attractor",
    "surface": "a surface attractor",
    "points": "discrete attractors",
    "point": "one stable state",
    "ghost": "a ghost",
    "slow path": "a slow path",
    "cycle": "a cycle",
    "moving": "states that keep moving",
}

DOUBTS = {
    "few states": "fewer than three states stayed finite",
    "mixed": "some states keep their distances and others meet",
    "a proof": "the states rest where it is proved that no fixed point is, or pass a proved one",
}


def sentence(verdict: "Verdict") -> str:
    """Say what holds the states, how well, and what disagrees."""
    over = f"over {span(verdict.duration)}, {finding(verdict)}."
    return over + differences(verdict) + disagreements(verdict)


def span(time: float) -> str:
    """Write a duration of so many ms: "250 ms", "12.3 s"."""
    return f"{time:.0f} ms" if time < 9999.5 else f"{time / 1000:.3g} s"


def _share(part: float) -> str:
    """Write a part of something: "1.2 % of", "3.4 times"."""
    if part >= 1.5:
        return f"{part:.1f} times"
    return f"{100 * part:.2g} % of" if part >= 0.001 else "less than 0.1 % of"


def finding(v: "Verdict") -> str:
    """Say what holds the states, and how well: "a line attractor: states move by …"."""
    what = NAMES.get(v.held, v.held)
    if v.held == "unknown":
        return f"unknown, because {DOUBTS[v.doubt]}"
    if v.held in ("line", "ring", "surface"):
        about = "approximately " if v.answer == "approximately" else ""
        part = {"line": "its length", "ring": "its diameter"}.get(v.held, "its extent")
        gap = (
            ""
            if np.isnan(v.gap)
            else f", and come back to it {float(f'{v.gap:.2g}'):g} times faster"
        )
        return f"{about}{what}: states move by {_share(v.still)} {part}{_resized(v)}{gap}"
    if v.held == "points":
        return f"{what}: states come to rest at {v.places} places"
    if v.held == "point":
        return f"{what}: most states come to rest there"
    if v.held == "ghost":
        return f"{what}: states come together, slow down, and leave"
    if v.held == "cycle":
        return f"{what}: states come back to near where they were, again and again"
    moved = f"states move by {_share(v.still)} their extent{_resized(v)}"
    if v.held == "slow path":
        return f"{what}, not an attractor: {moved}"
    return f"{what}: {moved}, and do not come back"


def _resized(v: "Verdict") -> str:
    """Say how the size of the set changes, where it does by more than 2 %."""
    if not abs(v.growth - 1) > 0.02:
        return ""
    if v.growth > 1.5:
        return f", which grows to {v.growth:.1f} times its size"
    verb = "grows" if v.growth > 1 else "shrinks"
    return f", which {verb} by {100 * abs(v.growth - 1):.2g} %"


def differences(v: "Verdict") -> str:
    """Say whether differences between states are kept along the axis; empty without one."""
    if np.isnan(v.spread_kept):
        return ""
    share = f"{100 * v.spread_kept:.0f} %"
    how = "are kept"
    if not 0.95 <= v.spread_kept <= 1.05:
        verb = "grow to" if v.spread_kept > 1 else "shrink to"
        how = f"{verb} {share}"
    if abs(v.order) < 0.9:
        how += f", not in the same order (rank correlation {v.order:.2f})"
    elif v.order < 0:
        how += ", in the opposite order"
    return f" Differences between states along {v.axis_name} {how}{_so(v)}."


def _so(v: "Verdict") -> str:
    """Say what that means where states move."""
    if v.held in ("line", "ring", "surface", "points", "point", "unknown"):
        return ""
    if v.keeps_differences:
        return ": what distinguishes them is kept on a moving path"
    return ": what distinguishes them is forgotten"


def disagreements(v: "Verdict") -> str:
    """Name the analyses that say something else; empty where none does."""
    names = v.disagreeing
    verb = "says" if len(names) == 1 else "say"
    return f" But {' and '.join(names)} {verb} otherwise." if names else ""
