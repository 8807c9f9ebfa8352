"""Following states until their ends are known, or for as long as may be."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy
from jaxtyping import Float

from ..._watch import Stage, is_over, report_progress
from ...systems import AbstractSystem
from ...systems.motion import Block, Motion
from .batch import Batch
from .conditions import When, note_ends
from .end import Ends, What
from .pool import Pool
from .thresholds import AT
from .turns import Turn

_BLOCKS, _FEWEST, _NUMBERS = (64, 256), 8, 1 << 20
"""Steps of a block, at first and then; fewer, 8 at least, where their numbers would be more."""
_AT_ONCE = 16, 1024
"""Steps of a map at a time, at first and at last, where only the last of them is looked at."""
_TRIED_CURVES = 16


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
    most = AT.few_steps if most is None else most
    share = 1 - AT.exceptions if share is None else share
    batch = Batch(motion, starts, duration or 0.0, pool, most, is_quick)
    taken, check = 0, _BLOCKS[1]
    while len(batch.alive) and not is_over() and (_may_go_on(batch) or _is_slow(batch)):
        if batch.wanted < batch.farthest and (batch.moving.times >= batch.wanted).all():
            batch.wanted *= 2  # fewer steps were taken than may be
        last = np.inf if motion.is_map else max(batch.wanted, batch.twice)
        taken += _advance(batch, taken, last, look)
        is_due = taken >= check or (batch.moving.times >= last * (1 - 1e-12)).all()
        note_ends(batch, When.NOW_AND_THEN if is_due else When.EACH_BLOCK)
        check = max(2 * taken, _BLOCKS[1]) if is_due else check
        _leave(batch)
        report_progress(Stage.FOLLOW, len(starts) - len(batch.alive), len(starts))
        if batch.is_past().all() and batch.found.known >= share:
            break
    if not is_over():
        note_ends(batch, When.LAST)
    return _ends(batch)


def _advance(batch: Batch, taken: int, last: float, look: Look) -> int:
    """Take steps with all states, none past the time `last`; return how many."""
    motion, batch.before = batch.motion, batch.moving
    if batch.is_quick and motion.is_map:
        count = min(max(_AT_ONCE[0], taken), _AT_ONCE[1], batch.most - taken)
        batch.moving = motion.until(batch.before, batch.before.times + count)
    else:
        room = max(_FEWEST, _NUMBERS // max(1, batch.before.states.size))
        count = min(_BLOCKS[taken >= _BLOCKS[1]], 1 << room.bit_length() - 1)
        batch.moving, block = motion.advance(batch.before, count, last)
        if not batch.is_quick:
            look(block, batch.alive)
            batch.history.add(batch.before, last, block)
    batch.found.states[batch.alive] = batch.moving.states
    batch.found.times[batch.alive] = batch.moving.times
    batch.found.steps[batch.alive] = batch.moving.steps
    return count


def _may_go_on(batch: Batch) -> bool:
    """Whether states may be followed further."""
    steps, at_least = int(batch.moving.steps.max()), float(batch.moving.times.min())
    is_enough = batch.is_past().all() and steps >= batch.most and at_least >= batch.wanted
    return not (is_enough or steps >= AT.most_steps or at_least >= batch.farthest)


def _is_slow(batch: Batch) -> bool:
    """Whether most states without an end hardly move: they get more time to come to a point."""
    rows = batch.open()
    if batch.is_quick or not len(rows) or int(batch.moving.steps.max()) >= AT.most_steps:
        return False
    batch.search(rows, final=True)
    pool, states = batch.pool, batch.moving.states[rows]
    stable = np.flatnonzero(pool.is_stable & (pool.rate > 0))
    if not len(stable):
        return False
    away = scipy.spatial.distance.cdist(states, pool.states[stable]).min(1)
    with np.errstate(all="ignore"):
        speed = np.linalg.norm(batch.motion.velocities(states), axis=1)
        is_slow = speed * batch.wanted <= AT.hardly * away
    slowest = float(pool.rate[stable].min())
    most = float(AT.most_steps) if batch.motion.is_map else np.inf
    needed = min(max(AT.more_folds[0] / slowest, 2 * batch.wanted), most)
    folds = batch.wanted * slowest, needed * slowest
    if is_slow.mean() <= AT.most or folds[0] > AT.more_folds[1] or folds[1] < AT.folds[1]:
        return False
    batch.wanted = batch.farthest = needed
    return True


def _leave(batch: Batch) -> None:
    """Follow no longer the states whose end is known, once they were followed for 2 T."""
    what = batch.found.what[batch.alive]
    done = (what == What.INFINITY) | batch.moving.is_stuck
    done |= (what != What.UNKNOWN) & batch.is_past()
    if done.any():
        if not batch.is_quick:
            _decided_by_errors(batch, np.flatnonzero(done))
        batch.keep(np.flatnonzero(~done))


def _decided_by_errors(batch: Batch, rows: np.ndarray) -> None:
    """Note which states came to an unstable point, before errors decided where they went on."""
    floor, near = batch.error * batch.size, {}
    what = batch.found.what[batch.alive[rows]]
    for k in rows[(what == What.POINT) | (what == What.CURVE) | (what == What.INFINITY)]:
        times, places = batch.history.places(int(k))
        with np.errstate(all="ignore"):  # of what has left for infinity
            moves, come, goes = (
                np.linalg.norm(places[:-1] - other, axis=1)
                for other in (places[1:], places[0], places[-1])
            )
        rests = (moves <= floor) & (come > AT.tells * floor) & ~(goes <= AT.tells * floor)
        if rests.any():
            near[int(k)] = times[:-1][rests], places[:-1][rests]
    if not near:
        return
    batch.search_near(np.array([places[len(places) // 2] for _, places in near.values()]))
    unstable = np.flatnonzero(np.isin(batch.pool.stability, ("saddle", "unstable")))
    for k, (times, places) in near.items():
        away = scipy.spatial.distance.cdist(places, batch.pool.states[unstable])
        there = away <= floor / AT.tells
        if there.any():
            batch.end(k, What.UNSTABLE, unstable[there.any(0).argmax()])
            batch.found.times[batch.alive[k]] = times[there.any(1)].max()


def _ends(batch: Batch) -> Ends:
    """Return the ends, with proofs of the points among them."""
    found = batch.found
    used = np.unique(found.which[found.are(What.POINT, What.UNSTABLE)])
    which = found.which[found.are(What.CURVE)]
    curves = [batch.curves[k] for k in np.unique(which)]
    return replace(
        found,
        what=found.what.astype(str).astype(object),
        pool=batch.pool if batch.is_quick else batch.pool.proved(batch.system, used[used >= 0]),
        curves=tuple(batch.curves),
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
