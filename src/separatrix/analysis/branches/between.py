"""States between the points of a branch."""

import numpy as np
import scipy
from jaxtyping import Float, Int

WINDOW = 4
"""Points that a state between two of them is interpolated from: cubic along the branch."""


def states_between(
    parameters: Float[np.ndarray, " point"],
    arclength: Float[np.ndarray, " point"],
    states: Float[np.ndarray, "point unit"],
    branch: Int[np.ndarray, " point"],
    value: float,
) -> Float[np.ndarray, "found unit"]:
    """Return the states of all branches at one value of the parameter.

    Parameter and state are polynomials in the arclength through the points around, so that a fold
    is no obstacle; the error falls with the fourth power of the distance of the points.
    """
    p, found = parameters, []
    same = np.diff(branch) == 0
    low, high = np.minimum(p[:-1], p[1:]), np.maximum(p[:-1], p[1:])
    # half open along the branch, so that a point shared by two pieces counts once
    inside = same & (low <= value) & (value <= high) & (p[:-1] != value)
    for k in np.flatnonzero(inside):
        rows = _around(branch, int(k))
        s = arclength[rows]
        if p[k + 1] == value or (np.diff(s) <= 0).any():
            part = (value - p[k]) / (p[k + 1] - p[k])
            found.append(states[k] + part * (states[k + 1] - states[k]))
            continue
        there = scipy.optimize.brentq(
            lambda t, s=s, rows=rows: _weights(s, t) @ p[rows] - value,
            arclength[k],
            arclength[k + 1],
            xtol=1e-14,
        )
        found.append(_weights(s, there) @ states[rows])
    first = np.flatnonzero((p == value) & np.append(True, ~same))
    return np.array([*found, *states[first]]).reshape(-1, states.shape[1])


def _around(branch: np.ndarray, k: int) -> slice:
    """Return the points of the branch around the piece from k to k + 1."""
    first, last = (
        np.searchsorted(branch, branch[k], "left"),
        np.searchsorted(branch, branch[k], "right"),
    )
    start = int(np.clip(k + 1 - WINDOW // 2, first, max(last - WINDOW, first)))
    return slice(start, int(min(start + WINDOW, last)))


def _weights(nodes: np.ndarray, at: float) -> np.ndarray:
    """Return Lagrange's polynomials of the nodes at a place: 1 at the own node, 0 at the others."""
    others = ~np.eye(len(nodes), dtype=bool)
    return np.array(
        [np.prod((at - nodes[o]) / (nodes[j] - nodes[o])) for j, o in enumerate(others)]
    )
