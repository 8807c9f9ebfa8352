"""Slow points of a piecewise-linear residual: descent of its speed, over the kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..._checked import Count, checked
from ..._parallel import one_blas_thread
from ..._watch import Stage, is_over, report_progress
from ..endings import Ending
from ..iterate import AbstractIteration, Ends, State, iterate
from .affine import Array
from .form import Bools, Ints, PiecewiseLinear
from .minima import Minimum, SlowSolution, examine_minimum, merge
from .regions import BLOCK, SharedRegions, buckets, checked_candidates, distinct, padded_indices

_EPS = np.finfo(np.float64).eps
# What is this many times farther from the origin than the candidates went away.
_FAR = 1e6
# What makes singular regions regular, beside the coefficients; minima are then solved without it.
_SHIFT = 1e-10
# Added to the equations of held kinks, beside their size: some depend on each other.
_RIDGE = 1e-13
# Changes of a determinant outside of these lose digits: the region is solved anew.
_SMALL, _LARGE = 1e-3, 1e3
# No pre-activation is divided by zero; this is below any other.
_TINY = 1e-300


@checked
@dataclass(frozen=True)
class KinkDescent:
    """Minimize the speed by exact steps within linear regions and along kinks between regions.

    Attributes
    ----------
    max_steps
        The maximum number of steps for one candidate. A step leads to the next kink, or to the
        minimum within a linear piece. None means ``100 + 20 m``, where ``m`` is the number of
        rectified terms (gates) of the system.

    Raises
    ------
    InvalidInputError
        If the number of steps is not a positive whole number.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, separatrix as sx
    >>> kink = sx.Flow(lambda x: jnp.abs(x) + 1, size=2)
    >>> descent = sx.solvers.KinkDescent(max_steps=50)
    >>> curve = sx.slow_curve(kink, np.array([1.0, 0.0]), [-1.0, 2.0], method=descent)
    >>> (curve.speed**2).round(9).tolist()  # 4 + 1 and 9 + 1
    [5.0, 10.0]
    """

    max_steps: Count | None = None


def descend_speed(
    residual: PiecewiseLinear,
    candidates: Array,
    method: KinkDescent | None = None,
) -> SlowSolution:
    """Find the local minima of the speed ``|r|`` into which candidates slide.

    ``½|r|²`` is quadratic in every region; its minima lie where ``Bᵀ r = 0`` inside a region
    (then, unless ``B`` is singular, ``r = 0``: a fixed point) or on kinks, where several regions
    meet.  The descent holds kinks as equations and lets them go by the signs of their
    multipliers, so a minimum comes out exact to rounding, with the evidence that it is one.

    Parameters
    ----------
    residual
        ``F(x) − x`` of a map or the field of a flow, in canonical form.
    candidates
        Where to start, shape ``(candidate, n)``; rows that are not finite are marked.
    method
        The limits of the descent.

    Returns
    -------
    SlowSolution
        The minima with their evidence, and an outcome for every candidate.

    Raises
    ------
    ValueError
        If the candidates are not an array of shape ``(candidate, n)``.

    Examples
    --------
    >>> import jax, numpy as np
    >>> from separatrix.solvers.piecewise_linear import recognize
    >>> step = lambda h: h + 0.1 + jax.numpy.abs(h)     # never still, slowest at 0
    >>> solution = descend_speed(recognize(step, 1).minus_identity(), np.array([[3.0], [-2.0]]))
    >>> solution.minima[0].speed, solution.minima[0].kinks, abs(solution.states)
    (0.1, array([ True]), array([[0.]]))

    References
    ----------
    Nocedal & Wright (2006), Numerical Optimization, 2nd ed., section 16.5 (active sets);
    Griewank & Walther (2016), "First- and second-order optimality conditions for piecewise
    smooth objective functions", Optimization Methods and Software 31:904.
    """
    method = method or KinkDescent()
    states, finite = checked_candidates(candidates, residual.size)
    limit = method.max_steps or 100 + 20 * residual.gate_count
    with one_blas_thread():
        stop, found = _descend(residual, states, limit)
    far = _FAR * (1.0 + np.abs(states).max(initial=0.0))
    away = {k for k, end in found.items() if np.abs(end.state).max(initial=0.0) > far}
    minima, number = merge(residual, {k: end for k, end in found.items() if k not in away})
    point = np.full(len(finite), -1, dtype=np.intp)
    outcome = np.full(len(finite), Ending.NOT_FINITE, dtype=np.intp)
    point[finite] = [number.get(k, -1) for k in stop]
    outcome[finite] = [Ending.SLIDE_SINGULAR if k in away else _outcome(found.get(k)) for k in stop]
    return SlowSolution(tuple(minima), outcome, point, limit, residual.size)


def _outcome(found: Minimum | None) -> Ending:
    if found is None:
        return Ending.RUNNING if is_over() else Ending.SLIDE_STEP_LIMIT
    if found.zero:
        return Ending.SLIDE_ZERO
    return Ending.SPEED_MINIMUM_ON_KINKS if found.verified else Ending.SLIDE_UNVERIFIED


def _descend(
    residual: PiecewiseLinear, states: Array, limit: int
) -> tuple[list[int], dict[int, Minimum]]:
    """Return whose end each candidate shares, and the minima that lie at these ends."""
    descent = _Descent(residual, states, limit)
    n, m = residual.size, residual.gate_count
    room = max(BLOCK // max(n * n, 4 * m, 1), 1)  # inverses, and what is computed of gates
    none = np.zeros((len(states), m), dtype=bool)
    starts = _SlideEnds(np.full(len(states), Ending.RUNNING), none, none, states)
    ends = iterate(
        descent, starts, room, lambda done: report_progress(Stage.SLOW_POINTS, done, len(states))
    )
    stop = [descent.leader(index) for index in range(len(states))]
    found: dict[int, Minimum] = {}
    for k in {*stop} & {*np.flatnonzero(ends.endings == Ending.SPEED_MINIMUM).tolist()}:
        if is_over():
            break
        found[k] = examine_minimum(residual, ends.on[k], ends.held[k], ends.states[k])
    return stop, found


@dataclass(frozen=True)
class _SlideEnds(Ends):
    """Minimizers of faces: the gates that are on, those held at their kinks, and the states."""

    on: Bools
    held: Bools
    states: Array


@dataclass(frozen=True)
class _Slide(State):
    """Candidates on their way: residuals, and the regions and faces where they are.

    The ``side`` ``(k, m)`` of a gate is −1 where it is on, 1 where it is off, and 0 where it is
    held at its kink: the face is where all of these are zero.  Gates that are ``crossed`` have
    changed since the last minimizer of a face.
    """

    r: Array
    on: Bools
    side: NDArray[np.int8]
    crossed: Bools
    regions: SharedRegions
    ending: Ints


class _Descent(AbstractIteration[_Slide, _SlideEnds]):
    """Active-set descent of ``½|r|²`` that never rises and ends in finitely many steps.

    Each step goes from the present point straight to the minimizer of the present face (a region,
    or the intersection of held kinks) and stops at the first kink on the way.  That kink is
    crossed if the speed falls on beyond it, and held otherwise or if it was crossed before.  At the
    minimizer of a face the kink whose multiplier has the wrong sign is let go.  What follows
    depends on the face alone, so that a candidate that comes to where another one was before stops
    there: it ends as that one does.
    """

    def __init__(self, residual: PiecewiseLinear, states: Array, max_steps: int) -> None:
        slopes = np.abs(residual.output_weights) @ np.abs(residual.gate_weights)
        slopes += np.abs(residual.linear)
        size = np.minimum(slopes.max(axis=0, initial=0.0), slopes.max(axis=1, initial=0.0))
        shift = _SHIFT * np.diag(np.where(size > 0, size, slopes.max(initial=0.0) or 1.0))
        center = states.mean(axis=0) if len(states) else np.zeros(residual.size)
        self.residual = replace(
            residual, linear=residual.linear + shift, offset=residual.offset - shift @ center
        )
        self.states, self.max_steps = states, max_steps
        self._first: dict[bytes, int] = {}  # who came to the minimizer of a face before all others
        self._leader = list(range(len(states)))

    def leader(self, index: int) -> int:
        """Return whose end a candidate shares; where rounding leads in a circle, any on it."""
        passed = set[int]()
        while index not in passed:
            passed.add(index)
            index = self._leader[index]
        return index

    def init(self, index: np.ndarray) -> _Slide:
        """Start in the regions where the candidates are."""
        x = self.states[index]
        on = self.residual.gates(x)
        patterns, which = distinct(on)
        n, places = self.residual.size, len(index)
        regions = SharedRegions(which, np.empty((places, n, n)), np.empty((places, n)))
        own = slice(len(patterns))
        regions.inverse[own], regions.zero[own] = self._solved(patterns)
        return _Slide(
            index, x, np.zeros(len(index), dtype=np.intp), self.residual(x), on,
            side=np.where(on, -1, 1).astype(np.int8),
            crossed=np.zeros_like(on),
            regions=regions,
            ending=np.full(len(index), Ending.RUNNING, dtype=np.intp),
        )  # fmt: skip

    def step(self, state: _Slide) -> _Slide:
        """Go to the minimizer of each face, or to the first kink on the way."""
        target, e, multipliers = self._minimizers(state)
        z, beyond = (self.residual.preactivations(x, state.on) for x in (state.x, target))
        gate, length = _first_kinks(z, beyond, state.side)
        dr = e - state.r
        state = replace(
            state, x=(1.0 - length)[:, None] * state.x + length[:, None] * target,
            r=state.r + length[:, None] * dr, count=state.count + 1,
            on=state.on.copy(), side=state.side.copy(), crossed=state.crossed.copy(),
            regions=state.regions.moved(), ending=state.ending.copy(),
        )  # fmt: skip
        meets = length < 1.0
        rows, arrived = np.flatnonzero(meets), np.flatnonzero(~meets)
        if len(rows):
            dz = np.abs(z[rows, gate[rows]]) + np.abs(beyond[rows, gate[rows]])
            self._meet_kinks(state, rows, gate[rows], dz, dr[rows])
        if len(arrived):
            self._arrive(state, arrived, e[arrived], multipliers[arrived])
        return state

    def terminate(self, state: _Slide) -> np.ndarray:
        """Stop at minima, at minimizers where others were before, and when steps are spent."""
        spent = (state.ending == Ending.RUNNING) & (state.count >= self.max_steps)
        return np.where(spent, Ending.SLIDE_STEP_LIMIT, state.ending)

    def finish(self, state: _Slide, endings: np.ndarray) -> _SlideEnds:
        """Return the faces where candidates have stopped."""
        return _SlideEnds(endings, state.on, state.side == 0, state.x)

    def _minimizers(self, at: _Slide) -> tuple[Array, Array, Array]:
        """Minimize ``½|e|²`` on the face of each candidate, ``G e + q = 0`` with ``x = P e + x₀``.

        Returns ``x``, ``e``, and the multipliers ``λ`` ``(k, m)`` with ``e = Gᵀ λ``: the slopes of
        ``½|r|²`` against the pre-activations of the held gates.
        """
        m = at.side.shape[1]
        index, counts = padded_indices(at.side == 0)
        regions = at.regions
        target, e = regions.zero[regions.which], np.zeros(at.r.shape)
        multipliers = np.zeros((len(index), m + 1))
        for width, rows in buckets(counts):
            if width == 0:
                continue
            P, zero, own = regions.inverse[regions.which[rows]], target[rows], index[rows, :width]
            reach, offset = self.residual.rows_of(at.on[rows], own)
            level = -(reach @ zero[:, :, None])[..., 0] - offset
            G = reach @ P
            size = np.sqrt(np.einsum("kij,kij->ki", G, G))
            size[size == 0] = 1.0
            G /= size[:, :, None]
            gram = G @ G.transpose(0, 2, 1) + np.eye(width) * (_RIDGE + (own == m)[:, :, None])
            solved = np.linalg.solve(gram, (level / size)[:, :, None])
            found = G.transpose(0, 2, 1) @ solved
            target[rows], e[rows] = zero + (P @ found)[..., 0], found[..., 0]
            multipliers[rows[:, None], own] = solved[..., 0] / size
        return target, e, multipliers[:, :m]

    def _meet_kinks(self, at: _Slide, rows: Ints, gate: Ints, dz: Array, dr: Array) -> None:
        """Cross or hold the kink that each of the rows has come to."""
        beyond = dr + self.residual.columns_of(at.on[rows], gate) * dz[:, None]
        falls = np.einsum("ki,ki->k", at.r[rows], beyond) < 0
        crosses = falls & ~at.crossed[rows, gate]
        at.side[rows[~crosses], gate[~crosses]] = 0
        at.crossed[rows[crosses], gate[crosses]] = True
        self._cross(at, rows[crosses], gate[crosses])

    def _arrive(self, at: _Slide, rows: Ints, e: Array, multipliers: Array) -> None:
        """Let a kink go at each minimizer of a face, or stop there."""
        at.crossed[rows] = False
        held = at.side[rows] == 0
        keys = np.packbits(np.concatenate([at.on[rows] & ~held, held], axis=1), axis=1)
        known = np.zeros(len(rows), dtype=bool)
        for k, (index, key) in enumerate(zip(at.index[rows].tolist(), keys, strict=True)):
            known[k] = key.tobytes() in self._first
            self._leader[index] = self._first.setdefault(key.tobytes(), index)
        gate, turns = self._releases(at.on[rows], held, e, multipliers)
        stops = known | (gate < 0)
        at.ending[rows[stops]] = Ending.SPEED_MINIMUM
        rows, gate, turns = rows[~stops], gate[~stops], turns[~stops]
        at.side[rows, gate] = np.where(at.on[rows, gate], -1, 1)
        self._cross(at, rows[turns], gate[turns])

    def _releases(self, on: Bools, held: Bools, e: Array, multipliers: Array) -> tuple[Ints, Bools]:
        """Find for each row the kink whose multiplier is most wrong, −1 for none.

        Returns the gate, and whether it is to be let go to the side on which it is not.
        """
        if not held.any():
            return np.full(len(on), -1, dtype=np.intp), np.zeros(len(on), dtype=bool)
        slope, terms = self._slopes(on, e, multipliers)
        here = multipliers * np.where(on, -1.0, 1.0)
        there = here + slope
        # Slopes are measured by the terms that they are made of.
        terms += np.abs(here)
        wrong = np.maximum(here, -there) / np.where(terms > 0, terms, 1.0)
        wrong[~held] = 0.0
        each, gate = np.arange(len(on)), wrong.argmax(axis=1)
        turns = -there[each, gate] > here[each, gate]
        return np.where(wrong[each, gate] > 16 * _EPS * wrong.shape[1], gate, -1), turns

    def _slopes(self, on: Bools, e: Array, multipliers: Array) -> tuple[Array, Array]:
        """Return the slopes of ``½|r|²`` as gates open, and the sizes of their terms: ``(k, m)``.

        Kinks that are held contribute by their multipliers.
        """
        columns = self.residual.output_weights
        slope, terms = e @ columns, np.abs(e) @ np.abs(columns)
        for layer in reversed(self.residual.layers[1:]):
            coupling = self.residual.gate_coupling[layer]
            opens, pulls = on[:, layer], multipliers[:, layer]
            slope += (slope[:, layer] * opens - pulls) @ coupling
            terms += (terms[:, layer] * opens + np.abs(pulls)) @ np.abs(coupling)
        return slope, terms

    def _cross(self, at: _Slide, rows: Ints, gate: Ints) -> None:
        """Change to the regions beyond kinks, each solved once for all that come there."""
        before = at.on[rows]
        at.on[rows, gate] ^= True
        at.side[rows, gate] *= -1
        patterns, group = distinct(at.on[rows])
        first = np.unique(group, return_index=True)[1]
        P, zero = self._neighbors(at.regions, rows[first], before[first], gate[first], patterns)
        stay = np.delete(at.regions.which, rows)
        taken = np.bincount(stay, minlength=len(at.regions.zero))
        free = np.flatnonzero(taken == 0)[: len(first)]
        at.regions.inverse[free], at.regions.zero[free] = P, zero
        at.regions.which[rows] = free[group]

    def _neighbors(
        self, regions: SharedRegions, rows: Ints, on: Bools, gate: Ints, beyond: Bools
    ) -> tuple[Array, Array]:
        """Return inverses and zeros beyond one kink of each region, which are of rank one apart.

        By the formula of Sherman & Morrison, or solved anew where that loses digits.
        """
        P, zero = (v[regions.which[rows]] for v in (regions.inverse, regions.zero))
        reach, offset = self.residual.rows_of(on, gate[:, None])
        column = self.residual.columns_of(on, gate)
        turned = np.where(on[np.arange(len(on)), gate], -1.0, 1.0)
        to, back = (P @ column[:, :, None])[..., 0], (reach @ P)[:, 0]
        pivot = 1.0 + turned * np.einsum("ki,ki->k", back, column)
        level = np.einsum("ki,ki->k", reach[:, 0], zero) + offset[:, 0]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            to *= (turned / pivot)[:, None]
            P -= to[:, :, None] * back[:, None, :]
            zero -= to * level[:, None]
        unsafe = ~((np.abs(pivot) > _SMALL) & (np.abs(pivot) < _LARGE))
        if unsafe.any():
            P[unsafe], zero[unsafe] = self._solved(beyond[unsafe])
        return P, zero

    def _solved(self, on: Bools) -> tuple[Array, Array]:
        """Return the inverse Jacobians and the zeros of regions, from their patterns ``(k, m)``."""
        B, b = self.residual.pieces(on)
        P = np.linalg.inv(B)
        return P, -(P @ b[:, :, None])[..., 0]


def _first_kinks(z: Array, beyond: Array, side: NDArray[np.int8]) -> tuple[Ints, Array]:
    """Find the gate that is first to leave its side on each way from ``z`` to ``beyond``.

    Returns the gates, and the parts of the ways to their kinks, 1 where none is met.
    """
    if not side.shape[1]:
        return np.zeros(len(z), dtype=np.intp), np.ones(len(z))
    with np.errstate(over="ignore"):
        ratio = beyond * side / (np.abs(z) + _TINY)
    gate = ratio.argmax(axis=1)
    return gate, 1.0 / (1.0 + np.maximum(ratio[np.arange(len(z)), gate], 0.0))
