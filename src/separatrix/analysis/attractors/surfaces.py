"""What two-dimensional sets are: flat or curved, with an edge or closed, with loops or without."""

from dataclasses import dataclass

import numpy as np
import scipy
from jaxtyping import Float

from .loops import loops_that_last

_AROUND = 20  # states that surround one: they all but never lie in one half by chance
_FEWEST = 100  # states that show a surface, its edge and its loops
_BENT = 0.45  # how far neighborhoods may extend off two directions, beside the shorter of those
_INWARD = 0.15  # how far the middle must be inside the hull of the directions to neighbors


@dataclass(frozen=True)
class Surface:
    """What samples tell of a surface; NaN and −1: they do not.

    Attributes
    ----------
    thickness
        Root mean square across the plane that fits best, as a part of that along its shorter side.
    edge
        Share of the states whose neighbors all lie on one side of them.
    loops
        Number of independent loops that last.
    finest
        A loop narrower than this is not seen.
    name
        What that makes it.
    """

    thickness: float
    edge: float = float("nan")
    loops: int = -1
    name: str = "surface"
    finest: float = float("nan")


def surface_of(states: Float[np.ndarray, "state unit"], flat: float) -> Surface:
    """Tell what surface states lie on: a plane up to a thickness of `flat`, or a curved one.

    A closed surface has no edge. On one with an edge, of some √N of N states, at least half of √N
    have neighbors on one side only; where neighborhoods of 20 states are bent much, or there are
    few states, neither is asked. Over Z/2 a torus has two loops, a sphere none and a cylinder one;
    a sphere is only called so where the samples would show loops around what is as thin as the
    whole set.
    """
    extents = np.linalg.svd(states - states.mean(0), compute_uv=False) / len(states) ** 0.5
    thickness = float(np.linalg.norm(extents[2:]) / extents[1])
    shape = "plane" if thickness <= flat else "surface"
    if len(states) < _FEWEST:
        return Surface(thickness, name=shape)
    edge, bent = _edge(states)
    if bent > _BENT:
        return Surface(thickness, name=shape)
    loops, finest = loops_that_last(states)
    if shape == "plane":
        return Surface(thickness, edge, loops, shape, finest)
    if edge > 0.5 / len(states) ** 0.5:
        return Surface(thickness, edge, loops, "cylinder" if loops == 1 else shape, finest)
    is_sphere = loops == 0 and finest <= 2 * extents[2]
    name = "sphere" if is_sphere else "torus" if loops == 2 else "closed surface"
    return Surface(thickness, edge, loops, name, finest)


def _edge(states: np.ndarray) -> tuple[float, float]:
    """Return the share of states at an edge, and how far neighborhoods extend off two directions.

    A state is inside when the directions to its neighbors surround it: when a point a little to
    the side where fewer of them are is in their convex hull.
    """
    order = np.argsort(scipy.spatial.distance.cdist(states, states), axis=1, kind="stable")[
        :, 1 : _AROUND + 1
    ]
    outside, bent = np.zeros(len(states), bool), np.zeros(len(states))
    for k, near in enumerate(order):
        offsets = states[near] - states[k]
        _, extents, directions = np.linalg.svd(offsets, full_matrices=False)
        bent[k] = np.linalg.norm(extents[2:]) / extents[1]
        along = offsets @ directions[:2].T
        along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-300)
        middle = along.mean(0)
        target = -_INWARD * middle / max(float(np.linalg.norm(middle)), 1e-300)
        hull = np.vstack([along.T, np.ones(len(along))])
        outside[k] = scipy.optimize.nnls(hull, np.append(target, 1.0))[1] > 1e-9
    return float(outside.mean()), float(np.median(bent))
