"""Following states until their ends are known, or for as long as may be."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy
from jaxtyping import Float, Int

from ..._parallel import give_memory_back
from ..._watch import Stage, is_over, report_progress
from ...systems import AbstractSystem
from ...systems.motion import Block, Motion, Moving
from ..fixed_points.evaluator import DENSE
from ..orbits import minimal_length
from .approach import approaches
from .bounded import bounded_motion, growth_times
from .closing import solved_cycle
from .end import Ends, What
from .history import History
from .pool import Pool, empty_pool
from .rest import ends_of_rest, rest_at_known
from .sizes import error_of, far_apart, first_move, largest, scale_of
from .thresholds import AT
from .turns import (
    Open,
    Turn,
    curve_of_flow,
    cycle_of_steps,
    invariant_circle,
)

_BLOCKS, _FEWEST, _NUMBERS = (64, 256), 8, 1 << 20
"""Steps of a block, at first and then; fewer, 8 at least, where their numbers would be more."""
_AT_ONCE = 16, 1024
"""Steps of a map at a time, at first and at last, where only the last of them is looked at."""
_PLACES_OF_TURN = 32
_TRIED_CURVES = 16
_ROUNDING = 64 * np.finfo(float).eps

Look = Callable[[Block, np.ndarray], None]
"""A function that is called with every block of steps, and of which rows of the states it is."""


def follow(
    system: AbstractSystem,
    starts: Float[np.ndarray, "state unit"],
    *,
    duration: float | None = None,
    pool: Pool | None = None,
    look: Look = lambda block, rows: None,
    motion: Motion | None = None,
    most: int | None = None,
    share: float | None = None,
    is_quick: bool = False,
) -> Ends:
    """Follow finite states, and say where they end.

    `duration` is T in units of the system: all states are followed for 2 T, each step of which
    `look` sees; then until the ends of a `share` are known, and at most for 20 T. If these take
    fewer steps than `most`, they are doubled until they do not. If most of those whose ends are not
    known then hardly move, these are followed for 8 to 32 time constants of the slowest
    stable point. With `is_quick`, no ends are looked for but the points of `pool`, and infinity.
    """
    motion = motion or Motion(system, starts, () if duration is None else (duration, 2 * duration))
    return _Follower(motion, starts, duration or 0.0, pool, look, most, share, is_quick).run()


class _Follower:
    def __init__(
        self,
        motion: Motion,
        starts: np.ndarray,
        duration: float,
        pool: Pool | None,
        look: Look,
        most: int | None,
        share: float | None,
        is_quick: bool,
    ):
        self.motion, self.look, self.is_quick = motion, look, is_quick
        self.most = AT.few_steps if most is None else most
        self.share = 1 - AT.exceptions if share is None else share
        self.system = system = motion.system
        self.size = 0.0 if pool is None else pool.scale
        self.error = _ROUNDING if is_quick else error_of(system)
        self.scale, first = self.size, float(np.abs(starts).max(initial=0.0))
        if not is_quick:
            self.scale, first = scale_of(system, starts), first_move(system, starts)
            self.size = max(self.size, largest(system, starts))
        self.twice = 2 * duration
        self.moving = motion.begin(starts)
        self.infinite = AT.infinite * max(self.size, first, AT.least_size)
        self.wanted = AT.durations / 2 * self.twice
        if self.motion.is_map:
            self.wanted = self.wanted or self.most
            while self.wanted < self.most:
                self.wanted *= 2
            self.farthest = self.wanted
        else:
            if not duration:
                self.wanted = AT.untimed * float(np.median(self.moving.lengths))
            self.farthest = (AT.further if duration else 1.0) * self.wanted
        self.alive = np.arange(len(starts))
        self.history = History(starts, self.motion)
        self.vain = self.futile = 0
        self.pool = pool or empty_pool(system.size, self.size)
        self.curves: list[Turn] = []
        self.may_close = np.zeros(len(starts), bool)
        self.found = Ends(  # its arrays are filled while states are followed
            what=np.full(len(starts), What.UNKNOWN, object),
            which=np.full(len(starts), -1),
            states=np.array(starts, float),
            times=np.zeros(len(starts)),
            steps=np.ones(len(starts)),
            grows=np.full(len(starts), np.nan),
            pool=self.pool,
        )

    def run(self) -> Ends:
        """Follow all states."""
        taken, check = 0, 256
        while len(self.alive) and not is_over():
            room = max(_FEWEST, _NUMBERS // max(1, self.moving.states.size))
            count = min(_BLOCKS[taken >= _BLOCKS[1]], 1 << room.bit_length() - 1)
            if self._is_limit() and not self._is_slow():
                break
            if self.wanted < self.farthest and (self.moving.times >= self.wanted).all():
                self.wanted *= 2  # fewer steps were taken than may be
            last = np.inf if self.motion.is_map else max(self.wanted, self.twice)
            before = self.moving
            if self.is_quick and self.motion.is_map:
                count = min(max(_AT_ONCE[0], taken), _AT_ONCE[1], self.most - taken)
                self.moving = self.motion.until(before, before.times + count)
            else:
                self.moving, block = self.motion.advance(before, count, last)
            taken += count
            self._note()
            if self.is_quick:
                self._rest_at_known(before)
            else:
                self.look(block, self.alive)
                self.history.add(before, last, block)
            self._escaped()
            self._captured(before)
            waiting = bool((self.moving.times >= last * (1 - 1e-12)).all())
            first = bool(self.twice) and self._is_past_twice() and check < 0
            if not self.is_quick and (taken >= abs(check) or waiting or first):
                self._resolve(final=False)
                check = max(2 * taken, 256)
            self._leave()
            report_progress(
                Stage.FOLLOW, len(self.found.what) - len(self.alive), len(self.found.what)
            )
            if self._is_past_twice() and np.mean(self.found.what != What.UNKNOWN) >= self.share:
                break
        if len(self.alive) and not (self.is_quick or is_over()):
            self._resolve(final=True)
        return self._ends()

    def _is_limit(self) -> bool:
        """Whether no state may be followed further."""
        steps, at_least = int(self.moving.steps.max()), float(self.moving.times.min())
        is_enough = self._is_past_twice() and steps >= self.most and at_least >= self.wanted
        return is_enough or steps >= AT.most_steps or at_least >= self.farthest

    def _is_slow(self) -> bool:
        """Whether most states without an end hardly move: they get more time to come to a point."""
        rows = self._open()
        if self.is_quick or not len(rows) or int(self.moving.steps.max()) >= AT.most_steps:
            return False
        self._search(rows)
        pool = self.pool
        stable = np.flatnonzero(pool.is_stable & (pool.rate > 0))
        if not len(stable):
            return False
        states = self.moving.states[rows]
        away = scipy.spatial.distance.cdist(states, pool.states[stable]).min(1)
        with np.errstate(all="ignore"):
            speed = np.linalg.norm(self.motion.velocities(states), axis=1)
            is_slow = speed * self.wanted <= AT.hardly * away
        slowest = float(pool.rate[stable].min())
        needed = max(AT.more_folds[0] / slowest, 2 * self.wanted)
        if self.motion.is_map:
            needed = min(needed, float(AT.most_steps))
        folds = self.wanted * slowest, needed * slowest
        if is_slow.mean() <= AT.most or folds[0] > AT.more_folds[1] or folds[1] < AT.folds[1]:
            return False
        self.wanted = self.farthest = needed
        return True

    def _is_past_twice(self) -> bool:
        return bool((self.moving.times >= self.twice * (1 - 1e-12)).all())

    def _note(self) -> None:
        self.found.states[self.alive] = self.moving.states
        self.found.times[self.alive] = self.moving.times
        steps = np.maximum(self.moving.steps, 1)
        self.found.steps[self.alive] = self.moving.times / steps

    def _leave(self) -> None:
        """Follow no longer the states whose end is known, once they were followed for 2 T."""
        known = self.found.what[self.alive] != What.UNKNOWN
        gone = self.found.what[self.alive] == What.INFINITY
        done = (
            gone | self.moving.is_stuck | (known & (self.moving.times >= self.twice * (1 - 1e-12)))
        )
        if done.any():
            if not self.is_quick:
                self._decided_by_errors(np.flatnonzero(done))
            stays = np.flatnonzero(~done)
            self.alive, self.moving = self.alive[stays], self.moving.take(stays)
            self.history.keep(stays)

    def _decided_by_errors(self, rows: np.ndarray) -> None:
        """Note which states came to an unstable point, before errors decided where they went on."""
        floor, near = error_of(self.system) * self.size, {}
        most = 1e100  # of what has left for infinity, the squares are not known
        what = self.found.what[self.alive[rows]]
        for k in rows[(what == What.POINT) | (what == What.CURVE) | (what == What.INFINITY)]:
            times, places = self.history.places(int(k))
            seen = (np.abs(places) < most).all(1)
            times, places = times[seen], places[seen]
            rests = np.linalg.norm(np.diff(places, axis=0), axis=1) <= floor
            rests &= np.linalg.norm(places[:-1] - places[0], axis=1) > AT.tells * floor
            rests &= ~(np.linalg.norm(places[:-1] - places[-1], axis=1) <= AT.tells * floor)
            if rests.any():
                near[int(k)] = times[:-1][rests], places[:-1][rests]
        if not near:
            return
        middles = np.array([places[len(places) // 2] for _, places in near.values()])
        self.pool = self.pool.search(self.system, _candidates(middles))
        points = self.pool.states
        unstable = np.flatnonzero(np.isin(self.pool.stability, ("saddle", "unstable")))
        for k, (times, places) in near.items():
            there = scipy.spatial.distance.cdist(places, points[unstable]) <= floor / AT.tells
            if there.any():
                first = int(unstable[there.any(0).argmax()])
                self._end(self.alive[[k]], What.UNSTABLE, first)
                self.found.times[self.alive[k]] = times[there.any(1)].max()

    def _end(self, rows: np.ndarray, what: What | np.ndarray, which: int | np.ndarray = -1) -> None:
        """Note the end of some states."""
        self.found.what[rows], self.found.which[rows] = what, which

    def _open(self) -> np.ndarray:
        """Return which of the states that are followed have no end yet, as places in the batch."""
        return np.flatnonzero(self.found.what[self.alive] == What.UNKNOWN)

    def _escaped(self) -> None:
        """Note the states that have left for infinity."""
        states = self.moving.states
        with np.errstate(all="ignore"):
            size = np.abs(states).max(1, initial=0.0)
        gone = ~(size <= self.infinite)
        if self.moving.is_stuck.any():
            places = self.history.places
            for k in map(int, np.flatnonzero(self.moving.is_stuck & ~gone)):
                before = np.abs(places(k)[1]).max(1)
                gone[k] = (
                    size[k] > AT.stuck_grown * before[0]
                    and size[k] >= AT.stuck_largest * before.max()
                )
        gone &= self.found.what[self.alive] == What.UNKNOWN
        self._end(self.alive[gone], What.INFINITY)

    def _captured(self, before: Moving) -> None:
        """Note which states have come within the reach of a stable point, and come nearer."""
        rows, pool = self._open(), self.pool
        stable = np.flatnonzero(pool.is_stable & (pool.reach > 0))
        if not len(rows) or not len(stable):
            return
        now, then = self.moving.states[rows], before.states[rows]
        away = scipy.spatial.distance.cdist(now, pool.states[stable])
        nearest = stable[np.nan_to_num(away, nan=np.inf).argmin(1)]
        away = np.linalg.norm(now - pool.states[nearest], axis=1)
        nearer = away <= np.linalg.norm(then - pool.states[nearest], axis=1) + self._floor(rows)
        there = nearer & (away <= pool.reach[nearest])
        self._end(self.alive[rows[there]], What.POINT, nearest[there])
        for k in () if self.is_quick else np.flatnonzero(there):  # at rest, steps become long
            times, places = self.history.places(int(rows[k]))
            away = np.linalg.norm(places - pool.states[nearest[k]], axis=1)
            if (came := away <= pool.reach[nearest[k]]).any():  # not every step is a place
                self.found.times[self.alive[rows[k]]] = times[came.argmax()]

    def _resolve(self, final: bool) -> None:
        """Look for the ends of the states that are followed."""
        rows = self._open()
        if not len(rows):
            return
        give_memory_back()
        slower = rows if final else rows[self.history.slowed(rows)]
        if final or self.vain < AT.vain:
            self._search(slower)
        self._approach(final)
        while final and 0 < len(self._open()) < len(rows):  # they may end at as many points
            rows = self._open()
            self._search(rows)
            self._approach(final)
        self._come_to_rest(final)
        self._turn(final)
        if final:
            self._bounded()

    def _floor(self, rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
        """Return distances that rounding, or the integrator, makes of none where states are."""
        here = np.abs(self.moving.states[rows]).max(-1, initial=0.0)
        return self.error * np.maximum(self.size, here)

    def _search(self, rows: np.ndarray) -> None:
        """Look for fixed points near some states."""
        if len(rows):
            near, before = _candidates(self.moving.states[rows]), self.pool
            self.pool = before.search(self.system, near)
            self.vain += len(self.pool.states) == len(before.states)

    def _approach(self, final: bool) -> None:
        """Note which states come to a stable point as its slowest mode says."""
        rows, pool = self._open(), self.pool
        told = ~np.isnan(pool.rate) & (final | (pool.reach == 0))
        stable = np.flatnonzero(pool.is_stable & told)
        if not len(rows) or not len(stable):
            return
        apart = scipy.spatial.distance.cdist(self.moving.states, pool.states[stable])
        nearest = stable[apart.argmin(1)]
        every = scipy.spatial.distance.cdist(self.moving.states, pool.states)
        every[np.arange(len(every)), nearest] = np.inf
        others = every.min(1)
        times, away, parts = self.history.distances(pool.states[nearest], pool.left[nearest])
        for k, floor in zip(rows, self._floor(rows), strict=True):
            rate = float(pool.rate[nearest[k]])
            turn = float(pool.turn[nearest[k]])
            is_there = away[-1, k] <= floor and away[-1, k] <= AT.clearly * others[k]
            if is_there or any(
                approaches(times[:, k], away[:, k], measure[:, k], rate, turn, final)
                for measure in (away, parts)
            ):
                self._end(self.alive[[k]], What.POINT, int(nearest[k]))

    def _rest_at_known(self, before: Moving) -> None:
        """Note which states have stopped, at a point that is known or elsewhere, or on a cycle."""
        rows = self._open()
        away = np.linalg.norm(self.moving.states[rows] - before.states[rows], axis=1)
        rows = rows[away <= self._floor(rows)]
        if not len(rows):
            return
        states, floor = self.moving.states[rows], self._floor(rows)
        what, which = rest_at_known(states, self.pool, floor)
        what[what == What.UNKNOWN] = What.UNSTABLE  # or not: in any case it is not one of these
        if self.motion.is_map:
            what[np.linalg.norm(self.motion.velocities(states), axis=1) > 16 * floor] = What.CURVE
        which[what == What.CURVE] = -1
        self._end(self.alive[rows], what, which)

    def _come_to_rest(self, final: bool) -> None:
        """Note which states have stopped: at an unstable point, a continuum, on a kink."""
        rows = self._open()
        block = self.history.last_states()
        for before in (block[:1], block):  # most have moved since the first step of the block
            away = np.linalg.norm(before[:, rows] - block[-1, rows], axis=2).max(0)
            rows = rows[away <= self._floor(rows)]
        if len(rows) and (final or self.vain < AT.vain):
            self._search(rows)
            self._approach(final)
            rows = np.intersect1d(rows, self._open())
        if not len(rows):
            return
        states, floor = self.moving.states[rows], self._floor(rows)
        ends, self.pool = ends_of_rest(self.motion, states, self.pool, floor, self.scale)
        stays = final or self._is_past_twice()  # or it would not be known that it still is there
        for what, which, k in zip(*ends, rows, strict=True):
            if what != What.UNKNOWN and (stays or what != What.UNSTABLE):
                self._end(self.alive[[k]], what, int(which))

    def _turn(self, final: bool) -> None:
        """Note which states go round a closed curve: of one that is known, or of their own."""
        rows = self._open()
        few = rows if final else rows[:: max(1, len(rows) // AT.first_tried)][: AT.first_tried]
        self._try_turns(few)
        if len(self._open()) < len(rows):
            self._try_turns(self._open())

    def _try_turns(self, rows: np.ndarray) -> None:
        """Note which of these states go round a closed curve."""
        for k in map(int, rows):
            if is_over():
                break
            curve = None if self._join(k) else self._curve(k)
            if isinstance(curve, Turn):
                self._on_curve(k, curve)
            self.may_close[self.alive[k]] = curve is Open.NOT_YET

    def _curve(self, k: int) -> Turn | Open:
        times, path = self.history.recent(k)
        floor = AT.tells * float(self._floor(np.array([k]))[0])
        if not np.isfinite(path).all() or np.ptp(path, axis=0).max() <= floor:
            return Open.NO
        if self.motion.is_map:
            return self._solved(cycle_of_steps(path, 1e-15 * float(np.abs(path).max())), path)
        return curve_of_flow(times, path, self.motion.velocities(path), floor)

    def _solved(self, curve: Turn | Open, path: np.ndarray) -> Turn | Open:
        """Return a cycle of a map as Newton's method finds it, where it does not close already."""
        if not isinstance(curve, Turn) or (curve.is_told and curve.miss <= AT.rounding):
            return curve
        if self.system.size > DENSE:
            return curve if curve.is_told else Open.NOT_YET
        if not curve.is_told and (
            self.futile >= AT.first_tried or invariant_circle(path) is not Open.NO
        ):
            return Open.NO
        states = solved_cycle(self.motion, curve.path[:-1], curve.diameter)
        self.futile += states is None
        if states is None:
            return Open.NO
        steps = minimal_length(states, AT.rounding * self.size)
        if steps < 2:
            return Open.NO
        around = np.append(states[:steps], states[:1], axis=0)
        turn = curve.turn if steps == curve.steps else float("nan")
        solved = replace(
            curve, period=float(steps), steps=steps, turn=turn, path=around, miss=0.0, is_told=True
        )
        is_there = curve.is_told or solved.carries(curve.path)
        return solved if is_there else Open.NOT_YET

    def _on_curve(self, k: int, curve: Turn) -> None:
        known = (j for j, other in enumerate(self.curves) if other.is_same(curve))
        place = next(known, len(self.curves))
        if place == len(self.curves):
            self.curves.append(curve)
        self._end(self.alive[[k]], What.CURVE, place)

    def _join(self, k: int) -> bool:
        """Note whether a state has come to a curve that is known, over the last turn of it."""
        for place, curve in enumerate(self.curves):
            now = float(self.moving.times[k])
            times, path = self.history.recent(k, now - AT.whole_turn * curve.period)
            turn = path[times >= times[-1] - AT.whole_turn * curve.period]
            turn = turn[:: max(1, len(turn) // _PLACES_OF_TURN)]
            if len(turn) and curve.carries(turn):
                self._end(self.alive[[k]], What.CURVE, place)
                return True
        return False

    def _bounded(self) -> None:
        """Note which of the rest move within bounds, and which grow."""
        rows = self._open()
        rows = rows[~self.may_close[self.alive[rows]]]
        if self.motion.is_map:
            self._circles(rows)
        for k in self._open():  # what has come to a curve that is known, if slowly
            if is_over():
                return
            self._join(int(k))
        rows = np.intersect1d(rows, self._open())
        bounded = bounded_motion(self.history, rows, self.pool)
        self._end(self.alive[rows[bounded]], What.BOUNDED)
        left = rows[~bounded]
        self.found.grows[self.alive[left]] = growth_times(self.history, left, self.pool)

    def _circles(self, rows: np.ndarray) -> None:
        """Note which states go round an invariant circle.

        If turns of some are too few, or miss by little, these are run on by themselves.
        """
        late = [
            k
            for k in map(int, rows)
            if not is_over() and self._goes_round(k, self.history.recent(k)[1])
        ]
        rows = np.array(late[: AT.run_on], int)
        if not len(rows):
            return
        moving, waits = self.moving.take(rows), len(rows)
        begun = np.stack([self.history.recent(k)[1] for k in late[: AT.run_on]], 1)[-AT.longest :]
        paths, taken = np.empty((AT.longest + _BLOCKS[1], *begun.shape[1:])), len(begun)
        paths[:taken] = begun
        while waits and taken < AT.longest and not is_over():
            until = min(2 * taken, AT.longest)
            while taken < until:
                moving, block = self.motion.advance(moving, _BLOCKS[1], np.inf)
                paths[taken : taken + _BLOCKS[1]] = block.states[1:]
                taken += _BLOCKS[1]
            waits = sum(
                self._goes_round(k, paths[:taken, j]) for j, k in enumerate(late[: AT.run_on])
            )

    def _goes_round(self, k: int, path: np.ndarray) -> bool:
        """Note whether a state goes round an invariant circle; return if more steps may tell."""
        is_known = self._join(k) or not np.isfinite(path).all()
        circle = Open.NO if is_known else invariant_circle(path)
        if isinstance(circle, Turn):
            self._on_curve(k, circle)
        return circle is Open.NOT_YET

    def _ends(self) -> Ends:
        used = np.unique(self.found.which[self.found.are(What.POINT, What.UNSTABLE)])
        which = self.found.which[self.found.are(What.CURVE)]
        curves = [self.curves[k] for k in np.unique(which)]
        return replace(
            self.found,
            what=self.found.what.astype(str).astype(object),
            pool=self.pool if self.is_quick else self.pool.proved(self.system, used[used >= 0]),
            curves=tuple(self.curves),
            is_family=_lie_beside(curves)
            or len(curves) >= max(AT.several, AT.each_its_own * len(which)),
        )


def _lie_beside(curves: list[Turn]) -> bool:
    """Whether closed curves lie so near one another that they are parts of a family."""
    if len(curves) < AT.family:
        return False
    near = [
        min(float(other.distance(curve.path[:1])[0]) for other in curves if other is not curve)
        <= AT.beside_curve * curve.diameter
        for curve in curves[:_TRIED_CURVES]
    ]
    return bool(np.mean(near) > AT.most)


def _candidates(states: np.ndarray) -> np.ndarray:
    """Return finite states far from one another, not too many."""
    finite = states[np.isfinite(states).all(1)]
    return finite if len(finite) <= AT.candidates else finite[far_apart(finite, AT.candidates)]
