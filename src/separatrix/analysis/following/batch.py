"""States that are followed together, and what is known of them and of their system so far."""

import numpy as np
from jaxtyping import Bool, Float, Int

from ...systems.motion import Motion
from .end import Ends, What
from .history import History
from .pool import Pool, empty_pool
from .sizes import error_of, far_apart, first_move, largest, scale_of
from .thresholds import AT
from .turns import Turn

_ROUNDING = 64 * np.finfo(float).eps


Place = int | np.integer | np.ndarray
"""One row, or several."""


class Batch:
    """The states that are still followed, and what is known.

    Rows are places among the states that are still followed; `alive` says which of the given ones
    these are. Ends are noted in `found`, which has a row for each given state.
    """

    def __init__(
        self,
        motion: Motion,
        starts: Float[np.ndarray, "state unit"],
        duration: float,
        pool: Pool | None,
        most: int,
        is_quick: bool,
    ):
        self.motion, self.system, self.is_quick = motion, motion.system, is_quick
        self.twice, self.most = 2 * duration, most
        self.size = 0.0 if pool is None else pool.scale
        self.error = _ROUNDING if is_quick else error_of(self.system)
        self.scale, first = self.size, float(np.abs(starts).max(initial=0.0))
        if not is_quick:
            self.scale, first = scale_of(self.system, starts), first_move(self.system, starts)
            self.size = max(self.size, largest(self.system, starts))
        self.infinite = AT.infinite * max(self.size, first, AT.least_size)
        self.moving = self.before = motion.begin(starts)
        length = float(np.median(self.moving.lengths))
        self.wanted = AT.durations * duration or (most if motion.is_map else AT.untimed * length)
        while motion.is_map and self.wanted < most:
            self.wanted *= 2
        self.farthest = self.wanted * (AT.further if duration and not motion.is_map else 1.0)
        self.alive = np.arange(len(starts))
        self.history = History(starts, motion)
        self.pool = pool or empty_pool(self.system.size, self.size)
        self.curves: list[Turn] = []
        self.may_close = np.zeros(len(starts), bool)
        self.vain = self.futile = 0
        self.found = Ends(  # its arrays are filled while states are followed
            what=np.full(len(starts), What.UNKNOWN, object),
            which=np.full(len(starts), -1),
            states=np.array(starts, float),
            times=np.zeros(len(starts)),
            steps=np.zeros(len(starts), int),
            grows=np.full(len(starts), np.nan),
            pool=self.pool,
        )

    def is_past(self) -> Bool[np.ndarray, " row"]:
        """Return which states have been followed for 2 T."""
        return self.moving.times >= self.twice * (1 - 1e-12)

    def open(self) -> Int[np.ndarray, " row"]:
        """Return which states have no end yet."""
        return np.flatnonzero(self.found.what[self.alive] == What.UNKNOWN)

    def end(self, rows: Place, what: What | np.ndarray, which: Place = -1) -> None:
        """Note the end of some states."""
        self.found.what[self.alive[rows]], self.found.which[self.alive[rows]] = what, which

    def floor(self, rows: Int[np.ndarray, " row"]) -> Float[np.ndarray, " row"]:
        """Return distances that rounding, or the integrator, makes of none where states are."""
        here = np.abs(self.moving.states[rows]).max(-1, initial=0.0)
        return self.error * np.maximum(self.size, here)

    def search(self, rows: Int[np.ndarray, " row"], final: bool) -> None:
        """Look for fixed points near some states, unless that was in vain before."""
        if len(rows) and (final or self.vain < AT.vain):
            known = len(self.pool.states)
            self.search_near(self.moving.states[rows])
            self.vain += len(self.pool.states) == known

    def search_near(self, states: Float[np.ndarray, "state unit"]) -> None:
        """Look for fixed points near states: finite ones, far from one another, not too many."""
        finite = states[np.isfinite(states).all(1)]
        few = len(finite) <= AT.candidates
        some = finite if few else finite[far_apart(finite, AT.candidates)]
        self.pool = self.pool.search(self.system, some)

    def keep(self, rows: Int[np.ndarray, " row"]) -> None:
        """Follow no other states any longer."""
        self.alive, self.moving = self.alive[rows], self.moving.take(rows)
        self.history.keep(rows)
