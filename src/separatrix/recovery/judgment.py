"""Whether what a verdict says of a fit is supported of the circuit, by planted controls."""

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._records import Record, array, setting
from .._tables import Columns
from .._types import counted
from ..analysis.boundaries.fractions import wilson
from ..models.circuits import MECHANISMS

if TYPE_CHECKING:
    from .recovery import MechanismRecovery

RATIO = 3.0
"""By how many times the claimed mechanism's rate of agreement must exceed any other's."""
NEAR = 0.9
"""The part of the claimed mechanism's controls that lie as near to the recording as agrees."""
LEAST = 12
"""Controls of the claimed mechanism from which "supported" is possible: 12 / 3.84 is above 3."""
MOST = 500
"""Controls of a mechanism that could still be made."""


class Support(StrEnum):
    """What the controls say of a claim about the circuit."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    NOT_KNOWN = "not known"


class Reason(StrEnum):
    """Why a claim is supported, or not."""

    RATES = "rates"
    NONE_ALIKE = "no mechanism is like the recording"
    CLAIMED_UNLIKE = "the claimed mechanism is not like the recording"
    NO_SUCH = "no mechanism of the list has this word"
    MORE = "more controls could decide"
    FEW = "too few controls of the claimed mechanism"
    ALONE = "no other mechanism is like the recording"
    CLOSURE = "the closure is not that of the claimed mechanism"


class Judgment(Record):
    """What is said of a fit, and whether controls support it of the circuit.

    A control agrees if its fit has the same word, and if its closure (and its response, if kicks
    were given) lies as near to that of the recording as 90 % of the claimed mechanism's own
    controls. "supported" means that the lower limit of the rate of agreement under a mechanism for
    which the word is right is at least 3 times the highest upper limit under any mechanism for
    which it is wrong (95 % intervals of Wilson). The mechanisms are those of a list, so no outcome
    is a probability.
    """

    mechanism: Shaped[np.ndarray, " mechanism"] = array("planted mechanisms, by name")
    is_right: Bool[np.ndarray, " mechanism"] = array("whether the word is right for the mechanism")
    counted: Int[np.ndarray, " mechanism"] = array("controls that are like the recording")
    same_word: Int[np.ndarray, " mechanism"] = array("of these, those whose fit has the same word")
    agree: Int[np.ndarray, " mechanism"] = array("of these, those that agree")
    low: Float[np.ndarray, " mechanism"] = array("lower limit of the rate of agreement (Wilson)")
    high: Float[np.ndarray, " mechanism"] = array("upper limit of the rate of agreement (Wilson)")
    closures: Float[np.ndarray, "mechanism bound"] = array(
        "lowest and highest closure of the controls; NaN if there is none"
    )
    responses: Float[np.ndarray, "mechanism bound"] = array(
        "lowest and highest R² of responses to kicks; NaN if there is none"
    )
    word: str = setting("word of the verdict on the fit")
    outcome: str = setting('"supported", "not supported" or "not known"')
    reason: str = setting("why: a member of `Reason`")
    claimed: str = setting("mechanism that the word claims; empty if there is none")
    closure: float = setting("closure of the recorded units")
    response: float = setting("R² of the response to kicks; NaN if none were given")
    seen: float = setting("share of the units of the controls that is recorded")
    duration: float = setting("duration T", units="ms")
    needed: int = setting("controls of each mechanism that could decide; 0 if that is not the case")
    seeds: int = setting("controls of each mechanism that were asked for")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said of the fit, of the controls, and of the circuit."""
        from .sentences import sentences

        return sentences(self)

    def summary(self) -> str:
        return f"Judgment: {' '.join(self.sentences)}"

    def _table(self) -> Columns:
        return {
            "mechanism": self.mechanism,
            "word is": np.where(self.is_right, "right", "wrong"),
            "like the recording": self.counted,
            "same word": self.same_word,
            "agree": self.agree,
            "95 % interval": [
                interval(a, b) if n else "–"
                for a, b, n in zip(self.low, self.high, self.counted, strict=True)
            ],
        }

    def _closing(self) -> str:
        return ""


def interval(low: float, high: float) -> str:
    """Write an interval of shares."""
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def judge(
    recovery: "MechanismRecovery", word: str, closure: float, response: float
) -> Judgment:
    """Judge a word of a fit, with the closure and the response of the recording."""
    names = recovery.mechanisms
    right = np.array([word in recovery.right[name] for name in names])
    rows = {name: recovery.counted_rows(name) for name in names}
    count = np.array([len(rows[name]) for name in names])
    same = {name: np.array(recovery.word)[rows[name]] == word for name in names}
    best: tuple[float, str, dict[str, int]] | None = None
    for name in names[right & (count > 0)]:
        reach = _reach(recovery, rows[name], closure, response)
        agree = {
            other: int((same[other] & reach(rows[other])).sum()) if len(rows[other]) else 0
            for other in names
        }
        ratio = _ratio(agree, count, names, right, name)
        if best is None or ratio > best[0]:
            best = ratio, name, agree
    agree = np.zeros(len(names), int)
    if best is not None:
        agree = np.array([best[2][name] for name in names])
    low, high = _limits(agree, count)
    outcome, reason, needed = _outcome(best, names, right, count, agree)
    if best is not None and _is_far(recovery, rows[best[1]], closure):
        outcome, reason, needed = Support.NOT_SUPPORTED, Reason.CLOSURE, 0
    return Judgment(
        mechanism=names,
        is_right=right,
        counted=count,
        same_word=np.array([int(same[name].sum()) for name in names]),
        agree=agree,
        low=low,
        high=high,
        closures=np.array([_range(recovery.closure, rows[name]) for name in names]),
        responses=np.array([_range(recovery.response, rows[name]) for name in names]),
        word=word,
        outcome=str(outcome),
        reason=str(reason),
        claimed="" if best is None else str(best[1]),
        closure=closure,
        response=response,
        seen=recovery.seen,
        duration=recovery.duration,
        needed=needed,
        seeds=recovery.seeds,
    )


def _limits(agree: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = agree / np.maximum(count, 1)
    low, high = wilson(share, np.maximum(count, 1))
    return np.where(count, low, np.nan), np.where(count, high, np.nan)


def _range(values: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    found = values[rows][np.isfinite(values[rows])]
    return (float(found.min()), float(found.max())) if len(found) else (np.nan, np.nan)


def _reach(recovery: "MechanismRecovery", own: np.ndarray, closure: float, response: float):
    """Return what tells which controls are as near to the recording as 90 % of the own ones."""

    def within(rows: np.ndarray) -> np.ndarray:
        near = np.ones(len(rows), bool)
        for value, of_controls in ((closure, recovery.closure), (response, recovery.response)):
            if np.isfinite(value):
                away = np.abs(of_controls - value)
                near &= away[rows] <= np.quantile(away[own], NEAR, method="higher")
        return near

    return within


def _is_far(recovery: "MechanismRecovery", own: np.ndarray, closure: float) -> bool:
    """Whether a closure is farther from the claimed mechanism's than these are from one another."""
    low, high = _range(recovery.closure, own)
    return bool(np.isfinite(closure) and not 2 * low - high <= closure <= 2 * high - low)


def _ratio(agree: dict, count: np.ndarray, names: np.ndarray, right: np.ndarray, name: str):
    """Return the lower limit under a mechanism, divided by the highest upper one of the others."""
    low, high = _limits(np.array([agree[n] for n in names]), count)
    others = high[~right & (count > 0)]
    own = low[list(names).index(name)]
    return float(own / others.max()) if len(others) else float("inf")


def _outcome(
    best: tuple[float, str, dict[str, int]] | None,
    names: np.ndarray,
    right: np.ndarray,
    count: np.ndarray,
    agree: np.ndarray,
) -> tuple[Support, Reason, int]:
    if not count.any():
        return Support.NOT_SUPPORTED, Reason.NONE_ALIKE, 0
    if not right.any():
        return Support.NOT_KNOWN, Reason.NO_SUCH, 0
    if best is None:
        return Support.NOT_SUPPORTED, Reason.CLAIMED_UNLIKE, 0
    mine = list(names).index(best[1])
    others = ~right & (count > 0)
    if not others.any():
        return Support.NOT_KNOWN, Reason.ALONE, 0
    if best[0] >= RATIO and count[mine] >= LEAST:
        return Support.SUPPORTED, Reason.RATES, 0
    share = agree / np.maximum(count, 1)
    for number in range(LEAST, MOST + 1):
        low = wilson(share[mine : mine + 1], np.array([number]))[0][0]
        high = wilson(share[others], np.full(others.sum(), number))[1].max()
        if low >= RATIO * high:
            reason = Reason.FEW if number <= LEAST else Reason.MORE
            return Support.NOT_KNOWN, reason, max(number, LEAST)
    return Support.NOT_SUPPORTED, Reason.RATES, 0
