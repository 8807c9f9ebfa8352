"""The verdict on what holds the states of a system, its evidence, and its English."""

import numpy as np
from jaxtyping import Float, Shaped

from ..._records import Record, array, setting
from ..._types import Array, InvalidInputError
from .words import sentence

HELD = (
    "line",
    "ring",
    "surface",
    "points",
    "point",
    "ghost",
    "slow path",
    "cycle",
    "moving",
    "unknown",
)


class Verdict(Record):
    r"""What holds the states of a system over a duration, and how well.

    `held` is

    * "line", "ring", "surface": a continuous attractor, on which states stay where they are and
      keep their distances; `still` says how far they move;
    * "points": isolated states of rest, `places` of them, at which states come together; "point":
      one, at which they all do;
    * "ghost": a place without a fixed point, where states come together, slow down, and leave;
    * "slow path": a curve along which states move, apart from one another or together;
    * "cycle": states come back to where they were after every `period`;
    * "moving": anything else that does not rest;
    * "unknown", with the reason in `doubt`.

    `spread` says whether differences between states are kept along the axis that was given, moving
    or not; `order` whether their order is.
    """

    times: Float[Array, " time"] = array("since the states were left alone", units="ms")
    spread: Float[Array, " time"] = array(
        "standard deviation of the states along the axis, as a part of that at the beginning; "
        "NaN: no axis was given"
    )
    moved: Float[Array, " time"] = array(
        "median distance from where states had settled, as a part of the extent; NaN: not settled"
    )
    direction: Float[Array, " unit"] = array(
        "unit vector along which the settled states extend most"
    )
    checks: Shaped[np.ndarray, " check"] = array("analyses that the verdict was compared with")
    agreement: Shaped[np.ndarray, " check"] = array('"agrees", "disagrees" or "does not tell"')
    held: str = setting("what holds the states")
    answer: str = setting(
        'whether that is a continuous attractor: "yes", "approximately", "no" or "unknown"'
    )
    doubt: str = setting("why it is unknown; empty where it is known", default="")
    duration: float = setting("over which states are to be held", units="ms", default=0.0)
    extent: float = setting("largest distance between two settled states", default=float("nan"))
    still: float = setting(
        "largest median distance moved in a duration, as a part of the extent",
        default=float("nan"),
    )
    growth: float = setting(
        "size of the set after a duration, as a part of that before", default=float("nan")
    )
    holds_for: float = setting(
        "how long the set stays within the bound of `approximately`, at most the duration",
        units="ms",
        default=float("nan"),
    )
    kept: float = setting(
        "median of what is left of the distance between neighbors after a duration",
        default=float("nan"),
    )
    places: int = setting("at which states come together; 0: they do not", default=0)
    period: float = setting("of a cycle; NaN: none", units="ms", default=float("nan"))
    gap: float = setting(
        "median ratio of the time constants along and across the set; NaN: not known",
        default=float("nan"),
    )
    spread_kept: float = setting(
        "spread along the axis that is left after the duration; NaN: no axis", default=float("nan")
    )
    spread_time: float = setting(
        "time constant of its decay; negative: it grows; NaN: no axis",
        units="ms",
        default=float("nan"),
    )
    axis_name: str = setting("what the axis is", default="the axis")
    order: float = setting(
        "rank correlation of positions along the axis before and after; NaN: no axis",
        default=float("nan"),
    )

    def is_held_by(self, claimed: str) -> str:
        """Return whether states are held as claimed: yes, approximately, no or unknown.

        `claimed` is one of the values of `held`, such as "line". Raises InvalidInputError for any
        other.
        """
        if claimed not in HELD[:-1]:
            raise InvalidInputError(f"expected one of {', '.join(HELD[:-1])}, got {claimed!r}.")
        if self.held == "unknown":
            return "unknown"
        if self.held != claimed:
            return "no"
        return "approximately" if self.answer == "approximately" else "yes"

    @property
    def keeps_differences(self) -> bool:
        """Whether at least half of the spread along the axis is left, and the order is kept."""
        return self.spread_kept >= 0.5 and abs(self.order) >= 0.5

    @property
    def disagreeing(self) -> tuple[str, ...]:
        """The analyses that say something else."""
        return tuple(map(str, np.asarray(self.checks)[np.asarray(self.agreement) == "disagrees"]))

    def summary(self) -> str:
        return f"Verdict: {sentence(self)}"
