"""Minima of the speed within a region and on the kinks that bound it, for many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affine import Array
from .form import Bools
from .reduced import BLOCK, Ints, Reduced, padded_indices

# Beyond this condition a piece counts as singular and is solved by least squares.
_SINGULAR = 1e11


@dataclass(frozen=True)
class Targets:
    """Minimizers of ``½|r|²`` on pieces of a residual, one per row.

    Attributes
    ----------
    z
        Pre-activations there, shape ``(k, m)``.
    r
        The residual there, shape ``(k, n)``.
    multipliers
        ``λ`` with ``r = Mᵀ λ``, shape ``(k, m)``: for a held kink the slope of ``½|r|²`` against
        ``z`` on its off side.
    unique
        Whether the piece has one minimizer only (to working accuracy).
    """

    z: Array
    r: Array
    multipliers: Array
    unique: Bools


def piece_minima(reduced: Reduced, gram: Array, on: Bools, held: Bools, z: Array) -> Targets:
    """Minimize ``½|r|²`` with the gates ``on`` linear, ``held`` at zero and the others off.

    With ``D`` on, ``K`` held, ``P = D ∪ K`` and ``G = M Mᵀ`` the conditions of Karush, Kuhn and
    Tucker reduce to ``(I − N)_PD z_D − G_PP λ = q_P`` and ``(I − N)_PDᵀ λ = 0``; eliminating
    ``z_D`` leaves a positive definite system of the size of ``K``.

    Parameters
    ----------
    reduced, gram
        The residual and ``G``.
    on, held
        Disjoint sets of gates, turned to the reference, shape ``(k, m)``.
    z
        Present pre-activations ``(k, m)``: where a piece has many minimizers, a near one is taken.
    """
    multipliers = np.zeros(on.shape)
    gates = np.zeros(on.shape)
    unique = np.ones(len(on), dtype=bool)
    for width, kinks, rows in _groups(on, held):
        batch = max(BLOCK // max((width + kinks) ** 2, on.shape[1], 1), 1)
        for part in np.split(rows, range(batch, len(rows), batch)):
            solved = _solve(reduced, gram, on[part], held[part], width, kinks)
            multipliers[part], gates[part], unique[part] = solved
    for row in np.flatnonzero(~unique):
        solution = _solve_singular(reduced, gram, on[row], held[row], z[row])
        multipliers[row], gates[row] = solution
    target = gates @ reduced.N.T + reduced.q + multipliers @ gram
    return Targets(target, multipliers @ reduced.M, multipliers, unique)


def _groups(on: Bools, held: Bools) -> list[tuple[int, int, Ints]]:
    """Group rows by their numbers of gates on (in eights) and held (in twos)."""
    widths = -(-on.sum(axis=1) // 8) * 8
    kinks = -(-held.sum(axis=1) // 2) * 2
    pairs, which = np.unique(np.column_stack([widths, kinks]), axis=0, return_inverse=True)
    m = on.shape[1]
    return [
        (min(int(d), m), min(int(k), m), np.flatnonzero(which.ravel() == i))
        for i, (d, k) in enumerate(pairs)
    ]


def _solve(
    reduced: Reduced, gram: Array, on: Bools, held: Bools, width: int, kinks: int
) -> tuple[Array, Array, Bools]:
    """Solve pieces with at most ``width`` gates on and ``kinks`` held; see ``piece_minima``."""
    count, m = on.shape
    i, real_i = padded_indices(on, width)
    j, real_j = padded_indices(held, kinks)
    A = -reduced.N[i[:, :, None], i[:, None, :]] * (real_i[:, :, None] & real_i[:, None, :])
    A[:, np.arange(width), np.arange(width)] += 1.0
    inverse, regular = _invert(A)
    multipliers = np.zeros((count, m))
    if kinks:
        pull = reduced.N[j[:, :, None], i[:, None, :]]
        pull = (pull * (real_j[:, :, None] & real_i[:, None, :])) @ inverse
        eye = np.eye(kinks) * real_j[:, :, None]
        U = np.concatenate([pull, eye], axis=2)
        p = np.concatenate([i, j], axis=1)
        S = U @ gram[p[:, :, None], p[:, None, :]] @ U.transpose(0, 2, 1)
        S[:, np.arange(kinks), np.arange(kinks)] += ~real_j
        S_inverse, independent = _invert(S)
        regular &= independent
        levels = -(S_inverse @ (U @ reduced.q[p][..., None]))
        padded = (U.transpose(0, 2, 1) @ levels)[..., 0]
        padded *= np.concatenate([real_i, real_j], axis=1)
        # Padding repeats gates with weight zero, so the entries must add up.
        np.add.at(multipliers, (np.arange(count)[:, None], p), padded)
    shifted = multipliers @ gram + reduced.q
    values = (inverse @ np.take_along_axis(shifted, i, axis=1)[..., None])[..., 0]
    gates = np.zeros((count, m))
    np.put_along_axis(gates, i, values * real_i, axis=1)
    return multipliers, gates, regular


def _invert(A: Array) -> tuple[Array, Bools]:
    """Invert stacked matrices; zero in place of those that are singular to working accuracy."""
    if A.shape[1] == 0:
        return A, np.ones(len(A), dtype=bool)
    inverse = _invert_each(A)
    with np.errstate(invalid="ignore", over="ignore"):
        condition = np.abs(inverse).sum(axis=2).max(axis=1) * np.abs(A).sum(axis=2).max(axis=1)
    regular = condition < _SINGULAR
    inverse[~regular] = 0.0
    return inverse, regular


def _invert_each(A: Array) -> Array:
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        if len(A) == 1:
            return np.full(A.shape, np.inf)
        half = len(A) // 2
        return np.concatenate([_invert_each(A[:half]), _invert_each(A[half:])])


def _solve_singular(
    reduced: Reduced, gram: Array, on: Bools, held: Bools, z: Array
) -> tuple[Array, Array]:
    """Solve one piece by least squares for the smallest change of the gates that are on."""
    p = np.flatnonzero(on | held)
    d = np.flatnonzero(on)
    E = (np.eye(len(z)) - reduced.N)[np.ix_(p, d)]
    system = np.block([[E, -gram[np.ix_(p, p)]], [np.zeros((len(d), len(d))), E.T]])
    right = np.concatenate([reduced.q[p] - E @ z[d], np.zeros(len(d))])
    solved = np.linalg.lstsq(system, right, rcond=1.0 / _SINGULAR)[0]
    multipliers, gates = np.zeros(len(z)), np.zeros(len(z))
    gates[d] = z[d] + solved[: len(d)]
    multipliers[p] = solved[len(d) :]
    return multipliers, gates
