"""Recording of states during 2 T: where they are at T, how far they move, how fast."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ...systems.motion import Block

_PLACES = 96
_INSTANTS, _POSITIONS = 2048, 1 << 20
"""Of the positions along the axis, at least; and so many of all states, if that is more."""


@dataclass
class Recording:
    """The way of states over 2 T; `add` is called with every block of steps.

    `duration` is in units of the system; states are those that are followed `(state, unit)`.
    """

    starts: Float[np.ndarray, "state unit"]
    duration: float
    is_map: bool
    axis: Float[np.ndarray, " unit"] | None = None
    settled: np.ndarray = field(init=False)
    later: np.ndarray = field(init=False)
    drifted: np.ndarray = field(init=False)
    """Largest distance of each state from where it began, during the first T."""
    moved: np.ndarray = field(init=False)
    """Largest distance of each state from where it was at T, during the second T."""
    grid: np.ndarray = field(init=False)
    """Times of the places `(time,)`, T and 2 T among them."""
    places: np.ndarray = field(init=False)
    """States `(time, state, unit)`, NaN after they left."""

    def __post_init__(self) -> None:
        count, size = self.starts.shape
        self.settled, self.later = np.full((2, count, size), np.nan)
        self.drifted, self.moved = np.full((2, count), np.inf)
        grid = np.linspace(0, 2 * self.duration, _PLACES + 1)
        self.grid = np.unique(np.round(grid)) if self.is_map else grid
        if self.is_map and self.duration not in self.grid:
            self.grid = np.sort(np.append(self.grid, self.duration))
        self.places = np.full((len(self.grid), count, size), np.nan)
        self.places[0] = self.starts
        self._times: list[np.ndarray] = []
        self._speeds: list[np.ndarray] = []
        self._along: list[np.ndarray] = []

    def add(self, block: Block, rows: np.ndarray) -> None:
        """Look at a block of steps of some of the states."""
        twice = 2 * self.duration
        if float(block.times[0].min()) >= twice * (1 - 1e-12):
            return
        times, states = np.broadcast_to(block.times, block.states.shape[:2]), block.states
        with np.errstate(all="ignore"):
            self._note_stops(times, states, rows)
            self._note_movement(times, states, rows)
            self._note_places(times, states, rows)
            self._note_speeds(times, states, rows)

    def speeds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return times and speeds of all steps within 2 T `(step, state)`, NaN for none."""
        return np.concatenate(self._times), np.concatenate(self._speeds)

    def later_speed(self) -> float:
        """Return the median speed over the states and the second T; NaN for none."""
        times, speeds = self.speeds()
        later = speeds[(times > self.duration * (1 + 1e-12)) & np.isfinite(speeds)]
        return float(np.median(later)) if later.size else float("nan")

    def positions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return instants of [0, 2 T] `(time,)`, T among them, and positions `(time, state)`."""
        instants = self._instants()
        first = self.starts @ np.asarray(self.axis)
        times, along = np.concatenate(self._times), np.concatenate(self._along)
        found = np.full((len(instants), len(first)), np.nan)
        for k in range(len(first)):
            there = np.isfinite(along[:, k])
            if there.any():
                found[:, k] = np.interp(
                    instants,
                    np.append(0.0, times[there, k]),
                    np.append(first[k], along[there, k]),
                    right=np.nan if times[there, k][-1] < 2 * self.duration * (1 - 1e-9) else None,
                )
        return instants, found

    def _instants(self) -> np.ndarray:
        many = max(_INSTANTS, min(8 * _INSTANTS, _POSITIONS // len(self.starts)))
        steps = 2 * self.duration if self.is_map else many
        stride = max(1, int(np.ceil(steps / many)))
        while stride > 1 and (stride % 2 == 0 or stride % 3 == 0):
            stride += 1  # hides no cycle of two or three steps
        if not self.is_map:
            return np.linspace(0, 2 * self.duration, many + 1)
        some = np.arange(0, steps + 1, stride)
        return np.unique(np.concatenate([some, [self.duration, 2 * self.duration]]))

    def _note_stops(self, times: np.ndarray, states: np.ndarray, rows: np.ndarray) -> None:
        for stop, kept in ((self.duration, self.settled), (2 * self.duration, self.later)):
            there = np.abs(times - stop) <= 1e-12 * stop
            found = there.any(0) & np.isnan(kept[rows]).all(1)
            kept[rows[found]] = states[there.argmax(0)[found], np.flatnonzero(found)]

    def _note_movement(self, times: np.ndarray, states: np.ndarray, rows: np.ndarray) -> None:
        first, second = (self.drifted, self.starts, 0.0), (self.moved, self.settled, 1.0)
        for farthest, origin, begin in (first, second):
            low, high = self.duration * (begin - 1e-12), self.duration * (begin + 1 + 1e-12)
            within = (times >= low) & (times <= high)
            away = np.linalg.norm(states - origin[rows], axis=2)
            most = np.where(within, away, -np.inf).max(0)
            before = np.where(np.isinf(farthest[rows]), -np.inf, farthest[rows])
            seen = within.any(0)
            farthest[rows[seen]] = np.maximum(before, most)[seen]

    def _note_places(self, times: np.ndarray, states: np.ndarray, rows: np.ndarray) -> None:
        low, high = times[0], times[-1]
        for place, instant in enumerate(self.grid):
            k = np.flatnonzero((low <= instant * (1 + 1e-12)) & (high >= instant * (1 - 1e-12)))
            if not len(k):
                continue
            after = np.clip((times[:, k] < instant * (1 - 1e-12)).sum(0), 0, len(times) - 1)
            before = np.maximum(after - 1, 0)
            span = times[after, k] - times[before, k]
            part = np.where(span > 0, (instant - times[before, k]) / np.where(span > 0, span, 1), 1)
            part = np.clip(part, 0, 1)[:, None]
            self.places[place, rows[k]] = (1 - part) * states[before, k] + part * states[after, k]

    def _note_speeds(self, times: np.ndarray, states: np.ndarray, rows: np.ndarray) -> None:
        count, spans = len(self.starts), np.diff(times, axis=0)
        within = (spans > 0) & (times[1:] <= 2 * self.duration * (1 + 1e-12))
        speeds = np.linalg.norm(np.diff(states, axis=0), axis=2) / np.where(within, spans, np.nan)
        seen = [(self._times, times[1:]), (self._speeds, speeds)]
        if self.axis is not None:
            seen.append((self._along, states[1:] @ self.axis))
        for kept, values in seen:
            whole = np.full((len(spans), count), np.nan)
            whole[:, rows] = np.where(within, values, np.nan)
            kept.append(whole)
