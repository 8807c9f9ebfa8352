"""Sizes of states, and the errors that hide how near states differ."""

import numpy as np
import scipy
from jaxtyping import Float

from ...systems import AbstractSystem
from ...systems.motion import Motion

ROUNDING, INTEGRATION = 1e-9, 1e-5
"""Of the size of the states: distances that rounding, or the integrator, makes of none."""
_TELLS = 100.0
"""Times the error of a state: distances between states that tell something."""


def error_of(system: AbstractSystem) -> float:
    """Return the error of a state, as a part of its size."""
    return ROUNDING if system.kind == "map" else INTEGRATION


def scale_of(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return E₀: the largest distance between two states; if they coincide, their size or move."""
    apart = 0.0
    if len(states) > 1:
        apart = float(scipy.spatial.distance.pdist(states).max(initial=0.0))
    moves = np.abs(Motion(system, states, ()).velocities(states))
    first = float(moves[np.isfinite(moves)].max(initial=0.0))
    size = max(first, float(np.abs(states).max(initial=0.0)))
    return apart if apart > _TELLS * error_of(system) * size else size or 1e-8


def coincide(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> bool:
    """Whether states lie so near to one another that errors hide how they differ."""
    apart = np.linalg.norm(states - states[:1], axis=1).max(initial=0.0)
    return bool(2 * apart < scale_of(system, states))


def largest(system: AbstractSystem, states: Float[np.ndarray, "state unit"]) -> float:
    """Return the size in which rounding is counted: of distances, or of coordinates."""
    return max(scale_of(system, states), float(np.abs(states).max(initial=0.0)))
