"""Which of many solutions are the same one."""

import numpy as np
from jaxtyping import Float, Int


def group(
    states: Float[np.ndarray, "solution unit"], uncertainty: Float[np.ndarray, " solution"]
) -> Int[np.ndarray, " solution"]:
    """Return the index of the solution that each one is merged with (its group's most exact one).

    Two solutions are the same when their distance is explained by what is uncertain of both, the
    last Newton corrections that led to them: no length scale enters. The most exact solution of a
    group stands for it. Solutions are sorted by their projection on one direction, so far-apart
    ones are never compared, and the cost is that of sorting.
    """
    count = len(states)
    if count == 0:
        return np.zeros(0, int)
    direction = np.random.default_rng(0).standard_normal(states.shape[1])
    projection = states @ (direction / np.linalg.norm(direction))
    order = np.argsort(projection, kind="stable")
    reach = uncertainty[order]
    # A gap wider than the largest reach on either side of it separates groups for certain.
    left = np.maximum.accumulate(projection[order] + reach)[:-1]
    right = np.minimum.accumulate((projection[order] - reach)[::-1])[::-1][1:]
    blocks = np.split(order, np.flatnonzero(left < right) + 1)
    representative = np.empty(count, int)
    for block in blocks:
        remaining = block[np.argsort(uncertainty[block], kind="stable")]
        while len(remaining):
            best = int(remaining[0])
            distance = np.linalg.norm(states[remaining] - states[best], axis=1)
            same = distance <= uncertainty[remaining] + uncertainty[best]
            same[0] = True
            representative[remaining[same]] = best
            remaining = remaining[~same]
    return representative
