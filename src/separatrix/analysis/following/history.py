"""History kept of states that are followed."""

from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float, Int

from ...systems.motion import Block, Motion, Moving
from .thresholds import AT

_KEPT = 1 << 26
"""Numbers of the last steps, at most."""
_MOST_PLACES = 1024
_STORED, _OF_PLACES = 1 << 21, 3 << 21
"""Numbers that are stored of the last steps, and of the places over the whole way."""
_OF_FLOW = 1 << 15, 1 << 24
"""Steps of a flow that are kept, and numbers for more than others: a turn of a relaxation
oscillator takes thousands."""


class _Past(NamedTuple):
    """A block of `length` steps until the time `last`: how it began, and its steps if stored."""

    before: Moving
    last: float
    length: int
    seen: Block | None


class History:
    """The last steps of each state, all of them, and places over its whole way, evenly spaced.

    Steps for which there is no room are stepped again from where their block began. Rows are those
    of the states that are still followed: `keep` leaves others out.
    """

    def __init__(self, states: Float[np.ndarray, "state unit"], motion: Motion):
        count = max(1, states.size)
        self._motion = motion
        longer = 0 if motion.is_map else min(_OF_FLOW[0], _OF_FLOW[1] // count)
        self._recent_size = max(int(np.clip(_KEPT // count, 256, AT.recent)), longer)
        self._most_places = int(np.clip(_OF_PLACES // count, 128, _MOST_PLACES))
        self._pasts: list[_Past] = []
        self._places: list[np.ndarray] = [np.array(states)]
        self._times: list[np.ndarray] = [np.zeros(len(states))]
        self._stride, self._seen = 1, 0

    def add(self, before: Moving, last: float, block: Block) -> None:
        """Add the block of steps that `Motion.advance` took from there."""
        seen = Block(block.times[1:], block.states[1:])
        self._pasts.append(_Past(before, last, len(seen.times), seen))
        while sum(past.length for past in self._pasts[1:]) >= self._recent_size:
            self._pasts.pop(0)
        room = _STORED - seen.states.size  # the last block is always stored
        for place, past in reversed(list(enumerate(self._pasts[:-1]))):
            room -= 0 if past.seen is None else past.seen.states.size
            if room < 0:
                self._pasts[place] = past._replace(seen=None)
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
        self._pasts = [
            past._replace(
                before=past.before.take(rows),
                seen=past.seen and Block(*(values[:, rows] for values in past.seen)),
            )
            for past in self._pasts
        ]
        self._places = [places[rows] for places in self._places]
        self._times = [times[rows] for times in self._times]

    def slowed(self, rows: Int[np.ndarray, " state"]) -> np.ndarray:
        """Return which states are at most half as fast as they were in the mean."""
        last = self._last()
        with np.errstate(all="ignore"):
            mean = _way(self._places, rows) / np.maximum(
                self._times[-1][rows] - self._times[0][rows], 1e-300
            )
            now = _way(last.states, rows) / np.maximum(
                last.times[-1][rows] - last.times[0][rows], 1e-300
            )
        return ~(now > AT.slowed * mean)

    def recent(self, row: int, since: float = -np.inf) -> tuple[np.ndarray, np.ndarray]:
        """Return the times and states of the last steps of one state, those `since` a time."""
        ends = [float(past.before.times[row]) for past in self._pasts[1:]]
        pasts = [p for p, end in zip(self._pasts, [*ends, np.inf], strict=True) if end >= since]
        again = self._again([past for past in pasts if past.seen is None], row)
        parts = [
            next(again) if past.seen is None else tuple(values[:, row] for values in past.seen)
            for past in pasts
        ]
        times, states = (np.concatenate(each) for each in zip(*parts, strict=True))
        return times, states

    def _again(self, pasts: list[_Past], row: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Step one state again through blocks, all at once, from where it was before each."""
        for count, group in groupby(pasts, key=lambda past: past.length):
            same = list(group)
            each = [past.before.take(np.array([row])) for past in same]
            names = Moving.__dataclass_fields__
            before = Moving(*(np.concatenate([getattr(m, n) for m in each]) for n in names))
            last = np.array([past.last for past in same])
            block = self._motion.advance(before, count, last)[1]
            yield from ((block.times[1:, k], block.states[1:, k]) for k in range(len(same)))

    def _last(self) -> Block:
        seen = self._pasts[-1].seen
        assert seen is not None  # of all blocks, the last is stored
        return seen

    def last_states(self) -> Float[np.ndarray, "step state unit"]:
        """Return the states of the last block, and those with which the blocks before it began."""
        count, early = 0, []
        for past in reversed(self._pasts):
            count += past.length
            if count > AT.rest_steps:
                break
            early.append(past.before.states)
        return np.concatenate([np.stack(early[::-1]), self._last().states])

    def places(self, row: int, part: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return times and states over the whole way of one state, or after a part of its time."""
        times, places = (np.stack([at[row] for at in o]) for o in (self._times, self._places))
        late = times >= part * times[-1]
        return times[late], places[late]

    def distances(
        self, to: Float[np.ndarray, "state unit"], left: Complex[np.ndarray, "state unit"]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return times, distances to one state for each, and the parts of a mode in them.

        All are `(place, state)`, the last step last; `left` are the left vectors of the modes.
        """
        last = self._last()
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
