"""End of a branch of cycles, and the reason for it."""

from dataclasses import replace

import numpy as np

from ...solvers.continuation import Curve, CurveEnd, correct_at
from ...solvers.continuation.curve import LONGEST, STUCK
from .equations import ClosedOrbits

SHRUNK = 1e-3
"""A cycle of this part of the largest extent on the branch has shrunk to a fixed point."""
NEAR_SADDLE = 1e-2
"""Part of its size within which a cycle passes a saddle near a homoclinic orbit."""
STANDS = 1e-7
"""Part of the range by which the parameter changes while the period grows e-fold, at the end."""
SAME = 1e-5
"""Distance of a cycle from one that is met again."""
FEWEST = 4
"""Points of a closed branch."""


class Ends:
    """Watches one direction of a branch."""

    def __init__(self, orbits: ClosedOrbits, start: np.ndarray, along: np.ndarray):
        self.orbits, self.points, self.along = orbits, [start], along
        self.largest = orbits.extent(start)
        self.met: np.ndarray | None = None
        self.longest = orbits.split(start)[1] * LONGEST

    def reached(self, point: np.ndarray) -> CurveEnd | None:
        """Return why the branch ends at a point, or None: then phases refer to it."""
        orbits, before = self.orbits, self.points[-1]
        extent = orbits.extent(point)
        self.largest = max(self.largest, extent)
        if orbits.turned(point) or extent < SHRUNK * self.largest:
            return CurveEnd.FIXED_POINT
        self.points.append(point)
        slow = abs(point[-1] - before[-1]) < STANDS * (point[-2] - before[-2])
        if slow and orbits.saddle_distance(point) < NEAR_SADDLE:
            return CurveEnd.HOMOCLINIC
        if orbits.split(point)[1] > self.longest:
            return CurveEnd.LONG_PERIOD
        if self._met_again():
            return CurveEnd.CLOSED
        orbits.refer(point)
        return None

    def named(self, curve: Curve) -> Curve:
        """Return a followed curve with the reason for its end, and without what lies beyond."""
        orbits, points, end = self.orbits, curve.points, curve.end
        if end is CurveEnd.FIXED_POINT:  # what lies beyond is turned by half
            return Curve(points[:-1], curve.tangents[:-1], curve.signs[:-1], end)
        if self.met is not None:
            points = np.concatenate([points[:-1], self.met[None]])
            return replace(curve, points=points)
        if end in STUCK or end is CurveEnd.LONG_PERIOD:
            if orbits.saddle_distance(points[-1]) < NEAR_SADDLE:
                end = CurveEnd.HOMOCLINIC
            elif orbits.refused:
                end = CurveEnd.OPEN
        return replace(curve, end=end)

    def _met_again(self) -> bool:
        """Return whether the last step passes the first cycle, at any phase, in its direction.

        Parameter and period pass theirs, and the cycle at that parameter has its swing.
        """
        first, before, last = self.points[0], self.points[-2], self.points[-1]
        step, back = (last - before)[-2:], (first - before)[-2:]
        square = step @ step
        if len(self.points) < FEWEST or not square > 0 or step @ self.along[-2:] <= 0:
            return False
        part = (back @ step) / square
        if not 0 < part <= 1 or np.linalg.norm(back - part * step) > 0.1 * np.sqrt(square):
            return False
        guess = before + part * (last - before)
        guess[-1] = first[-1]
        found = correct_at(self.orbits.evaluate, guess)
        if found.converged and self._is_first(found.point):
            self.met = found.point
        return self.met is not None

    def _is_first(self, point: np.ndarray) -> bool:
        """Return whether a cycle is the first one, after turning the first one to its phase."""
        orbits = self.orbits
        orbit, period, parameter = orbits.orbit(self.points[0]), *orbits.split(self.points[0])[1:]
        turns = [np.roll(orbit, -shift, axis=0) for shift in range(len(orbit))]
        states = orbits.split(point)[0]
        apart = [np.square((turn[:: orbits.each] - states) / orbits.units).sum() for turn in turns]
        orbits.refer(point)
        turned = orbits.point(turns[int(np.argmin(apart))], period, parameter)
        found = correct_at(orbits.evaluate, turned)
        return found.converged and bool(np.linalg.norm(found.point - point) < SAME)
