"""The equations of a piecewise-linear residual, reduced to the gates; gate patterns as keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..._parallel import chunks
from .affine import Array
from .form import Bools, Ints, PiecewiseLinear

# Numbers held at once in stacked arrays: 32 MiB.
BLOCK = 4_000_000
# A reference region as well conditioned as this loses few digits; the best one is taken.
_WELL_CONDITIONED = 1e6
_TRIED_REFERENCES = 16
# So many times more gates than variables: more of them differ than there are variables.
_MANY_GATES = 8


@dataclass(frozen=True)
class Reduced:
    """A residual ``r`` in the coordinates of one regular region, the reference.

    With gates turned so that all are off in the reference region and ``e = B x + b`` the
    residual that holds there, everything is a function of ``e`` and of the gates::

        r = e + Y g,    z = M e + q + L g,    g = max(z, 0)

    so zeros of ``r`` solve the linear complementarity problem ``z = N g + q``, ``N = L − M Y``,
    and a region that differs from the reference in ``k`` gates costs a ``k × k`` system; or, where
    there are many more gates than variables, one in ``e``: one product of the patterns with a
    ``table`` gives the equations of all regions.

    References
    ----------
    Cottle, Pang & Stone (2009), The Linear Complementarity Problem, SIAM.
    """

    reference: Bools
    jacobian: Array  # B, (n, n)
    offset: Array  # b, (n,)
    M: Array  # (m, n)
    q: Array  # (m,)
    L: Array  # (m, m)
    Y: Array  # (n, m)
    N: Array  # (m, m)
    padded: Array  # −N with a row and a column of zeros
    layers: tuple[Ints, ...]  # of gates that lie behind one another
    table: Array | None  # y (M, q) of each gate, (m, n (n + 1)), where there are many more than n

    def states(self, e: Array) -> Array:
        """Return ``x`` of shape ``(..., n)`` where the reference residual is ``e``."""
        flat = np.linalg.solve(self.jacobian, (e - self.offset).reshape(-1, len(self.offset)).T)
        return flat.T.reshape(e.shape)

    def preactivations(self, e: Array) -> Array:
        """Return ``z`` of shape ``(k, m)`` where the reference residual is ``e``, ``(k, n)``."""
        z = e @ self.M.T + self.q
        for layer in self.layers[1:]:
            z[:, layer] += np.maximum(z, 0.0) @ self.L[layer].T
        return z

    def residual(self, e: Array, z: Array) -> Array:
        """Return ``r`` of shape ``(k, n)`` where the gates are at ``z``."""
        return e + np.maximum(z, 0.0) @ self.Y.T

    def equations(self, index: Ints) -> Array:
        """Return ``I − N`` for some of the gates ``(k, w)`` each, ``m`` standing for none."""
        flat = index[:, :, None] * len(self.padded) + index[:, None, :]
        chosen = self.padded.take(flat)
        np.einsum("kii->ki", chosen)[...] += 1.0
        return chosen

    def constants(self, index: Ints) -> Array:
        """Return ``q`` for some of the gates ``(k, w)`` each, 0 for none."""
        return np.append(self.q, 0.0)[index]

    def patterns(self, turned: Bools) -> Bools:
        """Turn patterns relative to the reference into patterns of the residual, or back."""
        return turned ^ self.reference


def reduce(residual: PiecewiseLinear, patterns: Bools) -> Reduced | None:
    """Choose a reference region among the patterns ``(k, m)`` and reduce to it.

    Returns None when every region tried is singular to working accuracy.
    """
    reference = _reference(residual, patterns)
    if reference is None:
        return None
    turned = residual.oriented(reference)
    M = np.linalg.solve(turned.linear.T, turned.gate_weights.T).T
    q = turned.gate_offset - M @ turned.offset
    L, Y = turned.gate_coupling, turned.output_weights
    N = L - M @ Y
    table = None
    if len(q) > _MANY_GATES * residual.size and not residual.is_coupled:
        table = (Y.T[:, :, None] * np.column_stack([M, q])[:, None, :]).reshape(len(q), -1)
    return Reduced(
        reference, turned.linear, turned.offset, M, q, L, Y, N,
        padded=-np.pad(N, (0, 1)),
        layers=turned.layers,
        table=table,
    )  # fmt: skip


def _reference(residual: PiecewiseLinear, patterns: Bools) -> Bools | None:
    """Take the pattern of the majority if it is well conditioned, else the best of several."""
    m = residual.gate_count
    majority = patterns.mean(axis=0) > 0.5 if len(patterns) else np.zeros(m, dtype=bool)
    spread = np.linspace(0, len(patterns) - 1, min(len(patterns), _TRIED_REFERENCES)).astype(int)
    options = [majority, np.zeros(m, dtype=bool), np.ones(m, dtype=bool), *patterns[spread]]
    best, least = None, float(1e-3 / np.finfo(np.float64).eps)
    for option in options:
        sigma = np.linalg.svd(residual.piece(option)[0], compute_uv=False)
        regular = sigma.min(initial=np.inf) > residual.rounding
        condition = float(sigma.max() / sigma.min()) if regular else np.inf
        if condition < least:
            best, least = option, condition
        if least < _WELL_CONDITIONED:
            break
    return best


def padded_indices(members: Bools) -> tuple[Ints, Ints]:
    """Return the positions of the True entries of each row ``(k, m)``, padded with ``m``.

    And how many there are in each row.
    """
    rows, places = np.divmod(np.flatnonzero(members), members.shape[1])
    counts = np.bincount(rows, minlength=len(members))
    index = np.full((len(members), counts.max(initial=0)), members.shape[1], dtype=np.intp)
    index[rows, np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)] = places
    return index, counts


def buckets(counts: Ints, step: int = 8) -> list[tuple[int, Ints]]:
    """Group rows by their numbers of entries, rounded up: ``(width, rows)`` pairs."""
    widths = np.minimum(-(-counts // step) * step, counts.max(initial=0))
    return [(int(width), np.flatnonzero(widths == width)) for width in np.unique(widths)]


class PatternTable:
    """Numbers gate patterns in the order in which they are first met."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._numbers: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, patterns: Bools) -> tuple[Ints, Bools]:
        """Return the number of each pattern ``(k, m)``, and the patterns not met before."""
        numbers = np.empty(len(patterns), dtype=np.intp)
        new = []
        for i, packed in enumerate(np.packbits(patterns, axis=1)):
            key = packed.tobytes()
            if key not in self._numbers:
                self._numbers[key] = len(self._numbers)
                new.append(i)
            numbers[i] = self._numbers[key]
        return numbers, patterns[new]


def distinct(patterns: Bools) -> tuple[Bools, Ints]:
    """Return each pattern once, in the order in which they come, and which of them each row is."""
    numbers, first = PatternTable(patterns.shape[1]).add(patterns)
    return first, numbers


def gate_patterns(residual: PiecewiseLinear, states: Array) -> Bools:
    """Return the patterns of many states ``(k, n)``, a block at a time."""
    block = max(BLOCK // max(residual.gate_count, residual.size), 1)
    parts = [residual.gates(states[rows]) for rows in chunks(len(states), block)]
    return np.concatenate(parts) if parts else residual.gates(states)


def checked_candidates(candidates: Any, size: int) -> tuple[Array, Bools]:
    """Return the finite candidates as float64 ``(k, n)`` and which rows of the given these are."""
    states = np.asarray(candidates, dtype=np.float64)
    if states.ndim != 2 or states.shape[1] != size:
        raise ValueError(
            f"candidates must have shape (candidate, {size}), not {states.shape}; reshape the "
            "states with .reshape(-1, units)"
        )
    finite = np.asarray(np.isfinite(states).all(axis=1))
    return states if finite.all() else states[finite], finite
