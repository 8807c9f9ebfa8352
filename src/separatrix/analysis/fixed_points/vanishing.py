"""States at which a residual only seems to vanish, as it falls below rounding for ever.

So does exp(−x): from x = 745 on it is 0 in float64, and no zero is within reach. An exact zero, a
degenerate one, too, lies among states that can be told from it; a line of zeros goes on to both
sides, or ends at a kink, to which a Newton step from beyond its end leads.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float

from .evaluator import Evaluator

States = Float[np.ndarray, "state unit"]
Flags = Bool[np.ndarray, " state"]

_FAR = 10.0 ** np.arange(10)  # distances, in sizes of a state, at which it is looked
_HALVINGS = 30
_LONGER = 100.0  # a Newton step than what is left of the way, if it leads past the end of a line
_LONG = 1e-4  # beside the state at the end


def are_vanishing(
    evaluator: Evaluator,
    are_zeros: Callable[[States], Flags],
    states: States,
    sizes: Float[np.ndarray, " state"],
) -> Flags:
    """Tell where the residual falls below rounding on one side, as far as one looks, and smoothly.

    `states` cannot be distinguished from zeros and have a Newton step that is not small; `sizes`
    are those of typical states there. The search goes along the direction in which the residual
    changes least.
    """
    found = np.zeros(len(states), bool)
    for rows in evaluator.chunks(len(states)):
        here = states[rows]
        jacobians = evaluator.residual_and_jacobian(here)[1]
        usable = np.isfinite(jacobians).all((1, 2))
        along = np.linalg.svd(np.where(usable[:, None, None], jacobians, 0.0))[2][:, -1]
        along = along * sizes[rows, None]
        far = [_zeros_along(are_zeros, here, side * along) for side in (1, -1)]
        endless = np.array([zeros.all(1) for zeros in far])
        for row in np.flatnonzero(usable & (endless[0] ^ endless[1])):
            other = int(endless[0, row])
            first = _FAR[np.argmin(far[other][row])]
            way = (-1 if other else 1) * first * along[row]
            found[rows.start + row] = _fades(evaluator, are_zeros, here[row], way)
    return found


def _zeros_along(
    are_zeros: Callable[[States], Flags], states: States, along: States
) -> Bool[np.ndarray, "state distance"]:
    """Tell at which distances along a way the residual cannot be distinguished from zero."""
    there = states[:, None] + _FAR[:, None] * along[:, None]
    return are_zeros(there.reshape(-1, states.shape[1])).reshape(len(states), -1)


def _fades(
    evaluator: Evaluator, are_zeros: Callable[[States], Flags], state: np.ndarray, way: np.ndarray
) -> bool:
    """Tell whether the last state on the way from a zero that is none leads far beyond the end."""
    zero, none = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (zero + none) / 2
        if are_zeros((state + middle * way)[None])[0]:
            zero = middle
        else:
            none = middle
    end = state + none * way
    residual, jacobian = (part[0] for part in evaluator.residual_and_jacobian(end[None]))
    if not (np.isfinite(residual).all() and np.isfinite(jacobian).all()):
        return False
    left, values, right = np.linalg.svd(jacobian)
    used = values > 0
    step = right[used].T @ ((left.T @ -residual)[used] / values[used])
    length = np.linalg.norm(way)
    rest = _LONGER * (none - zero) * length
    return bool(abs(step @ way) / length > max(rest, _LONG * np.abs(end).max()))
