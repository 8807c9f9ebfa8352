r"""A certified number of unstable directions.

For an approximate eigenbasis V of the middle of an interval matrix J, in real numbers, approximate
eigenvalues, as a real matrix C with a block :math:`(a, b; -b, a)` for each pair
:math:`a\pm\mathrm{i}b`, and an approximate inverse Y of V, let :math:`E=I-YV` and
:math:`T=Y(JV-VC)`. If :math:`e=\|E\|_\infty<1`, then V is not singular and

.. math:: V^{-1}JV = C+(I-E)^{-1}T ,
   \qquad \sum_j\big|(I-E)^{-1}T\big|_{ij}w_j \le
   \sum_j|T|_{ij}w_j + \frac{\sum_k |E|_{ik}}{1-e}\,\max_k\sum_j|T|_{kj}w_j =: t_i .

A unitary matrix makes C diagonal: blocks :math:`(1, 1; \mathrm i, -\mathrm i)/\sqrt2` of it each
turn two rows and columns that belong to a pair. With the weights :math:`w=\sqrt2` of columns that
do and 1 of others, what is added to C then has row sums of at most :math:`(t_i+t_j)/\sqrt2` in the
two rows i, j of a pair, and of :math:`t_i` in any other. So the discs of these radii around the
approximate eigenvalues hold the eigenvalues (Gershgorin); if none of them meets the boundary of
stability, those on the unstable side hold as many eigenvalues as there are discs (Rump 2010, *Acta
Numerica* 19:287, section 13.4). Only row sums are asked for, so what rounding and the width of J
leave is bounded by products of matrices and vectors.

Any V will do. Where J is a multiple s of the identity but for a matrix of low rank, the many
eigenvectors of s are badly conditioned; then V consists of eigenvectors within the range of J − s
and of an orthonormal basis of the rest, shortened so that what couples the two is small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import numpy as np

from ..interval.arithmetic import TINY, ULP, Array, Interval, down, up
from ..interval.products import gamma, row_sums
from .context import quietly

Kind = Literal["map", "flow"]

_RANK = 16  # columns with which a low rank is looked for
_NEGLIGIBLE = 1e-10  # beside the norm of a matrix
_ROOT_OF_TWO = 1.4143  # and more
_COUPLING = 1e-6  # between the root of rounding and what keeps discs small


class UnstableDirections(NamedTuple):
    """For each matrix the certified number of unstable eigenvalues, or None and the reason."""

    counts: tuple[int | None, ...]
    reasons: tuple[str, ...]


def certify_unstable(
    jacobians: Interval, kind: Kind, basis_of: Callable[[int], Array] | None = None
) -> UnstableDirections:
    """Count eigenvalues outside the unit circle (map) or right of the imaginary axis (flow).

    The count holds for every matrix in the enclosure.

    Parameters
    ----------
    jacobians
        Interval matrices (point, n, n).
    kind
        ``"map"`` or ``"flow"``.
    basis_of
        Gives approximate eigenvectors of a matrix, as columns, where they are known already; it is
        called where they are of use.

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
    >>> from separatrix.solvers.interval import point
    >>> certify_unstable(point(np.diag([2.0, 0.5])[None]), "map").counts
    (1,)
    """
    if jacobians.ndim != 3 or jacobians.shape[1] != jacobians.shape[2]:
        raise ValueError(f"expected matrices of shape (point, n, n), got {jacobians.shape}")
    if kind not in ("map", "flow"):
        raise ValueError(f'expected kind "map" or "flow", got {kind!r}')
    with quietly(jacobians.shape[1]):
        results = [
            _count(jacobians[index], kind, basis_of and partial(basis_of, index))
            for index in range(jacobians.shape[0])
        ]
    return UnstableDirections(tuple(r[0] for r in results), tuple(r[1] for r in results))


def _count(
    jacobian: Interval, kind: Kind, known: Callable[[], Array] | None
) -> tuple[int | None, str]:
    if not np.isfinite(jacobian.magnitude()).all():
        return None, "the Jacobian is not bounded"
    middle, _ = jacobian.midpoint_radius()
    count, reason = None, ""
    # Beside a kink, where slopes are wide, what is known belongs to one side: their middle is best.
    for basis_of in (lambda: _low_rank_basis(middle), known, lambda: np.linalg.eig(middle)[1]):
        if basis_of is None:
            continue
        try:
            basis = basis_of()
            if basis is None:
                continue
            discs = _discs(jacobian, *_in_real_numbers(basis))
        except np.linalg.LinAlgError:
            reason = "the eigenvectors could not be computed"
            continue
        count, reason = _decided(discs, kind)
        if count is not None:
            break
    return count, reason


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


def _decided(discs: tuple[Array, Array] | None, kind: Kind) -> tuple[int | None, str]:
    """Count the discs on the unstable side, if none meets the boundary."""
    if discs is None:
        return None, "the eigenvectors are too ill-conditioned"
    outside, inside = _sides(*discs, kind)
    if not np.all(outside | inside):
        return None, "an eigenvalue may lie on the boundary of stability"
    return int(np.count_nonzero(outside)), ""


def _in_real_numbers(basis: Array) -> tuple[Array, Array]:
    """Return the basis with real and imaginary parts in place of conjugates.

    Also the places of the former. Conjugates follow each other, as LAPACK returns them.
    """
    if np.isrealobj(basis):
        return basis, np.zeros(0, int)
    places = np.flatnonzero(basis.imag.any(axis=0))
    first, second = places[::2], places[1::2]
    paired = np.array_equal(second, first + 1)
    if not paired or not np.array_equal(basis[:, first].conj(), basis[:, second]):
        raise np.linalg.LinAlgError("expected eigenvectors of a real matrix in conjugate pairs")
    parts = basis.real.copy()
    parts[:, second] = basis[:, first].imag
    return parts, first


def _discs(jacobian: Interval, basis: Array, first: Array) -> tuple[Array, Array] | None:
    """Centres and radii of discs that hold the eigenvalues; None if V may be singular.

    `first` are the places of pairs, each with the next one.
    """
    size, second = len(basis), first + 1
    inverse = np.linalg.inv(basis)
    middle, width = jacobian.midpoint_radius()
    V, Y = np.abs(basis), np.abs(inverse)
    defect = row_sums(np.abs(np.eye(size) - inverse @ basis))
    defect = up(defect + _rounding_of_product(Y, V.sum(1)) + ULP * (1 + defect), 4.0)
    worst = float(np.max(defect, initial=0.0))
    if not worst < 0.5:
        return None
    image = middle @ basis
    real = np.einsum("ij,ji->i", inverse, image)
    real[first] = real[second] = (real[first] + real[second]) / 2
    turns = np.einsum("ij,ji->i", inverse[first], image[:, second])
    turns = (turns - np.einsum("ij,ji->i", inverse[second], image[:, first])) / 2
    expected, sizes = basis * real, np.abs(real)
    expected[:, first] -= basis[:, second] * turns
    expected[:, second] += basis[:, first] * turns
    sizes[first] += np.abs(turns)
    sizes[second] += np.abs(turns)
    left = image - expected
    weights = np.ones(size)
    weights[first] = weights[second] = _ROOT_OF_TWO
    # From the product, the width of J, and the difference: two products and two sums at most.
    lost = _rounding_of_product(np.abs(middle), V @ weights)
    if width is not None:
        lost = up(lost + _applied(width, V @ weights))
    terms = _applied(np.abs(image), weights) + _applied(V, up(sizes * weights))
    lost = up(lost + 4 * ULP * up(terms) + 8 * size * TINY, 4.0)
    rows = _applied(np.abs(inverse @ left), weights)
    rows = up(rows + _rounding_of_product(Y, np.abs(left) @ weights) + _applied(Y, lost), 4.0)
    rows = up(rows + defect / down(np.asarray(1 - worst)) * np.max(rows), 4.0)
    centres = real.astype(complex)
    centres[first] += 1j * turns
    centres[second] -= 1j * turns
    rows[first] = rows[second] = up((rows[first] + rows[second]) * (_ROOT_OF_TWO / 2), 4.0)
    return centres, rows


def _rounding_of_product(left: Array, right: Array) -> Array:
    """Bound the row sums of what rounding adds to a product of matrices, of moduli of factors.

    `right` are the row sums of those of the right factor.
    """
    terms = len(right)
    return up(gamma(terms) * _applied(left, right) + terms**2 * TINY, 4.0)


def _applied(matrix: Array, vector: Array) -> Array:
    """Upper bounds of the product of a matrix and a vector, both non-negative."""
    terms = len(vector)
    return up(matrix @ vector * (1 + 4 * gamma(terms)) + terms * TINY)


def _sides(centres: Array, radii: Array, kind: Kind) -> tuple[Array, Array]:
    """Which discs lie strictly outside, and which strictly inside, the region of stability."""
    if kind == "flow":
        return down(centres.real - radii) > 0, up(centres.real + radii) < 0
    sizes = np.abs(centres)
    return down(down(sizes, 4.0) - radii) > 1, up(up(sizes, 4.0) + radii) < 1
