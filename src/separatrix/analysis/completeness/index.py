r"""The index theorem: what the signs of the Jacobians must add up to.

If the velocity v points inward on every face of a box and has only non-degenerate zeros in it, then

.. math:: \sum_{x^*} \operatorname{sign}\det(-Dv(x^*)) = 1 ,

with $-Dv = I - J$ for a map (Brouwer's degree of $p - x$, to which v can be deformed; Hopf 1927).
So any other sum proves that fixed points are missing; a sum of 1 is necessary for a complete set,
not sufficient.

A sign is proved from an interval matrix S of slopes of v around the zero: if
:math:`\|I - A S\|_\infty < 1` for some matrix A, no matrix in S is singular, nor any on the way
to a product LU with :math:`\|I - A L U\|_\infty < 1`, so all have the sign of :math:`\det LU`,
which is read from the diagonal. With slopes instead of derivatives it is the local degree of v also
where v has kinks: v(x) = S(x)(x − x*), and S deforms into LU without a singular matrix.

Of a velocity $v(x) = a\circ x + h(z(x))$ with a latent state z the slopes are
$S = A(I + LZ)$, of which $\det S = \det A\,\det(I + ZL)$, and the small matrix $I + ZL$ is
judged in place of S. (L and Z deform one after the other into any that their bounds hold, in
A(x − x*) + A L Z (x − x*).)
"""

from typing import Any

import numpy as np
import scipy
from jaxtyping import Bool, Float, Int
from scipy.linalg import lu

from ...enclosure.interval import Enclosed, Interval, ball, point
from ...enclosure.interval.interpreter import Enclosures
from ...enclosure.interval.products import matmul
from ...enclosure.krawczyk.context import over_chunks, quietly
from ...enclosure.krawczyk.contraction import contraction_rates, invert
from ...solvers.low_rank import LatentSystem
from ..point_table import UNTRIED, PointTable
from . import texts
from .domain import Domain

States = Float[np.ndarray, "point unit"]


Indices = tuple[Int[np.ndarray, " point"], tuple[str, ...]]
"""The index of each fixed point: sign det(−Dv), 0 where it is not proved, and why it is not."""


def point_indices(
    velocity: Enclosed, states: States, error_bounds: Float[np.ndarray, " point"]
) -> Indices:
    """Prove the index of the zero of the velocity within `error_bounds` of each state."""
    orientation = (-1) ** states.shape[1]

    def judge(turn: slice) -> Indices:
        with quietly(states.shape[1]):
            result = velocity.slopes(ball(states[turn], error_bounds[turn, None]))
            return _indices(result, orientation)

    parts = over_chunks(judge, *states.shape)
    signs = np.concatenate([np.zeros(0, int), *(signs for signs, _ in parts)])
    return signs, tuple(text for _, obstacles in parts for text in obstacles)


def latent_indices(
    velocity: LatentSystem, states: States, error_bounds: Float[np.ndarray, " point"]
) -> Indices:
    """Prove the same by the latent system of a velocity, at any number of units."""
    positive = np.broadcast_to(velocity.leak.lower > 0, velocity.size)
    orientation = (-1) ** int(np.count_nonzero(positive))  # sign det(−A)
    with quietly(velocity.rank):
        result = velocity.around(ball(states, error_bounds[:, None]))
        return _indices(result, orientation)


def with_indices(
    table: PointTable,
    velocity: Enclosed | None,
    latent: LatentSystem | None,
    which: Bool[np.ndarray, " point"],
) -> PointTable:
    """Prove the indices of points for which that was not tried, while a search goes on.

    By the latent system, where there is one and it succeeds.
    """
    ways: tuple[Any, ...] = ((latent_indices, latent), (point_indices, velocity))
    for prove, form in ways:
        labels = np.flatnonzero(which & (table.indices == UNTRIED))
        if form is None or not len(labels):
            continue
        signs, why = prove(form, table.states[labels], table.proved_errors[labels])
        kept = (signs != 0) | (velocity is None or form is velocity)
        obstacles = np.array(why, object)[kept]
        table = table.with_values(labels[kept], indices=signs[kept], obstacles=obstacles)
    return table


def _indices(result: Enclosures, orientation: int) -> Indices:
    """Judge slopes, where bounds tell that there may be a zero."""
    middles, _ = result.slopes.midpoint_radius()
    inverses = invert(middles)
    regular = contraction_rates(inverses, result.slopes).max(axis=1) < 1
    signs = np.zeros(len(regular), int)
    signs[regular] = _signs_of_determinants(middles[regular], inverses[regular])
    zero = ~np.any(result.bounds.excludes_zero(), axis=1)
    signs = np.where(zero & result.allowed, signs, 0)
    obstacles = [
        refusal or ("" if sign else texts.DEGENERATE if there else texts.NO_ZERO)
        for refusal, sign, there in zip(result.refusals, signs, zero, strict=True)
    ]
    return orientation * signs, tuple(obstacles)


def _signs_of_determinants(matrices: np.ndarray, inverses: np.ndarray) -> np.ndarray:
    """Return the sign of the determinant of each matrix, 0 where it is not proved."""
    if not len(matrices):
        return np.zeros(0, int)
    order, lower, upper = lu(matrices, p_indices=True)
    rows = np.arange(len(matrices))[:, None]
    product = matmul(point(lower), point(upper))
    product = Interval(product.lower[rows, order], product.upper[rows, order])
    near = contraction_rates(inverses, product).max(axis=1) < 1
    diagonal = np.diagonal(upper, axis1=1, axis2=2)
    signs = np.sign(diagonal).prod(axis=1) * [_parity(permutation) for permutation in order]
    return np.where(near, signs, 0).astype(int)


def _parity(permutation: np.ndarray) -> int:
    """Return +1 for an even permutation, −1 for an odd one."""
    seen, sign = np.zeros(len(permutation), bool), 1
    for first in range(len(permutation)):
        at, length = first, 0
        while not seen[at]:
            seen[at], at, length = True, permutation[at], length + 1
        sign = -sign if length and length % 2 == 0 else sign
    return sign


def index_sum(domain: Domain, points: PointTable) -> int | str:
    r"""Add up the indices of fixed points, where the theorem's hypotheses hold.

    Parameters
    ----------
    domain
        The box, with the proof that the velocity points inward on it.
    points
        The fixed points, with their indices.

    Returns
    -------
    Σ sign det(−Dv); or why it means nothing, where the velocity is not shown to point inward, where
    a point is not certified or not shown to be non-degenerate, or where two points may be one.
    """
    if not domain.inward:
        return domain.obstacle
    if not points.proved.all():
        count = int((~points.proved).sum())
        return texts.UNCERTIFIED.format(count, len(points))
    if not points.indices.all():
        worst = int(np.flatnonzero(points.indices == 0)[0])
        return texts.WITHOUT_INDEX.format(worst, points.obstacles[worst])
    if some_may_be_one(points.states, points.proved_errors):
        return texts.NEARER_THAN_ERRORS
    return int(points.indices.sum())


def some_may_be_one(states: States, error_bounds: Float[np.ndarray, " point"]) -> bool:
    """Return whether any two points are so near that both may be the same zero."""
    if len(states) < 2:
        return False
    first, second = np.triu_indices(len(states), 1)
    reach = (error_bounds[first] + error_bounds[second]) * (1 + 1e-9)
    return bool((scipy.spatial.distance.pdist(states, "chebyshev") <= reach).any())
