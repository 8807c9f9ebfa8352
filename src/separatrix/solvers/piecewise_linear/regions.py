"""The equations of regions of a piecewise-linear residual, solved together; patterns as keys."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..._parallel import chunks
from .. import batched
from .affine import Array
from .form import Bools, Ints, PiecewiseLinear

_EPS = np.finfo(np.float64).eps
# Numbers held at once in stacked arrays: 32 MiB.
BLOCK = 4_000_000
_PART = BLOCK // 16  # of the equations that are solved together
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
    there are many more gates than variables, one in ``e``.

    Attributes
    ----------
    reference
        The pattern of the reference region, shape ``(m,)``.
    form
        ``r`` as a function of ``e``.
    padded
        ``−N`` with a row and a column of zeros, for no gate.
    has_many_gates
        Whether regions are solved in ``e``.

    References
    ----------
    Cottle, Pang & Stone (2009), The Linear Complementarity Problem, SIAM.
    """

    reference: Bools
    form: PiecewiseLinear
    padded: Array
    has_many_gates: bool

    def equations(self, index: Ints) -> tuple[Array, Array]:
        """Return ``I − N`` and ``q`` for some of the gates ``(k, w)``, ``m`` standing for none."""
        flat = index[:, :, None] * len(self.padded) + index[:, None, :]
        chosen = self.padded.take(flat)
        np.einsum("kii->ki", chosen)[...] += 1.0
        return chosen, np.append(self.form.gate_offset, 0.0)[index]


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


def reduce(residual: PiecewiseLinear, patterns: Bools) -> Reduced | None:
    """Choose a reference region among the patterns ``(k, m)`` and reduce to it.

    Returns None when every region tried is singular to working accuracy.
    """
    reference = _reference(residual, patterns)
    if reference is None:
        return None
    turned = residual.oriented(reference)
    n, m = turned.size, turned.gate_count
    M = np.linalg.solve(turned.linear.T, turned.gate_weights.T).T
    form = replace(
        turned,
        linear=np.eye(n),
        offset=np.zeros(n),
        gate_weights=M,
        gate_offset=turned.gate_offset - M @ turned.offset,
    )
    padded = np.pad(M @ turned.output_weights - turned.gate_coupling, (0, 1))
    has_many = m > _MANY_GATES * n and not turned.is_coupled
    return Reduced(reference, form, padded, has_many)


def _reference(residual: PiecewiseLinear, patterns: Bools) -> Bools | None:
    """Take the pattern of the majority if it is well conditioned, else the best of several."""
    m = residual.gate_count
    majority = patterns.mean(axis=0) > 0.5 if len(patterns) else np.zeros(m, dtype=bool)
    spread = np.linspace(0, len(patterns) - 1, min(len(patterns), _TRIED_REFERENCES)).astype(int)
    options = [majority, np.zeros(m, dtype=bool), np.ones(m, dtype=bool), *patterns[spread]]
    best, least = None, float(1e-3 / _EPS)
    for option in options:
        sigma = np.linalg.svd(residual.piece(option)[0], compute_uv=False)
        regular = sigma.min(initial=np.inf) > residual.rounding
        condition = float(sigma.max() / sigma.min()) if regular else np.inf
        if condition < least:
            best, least = option, condition
        if least < _WELL_CONDITIONED:
            break
    return best


def solve_each(reduced: Reduced, turned: Bools) -> RegionZeros:
    """Solve the equations of regions, given by their turned patterns ``(k, m)``."""
    form = reduced.form
    if reduced.has_many_gates:
        A, b = form.pieces(turned)
        values, growth = _solve_and_probe(A, -b)
        e, matrix = values, form.gate_weights
    else:
        values, growth = _solve_gates(reduced, turned)
        e, matrix = -values @ form.output_weights.T, -reduced.padded[:-1, :-1]
    z = values @ matrix.T + form.gate_offset
    with np.errstate(invalid="ignore", over="ignore"):
        singular = ~np.isfinite(z).all(axis=1) | ~(growth * turned.shape[1] * _EPS <= 1e-3)
        level, sizes = 4.0 * _EPS * growth, np.abs(values)
        leaves = _leaves(z, turned, level, sizes, np.abs(matrix), np.abs(form.gate_offset))
    return RegionZeros(z, e, ~leaves & ~singular, singular)


def _solve_gates(reduced: Reduced, turned: Bools) -> tuple[Array, Array]:
    """Solve ``(I − N_DD) z_D = q_D``; return the gates ``(k, m)`` and condition estimates."""
    index, counts = padded_indices(turned)
    gates, growth = np.zeros((len(turned), len(reduced.padded))), np.ones(len(turned))
    for width, rows in buckets(counts):
        for part in chunks(len(rows), max(_PART // max(width, 1) ** 2, 1)):
            own = rows[part]
            among = index[own, :width]
            found, growth[own] = _solve_and_probe(*reduced.equations(among))
            gates[own[:, None], among] = found
    return gates[:, :-1], growth


def _solve_and_probe(A: Array, right: Array) -> tuple[Array, Array]:
    """Solve stacked systems; return the solutions and estimates of the conditions.

    Those that are exactly singular have zeros, and infinite conditions.
    """
    # A second, alternating right-hand side shows how much the inverse magnifies.
    diagonal = np.arange(A.shape[1])
    probe = np.where(diagonal % 2 == 0, 1.0, -1.0) * (1.0 + diagonal / max(A.shape[1], 1))
    both = np.stack([right, np.broadcast_to(probe, right.shape)], axis=-1)
    solved = batched.solve_columns(A, both)
    with np.errstate(invalid="ignore", over="ignore"):
        sizes = np.abs(A).sum(axis=2).max(axis=1, initial=0.0)
        growth = 1.0 + np.abs(solved[..., 1]).max(axis=1, initial=0.0) * sizes
    growth[~np.isfinite(growth) | ~np.isfinite(solved[..., 0]).all(axis=1)] = np.inf
    return np.where(np.isinf(growth)[:, None], 0.0, solved[..., 0]), growth


def _leaves(z: Array, turned: Bools, level: Array, values: Array, matrix: Array, q: Array) -> Bools:
    """Mask zeros that lie outside of their regions.

    Signs of values at rounding level, ``level`` of the sizes of terms, are no evidence for it.
    """
    differs = (z > 0) != turned
    off = np.where(differs, np.abs(z), 0.0).max(axis=1, initial=0.0)
    most = values.sum(axis=1) * matrix.max(initial=0.0) + q.max(initial=0.0)
    leaves = off > 0
    near = np.flatnonzero(leaves & (off <= level * most))
    rounding = level[near, None] * (values[near] @ matrix.T + q)
    leaves[near] = (differs[near] & (np.abs(z[near]) > rounding)).any(axis=1)
    return leaves


@dataclass(frozen=True)
class SharedRegions:
    """The regions where candidates are: which one each is in, and ``x = P e + x₀`` of every one.

    There are places for as many regions as candidates; some may be free.
    """

    which: Ints  # (k,)
    inverse: Array  # P, (place, n, n)
    zero: Array  # x₀, (place, n)

    def __getitem__(self, rows: Bools) -> SharedRegions:
        """Return those of some of the candidates, in the same places."""
        return replace(self, which=self.which[rows])

    def moved(self) -> SharedRegions:
        """Return the same, for candidates that go on: new regions take the places that are free."""
        return replace(self, which=self.which.copy())

    def join(self, other: SharedRegions) -> SharedRegions:
        """Return the regions of both."""
        which = np.concatenate([self.which, other.which + len(self.zero)])
        pairs = (self.inverse, other.inverse), (self.zero, other.zero)
        return SharedRegions(which, *map(np.concatenate, pairs))


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


def number(known: dict[bytes, int], patterns: Bools) -> tuple[Ints, Bools]:
    """Return the number of each pattern ``(k, m)``, and those that were not known before."""
    numbers, new = np.empty(len(patterns), dtype=np.intp), []
    for i, packed in enumerate(np.packbits(patterns, axis=1)):
        count = len(known)
        numbers[i] = known.setdefault(packed.tobytes(), count)
        if len(known) > count:
            new.append(i)
    return numbers, patterns[new]


def distinct(patterns: Bools) -> tuple[Bools, Ints]:
    """Return each pattern once, in the order in which they come, and which of them each row is."""
    numbers, first = number({}, patterns)
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
