"""Descent of the speed of a piecewise-linear residual, over its kinks, for many candidates."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ..._parallel import chunks
from ..._watch import Stage, is_over, report_progress
from .affine import Array
from .first_kinks import KinkSearch, NearKinks, Signs
from .form import Bools, PiecewiseLinear
from .reduced import Ints
from .region_inverses import Keys, RegionInverses

_EPS = np.finfo(np.float64).eps
# What makes singular regions regular, beside the coefficients; minima are then solved without it.
_SHIFT = 1e-10
# Added to the equations of held kinks, beside their size: some depend on each other.
_RIDGE = 1e-13
# Numbers of pre-activations held at once: 8 MiB.
_BLOCK = 1_000_000


@dataclass
class DescentBatch:
    """Candidates on their way, one per row: states, residuals, and the regions where they are.

    Gates that are ``held``, ``(k, w)`` with ``m`` for none, are kept at zero: the candidate slides
    along their kinks.  Those that are ``crossed`` have changed since the last minimum of a piece,
    ``minimum``.  The ``side`` of a gate is −1 where it is on, 1 where it is off, 0 where held.
    """

    minimum: Ints
    x: Array
    r: Array
    region: Ints
    key: Keys
    on: Bools
    side: Signs
    held: Ints
    crossed: Bools
    near: NearKinks

    def keep(self, rows: Bools) -> None:
        """Drop all other rows."""
        if not rows.all():
            for entry in fields(self):
                setattr(self, entry.name, getattr(self, entry.name)[rows])

    def add_constraint(self, rows: Ints, gate: Ints) -> None:
        """Hold the kink of one gate in each of the rows."""
        none = self.on.shape[1]
        if not (self.held[rows] == none).any(axis=1).all():
            self.held = np.pad(self.held, ((0, 0), (0, 1)), constant_values=none)
        self.held[rows, (self.held[rows] == none).argmax(axis=1)] = gate
        self.side[rows, gate] = 0

    def remove_constraint(self, rows: Ints, gate: Ints) -> None:
        """Let the kink of one gate go in each of the rows."""
        self.held[rows, (self.held[rows] == gate[:, None]).argmax(axis=1)] = self.on.shape[1]
        self.side[rows, gate] = np.where(self.on[rows, gate], -1, 1)


@dataclass(frozen=True)
class ActiveSetMinimum:
    """Ends of descents: gates on and at their kinks, and a state near the minimum there."""

    on: Bools
    kinks: Bools
    near: Array


class Descent:
    """Active-set descent of ``½|r|²`` that never rises and ends in finitely many steps.

    Each step goes from the present point straight to the minimizer of the present piece (a region,
    or the intersection of held kinks) and stops at the first kink on the way.  That kink is
    crossed if the speed falls on beyond it, and held otherwise or if it was crossed before.  At the
    minimizer of a piece the kink whose multiplier has the wrong sign is let go.  What follows
    depends on the piece alone, so that minimizers of pieces are the nodes of a graph in which each
    has one successor, or is an end: candidates that meet there go on as one.

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, 2nd ed., section 16.5 (active sets).
    """

    def __init__(
        self,
        residual: PiecewiseLinear,
        states: Array,
        max_steps: int,
    ) -> None:
        slopes = np.abs(residual.output_weights) @ np.abs(residual.gate_weights)
        slopes += np.abs(residual.linear)
        size = np.minimum(slopes.max(axis=0, initial=0.0), slopes.max(axis=1, initial=0.0))
        shift = _SHIFT * np.diag(np.where(size > 0, size, slopes.max(initial=0.0) or 1.0))
        center = states.mean(axis=0) if len(states) else np.zeros(residual.size)
        self.residual = replace(
            residual, linear=residual.linear + shift, offset=residual.offset - shift @ center
        )
        self.regions = RegionInverses(self.residual)
        self.kinks = KinkSearch(self.regions)
        self.max_steps = max_steps
        self.after: list[int] = []  # the minimum that follows; itself at an end, −1 if unknown
        self.ends: dict[int, ActiveSetMinimum] = {}
        self._numbers: dict[bytes, int] = {}

    def run(self, states: Array) -> Ints:
        """Descend from states ``(k, n)`` and return the minima at which they first arrive.

        A candidate that runs out of steps, or time, before it comes to one has −1.
        """
        first = np.full(len(states), -1, dtype=np.intp)
        room = min(_BLOCK // max(self.residual.gate_count, 1), self.regions.room // 4)
        owners = -2 - np.arange(len(states))
        for rows in chunks(len(states), max(room, 1)):
            if is_over():
                break
            report_progress(Stage.SLOW_POINTS, rows.start, len(states))
            at = self._start(states[rows], owners[rows])
            for _ in range(self.max_steps):
                if len(at.minimum) == 0 or is_over():
                    break
                at.keep(~self._step(at, first))
        return first

    def end_of(self, minimum: int) -> int:
        """Return the minimum at which a descent from another one ends, or −1.

        Where rounding leads in a circle, it is one at which a candidate was stopped.
        """
        passed = set[int]()
        while minimum >= 0 and not (minimum in passed and minimum in self.ends):
            passed.add(minimum)
            minimum = self.after[minimum]
        return minimum

    def _start(self, states: Array, minimum: Ints) -> DescentBatch:
        on = self.residual.gates(states)
        region, key = self.regions.of(on)
        return DescentBatch(
            minimum, states, self.residual(states), region, key, on,
            side=np.where(on, -1, 1).astype(np.int8),
            held=np.zeros((len(on), 0), dtype=np.intp),
            crossed=np.zeros_like(on),
            near=NearKinks.unknown(states),
        )  # fmt: skip

    def _step(self, at: DescentBatch, first: Ints) -> Bools:
        """Take one step; return which candidates are done."""
        target, e = self._targets(at)
        kink = self.kinks.first(at.x, target, at.on, at.side, at.near)
        dr = e - at.r
        at.x = (1.0 - kink.length)[:, None] * at.x + kink.length[:, None] * target
        at.r = at.r + kink.length[:, None] * dr
        meets = kink.length < 1.0
        rows, arrived = np.flatnonzero(meets), np.flatnonzero(~meets)
        if len(rows):
            self._meet_kinks(at, rows, kink.gate[rows], kink.change[rows], dr[rows])
        done = np.zeros(len(meets), dtype=bool)
        if len(arrived):
            done[arrived] = self._arrive(at, arrived, first)
        return done

    def _meet_kinks(self, at: DescentBatch, rows: Ints, gate: Ints, dz: Array, dr: Array) -> None:
        """Cross or hold the kink that each of the rows has come to."""
        beyond = dr + self.regions.columns(at.on, rows, gate) * dz[:, None]
        falls = np.einsum("ki,ki->k", at.r[rows], beyond) < 0
        crosses = falls & ~at.crossed[rows, gate]
        self._turn(at, rows[crosses], gate[crosses])
        at.crossed[rows[crosses], gate[crosses]] = True
        if not crosses.all():
            at.add_constraint(rows[~crosses], gate[~crosses])

    def _turn(self, at: DescentBatch, rows: Ints, gate: Ints) -> None:
        """Change to the regions beyond a kink, one of each row."""
        if len(rows):
            at.region, at.key[rows] = self.regions.beyond(at.region, at.key, at.on, rows, gate)
            at.on[rows, gate] ^= True
            at.side[rows, gate] *= -1

    def _arrive(self, at: DescentBatch, rows: Ints, first: Ints) -> Bools:
        """At minimizers of pieces: let a kink go, or stop.  Returns which rows are done."""
        at.crossed[rows] = False
        held = at.side[rows] == 0
        on = at.on[rows] & ~held
        keys = np.packbits(np.concatenate([on, held], axis=1), axis=1)
        done = np.ones(len(rows), dtype=bool)
        for k, row in enumerate(rows.tolist()):
            minimum = self._numbers.setdefault(keys[k].tobytes(), len(self.after))
            last = int(at.minimum[row])
            if minimum == len(self.after):
                self.after.append(-1)
                done[k] = False
            elif minimum not in self.ends:
                self.ends[minimum] = ActiveSetMinimum(on[k], held[k], at.x[row].copy())
            if last >= 0:
                self.after[last] = minimum
            else:
                first[-2 - last] = minimum
            at.minimum[row] = minimum
        new = np.flatnonzero(~done)
        gate, turns = self._releases(at, rows[new], held[new])
        for k in new[gate < 0].tolist():
            row, minimum = int(rows[k]), int(at.minimum[rows[k]])
            self.after[minimum] = minimum
            self.ends[minimum] = ActiveSetMinimum(on[k], held[k], at.x[row].copy())
        done[new[gate < 0]] = True
        free, gate, turns = rows[new[gate >= 0]], gate[gate >= 0], turns[gate >= 0]
        if len(free):
            at.remove_constraint(free, gate)
        self._turn(at, free[turns], gate[turns])
        return done

    def _targets(self, at: DescentBatch) -> tuple[Array, Array]:
        """Return the minimizers of all pieces, and the residuals there."""
        target, e = self.regions.zeros[at.region], np.zeros(at.r.shape)
        rows = np.flatnonzero((at.held < at.on.shape[1]).any(axis=1))
        if len(rows):
            pieces = self.regions.pieces(at.key[rows], at.held[rows])
            _, first, which = np.unique(pieces, return_index=True, return_inverse=True)
            states, residuals, _ = self._piece_minima(at, rows[first])
            target[rows], e[rows] = states[which.ravel()], residuals[which.ravel()]
        return target, e

    def _piece_minima(self, at: DescentBatch, rows: Ints) -> tuple[Array, Array, Array]:
        """Minimize ``½|e|²`` on the held kinks ``G e + q = 0``, in regions with ``x = P e + x₀``.

        Returns ``x``, ``e`` and the multipliers ``λ`` with ``e = Gᵀ λ``: the slopes of ``½|r|²``
        against the pre-activations of the held gates.
        """
        index = at.held[rows]
        region, zero = at.region[rows], self.regions.zeros[at.region[rows]]
        reach, offset = self.regions.rows(at.on, rows, index)
        G, none = self.regions.times_inverses(reach, region), index == at.on.shape[1]
        level = -(reach @ zero[:, :, None])[..., 0] - offset
        size = np.sqrt(np.einsum("kij,kij->ki", G, G))
        size[size == 0] = 1.0
        G /= size[:, :, None]
        gram = G @ G.transpose(0, 2, 1) + np.eye(index.shape[1]) * (_RIDGE + none[:, :, None])
        solved = np.linalg.solve(gram, (level / size)[:, :, None])
        e = G.transpose(0, 2, 1) @ solved
        states = zero + self.regions.inverses_times(region, e)[..., 0]
        return states, e[..., 0], solved[..., 0] / size

    def _releases(self, at: DescentBatch, rows: Ints, held: Bools) -> tuple[Ints, Bools]:
        """Find for each row the kink whose multiplier is most wrong, −1 for none.

        Returns the gate, and whether it is to be let go to the side on which it is not.
        """
        if not held.any():
            return np.full(len(rows), -1, dtype=np.intp), np.zeros(len(rows), dtype=bool)
        _, residuals, found = self._piece_minima(at, rows)
        each, on = np.arange(len(rows)), at.on[rows]
        multipliers = np.zeros((len(rows), on.shape[1] + 1))
        np.put_along_axis(multipliers, at.held[rows], found, axis=1)
        slope, terms = self.regions.slopes(on, residuals, multipliers[:, :-1])
        here = multipliers[:, :-1] * np.where(on, -1.0, 1.0)
        there = here + slope
        # Slopes are measured by the terms that they are made of.
        terms += np.abs(here)
        wrong = np.maximum(here, -there) / np.where(terms > 0, terms, 1.0)
        wrong[~held] = 0.0
        gate = wrong.argmax(axis=1)
        turns = -there[each, gate] > here[each, gate]
        return np.where(wrong[each, gate] > 16 * _EPS * wrong.shape[1], gate, -1), turns
