"""The verdict on what holds the states of a system: its claims, and the numbers of its figure."""

from typing import Annotated

import numpy as np
from jaxtyping import Float, Int, Shaped

from ..._checked import Named, checked
from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array
from . import sentences
from .claims import Claim, Held, Kind, from_json, numbers_of

HeldName = Annotated[str, Named(tuple(str(held) for held in Held if held != Held.UNKNOWN))]


def units_of(kind: str, time_unit: float) -> str:
    """Return what times of a system are counted in: ms, or steps or tau where these are 1."""
    if time_unit != 1:
        return "ms"
    return "steps" if kind == "map" else "τ"


class Verdict(Record):
    r"""Claims about what holds the states of a system over a duration T, and where the states end.

    A verdict says nothing beyond its `claims`. Each claim has a kind, numbers, a tolerance, and how
    it is known. The sentences (`sentences`, `summary()`), the printed table and
    `sx.figures.verdict` are made from these claims. `held` is the first of these words that is true
    of the states: "cycle", "point", "points", "line", "ring", "surface", "still", "ghost",
    "recurrent", "diverging", "slow path", "mixture", "unstable point", "moving" or "unknown". The
    page docs/reference/verdict.md says what each word means, with its thresholds.
    """

    ends: Shaped[np.ndarray, " end"] = array(
        'what each end is, in words, such as "stable point"; an end is what states finally reach; '
        "its key is `what` in the numbers of its claim"
    )
    shares: Float[Array, " end"] = array("share of the followed states that reach the end")
    low: Float[Array, " end"] = array(
        "lower end of the 95 % interval of the share (Wilson), if all states whose end is unknown "
        "end elsewhere"
    )
    high: Float[Array, " end"] = array(
        "upper end of the 95 % interval of the share (Wilson), if all states whose end is unknown "
        "end here"
    )
    known: Shaped[np.ndarray, " end"] = array(
        'how the end is known: "proved", "solved" or "watched"; unknown ends have "watched", too'
    )
    detail: Shaped[np.ndarray, " end"] = array(
        "details of the end in words: its time constant, period or exponent; else empty"
    )
    end_states: Float[Array, "end unit"] = array("a state of each end; NaN if there is none")
    times: Float[Array, " time"] = array(
        "time since the system was started from the given states", units="ms"
    )
    spread: Float[Array, " time"] = array(
        "standard deviation of the states along the axis, relative to its value at the beginning; "
        "NaN if no axis was given"
    )
    order: Float[Array, " time"] = array(
        "rank correlation between the states' positions along the axis at this time and at the "
        "beginning"
    )
    distance: Float[Array, " time"] = array(
        "the distance of 95 % of the states from where they were at T is at most this fraction "
        "of `extent`"
    )
    states: Float[Array, "state unit"] = array("states that were followed, as given")
    axis: Float[Array, " unit"] = array("axis that was given; NaN if there is none")
    followed: Int[Array, " state"] = array("rows of the followed states among the given states")
    settled: Float[Array, "state unit"] = array(
        "settled states: where the followed states were at T; without a duration, `states`"
    )
    ended: Int[Array, " state"] = array("row of the end that each followed state reached")
    drawn: Float[Array, "state axis"] = array(
        "settled states along two principal components of the settled states, ends and curves"
    )
    end_drawn: Float[Array, "end axis"] = array(
        "ends along the same two components; NaN if an end has no state"
    )
    curve_drawn: Float[Array, "place axis"] = array(
        "closed curves along the same two components; NaN between two curves"
    )
    held: str = setting(
        "what holds the states over the duration T; empty if no duration was given", default=""
    )
    answer: str = setting(
        "whether a continuous attractor holds the states: "
        '"yes", "approximately", "no" or "unknown"',
        default="",
    )
    duration: float = setting("the duration T that was given", units="ms", default=float("nan"))
    extent: float = setting("largest distance between two settled states", default=float("nan"))
    speed: float = setting(
        "median of the distance that a state moves per step of a map, or per tau of a flow, "
        "over all states and the time from T to 2 T; NaN if the states were not followed that "
        "long",
        default=float("nan"),
    )
    axis_name: str = setting("what the axis stands for", default="")
    input: str = setting("input that is held constant; empty if there is none", default="")
    since: str = setting("from when states are followed; empty if that is not known", default="")
    system: str = setting('"map" or "flow"', default="map")
    time_unit: float = setting("dt of a map, tau of a flow", units="ms", default=1.0)
    changes: str = setting(
        "other words or answers that the verdict would have with halved or doubled thresholds; "
        "empty if there are none",
        default="",
    )
    defects: str = setting("claims that contradict a proof and are therefore not made", default="")
    claims_text: str = setting("the claims, as JSON", default="[]")

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims of the verdict."""
        return from_json(self.claims_text)

    @checked
    def claim(self, kind: Annotated[str, Named(tuple(map(str, Kind)))]) -> Claim | None:
        """Return the first claim of a kind, or None if there is no such claim.

        Raises InvalidInputError for an unknown kind.
        """
        return next((claim for claim in self.claims if claim.kind == kind), None)

    @checked
    def is_held_by(self, claimed: HeldName) -> str:
        """Return whether a word is true of the states: "yes", "approximately", "no" or "unknown".

        The word `claimed` is one of those that `held` can be, such as "line", except "unknown".
        Several words may be true of the same states, and `held` is only the first of them. So the
        answer may also be "yes" for a word other than `held`. It is "unknown" if `held` is
        "unknown" or empty, or if the word says where states end and the ends of more than 5 % may
        still be what it says. `why` gives the reason. Raises InvalidInputError if `claimed` is not
        such a word.
        """
        answers = {word["word"]: word["answer"] for word in numbers_of(self.claims, Kind.HELD)}
        if claimed in answers:
            return "approximately" if answers[claimed] == "approximately" else "yes"
        return "unknown" if sentences.is_open(self, claimed) else "no"

    def why(self, claimed: str) -> str:
        """Return the number that decides the answer of `is_held_by`, in words; "" for "yes".

        For "approximately", it says which number misses by how much. For "no", it says which
        condition fails, or what is true instead. For "unknown", it says what is not known. Raises
        InvalidInputError if `claimed` is not one of the words.
        """
        return sentences.reason(self, claimed)

    @property
    def keeps_differences(self) -> bool | None:
        """Whether states keep their spread and order along the axis for the duration T.

        They keep them if both numbers are at least one half at the time T: the spread relative to
        its value at the beginning, and the absolute rank correlation with the first positions. If
        the states end on closed curves or in bounded recurrent motion, this must hold at all times
        from T/2 to 2 T, and the rank correlation must not change its sign. The value is None if the
        spread was not measured, such as without an axis.
        """
        kept = self.claim(Kind.KEPT)
        return None if kept is None else bool(kept.numbers["value"])

    @property
    def time_units(self) -> str:
        """The unit in which times are given."""
        return units_of(self.system, self.time_unit)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The claims in a few sentences.

        They say what is kept over the duration (how far the states move, their differences along
        the axis, their labels), what holds the states, where they end, and what is not known.
        """
        return sentences.sentences(self)

    def summary(self) -> str:
        return f"Verdict: {' '.join(self.sentences)}"

    def _table(self) -> Columns:
        interval = [
            f"{100 * a:.0f} to {100 * b:.0f} %" for a, b in zip(self.low, self.high, strict=True)
        ]
        return {
            "end": self.ends,
            "share": [sentences.share(float(share)) for share in self.shares],
            "95 % interval": interval,
            "known": self.known,
            "": self.detail,
        }

    def _closing(self) -> str:
        return "\n".join(sentences.numbers(self))
