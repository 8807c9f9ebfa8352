"""Continua of fixed points (line and ring attractors, identity maps), told from isolated points."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial.distance import cdist

Solve = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""States -> the zeros that a solver reaches from them, and whether it reached one."""

_PROBES = (1e-2, 3e-3)  # how far along the singular direction, beside the size of the states
_SHARE = 0.1  # of the way between two zeros, that one between them is away from both
_BULGE = 0.5  # how far from half-way between two zeros, beside their distance, one between them is
_ULPS = 8
_MOST = 400  # states that are looked into one by one
_MOST_PARTS = 32  # of which all pairs are looked into


@dataclass(frozen=True)
class Continua:
    """Which zeros belong to a continuum.

    Attributes
    ----------
    label (state,)
        The number of the continuum, −1 for an isolated zero.
    middles (continuum,)
        The state nearest to the mean of each continuum's states, which stands for it.
    """

    label: Int[np.ndarray, " state"]
    middles: Int[np.ndarray, " continuum"]

    @classmethod
    def none(cls, count: int) -> "Continua":
        """Return that all of `count` zeros are isolated, as far as is known."""
        return cls(np.full(count, -1), np.zeros(0, int))


def find_continua(
    states: Float[np.ndarray, "state unit"],
    directions: Float[np.ndarray, "state unit"],
    scale: float,
    solve: Solve,
    approach: Solve,
) -> Continua:
    """Find the zeros that have further zeros beside them.

    A zero whose Jacobian is nearly singular may be isolated all the same (a fold). So the solver is
    started a little way along the singular direction, `directions` (zero where there is none), at
    two distances: where zeros are not isolated, it stays there. `scale` is the size of typical
    states; `approach` leads to zeros by the shortest steps.
    """
    suspect = np.flatnonzero(directions.any(1))
    label = np.full(len(states), -1)
    if not len(suspect):
        return Continua.none(len(states))
    looked_into = suspect[np.unique(np.linspace(0, len(suspect) - 1, _MOST).astype(int))]
    here = looked_into[_has_neighbors(states[looked_into], directions[looked_into], scale, solve)]
    if not len(here):
        return Continua.none(len(states))
    numbers = join(states[here], solve, approach)
    # What was not looked into goes with the nearest state that was.
    known = np.full(len(states), -1)
    known[here] = numbers
    nearest = cdist(states[suspect], states[looked_into]).argmin(1)
    label[suspect] = known[looked_into[nearest]]
    groups = [np.flatnonzero(label == number) for number in range(numbers.max() + 1)]
    return Continua(label, np.array([group[_middle(states[group])] for group in groups]))


def find_continua_between(states: Float[np.ndarray, "state unit"], solve: Solve) -> Continua:
    """Find zeros that others lie between, where no Jacobian tells which ones to suspect.

    Of many, some are looked into; what is left goes with the nearest of these.
    """
    if len(states) < 2:
        return Continua.none(len(states))
    looked_into = np.unique(np.linspace(0, len(states) - 1, _MOST).astype(int))
    tree = spanning_tree(states[looked_into])
    ones, others = (states[looked_into[ends]] for ends in (tree.row, tree.col))
    numbers = _connected(tree, _are_joined(ones, others, solve))
    joined = np.flatnonzero(np.bincount(numbers) > 1)
    renumbered = np.full(numbers.max() + 1, -1)
    renumbered[joined] = np.arange(len(joined))
    label = renumbered[numbers[cdist(states, states[looked_into]).argmin(1)]]
    groups = [np.flatnonzero(label == number) for number in range(len(joined))]
    middles = [group[_middle(states[group])] for group in groups]
    return Continua(label, np.array(middles, int))


def _has_neighbors(
    states: np.ndarray, directions: np.ndarray, scale: float, solve: Solve
) -> Bool[np.ndarray, " state"]:
    """Tell which zeros have others beside them, at both distances, on one side at least."""
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


def join(
    states: Float[np.ndarray, "state unit"], solve: Solve, approach: Solve | None = None
) -> Int[np.ndarray, " state"]:
    """Give the states of one continuum the same number.

    Neighbors (along a minimum spanning tree) lie on the same one when the solver, started
    half-way between them, finds a zero there, and another half-way between that one and either.
    From between states far apart on a curve it may go far along it: then the zeros that `approach`
    leads to decide. So they are asked of the nearest states of any two parts that are left.
    """
    if len(states) == 1:
        return np.zeros(1, int)
    tree = spanning_tree(states)
    ends = np.stack([tree.row, tree.col])
    numbers = _connected(tree, _on_one(states, ends, solve, approach))
    parts = int(numbers.max()) + 1
    if approach is None or not 2 < parts <= _MOST_PARTS:  # two parts are neighbors
        return numbers
    # A gap in one continuum may be wider than the way over another, which the tree then takes.
    ends, pairs = _nearest_between(states, numbers)
    pairs = pairs[:, _are_joined(states[ends[0]], states[ends[1]], approach)]
    met = coo_array((np.ones(pairs.shape[1]), (pairs[0], pairs[1])), (parts, parts))
    return connected_components(met, directed=False)[1][numbers]


def _on_one(
    states: np.ndarray, ends: np.ndarray, solve: Solve, approach: Solve | None
) -> Bool[np.ndarray, " pair"]:
    """Tell which pairs of zeros, `ends (2, pair)`, lie on one continuum; see `join`."""
    ones, others = states[ends[0]], states[ends[1]]
    middles, apart = (ones + others) / 2, np.linalg.norm(ones - others, axis=1)
    zeros, reached = solve(middles)
    joined = reached & (np.linalg.norm(zeros - middles, axis=1) <= apart / 2)
    joined &= _is_between(ones, zeros, solve) | _is_between(others, zeros, solve)
    left = np.flatnonzero(~joined)
    if approach is not None and len(left):
        joined[left] = _are_joined(ones[left], others[left], approach)
    return np.asarray(joined)


def _nearest_between(states: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest states `(2, pair)` of every two parts, and which parts these are."""
    groups = [np.flatnonzero(numbers == part) for part in range(numbers.max() + 1)]
    pairs = np.array(np.triu_indices(len(groups), 1))
    ends = np.zeros_like(pairs)
    for k, (one, other) in enumerate(pairs.T):
        distances = cdist(states[groups[one]], states[groups[other]])
        row, column = np.unravel_index(distances.argmin(), distances.shape)
        ends[:, k] = groups[one][row], groups[other][column]
    return ends, pairs


def _connected(tree: coo_array, joined: Bool[np.ndarray, " edge"]) -> Int[np.ndarray, " state"]:
    """Give states that edges of a tree join the same number."""
    tree.data = np.where(joined, tree.data, 0.0)
    tree.eliminate_zeros()
    # Equal states have no edge: the tree's zeros are left out of a sparse matrix.
    return connected_components(tree, directed=False)[1]


def _are_joined(ones: np.ndarray, others: np.ndarray, approach: Solve) -> np.ndarray:
    """Tell which pairs have a zero between them, and further ones between that and both of them.

    The latter lie near the straight line: between two continua they would be on either.
    """
    between, joined = _zeros_between(ones, others, approach, _BULGE)
    for ends in (ones, others):
        joined &= _zeros_between(ends, between, approach, _BULGE / 2)[1]
    return joined


def _zeros_between(
    ones: np.ndarray, others: np.ndarray, approach: Solve, bulge: float
) -> tuple[np.ndarray, Bool[np.ndarray, " pair"]]:
    """Return zeros near the middles of pairs, and whether they are near those and apart from both.

    `bulge` is how far from the middle, beside the distance of the pair, is near.
    """
    middles, apart = (ones + others) / 2, np.linalg.norm(ones - others, axis=1)
    zeros, reached = approach(middles)
    away = np.minimum(*(np.linalg.norm(zeros - ends, axis=1) for ends in (ones, others)))
    near = np.linalg.norm(zeros - middles, axis=1) <= bulge * apart
    return zeros, reached & near & (away > _SHARE * apart)


def _is_between(ends: np.ndarray, others: np.ndarray, solve: Solve) -> Bool[np.ndarray, " pair"]:
    """Tell between which pairs of zeros lies another: half-way, the solver returns to neither.

    An isolated zero between two continua has none between it and them.
    """
    zeros, reached = solve((ends + others) / 2)
    apart = np.linalg.norm(ends - others, axis=1)
    rounding = _ULPS * np.finfo(float).eps * np.linalg.norm(ends, axis=1)
    away = np.minimum(*(np.linalg.norm(zeros - end, axis=1) for end in (ends, others)))
    return reached & ((away > _SHARE * apart) | (apart <= rounding))


def spanning_tree(states: Float[np.ndarray, "state unit"]) -> coo_array:
    """Return the neighbors along a minimum spanning tree, with their distances.

    Of a dense matrix SciPy would leave out what is below 1e-8.
    """
    return minimum_spanning_tree(csr_array(cdist(states, states))).tocoo()


def _middle(states: np.ndarray) -> int:
    return int(np.linalg.norm(states - states.mean(0), axis=1).argmin())


def name_continuum(singular_values: Float[np.ndarray, " unit"], count: int = 1) -> str:
    """Say that a continuum is likely, with the evidence: of large systems `count` zeros alone."""
    values = ", ".join(f"{s:.1e}" for s in singular_values[-3:])
    evidence = f"smallest singular values {values}" if values else f"{count} with others between"
    return (
        f"degenerate: a continuum of fixed points is likely ({evidence}); analyze it as a slow "
        "curve"
    )
