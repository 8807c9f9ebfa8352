r"""A certified number of unstable directions.

For an approximate eigenbasis V of the middle of an interval matrix J and an approximate inverse Y
of V, let :math:`E=I-YV` and :math:`B=YJV`. If :math:`\|E\|_\infty<1`, then V is not singular and

.. math:: V^{-1}JV=(I-E)^{-1}B = B + E\,(I-E)^{-1}B ,
   \qquad \big|E(I-E)^{-1}B\big|_{ij} \le \frac{\sum_k |E|_{ik}}{1-\|E\|_\infty}\,\max_k |B|_{kj}.

So Gershgorin's discs of that matrix are known; if none of them meets the boundary of stability,
those on the unstable side hold as many eigenvalues as there are discs (Rump 2010, *Acta Numerica*
19:287, section 13.4). Complex matrices are pairs of real interval matrices.

Any V will do. Where J is a multiple s of the identity but for a matrix of low rank, the many
eigenvectors of s are badly conditioned; then V consists of eigenvectors within the range of J − s
and of an orthonormal basis of the rest, shortened so that what couples the two is small.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from ..interval.arithmetic import (
    Array,
    Interval,
    divide,
    down,
    point,
    subtract,
    up,
)
from ..interval.products import matmul, row_sums
from .context import quietly

Kind = Literal["map", "flow"]

_RANK = 16  # columns with which a low rank is looked for
_NEGLIGIBLE = 1e-10  # beside the norm of a matrix
_COUPLING = 1e-6  # between the root of rounding and what keeps discs small


class UnstableDirections(NamedTuple):
    """For each matrix the certified number of unstable eigenvalues, or None and the reason."""

    counts: tuple[int | None, ...]
    reasons: tuple[str, ...]


def certify_unstable(jacobians: Interval, kind: Kind) -> UnstableDirections:
    """Count eigenvalues outside the unit circle (map) or right of the imaginary axis (flow).

    The count holds for every matrix in the enclosure.

    Parameters
    ----------
    jacobians
        Interval matrices (point, n, n).
    kind
        ``"map"`` or ``"flow"``.

    Returns
    -------
    UnstableDirections; None where a disc meets the boundary or the eigenvectors are too
    ill-conditioned.

    Raises
    ------
    ValueError
        If the shape or the kind is another.

    Examples
    --------
    >>> certify_unstable(point(np.diag([2.0, 0.5])[None]), "map").counts
    (1,)
    """
    if jacobians.ndim != 3 or jacobians.shape[1] != jacobians.shape[2]:
        raise ValueError(f"expected matrices of shape (point, n, n), got {jacobians.shape}")
    if kind not in ("map", "flow"):
        raise ValueError(f'expected kind "map" or "flow", got {kind!r}')
    with quietly(jacobians.shape[1]):
        results = [_count(jacobians[index], kind) for index in range(jacobians.shape[0])]
    return UnstableDirections(tuple(r[0] for r in results), tuple(r[1] for r in results))


def _count(jacobian: Interval, kind: Kind) -> tuple[int | None, str]:
    if not np.isfinite(jacobian.magnitude()).all():
        return None, "the Jacobian is not bounded"
    middle, _ = jacobian.midpoint_radius()
    count, reason = None, ""
    for basis_of in (_low_rank_basis, _eigenbasis):
        try:
            basis = basis_of(middle)
            if basis is None:
                continue
            discs = _discs(jacobian, basis, np.linalg.inv(basis))
        except np.linalg.LinAlgError:
            reason = "the eigenvectors could not be computed"
            continue
        count, reason = _decided(discs, kind)
        if count is not None:
            break
    return count, reason


def _eigenbasis(matrix: Array) -> Array:
    return np.linalg.eig(matrix)[1]


def _low_rank_basis(matrix: Array) -> Array | None:
    """Return the basis where a matrix is s but for a low rank, None for any other."""
    size = len(matrix)
    if size < 4 * _RANK:
        return None
    some = np.linspace(0, size - 1, 3 * _RANK).astype(int)  # where s is the usual eigenvalue, too
    shift = np.median(np.linalg.eigvals(matrix[np.ix_(some, some)]).real)
    low = matrix - shift * np.eye(size)
    seen = np.linalg.qr(low @ np.random.default_rng(0).standard_normal((size, _RANK)))[0]
    within = seen.T @ low
    if np.linalg.norm(low - seen @ within) > _NEGLIGIBLE * np.linalg.norm(low):
        return None
    directions, lengths, _ = np.linalg.svd(within, full_matrices=False)
    rank = np.count_nonzero(lengths > _NEGLIGIBLE * lengths[0])
    orthonormal = np.linalg.qr(seen @ directions[:, :rank], mode="complete")[0]
    first, rest = orthonormal[:, :rank], orthonormal[:, rank:]
    return np.hstack([first @ np.linalg.eig(first.T @ matrix @ first)[1], _COUPLING * rest])


def _decided(discs: tuple[Interval, Interval, Array] | None, kind: Kind) -> tuple[int | None, str]:
    """Count the discs on the unstable side, if none meets the boundary."""
    if discs is None:
        return None, "the eigenvectors are too ill-conditioned"
    outside, inside = _sides(*discs, kind)
    if not np.all(outside | inside):
        return None, "an eigenvalue may lie on the boundary of stability"
    return int(np.count_nonzero(outside)), ""


def _discs(
    jacobian: Interval, basis: Array, inverse: Array
) -> tuple[Interval, Interval, Array] | None:
    """Centres (real, imaginary) and radii of Gershgorin's discs; None if V may be singular."""
    size = basis.shape[0]
    image = matmul(jacobian, point(np.hstack([basis.real, basis.imag])))
    real, imaginary = _times(inverse, image[:, :size], image[:, size:])
    unit_real, unit_imaginary = _times(inverse, point(basis.real.copy()), point(basis.imag.copy()))
    defect = _modulus(subtract(point(np.eye(size)), unit_real), unit_imaginary)
    rows = row_sums(defect)
    worst = float(np.max(rows, initial=0.0))
    if not worst < 0.5:
        return None
    entries = _modulus(real, imaginary)
    factor = divide(point(rows), subtract(point(np.ones(1)), point(np.full(1, worst)))).upper
    correction = up(factor[:, None] * entries.max(axis=0)[None, :])  # |V^-1 J V - B|
    off_diagonal = up(entries + correction)
    np.fill_diagonal(off_diagonal, np.diag(correction))
    diagonal = np.arange(size)
    return real[diagonal, diagonal], imaginary[diagonal, diagonal], row_sums(off_diagonal)


def _times(inverse: Array, real: Interval, imaginary: Interval) -> tuple[Interval, Interval]:
    """Multiply a complex matrix with a complex interval matrix, each part as one real product."""
    stacked = Interval(
        np.vstack([real.lower, imaginary.lower]), np.vstack([real.upper, imaginary.upper])
    )
    signed = np.hstack([inverse.real, -inverse.imag])
    crossed = np.hstack([inverse.imag, inverse.real])
    return matmul(point(signed), stacked), matmul(point(crossed), stacked)


def _modulus(real: Interval, imaginary: Interval) -> Array:
    """Upper bounds of |z|; hypot is accurate to an ulp or so."""
    return up(np.hypot(real.magnitude(), imaginary.magnitude()), 4.0)


def _sides(real: Interval, imaginary: Interval, radius: Array, kind: Kind) -> tuple[Array, Array]:
    """Which discs lie strictly outside, and which strictly inside, the region of stability."""
    if kind == "flow":
        return down(real.lower - radius) > 0, up(real.upper + radius) < 0
    farthest = _modulus(real, imaginary)
    nearest = down(np.hypot(_distance_to_zero(real), _distance_to_zero(imaginary)), 4.0)
    return down(nearest - radius) > 1, up(farthest + radius) < 1


def _distance_to_zero(a: Interval) -> Array:
    return np.maximum(np.maximum(a.lower, -a.upper), 0.0)
