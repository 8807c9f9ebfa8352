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

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.linalg import lu
from scipy.spatial.distance import pdist

from ...enclosure.interval import Enclosed, Interval, ball, point
from ...enclosure.interval.interpreter import Enclosures
from ...enclosure.interval.products import matmul
from ...enclosure.krawczyk.context import over_chunks, quietly
from ...enclosure.krawczyk.contraction import Preconditioner
from ...solvers.low_rank import LatentSystem
from .domain import Domain

States = Float[np.ndarray, "point unit"]
Known = Mapping[bytes, tuple[int, str]]
"""The index of each state, by its bytes, 0 where it is not proved, and why it is not."""


@dataclass(frozen=True)
class Indices:
    """The index of each fixed point: sign det(−Dv), 0 where it is not proved, and why it is not."""

    signs: Int[np.ndarray, " point"]
    obstacles: tuple[str, ...]


@dataclass(frozen=True)
class IndexSum:
    """Σ sign det(−Dv), or None and the reason why it means nothing."""

    value: int | None
    reason: str


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
    return Indices(
        np.concatenate([np.zeros(0, int), *(part.signs for part in parts)]),
        tuple(text for part in parts for text in part.obstacles),
    )


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
    known: Known,
    velocity: Enclosed | None,
    latent: LatentSystem | None,
    states: States,
    error_bounds: Float[np.ndarray, " point"],
) -> Known:
    """Return known indices with those of further states, so that each is proved once in a search.

    By the latent system, where there is one and it succeeds.
    """
    found = dict(known)

    def prove(by: Callable[..., Indices], form: Enclosed | LatentSystem, only_proved: bool) -> None:
        new = [row for row, state in enumerate(states) if state.tobytes() not in found]
        if not new:
            return
        proved = by(form, states[new], error_bounds[new])
        for row, sign, why in zip(new, proved.signs.tolist(), proved.obstacles, strict=True):
            if sign or not only_proved:
                found[states[row].tobytes()] = sign, why

    if latent is not None:
        prove(latent_indices, latent, velocity is not None)
    if velocity is not None:
        prove(point_indices, velocity, False)
    return found


def indices_of(known: Known, states: States) -> Indices:
    """Return the index of each state from those known."""
    rows = [known[state.tobytes()] for state in states]
    return Indices(np.array([sign for sign, _ in rows], int), tuple(why for _, why in rows))


def _indices(result: Enclosures, orientation: int) -> Indices:
    """Judge slopes, where bounds tell that there may be a zero."""
    assert result.slopes is not None  # asked for
    nearly = Preconditioner.of(result.slopes)
    regular = nearly.rates(result.slopes).max(axis=1) < 1
    signs = np.zeros(len(regular), int)
    signs[regular] = _signs_of_determinants(nearly.rows(regular))
    away = (result.bounds.lower > 0) | (result.bounds.upper < 0)
    zero = ~np.any(away, axis=1)
    willing = np.array([not text for text in result.refusals])
    signs = np.where(zero & willing, signs, 0)
    texts = [
        refusal or ("" if sign else _DEGENERATE if there else _NO_ZERO)
        for refusal, sign, there in zip(result.refusals, signs, zero, strict=True)
    ]
    return Indices(orientation * signs, tuple(texts))


_DEGENERATE = "its Jacobian is not shown to be non-singular"
_NO_ZERO = "the residual has a zero there, the step has none"


def _signs_of_determinants(nearly: Preconditioner) -> np.ndarray:
    """Return the sign of the determinant of each matrix, 0 where it is not proved."""
    matrices = nearly.middle
    if not len(matrices):
        return np.zeros(0, int)
    order, lower, upper = lu(matrices, p_indices=True)
    rows = np.arange(len(matrices))[:, None]
    product = matmul(point(lower), point(upper))
    product = Interval(product.lower[rows, order], product.upper[rows, order])
    near = nearly.rates(product).max(axis=1) < 1
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


def index_sum(
    domain: Domain,
    indices: Indices,
    states: States,
    error_bounds: Float[np.ndarray, " point"],
    certified: Bool[np.ndarray, " point"],
) -> IndexSum:
    r"""Add up the indices of fixed points, where the theorem's hypotheses hold.

    Parameters
    ----------
    domain
        The box, with the proof that the velocity points inward on it.
    indices
        From `point_indices`, of the same points.
    states, error_bounds, certified
        The fixed points, the proved distance (largest entry) to the exact point, and whether it is
        proved.

    Returns
    -------
    IndexSum
        The value is None where the velocity is not shown to point inward, where a point is not
        certified or not shown to be non-degenerate, or where two points may be one.
    """
    if not domain.inward:
        return IndexSum(None, domain.obstacle)
    if not certified.all():
        return IndexSum(
            None, f"{int((~certified).sum())} of {len(certified)} fixed points are not certified"
        )
    if not indices.signs.all():
        worst = int(np.flatnonzero(indices.signs == 0)[0])
        return IndexSum(None, f"fixed point {worst}: {indices.obstacles[worst]}")
    if some_may_be_one(states, error_bounds):
        return IndexSum(None, "two fixed points are nearer than their error bounds")
    return IndexSum(int(indices.signs.sum()), "")


def some_may_be_one(states: States, error_bounds: Float[np.ndarray, " point"]) -> bool:
    """Tell whether two points are so near that both may be the same zero."""
    if len(states) < 2:
        return False
    first, second = np.triu_indices(len(states), 1)
    reach = (error_bounds[first] + error_bounds[second]) * (1 + 1e-9)
    return bool((pdist(states, "chebyshev") <= reach).any())
