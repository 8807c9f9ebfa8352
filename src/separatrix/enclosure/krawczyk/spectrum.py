r"""A certified number of unstable directions.

For an approximate eigenbasis V of the middle of an interval matrix J, in real numbers, approximate
eigenvalues, as a real matrix C with a block :math:`(a, b; -b, a)` for each pair
:math:`a\pm\mathrm{i}b`, and an approximate inverse Y of V, let :math:`E=I-YV` and
:math:`T=Y(JV-VC)`. If :math:`e=\|E\|_\infty<1`, then V is not singular and

.. math:: V^{-1}JV = C+(I-E)^{-1}T ,
   \qquad \sum_j\big|(I-E)^{-1}T\big|_{ij}w_j \le
   \sum_j|T|_{ij}w_j + \frac{\sum_k |E|_{ik}}{1-e}\,\max_k\sum_j|T|_{kj}w_j =: t_i .

A unitary matrix makes C diagonal: blocks :math:`(1, 1; \mathrm i, -\mathrm i)/\sqrt2` of it each
chunk two rows and columns that belong to a pair. With the weights :math:`w=\sqrt2` of columns that
do and 1 of others, what is added to C then has row sums of at most :math:`(t_i+t_j)/\sqrt2` in the
two rows i, j of a pair, and of :math:`t_i` in any other. So the discs of these radii around the
approximate eigenvalues hold the eigenvalues (Gershgorin); if none of them meets the boundary of
stability, those on the unstable side hold as many eigenvalues as there are discs (Rump 2010, *Acta
Numerica* 19:287, section 13.4). Only row sums are asked for, so what rounding and the width of J
leave is bounded by products of matrices and vectors.

Any V will do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Literal

import numpy as np

from ..._parallel import chunks
from ..interval.arithmetic import TINY, ULP, Array, Interval, down, up
from ..interval.products import gamma, row_sums
from .context import quietly
from .contraction import invert

Kind = Literal["map", "flow"]
_Basis = Callable[[int], Array]

_TOGETHER = 2**14  # entries of matrices that are taken at once
_ROOT_OF_TWO = 1.4143  # and more


def certify_unstable(
    jacobians: Interval, kind: Kind, basis_of: Callable[[int], Array] | None = None
) -> list[int | None]:
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
    The number of each; None where a disc meets the boundary or the eigenvectors are too
    ill-conditioned.

    Raises
    ------
    ValueError
        If the shape or the kind is another.

    Examples
    --------
    >>> from separatrix.enclosure.interval import point
    >>> certify_unstable(point(np.diag([2.0, 0.5])[None]), "map")
    [1]
    """
    if jacobians.ndim != 3 or jacobians.shape[1] != jacobians.shape[2]:
        raise ValueError(f"expected matrices of shape (point, n, n), got {jacobians.shape}")
    if kind not in ("map", "flow"):
        raise ValueError(f'expected kind "map" or "flow", got {kind!r:.60}')
    count, size = jacobians.shape[:2]
    counts: list[int | None] = [None] * count
    bounded = np.asarray(np.isfinite(jacobians.magnitude()).all(axis=(1, 2)))
    # Beside a kink, where slopes are wide, what is known belongs to one side: their middle is best.
    by_middle: _Basis = lambda row: np.linalg.eig(jacobians[row].midpoint_radius()[0])[1]  # noqa: E731
    for basis in dict.fromkeys((basis_of or by_middle, by_middle)):
        left = [row for row in range(count) if bounded[row] and counts[row] is None]
        for chunk in chunks(len(left), max(1, _TOGETHER // max(1, size) ** 2)):
            rows = left[chunk]
            with quietly(size), suppress(np.linalg.LinAlgError):
                discs = _discs(jacobians[rows], *_in_real_numbers(np.array([*map(basis, rows)])))
                for row, number in zip(rows, _decided(*discs, kind), strict=True):
                    counts[row] = number
    return counts


def _decided(centers: Array, radii: Array, regular: Array, kind: Kind) -> list[int | None]:
    """Count the discs on the unstable side, if none meets the boundary."""
    outside, inside = _sides(centers, radii, kind)
    decided = regular & np.all(outside | inside, axis=1)
    numbers = np.count_nonzero(outside, axis=1)
    return [int(n) if known else None for n, known in zip(numbers, decided, strict=True)]


def _in_real_numbers(bases: Array) -> tuple[Array, Array]:
    """Return bases (point, n, n) with real and imaginary parts in place of conjugates.

    Also which columns are the former. Conjugates follow each other, as LAPACK returns them.
    """
    if np.isrealobj(bases):
        return bases, np.zeros(bases.shape[::2], bool)
    paired = bases.imag.any(axis=1)
    odd = np.cumsum(paired, axis=1) % 2 == 1
    first, second = paired & odd, paired & ~odd
    follow = np.array_equal(second, np.roll(first, 1, axis=1)) and not first[:, -1:].any()
    before = np.roll(bases, 1, axis=2)
    if not follow or not np.all((bases == before.conj()) | ~second[:, None]):
        raise np.linalg.LinAlgError("expected eigenvectors of a real matrix in conjugate pairs")
    return np.where(second[:, None], before.imag, bases.real), first


def _discs(jacobians: Interval, bases: Array, first: Array) -> tuple[Array, Array, Array]:
    """Return centers and radii (point, n) of discs that hold the eigenvalues of each matrix.

    Also where V is shown not to be singular (point,): nowhere else do they. `first` are columns of
    a pair with the next one.
    """
    size = bases.shape[2]
    second = np.roll(first, 1, axis=1)  # the last is never the first of two

    def swapped(columns: Array) -> Array:
        """Return columns with those of each pair exchanged, zero in place of the others."""
        behind, before = np.roll(columns, -1, axis=-1), np.roll(columns, 1, axis=-1)
        turned = np.where(_along(first, columns), behind, 0.0)
        return np.where(_along(second, columns), before, turned)

    inverses = invert(bases)
    middle, width = jacobians.midpoint_radius()
    V, Y = np.abs(bases), np.abs(inverses)
    defect = row_sums(np.abs(np.eye(size) - inverses @ bases))
    defect = up(defect + _rounding_of_product(Y, V.sum(2)) + ULP * (1 + defect), 4.0)
    worst = np.max(defect, axis=1, initial=0.0)
    regular = worst < 0.5
    image = middle @ bases
    real = np.einsum("pij,pji->pi", inverses, image)
    real = np.where(first | second, (real + swapped(real)) / 2, real)
    rotated = np.einsum("pij,pji->pi", inverses, swapped(image))
    rotated = (swapped(rotated) - rotated) / 2  # −b and b of a pair a ± ib
    expected = bases * real[:, None] + swapped(bases) * rotated[:, None]
    left = image - expected
    weights = np.where(first | second, _ROOT_OF_TWO, 1.0)
    # From the product, the width of J, and the difference: two products and two sums at most.
    lost = _rounding_of_product(np.abs(middle), _applied(V, weights))
    if width is not None:
        lost = up(lost + _applied(width, _applied(V, weights)))
    terms = _applied(np.abs(image), weights)
    terms = terms + _applied(V, up((np.abs(real) + np.abs(rotated)) * weights))
    lost = up(lost + 4 * ULP * up(terms) + 8 * size * TINY, 4.0)
    rows = _applied(np.abs(inverses @ left), weights)
    rows = up(
        rows + _rounding_of_product(Y, _applied(np.abs(left), weights)) + _applied(Y, lost), 4.0
    )
    share = defect / down(1 - np.where(regular, worst, 0.5))[:, None]
    rows = up(rows + share * np.max(rows, axis=1, keepdims=True, initial=0.0), 4.0)
    radii = np.where(first | second, up((rows + swapped(rows)) * (_ROOT_OF_TWO / 2), 4.0), rows)
    return real - 1j * rotated, radii, regular


def _along(columns: Array, matrices: Array) -> Array:
    """Return which columns (point, n), as they stand beside vectors or above matrices."""
    return columns if matrices.ndim == 2 else columns[:, None]


def _rounding_of_product(left: Array, right: Array) -> Array:
    """Bound the row sums of what rounding adds to a product of matrices, of moduli of factors.

    `right` are the row sums of those of the right factor.
    """
    terms = right.shape[-1]
    return up(gamma(terms) * _applied(left, right) + terms**2 * TINY, 4.0)


def _applied(matrices: Array, vectors: Array) -> Array:
    """Return upper bounds of the products of matrices and vectors, both non-negative."""
    terms = vectors.shape[-1]
    products = (matrices @ vectors[..., None])[..., 0]
    return up(products * (1 + 4 * gamma(terms)) + terms * TINY)


def _sides(centers: Array, radii: Array, kind: Kind) -> tuple[Array, Array]:
    """Return which discs lie strictly outside, and strictly inside, the region of stability."""
    if kind == "flow":
        return down(centers.real - radii) > 0, up(centers.real + radii) < 0
    sizes = np.abs(centers)
    return down(down(sizes, 4.0) - radii) > 1, up(up(sizes, 4.0) + radii) < 1
