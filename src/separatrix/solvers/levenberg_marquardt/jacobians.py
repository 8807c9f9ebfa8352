"""Jacobians of the candidates at work: one matrix each, or one for all that each one scales."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._parallel import chunks
from .. import batched
from ..cholesky import Cholesky

Matrices = Float[np.ndarray, "batch unit unit"]
Vectors = Float[np.ndarray, "batch unit"]
Vector = Float[np.ndarray, " batch"]
Matrix = Float[np.ndarray, "unit unit"]
Rows = Int[np.ndarray, " some"]
Assemble = Callable[[Any, Any, Any, Vectors, Vectors, Vectors], Matrices]
"""G, A, Aᵀ, s, e, d -> matrices sᵢ Gᵢⱼ sⱼ + sᵢ Aᵢⱼ eⱼ + sⱼ Aⱼᵢ eᵢ, and dᵢ added to i = j."""

_UNSEEN = 1e-10  # beside 1, in single precision
_SMALL = 32  # units up to which a call of LAPACK costs more than what it computes


class Jacobians(abc.ABC):
    """A stack of Jacobians J (batch, unit, unit), and the products that steps need of them."""

    eps: float
    """The unit of rounding of the arithmetic that steps are solved in."""

    @abc.abstractmethod
    def __len__(self) -> int:
        """Return how many there are."""

    @abc.abstractmethod
    def __getitem__(self, rows: Any) -> Any:
        """Return some of them."""

    @abc.abstractmethod
    def __setitem__(self, rows: Any, others: Any) -> None:
        """Replace some of them."""

    @abc.abstractmethod
    def joined(self, others: Any) -> Jacobians:
        """Return these and others."""

    @abc.abstractmethod
    def matrices(self) -> Matrices:
        """Return them as arrays."""

    @abc.abstractmethod
    def measured(self, r: Vectors) -> tuple[Vectors, Vectors]:
        """Return Jᵀ r and the squares of the columns of J, infinite where too large."""

    @abc.abstractmethod
    def transposed_times(self, vectors: Vectors) -> Vectors:
        """Return Jᵀ v for one v each, infinite where too large."""

    @abc.abstractmethod
    def damped(self, damping: Vector, scale: Vectors) -> Damped:
        """Return what damped steps are solved with.

        The weights are `damping` times `scale`, or times another scale for all that suits as well.
        """


class Damped(abc.ABC):
    """Factors of JᵀJ + diag w for each of some Jacobians J, and these weights (batch, unit)."""

    weights: Vectors

    @abc.abstractmethod
    def steps(self, r: Vectors, gradient: Vectors, among: Rows) -> Vectors:
        """Return p of (JᵀJ + diag w) p = −Jᵀr, one for each of some J; NaN where singular."""


class DenseJacobians(Jacobians):
    """Jacobians of which nothing is known."""

    def __init__(self, matrices: Matrices):
        self._matrices, self.eps = matrices, float(np.finfo(matrices.dtype).eps)

    def __len__(self) -> int:
        return len(self._matrices)

    def __getitem__(self, rows: Any) -> DenseJacobians:
        return DenseJacobians(self._matrices[rows])

    def __setitem__(self, rows: Any, others: DenseJacobians) -> None:
        if not self._matrices.flags.writeable:  # they are still where XLA has put them
            self._matrices = self._matrices.copy()
        self._matrices[rows] = others._matrices

    def joined(self, others: DenseJacobians) -> DenseJacobians:
        return DenseJacobians(np.concatenate([self._matrices, others._matrices]))

    def matrices(self) -> Matrices:
        return self._matrices

    def measured(self, r: Vectors) -> tuple[Vectors, Vectors]:
        J = self._matrices
        with np.errstate(over="ignore", invalid="ignore"):
            return self.transposed_times(r), np.einsum("bij,bij->bj", J, J).astype(float)

    def transposed_times(self, vectors: Vectors) -> Vectors:
        J = self._matrices
        with np.errstate(over="ignore", invalid="ignore"):
            return batched.apply_transposed(J, vectors.astype(J.dtype)).astype(float)

    def damped(self, damping: Vector, scale: Vectors) -> Damped:
        weights = damping[:, None] * scale
        if self._matrices.shape[1] <= _SMALL:
            return _DampedSmall(self._matrices, weights)
        return _DampedDense(Cholesky.of_squares(self._matrices, weights), weights)


@dataclass(frozen=True)
class _DampedSmall(Damped):
    """Of few units: NumPy, which walks the stack without Python, solves quicker than LAPACK."""

    matrices: Matrices
    weights: Vectors

    def steps(self, r: Vectors, gradient: Vectors, among: Rows) -> Vectors:
        matrices, weights = self.matrices, self.weights
        if len(among) < len(matrices):
            matrices, weights = matrices[among], weights[among]
        with np.errstate(over="ignore", invalid="ignore"):
            return batched.solve_squares(matrices, weights, -gradient)


@dataclass(frozen=True)
class _DampedDense(Damped):
    factors: Cholesky
    weights: Vectors

    def steps(self, r: Vectors, gradient: Vectors, among: Rows) -> Vectors:
        return self.factors.solve(-gradient, among)


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

    def factors(self, s: Vectors, e: Vectors, d: Vectors) -> Cholesky:
        """Assemble matrices from s, e and d, as many at a time as have room, and factorize them."""
        factors = Cholesky.empty(len(s), len(self.matrix))
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
        self._shared, self._scales, self._offsets = shared, scales, offsets

    def __len__(self) -> int:
        return len(self._scales)

    def __getitem__(self, rows: Any) -> ScaledJacobians:
        return ScaledJacobians(self._shared, self._scales[rows], self._offsets[rows])

    def __setitem__(self, rows: Any, others: ScaledJacobians) -> None:
        self._scales[rows], self._offsets[rows] = others._scales, others._offsets

    def joined(self, others: ScaledJacobians) -> ScaledJacobians:
        scales = np.concatenate([self._scales, others._scales])
        return ScaledJacobians(
            self._shared, scales, np.concatenate([self._offsets, others._offsets])
        )

    def matrices(self) -> Matrices:
        """Return them in single precision."""
        scales = self._scales.astype(np.float32)
        scales = scales[:, :, None] if self._shared.by_rows else scales[:, None, :]
        matrices = scales * self._shared.single
        np.einsum("bii->bi", matrices)[...] += self._offsets.astype(np.float32)
        return matrices

    def measured(self, r: Vectors) -> tuple[Vectors, Vectors]:
        M, s, o = self._shared.matrix, self._scales, self._offsets
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = self.transposed_times(r)
            if self._shared.by_rows:
                columns = np.square(s) @ np.square(M)
            else:
                columns = np.square(s) * np.square(M).sum(0)
            return gradient, columns + (2 * s * np.diagonal(M) + o) * o

    def transposed_times(self, vectors: Vectors) -> Vectors:
        M, s, o = self._shared.matrix, self._scales, self._offsets
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (s * vectors) @ M if self._shared.by_rows else s * (vectors @ M)
            return scaled + o * vectors

    def damped(self, damping: Vector, scale: Vectors) -> Damped:
        shared, o = self._shared, self._offsets
        # Of saturated units: products of such scales are denormal, which takes a hundred times as
        # long.
        s = np.where(np.abs(self._scales) * shared.reach > _UNSEEN * np.abs(o), self._scales, 0.0)
        with np.errstate(over="ignore", invalid="ignore"):
            if not shared.by_rows:
                weights = damping[:, None] * scale
                return _DampedDense(shared.factors(s, o, o * o + weights), weights)
            S = shared.agreed(scale)
            added = o * o / S + damping[:, None]
            return _DampedRows(shared.factors(s, o / S, added), damping[:, None] * S, self, S)


@dataclass(frozen=True)
class _DampedRows(Damped):
    """Of Jacobians whose rows are scaled: factors of J S⁻¹ Jᵀ + μ; see `SharedMatrix`."""

    factors: Cholesky
    weights: Vectors
    jacobians: ScaledJacobians
    scale: Float[np.ndarray, " unit"]

    def steps(self, r: Vectors, gradient: Vectors, among: Rows) -> Vectors:
        solved = self.factors.solve(r, among)
        with np.errstate(over="ignore", invalid="ignore"):
            return -self.jacobians[among].transposed_times(solved) / self.scale
