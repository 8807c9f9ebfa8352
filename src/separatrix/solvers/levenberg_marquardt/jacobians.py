"""Jacobians of the candidates at work: one matrix each, or one for all that each one scales."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._parallel import chunks
from .. import batched
from ..iterate import replaced

Matrices = Float[np.ndarray, "batch unit unit"]
Vectors = Float[np.ndarray, "batch unit"]
Vector = Float[np.ndarray, " batch"]
Matrix = Float[np.ndarray, "unit unit"]
Rows = Int[np.ndarray, " some"]
Assemble = Callable[[Any, Any, Any, Vectors, Vectors, Vectors], Matrices]
"""G, A, Aᵀ, s, e, d -> matrices sᵢ Gᵢⱼ sⱼ + sᵢ Aᵢⱼ eⱼ + sⱼ Aⱼᵢ eᵢ, and dᵢ added to i = j."""

_UNSEEN = 1e-10  # beside 1, in single precision
_SMALL = 32  # units up to which a call of LAPACK costs more than what it computes


Damped = tuple[Vectors, Callable[[Vectors, Vectors, Rows], Vectors]]
"""Weights w (batch, unit), and how p of (JᵀJ + diag w) p = −Jᵀr is solved for.

This takes r, Jᵀr and the rows of their J; it gives NaN where a system is singular."""


class Jacobians(abc.ABC):
    """A stack of Jacobians J (batch, unit, unit), and the products that steps need of them.

    `eps` is the unit of rounding of the arithmetic that steps are solved in. What differs from one
    to the next is kept in `parts`, arrays with a row for each.
    """

    eps: float
    parts: tuple[np.ndarray, ...]

    @abc.abstractmethod
    def like(self, *parts: np.ndarray) -> Jacobians:
        """Return others of the same kind."""

    @abc.abstractmethod
    def matrices(self) -> Matrices:
        """Return them as arrays."""

    @abc.abstractmethod
    def columns(self) -> Vectors:
        """Return the squares of their columns, infinite where too large."""

    @abc.abstractmethod
    def transposed_times(self, vectors: Vectors) -> Vectors:
        """Return Jᵀ v for one v each, infinite where too large."""

    @abc.abstractmethod
    def damped(self, damping: Vector, scale: Vectors) -> Damped:
        """Return what damped steps are solved with.

        The weights are `damping` times `scale`, or times another scale for all that suits as well.
        """

    def __len__(self) -> int:
        return len(self.parts[0])

    def __getitem__(self, rows: Any) -> Any:
        return self.like(*map(itemgetter(rows), self.parts))

    def put(self, rows: Any, others: Any) -> Any:
        """Return these with some replaced by others."""
        return self.like(*map(replaced, self.parts, repeat(rows), others.parts))

    def join(self, *others: Any) -> Any:
        """Return these and others."""
        columns = zip(self.parts, *map(attrgetter("parts"), others), strict=True)
        return self.like(*map(np.concatenate, columns))


def take(stack: Any, rows: Rows) -> Any:
    """Return some rows, without a copy where that is all."""
    return stack if len(rows) == len(stack) else stack[rows]


class DenseJacobians(Jacobians):
    """Jacobians of which nothing is known."""

    def __init__(self, matrices: Matrices):
        self.parts, self.eps = (matrices,), float(np.finfo(matrices.dtype).eps)

    def like(self, *parts: np.ndarray) -> DenseJacobians:
        return DenseJacobians(*parts)

    def matrices(self) -> Matrices:
        return self.parts[0]

    def columns(self) -> Vectors:
        (J,) = self.parts
        with np.errstate(over="ignore", invalid="ignore"):
            return np.einsum("bij,bij->bj", J, J).astype(float)

    def transposed_times(self, vectors: Vectors) -> Vectors:
        (J,) = self.parts
        with np.errstate(over="ignore", invalid="ignore"):
            return batched.apply_transposed(J, vectors.astype(J.dtype)).astype(float)

    def damped(self, damping: Vector, scale: Vectors) -> Damped:
        (J,), weights = self.parts, damping[:, None] * scale
        if J.shape[1] > _SMALL:
            factors = batched.Cholesky.of_squares(J, weights)
            return weights, lambda r, gradient, rows: factors.solve(-gradient, rows)
        # NumPy, which walks the stack without Python, solves few units quicker than LAPACK.
        solve = batched.solve_squares
        return weights, lambda r, g, rows: solve(take(J, rows), take(weights, rows), -g)


@dataclass(eq=False)
class SharedMatrix:
    r"""The matrix M of Jacobians diag(s) M + diag(o), or M diag(s) + diag(o), and its squares.

    What a damped step is solved with, $J^\top J+\mu S$ with $S$ diagonal, is assembled from
    $M^\top M$ where M's columns are scaled, with n² operations instead of n³. Where its rows are,
    $JS^{-1}J^\top+\mu$ is, from $MS^{-1}M^\top$, for the same step,

    .. math:: p = -S^{-1}J^\top(JS^{-1}J^\top+\mu)^{-1}r ,

    with one S for all candidates.

    `assemble` makes these matrices, at most `chunk` of them at a time; what is the same in each
    call it finds where `place` has put it.
    """

    matrix: Matrix
    by_rows: bool
    assemble: Assemble
    chunk: int
    place: Callable[[Matrix], Any] = np.asarray
    squares: Any = field(init=False)  # MᵀM, or M S⁻¹ Mᵀ
    single: Matrix = field(init=False)  # M in single precision
    sides: tuple[Any, Any] = field(init=False)  # that and Mᵀ, or Mᵀ and that
    scale: Float[np.ndarray, " unit"] | None = field(init=False, default=None)  # S
    reach: Float[np.ndarray, " unit"] = field(init=False)  # largest entries of what is scaled

    def __post_init__(self) -> None:
        self.reach = np.abs(self.matrix).max(1 if self.by_rows else 0, initial=0.0)
        self.single = np.ascontiguousarray(self.matrix, np.float32)
        plain, turned = self.place(self.single), self.place(np.ascontiguousarray(self.single.T))
        self.sides = (plain, turned) if self.by_rows else (turned, plain)
        if not self.by_rows:
            self.squares = self.place((self.matrix.T @ self.matrix).astype(np.float32))

    def factors(self, s: Vectors, e: Vectors, d: Vectors) -> batched.Cholesky:
        """Assemble matrices from s, e and d, as many at a time as have room, and factorize them."""
        factors = batched.Cholesky.empty(len(s), len(self.matrix))
        for rows in chunks(len(s), self.chunk):
            factors.put(rows, self.assemble(self.squares, *self.sides, s[rows], e[rows], d[rows]))
        return factors

    def agreed(self, scale: Vectors) -> Float[np.ndarray, " unit"]:
        """Return S: what the first candidates want, in the median, which outliers do not set."""
        if self.scale is None:
            tiny = np.finfo(np.float32).tiny
            self.scale = np.maximum(np.median(scale, axis=0), tiny)
            scaled = self.matrix / np.sqrt(self.scale)
            self.squares = self.place((scaled @ scaled.T).astype(np.float32))
        return self.scale


class ScaledJacobians(Jacobians):
    """Jacobians that scale one matrix; see `SharedMatrix`."""

    eps = float(np.finfo(np.float32).eps)

    def __init__(self, shared: SharedMatrix, scales: Vectors, offsets: Vectors):
        self._shared, self.parts = shared, (scales, offsets)

    def like(self, *parts: np.ndarray) -> ScaledJacobians:
        return ScaledJacobians(self._shared, *parts)

    def matrices(self) -> Matrices:
        """Return them in single precision."""
        scales, offsets = (part.astype(np.float32) for part in self.parts)
        scales = scales[:, :, None] if self._shared.by_rows else scales[:, None, :]
        matrices = scales * self._shared.single
        np.einsum("bii->bi", matrices)[...] += offsets
        return matrices

    def columns(self) -> Vectors:
        M, (s, o) = self._shared.matrix, self.parts
        with np.errstate(over="ignore", invalid="ignore"):
            squares = np.square(s)
            by_rows = self._shared.by_rows
            columns = squares @ np.square(M) if by_rows else squares * np.square(M).sum(0)
            return columns + (2 * s * np.diagonal(M) + o) * o

    def transposed_times(self, vectors: Vectors) -> Vectors:
        M, (s, o) = self._shared.matrix, self.parts
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (s * vectors) @ M if self._shared.by_rows else s * (vectors @ M)
            return scaled + o * vectors

    def damped(self, damping: Vector, scale: Vectors) -> Damped:
        shared, (s, o) = self._shared, self.parts
        # Of saturated units: products of such scales are denormal, which takes a hundred times as
        # long.
        s = np.where(np.abs(s) * shared.reach > _UNSEEN * np.abs(o), s, 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            if not shared.by_rows:
                weights = damping[:, None] * scale
                factors = shared.factors(s, o, o * o + weights)
                return weights, lambda r, gradient, rows: factors.solve(-gradient, rows)
            S = shared.agreed(scale)
            factors = shared.factors(s, o / S, o * o / S + damping[:, None])

        def steps(r: Vectors, gradient: Vectors, rows: Rows) -> Vectors:
            solved = factors.solve(r, rows)
            with np.errstate(over="ignore", invalid="ignore"):
                return -self[rows].transposed_times(solved) / S

        return damping[:, None] * S, steps
