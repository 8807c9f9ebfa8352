"""Values met while a function is read: affine in the state and in the gates before them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
AnyArray = NDArray[Any]  # truth values and indices, too
Entry = tuple[list[int], list[float], float]
Operand = Any  # what an operation is given: numpy.ndarray (a constant), Affine or StepFunction


class UnrecognizedError(Exception):
    """An operation is not piecewise linear; the text is the reason."""


@dataclass(frozen=True)
class Affine:
    """An array whose entries are ``(x, g) @ coefficients + constant``.

    ``coefficients`` has one axis before those of the array: first the ``n`` components of the
    state ``x``, then the outputs ``g`` of the gates opened so far.  The gate part may be shorter
    than the number of gates; what is missing is zero.
    """

    coefficients: Array
    constant: Array

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array itself."""
        return self.constant.shape

    @property
    def rows(self) -> Array:
        """The coefficients of each entry, flat: ``(entry, width)``."""
        return np.ascontiguousarray(self.coefficients.reshape(len(self.coefficients), -1).T)

    def widened(self, width: int) -> Array:
        """Return the coefficients padded with zeros to ``width`` rows."""
        missing = width - len(self.coefficients)
        if missing == 0:
            return self.coefficients
        return np.concatenate([self.coefficients, np.zeros((missing, *self.shape))])

    def broadcast(self, shape: tuple[int, ...]) -> Affine:
        """Return the same array spread over a larger shape."""
        full = (len(self.coefficients), *shape)
        coefficients = np.broadcast_to(self._of_rank(len(shape)), full)
        return Affine(coefficients, np.broadcast_to(self.constant, shape))

    def scaled(self, factor: Operand) -> Affine:
        """Return the product with a constant array that broadcasts against this one."""
        factor = np.asarray(factor, dtype=np.float64)
        constant = np.asarray(self.constant * factor)
        return Affine(self._of_rank(constant.ndim) * factor, constant)

    def divided(self, divisor: Operand) -> Affine:
        """Return the quotient by a constant array that broadcasts against this one."""
        divisor = np.asarray(divisor, dtype=np.float64)
        constant = np.asarray(self.constant / divisor)
        return Affine(self._of_rank(constant.ndim) / divisor, constant)

    def shifted(self, offset: Operand) -> Affine:
        """Return the sum with a constant array that broadcasts against this one."""
        constant = np.asarray(self.constant + np.asarray(offset, dtype=np.float64))
        return Affine(self.broadcast(constant.shape).coefficients, constant)

    def plus(self, other: Affine) -> Affine:
        """Return the sum with another affine array of the same or a broadcasting shape."""
        width = max(len(self.coefficients), len(other.coefficients))
        constant = np.asarray(self.constant + other.constant)
        one, two = (Affine(v.widened(width), v.constant) for v in (self, other))
        rank = constant.ndim
        return Affine(one._of_rank(rank) + two._of_rank(rank), constant)

    def minus(self, other: Affine) -> Affine:
        """Return the difference with another affine array."""
        return self.plus(other.scaled(np.array(-1.0)))

    def _of_rank(self, rank: int) -> Array:
        missing = (1,) * (rank - self.constant.ndim)
        return self.coefficients.reshape(len(self.coefficients), *missing, *self.shape)


@dataclass(frozen=True)
class StepFunction:
    """``where(quantity > 0, above, below)`` with constants: a truth value, or a number, that jumps.

    ``above`` and ``below`` have the shape of ``quantity``.  ``>`` and ``>=`` are the same here:
    where the result is continuous the boundary does not matter.  A quantity that does not depend
    on the state may lie on it everywhere: there ``above`` and ``below`` are the same (``of``).
    """

    quantity: Affine
    above: AnyArray
    below: AnyArray

    @classmethod
    def of(cls, function: Callable[[AnyArray], AnyArray], quantity: Affine) -> StepFunction:
        """Return a function that is constant on either side of 0, of a quantity."""
        if np.isnan(quantity.constant).any():
            raise UnrecognizedError("its weights are not finite")
        fixed = ~quantity.coefficients.any(axis=0)
        above, below = (np.asarray(np.where(fixed, quantity.constant, v)) for v in (1.0, -1.0))
        return cls(quantity, np.asarray(function(above)), np.asarray(function(below)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array itself."""
        return self.quantity.shape

    def broadcast(self, shape: tuple[int, ...]) -> StepFunction:
        """Return the same array spread over a larger shape."""
        sides = (np.broadcast_to(side, shape) for side in (self.above, self.below))
        return StepFunction(self.quantity.broadcast(shape), *sides)

    def map(self, function: Callable[[AnyArray], AnyArray]) -> StepFunction:
        """Return what a function of numbers makes of it, entry by entry."""
        return StepFunction(
            self.quantity, np.asarray(function(self.above)), np.asarray(function(self.below))
        )

    def is_true(self) -> Affine:
        """Return a quantity that is positive just where this one, as a truth value, is true."""
        up, down = self.above.astype(bool), self.below.astype(bool)
        always = np.where(up == down, np.where(up, 1.0, -1.0), 0.0)
        return self.quantity.scaled(up.astype(float) - down).shifted(always)


def as_affine(value: Operand, width: int) -> Affine:
    """Return a value as an affine array; a constant gets zero coefficients."""
    if isinstance(value, Affine):
        return value
    if isinstance(value, StepFunction):
        if np.array_equal(value.above, value.below):
            return as_affine(value.above, width)
        raise UnrecognizedError("a comparison of the state enters the result: it jumps")
    constant = np.asarray(value, dtype=np.float64)
    return Affine(np.zeros((width, *constant.shape)), constant)


@dataclass
class GateTable:
    """The gates ``g_j = max(z_j, 0)`` so far; ``z_j`` is a row over the state and earlier gates."""

    size: int
    rows: list[Array] = field(default_factory=list)
    constants: list[float] = field(default_factory=list)
    known: dict[bytes, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """The length of a full row: the state's size and the number of gates."""
        return self.size + len(self.rows)

    def relu(self, value: Affine) -> Affine:
        """Rectify entry by entry; an entry that does not depend on the state needs no gate."""
        shape = value.shape
        rows = value.rows
        constants = np.asarray(value.constant, dtype=np.float64).reshape(-1)
        entries = [self._rectified(rows[i], float(constants[i])) for i in range(len(rows))]
        coefficients = np.zeros((self.width, len(rows)))
        constant = np.zeros(len(rows))
        for i, (columns, weights, offset) in enumerate(entries):
            coefficients[columns, i] = weights
            constant[i] = offset
        return Affine(coefficients.reshape(self.width, *shape), constant.reshape(shape))

    def _rectified(self, row: Array, constant: float) -> Entry:
        """Return ``relu(row @ (x, g) + constant)`` as columns, their weights and a constant."""
        columns = np.flatnonzero(row)
        if len(columns) == 0:
            return [], [], max(constant, 0.0)
        if len(columns) == 1 and columns[0] >= self.size:
            return self._nested(int(columns[0]), float(row[columns[0]]), constant)
        return [self.size + self._open(row, constant)], [1.0], 0.0

    def _nested(self, column: int, weight: float, constant: float) -> Entry:
        """Rectify ``weight * relu(z) + constant`` without a gate on a gate (clip, relu6)."""
        inner_row = self.rows[column - self.size]
        inner_constant = self.constants[column - self.size]
        if weight > 0 and constant >= 0:
            return [column], [weight], constant
        if weight < 0 and constant <= 0:
            return [], [], 0.0
        size = abs(weight)
        outer = self.size + self._open(size * inner_row, size * inner_constant - abs(constant))
        if weight > 0:  # relu(w relu(z) - c) = relu(w z - c)
            return [outer], [1.0], 0.0
        # relu(c - w relu(z)) = c - w relu(z) + relu(w z - c)
        return [column, outer], [weight, 1.0], constant

    def _open(self, row: Array, constant: float) -> int:
        # A quantity is often rectified twice (clip, abs): one gate keeps the kinks independent.
        stop = int(np.flatnonzero(row)[-1]) + 1
        key = np.append(row[:stop], constant).tobytes()
        if key not in self.known:
            self.known[key] = len(self.rows)
            self.rows.append(row[:stop])
            self.constants.append(constant)
        return self.known[key]
