"""Whether the states of a set lie in one piece."""

import numpy as np
import scipy
from jaxtyping import Float

_WIDE = 0.05  # of the extent, that a gap between two pieces has at least
_WIDER = 4.0  # times the largest gap within the pieces; a sampled line hardly ever has one such
_FEWEST = 3  # states that make up a piece
_MOST = 16  # pieces that are looked for


def pieces_of(states: Float[np.ndarray, "state unit"]) -> tuple[int, float]:
    """Count the pieces that states lie in, and return the smallest gap between them; NaN: one.

    Examples
    --------
    >>> line = np.column_stack([np.linspace(0, 1, 30), np.zeros(30)])
    >>> pieces_of(np.concatenate([line, line + [0, 2]]))
    (2, 2.0)
    """
    if len(states) < 2 * _FEWEST:
        return 1, float("nan")
    tree = scipy.cluster.hierarchy.linkage(states)
    gaps = tree[::-1, 2]  # single linkage: the gaps that part the set, the largest first
    extent = float(np.linalg.norm(np.ptp(states, axis=0)))
    for count in range(min(_MOST, len(states) // _FEWEST), 1, -1):
        gap, within = float(gaps[count - 2]), float(gaps[count - 1])
        if gap > _WIDE * extent and gap > _WIDER * within:
            members = np.bincount(scipy.cluster.hierarchy.fcluster(tree, count, "maxclust"))[1:]
            if len(members) == count and members.min() >= _FEWEST:
                return count, gap
    return 1, float("nan")
