"""Clusters and a map from a matrix of distances."""

import numpy as np
import scipy
from jaxtyping import Float, Int

MOST_CLUSTERS = 12
LEAST_SILHOUETTE = 0.25
"""Below it nothing speaks for clusters (Kaufman & Rousseeuw 1990, Finding Groups in Data)."""

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
