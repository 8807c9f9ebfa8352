"""Whether states at rest hang together, come back from beside, and in how many dimensions they lie.

Toussaint (1980) Pattern Recognit. 12:261 (relative neighborhood graph).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
from jaxtyping import Float, Int

from ...systems.motion import Motion
from ..following.sizes import extent_of, far_apart
from ..following.thresholds import AT, Thresholds

_BATCH = 512


@dataclass(frozen=True)
class Gaps:
    """Settled states far apart, and what states do that are put between and beside them.

    Attributes
    ----------
    states, weights
        Settled states that are apart `(node, unit)`, and how many lie nearest to each.
    edges, moves
        Pairs of neighbors `(edge, 2)`, and how far a state between them moves along their direction
        in T, as a part of E `(edge,)`.
    landmarks
        Those of `states` that are landmarks.
    spans, span_moves
        As `edges` and `moves`, of the landmarks.
    returned
        Of states that were put on both sides of each, the largest difference from T to 2 T, as a
        part of that at first `(displaced, tangents)`: across one direction of the set, and across
        two; NaN where nothing is across.
    """

    states: Float[np.ndarray, "node unit"]
    weights: Int[np.ndarray, " node"]
    edges: Int[np.ndarray, "edge 2"]
    moves: Float[np.ndarray, " edge"]
    landmarks: Int[np.ndarray, " landmark"]
    spans: Int[np.ndarray, "span 2"]
    span_moves: Float[np.ndarray, " span"]
    returned: Float[np.ndarray, "displaced tangents"]

    def dimension(self, bound: float, at: Thresholds) -> int:
        """Return one or two: whether the landmarks lie along curves, without broken gaps."""
        kept = self.spans[self.span_moves <= bound]
        return dimension_of(self.states[self.landmarks], kept, at)

    def pieces(self, bound: float) -> Int[np.ndarray, " node"]:
        """Return the piece of each state, where gaps in which states move further are broken."""
        kept = self.edges[self.moves <= bound]
        graph = _graph(kept, len(self.states))
        return np.asarray(scipy.sparse.csgraph.connected_components(graph, directed=False)[1])

    def is_closed(self, bound: float, at: Thresholds) -> bool:
        """Whether the landmarks have a long loop of unbroken gaps; every piece, where several."""
        kept = self.spans[self.span_moves <= bound]
        count = len(self.landmarks)
        if _longest_loop(kept, count) < max(at.loop_states, int(at.loop * count)):
            return False
        piece, kept = self.pieces(bound), self.edges[self.moves <= bound]
        weights = np.bincount(piece, weights=self.weights)
        large = np.flatnonzero(
            (np.bincount(piece) >= at.several) & (weights > at.exceptions * weights.sum())
        )
        return len(large) == 1 or all(
            _longest_loop(kept[piece[kept[:, 0]] == k], len(piece))
            >= max(at.loop_states, int(at.loop * (piece == k).sum()))
            for k in large
        )


@dataclass(frozen=True)
class _Stretched:
    """The motion of states in coordinates in which their principal extents differ less.

    A direction in which settled states extend by a part p of their largest extent is stretched by
    p / (p² + 1/100), if that is above 1: most, by five, where p is a tenth. What is much thinner is
    what is left of the motion, and is not stretched.
    """

    motion: Motion
    there: Float[np.ndarray, "unit unit"]
    back: Float[np.ndarray, "unit unit"]

    @classmethod
    def of(cls, motion: Motion, settled: Float[np.ndarray, "state unit"]) -> "_Stretched":
        """Return the motion in the coordinates of settled states."""
        square = (settled - settled.mean(0)).T @ (settled - settled.mean(0))
        extents, axes = np.linalg.eigh(square)
        part = np.sqrt(np.maximum(extents / max(extents[-1], 1e-300), 0.0))
        factor = np.maximum(part / (part**2 + AT.thin**2), 1.0)
        return cls(motion, axes * factor @ axes.T, axes / factor @ axes.T)


def measure(
    motion: Motion,
    settled: Float[np.ndarray, "state unit"],
    duration: float,
    is_stretched: bool = False,
) -> Gaps:
    """Put states between and beside settled ones, and run them on."""
    same = np.eye(settled.shape[1])
    stretched = _Stretched.of(motion, settled) if is_stretched else _Stretched(motion, same, same)
    settled = settled @ stretched.there
    extent, states = extent_of(settled), settled[landmarks_of(settled, AT.gap_states)]
    nearest = scipy.spatial.distance.cdist(settled, states).argmin(1)
    landmarks = np.arange(min(AT.landmarks, len(states)))  # the farthest come first
    edges, spans = neighbors(states), neighbors(states[landmarks])
    moves = _moves(stretched, states, edges, duration) / extent
    span_moves = _moves(stretched, states, spans, duration) / extent
    return Gaps(
        states=states,
        weights=np.bincount(nearest, minlength=len(states)),
        edges=edges,
        moves=moves,
        landmarks=landmarks,
        spans=spans,
        span_moves=span_moves,
        returned=_returned(stretched, states, duration, AT.still * extent),
    )


def neighbors(states: Float[np.ndarray, "state unit"]) -> Int[np.ndarray, "edge 2"]:
    """Return the pairs of the relative neighborhood graph: no third state is nearer to both."""
    away = scipy.spatial.distance.cdist(states, states)
    np.fill_diagonal(away, np.inf)
    pairs = []
    for i in range(len(states)):
        between = np.maximum(away[i][None, :], away).min(
            1
        )  # over thirds; inf for i and j themselves
        found = np.flatnonzero(between >= away[i] * (1 - 1e-12))
        pairs += [(i, int(j)) for j in found if j > i]
    return np.array(pairs, int).reshape(-1, 2)


def dimension_of(states: np.ndarray, edges: np.ndarray | None = None, at: Thresholds = AT) -> int:
    """Return 1 where nine of ten states have at most two neighbors, else 2."""
    edges = neighbors(states) if edges is None else edges
    degree = np.bincount(edges.ravel(), minlength=len(states))
    return 1 if (degree <= 2).mean() >= 1 - at.branching else 2


def landmarks_of(states: np.ndarray, count: int) -> Int[np.ndarray, " landmark"]:
    """Return states far apart: each the farthest from those before."""
    return far_apart(states, count, AT.one_place * extent_of(states))


def _moves(
    motion: _Stretched, states: np.ndarray, edges: np.ndarray, duration: float
) -> np.ndarray:
    """Return how far states between two others move along their direction, at the most."""
    if not len(edges):
        return np.zeros(0)
    first, along = states[edges[:, 0]], states[edges[:, 1]] - states[edges[:, 0]]
    direction = along / np.linalg.norm(along, axis=1, keepdims=True)
    starts = np.concatenate([first + part * along for part in (0.25, 0.5, 0.75)])
    across = np.tile(direction, (3, 1))
    most = np.zeros(len(starts))
    for k in range(0, len(starts), _BATCH):
        part = slice(k, k + _BATCH)
        for path in _paths(motion, starts[part], duration):
            with np.errstate(all="ignore"):
                moved = np.einsum("tsu,su->ts", path - starts[part], across[part])
            moved = np.where(np.isfinite(moved), np.abs(moved), np.inf)
            most[part] = np.maximum(most[part], moved.max(0))
    return most.reshape(3, -1).max(0)


def _returned(motion: _Stretched, states: np.ndarray, duration: float, aside: float) -> np.ndarray:
    """Return what is left from T to 2 T of differences between states put on both sides.

    Of differences in several directions, what attracts leaves those along the set.
    """
    count, size = states.shape
    most = min(size, 3)
    rng = np.random.default_rng(0)
    random = np.linalg.qr(rng.standard_normal((count, size, most)))[0].swapaxes(1, 2) * aside
    starts = (states[:, None, None] + random[:, :, None] * np.array([[1.0], [-1.0]])).reshape(
        -1, size
    )
    instants = (
        np.unique(np.round(np.linspace(duration, 2 * duration, AT.instants)))
        if motion.motion.is_map
        else np.linspace(duration, 2 * duration, 9)
    )
    left = np.zeros((count, most))
    for there in motion.motion.at(starts @ motion.back, instants):
        one, other = np.moveaxis((there @ motion.there).reshape(count, most, 2, size), 2, 0)
        with np.errstate(all="ignore"):
            apart = np.clip((one - other) / (2 * aside), -1e9, 1e9)
        values = np.linalg.svd(np.nan_to_num(apart, nan=1e9), compute_uv=False)
        left = np.maximum(left, values)
    found = np.full((count, 2), np.nan)
    found[:, : most - 1] = left[:, 1:]
    return found


def _paths(
    stretched: _Stretched, starts: np.ndarray, duration: float
) -> Iterator[Float[np.ndarray, "time state unit"]]:
    """Yield where states are after each step of a map, or at some times of a flow."""
    motion, starts = stretched.motion, starts @ stretched.back
    if not motion.is_map:
        for states in motion.at(starts, np.linspace(0, duration, 17)[1:]):
            yield states[None] @ stretched.there
        return
    moving = motion.begin(starts)
    for taken in range(0, int(duration), 256):
        count = min(256, int(duration) - taken)
        moving, block = motion.advance(moving, 1 << (count - 1).bit_length(), np.inf)
        yield block.states[: count + 1] @ stretched.there


def _longest_loop(edges: np.ndarray, count: int) -> int:
    """Return the length of the longest loop that one edge closes over a spanning tree; 0: none."""
    tree = scipy.sparse.csgraph.minimum_spanning_tree(_graph(edges, count))
    apart = scipy.sparse.csgraph.shortest_path(tree, directed=False, unweighted=True)
    lengths = apart[edges[:, 0], edges[:, 1]] + 1
    return int(lengths[lengths > 2].max(initial=0))


def _graph(edges: np.ndarray, count: int) -> scipy.sparse.coo_array:
    return scipy.sparse.coo_array((np.ones(len(edges)), edges.T), (count, count))
