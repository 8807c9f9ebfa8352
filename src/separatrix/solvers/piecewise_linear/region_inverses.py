"""The equations of regions and of the kinks between them; from one region to its neighbor."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..._parallel import chunks
from .affine import Array
from .form import Bools, PiecewiseLinear
from .reduced import Ints

Keys = NDArray[np.unsignedinteger[Any]]

# Numbers that inverses may hold: 128 MiB.
_ROOM = 16_000_000
# Numbers that are changed at once: 256 KiB, which caches hold.
_BLOCK = 32_000
# Inverses of so few variables are copied for a product; larger ones are taken where they are.
_COPIED = 64
# Changes of a determinant outside of these lose digits: the region is solved anew.
_SMALL, _LARGE = 1e-3, 1e3


class RegionInverses:
    """Regions that have been met, where ``r = B x + b``: ``P = B⁻¹`` and the zero ``−P b``.

    Beyond the kink of one gate ``B`` differs by ``± y wᵀ``, so that ``P`` changes by a matrix of
    rank one (Sherman & Morrison).  A region is known by the exclusive or of random numbers of the
    gates that are on (Zobrist's hash).  When there is no room, regions that are not in use go.
    """

    def __init__(self, residual: PiecewiseLinear) -> None:
        n, m = residual.size, residual.gate_count
        self.residual = residual
        self.layers = residual.layers()
        self.is_coupled = residual.is_coupled
        self.room = max(_ROOM // max(n, 1) ** 2, 2)
        self.inverses, self.zeros = np.empty((self.room, n, n)), np.empty((self.room, n))
        self._keys = np.empty(self.room, dtype=np.uint64)
        self._known: dict[int, int] = {}
        words = np.random.default_rng(0).integers(2**63, size=(2, m + 1), dtype=np.uint64)
        words[:, m] = 0  # no gate
        self._words, self._held_words = words
        self._rows = np.pad(
            np.column_stack([residual.gate_weights, residual.gate_offset]), ((0, 1), (0, 0))
        )
        self._columns = np.ascontiguousarray(residual.output_weights.T)
        self._sizes = np.abs(self._columns.T)

    def of(self, on: Bools) -> tuple[Ints, Keys]:
        """Return the numbers and keys of the regions of patterns ``(k, m)``; others may go."""
        keys = np.bitwise_xor.reduce(np.where(on, self._words[:-1], np.uint64(0)), axis=1)
        distinct, first, which = np.unique(keys, return_index=True, return_inverse=True)
        if len(self._known) + len(distinct) > self.room:
            self._known.clear()
        numbers = self._numbers(distinct)
        new = np.flatnonzero(numbers < 0)
        numbers[new] = self._add(distinct[new], *self._solved(on[first[new]]))
        return numbers[which.ravel()], keys

    def beyond(
        self, region: Ints, keys: Keys, on: Bools, rows: Ints, gate: Ints
    ) -> tuple[Ints, Keys]:
        """Cross the kinks of gates in some rows; ``on`` are the patterns before, of all rows.

        Returns the numbers of the regions of all rows, and the keys of those beyond the kinks.
        """
        beyond = keys[rows] ^ self._words[gate]
        distinct, first, which = np.unique(beyond, return_index=True, return_inverse=True)
        if len(self._known) + len(distinct) > self.room:
            region = self._keep(region)
        numbers = self._numbers(distinct)
        new = np.flatnonzero(numbers < 0)
        for part in chunks(len(new), max(_BLOCK // self.residual.size**2, 1)):
            own = first[new[part]]
            found = self._neighbors(region[rows[own]], on, rows[own], gate[own])
            numbers[new[part]] = self._add(distinct[new[part]], *found)
        region = region.copy()
        region[rows] = numbers[which.ravel()]
        return region, beyond

    def pieces(self, keys: Keys, held: Ints) -> Keys:
        """Return keys of the pieces of regions where kinks of gates ``(k, w)`` are held."""
        return keys ^ np.bitwise_xor.reduce(self._held_words[held], axis=1)

    def times_inverses(self, left: Array, region: Ints) -> Array:
        """Return products ``(k, g, n)`` of matrices with the inverses of regions."""
        if self.residual.size <= _COPIED:
            return left @ self.inverses[region]
        found = np.zeros(left.shape)
        for product, rows, k in zip(found, left, region, strict=True):
            used = np.flatnonzero(rows.any(axis=1))
            product[used] = rows[used] @ self.inverses[k]
        return found

    def inverses_times(self, region: Ints, right: Array) -> Array:
        """Return products ``(k, n, g)`` of the inverses of regions with matrices."""
        if self.residual.size <= _COPIED:
            return self.inverses[region] @ right
        return np.array([self.inverses[k] @ b for k, b in zip(region, right, strict=True)])

    def preactivations(self, on: Bools, states: Array) -> Array:
        """Return ``z`` ``(k, m)`` by the equations that hold where gates are on."""
        z = states @ self.residual.gate_weights.T
        z += self.residual.gate_offset
        for layer in self.layers[1:]:
            z[:, layer] += (z * on) @ self.residual.gate_coupling[layer].T
        return z

    def rows(self, on: Bools, rows: Ints, gates: Ints) -> tuple[Array, Array]:
        """Return ``w`` ``(k, g, n)`` and ``d`` of ``z = w·x + d``, of gates ``(k, g)`` of rows.

        The number ``m`` stands for no gate, of which both are zero.
        """
        m = self.residual.gate_count
        if not self.is_coupled:
            return self.own_rows(gates)
        needed = np.arange(m) == gates[..., None]
        factors = needed.astype(np.float64)
        for layer in reversed(self.layers[1:]):
            before = factors[..., layer] @ self.residual.gate_coupling[layer]
            factors += before * on[rows, None, :]
        found = factors @ self._rows[:-1]
        return found[..., :-1], found[..., -1]

    def own_rows(self, gates: Ints) -> tuple[Array, Array]:
        """Return ``Z`` and ``c`` of gates: their rows where no other gates are before them."""
        found = self._rows.take(gates, axis=0)
        return found[..., :-1], found[..., -1]

    def columns(self, on: Bools, rows: Ints, gate: Ints) -> Array:
        """Return what one gate in each of some rows adds to the residual ``(k, n)`` as it opens."""
        if not self.is_coupled:
            return self._columns[gate]
        opened = (np.arange(on.shape[1]) == gate[:, None]).astype(np.float64)
        for layer in self.layers[1:]:
            change = opened @ self.residual.gate_coupling[layer].T
            opened[:, layer] += change * on[np.ix_(rows, layer)]
        return opened @ self._columns

    def slopes(self, on: Bools, r: Array, multipliers: Array) -> tuple[Array, Array]:
        """Return the slopes of ``½|r|²`` as gates open, and the sizes of their terms: ``(k, m)``.

        Kinks that are held contribute by their multipliers ``(k, m)``.
        """
        slope, terms = r @ self._columns.T, np.abs(r) @ self._sizes
        for layer in reversed(self.layers[1:]):
            coupling = self.residual.gate_coupling[layer]
            passed = slope[:, layer] * on[:, layer] - multipliers[:, layer]
            size = terms[:, layer] * on[:, layer] + np.abs(multipliers[:, layer])
            slope += passed @ coupling
            terms += size @ np.abs(coupling)
        return slope, terms

    def _solved(self, on: Bools) -> tuple[Array, Array]:
        """Return inverses and zeros of regions from their patterns ``(k, m)``."""
        B, b = self.residual.pieces(on)
        P = np.linalg.inv(B)
        return P, -(P @ b[:, :, None])[..., 0]

    def _neighbors(self, region: Ints, on: Bools, rows: Ints, gate: Ints) -> tuple[Array, Array]:
        """Return inverses and zeros of the regions beyond one kink in each of some rows."""
        P, zero = self.inverses[region], self.zeros[region]
        reach, offset = self.rows(on, rows, gate[:, None])
        column = self.columns(on, rows, gate)
        turned = np.where(on[rows, gate], -1.0, 1.0)
        to, back = (P @ column[:, :, None])[..., 0], (reach @ P)[:, 0]
        pivot = 1.0 + turned * np.einsum("ki,ki->k", back, column)
        level = np.einsum("ki,ki->k", reach[:, 0], zero) + offset[:, 0]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            to *= (turned / pivot)[:, None]
            P -= to[:, :, None] * back[:, None, :]
            zero -= to * level[:, None]
        unsafe = np.flatnonzero(~((np.abs(pivot) > _SMALL) & (np.abs(pivot) < _LARGE)))
        if len(unsafe):
            pattern = on[rows[unsafe]]
            pattern[np.arange(len(unsafe)), gate[unsafe]] ^= True
            P[unsafe], zero[unsafe] = self._solved(pattern)
        return P, zero

    def _numbers(self, keys: Keys) -> Ints:
        return np.array([self._known.get(key, -1) for key in keys.tolist()], dtype=np.intp)

    def _add(self, keys: Keys, P: Array, zero: Array) -> Ints:
        first = len(self._known)
        numbers = np.arange(first, first + len(keys), dtype=np.intp)
        self._known.update(zip(keys.tolist(), numbers.tolist(), strict=True))
        self.inverses[numbers], self.zeros[numbers], self._keys[numbers] = P, zero, keys
        return numbers

    def _keep(self, region: Ints) -> Ints:
        """Drop all regions but these; return their new numbers."""
        used, region = np.unique(region, return_inverse=True)
        count = len(used)
        for kept in (self.inverses, self.zeros, self._keys):
            kept[:count] = kept[used]
        self._known = dict(zip(self._keys[:count].tolist(), range(count), strict=True))
        return region.ravel()
