"""The verdict on what holds the states of a system: its claims, and the numbers of its figure."""

import numpy as np
from jaxtyping import Float, Int, Shaped

from ..._records import Record, array, setting
from ..._tables import Columns
from ..._types import Array, InvalidInputError
from . import sentences
from .claims import Claim, Held, Kind, from_json


def units_of(kind: str, time_unit: float) -> str:
    """Return what times of a system are counted in: ms, or steps or tau where these are 1."""
    if time_unit != 1:
        return "ms"
    return "steps" if kind == "map" else "τ"


class Verdict(Record):
    r"""Claims about what holds the states of a system over a duration T, and where the states end.

    It says nothing beyond its `claims`. Each claim has a kind, numbers, a tolerance, and how it is
    known. The sentences (`sentences`, `summary()`), the printed table and `sx.figures.verdict` are
    made from these claims. `held` is the first of these words that is true of the states: "cycle",
    "point", "points", "line", "ring", "surface", "still", "ghost", "recurrent", "diverging", "slow
    path", "mixture", "unstable point", "moving" or "unknown". The page docs/reference/verdict.md
    says what each word means, with its thresholds.
    """

    ends: Shaped[np.ndarray, " end"] = array("where states end: what it is, in words")
    shares: Float[Array, " end"] = array("of the states that are followed")
    low: Float[Array, " end"] = array(
        "lower end of the 95 % interval of the share (Wilson), were all that is not known elsewhere"
    )
    high: Float[Array, " end"] = array("upper end of it, were all that is not known here")
    known: Shaped[np.ndarray, " end"] = array('"proved", "solved" or "watched"; "" of unknown ends')
    detail: Shaped[np.ndarray, " end"] = array("periods, exponents, time constants of growth")
    end_states: Float[Array, "end unit"] = array("a state of each end; NaN where there is none")
    times: Float[Array, " time"] = array("since the states were left alone", units="ms")
    spread: Float[Array, " time"] = array(
        "standard deviation of the states along the axis, as a part of that at the beginning; "
        "NaN: no axis was given"
    )
    order: Float[Array, " time"] = array("rank correlation of the positions with the first ones")
    distance: Float[Array, " time"] = array(
        "from where a state is at T, as a part of the extent: the 95 % quantile over the states"
    )
    states: Float[Array, "state unit"] = array("the states that were followed, as given")
    axis: Float[Array, " unit"] = array("that was given; NaN: none")
    followed: Int[Array, " state"] = array("their rows among those that were given")
    settled: Float[Array, "state unit"] = array("where they were at T")
    ended: Int[Array, " state"] = array("row of the end of each")
    drawn: Float[Array, "state axis"] = array(
        "where they were at T, along two principal components of these states and the ends"
    )
    end_drawn: Float[Array, "end axis"] = array("the ends along the same; NaN: there is no state")
    curve_drawn: Float[Array, "place axis"] = array("closed curves along the same; NaN between two")
    held: str = setting("what holds the states over T; empty without a duration", default="")
    answer: str = setting(
        'whether that is a continuous attractor: "yes", "approximately", "no" or "unknown"',
        default="",
    )
    duration: float = setting("T", units="ms", default=float("nan"))
    extent: float = setting("largest distance between two settled states", default=float("nan"))
    speed: float = setting(
        "median of the distance per step, or per tau, over states and second T; NaN: not watched",
        default=float("nan"),
    )
    axis_name: str = setting("what the axis is", default="")
    input: str = setting("the input that is held constant; empty: none", default="")
    system: str = setting('"map" or "flow"', default="map")
    time_unit: float = setting("dt of a map, tau of a flow", units="ms", default=1.0)
    changes: str = setting(
        "words that come first with thresholds that are halved or doubled; empty: none",
        default="",
    )
    defects: str = setting("claims that contradict a proof, and are not made", default="")
    claims_text: str = setting("the claims, as JSON", default="[]")

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims of the verdict."""
        return from_json(self.claims_text)

    def claim(self, kind: str) -> Claim | None:
        """Return the first claim of a kind, or None if there is no such claim.

        Raises InvalidInputError for an unknown kind.
        """
        if kind not in [str(k) for k in Kind]:
            raise InvalidInputError(f"expected one of {', '.join(Kind)}, got {kind!r}.")
        return next((claim for claim in self.claims if claim.kind == kind), None)

    def is_held_by(self, claimed: str) -> str:
        """Return whether states are held as claimed: yes, approximately, no or unknown.

        `claimed` is one of the values of `held`, such as "line". A word that is true of the states
        counts even if it is not the first one. Raises InvalidInputError for any other word.
        """
        valid = [str(held) for held in Held if held != Held.UNKNOWN]
        if claimed not in valid:
            raise InvalidInputError(f"expected one of {', '.join(valid)}, got {claimed!r}.")
        if self.held in ("", Held.UNKNOWN, Held.STILL):
            return "yes" if self.held == claimed else "unknown"
        for claim in self.claims:
            if claim.kind == Kind.HELD and claim.numbers["word"] == claimed:
                return "approximately" if claim.numbers["answer"] == "approximately" else "yes"
        return "no"

    @property
    def keeps_differences(self) -> bool | None:
        """Whether the states keep spread and order along the axis over T; None without an axis."""
        kept = self.claim(Kind.KEPT)
        return None if kept is None else bool(kept.numbers["value"])

    @property
    def time_units(self) -> str:
        """The unit in which times are given."""
        return units_of(self.system, self.time_unit)

    @property
    def sentences(self) -> tuple[str, ...]:
        """At most three sentences: what holds the states, where they end, what an axis keeps."""
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
