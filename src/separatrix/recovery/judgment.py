"""Whether what a verdict says of a fit is supported of the circuit, by planted controls."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._records import Record, array, setting
from .._tables import Columns, describe_duration
from ..analysis.boundaries.fractions import wilson
from ..models.circuits import MECHANISMS

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

    SUPPORTED = "controls of other mechanisms seldom agree"
    RATES = "controls of another mechanism agree too often"
    NONE_ALIKE = "no mechanism of the list can be made like the recording"
    CLAIMED_UNLIKE = "no mechanism for which this is right can be made like the recording"
    CLOSURE = "the closure is far from that of such circuits"
    NO_SUCH = "the list has no mechanism for which this is right"
    MORE = "more controls could decide"
    ALONE = "no other mechanism of the list can be made like the recording"


_NOT = (Reason.RATES, Reason.NONE_ALIKE, Reason.CLAIMED_UNLIKE, Reason.CLOSURE)
OUTCOMES = dict.fromkeys(Reason, Support.NOT_KNOWN) | dict.fromkeys(_NOT, Support.NOT_SUPPORTED)
OUTCOMES[Reason.SUPPORTED] = Support.SUPPORTED


class Judgment(Record):
    """What is said of a fit, and whether controls support it of the circuit.

    A control agrees if its fit has the same word, and if its closure lies as near to that of the
    recording as that of 90 % of the claimed mechanism's own controls. If kicks were given, the same
    is asked of the response. The rates of agreement have 95 % intervals (Wilson). "supported" means
    that the lower limit under a mechanism for which the word is right is at least 3 times the
    highest upper limit under any other. The mechanisms are those of a list, so no outcome is a
    probability.
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
    reason: str = setting("why")
    claimed: str = setting("mechanism that the word claims; empty if there is none")
    closure: float = setting("closure of the recorded units")
    response: float = setting("R² of the response to kicks; NaN if none were given")
    seen: float = setting("share of the units of the controls that is recorded")
    duration: float = setting("duration T", units="ms")
    needed: int = setting("controls of each mechanism that could decide; 0 if that is not the case")
    time_unit: float = setting("time step of the recording", units="ms", default=float("nan"))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is said of the fit, of the controls, and of the circuit."""
        return _sentences(self)

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


@dataclass(frozen=True, eq=False)
class Controls:
    """The controls of one mechanism that count: word, closure and response of each fit."""

    right: tuple[str, ...]
    word: Shaped[np.ndarray, " control"]
    closure: Float[np.ndarray, " control"]
    response: Float[np.ndarray, " control"]

    def agree(self, word: str, recorded: "Recorded", own: "Controls") -> int:
        """Count those with the word that are as near to the recording as 90 % of the own ones."""
        near = self.word == word
        for name, value in recorded.items():
            if np.isfinite(value):
                away, of_own = (np.abs(getattr(one, name) - value) for one in (self, own))
                near &= away <= np.quantile(of_own, NEAR, method="higher")
        return int(near.sum())


Recorded = Mapping[str, float]
"""The closure and the response of the recording."""


def judge(
    controls: Mapping[str, Controls],
    word: str,
    recorded: Recorded,
    *,
    seen: float,
    duration: float,
    time_unit: float,
) -> Judgment:
    """Judge a word of a fit, with the closure and the response of the recording."""
    names = np.array(list(controls))
    right = np.array([word in each.right for each in controls.values()])
    count = np.array([len(each.word) for each in controls.values()])
    claimed, agree, ratio = "", np.zeros(len(names), int), -1.0
    for name in names[right & (count > 0)]:
        each = np.array([one.agree(word, recorded, controls[name]) for one in controls.values()])
        low, high = _limits(each, count)
        others = high[~right & (count > 0)]
        found = float(low[names == name][0] / others.max()) if len(others) else np.inf
        if found > ratio:
            claimed, agree, ratio = str(name), each, found
    low, high = _limits(agree, count)
    closures = np.array([_range(each.closure) for each in controls.values()])
    reason, needed = _reason(names == claimed, right, count, agree, ratio)
    if claimed and _is_far(recorded["closure"], closures[names == claimed][0]):
        reason, needed = Reason.CLOSURE, 0
    return Judgment(
        mechanism=names,
        is_right=right,
        counted=count,
        same_word=np.array([int((each.word == word).sum()) for each in controls.values()]),
        agree=agree,
        low=low,
        high=high,
        closures=closures,
        responses=np.array([_range(each.response) for each in controls.values()]),
        word=word,
        outcome=str(OUTCOMES[reason]),
        reason=str(reason),
        claimed=claimed,
        closure=recorded["closure"],
        response=recorded["response"],
        seen=seen,
        duration=duration,
        time_unit=time_unit,
        needed=needed,
    )


def _limits(agree: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    low, high = wilson(agree / np.maximum(count, 1), np.maximum(count, 1))
    return np.where(count, low, np.nan), np.where(count, high, np.nan)


def _range(values: np.ndarray) -> tuple[float, float]:
    found = values[np.isfinite(values)]
    return (float(found.min()), float(found.max())) if len(found) else (np.nan, np.nan)


def _is_far(closure: float, own: np.ndarray) -> bool:
    """Whether a closure is farther from the claimed mechanism's than these are from one another."""
    low, high = own
    return bool(np.isfinite(closure) and not 2 * low - high <= closure <= 2 * high - low)


def _reason(
    mine: np.ndarray, right: np.ndarray, count: np.ndarray, agree: np.ndarray, ratio: float
) -> tuple[Reason, int]:
    """Return why a word is supported or not, and how many controls of each could decide."""
    others = ~right & (count > 0)
    if not count.any():
        return Reason.NONE_ALIKE, 0
    if not right.any():
        return Reason.NO_SUCH, 0
    if not mine.any():
        return Reason.CLAIMED_UNLIKE, 0
    if not others.any():
        return Reason.ALONE, 0
    if ratio >= RATIO and count[mine][0] >= LEAST:
        return Reason.SUPPORTED, 0
    share = agree / np.maximum(count, 1)
    for number in range(LEAST, MOST + 1):
        low, high = wilson(share, np.full(len(share), number))
        if low[mine][0] >= RATIO * high[others].max():
            return Reason.MORE, number
    return Reason.RATES, 0


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


def _sentences(judgment: Judgment) -> tuple[str, ...]:
    """Return what is said of the fit, of the controls, of closure, and of the circuit."""
    found = [_of_the_fit(judgment), _of_the_controls(judgment), _of_closure(judgment)]
    return (*filter(None, found), _of_the_circuit(judgment), *_of_kicks(judgment))


def claim_of(word: str) -> str:
    """Return what a word claims to hold states."""
    return _CLAIMS.get(word, f"“{word}”")


def _of_the_fit(judgment: Judgment) -> str:
    over = describe_duration(judgment.duration)
    if judgment.word in _CLAIMS:
        return f"{claim_of(judgment.word)} holds states of the fit, of all times, over {over}."
    return f"The verdict on the fit over {over}, from states of all times, is “{judgment.word}”."


def _of_the_controls(judgment: Judgment) -> str:
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


def _of_closure(judgment: Judgment) -> str:
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


def _of_the_circuit(judgment: Judgment) -> str:
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
    more = f": {judgment.needed} of each mechanism" if judgment.needed else ""
    outcome = judgment.outcome[0].upper() + judgment.outcome[1:]
    return f"{outcome}: {meant} ({judgment.reason}{more})."


def _of_kicks(judgment: Judgment) -> list[str]:
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
