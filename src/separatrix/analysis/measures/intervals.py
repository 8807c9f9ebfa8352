"""Intervals of what pairs of networks say: n networks are n draws, however many pairs they make.

The mean distance of pairs is a U-statistic (Hoeffding 1948, Ann. Math. Stat. 19:293). Its variance
is that of the jackknife over networks (Arvesen 1969, Ann. Math. Stat. 40:2076) and, as balanced
classes have none to first order, a multiple of that of so many independent pairs. Of distances 0
and 1 the interval is that of Clopper and Pearson (1934, Biometrika 26:404) of as many pairs as have
this variance (Korn & Graubard 1998, Surv. Methodol. 24:193), but of no fewer than can be made of
the networks without using one twice: where all of n networks are the same, this is exact, as they
are the same with a probability of at most (1 − mean)^(n/2).

Of other distances there is none: nothing in n networks tells how far a rare kind is that is not
among them. How often intervals hold the truth is measured in the benchmarks.
"""

from enum import StrEnum

import numpy as np
import scipy
from jaxtyping import Bool, Float

FEWEST = 6
"""Networks of which there is an interval."""
LEVEL = 0.95
SECOND_ORDER = 2.0
"""Variances of independent pairs that are added."""

Matrix = Float[np.ndarray, "network other"]
Pairs = Bool[np.ndarray, "network other"]


class NoInterval(StrEnum):
    """Why there is no interval."""

    FEW = f"fewer than {FEWEST} networks"
    SHARED = "networks share their training"
    DISTANCES = "distances are not only 0 and 1, so a rare kind of network may be far away"
    UNKNOWN = "too few distances are known"


def mean_distance(
    part: Matrix, is_within: bool, is_relation: bool
) -> tuple[float, float, float, NoInterval | None]:
    """Return a mean distance, its interval, and why there is none.

    Parameters
    ----------
    part
        Distances of networks of one group (rows) and another (columns), or of a group within
        itself; NaN where one is not known. Of distances 0 and 1 the interval holds whatever those
        are; others are left out, so that it speaks of networks of which they are known.
    is_within
        Whether both are one group: the diagonal is left out.
    is_relation
        Whether distances are 0 (the same) and 1 (different) alone.
    """
    pairs = ~np.eye(len(part), dtype=bool) if is_within else np.ones(part.shape, bool)
    known = pairs & ~np.isnan(part)
    if not known.any():
        few = min(part.shape) < FEWEST
        return np.nan, np.nan, np.nan, NoInterval.FEW if few else NoInterval.UNKNOWN
    mean = float(part[known].mean())
    if not is_relation:
        return mean, np.nan, np.nan, NoInterval.DISTANCES
    return mean, *_of_relation(part, pairs, is_within)


def _of_relation(
    part: Matrix, pairs: Pairs, is_within: bool
) -> tuple[float, float, NoInterval | None]:
    if min(part.shape) < FEWEST:
        return np.nan, np.nan, NoInterval.FEW
    low = _clopper_pearson(np.nan_to_num(part, nan=0.0), pairs, is_within)[0]
    return low, _clopper_pearson(np.nan_to_num(part, nan=1.0), pairs, is_within)[1], None


def _clopper_pearson(part: Matrix, pairs: Pairs, is_within: bool) -> tuple[float, float]:
    mean, variance = _moments(part, pairs, is_within)
    count = len(part) / 2 if is_within else float(min(part.shape))  # of pairs that share no network
    if variance > 0:
        normal = scipy.stats.norm.ppf(0.5 + LEVEL / 2)
        ratio = normal / _quantile(min(part.shape))
        count = max(count, mean * (1 - mean) / variance * ratio**2)
    tail, different, same = (1 - LEVEL) / 2, count * mean, count * (1 - mean)
    low = scipy.stats.beta.ppf(tail, different, same + 1) if mean > 0 else 0.0
    high = scipy.stats.beta.ppf(1 - tail, different + 1, same) if mean < 1 else 1.0
    return float(low), float(high)


def _moments(part: Matrix, pairs: Pairs, is_within: bool) -> tuple[float, float]:
    """Return the mean over pairs and its variance over networks."""
    values, several = np.where(pairs, part, 0.0), pairs.astype(float)
    total, count = values.sum(), several.sum()
    axes = ((1, 2.0),) if is_within else ((1, 1.0), (0, 1.0))  # a network is a row and a column
    variance = SECOND_ORDER * float(np.var(part[pairs])) / (count / 2 if is_within else count)
    for axis, times in axes:
        with np.errstate(invalid="ignore", divide="ignore"):
            without = (total - times * values.sum(axis)) / (count - times * several.sum(axis))
        variance += _jackknife(without)
    return float(total / count), variance


def _jackknife(without: Float[np.ndarray, " network"]) -> float:
    """Return the variance of what was computed without each network in turn."""
    return float((len(without) - 1) * np.var(without))


def _quantile(count: int) -> float:
    """Return Student's t of a number of networks."""
    return float(scipy.stats.t.ppf(0.5 + LEVEL / 2, count - 1))


def rank_correlation(
    one: Matrix, other: Matrix, is_relation: bool
) -> tuple[float, float, float, int]:
    """Return Spearman's ρ of two measures over pairs, its interval over networks, and the pairs.

    The interval is Student's of Fisher's z, with the jackknife over networks. There is none (NaN)
    of fewer networks than `FEWEST`, where all ranks agree, and where one measure does not vary, be
    it without one network.

    Parameters
    ----------
    one, other
        Distances; NaN where one is not known.
    is_relation
        Whether those of one measure are 0 and 1 alone.
    """
    known = np.triu(~np.isnan(one) & ~np.isnan(other), 1)
    rows, columns = np.nonzero(known)
    x, y, networks = one[known], other[known], np.flatnonzero(known.any(0) | known.any(1))
    value, z = _spearman(x, y)
    if len(networks) < FEWEST or abs(value) >= 1:
        return value, np.nan, np.nan, len(x)
    kept = [(rows != network) & (columns != network) for network in networks]
    variance = _jackknife(np.array([_spearman(x[k], y[k])[1] for k in kept]))
    variance += is_relation / len(x)
    half = _quantile(len(networks)) * np.sqrt(variance)
    return value, float(np.tanh(z - half)), float(np.tanh(z + half)), len(x)


def _spearman(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return Spearman's ρ and Fisher's z of it; NaN where one does not vary.

    Of k pairs |ρ| is 1 or at most 1 − 6/(k³ − k), which bounds z.
    """
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan, np.nan
    value = float(np.corrcoef(scipy.stats.rankdata(x), scipy.stats.rankdata(y))[0, 1])
    value = np.sign(value) if abs(value) > 1 - 1e-12 else value
    most = 1 - 6 / (len(x) ** 3 - len(x))
    return value, float(np.arctanh(np.clip(value, -most, most)))
