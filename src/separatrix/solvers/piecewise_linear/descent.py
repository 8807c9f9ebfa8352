"""Descent of the speed of a piecewise-linear residual, over its kinks, for many candidates."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ..._parallel import chunks
from ..._watch import UNWATCHED, Stage, Watch
from .affine import Array
from .form import Bools, PiecewiseLinear
from .reduced import Ints, in_region, padded_indices

_EPS = np.finfo(np.float64).eps
# What makes singular regions regular, beside the coefficients; minima are then solved without it.
_SHIFT = 1e-10
# Added to the equations of held kinks, beside their size: some depend on each other.
_RIDGE = 1e-13
# Pivots outside of these lose digits: the region is solved anew.
_SMALL, _LARGE = 1e-3, 1e3
# Numbers of coefficients held at once: 8 MiB, which caches hold.
_BLOCK = 1_000_000


@dataclass
class Travelers:
    """Candidates on their way, one per row, each in the coordinates of its own region.

    With gates turned so that all are off there, ``r = e + Y g``, ``z = M e + q + L g`` and
    ``g = max(z, 0)``.  Gates that are ``held`` are kept at zero: the candidate slides along their
    kinks.  Those that are ``crossed`` have changed since the last minimum of a piece, ``node``.
    """

    node: Ints
    on: Bools
    z: Array
    r: Array
    held: Bools
    crossed: Bools
    M: Array
    q: Array
    L: Array
    Y: Array

    def keep(self, rows: Bools) -> None:
        """Drop all other rows."""
        if not rows.all():
            for entry in fields(self):
                setattr(self, entry.name, getattr(self, entry.name)[rows])


@dataclass(frozen=True)
class End:
    """Where descents end: gates on and at their kinks, and a state near the minimum there."""

    on: Bools
    kinks: Bools
    near: Array


class Descent:
    """Active-set descent of ``½|r|²`` that never rises and ends in finitely many steps.

    Each step goes from the present point straight to the minimizer of the present piece (a region,
    or the intersection of held kinks) and stops at the first kink on the way.  That kink is
    crossed, by a principal pivot, if the speed falls on beyond it, and held otherwise or if it was
    crossed before.  At the minimizer of a piece the kink whose multiplier has the wrong sign is let
    go.  What follows depends on the piece alone, so that minimizers of pieces are the nodes of a
    graph in which each has one successor, or is an end: candidates that meet there go on as one.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, 2nd ed., section 16.5 (active sets); Cottle,
    Pang & Stone (2009), The Linear Complementarity Problem, section 2.3 (principal pivots).
    """

    def __init__(
        self,
        residual: PiecewiseLinear,
        states: Array,
        max_steps: int,
        watch: Watch = UNWATCHED,
    ) -> None:
        slopes = np.abs(residual.output_weights) @ np.abs(residual.gate_weights)
        slopes += np.abs(residual.linear)
        size = np.minimum(slopes.max(axis=0, initial=0.0), slopes.max(axis=1, initial=0.0))
        shift = _SHIFT * np.diag(np.where(size > 0, size, slopes.max(initial=0.0) or 1.0))
        center = states.mean(axis=0) if len(states) else np.zeros(residual.size)
        self.residual = replace(
            residual, linear=residual.linear + shift, offset=residual.offset - shift @ center
        )
        self.coupled = bool(residual.gate_coupling.any())
        self.max_steps, self.watch = max_steps, watch
        self.after: list[int] = []  # the node that follows; the same one at an end, −1 if unknown
        self.ends: dict[int, End] = {}
        self._numbers: dict[bytes, int] = {}

    def run(self, states: Array) -> Ints:
        """Descend from states ``(k, n)`` and return the nodes at which they first arrive.

        A candidate that runs out of steps, or time, before it comes to one has −1.
        """
        first = np.full(len(states), -1, dtype=np.intp)
        n, m = self.residual.size, self.residual.gate_count
        chunk = max(_BLOCK // max(m * (n + m * self.coupled), 1), 1)
        owners = -2 - np.arange(len(states))
        for rows in chunks(len(states), chunk):
            if self.watch.is_over():
                break
            self.watch.report(Stage.SLOW_POINTS, rows.start, len(states))
            at = self._start(states[rows], owners[rows])
            for _ in range(self.max_steps):
                if len(at.node) == 0 or self.watch.is_over():
                    break
                at.keep(~self._step(at, first))
        return first

    def end_of(self, node: int) -> int:
        """Return the node at which a descent from another one ends, or −1."""
        passed = set[int]()
        while node >= 0 and node not in passed:
            passed.add(node)
            node = self.after[node]
        return node

    def _start(self, states: Array, node: Ints) -> Travelers:
        on = self.residual.gates(states)
        z = self.residual.preactivations(states) * np.where(on, -1.0, 1.0)
        patterns, which = np.unique(on, axis=0, return_inverse=True)
        own = zip(*map(self._coordinates, patterns), strict=True)
        parts = [np.array(part)[which.ravel()] for part in own]
        held, crossed = np.zeros_like(on), np.zeros_like(on)
        return Travelers(node, on, z, self.residual(states), held, crossed, *parts)

    def _coordinates(self, pattern: Bools) -> tuple[Array, Array, Array, Array]:
        """Return ``M``, ``q``, ``L`` and ``Y`` of a region; an empty ``L`` where it is zero."""
        turned, M, q = in_region(self.residual, pattern)
        L = turned.gate_coupling if self.coupled else np.zeros((0, 0))
        return M, q, L, turned.output_weights

    def _step(self, at: Travelers, first: Ints) -> Bools:
        """Take one step; return which candidates are done."""
        target, multipliers = _piece_minima(at)
        dr = target - at.r
        dz = (at.M @ target[:, :, None])[..., 0] + at.q - at.z
        dz[at.held] = 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.where(~at.held & (at.z + dz > 0), np.maximum(-at.z / dz, 0.0), np.inf)
        length = times.min(axis=1, initial=1.0)
        at.z += length[:, None] * dz
        at.r += length[:, None] * dr
        rows = np.flatnonzero(length < 1.0)
        if len(rows):
            self._meet_kinks(at, rows, times[rows].argmin(axis=1), dz, dr)
        arrived = np.flatnonzero(length >= 1.0)
        done = np.zeros(len(length), dtype=bool)
        if len(arrived):
            done[arrived] = self._arrive(at, arrived, multipliers[arrived], first)
        return done

    def _meet_kinks(self, at: Travelers, rows: Ints, gate: Ints, dz: Array, dr: Array) -> None:
        """Cross or hold the kink that each of the rows has come to."""
        at.z[rows, gate] = 0.0
        beyond = dr[rows] + at.Y[rows, :, gate] * dz[rows, gate][:, None]
        falls = (at.r[rows] * beyond).sum(axis=1) < 0
        crosses = falls & ~at.crossed[rows, gate]
        self._turn(at, rows[crosses], gate[crosses])
        at.crossed[rows[crosses], gate[crosses]] = True
        at.held[rows[~crosses], gate[~crosses]] = True

    def _turn(self, at: Travelers, rows: Ints, gate: Ints) -> None:
        """Change to the coordinates of the regions beyond a kink, one of each row."""
        each = np.arange(len(rows))
        M, Y, before = at.M[rows], at.Y[rows, :, gate], at.M[rows, gate]
        column = -(M @ Y[:, :, None])[..., 0]
        if self.coupled:
            factors, row = at.L[rows, :, gate], at.L[rows, gate]
            column += factors
            factors[each, gate] = -2.0
            at.L[rows] += factors[:, :, None] * row[:, None, :]
            at.Y[rows] += Y[:, :, None] * row[:, None, :]
        pivot = 1.0 - column[each, gate]
        column[each, gate] = -1.0 - pivot
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            column /= pivot[:, None]
            at.M[rows] = M + column[:, :, None] * before[:, None, :]
            at.q[rows] += column * at.q[rows, gate][:, None]
        at.on[rows, gate] ^= True
        at.crossed[rows, gate] = False
        safe = (np.abs(pivot) > _SMALL) & (np.abs(pivot) < _LARGE)
        for i in rows[~safe]:
            at.M[i], at.q[i], at.L[i], at.Y[i] = self._coordinates(at.on[i])

    def _arrive(self, at: Travelers, rows: Ints, multipliers: Array, first: Ints) -> Bools:
        """At minimizers of pieces: let a kink go, or stop.  Returns which rows are done."""
        at.crossed[rows] = False
        at.z[rows] *= ~at.held[rows]
        on = at.on[rows] & ~at.held[rows]
        keys = np.packbits(np.concatenate([on, at.held[rows]], axis=1), axis=1)
        gate, turns = _releases(at, rows, multipliers)
        done = np.zeros(len(rows), dtype=bool)
        for k, row in enumerate(rows.tolist()):
            node = self._numbers.setdefault(keys[k].tobytes(), len(self.after))
            last, known = int(at.node[row]), node < len(self.after)
            if not known:
                self.after.append(-1 if gate[k] >= 0 else node)
            if last >= 0:
                self.after[last] = node
            else:
                first[-2 - last] = node
            at.node[row] = node
            done[k] = known or gate[k] < 0
            if done[k] and node not in self.ends:
                self.ends[node] = End(on[k], at.held[row].copy(), self._state(at, row))
        free = ~done
        at.held[rows[free], gate[free]] = False
        self._turn(at, rows[free & turns], gate[free & turns])
        return done

    def _state(self, at: Travelers, row: int) -> Array:
        jacobian, offset = self.residual.piece(at.on[row])
        state: Array = np.linalg.lstsq(jacobian, at.r[row] - offset)[0]
        return state


def _piece_minima(at: Travelers) -> tuple[Array, Array]:
    """Minimize ``½|e|²`` on the held kinks ``M_K e + q_K = 0``; return ``e`` and multipliers.

    These are ``λ`` with ``e = M_Kᵀ λ``: the slopes of ``½|r|²`` against ``z`` on the off sides.
    """
    multipliers = np.zeros(at.z.shape)
    width = int(at.held.sum(axis=1).max(initial=0))
    if width == 0:
        return np.zeros(at.r.shape), multipliers
    index, real = padded_indices(at.held, width)
    C = np.take_along_axis(at.M, index[:, :, None], axis=1) * real[:, :, None]
    size = np.sqrt(np.einsum("kij,kij->ki", C, C))
    size[size == 0] = 1.0
    C /= size[:, :, None]
    gram = C @ C.transpose(0, 2, 1) + np.eye(width) * (_RIDGE + ~real[:, :, None])
    level = -np.take_along_axis(at.q, index, axis=1) * real / size
    solved = np.linalg.solve(gram, level[:, :, None])[..., 0]
    np.put_along_axis(multipliers, index, solved / size, axis=1)
    return (C.transpose(0, 2, 1) @ solved[:, :, None])[..., 0], multipliers


def _releases(at: Travelers, rows: Ints, off_side: Array) -> tuple[Ints, Bools]:
    """Find for each row the kink whose multiplier is most wrong, −1 for none, and its better side.

    Returns the gate, and whether it is to be let go to its on side.
    """
    if at.z.shape[1] == 0:
        return np.full(len(rows), -1, dtype=np.intp), np.zeros(len(rows), dtype=bool)
    Y, r = at.Y[rows], at.r[rows][:, None, :]
    on_side = off_side + (r @ Y)[:, 0]
    # Slopes are measured by the terms that they are made of.
    size = np.abs(off_side) + (np.abs(r) @ np.abs(Y))[:, 0]
    if at.L.size:
        on_side -= (off_side[:, None, :] @ at.L[rows])[:, 0]
        size += (np.abs(off_side)[:, None, :] @ np.abs(at.L[rows]))[:, 0]
    wrong = np.maximum(off_side, -on_side) / np.where(size > 0, size, 1.0)
    wrong[~at.held[rows]] = 0.0
    gate = wrong.argmax(axis=1)
    each = np.arange(len(rows))
    turns = -on_side[each, gate] > off_side[each, gate]
    return np.where(wrong[each, gate] > 16 * _EPS * wrong.shape[1], gate, -1), turns
