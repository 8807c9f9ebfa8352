"""What the page of the verdict's words says of a planted system, from its few variables alone.

A planted system has few variables z with a law that is written down; all else is at rest above
them. Here NumPy runs the law on, z alone, and applies the page to the path as it stands in the
state space. Each question is answered True, False, or None where a threshold of the page, ± 10 %,
or the count of states leaves it open. What lies beside the set (whether it attracts, what ends
exist) is told by the construction.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist, pdist
from scipy.stats import rankdata

Array = np.ndarray
Answer = bool | None
MOST, STILL, LEFT, TOGETHER, FIVE = 0.95, 0.15, 0.05, 1e-3, 5.0
BESIDE, LANDMARKS, NEIGHBORS = 0.1, 48, 0.9
MARGIN, INSTANTS = 0.1, 250


class Slow(NamedTuple):
    """The law of the few variables, and where they stand in the state space."""

    step: Callable[[Array], Array]  # (variable, state) -> the same after 1 / nodes of T
    nodes: int
    lift: Callable[
        [Array], Array
    ]  # (variable, ...) -> (..., coordinate), an isometric picture of the states
    beside: Callable[[Array], Array]  # (times in T) -> (time, state, unit): what decays
    place: Callable[[Array], Array]  # (variable, ...) -> (..., unit), the states at rest above z


class Ends(NamedTuple):
    """What the construction says of ends: None where it does not say."""

    at: Array | None  # (variable, state), NaN where a state ends at no point
    known: bool  # whether the ends of 95 % are surely known after 20 T
    fixed: Array | None  # (variable, point): every fixed point
    recurs: bool  # on closed curves, or in bounded motion
    attracting: Answer  # None: only where the set has as many dimensions as there are variables


def settled_words(slow: Slow, z: Array, before: float, ends: Ends) -> tuple[set[str], Array]:
    """Return the words that are right, and z at T; `before` is E₀."""
    path = follow(slow.step, z, 2 * slow.nodes)
    end = path[slow.nodes]
    seen = slow.lift(np.moveaxis(path, 1, 0))  # (time, state, coordinate)
    there = seen[slow.nodes]
    extent = pdist(there).max()
    far = np.linalg.norm(seen[slow.nodes :] - there, axis=2)  # of each state from where it was at T
    words: set[str] = set()
    for word, answer in answers(slow, seen, end, extent, far, before, ends, z):
        if answer is not False:
            words.add(word)
        if answer:
            break
    return words, end


def answers(
    slow: Slow,
    seen: Array,
    end: Array,
    extent: float,
    far: Array,
    before: float,
    ends: Ends,
    z: Array,
):
    """Generate the words in the order of the page, and whether each is true; `moving` comes last."""
    there = seen[slow.nodes]
    word, answer = points(slow, there, before, ends)
    yield word, answer
    together = below(extent / before, TOGETHER)
    still = both(share(far.max(axis=0) / extent, STILL), opposite(together))
    if still is not False:
        name, held = shape(slow, end, there, extent)
        fills = name == "surface" and len(z) == 2
        yield name, both(still, held, fills or None if ends.attracting is None else ends.attracting)
        yield "still", still
    yield "ghost", ghost(slow, seen, z, ends)
    moves = [opposite(share(v / extent, STILL, of=1 - MOST)) for v in (far[-1], far.max(axis=0))]
    if both(*moves) is not False:
        union = np.vstack([there, seen[-1]])
        union = union[landmarks(union)]
        yield "slow path", both(*moves, one_dimensional(neighbors(union), len(union)))
    nowhere = ends.at is not None and np.isnan(ends.at).all()
    yield "unstable point", None if nowhere else False
    yield "moving", True


def follow(step: Callable[[Array], Array], z: Array, nodes: int) -> Array:
    """Return the path of z at every node, (node, variable, state)."""
    path = [z]
    for _ in range(nodes):
        path.append(step(path[-1]))
    return np.array(path)


# Answers


def below(value: float, threshold: float) -> Answer:
    """Say whether a number is below a threshold, whatever the threshold is within the margin."""
    if value <= threshold * (1 - MARGIN):
        return True
    return None if value <= threshold * (1 + MARGIN) else False


def share(values: Array, threshold: float, of: float = MOST) -> Answer:
    """Say whether a share of the values, give or take 0.5 %, is at most a threshold."""
    sure, at_best = (np.mean(values <= threshold * (1 + m)) for m in (-MARGIN, MARGIN))
    if sure >= of + 0.005:
        return True
    return None if at_best >= of - 0.005 else False


def both(*given: Answer) -> Answer:
    return False if False in given else None if None in given else True


def opposite(answer: Answer) -> Answer:
    return None if answer is None else not answer


# The questions of the page


def points(slow: Slow, there: Array, before: float, ends: Ends) -> tuple[str, Answer]:
    """Ask whether 95 % end at stable points, and have at most 5 % left to go at T."""
    if ends.at is None:
        return "points", False
    finite = np.isfinite(ends.at).all(axis=0)
    goals = slow.lift(np.where(finite, ends.at, 0.0))
    places = np.unique(ends.at[:, finite].round(6), axis=1) if finite.any() else np.zeros((1, 0))
    if places.shape[1] > 1:
        apart = cdist(goals, slow.lift(places))
        room = np.where(apart < 1e-4 * apart.max(), np.inf, apart).min(axis=1)
    else:
        room = np.full(len(goals), before)
    left = np.where(finite, np.linalg.norm(there - goals, axis=1) / room, np.inf)
    answer = share(left, LEFT)
    word = "points" if places.shape[1] > 1 else "point"
    return word, None if answer and not ends.known else answer


def shape(slow: Slow, end: Array, there: Array, extent: float) -> tuple[str, Answer]:
    """Name the set of the settled states; say whether it is connected, or in pieces of three or more."""
    pairs = neighbors(there)
    moved = gaps(slow, end, there, pairs, extent)
    held = [in_pieces(pairs[moved <= STILL * (1 + m)], len(there)) for m in (-MARGIN, MARGIN)]
    connected = held[0] if held[0] == held[1] else None
    rows = landmarks(there)
    marked = neighbors(there[rows])
    unbroken = gaps(slow, end, there, rows[marked], extent)
    kept = [marked[unbroken <= STILL * (1 + m)] for m in (-MARGIN, MARGIN)]
    one, other = (one_dimensional(pairs, len(rows)) for pairs in kept)
    one = one if one == other else None
    if one is False:
        return "surface", connected
    closed = [has_loop(pairs, len(rows)) for pairs in kept]
    sure = both(connected, one, True if closed[0] == closed[1] else None)
    return "ring" if closed[0] else "line", sure


def gaps(slow: Slow, end: Array, there: Array, pairs: Array, extent: float) -> Array:
    """Return how far states between two neighbors move over T along the gap, as a part of E."""
    first, second = pairs.T
    part = np.array([0.25, 0.5, 0.75])[:, None]
    between = (1 - part) * end[:, None, first] + part * end[:, None, second]
    path = follow(slow.step, between.reshape(len(end), -1), slow.nodes)
    put = (1 - part[..., None]) * there[first] + part[..., None] * there[second]
    along = there[second] - there[first]
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-300)
    seen = slow.lift(np.moveaxis(path, 1, 0)).reshape(len(path), 3, len(pairs), -1)
    moved = np.abs(np.einsum("tape,pe->tap", seen - put, along))
    return moved.max(axis=(0, 1)) / extent


def in_pieces(pairs: Array, count: int) -> Answer:
    """Say whether one piece has 95 % of the states, or several of three or more have."""
    label = np.arange(count)
    for i, j in pairs:
        label[label == label[j]] = label[i]
    sizes = np.unique(label, return_counts=True)[1]
    return bool(sizes[sizes >= 3].sum() >= MOST * count)


def has_loop(pairs: Array, count: int) -> bool:
    """Say whether a graph has a loop; a relative neighborhood graph has none of three."""
    label = np.arange(count)
    for i, j in pairs:
        if label[i] == label[j]:
            return True
        label[label == label[j]] = label[i]
    return False


def neighbors(states: Array) -> Array:
    """Return the pairs of the relative neighborhood graph, (pair, 2)."""
    apart = cdist(states, states)
    pairs = []
    for i in range(len(states)):
        nearest = np.maximum(apart[i][:, None], apart).min(axis=0)  # of the third states, to both
        near = np.flatnonzero(nearest >= apart[i] * (1 - 1e-9))
        pairs += [(i, j) for j in near if j > i]
    return np.array(pairs).reshape(-1, 2)


def landmarks(states: Array) -> Array:
    """Return rows of states, each the farthest from those before; none at rounding distance of another."""
    apart = np.linalg.norm(states - states.mean(axis=0), axis=1)
    rows = [int(apart.argmax())]
    far = np.linalg.norm(states - states[rows[0]], axis=1)
    least = 1e-6 * far.max()
    while len(rows) < LANDMARKS and far.max() > least:
        rows.append(int(far.argmax()))
        far = np.minimum(far, np.linalg.norm(states - states[rows[-1]], axis=1))
    return np.array(rows)


def one_dimensional(pairs: Array, count: int) -> Answer:
    """Ask whether 90 % of the landmarks have at most two neighbors, with room for two of them."""
    few, room = np.sum(np.bincount(pairs.ravel(), minlength=count) <= 2), min(2, count // 20)
    if few >= NEIGHBORS * count + room or few == count:
        return True
    return False if few < NEIGHBORS * count - room else None


def ghost(slow: Slow, seen: Array, z: Array, ends: Ends) -> Answer:
    """Ask whether 95 % pass slowly where no fixed point is; None where the fixed points are not written down."""
    if ends.recurs:
        return False
    lifted = np.linalg.norm(np.diff(seen, axis=0), axis=2)  # without what decays, which only falls
    floor = 1e-9 * lifted.max()
    if floor == 0:
        return False
    rises = [rise(lifted, floor, FIVE * (1 + m)) for m in (-MARGIN, MARGIN)]
    if np.mean(rises[0]) < MOST - 0.005:
        return False
    if ends.fixed is None:
        return None
    whole = np.moveaxis(follow(slow.step, z, len(seen) - 1), 1, 0)
    some = np.unique(np.linspace(0, len(seen) - 2, INSTANTS).astype(int))
    path, after = (
        slow.place(whole[:, at]) + slow.beside(at / slow.nodes) for at in (some, some + 1)
    )
    speed = np.linalg.norm(after - path, axis=2)
    points = slow.place(ends.fixed)
    diameter = np.array([extent_of(path[:, i]) for i in range(path.shape[1])])
    slow_ways = [(m, between(speed, floor, FIVE * (1 + m))) for m in (-MARGIN, MARGIN)]
    found = []
    for m, passes in slow_ways:
        away = [
            passes[:, i].any()
            and cdist(path[passes[:, i], i], points).min() >= BESIDE * (1 + m) * diameter[i]
            for i in range(path.shape[1])
        ]
        found.append(np.mean(away))
    if found[1] >= MOST + 0.005:
        return True
    return None if found[0] >= MOST - 0.005 else False


def rise(speed: Array, floor: float, factor: float) -> Array:
    """Say of each state whether its speed rises by a factor, from something that is no rounding."""
    least = np.minimum.accumulate(np.maximum(speed, floor), axis=0)
    return (speed / least).max(axis=0) >= factor


def between(speed: Array, floor: float, factor: float) -> Array:
    """Say where on its path each state is slower, by a factor, than before and than after."""
    speed = np.maximum(speed, floor)
    earlier = np.maximum.accumulate(speed, axis=0)
    later = np.maximum.accumulate(speed[::-1], axis=0)[::-1]
    return (earlier >= factor * speed) & (later >= factor * speed) & (speed > floor)


def extent_of(path: Array) -> float:
    """Return the diameter of a path, from 60 of its points."""
    some = path[np.linspace(0, len(path) - 1, min(len(path), 60)).astype(int)]
    return float(pdist(some).max())


# Along the axis


def order_and_spread(first: Array, last: Array) -> tuple[float | None, float | None]:
    """Return rank correlation and ratio of deviations; no order where it hangs on the last digits."""
    if first.std() <= 1e-9 * np.abs(first).max():
        return None, None
    spread = float(last.std() / first.std())
    order = spearman(first, last)
    noise = np.random.default_rng(0).normal(size=last.shape) * (
        1e-5 * last.std() + 1e-7 * first.std()
    )
    sure = spread > 1e-3 and abs(spearman(first, last + noise) - order) < 0.003
    return (order if sure else None), spread


def spearman(first: Array, last: Array) -> float:
    ranks: Any = [rankdata(v) - (len(v) + 1) / 2 for v in (first, last)]
    return float(
        ranks[0] @ ranks[1] / np.sqrt((ranks[0] @ ranks[0]) * (ranks[1] @ ranks[1]) + 1e-300)
    )
