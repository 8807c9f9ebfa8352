"""Jacobians of the candidates at work: one matrix each, or one for all that each one scales."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from .. import batched

Matrices = Float[np.ndarray, "batch unit unit"]
Vectors = Float[np.ndarray, "batch unit"]
Vector = Float[np.ndarray, " batch"]
Matrix = Float[np.ndarray, "unit unit"]
Assemble = Callable[[Matrix, Matrix, Matrix, Vectors, Vectors, Vectors], Matrices]
"""G, A, Aᵀ, s, e, d -> matrices sᵢ Gᵢⱼ sⱼ + sᵢ Aᵢⱼ eⱼ + sⱼ Aⱼᵢ eᵢ, and dᵢ added to i = j."""

_UNSEEN = 1e-10  # beside 1, in single precision


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
    def damped_steps(
        self, r: Vectors, gradient: Vectors, damping: Vector, scale: Vectors
    ) -> tuple[Vectors, Vectors]:
        """Return p of (JᵀJ + diag w) p = −Jᵀr, NaN where that is singular, and w.

        These are `damping` times `scale`, or times another scale for all that suits as well.
        """


class DenseJacobians(Jacobians):
    """Jacobians of which nothing is known."""

    def __init__(self, matrices: Matrices):
        self._matrices, self.eps = matrices, float(np.finfo(matrices.dtype).eps)

    def __len__(self) -> int:
        return len(self._matrices)

    def __getitem__(self, rows: Any) -> DenseJacobians:
        return DenseJacobians(self._matrices[rows])

    def __setitem__(self, rows: Any, others: DenseJacobians) -> None:
        self._matrices[rows] = others._matrices

    def joined(self, others: DenseJacobians) -> DenseJacobians:
        return DenseJacobians(np.concatenate([self._matrices, others._matrices]))

    def matrices(self) -> Matrices:
        return self._matrices

    def measured(self, r: Vectors) -> tuple[Vectors, Vectors]:
        J = self._matrices
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = batched.apply_transposed(J, r.astype(J.dtype)).astype(float)
            return gradient, np.einsum("bij,bij->bj", J, J).astype(float)

    def damped_steps(
        self, r: Vectors, gradient: Vectors, damping: Vector, scale: Vectors
    ) -> tuple[Vectors, Vectors]:
        weights = damping[:, None] * scale
        return batched.solve_damped(self._matrices, -gradient, weights), weights


@dataclass(eq=False)
class SharedMatrix:
    r"""The matrix M of Jacobians diag(s) M + diag(o), or M diag(s) + diag(o), and its squares.

    What a damped step is solved with, $J^\top J+\mu S$ with $S$ diagonal, is assembled from
    $M^\top M$ where M's columns are scaled, with n² operations instead of n³. Where its rows are,
    $JS^{-1}J^\top+\mu$ is, from $MS^{-1}M^\top$, for the same step,

    .. math:: p = -S^{-1}J^\top(JS^{-1}J^\top+\mu)^{-1}r ,

    with one S for all candidates.
    """

    matrix: Matrix
    by_rows: bool
    assemble: Assemble
    squares: Matrix = field(init=False)  # MᵀM, or M S⁻¹ Mᵀ
    single: Matrix = field(init=False)  # M in single precision
    sides: tuple[Matrix, Matrix] = field(init=False)  # that and Mᵀ, or Mᵀ and that
    scale: Float[np.ndarray, " unit"] | None = field(init=False, default=None)  # S
    reach: Float[np.ndarray, " unit"] = field(init=False)  # largest entries of what is scaled

    def __post_init__(self) -> None:
        self.reach = np.abs(self.matrix).max(1 if self.by_rows else 0, initial=0.0)
        self.single = np.ascontiguousarray(self.matrix, np.float32)
        both = self.single, np.ascontiguousarray(self.single.T)
        self.sides = both if self.by_rows else both[::-1]
        if not self.by_rows:
            self.squares = (self.matrix.T @ self.matrix).astype(np.float32)

    def agree(self, scale: Vectors) -> None:
        """Let S be what the first candidates want, in the median: outliers do not set it."""
        if self.scale is None:
            tiny = np.finfo(np.float32).tiny
            self.scale = np.maximum(np.median(scale, axis=0), tiny)
            scaled = self.matrix / np.sqrt(self.scale)
            self.squares = (scaled @ scaled.T).astype(np.float32)


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
            gradient = self._transposed_times(r)
            if self._shared.by_rows:
                columns = np.square(s) @ np.square(M)
            else:
                columns = np.square(s) * np.square(M).sum(0)
            return gradient, columns + (2 * s * np.diagonal(M) + o) * o

    def _transposed_times(self, vectors: Vectors) -> Vectors:
        M, s, o = self._shared.matrix, self._scales, self._offsets
        scaled = (s * vectors) @ M if self._shared.by_rows else s * (vectors @ M)
        return scaled + o * vectors

    def damped_steps(
        self, r: Vectors, gradient: Vectors, damping: Vector, scale: Vectors
    ) -> tuple[Vectors, Vectors]:
        shared, o = self._shared, self._offsets
        # Of saturated units: products of such scales are denormal, which takes a hundred times as
        # long.
        s = np.where(np.abs(self._scales) * shared.reach > _UNSEEN * np.abs(o), self._scales, 0.0)
        weights = damping[:, None] * scale
        with np.errstate(over="ignore", invalid="ignore"):
            if not shared.by_rows:
                squares = shared.assemble(shared.squares, *shared.sides, s, o, o * o + weights)
                return batched.solve_symmetric(squares, -gradient), weights
            shared.agree(scale)
            S = shared.scale
            added = o * o / S + damping[:, None]
            squares = shared.assemble(shared.squares, *shared.sides, s, o / S, added)
            solved = batched.solve_symmetric(squares, r)
            return -self._transposed_times(solved) / S, damping[:, None] * S
