"""The canonical form of a piecewise-linear function."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from .affine import Array

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

# The most numbers in a table of what gates add to the Jacobian: 8 MiB.
_TABLE = 1_000_000


@dataclass(frozen=True)
class PiecewiseLinear:
    """A continuous piecewise-linear function from R^n to R^n, in abs-normal form.

    ``z = Z x + L g + c``, ``g = max(z, 0)``, ``F(x) = J x + Y g + b``: ``m`` gates whose
    pre-activations ``z`` are affine in the state and in earlier gates (``L`` is strictly lower
    triangular).  A *pattern* says which gates are on; where it is constant, ``F`` is affine.

    Attributes
    ----------
    linear, offset
        ``J`` of shape ``(n, n)`` and ``b`` of shape ``(n,)``.
    gate_weights, gate_coupling, gate_offset
        ``Z`` ``(m, n)``, ``L`` ``(m, m)`` and ``c`` ``(m,)``.
    output_weights
        ``Y`` ``(n, m)``.
    rounding
        How steep it may seem where it is constant: what rounding leaves of coefficients that
        cancel, as those of an identity do in its residual.
    layers
        The gates grouped so that each group needs only the groups before it.
    """

    linear: Array
    offset: Array
    gate_weights: Array
    gate_coupling: Array
    gate_offset: Array
    output_weights: Array
    rounding: float = 0.0
    layers: tuple[Ints, ...] = field(init=False)

    def __post_init__(self) -> None:
        depth = np.zeros(self.gate_count, dtype=int)
        for gate in np.flatnonzero(self.gate_coupling.any(axis=1)):
            depth[gate] = 1 + depth[np.flatnonzero(self.gate_coupling[gate])].max()
        levels = range(int(depth.max(initial=0)) + 1)
        object.__setattr__(self, "layers", tuple(np.flatnonzero(depth == k) for k in levels))

    @property
    def is_coupled(self) -> bool:
        """Whether a gate depends on earlier ones: ``L`` is not zero."""
        return len(self.layers) > 1

    @property
    def size(self) -> int:
        """``n``, the number of state variables."""
        return len(self.offset)

    @property
    def gate_count(self) -> int:
        """``m``, the number of gates."""
        return len(self.gate_offset)

    def preactivations(self, states: Array, on: Bools | None = None) -> Array:
        """Return ``z`` of shape ``(..., m)`` at states of shape ``(..., n)``.

        With patterns ``on``, ``(..., m)``, by the equations that hold in their regions.
        """
        z = states @ self.gate_weights.T
        z += self.gate_offset
        for layer in self.layers[1:]:
            g = np.maximum(z, 0.0) if on is None else z * on
            z[..., layer] += g @ self.gate_coupling[layer].T
        return z

    def gates(self, states: Array) -> Bools:
        """Return the pattern ``z > 0`` of shape ``(..., m)`` at states of shape ``(..., n)``."""
        return self.preactivations(states) > 0.0

    def __call__(self, states: Array) -> Array:
        """Return ``F`` at states of shape ``(..., n)``."""
        g = np.maximum(self.preactivations(states), 0.0)
        return states @ self.linear.T + g @ self.output_weights.T + self.offset

    def gate_rows(self, pattern: Bools) -> tuple[Array, Array]:
        """Return ``z = W x + d`` inside the region of one pattern: ``(m, n)`` and ``(m,)``."""
        rows = np.column_stack([self.gate_weights, self.gate_offset])
        for layer in self.layers[1:]:
            rows[layer] += self.gate_coupling[layer] @ (rows * pattern[:, None])
        return rows[:, :-1], rows[:, -1]

    def piece(self, pattern: Bools) -> tuple[Array, Array]:
        """Return ``(A, b)`` with ``F(x) = A x + b`` in the region of one pattern, ``(m,)``."""
        W, d = self.gate_rows(pattern)
        Y = self.output_weights[:, pattern]
        return self.linear + Y @ W[pattern], self.offset + Y @ d[pattern]

    def pieces(self, patterns: Bools) -> tuple[Array, Array]:
        """Return ``(A, b)`` of many patterns ``(k, m)``: ``(k, n, n)`` and ``(k, n)``.

        If there are few variables, one matrix product gives all of them: the patterns times a table
        of what each gate contributes.
        """
        n, m = self.size, self.gate_count
        if self.is_coupled or m * n * n > _TABLE:
            found = [self.piece(pattern) for pattern in patterns]
            A, b = (np.array([part[i] for part in found]) for i in (0, 1))
            return A.reshape(-1, n, n), b.reshape(-1, n)
        rows = np.column_stack([self.gate_weights, self.gate_offset])
        table = (self.output_weights.T[:, :, None] * rows[:, None, :]).reshape(m, n * (n + 1))
        added = (patterns.astype(np.float64) @ table).reshape(-1, n, n + 1)
        return self.linear + added[..., :-1], self.offset + added[..., -1]

    def rows_of(self, on: Bools, gates: Ints) -> tuple[Array, Array]:
        """Return ``W`` ``(k, g, n)`` and ``d`` of gates ``(k, g)`` in the regions of patterns.

        The number ``m`` stands for no gate, of which both are zero.
        """
        if not self.is_coupled:
            W, d = (v.take(gates, 0, mode="clip") for v in (self.gate_weights, self.gate_offset))
            none = gates == self.gate_count
            W[none], d[none] = 0.0, 0.0
            return W, d
        needed = (np.arange(self.gate_count) == gates[..., None]).astype(np.float64)
        for layer in reversed(self.layers[1:]):
            needed += (needed[..., layer] @ self.gate_coupling[layer]) * on[:, None, :]
        return needed @ self.gate_weights, needed @ self.gate_offset

    def columns_of(self, on: Bools, gate: Ints) -> Array:
        """Return what a gate adds as it opens in the region of each pattern, shape ``(k, n)``."""
        if not self.is_coupled:
            return self.output_weights.T[gate]
        opened = (np.arange(self.gate_count) == gate[:, None]).astype(np.float64)
        for layer in self.layers[1:]:
            opened[:, layer] += (opened @ self.gate_coupling[layer].T) * on[:, layer]
        return opened @ self.output_weights.T

    def minus_identity(self) -> PiecewiseLinear:
        """Return the residual ``F(x) − x``, whose zeros are the fixed points of a map."""
        return replace(self, linear=self.linear - np.eye(self.size))

    def oriented(self, pattern: Bools) -> PiecewiseLinear:
        """Return the same function with gates turned so that ``pattern`` has every gate off.

        A gate that is on there is written ``max(z, 0) = z + max(−z, 0)``.
        """
        W, d = self.gate_rows(pattern)
        A, b = self.piece(pattern)
        sign = np.where(pattern, -1.0, 1.0)
        coupling, Y = self.gate_coupling, self.output_weights
        if self.is_coupled:
            coupling = np.linalg.solve(np.eye(self.gate_count) - coupling * pattern, coupling)
        return PiecewiseLinear(
            linear=A,
            offset=b,
            gate_weights=sign[:, None] * W,
            gate_coupling=sign[:, None] * coupling,
            gate_offset=sign * d,
            output_weights=Y + (Y * pattern) @ coupling if self.is_coupled else Y,
        )

    def without_idle_gates(self) -> PiecewiseLinear:
        """Return the same function without the gates that cannot reach the result."""
        used = self.output_weights.any(axis=0)
        while True:
            grown = used | self.gate_coupling[used].any(axis=0)
            if (grown == used).all():
                break
            used = grown
        return replace(
            self,
            gate_weights=self.gate_weights[used],
            gate_coupling=self.gate_coupling[np.ix_(used, used)],
            gate_offset=self.gate_offset[used],
            output_weights=self.output_weights[:, used],
        )
