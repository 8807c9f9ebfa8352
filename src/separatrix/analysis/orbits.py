"""Which orbits are the same one, and how often an orbit goes round."""

import numpy as np


def minimal_length(orbit: np.ndarray, error: float) -> int:
    """Return the smallest divisor of the length of `(step, unit)` after which the orbit repeats."""
    length = len(orbit)
    tolerance = _tolerance(orbit, error)
    for part in range(1, length):
        if length % part == 0 and np.abs(np.roll(orbit, -part, axis=0) - orbit).max() <= tolerance:
            return part
    return length


def same_cycle(one: np.ndarray, other: np.ndarray, error: float) -> bool:
    """Return whether two orbits `(step, unit)` are one but for where they start."""
    if len(one) != len(other):
        return False
    shift = int(np.abs(other - one[0]).max(1).argmin())
    apart = np.abs(np.roll(other, -shift, axis=0) - one).max()
    return bool(apart <= _tolerance(one, error))


def same_orbit(one: np.ndarray, other: np.ndarray) -> bool:
    """Return whether closed curves, sampled at `(phase, unit)`, of equal period are one.

    The distance from a point of one to the chords of the other is of second order in the spacing,
    so a hundredth of the size tells apart what any symmetry could make; where the motion jumps from
    one sample to the next, a fifth of the chord.
    """
    start, along = other, np.roll(other, -1, axis=0) - other
    squares = np.maximum((along**2).sum(1), 1e-300)
    size = np.ptp(other, axis=0).max()
    for point in one[:: max(len(one) // 8, 1)]:
        share = np.clip(((point - start) * along).sum(1) / squares, 0, 1)
        apart = np.linalg.norm(start + share[:, None] * along - point, axis=1)
        if (apart > np.maximum(0.01 * size, 0.2 * np.sqrt(squares))).all():
            return False
    return True


def _tolerance(orbit: np.ndarray, error: float) -> float:
    """Return what is explained by the uncertainty of both orbits, and by nothing else."""
    return 2 * error + 1e-9 * (1 + float(np.abs(orbit).max()))
