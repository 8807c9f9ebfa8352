"""A judgment in sentences."""

from typing import TYPE_CHECKING

import numpy as np

from .._tables import describe_duration
from ..models.circuits import MECHANISMS
from .judgment import RATIO, Reason, Support, interval

if TYPE_CHECKING:
    from .judgment import Judgment

_CLAIMS = {
    "cycle": "A cycle",
    "point": "One stable point",
    "points": "Several stable points",
    "line": "A line attractor",
    "ring": "A ring attractor",
    "surface": "A continuous attractor of two or more dimensions",
    "still": "Slow motion",
    "ghost": "A ghost",
    "recurrent": "Recurrent motion",
    "slow path": "A slow path",
    "moving": "Nothing",
}
"""The subject of "… holds states", by the word of a verdict."""


def sentences(judgment: "Judgment") -> tuple[str, ...]:
    """Return what is said of the fit, of the controls, of closure, and of the circuit."""
    found = [_of_the_fit(judgment), _of_the_controls(judgment), _of_closure(judgment)]
    return (*filter(None, found), _of_the_circuit(judgment), *_of_kicks(judgment))


def claim_of(word: str) -> str:
    """Return what a word claims to hold states."""
    return _CLAIMS.get(word, f"“{word}”")


def _of_the_fit(judgment: "Judgment") -> str:
    over = describe_duration(judgment.duration)
    if judgment.word in _CLAIMS:
        return f"{claim_of(judgment.word)} holds states of the fit over {over}."
    return f"The verdict on the fit over {over} is “{judgment.word}”."


def _of_the_controls(judgment: "Judgment") -> str:
    alike = judgment.counted > 0
    if not alike.any():
        return "No planted circuit could be made like the recording."
    parts = []
    for k in np.flatnonzero(alike):
        of = f"{judgment.mechanism[k]} {judgment.agree[k]} of {judgment.counted[k]}"
        parts.append(f"{of} ({interval(judgment.low[k], judgment.high[k])})")
    text = (
        "Of planted circuits that are like the recording, seen through this way of fitting at "
        f"{100 * judgment.seen:.3g} % of the units, so many agree: {', '.join(parts)}."
    )
    unlike = list(judgment.mechanism[~alike])
    if unlike:
        text += f" Not like the recording: {', '.join(unlike)}."
    return text


def _percent(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")


def _of_closure(judgment: "Judgment") -> str:
    if not np.isfinite(judgment.closure):
        return ""
    near, claimed = [], ""
    for name, (low, high) in zip(judgment.mechanism, judgment.closures, strict=True):
        if np.isnan(low):
            continue
        if low <= judgment.closure <= high:
            near.append(name)
        if name == judgment.claimed:
            claimed = f"; that of {name}: {_percent(low)} to {_percent(high)} %"
    within = f"within that of {', '.join(near)}" if near else "outside that of every mechanism"
    return f"Closure of the recorded units: {_percent(judgment.closure)} %, {within}{claimed}."


def _of_the_circuit(judgment: "Judgment") -> str:
    what = claim_of(judgment.word)
    what = f"{what[0].lower()}{what[1:]}"
    name = judgment.claimed
    meant = f"{what} in the circuit" if judgment.word != "moving" else "that nothing is held there"
    if judgment.outcome == Support.SUPPORTED:
        described = MECHANISMS[name].words if name in MECHANISMS else name
        return (
            f"Supported, among the mechanisms of this list: {meant}, as in circuits with "
            f"{described}."
        )
    why = {
        Reason.RATES: f"the rate of agreement is not {RATIO:g} times that of every other mechanism",
        Reason.NONE_ALIKE: "no mechanism of the list can be made like the recording",
        Reason.CLAIMED_UNLIKE: "no circuit for which this is right is like the recording",
        Reason.NO_SUCH: "the list has no mechanism for which this is right",
        Reason.FEW: f"at least {judgment.needed} controls that are like the recording are needed",
        Reason.MORE: f"{judgment.needed} controls of each mechanism could decide",
        Reason.ALONE: "no other mechanism of the list is like the recording",
        Reason.CLOSURE: "the closure is far from that of such circuits",
    }[Reason(judgment.reason)]
    outcome = judgment.outcome[0].upper() + judgment.outcome[1:]
    return f"{outcome}: {meant} ({why})."


def _of_kicks(judgment: "Judgment") -> list[str]:
    """Say which kicks would decide, if the responses of the claimed and others lie apart."""
    if judgment.outcome == Support.SUPPORTED or np.isfinite(judgment.response):
        return []
    names = list(judgment.mechanism)
    if judgment.claimed not in names:
        return []
    low, high = judgment.responses[names.index(judgment.claimed)]
    rivals = []
    for k in np.flatnonzero(~judgment.is_right & (judgment.agree > 0)):
        a, b = judgment.responses[k]
        if not (b < low or a > high):
            return []
        rivals.append(f"{names[k]} {_between(a, b)}")
    if not rivals:
        return []
    told = f"{judgment.claimed} {_between(low, high)}, {', '.join(rivals)}"
    return [f"Kicks of the recorded units would decide (R² of the response: {told})."]


def _between(low: float, high: float) -> str:
    return f"{low:.2g} to {high:.2g}".replace("-", "−")
