"""What a matrix of distances says: clusters, a map, mean distances with intervals."""

from collections.abc import Iterable

import numpy as np
import scipy
from jaxtyping import Float, Int, Shaped

MOST_CLUSTERS = 12
LEAST_SILHOUETTE = 0.25
"""Below it nothing speaks for clusters (Kaufman & Rousseeuw 1990, Finding Groups in Data)."""
FEWEST = 3
"""Networks from which an interval of a mean is resampled."""
RESAMPLES = 1000
INTERVAL = (2.5, 97.5)

Matrix = Float[np.ndarray, "network other"]


def classes(distances: Matrix) -> Int[np.ndarray, " network"]:
    """Return the class of each network by a relation: 0 the same, 1 different, NaN not known.

    Classes are those of the networks of which all is known (`known_part`); of the others, whatever
    is the same as a member of a class is one too, and the rest are −1.
    """
    same = np.where(np.isnan(distances), False, distances == 0)
    labels = scipy.sparse.csgraph.connected_components(same, directed=False)[1]
    decided = np.isin(labels, labels[known_part(distances)])
    return by_size(np.where(decided, labels, -1))


def clusters(distances: Matrix) -> Int[np.ndarray, " network"]:
    """Return clusters of networks by average linkage, as many as have the best silhouette.

    Networks with a distance that is not known (left out of `known_part`) are −1; where there are
    fewer than 3 others, or no silhouette reaches `LEAST_SILHOUETTE`, these are one cluster.
    """
    from sklearn.metrics import silhouette_score

    kept = known_part(distances)
    labels = np.full(len(distances), -1)
    labels[kept] = 0
    part = distances[np.ix_(kept, kept)]
    if len(kept) < 3 or not part.any():
        return labels
    flat = scipy.spatial.distance.squareform(part, checks=False)
    tree = scipy.cluster.hierarchy.linkage(flat, "average")
    tried = {}
    for count in range(2, min(MOST_CLUSTERS, len(kept) - 1) + 1):
        found = scipy.cluster.hierarchy.fcluster(tree, count, "maxclust")
        if 1 < len(set(found)) < len(kept):
            tried[silhouette_score(part, found, metric="precomputed")] = found
    if tried and max(tried) >= LEAST_SILHOUETTE:
        labels[kept] = tried[max(tried)]
    return by_size(labels)


def by_size(labels: Int[np.ndarray, " network"]) -> Int[np.ndarray, " network"]:
    """Return labels numbered from the most frequent one on; −1 stays."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = [k for k in np.lexsort((first, -counts)) if names[k] >= 0]
    numbers = {int(names[k]): rank for rank, k in enumerate(order)} | {-1: -1}
    return np.array([numbers[int(label)] for label in labels], int)


def known_part(distances: Matrix) -> Int[np.ndarray, " kept"]:
    """Return networks all of whose distances are known, leaving out those with the most unknown."""
    kept = np.arange(len(distances))
    while len(kept) and (unknown := np.isnan(distances[np.ix_(kept, kept)]).sum(1)).any():
        kept = np.delete(kept, unknown.argmax())
    return kept


def scaled(distances: Matrix, axes: int = 2) -> Float[np.ndarray, "network axis"]:
    """Return places in a plane whose distances are nearest to those given: classical scaling.

    Torgerson (1952) Psychometrika 17:401. NaN for networks outside `known_part`; the sign of each
    axis is fixed by its largest coordinate being positive.
    """
    kept = known_part(distances)
    places = np.full((len(distances), axes), np.nan)
    if not len(kept):
        return places
    squares = distances[np.ix_(kept, kept)] ** 2
    inner = -0.5 * (squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean())
    values, vectors = np.linalg.eigh(inner)
    found = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1][:, :axes]
    largest = found[np.abs(found).argmax(0), np.arange(found.shape[1])]
    places[kept] = 0.0
    places[kept, : found.shape[1]] = found * np.where(largest < 0, -1.0, 1.0)
    return places


def resampled(
    group: Shaped[np.ndarray, " network"], seed: int
) -> Int[np.ndarray, "resample network"]:
    """Return how often each network is drawn in each resample, with replacement in its group."""
    rng, counts = np.random.default_rng(seed), np.zeros((RESAMPLES, len(group)), int)
    for name in np.unique(group):
        members = np.flatnonzero(group == name)
        counts[:, members] = rng.multinomial(
            len(members), np.full(len(members), 1 / len(members)), RESAMPLES
        )
    return counts


def group_means(
    distances: Matrix, group: Shaped[np.ndarray, " network"], names: Iterable[str], seed: int
) -> Float[np.ndarray, "bound first second"]:
    """Return the mean distance within and between groups, and its interval over networks.

    A network's distance to itself is left out, also where a resample has it twice. There is no
    interval (NaN) where one of the groups has fewer networks than `FEWEST`.
    """
    known = ~np.isnan(distances) & ~np.eye(len(distances), dtype=bool)
    weights = np.vstack([np.ones((1, len(group)), int), resampled(group, seed)]).astype(float)
    parts = [weights * (group == name) for name in names]
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.array(
            [
                [
                    np.sum((one @ np.where(known, distances, 0.0)) * other, 1)
                    / np.sum((one @ known.astype(float)) * other, 1)
                    for other in parts
                ]
                for one in parts
            ]
        ).reshape(len(parts), len(parts), RESAMPLES + 1)
    low, high = _interval(means[..., 1:])
    few = np.array([(group == name).sum() < FEWEST for name in names], bool)
    low[few[:, None] | few] = high[few[:, None] | few] = np.nan
    return np.stack([means[..., 0], low, high])


def rank_correlation(one: Matrix, other: Matrix, seed: int) -> tuple[float, float, float, int]:
    """Return Spearman's ρ of two measures over pairs, its interval over networks, and the pairs."""
    rows, columns = np.triu_indices(len(one), 1)
    known = ~np.isnan(one[rows, columns]) & ~np.isnan(other[rows, columns])
    rows, columns = rows[known], columns[known]
    x, y = one[rows, columns], other[rows, columns]
    counts = resampled(np.zeros(len(one)), seed)
    found = [_spearman(x, y, np.ones(len(x)))]
    found += [_spearman(x, y, drawn[rows] * drawn[columns]) for drawn in counts]
    low, high = _interval(np.array(found[1:]))
    return found[0], float(low), float(high), len(x)


def _spearman(x: np.ndarray, y: np.ndarray, times: np.ndarray) -> float:
    """Return Spearman's ρ where each pair occurs some times; NaN where one does not vary."""
    ranks = [scipy.stats.rankdata(np.repeat(values, times.astype(int))) for values in (x, y)]
    if any(len(rank) < 2 or np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(np.corrcoef(*ranks)[0, 1])


def _interval(values: np.ndarray) -> np.ndarray:
    """Return the 95 % interval over the last axis; NaN where no resample says anything."""
    ends = np.full((2, *values.shape[:-1]), np.nan)
    for place in np.ndindex(values.shape[:-1]):
        known = values[place][~np.isnan(values[place])]
        if len(known):
            ends[(slice(None), *place)] = np.percentile(known, INTERVAL)
    return ends
