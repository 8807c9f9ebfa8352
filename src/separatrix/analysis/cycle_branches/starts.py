"""The cycle that a branch of cycles starts from."""

import numpy as np

from ..._types import InvalidInputError
from ...solvers.continuation import correct, correct_at
from ...systems import AbstractSystem
from ..branches.emerging import EmergingCycle
from ..cycles import Cycles
from .ends import SHRUNK
from .equations import MOST_SUBSTEPS, ClosedOrbits

GROWS = 10.0
"""Times that a cycle near a Hopf point is expected to grow."""
HALVINGS = 12
"""Of the size of such a cycle, until it closes."""
AT_REST = 1e-12
"""Part of its value, or of the largest swing of a unit, by which one at rest swings."""
NEWTON_STEPS = 20
DENSE = 240
"""States of the first guess of an orbit."""


def place_of(start: EmergingCycle | Cycles, at: float | None) -> float | None:
    """Return the value of the parameter at which the start is a cycle."""
    if at is None and isinstance(start, EmergingCycle):
        return start.parameter
    if at is None:
        raise InvalidInputError(
            "say with `at` at which value of the parameter the start was found."
        )
    return at


def check_start(start: EmergingCycle | Cycles, sample: AbstractSystem) -> None:
    """Raise InvalidInputError unless a start is one cycle of a flow of as many units."""
    if sample.kind != "flow" or start.system != "flow":
        raise InvalidInputError(
            "only cycles of flows can be continued. A cycle of a map F is a fixed point of an "
            "iterate of F: give sx.DiscreteMap(lambda x: F(F(x)), …) to sx.continue_fixed_points."
        )
    if isinstance(start, Cycles) and len(start) != 1:
        raise InvalidInputError(
            f"start must be one cycle, got {len(start)}: give cycles[[k]] of find_cycles."
        )
    units = start.orbit(0).shape[1]
    if units != sample.size:
        raise InvalidInputError(
            f"the start is a cycle of {units} units, the system has {sample.size}."
        )


def closed(
    orbits: ClosedOrbits,
    start: EmergingCycle | Cycles,
    sample: AbstractSystem,
    value: float,
    name: str,
) -> np.ndarray:
    """Return the point of the cycle that a start leads to, and measure the units by its swing.

    That is at its own parameter. A cycle from a Hopf point is looked for nearer to that, too: of
    half the size, with the parameter free, and so on.
    """
    emerging = isinstance(start, EmergingCycle)
    orbit = start.orbit(DENSE) if emerging else start.orbit(0)
    period = float(np.ravel(start.period)[0]) / sample.time_unit
    shrinks, middle = False, orbit.mean(0)
    for halving in range(HALVINGS if emerging else 1):
        smaller = middle + (orbit - middle) / 2**halving
        orbits.measure(_swing(smaller))
        guess = orbits.point(smaller, period, value)
        orbits.refer(guess)
        orbits.refine(guess)
        found, shrinks = _newton(orbits, guess, halving > 0)
        if found is not None and orbits.holds(found):
            plain = found * orbits.scales
            grows = GROWS if emerging else 1.0
            orbits.measure(grows * _swing(orbits.orbit(found)))
            return plain / orbits.scales
    why = "shrinks to a fixed point" if shrinks else "does not close"
    raise InvalidInputError(
        f"the start is not a cycle at {name} = {value:g}: it {why}. Start from a cycle that "
        "sx.find_cycles finds for that system, or nearer to the Hopf point."
    )


def _newton(orbits: ClosedOrbits, guess: np.ndarray, free: bool) -> tuple[np.ndarray | None, bool]:
    """Return the cycle near a guess, and whether there is a fixed point instead.

    It closes with finer steps too, and has the parameter of the guess; or its size, where the
    parameter is free.
    """
    while True:
        if free:
            normal = np.append(orbits.spread(guess).ravel(), [0.0, 0.0])
            found = correct(orbits.evaluate, guess, normal / np.linalg.norm(normal), NEWTON_STEPS)
        else:
            found = correct_at(orbits.evaluate, guess, NEWTON_STEPS)
        if not found.converged:
            return None, False
        size = orbits.extent(found.point)
        if orbits.turned(found.point) or size < SHRUNK * orbits.extent(guess):
            return None, True
        if orbits.is_valid(found.point):
            return found.point, False
        if orbits.substeps >= MOST_SUBSTEPS:
            return None, False


def _swing(orbit: np.ndarray) -> np.ndarray:
    """Return half of how far each unit swings; for one at rest its value, or the largest swing."""
    swing, value = 0.5 * np.ptp(orbit, axis=0), np.abs(orbit).max(0)
    largest = swing.max() if swing.max() > 0 else 1.0
    at_rest = swing <= AT_REST * np.maximum(value, largest)
    return np.where(at_rest, np.where(value > AT_REST * largest, value, largest), swing)
