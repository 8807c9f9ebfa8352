"""The answer of a search for fixed points, with its evidence."""

from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._records import Record, array, setting
from ..._types import Array, InvalidInputError

Text = np.ndarray


class FixedPoints(Record):
    """Fixed and slow points of a system, what is known of each, and what became of every candidate.

    A point is of kind "fixed" only when its residual is at rounding level; a "slow" point is a
    local minimum of the speed that is not a zero. `reached` gives, for every candidate, the `label`
    of the point it led to, or −1 with the reason in `outcome_reasons`. Filtering and indexing
    follow the points and leave the candidates as they are.
    """

    states: Float[Array, "point unit"] = array("the points")
    kind: Shaped[Text, " point"] = array('"fixed" or "slow"')
    speed: Float[Array, " point"] = array("norm of F(x) − x (a step) or of f(x) (a time constant)")
    residual: Float[Array, " point"] = array("largest entry of the residual that was solved")
    rounding_level: Float[Array, " point"] = array("residual that rounding alone can leave")
    error_bound: Float[Array, " point"] = array("distance (largest entry) to the exact point")
    certified: Bool[Array, " point"] = array("fixed: proved to exist; slow: proved not fixed")
    radius: Float[Array, " point"] = array("distance within which no other fixed point lies")
    certificate: Shaped[Text, " point"] = array("what was proved, or why nothing was")
    n_unstable: Int[Array, " point"] = array("number of unstable directions")
    n_unstable_certified: Bool[Array, " point"] = array("whether that number is proved")
    stability: Shaped[Text, " point"] = array('"stable", "saddle", "unstable" or "marginal"')
    largest_eigenvalue: Float[Array, " point"] = array("largest |μ| of a map, Re λ of a flow")
    hits: Int[Array, " point"] = array("candidates that led here")
    label: Int[Array, " point"] = array("number of the point, which `reached` refers to")
    outcomes: Shaped[Text, " candidate"] = array('"fixed", "slow" or "rejected"')
    reached: Int[Array, " candidate"] = array("label of the point reached, or −1")
    outcome_reasons: Shaped[Text, " candidate"] = array("why the candidate ended so")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")
    marginal_band: float = setting("an eigenvalue this near the boundary counts as marginal")
    index_sum: int | None = setting("Σ sign det(I − J); 1 when nothing is missing", default=None)
    coverage: float | None = setting("Good–Turing estimate of the part found", default=None)
    complete: bool = setting("proved that no fixed point is missing", default=False)
    completeness: str = setting("the evidence for or against completeness", default="")

    _kinds: ClassVar[tuple[str, ...]] = ("fixed", "slow")

    @property
    def fixed(self) -> "FixedPoints":
        """The fixed points alone."""
        return self.filter(self.kind == "fixed")

    @property
    def slow(self) -> "FixedPoints":
        """The slow points alone."""
        return self.filter(self.kind == "slow")

    def middle(self, direction: Float[Array, " unit"]) -> int:
        """Return the index of the median point along a direction `(unit,)`.

        The primer takes the eigenvectors at this point, along the first principal component, for
        the line attractor. Raises InvalidInputError when there are no points.
        """
        if not len(self):
            raise InvalidInputError("there are no points to choose the middle one from.")
        along = np.asarray(self.states) @ np.asarray(direction)
        return int(np.argsort(along, kind="stable")[(len(self) - 1) // 2])

    def summary(self) -> str:
        counts = {kind: int((self.kind == kind).sum()) for kind in self._kinds}
        rejected = int((self.outcomes == "rejected").sum())
        return (
            f"FixedPoints of a {self.system} of {self.states.shape[1]} units: "
            f"{counts['fixed']} fixed, {counts['slow']} slow; {len(self.outcomes)} candidates, "
            f"{rejected} rejected"
        )
