"""One round of the region walk: many regions solved together."""

from __future__ import annotations

import numpy as np

from .affine import Array
from .form import Bools
from .reduced import BLOCK, Reduced, buckets, padded_indices

_EPS = np.finfo(np.float64).eps


def solve_regions_at(reduced: Reduced, patterns: Bools) -> tuple[Bools, Bools, Bools, Array]:
    """Solve the regions of the patterns ``(k, m)``.

    Returns the patterns of their solutions, which regions hold their own solution, which are
    singular to working accuracy (where the rest means nothing), and the solutions of those that
    hold them.
    """
    block = max(BLOCK // max(patterns.shape[1], 1), 1)
    parts = [
        _solve_block(reduced, reduced.patterns(patterns[i : i + block]))
        for i in range(0, len(patterns), block)
    ]
    following, stays, singular, solutions = map(np.concatenate, zip(*parts, strict=True))
    return following, stays, singular, solutions


def _solve_block(reduced: Reduced, turned: Bools) -> tuple[Bools, Bools, Bools, Array]:
    gates = np.zeros(turned.shape)
    growth = np.ones(len(turned))
    for width, rows in buckets(turned):
        if width == 0:
            continue
        batch = max(BLOCK // width**2, 1)
        for part in np.split(rows, range(batch, len(rows), batch)):
            gates[part], growth[part] = _solve(reduced, turned[part], width)
    growth[~np.isfinite(gates).all(axis=1)] = np.inf
    gates[np.isinf(growth)] = 0.0
    z = gates @ reduced.N.T + reduced.q
    size = np.abs(gates) @ np.abs(reduced.N.T) + np.abs(reduced.q)
    # Signs of values at rounding level are not evidence that the region was left.
    with np.errstate(invalid="ignore", over="ignore"):
        rounding = 4.0 * _EPS * growth[:, None] * size
    following = z > 0
    differs = (following != turned) & (np.abs(z) > rounding)
    singular = ~np.isfinite(z).all(axis=1) | ~(growth * turned.shape[1] * _EPS <= 1e-3)
    stays = ~differs.any(axis=1) & ~singular
    solutions = reduced.states(-gates[stays] @ reduced.Y.T)
    return reduced.patterns(following), stays, singular, solutions


def _solve(reduced: Reduced, turned: Bools, width: int) -> tuple[Array, Array]:
    """Solve ``(I − N_DD) z_D = q_D``; return ``z_D`` in its place and a condition estimate."""
    index, valid = padded_indices(turned, width)
    A = -reduced.N[index[:, :, None], index[:, None, :]]
    A *= valid[:, :, None] & valid[:, None, :]
    diagonal = np.arange(width)
    A[:, diagonal, diagonal] += 1.0
    # A second, alternating right-hand side shows how much the inverse magnifies.
    probe = np.where(diagonal % 2 == 0, 1.0, -1.0) * (1.0 + diagonal / width)
    right = np.stack([reduced.q[index] * valid, np.broadcast_to(probe, index.shape)], axis=-1)
    solved = _solve_each(A, right)
    values = np.zeros(turned.shape)
    np.put_along_axis(values, index, np.where(valid, solved[..., 0], 0.0), axis=1)
    with np.errstate(invalid="ignore"):
        magnified = np.abs(solved[..., 1]).max(axis=1) * np.abs(A).sum(axis=2).max(axis=1)
    growth = np.where(np.isfinite(magnified), magnified + 1.0, np.inf)
    return values, growth


def _solve_each(A: Array, right: Array) -> Array:
    """Solve stacked systems; those that are exactly singular come back infinite."""
    try:
        return np.linalg.solve(A, right)
    except np.linalg.LinAlgError:
        if len(A) == 1:
            return np.full(right.shape, np.inf)
        half = len(A) // 2
        halves = (slice(None, half), slice(half, None))
        return np.concatenate([_solve_each(A[part], right[part]) for part in halves])
