"""History kept of states that are followed."""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from jaxtyping import Complex, Float, Int

from ...systems.motion import Block

_KEPT = 1 << 26
"""Numbers that are kept at most, of either kind."""
_MOST_RECENT, _MOST_PLACES = 4096, 1024
_OF_FLOW = 1 << 15, 1 << 24
"""Steps of a flow that are kept, and numbers for more than others: a turn of a relaxation oscillator
takes thousands."""


class History:
    """The last steps of each state, all of them, and places over its whole way, evenly spaced.

    Rows are those of the states that are still followed: `keep` leaves others out.
    """

    def __init__(self, states: Float[np.ndarray, "state unit"], is_map: bool):
        count = max(1, states.size)
        longer = 0 if is_map else min(_OF_FLOW[0], _OF_FLOW[1] // count)
        self._recent_size = max(int(np.clip(_KEPT // count, 256, _MOST_RECENT)), longer)
        self._most_places = int(np.clip(_KEPT // count, 128, _MOST_PLACES))
        self._blocks: list[Block] = []
        self._places: list[np.ndarray] = [np.array(states)]
        self._times: list[np.ndarray] = [np.zeros(len(states))]
        self._stride, self._seen = 1, 0

    def add(self, block: Block) -> None:
        """Add a block of steps."""
        self._blocks.append(Block(block.times[1:], block.states[1:]))
        while sum(len(b.times) for b in self._blocks[1:]) >= self._recent_size:
            self._blocks.pop(0)
        for k in range(1, len(block.times)):
            self._seen += 1
            if self._seen % self._stride == 0:
                self._places.append(block.states[k].copy())
                self._times.append(block.times[k].copy())
        while len(self._places) > self._most_places:
            self._places, self._times = self._places[::2], self._times[::2]
            self._stride *= 2

    def keep(self, rows: Int[np.ndarray, " state"]) -> None:
        """Leave out all states but some."""
        self._blocks = [Block(b.times[:, rows], b.states[:, rows]) for b in self._blocks]
        self._places = [places[rows] for places in self._places]
        self._times = [times[rows] for times in self._times]

    def slowed(self, rows: Int[np.ndarray, " state"]) -> np.ndarray:
        """Return which states are at most half as fast as they were in the mean."""
        last = self._blocks[-1]
        with np.errstate(all="ignore"):
            mean = _way(self._places, rows) / np.maximum(
                self._times[-1][rows] - self._times[0][rows], 1e-300
            )
            now = _way(last.states, rows) / np.maximum(
                last.times[-1][rows] - last.times[0][rows], 1e-300
            )
        return ~(now > 0.5 * mean)

    def recent(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the times and states of the last steps of one state."""
        times = np.concatenate([block.times[:, row] for block in self._blocks])
        return times, np.concatenate([block.states[:, row] for block in self._blocks])

    def last_block(self) -> Block:
        """Return the steps that were added last."""
        return self._blocks[-1]

    def places(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return times and states over the whole way of one state."""
        return np.stack([t[row] for t in self._times]), np.stack([p[row] for p in self._places])

    def distances(
        self, to: Float[np.ndarray, "state unit"], left: Complex[np.ndarray, "state unit"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return times, distances to one state for each, and the parts of a mode in them.

        All are `(place, state)`, the last step last; `left` are the left vectors of the modes.
        """
        last = self._blocks[-1]
        times = np.stack([*self._times, last.times[-1]])
        away, parts = [], []
        for places in [*self._places, last.states[-1]]:
            displaced = places - to
            away.append(np.linalg.norm(displaced, axis=1))
            parts.append(np.abs(np.einsum("su,su->s", displaced, left)))
        return times, np.stack(away), np.stack(parts)


def _way(places: Iterable[np.ndarray], rows: Int[np.ndarray, " state"]) -> np.ndarray:
    """Return how long the way of some states through places is, from one to the next."""
    way = np.zeros(len(rows))
    for before, after in pairwise(places):
        moved = after - before
        way += np.sqrt(np.einsum("su,su->s", moved, moved))[rows]
    return way
