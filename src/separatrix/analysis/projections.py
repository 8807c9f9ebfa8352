"""Axes on which states are projected."""

import numpy as np
from jaxtyping import Float

from .._types import InvalidInputError

_INDEPENDENT = 1e-6
"""The part of a direction that the earlier ones must leave."""


def widest(states: Float[np.ndarray, "state unit"]) -> Float[np.ndarray, " unit"]:
    """Return the direction in which states extend most: their first principal component."""
    return np.asarray(np.linalg.svd(states - states.mean(0), full_matrices=False)[2][0])


def orthonormal(directions: Float[np.ndarray, "axis _"]) -> Float[np.ndarray, "axis _"]:
    """Make directions orthogonal, each to the ones before it, and of length 1."""
    if not len(directions):
        raise InvalidInputError("directions must have shape (axis, unit), at least one axis.")
    basis, mixing = np.linalg.qr(directions.T)
    rest = np.zeros(len(directions))  # what the earlier ones leave: nothing beyond the last unit
    rest[: len(mixing)] = np.diag(mixing)
    spanned = ~(np.abs(rest) > _INDEPENDENT * np.linalg.norm(directions, axis=1))
    if spanned.any():
        raise InvalidInputError(
            f"direction {spanned.argmax()} lies in the span of the directions before it, so it "
            "adds no axis: leave it out."
        )
    return np.asarray((basis * np.sign(rest)).T)
