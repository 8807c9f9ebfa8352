"""The equations of many regions, solved together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..._parallel import chunks, on_every_core
from .affine import Array
from .form import Bools
from .reduced import BLOCK, Ints, Reduced, buckets, padded_indices

_PART = BLOCK // 16  # numbers in the equations that are solved together, on one core
_FEW = 512  # regions that other threads would cost more than they save
_EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class RegionZeros:
    """The zeros of the equations of some regions, wherever they lie.

    Gates are turned to the reference region.  What is singular to working accuracy has no zero:
    nothing else is meant there.
    """

    z: Array  # pre-activations, (k, m)
    e: Array  # the reference residual, (k, n)
    stays: Bools  # whether the zero lies in its own region, (k,)
    singular: Bools  # (k,)


def solve_regions_at(reduced: Reduced, patterns: Bools) -> tuple[Bools, Bools, Bools, Array]:
    """Solve the regions of the patterns ``(k, m)``.

    Returns the patterns of their solutions, which regions hold their own solution, which are
    singular to working accuracy (where the rest means nothing), and the solutions of those that
    hold them.
    """
    block = max(BLOCK // max(patterns.shape[1], 1), 1)
    parts = []
    for rows in chunks(len(patterns), block):
        zeros = solve_each(reduced, reduced.patterns(patterns[rows]))
        following = reduced.patterns(zeros.z > 0)
        parts.append((following, zeros.stays, zeros.singular, reduced.states(zeros.e[zeros.stays])))
    following, stays, singular, solutions = map(np.concatenate, zip(*parts, strict=True))
    return following, stays, singular, solutions


def solve_each(reduced: Reduced, turned: Bools) -> RegionZeros:
    """Solve the equations of regions, given by their turned patterns ``(k, m)``."""
    if reduced.table is not None:
        values, growth = _solve_states(reduced.table, turned, len(reduced.Y))
        e, matrix = values, reduced.M
    else:
        values, growth = _solve_gates(reduced, turned)
        e, matrix = -values @ reduced.Y.T, reduced.N
    z = values @ matrix.T + reduced.q
    with np.errstate(invalid="ignore", over="ignore"):
        singular = ~np.isfinite(z).all(axis=1) | ~(growth * turned.shape[1] * _EPS <= 1e-3)
        leaves = _leaves(z, turned, 4.0 * _EPS * growth, np.abs(values), np.abs(matrix), reduced.q)
    return RegionZeros(z, e, ~leaves & ~singular, singular)


def _leaves(z: Array, turned: Bools, level: Array, values: Array, matrix: Array, q: Array) -> Bools:
    """Mask zeros that lie outside of their regions.

    Signs of values at rounding level, ``level`` of the sizes of terms, are no evidence for it.
    """
    differs = (z > 0) != turned
    off = np.where(differs, np.abs(z), 0.0).max(axis=1, initial=0.0)
    most = values.sum(axis=1) * matrix.max(initial=0.0) + np.abs(q).max(initial=0.0)
    leaves = off > 0
    near = np.flatnonzero(leaves & (off <= level * most))
    rounding = level[near, None] * (values[near] @ matrix.T + np.abs(q))
    leaves[near] = (differs[near] & (np.abs(z[near]) > rounding)).any(axis=1)
    return leaves


def _solve_gates(reduced: Reduced, turned: Bools) -> tuple[Array, Array]:
    """Return the gates ``(k, m)`` at the zeros of regions, and estimates of the conditions."""
    gates, growth = np.zeros(turned.shape), np.ones(len(turned))

    index, counts = padded_indices(turned)

    def solve(part: tuple[int, Ints]) -> None:
        width, rows = part
        gates[rows], growth[rows] = _solve(reduced, index[rows, :width])

    parts = []
    for width, rows in buckets(counts):
        batch = max(_PART // max(width, 1) ** 2, 1)
        if width > 0:
            parts += [(width, rows[chunk]) for chunk in chunks(len(rows), batch)]
    if len(turned) < _FEW:
        for part in parts:
            solve(part)
    else:
        on_every_core(solve, parts)
    growth[~np.isfinite(gates).all(axis=1)] = np.inf
    gates[np.isinf(growth)] = 0.0
    return gates, growth


def _solve(reduced: Reduced, index: Ints) -> tuple[Array, Array]:
    """Solve ``(I − N_DD) z_D = q_D``; return ``z_D`` in its place and a condition estimate."""
    solved, growth = _solve_and_probe(reduced.equations(index), reduced.constants(index))
    values = np.zeros((len(index), len(reduced.padded)))
    np.put_along_axis(values, index, solved, axis=1)
    return values[:, :-1], growth


def _solve_states(table: Array, turned: Bools, n: int) -> tuple[Array, Array]:
    """Solve ``(I + Y_D M_D) e = −Y_D q_D``; return ``e`` and estimates of the conditions."""
    added = (turned.astype(np.float64) @ table).reshape(len(turned), n, n + 1)
    e, growth = _solve_and_probe(np.eye(n) + added[..., :-1], -added[..., -1])
    growth[~np.isfinite(e).all(axis=1)] = np.inf
    e[np.isinf(growth)] = 0.0
    return e, growth


def _solve_and_probe(A: Array, right: Array) -> tuple[Array, Array]:
    """Solve stacked systems; return the solutions and estimates of the conditions."""
    # A second, alternating right-hand side shows how much the inverse magnifies.
    diagonal = np.arange(A.shape[1])
    probe = np.where(diagonal % 2 == 0, 1.0, -1.0) * (1.0 + diagonal / A.shape[1])
    solved = _solve_each(A, np.stack([right, np.broadcast_to(probe, right.shape)], axis=-1))
    with np.errstate(invalid="ignore"):
        magnified = np.abs(solved[..., 1]).max(axis=1) * np.abs(A).sum(axis=2).max(axis=1)
    return solved[..., 0], np.where(np.isfinite(magnified), magnified + 1.0, np.inf)


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
