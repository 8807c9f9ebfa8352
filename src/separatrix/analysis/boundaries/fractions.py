"""How large basins are: the fraction of sampled states that each attractor gets."""

from statistics import NormalDist
from typing import Annotated

import numpy as np
from jaxtyping import Float, Int, Real, Shaped

from ..._checked import Bounds, checked
from ..._records import Record, array, setting
from ..._types import Array
from ..._watch import Report, watching
from ...systems import System
from ..checks import states_of
from ..fixed_points.points import FixedPoints
from .landscape import survey
from .settling import Follower, Settled


class Basins(Record):
    """The fraction of sampled states that ends at each attractor, and where each state ended."""

    attractor: Int[Array, " attractor"] = array("index of the attractor among the points")
    count: Int[Array, " attractor"] = array("number of states that ended at the attractor")
    fraction: Float[Array, " attractor"] = array(
        "`count`, divided by the number of all sampled states, with those that never settle"
    )
    low: Float[Array, " attractor"] = array("lower end of the interval of the fraction (Wilson)")
    high: Float[Array, " attractor"] = array("upper end of the interval of the fraction (Wilson)")
    states: Float[Array, "state unit"] = array("sampled states")
    reached: Int[Array, " state"] = array(
        "index, among the points, of the attractor that each state reached; −1 if none"
    )
    times: Float[Array, " state"] = array(
        "time until each state settled, or until it was given up", units="ms"
    )
    reasons: Shaped[np.ndarray, " state"] = array("how the motion from each state ended")
    confidence: float = setting("confidence level of the intervals")
    step: float = setting(
        "duration of a step: dt of a map, or a tenth of the shortest time constant of a flow at "
        "the points",
        units="ms",
    )
    system: str = setting('"map" or "flow"; empty if unknown', default="")
    time_unit: float = setting(
        "dt of a map, tau of a flow; NaN if unknown", units="ms", default=float("nan")
    )

    @property
    def unsettled(self) -> int:
        """The number of sampled states that reached no attractor; `reasons` says why."""
        return int((np.asarray(self.reached) < 0).sum())

    def summary(self) -> str:
        parts = ", ".join(
            f"{f:.3f} [{a:.3f}, {b:.3f}] to point {k}"
            for k, f, a, b in zip(self.attractor, self.fraction, self.low, self.high, strict=True)
        )
        return (
            f"Basins of {len(self)} attractors from {len(self.states)} states: "
            f"{parts or 'none'}; {self.unsettled} unsettled"
        )


@checked
def basins(
    system: System,
    points: FixedPoints | Float[Array, "point unit"],
    states: Float[Array, "..."],
    *,
    confidence: Annotated[float, Bounds(above=0, below=1)] = 0.95,
    max_seconds: float | None = None,
    progress: bool | Report | None = None,
) -> Basins:
    r"""Follow sampled states to where they end, and count how many end at each attractor.

    If k of n states end at an attractor, its fraction is $\hat p = k/n$. Wilson's interval of the
    fraction consists of all p with $|\hat p - p| \le z \sqrt{p (1 - p) / n}$, where z is the
    quantile of the normal distribution for `confidence` (1.96 for 0.95). Suppose that the states
    were drawn independently from a distribution. Then the interval covers the probability that a
    state of this distribution lies in the basin, with about this confidence.

    Parameters
    ----------
    system
        A map or a flow.
    points
        Fixed points of the system. The stable points among them are the attractors. A fixed point
        on a kink of a piecewise-linear system counts as an attractor, too, for states that come to
        rest at it.
    states
        Sampled states `(…, unit)`.
    confidence
        The confidence level of the intervals.
    max_seconds, progress
        The time limit and the report of progress, as in `find_fixed_points`. After a stop, states
        that were not followed to their ends are unsettled.

    Returns
    -------
    Basins
        A fraction and an interval for each attractor, and an outcome for each state.

    Raises
    ------
    InvalidInputError
        If the points are not fixed points, or the states do not have as many units as the system.

    References
    ----------
    Wilson (1927) JASA 22:209; Menck et al. (2013) Nat. Phys. 9:89 (basin stability).

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> system = sx.DiscreteMap(lambda x: jnp.tanh(2 * x), size=1)
    >>> points = sx.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    >>> sx.basins(system, points, np.linspace(-1, 1, 8)[:, None]).fraction
    array([0.5, 0.5])
    """
    landscape = survey(system, points)
    sampled = states_of(system, states, "states")
    follower = Follower(system, landscape)
    with watching("basins", max_seconds, progress):
        ends = follower.follow(sampled)
    return _record(follower, sampled, ends, confidence)


def _record(follower: Follower, sampled: np.ndarray, ends: Settled, confidence: float) -> Basins:
    """Count the states that have ended at each attractor."""
    landscape = follower.landscape
    rows = np.flatnonzero(landscape.attractors)
    count = np.array([(ends.reached == row).sum() for row in rows], int)
    fraction = count / len(sampled)
    low, high = wilson(fraction, np.full(len(rows), len(sampled)), confidence)
    return Basins(
        attractor=landscape.label[rows],
        count=count,
        fraction=fraction,
        low=low,
        high=high,
        states=sampled,
        reached=np.append(landscape.label, -1)[ends.reached],
        times=ends.times * follower.motion.system.time_unit,
        reasons=ends.reasons,
        confidence=confidence,
        step=follower.step * follower.motion.system.time_unit,
        system=follower.motion.system.kind,
        time_unit=follower.motion.system.time_unit,
    )


def wilson(
    fraction: Float[np.ndarray, " group"], n: Real[np.ndarray, " group"], confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return Wilson's interval of a binomial fraction of n draws (1927, JASA 22:209).

    Examples
    --------
    >>> low, high = wilson(np.array([0.0]), np.array([10]))
    >>> float(low[0]), round(float(high[0]), 4)
    (0.0, 0.2775)
    """
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = (fraction + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(fraction * (1 - fraction) / n + z**2 / (4 * n**2))
    return np.where(fraction == 0, 0.0, middle - half), np.where(fraction == 1, 1.0, middle + half)
