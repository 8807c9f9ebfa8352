"""Sizes of states, and the errors that hide how near states differ."""

import numpy as np
import scipy
from jaxtyping import Float, Int

from ...systems import AbstractSystem
from ...systems.motion import Motion
from .thresholds import AT

_SHORT = 1e-6
"""Of a time constant: over which the change of a velocity is taken."""


def error_of(system: AbstractSystem) -> float:
    """Return the error of a state, as a part of its size."""
    return AT.rounding if system.kind == "map" else AT.integration


def extent_of(states: Float[np.ndarray, "state unit"]) -> float:
    """Return the largest distance between two states; 0 if there are not two."""
    return float(scipy.spatial.distance.pdist(states).max(initial=0.0))


def scale_of(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return E₀: the largest distance between two states; if they coincide, their size or move."""
    apart = extent_of(states)
    size = max(first_move(system, states), float(np.abs(states).max(initial=0.0)))
    return apart if apart > AT.tells * error_of(system) * size else size or 1e-8


def first_move(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return the largest coordinate of a first step of a map, or of what a flow covers at once.

    That is f(x) over a time constant, or over the time in which f changes by as much along itself:
    a fast unit comes to rest long before it has gone as far as its first velocity says.
    """
    motion = Motion(system, states, ())
    velocities = motion.velocities(states)
    moves = np.abs(velocities).max(1, initial=0.0)
    if not motion.is_map:
        with np.errstate(all="ignore"):
            after = motion.velocities(states + _SHORT * velocities)
            rates = np.abs(after - velocities).max(1, initial=0.0) / (_SHORT * moves)
            moves = moves / np.fmax(rates, 1.0)
    return float(moves[np.isfinite(moves)].max(initial=0.0))


def coincide(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> bool:
    """Whether states lie so near to one another that errors hide how they differ."""
    apart = np.linalg.norm(states - states[:1], axis=1).max(initial=0.0)
    return bool(2 * apart < scale_of(system, states))


def far_apart(
    states: Float[np.ndarray, "state unit"], count: int, least: float = 0.0
) -> Int[np.ndarray, " chosen"]:
    """Return which states lie far apart: each the farthest from those before, if beyond `least`."""
    chosen = [int(np.linalg.norm(states - states.mean(0), axis=1).argmax())]
    nearest = np.linalg.norm(states - states[chosen[0]], axis=1)
    while len(chosen) < count and nearest.max() > least:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(states - states[chosen[-1]], axis=1))
    return np.array(chosen)


def largest(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return the size in which rounding is counted: of distances, or of coordinates."""
    return max(scale_of(system, states), float(np.abs(states).max(initial=0.0)))
