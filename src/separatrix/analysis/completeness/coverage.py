r"""What the counts of hits say about points that no start has reached.

Each start is a draw, each fixed point a species: points that were reached once or twice tell how
many were not reached at all. Both estimates suppose that the starts were drawn independently from
one distribution; states of a trajectory are correlated, so with simulated activity they are too
optimistic. And they speak only of points with a basin for that distribution and solver: what no
start can reach is outside their sight. They are no proof, in either direction.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

Hits = Int[np.ndarray, " point"]


class Richness(NamedTuple):
    """An estimated number of points, and an interval for it."""

    estimate: float
    low: float
    high: float


def good_turing_coverage(hits: Hits) -> float | None:
    r"""Estimate the probability that a further start leads to a point that is known already.

    .. math:: \hat C = 1 - f_1/n

    with :math:`f_1` the number of points reached exactly once and n the number of starts that
    reached a point.

    Parameters
    ----------
    hits
        How many starts reached each point; zeros are points found in another way.

    Returns
    -------
    The estimate, or None where no start reached a point.

    References
    ----------
    Good (1953) Biometrika 40:237.

    Examples
    --------
    >>> good_turing_coverage(np.array([5, 3, 1, 1]))
    0.8
    """
    starts = int(hits.sum())
    return None if starts == 0 else 1.0 - int((hits == 1).sum()) / starts


def chao1(hits: Hits, z: float = 1.959963984540054) -> Richness | None:
    r"""Estimate from below how many points the starts could reach.

    .. math:: \hat S = S + \frac{n-1}{n}\,\frac{f_1^2}{2 f_2}

    with S points reached by n starts, :math:`f_1` of them once and :math:`f_2` twice;
    :math:`f_1 (f_1 - 1)/2` takes the place of the quotient where :math:`f_2 = 0`. The interval
    supposes that :math:`\hat S - S` is log-normal; it has no width where nothing was reached once.

    Parameters
    ----------
    hits
        How many starts reached each point; zeros are not counted.
    z
        Standard deviations on either side; the default gives 95 %.

    Returns
    -------
    Richness, or None where no start reached a point.

    References
    ----------
    Chao (1984) Scand. J. Statist. 11:265; Chao (1987) Biometrics 43:783 (the interval).

    Examples
    --------
    >>> chao1(np.array([4, 2, 1, 1])).estimate
    5.75
    """
    observed, starts = int((hits > 0).sum()), int(hits.sum())
    if starts == 0:
        return None
    once, twice = int((hits == 1).sum()), int((hits == 2).sum())
    factor = (starts - 1) / starts
    unseen = factor * (once**2 / (2 * twice) if twice else once * (once - 1) / 2)
    estimate = observed + unseen
    if unseen == 0:
        return Richness(estimate, estimate, estimate)
    variance = _variance(factor, once, twice, estimate)
    spread = float(np.exp(z * np.sqrt(np.log1p(variance / unseen**2))))
    return Richness(estimate, observed + unseen / spread, observed + unseen * spread)


def _variance(factor: float, once: int, twice: int, estimate: float) -> float:
    """Return the estimated variance of the estimate (Chao 1987)."""
    if twice:
        ratio = once / twice
        return twice * (factor * ratio**2 / 2 + factor**2 * ratio**3 + factor**2 * ratio**4 / 4)
    pairs = once * (once - 1) / 2
    return (
        factor * pairs
        + factor**2 * once * (2 * once - 1) ** 2 / 4
        - (factor**2 * once**4 / (4 * estimate))
    )
