"""The answer of a search for fixed points, with its evidence."""

import dataclasses
from collections import Counter
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._records import Record, array, setting
from ..._tables import Columns, undecided
from ..._types import Array, InvalidInputError, counted, real_array
from ..checks import axis_of

Text = np.ndarray
_PART = "a part of what a search found; of the whole search: "


class FixedPoints(Record):
    """Fixed and slow points of a system, the evidence for each, and how every candidate ended.

    A point is of kind "fixed" only when its residual is at rounding level. A "slow" point is a
    local minimum of the speed at which the speed is not zero. `reached` gives, for every candidate,
    the `label` of the point that the candidate led to. For a rejected candidate `reached` is −1,
    and `outcome_reasons` holds the reason.

    Filtering and indexing select points and leave the candidates as they are. What was proved and
    counted for the whole set does not hold for a selection that leaves out some of the fixed
    points. Such a selection has no `index_sum`, `coverage` or `chao1`, its `complete` is False, and
    its `completeness` begins with "a part of what a search found".

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    >>> stable = points.filter(points.stability == "stable")
    >>> points.complete, points.fixed.complete, stable.complete
    (True, True, False)
    """

    states: Float[Array, "point unit"] = array("the points")
    kind: Shaped[Text, " point"] = array('"fixed" or "slow"')
    speed: Float[Array, " point"] = array(
        "norm of F(x) − x (per step) or of f(x) (per time constant)"
    )
    residual: Float[Array, " point"] = array(
        "largest entry of the residual, which is 0 at an exact fixed point"
    )
    rounding_level: Float[Array, " point"] = array("residual that rounding alone can leave")
    error_bound: Float[Array, " point"] = array(
        "largest entry of the difference from the exact point: a bound for a fixed point that "
        "is proved to exist, otherwise an estimate from the last Newton step"
    )
    certified: Bool[Array, " point"] = array(
        "whether a fixed point is proved to exist, or a slow point is proved not to be fixed"
    )
    radius: Float[Array, " point"] = array(
        "distance, in the largest entry, within which no other fixed point lies; 0 if none is "
        "proved"
    )
    certificate: Shaped[Text, " point"] = array("what was proved, or why nothing was proved")
    n_unstable: Int[Array, " point"] = array(
        "number of unstable directions; −1 if it is unknown or if rounding errors may change it"
    )
    n_unstable_certified: Bool[Array, " point"] = array(
        "whether the number of unstable directions is proved"
    )
    stability: Shaped[Text, " point"] = array(
        '"stable", "saddle", "unstable", "marginal", "kink" (the function bends or jumps there) or '
        '"unknown"; of a slow point, by all modes but the one that is still: "otherwise stable" if '
        "they decay"
    )
    largest_eigenvalue: Float[Array, " point"] = array(
        "largest |μ| of a map, largest Re λ of a flow (for a point on a kink, that of one side; "
        "for a slow point, without the mode that is still); NaN if unknown"
    )
    hits: Int[Array, " point"] = array("number of candidates that led to the point")
    label: Int[Array, " point"] = array("number of the point, by which `reached` refers to it")
    outcomes: Shaped[Text, " candidate"] = array(
        'outcome of each candidate: "fixed", "slow" or "rejected"'
    )
    reached: Int[Array, " candidate"] = array(
        "label of the point that each candidate reached; −1 if none"
    )
    outcome_reasons: Shaped[Text, " candidate"] = array("why each candidate has its outcome")
    system: str = setting('"map" or "flow"')
    time_unit: float = setting("dt of a map, tau of a flow", units="ms")
    marginal_band: float = setting(
        "a mode whose distance to the stability boundary is smaller than this is called marginal; "
        "for a flow, in units of the largest |λ|"
    )
    precision: str = setting(
        '"float64"; or "float32", "bfloat16" … if the function computes in this precision: then '
        "there are no certificates",
        default="float64",
    )
    units: dict[str, Shaped[Text, " unit"]] = array(
        'properties of units; for a state in parts, "part" is the name of the part to which each '
        "unit belongs",
        default_factory=dict,
    )
    typical_speed: float | None = setting(
        "median speed of the candidates that move (faster than a hundredth of the fastest one), "
        "beside which slow points are slow; None if there are none",
        default=None,
    )
    index_sum: int | None = setting(
        "Σ sign det(I − J) over the fixed points that were found; if it is not 1, some are "
        "missing; None if it is not proved",
        default=None,
    )
    coverage: float | None = setting(
        "Good–Turing estimate of the fraction of further candidates that would lead to known "
        "points",
        default=None,
    )
    chao1: float | None = setting(
        "Chao's estimate of the number of fixed points, from how many candidates led to each "
        "known point",
        default=None,
    )
    complete: bool = setting("whether it is proved that no fixed point is missing", default=False)
    completeness: str = setting("the evidence for or against completeness", default="")
    is_part: bool = setting(
        "whether this is only a selection of the points that a search found", default=False
    )

    _kinds: ClassVar[tuple[str, ...]] = ("fixed", "slow")

    def _as_part_of(self, whole: "FixedPoints") -> "FixedPoints":
        mine, every = (np.sort(p.label[np.asarray(p.kind) == "fixed"]) for p in (self, whole))
        if np.array_equal(mine, every):
            return self
        said = whole.completeness if whole.is_part else _PART + whole.completeness
        return dataclasses.replace(
            self,
            index_sum=None,
            coverage=None,
            chao1=None,
            complete=False,
            completeness=said,
            is_part=True,
        )

    @property
    def fixed(self) -> "FixedPoints":
        """The fixed points alone."""
        return self.filter(self.kind == "fixed")

    @property
    def slow(self) -> "FixedPoints":
        """The slow points alone."""
        return self.filter(self.kind == "slow")

    @property
    def known_of_missing(self) -> str:
        """A sentence that gives the evidence about fixed points that the search may have missed."""
        if not self.complete:
            return self.completeness or "it was not examined"
        summed = "" if self.index_sum is None else f"index sum {self.index_sum}; "
        return f"{summed}complete: no fixed point is missing"

    def tolerance_curve(
        self, tolerances: Float[Array, " tolerance"] | float | None = None
    ) -> "ToleranceCurve":
        r"""Return, for each tolerance, how many points a search by minimization would call fixed.

        Other tools minimize $q = \frac12 |F(x) - x|^2$ (or $\frac12 |f(x)|^2$) and call a state
        fixed if $q$ ends below a tolerance. Such states include slow points, so the number depends
        on the tolerance. Here every minimum is counted once. A tool that stops before it has
        reached a minimum may count several states on the way to it, and so more points.

        Rejected candidates are not counted. After `find_fixed_points(…, slow_points=False)`, all
        candidates that end at slow points are rejected, so the curve shows too few points. The
        curve's `rejected` and its summary say how many candidates it leaves out.

        Parameters
        ----------
        tolerances
            Thresholds on q `(tolerance,)`, or one number. None means four thresholds per decade,
            from 1e-24 to 10.

        Raises
        ------
        InvalidInputError
            If the tolerances are neither a number nor a list of numbers, or if NaN is among them.

        References
        ----------
        Sussillo & Barak (2013) Neural Comput. 25:626; Golub & Sussillo (2018) JOSS 3:1003.

        Examples
        --------
        >>> import numpy as np, separatrix as sx
        >>> ghost = sx.Flow(lambda x: 1e-3 + x**2, size=1)
        >>> points = sx.find_fixed_points(ghost, np.ones((1, 1)))
        >>> points.tolerance_curve(np.array([1e-8, 1e-6])).count
        array([0, 1])
        """
        if tolerances is None:
            tolerances = np.logspace(-24, 1, 101)
        q = np.sort(0.5 * np.square(np.asarray(self.speed, float)))
        thresholds = np.atleast_1d(real_array(tolerances, "tolerances"))
        if thresholds.ndim > 1 or np.isnan(thresholds).any():
            raise InvalidInputError(
                "tolerances must be one number or a list of numbers, without NaN, got "
                f"{tolerances!r}."
            )
        rejected = int((np.asarray(self.outcomes) == "rejected").sum())
        return ToleranceCurve(thresholds, np.searchsorted(q, thresholds, side="right"), rejected)

    def middle(self, direction: Float[Array, " unit"]) -> int:
        """Return the index of the median point along a direction `(unit,)`.

        If the number of points is even, it is the lower one of the two in the middle. For the first
        principal component of the activity, this is the point whose eigenvectors show the line
        attractor in the primer by Yang & Wang (2020). Raises InvalidInputError if there are no
        points, or if the direction has another shape, is not finite, or is zero.
        """
        if not len(self):
            raise InvalidInputError("there are no points from which to choose the middle one.")
        along = np.asarray(self.states) @ axis_of(self.states.shape[1], direction, "direction")
        return int(np.argsort(along, kind="stable")[(len(self) - 1) // 2])

    def _table(self) -> Columns:
        return {
            "point": np.asarray(self.label),
            "kind": self.kind,
            "stability": self.stability,
            "unstable": undecided(self.n_unstable),
            "speed": np.asarray(self.speed),
            **self._relative_speed(),
            "hits": np.asarray(self.hits),
            "evidence": self.certificate,
        }

    def _relative_speed(self) -> Columns:
        """Return the speeds beside the candidates', where there are slow points."""
        if self.typical_speed is None:
            return {}
        parts = zip(100 * np.asarray(self.speed) / self.typical_speed, self.kind, strict=True)
        return {"of typical": [f"{part:.2g} %" * (kind == "slow") or "–" for part, kind in parts]}

    def _closing(self) -> str:
        kinds = Counter(
            f"{kind} {how}" for kind, how in zip(self.kind, self.stability, strict=True)
        )
        each = ", ".join(f"{number} {words}" for words, number in kinds.most_common())
        return f"{counted(len(self), 'point')}{': ' * bool(each)}{each}; {self.known_of_missing}"

    def summary(self) -> str:
        counts = {kind: int((self.kind == kind).sum()) for kind in self._kinds}
        rejected = int((self.outcomes == "rejected").sum())
        parts = Counter(self.units.get("part", []))
        each = f" ({', '.join(f'{name}: {n}' for name, n in parts.items())})" * bool(parts)
        return (
            f"FixedPoints of a {self.system} of {counted(self.states.shape[1], 'unit')}{each}: "
            f"{counts['fixed']} fixed, {counts['slow']} slow; "
            f"{counted(len(self.outcomes), 'candidate')}, {rejected} rejected{self._notice()}"
        )

    def _notice(self) -> str:
        if self.precision == "float64":
            return ""
        level = float(np.max(self.rounding_level, initial=0))
        reachable = f"residuals below {level:.0e} are rounding, and " if len(self) else ""
        return f"\n  the function computes in {self.precision}: {reachable}nothing can be certified"


class ToleranceCurve(Record):
    """For each tolerance, the number of points whose q = ½ speed² is at most the tolerance."""

    tolerance: Float[Array, " tolerance"] = array("threshold on q = ½ speed²")
    count: Int[Array, " tolerance"] = array("number of points whose q is at most the threshold")
    rejected: int = setting(
        "number of candidates that were rejected and are not counted", default=0
    )

    def summary(self) -> str:
        if not len(self.count):
            return "ToleranceCurve: no tolerances"
        text = f"ToleranceCurve: {self.count[0]} to {self.count[-1]} points"
        if not self.rejected:
            return text
        left_out = counted(self.rejected, "rejected candidate")
        return f"{text}, without {left_out}: those at slow points count with slow_points=True"
