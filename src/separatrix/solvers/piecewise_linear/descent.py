"""Descent of the speed of a piecewise-linear residual, over its kinks, for many candidates."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from .affine import Array
from .form import Bools, PiecewiseLinear
from .manifold import Targets, piece_minima
from .reduced import Ints, Reduced

_EPS = np.finfo(np.float64).eps
UNFINISHED = -1


@dataclass
class Travelers:
    """Candidates on their way, one per row; gates are turned to the reference region.

    ``on`` gates are linear, ``held`` ones are kept at zero (the candidate slides along their
    kinks), ``crossed`` ones have changed since the last minimum of a piece.
    """

    index: Ints
    z: Array
    r: Array
    on: Bools
    held: Bools
    crossed: Bools

    def keep(self, rows: Bools) -> None:
        """Drop all other rows."""
        for entry in fields(self):
            setattr(self, entry.name, getattr(self, entry.name)[rows])


@dataclass(frozen=True)
class Ends:
    """Where descents end.

    ``stop`` says per candidate at which of the ends, or ``UNFINISHED``; an end is a set of gates
    on and held (turned), and the reference residual ``e`` there, which gives the state.
    """

    stop: Ints
    steps: Ints
    on: Bools
    held: Bools
    e: Array


class Descent:
    """Second-order descent of ``½|r|²`` that never rises and ends in finitely many steps.

    Each step goes from the present point straight to the minimizer of the present piece (a region,
    or the intersection of held kinks) and stops at the first kink on the way.  That kink is
    crossed if the speed falls on beyond it, and held otherwise or if it was crossed before.  At
    the minimizer of a piece the kink whose multiplier has the wrong sign is let go.  What follows
    after a minimizer depends on its piece alone, so candidates that meet there go on as one.
    """

    def __init__(self, reduced: Reduced, max_steps: int) -> None:
        self.reduced = reduced
        self.gram = reduced.M @ reduced.M.T
        self.size_N = np.abs(reduced.N)
        self.max_steps = max_steps
        self.met: dict[bytes, int] = {}
        self.follows: dict[int, int] = {}
        self.stops: dict[int, int] = {}
        self.steps: dict[int, int] = {}
        self.ends: list[tuple[Bools, Bools, Array]] = []
        self.known: dict[bytes, int] = {}
        self._returned: set[tuple[bytes, int]] = set()

    def start(self, residual: PiecewiseLinear, states: Array, index: Ints) -> Travelers:
        """Place candidates ``(k, n)`` that are numbered ``index``."""
        z = residual.preactivations(states) * np.where(self.reduced.reference, -1.0, 1.0)
        on = z > 0
        nothing = np.zeros_like(on)
        return Travelers(index, z, residual(states), on, nothing, nothing.copy())

    def run(self, travelers: Travelers) -> None:
        """Move candidates until all have stopped, joined another, or run out of steps."""
        for step in range(1, self.max_steps + 1):
            if len(travelers.index) == 0:
                return
            gone = self._step(travelers)
            self.steps.update(dict.fromkeys(travelers.index[gone].tolist(), step))
            travelers.keep(~gone)
        self.steps.update(dict.fromkeys(travelers.index.tolist(), self.max_steps))

    def _step(self, at: Travelers) -> Bools:
        target = piece_minima(self.reduced, self.gram, at.on, at.held, at.z)
        dz, dr = target.z - at.z, target.r - at.r
        dz[at.held] = 0.0
        meets = ~at.held & np.where(at.on, target.z < 0, target.z > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.where(meets, np.maximum(-at.z / dz, 0.0), np.inf)
        rows, gate = np.arange(len(at.z)), times.argmin(axis=1) if times.size else None
        if gate is None:  # No gates: linear, solved in one step.
            arrived = np.ones(len(at.z), dtype=bool)
        else:
            length = times[rows, gate]
            arrived = length >= 1.0
            at.z += np.minimum(length, 1.0)[:, None] * dz
            at.r += np.minimum(length, 1.0)[:, None] * dr
            self._meet_kinks(at, rows[~arrived], gate[~arrived], dz, dr)
        at.z[arrived], at.r[arrived] = target.z[arrived], target.r[arrived]
        at.z[at.held] = 0.0
        at.crossed[arrived] = False
        return self._arrive(at, target, arrived)

    def _meet_kinks(self, at: Travelers, rows: Ints, gate: Ints, dz: Array, dr: Array) -> None:
        """Cross or hold the kink that each of the rows has come to."""
        at.z[rows, gate] = 0.0
        beyond = at.on[rows].copy()
        beyond[np.arange(len(rows)), gate] ^= True
        velocity = dr[rows] - (at.on[rows] * dz[rows]) @ self.reduced.Y.T
        rates = drive = velocity @ self.reduced.M.T
        for _ in self.reduced.layers[1:]:
            rates = drive + (beyond * rates) @ self.reduced.L.T
        slope = (at.r[rows] * (velocity + (beyond * rates) @ self.reduced.Y.T)).sum(axis=1)
        crosses = (slope < 0) & ~at.crossed[rows, gate]
        at.on[rows[crosses]] = beyond[crosses]
        at.crossed[rows[crosses], gate[crosses]] = True
        stays = ~crosses
        at.held[rows[stays], gate[stays]] = True
        at.on[rows[stays], gate[stays]] = False

    def _arrive(self, at: Travelers, target: Targets, arrived: Bools) -> Bools:
        """At minimizers of pieces: let a kink go, or stop.  Returns the rows that are done."""
        gone = np.zeros(len(arrived), dtype=bool)
        rows = np.flatnonzero(arrived)
        keys = np.packbits(np.concatenate([at.on[rows], at.held[rows]], axis=1), axis=1)
        release, gate, turns_on = self._releases(at, target, rows)
        for k, row in enumerate(rows):
            own, key = int(at.index[row]), keys[k].tobytes()
            leader = self.met.setdefault(key, own) if target.unique[row] else own
            if leader != own:
                self.follows[own] = leader
                gone[row] = True
            elif not release[k] or (key, own) in self._returned:
                self._stop(own, key, at, int(row))
                gone[row] = True
            else:
                self._returned.add((key, own))
                at.held[row, gate[k]] = False
                at.on[row, gate[k]] = turns_on[k]
        return gone

    def _releases(self, at: Travelers, target: Targets, rows: Ints) -> tuple[Bools, Ints, Bools]:
        """Find for each row the kink whose multiplier is most wrong, and its better side."""
        if at.z.shape[1] == 0:
            nothing = np.zeros(len(rows), dtype=bool)
            return nothing, np.zeros(len(rows), dtype=np.intp), nothing
        held = at.held[rows]
        off_side = target.multipliers[rows]
        on_side = off_side - off_side @ self.reduced.N
        # Slopes are measured by the terms that they are made of.
        size = np.abs(off_side) + np.abs(off_side) @ self.size_N
        wrong = np.maximum(off_side, -on_side) / np.where(size > 0, size, 1.0)
        wrong[~held] = 0.0
        gate = wrong.argmax(axis=1)
        each = np.arange(len(rows))
        turns_on = -on_side[each, gate] > off_side[each, gate]
        return wrong[each, gate] > 16 * _EPS * held.shape[1], gate, turns_on

    def _stop(self, own: int, key: bytes, at: Travelers, row: int) -> None:
        if key not in self.known:
            self.known[key] = len(self.ends)
            gates = np.where(at.on[row], at.z[row], 0.0)
            e = at.r[row] - self.reduced.Y @ gates
            self.ends.append((at.on[row].copy(), at.held[row].copy(), e))
        self.stops[own] = self.known[key]

    def result(self, count: int) -> Ends:
        """Gather the ends of ``count`` candidates."""
        stop = np.full(count, UNFINISHED, dtype=np.intp)
        for own in range(count):
            leader, passed = own, {own}
            while leader in self.follows and self.follows[leader] not in passed:
                leader = self.follows[leader]
                passed.add(leader)
            stop[own] = self.stops.get(leader, UNFINISHED)
        m, n = self.reduced.M.shape
        on, held, e = zip(*self.ends, strict=True) if self.ends else ((), (), ())
        return Ends(
            stop=stop,
            steps=np.array([self.steps.get(own, 0) for own in range(count)], dtype=np.intp),
            on=np.array(on, dtype=bool).reshape(len(on), m),
            held=np.array(held, dtype=bool).reshape(len(on), m),
            e=np.array(e, dtype=np.float64).reshape(len(on), n),
        )
