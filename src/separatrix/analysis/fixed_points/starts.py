"""Where candidates are followed from: not always where they were given."""

import numpy as np
from jaxtyping import Bool, Float

from ..._types import InvalidInputError
from ...systems import AbstractSystem

States = Float[np.ndarray, "state unit"]
Corner = Float[np.ndarray, " unit"]

FROM_DOMAIN = "; followed from the nearest state of the domain, which the candidate lies outside"


def checked_domain(system: AbstractSystem) -> tuple[Corner, Corner]:
    """Return the corners of the box that a system was given; raise where they make none."""
    try:
        lower, upper = (np.asarray(end, float) for end in system.domain)
        lower, upper = (np.broadcast_to(end, (system.size,)) for end in (lower, upper))
        usable = bool((lower <= upper).all())  # not where one is NaN
    except (TypeError, ValueError):
        usable = False
    if not usable:
        raise InvalidInputError(
            "the domain of the system must be (lower, upper), each a number or one for each of the "
            f"{system.size} units, and lower nowhere above upper, got {system.domain!r}."
        )
    return lower, upper


def nearest_in_domain(
    system: AbstractSystem, starts: States
) -> tuple[States, Bool[np.ndarray, " state"]]:
    """Return the nearest states of the box that the system says holds every fixed point.

    And which of the starts lie outside it: none where it says nothing. Far outside, where every
    gate is saturated, a residual may have no slope, or be at rounding level with no zero near.
    """
    if system.domain is None:
        return starts, np.zeros(len(starts), bool)
    inside = np.clip(starts, *checked_domain(system))
    outside = np.isfinite(starts).all(1) & (inside != starts).any(1)
    return np.where(outside[:, None], inside, starts), outside
