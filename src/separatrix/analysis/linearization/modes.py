"""Eigenvalues with paired left and right eigenvectors, over stacks of matrices."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ...solvers.batched import over_parts
from .defective import modes_of_defective

_BYTES = 1 << 21  # of complex vectors at a time, which stay in the cache from one use to the next


class Modes(NamedTuple):
    """The modes of a stack of matrices, the slowest first."""

    eigenvalues: np.ndarray  # (point, mode)
    right: np.ndarray  # (point, unit, mode), columns of norm 1
    left: np.ndarray  # (point, mode, unit), left · right = 1
    condition: np.ndarray  # (point,)


def eigenmodes(jacobians: Float[np.ndarray, "point unit source"], kind: str) -> Modes:
    """Return eigenvalues, right vectors (columns), left vectors (rows), condition numbers.

    Sorted by decreasing |μ| (map) or Re λ (flow). Where the eigenvectors are dependent to rounding
    the condition is infinite, and the left vectors of the modes concerned are NaN: there is nothing
    to pair. A matrix that is not finite gives NaN.
    """
    count, size = jacobians.shape[:2]
    modes = Modes(
        np.empty((count, size), complex),
        np.empty((count, size, size), complex),
        np.empty((count, size, size), complex),
        np.empty(count),
    )
    together = max(1, _BYTES // (16 * size**2 or 1))

    def fill(points: np.ndarray) -> np.ndarray:
        """Work on a few consecutive points at a time, and write in place: threads share none."""
        for first in points[::together]:
            part = slice(first, min(first + together, points[-1] + 1))
            _fill(jacobians[part], kind, Modes(*(field[part] for field in modes)))
        return points

    over_parts(fill, np.arange(count), work=25.0 * count * size**3)
    return modes


def _fill(jacobians: np.ndarray, kind: str, modes: Modes) -> None:
    size = jacobians.shape[-1]
    finite = np.isfinite(jacobians).all((1, 2))
    safe = jacobians if finite.all() else np.where(finite[:, None, None], jacobians, np.eye(size))
    values, right = np.linalg.eig(safe)
    growth = np.abs(values) if kind == "map" else values.real
    order = np.argsort(-growth, axis=1, kind="stable")
    modes.eigenvalues[:] = np.take_along_axis(values, order, 1)
    modes.right[:] = np.take_along_axis(right, order[:, None, :], 2)
    modes.condition[:], inverse = _condition_and_inverse(_real_basis(modes))
    _write_rows(inverse, modes)
    for k in np.flatnonzero(np.isinf(modes.condition) & finite):
        modes.eigenvalues[k], modes.right[k], modes.left[k] = modes_of_defective(safe[k], kind)
    if not finite.all():
        for field in modes:
            field[~finite] = np.nan


def _condition_and_inverse(basis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    singular_values = np.linalg.svd(basis, compute_uv=False)
    largest, smallest = singular_values[:, 0], singular_values[:, -1]
    defective = ~(largest * np.finfo(float).eps < smallest)
    with np.errstate(divide="ignore"):
        condition = np.where(defective, np.inf, largest / smallest)
    inverse = np.linalg.inv(np.where(defective[:, None, None], np.eye(basis.shape[-1]), basis))
    inverse[defective] = np.nan
    return condition, inverse


def _real_basis(modes: Modes) -> np.ndarray:
    r"""Return a real basis V with R = V U, U unitary.

    A real matrix has its complex eigenvectors in pairs a ± ib, for which √2 a and √2 b stand. V has
    the condition number of R, and its inverse costs a quarter of that of R. Pairs are neighbors:
    LAPACK gives them so, and sorting by equal keys keeps them.
    """
    imag = modes.eigenvalues.imag
    scale = np.where(imag != 0, np.sqrt(2.0), 1.0)[:, None, :]
    second = (imag < 0)[:, None, :]
    return scale * np.where(second, -modes.right.imag, modes.right.real)


def _write_rows(inverse: np.ndarray, modes: Modes) -> None:
    """Write the left vectors, R⁻¹ = U* V⁻¹: rows (v ∓ iw)/√2 for the two rows v, w of a pair."""
    imag = modes.eigenvalues.imag
    point, mode = np.ogrid[: imag.shape[0], : imag.shape[1]]
    v, w = inverse[point, mode - (imag < 0)], inverse[point, mode + (imag > 0)]
    np.multiply(np.where(imag != 0, np.sqrt(0.5), 1.0)[:, :, None], v, out=modes.left.real)
    np.multiply((-np.sqrt(0.5) * np.sign(imag))[:, :, None], w, out=modes.left.imag)


def decay_times(values: np.ndarray, kind: str, time_unit: float) -> np.ndarray:
    """Return −dt/ln|μ| (map) or −τ/Re λ (flow); infinite on the boundary."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.log(np.abs(values)) if kind == "map" else values.real
        return np.where(rate == 0, np.inf, -time_unit / rate)


def oscillation_periods(values: np.ndarray, kind: str, time_unit: float) -> np.ndarray:
    """Return 2π dt/|arg μ| (map) or 2π τ/|Im λ| (flow); infinite for real positive modes."""
    # adding 0 makes −0 positive: its angle would be π
    frequency = np.abs(np.angle(values + 0.0)) if kind == "map" else np.abs(values.imag)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(frequency == 0, np.inf, 2 * np.pi * time_unit / frequency)
