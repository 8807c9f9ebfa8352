"""Whether the saddles around what leaves a saddle enclose it: homology modulo 2."""

import numpy as np
from jaxtyping import Bool, Int


def close(
    row: int,
    n_unstable: Int[np.ndarray, " point"],
    linked: Bool[np.ndarray, "point end"],
    crossed: Bool[np.ndarray, "point part"],
) -> bool:
    r"""Return whether all that a saddle with k > 2 unstable directions leads to is known.

    $\partial x$, the saddles with k − 1 directions that an odd number of its ways lead to, is a
    cycle: $\partial \partial x = 0$ modulo 2 (Morse homology). Among those saddles that lead to
    nothing but what x leads to there has to be one cycle, and it has to lead to all of that. Then
    `crossed[row]`, which is ∂x, is filled; those of the saddles with k − 1 directions are given.

    Banyaga & Hurtubise (2004) Lectures on Morse Homology.
    """
    fewer = n_unstable == n_unstable[row] - 1
    faces = np.flatnonzero(fewer & ~(linked & ~linked[row]).any(1))
    cycles = _cycles(crossed[faces])
    if len(cycles) != 1:
        return False
    parts = faces[cycles[0]]
    crossed[row] = np.isin(np.arange(len(linked)), parts)
    return bool((linked[parts].any(0) == linked[row]).all())


def _cycles(boundaries: Bool[np.ndarray, "face part"]) -> Bool[np.ndarray, "cycle face"]:
    """Return independent sums of rows that are 0 modulo 2, each with its rows.

    Examples
    --------
    >>> _cycles(np.array([[1, 1, 0], [0, 1, 1], [1, 0, 1]], bool))  # the sides of a triangle
    array([[ True,  True,  True]])
    """
    left, sums = boundaries.copy(), np.eye(len(boundaries), dtype=bool)
    done = 0
    for column in range(left.shape[1]):
        pivots = done + np.flatnonzero(left[done:, column])
        if not len(pivots):
            continue
        for part in (left, sums):
            part[[done, pivots[0]]] = part[[pivots[0], done]]
        below = done + 1 + np.flatnonzero(left[done + 1 :, column])
        left[below] ^= left[done]
        sums[below] ^= sums[done]
        done += 1
    return sums[done:]
