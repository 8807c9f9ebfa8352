"""The points of a search and the outcome of each candidate: one immutable table of arrays.

Every stage of `find_fixed_points` takes a table and returns a new one. What it holds are numbers
and enumerations; `fixed_points/words.py` makes the sentences of them that users read.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..solvers.endings import Ending
from ..solvers.iterate import replaced

Labels = Int[np.ndarray, " label"]

UNTRIED = 2
"""The index of a point for which no proof was tried."""


class Evidence(IntEnum):
    """Proof about a point (1 to 9), or why there is none (from 10 on)."""

    UNTRIED = 0
    UNIQUE = 1  # it exists, and is alone within the radius
    EXISTS = 2
    EXHAUSTION = 4  # the same as UNIQUE, by an exhaustive search
    ABSENCE = 5  # of a fixed point near a slow one
    REFUSED = 10  # for the reason in `details`
    CONTINUUM = 11


@dataclass(frozen=True, eq=False)
class PointTable:
    """Points, and which of them each candidate reached.

    Attributes
    ----------
    states (point, unit), fixed (point,)
        The points, and which of them are fixed; the others are slow.
    errors (point,)
        Distance to the exact point: proved, or else as estimated; infinite in a continuum, NaN of a
        slow point.
    radii (point,)
        Distance within which no other fixed point is proved to lie; 0 where nothing is proved.
    evidence (point,), details (point,)
        The `Evidence`, and the words of the prover that refused.
    singular_values (point, 4)
        Of a degenerate zero, the largest and the three smallest singular values, −1 where there are
        none.
    indices (point,), obstacles (point,)
        sign det(−Dv) of the velocity v, 0 where it is not proved, for the reason in `obstacles`;
        `UNTRIED` before that.
    reached (candidate,), outcomes (candidate,), numbers (candidate,)
        The point that each candidate reached, −1 for none, its `Ending`, and the number of that.
    clipped (candidate,)
        Whether it was followed from the nearest state of the system's domain.
    contradiction
        What shows that the residual has other zeros than the speed; empty where nothing does.
    """

    states: Float[np.ndarray, "point unit"]
    fixed: Bool[np.ndarray, " point"]
    errors: Float[np.ndarray, " point"]
    radii: Float[np.ndarray, " point"]
    evidence: Int[np.ndarray, " point"]
    details: Shaped[np.ndarray, " point"]
    singular_values: Float[np.ndarray, "point 4"]
    indices: Int[np.ndarray, " point"]
    obstacles: Shaped[np.ndarray, " point"]
    reached: Int[np.ndarray, " candidate"]
    outcomes: Int[np.ndarray, " candidate"]
    numbers: Float[np.ndarray, " candidate"]
    clipped: Bool[np.ndarray, " candidate"]
    contradiction: str = ""

    @classmethod
    def empty(cls, candidates: int, size: int) -> "PointTable":
        """Return a search among states of `size` units that has found nothing yet."""
        return cls(
            states=np.zeros((0, size)),
            fixed=np.zeros(0, bool),
            errors=np.zeros(0),
            radii=np.zeros(0),
            evidence=np.zeros(0, int),
            details=np.zeros(0, object),
            singular_values=np.zeros((0, 4)),
            indices=np.zeros(0, int),
            obstacles=np.zeros(0, object),
            reached=np.full(candidates, -1),
            outcomes=np.full(candidates, Ending.NOT_FOLLOWED),
            numbers=np.zeros(candidates),
            clipped=np.zeros(candidates, bool),
        )

    def __len__(self) -> int:
        return len(self.states)

    @property
    def untried(self) -> Bool[np.ndarray, " point"]:
        """Of which points no proof was tried."""
        return self.evidence == Evidence.UNTRIED

    @property
    def proved(self) -> Bool[np.ndarray, " point"]:
        """Which points are proved: fixed ones to exist, slow ones not to be fixed."""
        return ~self.untried & (self.evidence < Evidence.REFUSED)

    @property
    def hits(self) -> Int[np.ndarray, " point"]:
        """How many candidates reached each point."""
        return np.bincount(self.reached[self.reached >= 0], minlength=len(self))

    @property
    def proved_errors(self) -> Float[np.ndarray, " point"]:
        """The proved error bounds, 0 where there is none."""
        return np.where(self.proved, self.errors, 0.0)

    def with_points(
        self,
        states: Float[np.ndarray, "new unit"],
        fixed: bool,
        errors: Float[np.ndarray, " new"] | float = np.nan,
        **columns: np.ndarray,
    ) -> "PointTable":
        """Append points, of which no candidate is known to lead there; `columns` by name."""
        count = len(states)
        new = {
            "states": states,
            "fixed": np.full(count, fixed),
            "errors": np.broadcast_to(np.asarray(errors, float), count),
            "radii": np.zeros(count),
            "evidence": np.full(count, Evidence.UNTRIED),
            "details": np.full(count, "", object),
            "singular_values": np.full((count, 4), -1.0),
            "indices": np.full(count, UNTRIED),
            "obstacles": np.full(count, "", object),
        }
        return self._appended(new | columns)

    def with_rows(self, other: "PointTable", labels: Labels) -> "PointTable":
        """Append points of another search, with what is proved of them."""
        return self._appended({name: getattr(other, name)[labels] for name in _OF_POINTS})

    def joined(self, other: "PointTable", rows: Labels) -> "PointTable":
        """Take over another search among some of the candidates, and its points."""
        moved = np.where(other.reached < 0, -1, other.reached + len(self))
        table = self.with_rows(other, np.arange(len(other)))
        table = table.with_values(
            rows, reached=moved, outcomes=other.outcomes, numbers=other.numbers,
            clipped=other.clipped,
        )  # fmt: skip
        return replace(table, contradiction=self.contradiction or other.contradiction)

    def with_values(self, rows: Any, **columns: Any) -> "PointTable":
        """Return a copy in which some points, or candidates, have these values, by column."""
        changed = {name: replaced(getattr(self, name), rows, new) for name, new in columns.items()}
        return replace(self, **changed)

    def select(self, which: Bool[np.ndarray, " point"]) -> "PointTable":
        """Keep some of the points; the candidates of the others reached none."""
        new = np.append(np.where(which, np.cumsum(which) - 1, -1), -1)
        kept = {name: getattr(self, name)[which] for name in _OF_POINTS}
        return replace(self, **kept, reached=new[self.reached])

    def without(
        self,
        which: Bool[np.ndarray, " point"],
        outcome: Ending,
        numbers: Float[np.ndarray, " point"] | float = 0.0,
    ) -> "PointTable":
        """Take points out, and reject their candidates."""
        numbers = np.broadcast_to(numbers, len(self))
        rows = np.flatnonzero(np.append(which, False)[self.reached])
        rejected = self.with_values(rows, outcomes=outcome, numbers=numbers[self.reached[rows]])
        return rejected.select(~which)

    def merged(self, into: Int[np.ndarray, " point"]) -> "PointTable":
        """Let points be others, `into` (itself for one that stays), which take their candidates."""
        moved = replace(self, reached=np.append(into, -1)[self.reached])
        return moved.select(into == np.arange(len(self)))

    def _appended(self, new: dict[str, np.ndarray]) -> "PointTable":
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), new[name]]) for name in _OF_POINTS
        }
        return replace(self, **columns)


_OF_POINTS = (
    *("states", "fixed", "errors", "radii", "evidence", "details"),
    *("singular_values", "indices", "obstacles"),
)


def ends_of(singular_values: Float[np.ndarray, "point value"]) -> Float[np.ndarray, "point 4"]:
    """Return the largest and the three smallest singular values, −1 where there are none."""
    least = singular_values[:, -3:]
    ends = np.full((len(singular_values), 4), -1.0)
    if singular_values.shape[1]:
        ends[:, 0], ends[:, 4 - least.shape[1] :] = singular_values[:, 0], least
    return ends
