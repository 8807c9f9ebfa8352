"""Which fixed points lie on a continuum (line and ring attractors, identity maps)."""

from collections.abc import Callable

import numpy as np
import scipy
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

Solve = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""States -> the zeros that a solver reaches from them, and whether it reached one."""
AreZeros = Callable[[np.ndarray], Bool[np.ndarray, " state"]]

_PROBES = (1e-2, 3e-3)  # how far along the singular direction, beside the size of the states
_SHARE = 0.1  # of the way between two zeros, that one between them is away from both
_ULPS = 8
_MOST = 400  # states that are looked into one by one
_BETWEEN = (0.25, 0.5, 0.75)  # where it is looked whether two zeros are one
_SINGULAR = 1e-6  # a smallest singular value, beside the largest, that may be 0


def find_continua(
    states: Float[np.ndarray, "state unit"],
    directions: Float[np.ndarray, "state unit"],
    scale: float,
    solve: Solve,
) -> Int[np.ndarray, " state"]:
    """Find the zeros that have others beside them: the number of each one's continuum, or −1.

    A zero whose Jacobian is nearly singular may be isolated all the same (a fold). So the solver is
    started a little way along the singular direction, `directions` (zero where there is none), at
    two distances: where zeros are not isolated, it stays there. `scale` is the size of typical
    states.
    """
    suspect = np.flatnonzero(directions.any(1))
    if not len(suspect):
        return np.full(len(states), -1)
    looked_into = suspect[np.unique(np.linspace(0, len(suspect) - 1, _MOST).astype(int))]
    here = looked_into[_has_neighbors(states[looked_into], directions[looked_into], scale, solve)]
    known = np.full(len(states), -1)
    known[here] = join(states[here], solve)
    # What was not looked into goes with the nearest state that was.
    label = np.full(len(states), -1)
    nearest = scipy.spatial.distance.cdist(states[suspect], states[looked_into]).argmin(1)
    label[suspect] = known[looked_into[nearest]]
    return label


def find_continua_between(
    states: Float[np.ndarray, "state unit"], solve: Solve
) -> Int[np.ndarray, " state"]:
    """Find zeros that others lie between, where no Jacobian tells which ones to suspect."""
    numbers = join(states, solve)
    several = np.bincount(numbers) > 1
    return np.where(several, np.cumsum(several) - 1, -1)[numbers]


def middles(
    states: Float[np.ndarray, "state unit"], label: Int[np.ndarray, " state"]
) -> Int[np.ndarray, " continuum"]:
    """Return the state nearest to the mean of each continuum's states, which stands for it."""
    groups = [np.flatnonzero(label == number) for number in range(label.max(initial=-1) + 1)]
    nearest = (np.linalg.norm(states[g] - states[g].mean(0), axis=1).argmin() for g in groups)
    return np.array([group[row] for group, row in zip(groups, nearest, strict=True)], int)


def join(states: Float[np.ndarray, "state unit"], solve: Solve) -> Int[np.ndarray, " state"]:
    """Give the states of one continuum the same number.

    Neighbors (along a minimum spanning tree) lie on the same one when the solver, started half-way
    between them, finds a zero there, apart from both, and another between that one and either: an
    isolated zero between two others has none.
    """
    if len(states) < 2:
        return np.zeros(len(states), int)
    tree = spanning_tree(states)
    ones, others = states[tree.row], states[tree.col]
    zeros, joined = _between(ones, others, solve)
    joined &= _between(ones, zeros, solve)[1] | _between(others, zeros, solve)[1]
    return _connected(tree, joined)


def _between(
    ones: np.ndarray, others: np.ndarray, solve: Solve
) -> tuple[np.ndarray, Bool[np.ndarray, " pair"]]:
    """Return the zeros that the solver finds half-way, and whether they are apart from both."""
    middles, apart = (ones + others) / 2, np.linalg.norm(ones - others, axis=1)
    zeros, reached = solve(middles)
    near = np.linalg.norm(zeros - middles, axis=1) <= apart / 2
    away = np.minimum(*(np.linalg.norm(zeros - ends, axis=1) for ends in (ones, others)))
    rounding = _ULPS * np.finfo(float).eps * np.linalg.norm(ones, axis=1)
    return zeros, reached & near & ((away > _SHARE * apart) | (apart <= rounding))


def same_zeros(
    states: Float[np.ndarray, "state unit"], are_zeros: AreZeros, reach: Float[np.ndarray, " state"]
) -> Int[np.ndarray, " state"]:
    """Return a number for each state, one for those with only zeros between them, within `reach`.

    Rounding hides where in that stretch the zero lies: of x³, say, beside terms of size 1.
    """
    states, first, which = np.unique(states, axis=0, return_index=True, return_inverse=True)
    which = which.reshape(-1)
    if len(states) < 2:
        return which
    tree = spanning_tree(states)
    joined = tree.data <= reach[first][tree.row]
    one, other = states[tree.row[joined]], states[tree.col[joined]]
    one_zero = np.ones(len(one), bool)
    for share in _BETWEEN if len(one) else ():
        one_zero &= are_zeros((1 - share) * one + share * other)
    joined[joined] = one_zero
    return _connected(tree, joined)[which]


def are_singular(singular_values: Float[np.ndarray, "state value"]) -> Bool[np.ndarray, " state"]:
    """Mask zeros that may be degenerate, by the singular values of their Jacobians."""
    if not singular_values.shape[1]:
        return np.zeros(len(singular_values), bool)
    return singular_values[:, -1] <= _SINGULAR * singular_values[:, 0]


def spanning_tree(states: Float[np.ndarray, "state unit"]) -> coo_array:
    """Return the neighbors along a minimum spanning tree, with their distances.

    Of a dense matrix SciPy would leave out what is below 1e-8.
    """
    return minimum_spanning_tree(csr_array(scipy.spatial.distance.cdist(states, states))).tocoo()


def _has_neighbors(
    states: np.ndarray, directions: np.ndarray, scale: float, solve: Solve
) -> Bool[np.ndarray, " state"]:
    """Mask zeros with other zeros beside them, at both distances, on at least one side."""
    size = np.maximum(np.abs(states).max(1, initial=0), scale)
    size = np.where(size > 0, size, 1.0)
    beside = np.ones(len(states), bool)
    for probe in _PROBES:
        distance = probe * size
        on_a_side = np.zeros(len(states), bool)
        for sign in (1, -1):
            zeros, reached = solve(states + sign * distance[:, None] * directions)
            moved = zeros - states
            along = sign * (moved * directions).sum(1)
            near = np.linalg.norm(moved, axis=1) <= 2 * distance
            on_a_side |= reached & near & (along >= distance / 2)
        beside &= on_a_side
    return beside


def _connected(tree: coo_array, joined: Bool[np.ndarray, " edge"]) -> Int[np.ndarray, " state"]:
    """Give states that edges of a tree join the same number."""
    tree.data = np.where(joined, tree.data, 0.0)
    tree.eliminate_zeros()
    # Equal states have no edge: the tree's zeros are left out of a sparse matrix.
    return connected_components(tree, directed=False)[1]
