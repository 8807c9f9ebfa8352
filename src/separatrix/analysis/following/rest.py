"""States that have stopped where linearization does not tell what holds them."""

from dataclasses import replace

import numpy as np
import scipy

from ...systems.motion import Motion
from ..fixed_points.evaluator import DENSE, Evaluator
from ..stability import KINK
from .end import What
from .pool import Pool
from .thresholds import AT


def rest_at_known(
    states: np.ndarray, pool: Pool, floor: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return at which known point each state rests, and of what kind it is."""
    what = np.full(len(states), What.UNKNOWN, object)
    if not len(pool.states):
        return what, np.full(len(states), -1)
    away = scipy.spatial.distance.cdist(states, pool.states)
    near = away.argmin(1)
    stability, reach = pool.stability[near], pool.reach[near]
    there = away.min(1) <= np.maximum(floor, reach)
    what[there & ((reach > 0) | np.isin(stability, ("saddle", "unstable")))] = What.UNSTABLE
    what[there & (reach > 0) & np.isin(stability, ("stable", KINK))] = What.POINT
    return what, np.where(what == What.UNKNOWN, -1, near)


def ends_of_rest(
    motion: Motion, states: np.ndarray, pool: Pool, floor: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray, Pool]:
    """Return what each state rests at, the row of its point, and the points."""
    what, which = rest_at_known(states, pool, floor)
    left = np.flatnonzero(what == What.UNKNOWN)
    tried = left[:: max(1, len(left) // AT.first_tried)][: AT.first_tried]
    if not len(tried) or motion.system.size > DENSE:
        return what, which, pool
    kinds = {
        int(k): _beside(motion, states[k], max(AT.aside * scale, AT.tells * floor[k]))
        for k in tried
    }
    for k, kind in kinds.items():
        what[k] = kind
        if kind == What.POINT:
            pool, which[k] = _with_point(pool, states[k], float(floor[k]))
    for k in np.setdiff1d(left, tried):  # others rest at points that were tried, or are not known
        away = np.linalg.norm(states[tried] - states[k], axis=1)
        same = int(tried[away.argmin()])
        if away.min() <= floor[k]:
            what[k], which[k] = what[same], which[same]
    if all(kind == What.CONTINUUM for kind in kinds.values()):
        what[left] = What.CONTINUUM  # of all that rest, where each that was tried rests on one
    return what, which, pool


def _beside(motion: Motion, state: np.ndarray, aside: float) -> What:
    """Return what a state rests at, by what states beside it do."""
    jacobian = Evaluator(motion.system).jacobian(state[None])[0]
    if not np.isfinite(jacobian).all():
        return What.UNKNOWN
    values, vectors = np.linalg.eig(jacobian)
    size = max(1.0, float(np.abs(values).max(initial=0.0)))
    still = np.abs(values - 1) if motion.is_map else np.abs(values) / size
    neutral = vectors[:, still <= AT.neutral].real.T
    neutral = neutral[np.linalg.norm(neutral, axis=1) > 1e-6]
    others = np.random.default_rng(0).standard_normal((6, len(state)))
    directions = np.concatenate([neutral, -neutral, others])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    moving = motion.begin(state + aside * directions)
    last = np.inf if motion.is_map else 1e12
    for _ in range(AT.rest_blocks):
        moving, block = motion.advance(moving, AT.rest_steps, last)
    away = np.linalg.norm(moving.states - state, axis=1)
    moves = np.linalg.norm(block.states - block.states[-1], axis=2).max(0)
    if not np.isfinite(away).all():
        return What.UNKNOWN
    count = len(neutral)
    if count:
        within = away <= AT.aside_within * aside
        beside = within & (away >= aside / AT.aside_within) & (moves <= AT.aside_moves * aside)
        # A line may end here: one side is enough of each direction.
        sides = beside[:count] | beside[count : 2 * count]
        return What.CONTINUUM if sides.any() and within.all() else What.UNKNOWN
    return What.POINT if (away <= AT.comes_back * aside).all() else What.UNKNOWN


def _with_point(pool: Pool, state: np.ndarray, floor: float) -> tuple[Pool, int]:
    """Return the points with one that states come back to, and its row."""
    away = np.linalg.norm(pool.states - state, axis=1)
    if len(away) and away.min() <= floor:
        return pool, int(away.argmin())
    return replace(
        pool,
        states=np.concatenate([pool.states, state[None]]),
        stability=np.append(pool.stability, KINK),
        rate=np.append(pool.rate, np.nan),
        turn=np.append(pool.turn, np.nan),
        left=np.concatenate([pool.left, np.full((1, len(state)), np.nan, complex)]),
        label=np.append(pool.label, -1),
        is_proved=np.append(pool.is_proved, False),
        reach=np.append(pool.reach, 0.0),
    ), len(away)
