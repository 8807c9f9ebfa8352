r"""Estimates, from the counts of hits, of how many points no start has reached.

Each start is a draw, each fixed point a species: points that were reached once or twice tell how
many were not reached at all. Both estimates suppose that the starts were drawn independently from
one distribution; states of a trajectory are correlated, so with simulated activity they are too
optimistic. And they speak only of points with a basin for that distribution and solver: what no
start can reach is outside their sight. They are no proof, in either direction.
"""

import numpy as np
from jaxtyping import Int

Hits = Int[np.ndarray, " point"]


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


def chao1(hits: Hits) -> float | None:
    r"""Estimate from below how many points the starts could reach.

    .. math:: \hat S = S + \frac{n-1}{n}\,\frac{f_1^2}{2 f_2}

    with S points reached by n starts, :math:`f_1` of them once and :math:`f_2` twice;
    :math:`f_1 (f_1 - 1)/2` takes the place of the quotient where :math:`f_2 = 0`.

    Parameters
    ----------
    hits
        How many starts reached each point; zeros are not counted.

    Returns
    -------
    The estimate, or None where no start reached a point.

    References
    ----------
    Chao (1984) Scand. J. Statist. 11:265.

    Examples
    --------
    >>> chao1(np.array([4, 2, 1, 1]))
    5.75
    """
    observed, starts = int((hits > 0).sum()), int(hits.sum())
    if starts == 0:
        return None
    once, twice = int((hits == 1).sum()), int((hits == 2).sum())
    unseen = once**2 / (2 * twice) if twice else once * (once - 1) / 2
    return observed + (starts - 1) / starts * unseen
